//! Argo CD, over its API: `server/application/application.proto` of argoproj/argo-cd, version 3.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use manifest::Platform;
use manifest::layout::Located;
use manifest::platform::Operation;
use serde_json::{Value, json};

use super::{Lineage, State, Status, SyncError};
use crate::herald::Changed;
use crate::id::CommitId;
use crate::rest::{Method, Rest, RestError, Token, escaped};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Argo CD: a release belongs to the Application that `argo-cd` of the platform's settings names.
#[derive(Clone)]
pub struct ArgoCd {
    rest: Rest,
    platform: Platform,
}

impl ArgoCd {
    /// The server of an address; as in `ARGOCD_SERVER`, `https://` may be left out. It is known by the usual certificates or by those of a
    /// file.
    ///
    /// # Errors
    /// If the address isn't safe, or the certificates can't be read.
    pub fn new(server: &str, token: &Token, certificates: Option<&Path>, platform: &Platform) -> Result<ArgoCd, RestError> {
        let server = if server.contains("://") { server.to_owned() } else { format!("https://{server}") };
        let rest = Rest::new(&server, certificates, TIMEOUT)?.token("Authorization", "Bearer ", token);
        Ok(ArgoCd { rest, platform: platform.clone() })
    }

    /// The Applications of the releases.
    pub(super) fn targets(&self, releases: &[Changed]) -> BTreeMap<String, bool> {
        let mut out = BTreeMap::new();
        for Changed { located, is_deleted } in releases {
            *out.entry(self.application(located)).or_default() |= is_deleted;
        }
        out
    }

    pub(super) fn tell(&self, name: &str, is_deleted: bool, tip: CommitId) -> Result<(), SyncError> {
        let settings = &self.platform.argo_cd;
        let answer = match settings.operation {
            Operation::Refresh => self.rest.json(Method::Get, &self.path(name, "", "&refresh=normal"), None)?,
            Operation::Sync => {
                // No revision: an Application that syncs by itself refuses one.
                let mut body = json!({
                    "name": name,
                    "project": settings.project,
                    "prune": settings.prune && is_deleted,
                    "infos": [{ "name": "release-commit", "value": tip.to_string() }],
                });
                if let Some(namespace) = &settings.namespace {
                    body["appNamespace"] = json!(namespace);
                }
                self.rest.json(Method::Post, &self.path(name, "/sync", ""), Some(&body))?
            }
        };
        match answer.status {
            // One that isn't generated yet begins with the branch as it is, and one that is gone needs no more.
            404 if settings.operation == Operation::Refresh || is_deleted => Ok(()),
            400 if answer.words().contains("another operation is already in progress") => {
                Err(SyncError::Busy { what: called(name), words: answer.words() })
            }
            _ => SyncError::good(called(name), answer).map(drop),
        }
    }

    pub(super) fn status(&self, located: &Located, lineage: &mut Lineage<'_>) -> Result<Status, SyncError> {
        let name = self.application(located);
        let answer = self.rest.json(Method::Get, &self.path(&name, "", "&refresh=normal"), None)?;
        match answer.status {
            404 => Ok(Status::new(State::Gone, format!("{} isn't there", called(&name)))),
            _ => read(&name, &SyncError::good(called(&name), answer)?, lineage),
        }
    }

    pub(super) fn is_shared(&self) -> bool {
        self.platform.argo_cd.is_shared()
    }

    fn application(&self, located: &Located) -> String {
        self.platform.argo_cd.application(located, &self.platform)
    }

    /// With the project: without it, what is missing can't be told from what is forbidden (both are 403).
    fn path(&self, name: &str, action: &str, query: &str) -> String {
        let settings = &self.platform.argo_cd;
        let namespace = settings.namespace.as_ref().map_or_else(String::new, |name| format!("&appNamespace={}", escaped(name)));
        format!("/api/v1/applications/{}{action}?project={}{namespace}{query}", escaped(name), escaped(&settings.project))
    }
}

fn called(name: &str) -> String {
    format!("the Application {name}")
}

fn read(name: &str, app: &Value, lineage: &mut Lineage<'_>) -> Result<Status, SyncError> {
    let text = |pointer: &str| app.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let state = |state, reason: String| Ok(Status::new(state, format!("{}: {reason}", called(name))));
    let phase = text("/status/operationState/phase");
    if app.get("operation").is_some_and(|operation| !operation.is_null()) || matches!(phase, "Running" | "Terminating") {
        return state(State::Waiting, format!("syncing; {}", text("/status/operationState/message")));
    }
    // One that failed for another revision than the one that is synced is over.
    let (tried, there) = (text("/status/operationState/syncResult/revision"), text("/status/sync/revision"));
    let is_over = text("/status/sync/status") == "Synced" && tried != there;
    if matches!(phase, "Failed" | "Error") && !is_over && has(app, "/status/operationState/syncResult", lineage)? {
        return state(State::Failed, format!("the sync has failed: {}", text("/status/operationState/message")));
    }
    let wrong: Vec<&str> = app
        .pointer("/status/conditions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|condition| condition["type"].as_str().is_some_and(|kind| kind.ends_with("Error")))
        .filter_map(|condition| condition["message"].as_str())
        .collect();
    if !wrong.is_empty() {
        return state(State::Degraded, wrong.join("; "));
    }
    if !has(app, "/status/sync", lineage)? {
        return state(State::Waiting, format!("the change isn't there yet; it has {}", text("/status/sync/revision")));
    }
    match text("/status/sync/status") {
        "Synced" => {}
        other => return state(State::Waiting, format!("it is {other}")),
    }
    let health = text("/status/health/status");
    let reason = format!("it is {health}{}", unhealthy(app));
    match health {
        "Healthy" => state(State::Healthy, reason),
        "Degraded" | "Suspended" => state(State::Degraded, reason),
        _ => state(State::Waiting, reason),
    }
}

/// Whether a change is in the revision that is told there; with several sources, in one of them.
fn has(app: &Value, pointer: &str, lineage: &mut Lineage<'_>) -> Result<bool, SyncError> {
    let there = app.pointer(pointer).unwrap_or(&Value::Null);
    let revisions = there["revisions"].as_array().into_iter().flatten().chain([&there["revision"]]);
    for revision in revisions.filter_map(Value::as_str) {
        if lineage.has(revision)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the Application and its objects say of their health.
fn unhealthy(app: &Value) -> String {
    let own = app.pointer("/status/health/message").and_then(Value::as_str).map(str::to_owned);
    let objects = app.pointer("/status/resources").and_then(Value::as_array).into_iter().flatten();
    let objects = objects.filter_map(|object| {
        let message = object.pointer("/health/message")?.as_str().filter(|message| !message.is_empty())?;
        let is_well = object.pointer("/health/status").is_some_and(|status| status == "Healthy");
        (!is_well).then(|| {
            format!("{} {}: {message}", object["kind"].as_str().unwrap_or("object"), object["name"].as_str().unwrap_or("?"))
        })
    });
    own.into_iter().filter(|message| !message.is_empty()).chain(objects).map(|words| format!("; {words}")).collect()
}

impl fmt::Debug for ArgoCd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgoCd").field("rest", &self.rest).finish_non_exhaustive()
    }
}
