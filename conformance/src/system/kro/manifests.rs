//! What the definition and its policy hold of a whole manifest, beyond its values: tried on a release that is really made, changed as a
//! rehearsal, and deleted again.

use std::time::Duration;

use generator::model::{Check, Rest};
use manifest::name::ServiceName;
use serde_json::{Value, json};

use super::{Kro, verdict};
use crate::document::Release;
use crate::object::{declares, object};
use crate::plane::{Request, Response};
use crate::subject::Subject;
use crate::system::ManifestVerdict;

/// How long KRO may take to make a release's resources, and to take them away.
const PATIENCE: Duration = Duration::from_secs(60);

/// No service has such a field.
const UNKNOWN: &str = "trefoilUnknown";

/// A namespace that is always there and never a tenant's.
const ELSEWHERE: &str = "default";

/// One manifest, and what a refusal has to speak of; `None`: it has to be accepted.
struct Trial {
    what: String,
    manifest: Value,
    fault: Option<String>,
}

/// # Errors
/// If a server ends, or a release is never made or never gone.
pub(super) fn ask(kro: &mut Kro, subject: &Subject, release: &Release<'_>) -> anyhow::Result<Vec<ManifestVerdict>> {
    let good = object(subject, release.values);
    kro.make_namespaces(std::slice::from_ref(&good))?;
    let mut verdicts = rehearse(kro, new(subject, &good, release.may_be_empty), |path, manifest| {
        let collection = path.rsplit_once('/').map_or(path, |(collection, _)| collection);
        Request::rehearse(collection, manifest)
    })?;
    // A null isn't kept by an applied object, so that the release would be another one.
    if verdicts.iter().any(|verdict| verdict.disagrees().is_some()) || holds_null(release.values) {
        return Ok(verdicts);
    }
    let path = kro.plane.api.path(&good)?;
    let made = kro.plane.api.one(Request::apply(&path, good.clone()))?;
    verdicts.push(read("the release is made", None, &made)?);
    if made.good() {
        let changed = release.changes.iter().map(|change| {
            let manifest = object_as(&good, &change.document);
            Trial { what: format!("changed: {}", change.what), manifest, fault: change.forbidden_by.clone() }
        });
        let mut annotated = good.clone();
        annotated["metadata"]["annotations"] = json!({ "example.org/note": "nothing of the release itself" });
        let annotated = Trial { what: "changed: only an annotation".to_owned(), manifest: annotated, fault: None };
        verdicts.extend(rehearse(kro, changed.chain([annotated]).collect(), Request::rehearse_apply)?);
        verdicts.push(passed_on(kro, subject, &good)?);
        delete(kro, subject, &good)?;
    }
    Ok(verdicts)
}

/// Manifests of a release that isn't there yet.
fn new(subject: &Subject, good: &Value, may_be_empty: bool) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut trial = |what: &str, fault: Option<&str>, change: &dyn Fn(&mut Value)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        trials.push(Trial { what: what.to_owned(), manifest, fault: fault.map(str::to_owned) });
    };
    // What has no required part is filled in, from the root on.
    let needs = |part: &'static str| (!may_be_empty).then_some(part);
    trial("a good manifest", None, &|_| {});
    trial("without `spec`", needs("spec"), &|manifest| {
        drop(manifest.as_object_mut().map(|members| members.shift_remove("spec")))
    });
    trial("with an empty `spec`", needs("values"), &|manifest| manifest["spec"] = json!({}));
    trial("with an unknown key in `spec`", Some(UNKNOWN), &|manifest| manifest["spec"][UNKNOWN] = json!(1));
    if is_closed(subject) {
        trial("with an unknown key in `spec.values`", Some(UNKNOWN), &|manifest| manifest["spec"]["values"][UNKNOWN] = json!(1));
    }
    let said = |field: &str| declares(subject, field) && good["spec"]["values"][field].is_string();
    let is_tenant = subject.made.service.name == ServiceName::tenant();
    if said("tenant") && (is_tenant || said("name")) {
        trial("with another release's name", Some("metadata.name"), &|manifest| {
            let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
            manifest["metadata"]["name"] = json!(format!("x{name}"));
        });
    }
    if is_tenant || said("tenant") {
        trial("in another namespace", Some("metadata.namespace"), &|manifest| {
            manifest["metadata"]["namespace"] = json!(ELSEWHERE)
        });
    }
    trial("with a name that is too long for Helm", Some("characters"), &|manifest| {
        manifest["metadata"]["name"] = json!("x".repeat(54))
    });
    trials
}

/// Whether the service's values have no other keys than their fields.
fn is_closed(subject: &Subject) -> bool {
    let service = &subject.made.service;
    let values = service.values.resolve(&service.types);
    let by_pattern = values.rules.iter().any(|rule| matches!(rule.check, Check::KeyPatterns(_)));
    !by_pattern && values.object().is_some_and(|object| matches!(object.rest, Rest::Closed | Rest::Unsaid))
}

/// The release with other values: it stays what and where it is.
fn object_as(release: &Value, values: &Value) -> Value {
    let mut out = release.clone();
    out["spec"]["values"] = values.clone();
    out
}

fn rehearse(kro: &mut Kro, trials: Vec<Trial>, request: impl Fn(&str, Value) -> Request) -> anyhow::Result<Vec<ManifestVerdict>> {
    let mut requests = Vec::new();
    for trial in &trials {
        requests.push(request(&kro.plane.api.path(&trial.manifest)?, trial.manifest.clone()));
    }
    let responses = kro.plane.api.ask(&requests)?;
    trials.into_iter().zip(&responses).map(|(trial, response)| read(&trial.what, trial.fault, response)).collect()
}

fn read(what: &str, fault: Option<String>, response: &Response) -> anyhow::Result<ManifestVerdict> {
    let answer = verdict::read(response)?;
    Ok(ManifestVerdict { what: what.to_owned(), fault, accepted: answer.accepted, messages: answer.messages })
}

/// Whether the HelmRelease that KRO makes has the values that the API server holds.
fn passed_on(kro: &mut Kro, subject: &Subject, good: &Value) -> anyhow::Result<ManifestVerdict> {
    let held = Request::get(kro.plane.api.path(good)?);
    let held = kro.plane.api.one(held)?.body["spec"]["values"].take();
    let made = helm_release(kro, subject, good)?;
    let made = kro.plane.api.wait_for("the HelmRelease made", PATIENCE, &Request::get(made), |response| {
        response.good().then(|| response.body["spec"]["values"].clone())
    })?;
    let accepted = held == made;
    let messages = if accepted { Vec::new() } else { vec![format!("the API holds {held}, the HelmRelease {made}")] };
    Ok(ManifestVerdict { what: "the HelmRelease has the release's values".to_owned(), fault: None, accepted, messages })
}

fn delete(kro: &mut Kro, subject: &Subject, good: &Value) -> anyhow::Result<()> {
    let paths = [kro.plane.api.path(good)?, helm_release(kro, subject, good)?];
    kro.plane.api.one(Request::delete(&paths[0]))?;
    for path in paths {
        let gone = Request::get(&path);
        kro.plane.api.wait_for(&format!("{path} gone"), PATIENCE, &gone, |response| (response.status == 404).then_some(()))?;
    }
    Ok(())
}

fn helm_release(kro: &mut Kro, subject: &Subject, good: &Value) -> anyhow::Result<String> {
    let metadata = &good["metadata"];
    let release = json!({
        "apiVersion": subject.platform.helm_release.api_version,
        "kind": "HelmRelease",
        "metadata": { "name": metadata["name"], "namespace": metadata["namespace"] },
    });
    kro.plane.api.path(&release)
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().any(holds_null),
        Value::Array(items) => items.iter().any(holds_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
