//! Gitea and Forgejo: <https://docs.gitea.com/api>, <https://codeberg.org/api/swagger>.

use serde_json::{Value, json};

use super::{Api, Found, Pull, Request, State, Wanted};
use crate::rest::{Answer, Method, Rest, Token, escaped};

pub(super) struct Gitea;

impl Api for Gitea {
    fn signed(&self, rest: Rest, token: &Token) -> Rest {
        rest.token("Authorization", "token ", token)
    }

    fn find(&self, repository: &str, branch: &str, base: &str) -> Request {
        let path = format!("/repos/{repository}/pulls/{}/{}", escaped(base), escaped(branch));
        Request { method: Method::Get, path, body: None }
    }

    fn open(&self, repository: &str, wanted: &Wanted<'_>) -> Request {
        let body = json!({ "title": wanted.title, "body": wanted.body, "head": wanted.branch, "base": wanted.base });
        Request { method: Method::Post, path: format!("/repos/{repository}/pulls"), body: Some(body) }
    }

    fn update(&self, repository: &str, number: u64, wanted: &Wanted<'_>) -> Request {
        let body = json!({ "title": wanted.title, "body": wanted.body });
        Request { method: Method::Patch, path: format!("/repos/{repository}/pulls/{number}"), body: Some(body) }
    }

    fn is_own(&self, body: &Value) -> bool {
        body["head"]["repo_id"] == body["base"]["repo_id"]
    }

    fn read(&self, body: &Value) -> Option<Found> {
        let state = match body["state"].as_str()? {
            "open" => State::Open,
            _ if body["merged"].as_bool()? => State::Merged,
            _ => State::Closed,
        };
        Some(Found {
            pull: Pull { number: body["number"].as_u64()?, url: body["html_url"].as_str()?.to_owned() },
            state,
            head: body["head"]["sha"].as_str().unwrap_or_default().to_owned(),
            body: body["body"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// There is a pull request or there is none; whether the repository is there shows when one is opened.
    fn is_none(&self, answer: &Answer) -> bool {
        answer.status == 404
    }
}
