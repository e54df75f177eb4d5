// Judges values as `helm template -f values.yaml` of Helm 3 does, up to where templates are rendered: the file is read, what the chart
// says of its dependencies is followed, values are coalesced over the chart's own, and the schemas are asked.
package main

import (
	"errors"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"
	"trefoil/audit/answer"
)

func main() {
	answer.Helm[*chart.Chart, *loader.BufferedFile]{
		LoadDir: loadDir, LoadFiles: loader.LoadFiles, Judge: judge, Compiles: compiles,
	}.Run()
}

func loadDir(folder string) (*chart.Chart, []*loader.BufferedFile, error) {
	chart, err := loader.LoadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	var files []*loader.BufferedFile
	for _, file := range chart.Raw {
		files = append(files, &loader.BufferedFile{Name: file.Name, Data: file.Data})
	}
	return chart, files, nil
}

func judge(chart *chart.Chart, text string) (map[string]any, error) {
	values := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
		return nil, err
	}
	render, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "audit", IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	return render.Table("Values")
}

// A schema that can be used refuses values only for what it says of them.
func compiles(chart *chart.Chart) error {
	if chart.Schema != nil {
		err := chartutil.ValidateAgainstSingleSchema(chartutil.Values{}, chart.Schema)
		var refused chartutil.JSONSchemaValidationError
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
