package answer

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
)

// Helm is one version of Helm: Chart is its type of charts, File its type of a chart's files.
type Helm[Chart, File any] struct {
	// LoadDir reads a chart's folder; the files are what LoadFiles takes.
	LoadDir   func(folder string) (Chart, []File, error)
	LoadFiles func(files []File) (Chart, error)
	// Judge returns the values that the chart gets of a values file's text.
	Judge func(chart Chart, text string) (map[string]any, error)
	// Compiles says whether the schemas of a chart can be used at all.
	Compiles func(chart Chart) error
}

// charts are the files of charts by folder.
type charts[Chart, File any] struct {
	Helm[Chart, File]
	sync.Mutex
	files map[string][]File
}

type question struct {
	// Folder of the chart, and its name wherever it is meant again.
	Chart string `json:"chart"`
	// Text of a values file.
	Values string `json:"values"`
	// The folder is read anew, and only the chart itself is judged.
	Fresh bool `json:"fresh"`
}

// Run answers questions about charts and values until the input ends; if that fails, the process does.
func (helm Helm[Chart, File]) Run() {
	charts := &charts[Chart, File]{Helm: helm, files: map[string][]File{}}
	err := All(runtime.GOMAXPROCS(0), func() func([]byte) map[string]any { return charts.answer })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (charts *charts[Chart, File]) answer(line []byte) map[string]any {
	var question question
	if err := json.Unmarshal(line, &question); err != nil {
		return map[string]any{"failed": err.Error()}
	}
	chart, err := charts.load(question.Chart, question.Fresh)
	if err != nil {
		return map[string]any{"accepted": false, "error": err.Error()}
	}
	if question.Fresh {
		err = charts.Compiles(chart)
		return map[string]any{"accepted": err == nil, "error": text(err)}
	}
	values, err := charts.Judge(chart, question.Values)
	return map[string]any{"accepted": err == nil, "error": text(err), "values": values}
}

// A chart is made anew for each question, as each run of Helm does: what dependencies are enabled is written into it.
func (charts *charts[Chart, File]) load(folder string, fresh bool) (Chart, error) {
	charts.Lock()
	files, known := charts.files[folder]
	charts.Unlock()
	if known && !fresh {
		return charts.LoadFiles(files)
	}
	chart, files, err := charts.LoadDir(folder)
	if err != nil {
		return chart, err
	}
	charts.Lock()
	charts.files[folder] = files
	charts.Unlock()
	return chart, nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
