//! A fake forge: as much of the REST APIs of GitHub, GitLab and Gitea as pull requests need, made after their public documentation, over a
//! real bare repository. What the hosting services do beside that it doesn't know.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use runtime::{Forge, ForgeKind, Token};
use serde_json::{Value, json};

use super::git;
use super::http::Request;
use super::json::{Answer, Json};

/// The token that it takes.
pub(crate) const TOKEN: &str = "t0ken-of-the-platform";

pub(crate) struct Fake {
    pub kind: ForgeKind,
    server: Json,
    state: Arc<Mutex<State>>,
}

/// What it has, and what goes wrong with it.
#[derive(Default)]
pub(crate) struct State {
    pub pulls: Vec<Pull>,
    /// Pull requests that it was asked to open.
    pub posts: u32,
    /// How many answers to that are lost.
    pub swallow: u32,
    /// How many answers to anything are lost after these.
    pub deaf: u32,
    /// The status that it answers that with, doing nothing.
    pub refuse: Option<u16>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub number: usize,
    pub branch: String,
    pub base: String,
    pub title: String,
    pub body: String,
    pub state: &'static str,
    pub head: String,
    /// Whether its branch is one of a fork.
    pub fork: bool,
}

impl Fake {
    /// Serves until it is dropped.
    pub(crate) fn start(kind: ForgeKind, bare: &Path) -> Fake {
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, bare) = (Arc::clone(&state), bare.to_owned());
        let server = Json::start(move |request| serve(kind, request, &bare, &mut shared.lock().unwrap()));
        Fake { kind, server, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn api(&self) -> String {
        let path = match self.kind {
            ForgeKind::GitHub => "/api/v3",
            ForgeKind::GitLab => "/api/v4",
            ForgeKind::Gitea => "/api/v1",
        };
        format!("{}{path}", self.server.url())
    }

    pub(crate) fn forge(&self, token: &str) -> Forge {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, format!("{token}\n")).unwrap();
        Forge::at(self.kind, self.api(), repository(self.kind).to_owned(), Token::from_file(&file).unwrap())
    }
}

pub(crate) fn repository(kind: ForgeKind) -> &'static str {
    if kind == ForgeKind::GitLab { "acme/eu/releases" } else { "acme/releases" }
}

/// What it answers, unless that is lost.
fn serve(kind: ForgeKind, request: &Request, bare: &Path, state: &mut State) -> Answer {
    let posts = request.method == "POST";
    state.posts += u32::from(posts);
    let answer = match state.refuse {
        _ if !knows(kind, request) => (401, json!({ "message": "Bad credentials" })),
        Some(status) if posts => (status, json!({ "message": "not now" })),
        _ => answer(kind, request, bare, &mut state.pulls).unwrap_or((404, json!({ "message": "Not Found" }))),
    };
    if posts && state.swallow > 0 {
        state.swallow -= 1;
        return None;
    }
    if state.swallow == 0 && state.posts > 0 && state.deaf > 0 {
        state.deaf -= 1;
        return None;
    }
    Some(answer)
}

/// Whether the headers are those that the forge asks for.
fn knows(kind: ForgeKind, request: &Request) -> bool {
    let is = |name: &str, value: &str| request.header(name) == value;
    match kind {
        ForgeKind::GitHub => {
            is("authorization", &format!("Bearer {TOKEN}"))
                && is("x-github-api-version", "2022-11-28")
                && is("accept", "application/vnd.github+json")
        }
        ForgeKind::GitLab => is("private-token", TOKEN),
        ForgeKind::Gitea => is("authorization", &format!("token {TOKEN}")),
    }
}

/// Status and body; `None`: there is no such route.
fn answer(kind: ForgeKind, request: &Request, bare: &Path, pulls: &mut Vec<Pull>) -> Option<(u16, Value)> {
    let root = match kind {
        ForgeKind::GitHub => "/api/v3/repos/acme/releases/pulls",
        ForgeKind::GitLab => "/api/v4/projects/acme%2Feu%2Freleases/merge_requests",
        ForgeKind::Gitea => "/api/v1/repos/acme/releases/pulls",
    };
    let rest = request.path.strip_prefix(root)?;
    for pull in pulls.iter_mut().filter(|pull| pull.state == "open") {
        let head = git(bare, &["rev-parse", "-q", "--verify", &format!("refs/heads/{}", pull.branch)]);
        pull.head = if head.is_empty() { std::mem::take(&mut pull.head) } else { head };
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
    };
    match (request.method.as_str(), kind, rest.strip_prefix('/')) {
        ("GET", ForgeKind::GitHub, None) => {
            let (head, base) = (parameter("head")?, parameter("base")?);
            // A head without its owner is no filter.
            let of = |pull: &&Pull| {
                head.split_once(':').is_none_or(|(_, head)| head == pull.branch && !pull.fork) && base == pull.base
            };
            Some((200, pulls.iter().rev().filter(of).map(|pull| shown(kind, pull)).collect()))
        }
        ("GET", ForgeKind::GitLab, None) => {
            let (head, base) = (parameter("source_branch")?, parameter("target_branch")?);
            let of = |pull: &&Pull| head == pull.branch && base == pull.base;
            Some((200, pulls.iter().rev().filter(of).map(|pull| shown(kind, pull)).collect()))
        }
        ("GET", ForgeKind::Gitea, Some(rest)) => {
            let (base, head) = rest.split_once('/')?;
            let (base, head) = (decoded(base), decoded(head));
            let found = pulls.iter().find(|pull| pull.branch == head && pull.base == base && !pull.fork);
            Some(found.map_or((404, json!({ "message": "The target couldn't be found." })), |pull| (200, shown(kind, pull))))
        }
        ("POST", _, None) => Some(open(kind, &body, bare, pulls)),
        ("PATCH", ForgeKind::GitHub | ForgeKind::Gitea, Some(number)) | ("PUT", ForgeKind::GitLab, Some(number)) => {
            let number: usize = number.parse().ok()?;
            let pull = pulls.get_mut(number.checked_sub(1)?)?;
            let text = if kind == ForgeKind::GitLab { "description" } else { "body" };
            pull.title = body["title"].as_str()?.to_owned();
            pull.body = body[text].as_str()?.to_owned();
            Some((if kind == ForgeKind::Gitea { 201 } else { 200 }, shown(kind, pull)))
        }
        _ => None,
    }
}

fn open(kind: ForgeKind, body: &Value, bare: &Path, pulls: &mut Vec<Pull>) -> (u16, Value) {
    let [head, base, text] = match kind {
        ForgeKind::GitLab => ["source_branch", "target_branch", "description"],
        ForgeKind::GitHub | ForgeKind::Gitea => ["head", "base", "body"],
    };
    let field = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (branch, base) = (field(head), field(base));
    let at = |branch: &str| git(bare, &["rev-parse", "-q", "--verify", &format!("refs/heads/{branch}")]);
    if at(&branch).is_empty() || at(&base).is_empty() {
        return match kind {
            ForgeKind::GitHub => {
                let error = json!({ "resource": "PullRequest", "field": "head", "code": "invalid" });
                (422, json!({ "message": "Validation Failed", "errors": [error] }))
            }
            ForgeKind::GitLab => (400, json!({ "message": { "source_branch": ["does not exist"] } })),
            ForgeKind::Gitea => (404, json!({ "message": "The target couldn't be found." })),
        };
    }
    if let Some(other) = pulls.iter().find(|pull| pull.branch == branch && pull.state == "open" && !pull.fork) {
        return match kind {
            ForgeKind::GitHub => {
                let message = format!("A pull request already exists for acme:{branch}.");
                let error = json!({ "resource": "PullRequest", "code": "custom", "message": message });
                (422, json!({ "message": "Validation Failed", "errors": [error] }))
            }
            ForgeKind::GitLab => {
                let message = format!("Another open merge request already exists for this source branch: !{}", other.number);
                (409, json!({ "message": [message] }))
            }
            ForgeKind::Gitea => (409, json!({ "message": "pull request already exists for these targets" })),
        };
    }
    let (number, head) = (pulls.len() + 1, at(&branch));
    let pull = Pull { number, branch, base, title: field("title"), body: field(text), state: "open", head, fork: false };
    pulls.push(pull.clone());
    (201, shown(kind, &pull))
}

/// A pull request as the forge shows it.
fn shown(kind: ForgeKind, pull: &Pull) -> Value {
    let Pull { number, branch, base, title, body, state, head, fork } = pull;
    let from = if *fork { 8 } else { 7 };
    let (is_merged, is_open) = (*state == "merged", *state == "open");
    let two = if is_open { "open" } else { "closed" };
    match kind {
        ForgeKind::GitHub => {
            let merged_at = if is_merged { json!("2026-11-21T10:00:00Z") } else { Value::Null };
            json!({ "number": number, "html_url": format!("https://forge.example/acme/releases/pull/{number}"), "title": title,
                "state": two, "merged_at": merged_at, "body": body, "head": { "ref": branch, "sha": head, "repo": { "id": from } },
                "base": { "ref": base, "repo": { "id": 7 } } })
        }
        ForgeKind::GitLab => {
            json!({ "id": 1000 + number, "iid": number, "title": title, "description": body,
            "web_url": format!("https://forge.example/acme/eu/releases/-/merge_requests/{number}"), "source_branch": branch,
            "state": if is_open { "opened" } else { state }, "target_branch": base, "sha": head, "source_project_id": from,
            "target_project_id": 7 })
        }
        ForgeKind::Gitea => {
            json!({ "id": 1000 + number, "number": number, "title": title, "body": body, "state": two, "merged": is_merged,
            "html_url": format!("https://forge.example/acme/releases/pulls/{number}"), "head": { "ref": branch, "sha": head, "repo_id": from },
            "base": { "ref": base, "repo_id": 7 } })
        }
    }
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (byte, rest) = part.split_at(2);
        out.push(char::from(u8::from_str_radix(byte, 16).unwrap()));
        out.push_str(rest);
    }
    out
}
