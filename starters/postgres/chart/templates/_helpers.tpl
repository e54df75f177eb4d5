{{/*
The cluster's name: the release's, as far as the operator's limit of 50 characters allows. The secret with the first
database's connection details is `<cluster>-app`, the service of the primary `<cluster>-rw`: other charts derive them alike.
*/}}
{{- define "postgres.cluster" -}}
{{- include "lib.fitName" (dict "name" .Release.Name "max" 50) -}}
{{- end }}

{{/* The labels of all the cluster's pods: instances, poolers, jobs. */}}
{{- define "postgres.podLabels" -}}
cnpg.io/cluster: {{ include "postgres.cluster" . | quote }}
{{- end }}

{{/* Whether backups go to a bucket: `true` or nothing. */}}
{{- define "postgres.toBucket" -}}
{{- if and .Values.backup.enabled (eq .Values.backup.method "objectStore") -}}
true
{{- end -}}
{{- end }}
