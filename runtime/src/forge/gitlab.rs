//! GitLab: <https://docs.gitlab.com/api/merge_requests/>.

use serde_json::{Value, json};

use super::{Api, Found, Pull, Request, State, Wanted};
use crate::rest::{Method, Rest, Token, escaped};

pub(super) struct GitLab;

impl Api for GitLab {
    fn signed(&self, rest: Rest, token: &Token) -> Rest {
        rest.token("PRIVATE-TOKEN", "", token)
    }

    fn find(&self, repository: &str, branch: &str, base: &str) -> Request {
        let query = format!("state=all&source_branch={}&target_branch={}&per_page=100", escaped(branch), escaped(base));
        Request { method: Method::Get, path: format!("{}?{query}", requests(repository)), body: None }
    }

    fn open(&self, repository: &str, wanted: &Wanted<'_>) -> Request {
        let body = json!({ "title": wanted.title, "description": wanted.body, "source_branch": wanted.branch,
            "target_branch": wanted.base });
        Request { method: Method::Post, path: requests(repository), body: Some(body) }
    }

    fn update(&self, repository: &str, number: u64, wanted: &Wanted<'_>) -> Request {
        let body = json!({ "title": wanted.title, "description": wanted.body });
        Request { method: Method::Put, path: format!("{}/{number}", requests(repository)), body: Some(body) }
    }

    fn is_merged(&self, body: &Value) -> Option<bool> {
        Some(body["state"] == "merged")
    }

    fn is_own(&self, body: &Value) -> bool {
        body["source_project_id"] == body["target_project_id"]
    }

    fn read(&self, body: &Value) -> Option<Found> {
        let state = match body["state"].as_str()? {
            _ if self.is_merged(body)? => State::Merged,
            "closed" => State::Closed,
            // `locked` while it is being merged.
            _ => State::Open,
        };
        Some(Found {
            pull: Pull { number: body["iid"].as_u64()?, url: body["web_url"].as_str()?.to_owned() },
            state,
            head: body["sha"].as_str().unwrap_or_default().to_owned(),
            body: body["description"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// A project is known by its path as one word.
fn requests(repository: &str) -> String {
    format!("/projects/{}/merge_requests", escaped(repository))
}
