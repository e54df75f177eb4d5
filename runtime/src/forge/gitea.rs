//! Gitea and Forgejo: <https://docs.gitea.com/api>, <https://codeberg.org/api/swagger>.

use serde_json::Value;

use super::{Api, Request};
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

    fn is_merged(&self, body: &Value) -> Option<bool> {
        body["merged"].as_bool()
    }

    fn is_own(&self, body: &Value) -> bool {
        body["head"]["repo_id"] == body["base"]["repo_id"]
    }

    /// There is a pull request or there is none; whether the repository is there shows when one is opened.
    fn is_none(&self, answer: &Answer) -> bool {
        answer.status == 404
    }
}
