{{/* The image: by digest if there is one, whatever the tag says. */}}
{{- define "webapp.image" -}}
{{- .Values.image.repository -}}
{{- with .Values.image.tag }}:{{ . }}{{ end -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* The folders that stay writable on a read-only file system: each once, `/tmp` first. A list as JSON. */}}
{{- define "webapp.writablePaths" -}}
{{- $paths := list "/tmp" -}}
{{- range .Values.security.writablePaths -}}
{{- $paths = append $paths (trimSuffix "/" .) -}}
{{- end -}}
{{- $paths | uniq | toJson -}}
{{- end }}

{{/* dict "root" $ "failures" int: a probe of the chosen type. */}}
{{- define "webapp.probe" -}}
{{- $probes := .root.Values.probes -}}
{{- if eq $probes.type "http" }}
httpGet:
  path: {{ $probes.path | quote }}
  port: http
{{- else }}
tcpSocket:
  port: http
{{- end }}
periodSeconds: {{ $probes.periodSeconds | int }}
timeoutSeconds: {{ min 5 ($probes.periodSeconds | int) }}
failureThreshold: {{ .failures }}
{{- end }}

{{- define "webapp.tlsSecretName" -}}
{{- .Values.expose.tlsSecretName | default (include "lib.partName" (dict "root" . "suffix" "tls" "max" 253)) -}}
{{- end }}
