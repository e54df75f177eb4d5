//! What has become of the repository's releases since the last look.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::{Cluster, Progress, is_applied, ready};
use crate::plane::{Request, condition};

/// Reasons of a controller that isn't ready, but hasn't failed.
const WAITING: &[&str] = &["ArtifactFailed", "DependencyNotReady", "SourceNotReady"];

#[derive(Default)]
pub(super) struct News {
    /// What was said last of each object.
    said: BTreeMap<String, String>,
}

impl News {
    /// Says what has changed. Returns whether the commit is applied, and its releases of these namespaces and names are settled.
    ///
    /// # Errors
    /// If the server can't be reached.
    pub(super) fn tell(&mut self, cluster: &mut Cluster, commit: &str, wanted: &[String]) -> anyhow::Result<bool> {
        let followers = cluster.followers()?;
        let list = Request::get("/apis/helm.toolkit.fluxcd.io/v2/helmreleases");
        let releases = cluster.api().one(list)?.body["items"].take();
        let releases = releases.as_array().map_or(&[][..], Vec::as_slice);
        let objects = followers.iter().map(|object| ("Kustomization", object));
        let objects = objects.chain(releases.iter().map(|object| ("HelmRelease", object)));
        let now: BTreeMap<String, String> = objects
            .map(|(kind, object)| {
                let name = name(kind, object);
                let before = || self.said.get(&name).cloned();
                let state = settled(object).or_else(before).unwrap_or_else(|| "at work".to_owned());
                (name, state)
            })
            .collect();
        for (name, state) in now.iter().filter(|(name, state)| self.said.get(*name) != Some(*state)) {
            println!("{name}: {state}");
        }
        for name in self.said.keys().filter(|name| !now.contains_key(*name)) {
            println!("{name}: gone");
        }
        self.said = now;
        let applied = !followers.is_empty() && followers.iter().all(|follower| is_applied(follower, commit));
        let of =
            |wanted: &String| releases.iter().find(|release| name("HelmRelease", release) == format!("HelmRelease {wanted}"));
        Ok(applied && wanted.iter().all(|wanted| of(wanted).is_some_and(|release| settled(release).is_some())))
    }
}

fn name(kind: &str, object: &Value) -> String {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    format!("{kind} {}/{}", text("namespace"), text("name"))
}

/// Ready or failed, with the controller's words; nothing while it is at work, or waits for something else.
fn settled(object: &Value) -> Option<String> {
    let said = condition(object, "Ready")?;
    let message = said["message"].as_str().unwrap_or_default().trim();
    match said["status"].as_str()? {
        "True" if matches!(ready(object), Progress::Done(())) => Some(format!("ready: {message}")),
        _ if !object["metadata"]["deletionTimestamp"].is_null() => None,
        "False" if !WAITING.contains(&said["reason"].as_str().unwrap_or_default()) => Some(format!("FAILED: {message}")),
        _ => None,
    }
}
