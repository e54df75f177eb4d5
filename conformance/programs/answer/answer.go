// Package answer is what the audit's drivers have in common: questions are read from standard input and answers written to standard
// output, a line of JSON each, in any order. A driver ends when its input does.
package answer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
)

// All answers every question with what the worker says, to which the question's id is added. Each of the workers is asked one question
// at a time, so what it holds needs no lock.
func All(workers int, worker func() func(question []byte) map[string]any) error {
	// Memory is there, and much of the time would go into getting it back.
	debug.SetGCPercent(400)
	questions := make(chan []byte, workers)
	answers := make(chan []byte, workers)
	written := make(chan error)
	go func() { written <- write(answers) }()
	var working sync.WaitGroup
	for range workers {
		ask := worker()
		working.Go(func() {
			for question := range questions {
				answers <- line(question, ask)
			}
		})
	}
	err := read(questions)
	close(questions)
	working.Wait()
	close(answers)
	return errors.Join(err, <-written)
}

func line(question []byte, ask func([]byte) map[string]any) []byte {
	var named struct {
		ID uint64 `json:"id"`
	}
	if err := json.Unmarshal(question, &named); err != nil {
		fmt.Fprintf(os.Stderr, "a question that is no object with an id: %v\n", err)
	}
	said := ask(question)
	said["id"] = named.ID
	out, err := json.Marshal(said)
	if err != nil {
		out, _ = json.Marshal(map[string]any{"id": named.ID, "failed": err.Error()})
	}
	return out
}

func read(questions chan<- []byte) error {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		question, err := input.ReadBytes('\n')
		if len(question) > 1 {
			questions <- question
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Lines are handed on as soon as no other one is ready.
func write(answers <-chan []byte) error {
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	var failed error
	for said := range answers {
		if failed != nil {
			continue
		}
		_, err := output.Write(append(said, '\n'))
		if err == nil && len(answers) == 0 {
			err = output.Flush()
		}
		failed = err
	}
	return errors.Join(failed, output.Flush())
}
