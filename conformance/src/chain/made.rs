//! A release in the cluster: what is made of it, and whether that is as it has to be.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::compare::{drops, lacks};
use crate::cluster::{Cluster, Progress, ready};
use crate::subject::Subject;

/// How long a change may take to reach everything. It takes seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until a release, and those that its chart makes, are ready, and their objects hold what their charts render, and returns these.
pub(super) fn settled(cluster: &mut Cluster, all: &[Subject], manifest: &Value) -> anyhow::Result<Vec<Value>> {
    let expected = rendered(cluster, all, manifest)?;
    let subject = service_of(all, manifest).context("the manifest is of no service")?;
    let release = helm_release(subject, manifest);
    cluster.wait(&format!("{} ready, its objects as the chart renders them", named(&release)), PATIENCE, |cluster| {
        let Some(helm) = cluster.live(&release)? else { return Ok(Progress::Not("no HelmRelease".to_owned())) };
        if let Some(lost) = drops(&manifest["spec"]["values"], &helm["spec"]["values"]) {
            return Ok(Progress::Not(format!("a HelmRelease in which {lost}")));
        }
        if let Progress::Not(why) = ready(&helm) {
            return Ok(Progress::Not(why));
        }
        for object in &expected {
            let Some(live) = cluster.live(object)? else { return Ok(Progress::Not(format!("no {}", named(object)))) };
            if let Some(lost) = lacks(&in_no_namespace(object), &live) {
                return Ok(Progress::Not(format!("{} in which {lost}", named(object))));
            }
        }
        let live = cluster.live(manifest)?.context("the release is gone")?;
        Ok(ready_release(&live))
    })?;
    Ok(expected)
}

fn ready_release(live: &Value) -> Progress<()> {
    match live["status"]["ready"] == true {
        true => Progress::Done(()),
        false => Progress::Not(format!("the release says of itself {}", live["status"])),
    }
}

/// The objects of a release, and of the releases among them.
pub(super) fn rendered(cluster: &mut Cluster, all: &[Subject], manifest: &Value) -> anyhow::Result<Vec<Value>> {
    let subject = service_of(all, manifest).context("the manifest is of no service")?;
    let values = &manifest["spec"]["values"];
    let mut out = cluster.charts.template(subject.name(), text(manifest, "name")?, text(manifest, "namespace")?, values)?;
    for object in out.clone() {
        if service_of(all, &object).is_some() {
            out.extend(rendered(cluster, all, &object)?);
        }
    }
    Ok(out)
}

pub(super) fn service_of<'a>(all: &'a [Subject], object: &Value) -> Option<&'a Subject> {
    all.iter().find(|subject| {
        let api = &subject.platform.api;
        object["apiVersion"] == format!("{}/{}", api.group, api.version)
            && object["kind"] == subject.made.service.kind.to_string()
    })
}

pub(super) fn helm_release(subject: &Subject, manifest: &Value) -> Value {
    let metadata = json!({ "name": manifest["metadata"]["name"], "namespace": manifest["metadata"]["namespace"] });
    json!({ "apiVersion": subject.platform.helm_release.api_version, "kind": "HelmRelease", "metadata": metadata })
}

pub(super) fn is_kept(object: &Value) -> bool {
    object["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
}

/// Without its namespace, which Helm gives to every object and the API server only to those that are in one.
fn in_no_namespace(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.shift_remove("namespace");
    }
    object
}

pub(super) fn named(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}/{}", text(&object["kind"]), text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]))
}

pub(super) fn text<'a>(object: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    object["metadata"][key].as_str().with_context(|| format!("the manifest has no {key}"))
}
