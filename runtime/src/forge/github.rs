//! GitHub: <https://docs.github.com/en/rest/pulls/pulls>.

use serde_json::Value;

use super::{Api, Request};
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

    fn is_merged(&self, body: &Value) -> Option<bool> {
        Some(body["merged_at"].is_string())
    }

    fn is_own(&self, body: &Value) -> bool {
        // A fork that was deleted is nobody's.
        body["head"]["repo"]["id"] == body["base"]["repo"]["id"]
    }
}
