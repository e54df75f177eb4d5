//! The ResourceGraphDefinition: the typed API and the Flux HelmRelease that each release becomes.

use manifest::platform::{ChartSourceKind, Platform};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::marker::{line, marker};
use super::secret::{self, Holder};
use super::simple_schema::SimpleSchema;
use crate::model::Service;

const READY: &str = "${release.status.conditions.exists(c, c.type == \"Ready\" && c.status == \"True\")}";

/// The definition of a service.
pub(super) fn definition(service: &Service, platform: &Platform, schema: SimpleSchema, secrets: Option<&Holder>) -> Value {
    let mut api = json!({
        "apiVersion": platform.api.version,
        "group": platform.api.group,
        "kind": String::from(service.kind.clone()),
        "types": Map::from_iter(schema.types.clone()),
        "spec": {"values": ""},
        "status": {
            "ready": READY,
            "message": "${release.status.conditions.filter(c, c.type == \"Ready\")[0].message}",
            "chartVersion": "${release.status.history[0].chartVersion}",
        },
        "additionalPrinterColumns": [
            {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"},
            {"name": "Chart", "type": "string", "jsonPath": ".status.chartVersion"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
    });
    let values = values(&api, schema);
    if let Some(spec) = api.get_mut("spec") {
        *spec = json!({"values": values});
    }
    json!({
        "apiVersion": "kro.run/v1alpha1",
        "kind": "ResourceGraphDefinition",
        "metadata": {"name": service.name.as_str()},
        "spec": {
            "schema": api,
            "resources": [{
                "id": "release",
                "readyWhen": ["${release.status.observedGeneration == release.metadata.generation}", READY],
                "template": release(service, platform, secrets),
            }],
        },
    })
}

/// The one field of the API's spec. KRO compares little when it updates a CRD, but it does compare descriptions: the digest in
/// this one changes with everything that it would miss (kubernetes-sigs/kro#1391).
fn values(api: &Value, mut schema: SimpleSchema) -> String {
    let digest = Sha256::digest(format!("{api}{}{}", schema.kind, schema.markers.join(" ")));
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let digest = format!("schema-digest sha256:{digest}");
    let description = schema.description.map_or(digest.clone(), |text| format!("{text} [{digest}]"));
    schema.markers.push(marker("description", &description));
    line(&schema.kind, &schema.markers)
}

fn release(service: &Service, platform: &Platform, secrets: Option<&Holder>) -> Value {
    let settings = &platform.helm_release;
    let source = &platform.chart_source;
    let mut spec = json!({
        "interval": settings.interval,
        "timeout": settings.timeout,
        "releaseName": "${schema.metadata.name}",
        "targetNamespace": "${schema.metadata.namespace}",
    });
    let chart = match source.kind {
        ChartSourceKind::GitRepository => json!({"chart": {"spec": {
            "chart": format!("./charts/{}", service.name),
            "interval": settings.chart_interval,
            "reconcileStrategy": "Revision",
            "sourceRef": {"kind": "GitRepository", "name": source.name, "namespace": source.namespace},
        }}}),
        ChartSourceKind::OciRepository => json!({"chartRef": {
            "kind": "OCIRepository", "name": source_name(service, platform), "namespace": source.namespace,
        }}),
    };
    let rest = json!({
        "install": {"remediation": {"retries": settings.retries}},
        "upgrade": {"remediation": {"retries": settings.retries, "remediateLastFailure": true}},
        "driftDetection": {"mode": "enabled"},
        "values": secret::values(secrets),
    });
    let from = secrets.map(|secrets| json!({"valuesFrom": secret::values_from(secrets)}));
    let account = settings.service_account.as_ref().map(|name| json!({"serviceAccountName": name}));
    for part in [Some(chart), account, Some(rest), from].into_iter().flatten() {
        if let (Value::Object(spec), Value::Object(part)) = (&mut spec, part) {
            spec.extend(part);
        }
    }
    json!({
        "apiVersion": settings.api_version,
        "kind": "HelmRelease",
        "metadata": {"name": "${schema.metadata.name}", "namespace": "${schema.metadata.namespace}"},
        "spec": spec,
    })
}

/// The service's chart in a registry: each is an artifact of its own, so each has its own source.
pub(super) fn registry(service: &Service, platform: &Platform) -> Option<Value> {
    let source = &platform.chart_source;
    match source.kind {
        ChartSourceKind::GitRepository => None,
        ChartSourceKind::OciRepository => Some(json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "OCIRepository",
            "metadata": {"name": source_name(service, platform), "namespace": source.namespace},
            "spec": {
                "interval": source.interval,
                "url": format!("{}/{}", platform.chart_source_url().trim_end_matches('/'), service.name),
                "layerSelector": {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy"},
                "ref": {"semver": "*"},
            },
        })),
    }
}

fn source_name(service: &Service, platform: &Platform) -> String {
    format!("{}-{}", platform.chart_source.name, service.name)
}

/// The repository that all charts come from, and its namespace, which is made before it.
pub(super) fn repository(platform: &Platform) -> Option<[Value; 2]> {
    let source = &platform.chart_source;
    match source.kind {
        ChartSourceKind::OciRepository => None,
        ChartSourceKind::GitRepository => Some([
            json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": source.namespace, "annotations": {"argocd.argoproj.io/sync-wave": "-1"}},
            }),
            json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "GitRepository",
                "metadata": {"name": source.name, "namespace": source.namespace},
                "spec": {
                    "interval": source.interval,
                    "timeout": "1m",
                    "url": platform.chart_source_url(),
                    "ref": {"branch": platform.repository.branch},
                },
            }),
        ]),
    }
}
