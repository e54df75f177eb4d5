// Judges values as `helm template -f values.yaml` of Helm 4 does, up to where templates are rendered: the file is read, what the chart
// says of its dependencies is followed, values are coalesced over the chart's own, and the schemas are asked.
package main

import (
	"errors"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"trefoil/audit/answer"
)

func main() {
	answer.Helm[*chart.Chart, *archive.BufferedFile]{
		LoadDir: loadDir, LoadFiles: loader.LoadFiles, Judge: judge, Compiles: compiles,
	}.Run()
}

func loadDir(folder string) (*chart.Chart, []*archive.BufferedFile, error) {
	chart, err := loader.LoadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	var files []*archive.BufferedFile
	for _, file := range chart.Raw {
		files = append(files, &archive.BufferedFile{Name: file.Name, Data: file.Data})
	}
	return chart, files, nil
}

func judge(chart *chart.Chart, text string) (map[string]any, error) {
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

// A schema that can be used refuses values only for what it says of them.
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
