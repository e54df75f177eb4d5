{{/* At most 52 characters: Kubernetes appends a digest of 10 to a stateful set's name and makes a label of it. */}}
{{- define "redis.name" -}}
{{- include "lib.fitName" (dict "name" .Release.Name "max" 52) -}}
{{- end }}

{{/* The service that gives each pod a host name. */}}
{{- define "redis.headless" -}}
{{- include "redis.name" . }}-pods
{{- end }}

{{/* What Valkey needs in all, in MiB: the data, half as much again for copies while the log is rewritten, and its own buffers. */}}
{{- define "redis.memoryMiB" -}}
{{- $data := .Values.maxMemoryMiB | int -}}
{{- add $data (div $data 2) 64 -}}
{{- end }}

{{/* A probe that accepts the answers of the given pattern. */}}
{{- define "redis.ping" -}}
exec:
  command:
    - sh
    - -c
    - {{ printf "REDISCLI_AUTH=\"$(cat /run/valkey/password)\" valkey-cli -t 3 ping 2>&1 | grep -Eq '%s'" . | quote }}
timeoutSeconds: 5
{{- end }}
