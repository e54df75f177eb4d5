{{- define "tenant.namespace" -}}
{{- include "platform.tenantNamespace" (dict "tenant" .Values.tenant) -}}
{{- end }}
