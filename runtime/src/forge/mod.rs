//! Forges: where pull requests are opened, over their REST APIs. What differs between them is data, in a file for each.

pub(crate) mod error;
mod gitea;
mod github;
mod gitlab;
mod place;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::remote::Remote;
use crate::rest::{Answer, Method, Rest, Token};

pub use error::ForgeError;
use place::Place;
pub(crate) use words::{body, request_in};

/// A repository at a forge, and who we are to it.
#[derive(Clone, Debug)]
pub struct Forge {
    /// What kind of forge it is.
    pub kind: ForgeKind,
    /// Where its API is, as `https://api.github.com`, `https://gitlab.example.org/api/v4`.
    pub api: String,
    /// The repository: `owner/name`, at GitLab with all of its groups.
    pub repository: String,
    /// What it knows us by.
    pub token: Token,
    /// Certificates (PEM) that it is known by, if not the usual ones.
    pub certificates: Option<PathBuf>,
    /// How long one answer may take.
    pub timeout: Duration,
}

/// The kinds of forges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub, and GitHub Enterprise.
    GitHub,
    /// GitLab, whose pull requests are called merge requests.
    GitLab,
    /// Gitea from 1.22, and a Forgejo that can be asked for the pull request of a branch as well.
    Gitea,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pull {
    /// Its number in the repository.
    pub number: u64,
    /// Where people see it.
    pub url: String,
}

/// What becomes a pull request.
pub(crate) struct Wanted<'a> {
    pub branch: &'a str,
    pub base: &'a str,
    pub title: String,
    pub body: String,
}

/// A pull request as the forge has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub pull: Pull,
    pub state: State,
    /// The commit that it proposes; GitLab says it some time after the merge request was opened.
    pub head: String,
    pub body: String,
}

/// What became of a pull request; the better ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Open,
    Merged,
    Closed,
}

/// A request to an API.
struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
}

/// How one kind of forge is asked. What isn't said otherwise is GitHub's way, which Gitea has taken over.
trait Api {
    /// The headers that it wants.
    fn signed(&self, rest: Rest, token: &Token) -> Rest;
    /// Asks for the pull requests of a branch, open or not.
    fn find(&self, repository: &str, branch: &str, base: &str) -> Request;
    /// Whether a pull request that isn't open was merged; `None` if it doesn't say.
    fn is_merged(&self, body: &Value) -> Option<bool>;
    /// Whether its branch is one of the repository, and not one of that name in a fork.
    fn is_own(&self, body: &Value) -> bool;

    /// Asks for a pull request to be opened.
    fn open(&self, repository: &str, wanted: &Wanted<'_>) -> Request {
        let body = json!({ "title": wanted.title, "body": wanted.body, "head": wanted.branch, "base": wanted.base });
        Request { method: Method::Post, path: format!("/repos/{repository}/pulls"), body: Some(body) }
    }

    /// Asks for another title and text.
    fn update(&self, repository: &str, number: u64, wanted: &Wanted<'_>) -> Request {
        let body = json!({ "title": wanted.title, "body": wanted.body });
        Request { method: Method::Patch, path: format!("/repos/{repository}/pulls/{number}"), body: Some(body) }
    }

    /// Reads a pull request.
    fn read(&self, body: &Value) -> Option<Found> {
        let state = match body["state"].as_str()? {
            "open" => State::Open,
            _ if self.is_merged(body)? => State::Merged,
            _ => State::Closed,
        };
        Some(Found {
            pull: Pull { number: body["number"].as_u64()?, url: body["html_url"].as_str()?.to_owned() },
            state,
            head: body["head"]["sha"].as_str().unwrap_or_default().to_owned(),
            body: body["body"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Whether the answer to `find` says that there is none.
    fn is_none(&self, answer: &Answer) -> bool {
        answer.body.as_array().is_some_and(Vec::is_empty)
    }
}

impl Forge {
    /// The forge of a remote: the kind is known for github.com, gitlab.com and codeberg.org, and has to be told for others; the rest
    /// follows from the remote's address.
    ///
    /// # Errors
    /// If the address doesn't say it.
    pub fn of(remote: &Remote, kind: Option<ForgeKind>, token: Token) -> Result<Forge, ForgeError> {
        let place = Place::of(remote.url()).ok_or_else(|| {
            ForgeError::Setup(format!("{} names no repository of a forge: expected https://host/owner/name", remote.url()))
        })?;
        let kind = kind.or_else(|| place.kind()).ok_or_else(|| {
            ForgeError::Setup(format!("what kind of forge {} is isn't known: github, gitlab or gitea?", place.host))
        })?;
        Ok(Forge::at(kind, place.api(kind), place.repository, token))
    }

    /// A repository at an API's address.
    #[must_use]
    pub fn at(kind: ForgeKind, api: String, repository: String, token: Token) -> Forge {
        Forge { kind, api, repository, token, certificates: None, timeout: Duration::from_secs(30) }
    }

    /// The pull request of a branch: an open one if there is one, else a merged one, else a closed one.
    pub(crate) fn find(&self, branch: &str, base: &str) -> Result<Option<Found>, ForgeError> {
        let request = self.kind.api().find(self.repository()?, branch, base);
        let asked = self.asked(&request);
        let answer = self.send(&request)?;
        if self.kind.api().is_none(&answer) {
            return Ok(None);
        }
        let body = self.judge(&asked, answer)?;
        let all = body.as_array().map_or_else(|| vec![&body], |list| list.iter().collect());
        let ours = all.into_iter().filter(|one| self.kind.api().is_own(one));
        let found: Option<Vec<Found>> = ours.map(|one| self.kind.api().read(one)).collect();
        let found = found.ok_or(ForgeError::Odd(asked))?;
        Ok(found.into_iter().min_by_key(|found| found.state))
    }

    /// Opens a pull request.
    pub(crate) fn open(&self, wanted: &Wanted<'_>) -> Result<Found, ForgeError> {
        self.write(&self.kind.api().open(self.repository()?, wanted))
    }

    /// Gives a pull request another title and text.
    pub(crate) fn update(&self, number: u64, wanted: &Wanted<'_>) -> Result<Found, ForgeError> {
        self.write(&self.kind.api().update(self.repository()?, number, wanted))
    }

    fn write(&self, request: &Request) -> Result<Found, ForgeError> {
        let asked = self.asked(request);
        let body = self.judge(&asked, self.send(request)?)?;
        self.kind.api().read(&body).ok_or(ForgeError::Odd(asked))
    }

    fn send(&self, request: &Request) -> Result<Answer, ForgeError> {
        let unanswered = |error| ForgeError::Unanswered(self.asked(request), error);
        let rest = Rest::new(&self.api, self.certificates.as_deref(), self.timeout).map_err(unanswered)?;
        let rest = self.kind.api().signed(rest, &self.token);
        rest.json(request.method, &request.path, request.body.as_ref()).map_err(unanswered)
    }

    fn judge(&self, asked: &str, answer: Answer) -> Result<Value, ForgeError> {
        if answer.is_ok() {
            return Ok(answer.body);
        }
        let (asked, said) = (asked.to_owned(), words::said(&answer));
        Err(match answer.status {
            401 | 403 => ForgeError::Denied(asked, said),
            404 => ForgeError::Absent(asked, said),
            429 | 500.. => ForgeError::Busy(asked, said),
            _ => ForgeError::Refused(asked, said),
        })
    }

    /// What is asked for, as people read it.
    fn asked(&self, request: &Request) -> String {
        let what = match request.method {
            Method::Get => "asking for the pull requests",
            Method::Post => "opening a pull request",
            Method::Put | Method::Patch => "updating the pull request",
        };
        format!("{what} of {} at {}", self.repository, self.api)
    }

    /// The repository, if it can be one: what stands in a path has to be a name.
    fn repository(&self) -> Result<&str, ForgeError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(legal);
        let parts = self.repository.split('/').count();
        let right = parts == 2 || (parts > 2 && self.kind == ForgeKind::GitLab);
        match right && self.repository.split('/').all(name) {
            true => Ok(&self.repository),
            false => Err(ForgeError::Setup(format!("{:?} is no repository: expected owner/name", self.repository))),
        }
    }
}

impl ForgeKind {
    fn api(self) -> &'static dyn Api {
        match self {
            ForgeKind::GitHub => &github::GitHub,
            ForgeKind::GitLab => &gitlab::GitLab,
            ForgeKind::Gitea => &gitea::Gitea,
        }
    }
}
