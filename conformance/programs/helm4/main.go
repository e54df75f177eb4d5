// Judges values as `helm template -f values.yaml` of Helm 4 does, up to where templates are rendered: the file is read, what the chart
// says of its dependencies is followed, values are coalesced over the chart's own, and the schemas are asked.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"trefoil/audit/answer"
)

type question struct {
	// Folder of the chart, and its name wherever it is meant again.
	Chart string `json:"chart"`
	// Text of a values file.
	Values string `json:"values"`
	// The folder is read anew, and only the chart itself is judged.
	Fresh bool `json:"fresh"`
}

func main() {
	charts := &charts{files: map[string][]*archive.BufferedFile{}}
	err := answer.All(runtime.GOMAXPROCS(0), func() func([]byte) map[string]any { return charts.answer })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// charts holds the files of charts by folder.
type charts struct {
	sync.Mutex
	files map[string][]*archive.BufferedFile
}

func (charts *charts) answer(line []byte) map[string]any {
	var question question
	if err := json.Unmarshal(line, &question); err != nil {
		return map[string]any{"failed": err.Error()}
	}
	chart, err := charts.load(question.Chart, question.Fresh)
	if err != nil {
		return map[string]any{"accepted": false, "error": err.Error()}
	}
	if question.Fresh {
		err = compiles(chart)
		return map[string]any{"accepted": err == nil, "error": text(err)}
	}
	values, err := judge(chart, question.Values)
	return map[string]any{"accepted": err == nil, "error": text(err), "values": values}
}

// A chart is made anew for each question, as each run of Helm does: what dependencies are enabled is written into it.
func (charts *charts) load(folder string, fresh bool) (*chart.Chart, error) {
	charts.Lock()
	files, known := charts.files[folder]
	charts.Unlock()
	if known && !fresh {
		return loader.LoadFiles(files)
	}
	chart, err := loader.LoadDir(folder)
	if err != nil {
		return nil, err
	}
	files = nil
	for _, file := range chart.Raw {
		files = append(files, &archive.BufferedFile{Name: file.Name, Data: file.Data})
	}
	charts.Lock()
	charts.files[folder] = files
	charts.Unlock()
	return chart, nil
}

func judge(chart *chart.Chart, text string) (common.Values, error) {
	values, err := loader.LoadValues(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(chart, values); err != nil {
		return nil, err
	}
	render, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: "audit", IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	return render.Table("Values")
}

// compiles says whether the schemas of a chart can be used at all: then they refuse values only for what they say of them.
func compiles(chart *chart.Chart) error {
	if chart.Schema != nil {
		err := util.ValidateAgainstSingleSchema(common.Values{}, chart.Schema)
		var refused util.JSONSchemaValidationError
		if err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	for _, dependency := range chart.Dependencies() {
		if err := compiles(dependency); err != nil {
			return err
		}
	}
	return nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
