// Sends requests to a Kubernetes API server, as it is asked to on its standard input. It knows nothing of what it sends.
// With -serve it is a server of files instead, for programs of the cluster that fetch something.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"trefoil/audit/answer"
)

// inFlight is how many requests wait for the server at a time.
const inFlight = 16

type question struct {
	Method string `json:"method"`
	// With the query, if there is one.
	Path        string          `json:"path"`
	ContentType string          `json:"contentType"`
	Body        json.RawMessage `json:"body"`
	// In seconds; 60 without one.
	Timeout float64 `json:"timeout"`
}

func main() {
	server := flag.String("server", "", "address of the API server, as https://127.0.0.1:6443")
	certificate := flag.String("certificate", "", "file with the server's certificate, which is its own authority")
	token := flag.String("token", "", "file with the bearer token")
	folder := flag.String("secrets", "", "make a key and a token in this folder, and end")
	files := flag.String("serve", "", "serve the files of this folder, until it is ended")
	listen := flag.String("listen", "127.0.0.1:0", "where files are served, as 127.0.0.1:8080")
	flag.Parse()
	if *files != "" {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(*listen, http.FileServer(http.Dir(*files))))
		os.Exit(1)
	}
	if *folder != "" {
		if err := secrets(*folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := run(*server, *certificate, *token); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(server, certificate, tokenFile string) error {
	trusted, err := os.ReadFile(certificate)
	if err != nil {
		return err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(trusted) {
		return fmt.Errorf("%s holds no certificate", certificate)
	}
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	// The server is on this machine: no proxy is asked.
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
		MaxConnsPerHost:   2,
	}}
	bearer := "Bearer " + strings.TrimSpace(string(token))
	return answer.All(inFlight, func() func([]byte) map[string]any {
		return func(line []byte) map[string]any {
			status, body, err := send(client, server, bearer, line)
			if err != nil {
				return map[string]any{"status": 0, "body": err.Error()}
			}
			return map[string]any{"status": status, "body": body}
		}
	})
}

// send returns the body as it is if it is JSON, and as a string if it isn't.
func send(client *http.Client, server, bearer string, line []byte) (int, any, error) {
	var question question
	if err := json.Unmarshal(line, &question); err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequest(question.Method, server+question.Path, bytes.NewReader(question.Body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", bearer)
	request.Header.Set("Accept", "application/json")
	if len(question.Body) > 0 {
		request.Header.Set("Content-Type", question.ContentType)
	}
	timeout := time.Minute
	if question.Timeout > 0 {
		timeout = time.Duration(question.Timeout * float64(time.Second))
	}
	// The client's own limit would hold for all questions alike.
	limited := *client
	limited.Timeout = timeout
	response, err := limited.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, err
	}
	if json.Valid(body) {
		return response.StatusCode, json.RawMessage(body), nil
	}
	return response.StatusCode, string(body), nil
}

// secrets makes what a server needs before it can start: a key to sign with, and a token that it knows as an administrator's.
func secrets(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	token := rand.Text()
	for name, content := range map[string][]byte{
		"sa.key":     pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}),
		"token":      []byte(token),
		"tokens.csv": []byte(token + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
