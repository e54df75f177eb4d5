{{/*
Helpers that every chart of the platform shares. The generator copies this file into each chart, so that a chart stands
alone. A helper takes the root context unless its comment says `dict`. Names and identity that depend on the fork's
settings are in _platform.tpl.
*/}}

{{/* The service, which is the chart's own name. */}}
{{- define "lib.name" -}}
{{- include "lib.fitName" (dict "name" .Chart.Name "max" 63) -}}
{{- end }}

{{/* The name of the release's main object, at most 63 characters: a DNS label and a label's value. */}}
{{- define "lib.fullname" -}}
{{- include "lib.fitName" (dict "name" .Release.Name "max" 63) -}}
{{- end }}

{{/* dict "root" $ "suffix" string ["max" int]: the name of a part of the release, `<release>-<suffix>`. */}}
{{- define "lib.partName" -}}
{{- include "lib.fitName" (dict "name" (printf "%s-%s" .root.Release.Name .suffix) "max" (.max | default 63)) -}}
{{- end }}

{{/*
dict "name" string "max" int: the name, unchanged if it fits. A longer one is cut and ends in a digest of the whole, so that
two long names never become one. The result ends in neither `-` nor `.`.
*/}}
{{- define "lib.fitName" -}}
{{- $max := int .max -}}
{{- if le (len .name) $max -}}
{{- .name | trimAll "-." -}}
{{- else -}}
{{- printf "%s-%s" (.name | trunc (int (sub $max 9)) | trimAll "-.") (.name | sha256sum | trunc 8) -}}
{{- end -}}
{{- end }}

{{/* Labels of every object. */}}
{{- define "lib.labels" -}}
{{ include "lib.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- /* What runs: the version that the tenant chose, where the service offers a choice. */}}
app.kubernetes.io/version: {{ include "lib.labelValue" (.Values.version | default .Chart.AppVersion | default .Chart.Version) | quote }}
helm.sh/chart: {{ include "lib.labelValue" (printf "%s-%s" .Chart.Name .Chart.Version) | quote }}
{{ include "lib.tenantLabel" . }}
{{- end }}

{{/* Any text: what a label's value may be. */}}
{{- define "lib.labelValue" -}}
{{- regexReplaceAll "[^A-Za-z0-9._-]" (toString .) "_" | trunc 63 | trimAll "-_." -}}
{{- end }}

{{/* Labels that never change in the life of a release: what selectors are made of. */}}
{{- define "lib.selectorLabels" -}}
app.kubernetes.io/name: {{ include "lib.name" . | quote }}
app.kubernetes.io/instance: {{ include "lib.fullname" . | quote }}
{{- end }}

{{/* The tenant, under the platform's own API group. */}}
{{- define "lib.tenantLabel" -}}
{{ include "platform.apiVersion" . | splitList "/" | first }}/tenant: {{ .Values.tenant | quote }}
{{- end }}

{{/*
A value of any shape, as YAML in which every text is quoted and every odd character escaped. Use it for whatever holds text of
a tenant's own: `toYaml` yields nothing at all where a text has a control character such as U+007F.
*/}}
{{- define "lib.yaml" -}}
{{- if and . (kindIs "map" .) -}}
{{- range $key, $value := . }}
{{ quote $key }}:
{{- if and $value (or (kindIs "map" $value) (kindIs "slice" $value)) }}
{{- include "lib.yaml" $value | trim | nindent 2 }}
{{- else }} {{ include "lib.yaml" $value }}
{{- end }}
{{- end -}}
{{- else if and . (kindIs "slice" .) -}}
{{- range . }}
- {{ include "lib.yaml" . | trim | indent 2 | trim }}
{{- end -}}
{{- else if kindIs "string" . -}}
{{- quote . -}}
{{- else -}}
{{- toJson . -}}
{{- end -}}
{{- end }}

{{/* Security context of a pod, as the `restricted` Pod Security Standard wants it. */}}
{{- define "lib.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Security context of a container, as the `restricted` Pod Security Standard wants it. */}}
{{- define "lib.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: ["ALL"]
{{- end }}

{{/* Spread over nodes and zones where there are several, without ever blocking a pod. */}}
{{- define "lib.topologySpread" -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ . | quote }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "lib.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end }}

{{/* A list of namespaces' names: network policy peers, one for each. Nothing for an empty list. */}}
{{- define "lib.namespacePeers" -}}
{{- range . }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . | quote }}
{{- end }}
{{- end }}

{{/* An egress rule to DNS. The resolver may be a pod, or the node itself (NodeLocal DNSCache): any peer, but only port 53. */}}
{{- define "lib.dnsEgressRule" -}}
- ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end }}

{{/*
A subject `user:<name>`, `group:<name>` or `serviceaccount:<namespace>:<name>`: the RBAC subject. A catalog's reference to
its default namespace (`group:default/devs`) is the plain name (`devs`): the portal's picker and people may write either.
*/}}
{{- define "lib.rbacSubject" -}}
{{- $kind := . | splitList ":" | first -}}
{{- $name := . | trimPrefix (printf "%s:" $kind) -}}
{{- if eq $kind "serviceaccount" -}}
- kind: ServiceAccount
  namespace: {{ $name | splitList ":" | first | quote }}
  name: {{ $name | splitList ":" | last | quote }}
{{- else if has $kind (list "user" "group") -}}
- apiGroup: rbac.authorization.k8s.io
  kind: {{ title $kind }}
  name: {{ $name | trimPrefix "default/" | quote }}
{{- else -}}
{{- fail (printf "the subject %q must begin with user:, group: or serviceaccount:" .) -}}
{{- end -}}
{{- end }}
