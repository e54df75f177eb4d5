//! A **fake** of Argo CD: it speaks the part of its API that is used here, as `server/application/application.go` of argoproj/argo-cd answers,
//! and "applies" what is in a repository by counting how often it was asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runtime::manifest;
use serde_json::{Value, json};

use super::git;
use super::http::Request;
use super::json::{Answer, Json};

/// The token that it takes.
pub(crate) const TOKEN: &str = "argo-token-of-the-tests";

const PROJECT: &str = "managed-services";

/// An Application.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    /// What becomes of each revision, one step each time that it is looked at; the last stays.
    pub steps: Vec<(&'static str, &'static str)>,
    /// How many operations are refused because another one runs.
    pub busy: usize,
    /// How long it takes to answer.
    pub slow: Duration,
    /// Whether nobody may see it, and whether the connection ends instead of an answer.
    pub forbidden: bool,
    pub deaf: bool,
    /// What is laid over what is shown.
    pub over: Value,
    /// Refreshes and syncs that were asked for.
    pub told: usize,
    /// Whether it follows the branch without being asked to sync.
    pub automatic: bool,
    /// Where it is.
    pub revision: String,
    pub step: usize,
}

pub(crate) struct ArgoCd {
    server: Json,
    applications: Arc<Mutex<BTreeMap<String, Application>>>,
    folder: tempfile::TempDir,
}

impl Default for Application {
    fn default() -> Application {
        let steps = vec![("OutOfSync", "Healthy"), ("Synced", "Progressing"), ("Synced", "Healthy")];
        Application {
            steps,
            busy: 0,
            slow: Duration::ZERO,
            forbidden: false,
            deaf: false,
            over: json!({}),
            told: 0,
            automatic: true,
            revision: String::new(),
            step: 0,
        }
    }
}

impl ArgoCd {
    /// Follows a bare repository.
    pub(crate) fn start(bare: &Path) -> ArgoCd {
        let applications = Arc::new(Mutex::new(BTreeMap::new()));
        let (theirs, bare) = (Arc::clone(&applications), bare.to_owned());
        let server = Json::start(move |request| answer(request, &mut theirs.lock().unwrap(), &bare));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        ArgoCd { server, applications, folder }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// As an ApplicationSet does it.
    pub(crate) fn generate(&self, name: &str, application: Application) {
        self.applications.lock().unwrap().insert(name.to_owned(), application);
    }

    pub(crate) fn remove(&self, name: &str) {
        self.applications.lock().unwrap().remove(name);
    }

    pub(crate) fn told(&self, name: &str) -> usize {
        self.applications.lock().unwrap().get(name).map_or(0, |application| application.told)
    }
}

fn answer(request: &Request, applications: &mut BTreeMap<String, Application>, bare: &Path) -> Answer {
    if request.header("authorization") != format!("Bearer {TOKEN}") {
        return Some((401, json!({ "error": "invalid session: token signature is invalid", "code": 16 })));
    }
    let denied = Some((403, json!({ "error": "permission denied", "code": 7 })));
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let ["api", "v1", "applications", name, rest @ ..] = path.as_slice() else { return Some((404, json!({}))) };
    let query = |key: &str| request.query.split('&').find_map(|pair| pair.strip_prefix(&format!("{key}=")).map(str::to_owned));
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    // The gateway takes a request's fields from its body, if it has one.
    let project = if body.is_null() { query("project") } else { body["project"].as_str().map(str::to_owned) };
    if project.as_deref() != Some(PROJECT) {
        // Whether it is missing or forbidden isn't said to whom doesn't know the project.
        return denied;
    }
    let Some(application) = applications.get_mut(*name) else {
        return Some((404, json!({ "error": format!("applications.argoproj.io \"{name}\" not found"), "code": 5 })));
    };
    std::thread::sleep(application.slow);
    if application.deaf {
        application.told += 1;
        return None;
    }
    if application.forbidden {
        return denied;
    }
    let head = git(bare, &["rev-parse", "refs/heads/main"]);
    let is_new = application.revision != head;
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            application.told += usize::from(query("refresh").is_some());
            if application.automatic && query("refresh").is_some() {
                take(application, is_new, head);
            }
            Some((200, show(name, application)))
        }
        ("POST", ["sync"]) => {
            let wrong = |words: &str| Some((400, json!({ "error": words, "code": 9 })));
            if application.busy > 0 {
                application.busy -= 1;
                return wrong("another operation is already in progress");
            }
            if application.automatic && body["revision"].is_string() {
                return wrong("Cannot sync to a commit: auto-sync currently set to main");
            }
            application.told += 1;
            take(application, is_new, head);
            Some((200, show(name, application)))
        }
        _ => Some((405, json!({}))),
    }
}

fn take(application: &mut Application, is_new: bool, head: String) {
    application.step = if is_new { 0 } else { (application.step + 1).min(application.steps.len() - 1) };
    application.revision = head;
}

fn show(name: &str, application: &Application) -> Value {
    let (sync, health) = application.steps[application.step];
    let phase = match sync {
        "SyncFailed" => "Failed",
        "Synced" => "Succeeded",
        _ => "",
    };
    let mut shown = json!({
        "metadata": { "name": name },
        "status": {
            "sync": { "status": if sync == "SyncFailed" { "OutOfSync" } else { sync }, "revision": application.revision },
            "health": { "status": health },
            "operationState": {
                "phase": phase,
                "message": "one or more objects failed to apply",
                "syncResult": { "revision": application.revision },
            },
            "resources": [{
                "kind": "Deployment",
                "name": "shop",
                "health": { "status": health, "message": if health == "Degraded" { "ImagePullBackOff" } else { "" } },
            }],
        },
    });
    manifest::lay(&mut shown, &application.over);
    shown
}
