{{/* dict "root" $ "part" app|db "service" string: the name of a part's release. */}}
{{- define "full-stack.partRelease" -}}
{{- $name := printf "%s-%s" .root.Values.name .part -}}
{{- include "platform.releaseName" (dict "tenant" .root.Values.tenant "name" $name "service" .service) -}}
{{- end }}

{{/* The secret with the database's connection details: the operator's, named as the postgres chart names its cluster. */}}
{{- define "full-stack.databaseSecret" -}}
{{- $release := include "full-stack.partRelease" (dict "root" . "part" "db" "service" "postgres") -}}
{{- include "lib.fitName" (dict "name" $release "max" 50) -}}-app
{{- end }}

{{/* The app's environment: its own, then what the wiring adds and the app doesn't set itself. A list as JSON. */}}
{{- define "full-stack.env" -}}
{{- $env := .Values.app.env | default list -}}
{{- $taken := list -}}
{{- range $env -}}
{{- $taken = append $taken .name -}}
{{- end -}}
{{- $wires := list (list .Values.wiring.urlVariable "uri") -}}
{{- if .Values.wiring.libpqVariables -}}
{{- $wires = concat $wires (list (list "PGHOST" "host") (list "PGPORT" "port") (list "PGDATABASE" "dbname") (list "PGUSER" "username") (list "PGPASSWORD" "password")) -}}
{{- end -}}
{{- range $wires -}}
{{- if not (has (first .) $taken) -}}
{{- $secret := dict "name" (include "full-stack.databaseSecret" $) "key" (last .) -}}
{{- $taken = append $taken (first .) -}}
{{- $env = append $env (dict "name" (first .) "valueFrom" (dict "secretKeyRef" $secret)) -}}
{{- end -}}
{{- end -}}
{{- $env | toJson -}}
{{- end }}
