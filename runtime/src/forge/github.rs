//! GitHub: <https://docs.github.com/en/rest/pulls/pulls>.

use serde_json::{Value, json};

use super::{Api, Found, Pull, Request, State, Wanted};
use crate::rest::{Method, Rest, Token, escaped};

pub(super) struct GitHub;

impl Api for GitHub {
    fn signed(&self, rest: Rest, token: &Token) -> Rest {
        let rest = rest.header("Accept", "application/vnd.github+json").header("X-GitHub-Api-Version", "2022-11-28");
        rest.token("Authorization", "Bearer ", token)
    }

    fn find(&self, repository: &str, branch: &str, base: &str) -> Request {
        // Without the owner before it, the head is taken for no filter at all.
        let owner = repository.split('/').next().unwrap_or_default();
        let head = escaped(&format!("{owner}:{branch}"));
        let path = format!("/repos/{repository}/pulls?state=all&head={head}&base={}&per_page=100", escaped(base));
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
        // A fork that was deleted is nobody's.
        body["head"]["repo"]["id"] == body["base"]["repo"]["id"]
    }

    fn read(&self, body: &Value) -> Option<Found> {
        let state = match body["state"].as_str()? {
            "open" => State::Open,
            _ if body["merged_at"].is_string() => State::Merged,
            _ => State::Closed,
        };
        Some(Found {
            pull: Pull { number: body["number"].as_u64()?, url: body["html_url"].as_str()?.to_owned() },
            state,
            head: body["head"]["sha"].as_str().unwrap_or_default().to_owned(),
            body: body["body"].as_str().unwrap_or_default().to_owned(),
        })
    }
}
