//! Requests to the API server. A driver of ours carries them, many at a time; what they mean is said here.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::driver::Driver;
use crate::install;

/// How often something is looked at that is waited for.
const PULSE: Duration = Duration::from_millis(50);

/// How often a request is sent again that the server was too busy for.
const TRIES: usize = 6;

/// Who owns the fields that we apply.
const MANAGER: &str = "trefoil-audit";

/// Begins what the server says of an applied object with a value of another type than the schema's.
const UNTYPED: &str = "failed to create typed patch object";

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    content: &'static str,
    body: Option<Value>,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>) -> Request {
        Request { method: "GET", path: path.into(), content: "", body: None }
    }

    /// An object that mustn't be there yet. Keys that its kind doesn't know are refused.
    pub(crate) fn create(path: &str, body: Value) -> Request {
        let path = format!("{path}?fieldValidation=Strict");
        Request { method: "POST", path, content: "application/json", body: Some(body) }
    }

    /// As [`Request::create`], but nothing is kept: the answer is what would have been.
    pub(crate) fn rehearse(path: &str, body: Value) -> Request {
        let path = format!("{path}?dryRun=All&fieldValidation=Strict");
        Request { method: "POST", path, content: "application/json", body: Some(body) }
    }

    /// As [`Request::apply`], but nothing is kept. `path` has the object's name.
    pub(crate) fn rehearse_apply(path: &str, body: Value) -> Request {
        let Request { path, .. } = Request::apply(path, Value::Null);
        let path = format!("{path}&dryRun=All&fieldValidation=Strict");
        Request { method: "PATCH", path, content: "application/apply-patch+yaml", body: Some(body) }
    }

    /// An object as it is to be, whether it is there or not; what others have set stays.
    pub(crate) fn apply(path: &str, body: Value) -> Request {
        let path = format!("{path}?fieldManager={MANAGER}&force=true");
        Request { method: "PATCH", path, content: "application/apply-patch+yaml", body: Some(body) }
    }

    /// A part of an object, laid over it (RFC 7386).
    pub(crate) fn merge(path: impl Into<String>, body: Value) -> Request {
        Request { method: "PATCH", path: path.into(), content: "application/merge-patch+json", body: Some(body) }
    }

    /// An object as it is to be, in the place of what is there.
    pub(crate) fn replace(path: impl Into<String>, body: Value) -> Request {
        Request { method: "PUT", path: path.into(), content: "application/json", body: Some(body) }
    }

    pub(crate) fn delete(path: impl Into<String>) -> Request {
        Request { method: "DELETE", path: path.into(), content: "", body: None }
    }

    fn question(&self) -> Value {
        let mut question = json!({ "method": self.method, "path": self.path, "contentType": self.content });
        if let Some(body) = &self.body {
            question["body"] = body.clone();
        }
        question
    }
}

/// What the server said.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// 0 if the server couldn't be reached.
    pub status: u64,
    pub body: Value,
}

impl Response {
    pub(crate) fn good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The server's own words.
    pub(crate) fn message(&self) -> String {
        let said = self.body["message"].as_str().or_else(|| self.body.as_str());
        said.map_or_else(|| format!("status {}", self.status), str::to_owned)
    }

    /// Whether the object of an apply isn't of its kind's types: the server calls its refusal a failure of its own (500).
    pub(crate) fn untyped(&self) -> bool {
        self.status == 500 && self.message().starts_with(UNTYPED)
    }

    /// Whether asking again may help: the server isn't reached, is too busy or failed.
    fn passing(&self) -> bool {
        (self.status == 0 || self.status == 429 || self.status >= 500) && !self.untyped()
    }
}

/// The way to the server.
pub(crate) struct Api {
    driver: Driver,
    /// By `apiVersion` and kind.
    resources: BTreeMap<(String, String), Resource>,
}

#[derive(Clone)]
struct Resource {
    plural: String,
    namespaced: bool,
}

impl Api {
    /// # Errors
    /// If the driver isn't installed or can't be started.
    pub(crate) fn start(server: &str, certificate: &Path, token: &Path, log: &Path) -> anyhow::Result<Api> {
        let mut command = Command::new(install::need("kube")?);
        command.args(["-server", server]).arg("-certificate").arg(certificate).arg("-token").arg(token);
        Ok(Api { driver: Driver::start("kube", command, log)?, resources: BTreeMap::new() })
    }

    /// Sends requests once, many at a time, and returns the answers in their order.
    pub(super) fn once(&mut self, requests: &[Request]) -> anyhow::Result<Vec<Response>> {
        let questions: Vec<Value> = requests.iter().map(Request::question).collect();
        let answers = self.driver.ask(&questions)?.into_iter().map(|mut answer| {
            let status = answer["status"].as_u64().unwrap_or_default();
            Response { status, body: answer["body"].take() }
        });
        Ok(answers.collect())
    }

    /// Sends requests, those again that the server was too busy for.
    ///
    /// # Errors
    /// If the driver ends, or the server can't be reached or fails at each try.
    pub(crate) fn ask(&mut self, requests: &[Request]) -> anyhow::Result<Vec<Response>> {
        let mut responses = self.once(requests)?;
        for again in 1..TRIES {
            let failed: Vec<usize> = (0..responses.len()).filter(|&at| responses[at].passing()).collect();
            if failed.is_empty() {
                return Ok(responses);
            }
            std::thread::sleep(PULSE * again as u32);
            let requests: Vec<Request> = failed.iter().map(|&at| requests[at].clone()).collect();
            for (at, response) in failed.into_iter().zip(self.once(&requests)?) {
                responses[at] = response;
            }
        }
        let bad = requests.iter().zip(&responses).find(|(_, response)| response.passing());
        if let Some((request, response)) = bad {
            bail!("the API server failed {TRIES} times at {} {}: {}", request.method, request.path, response.message());
        }
        Ok(responses)
    }

    /// As [`Api::ask`], for one request.
    pub(crate) fn one(&mut self, request: Request) -> anyhow::Result<Response> {
        self.ask(&[request])?.pop().context("no answer")
    }

    /// Applies objects of kinds that the server knows.
    ///
    /// # Errors
    /// If one is refused.
    pub(crate) fn apply(&mut self, objects: &[Value]) -> anyhow::Result<()> {
        let paths = objects.iter().map(|object| self.path(object)).collect::<anyhow::Result<Vec<String>>>()?;
        let requests: Vec<Request> =
            paths.iter().zip(objects).map(|(path, object)| Request::apply(path, object.clone())).collect();
        for (path, response) in paths.iter().zip(self.ask(&requests)?) {
            ensure!(response.good(), "{path} is refused: {}", response.message());
        }
        Ok(())
    }

    /// Where an object is: `/apis/kro.run/v1alpha1/resourcegraphdefinitions/webapp`.
    ///
    /// # Errors
    /// If the server doesn't know the kind.
    pub(crate) fn path(&mut self, object: &Value) -> anyhow::Result<String> {
        let text = |key: &str| object[key].as_str().with_context(|| format!("an object has no `{key}`: {object}"));
        let collection = self.collection(text("apiVersion")?, text("kind")?, object["metadata"]["namespace"].as_str())?;
        let name = object["metadata"]["name"].as_str().context("an object has no name")?;
        Ok(format!("{collection}/{name}"))
    }

    /// Where objects of a kind are; the namespace is left away if they are in none.
    ///
    /// # Errors
    /// If the server doesn't know the kind.
    pub(crate) fn collection(&mut self, version: &str, kind: &str, namespace: Option<&str>) -> anyhow::Result<String> {
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let key = (version.to_owned(), kind.to_owned());
        if !self.resources.contains_key(&key) {
            self.discover(version, &root)?;
        }
        let resource = self.resources.get(&key).with_context(|| format!("the API server knows no {kind} of {version}"))?;
        Ok(match namespace.filter(|_| resource.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", resource.plural),
            None => format!("{root}/{}", resource.plural),
        })
    }

    fn discover(&mut self, version: &str, root: &str) -> anyhow::Result<()> {
        let found = self.one(Request::get(root))?;
        for resource in found.body["resources"].as_array().into_iter().flatten() {
            let (Some(plural), Some(kind)) = (resource["name"].as_str(), resource["kind"].as_str()) else { continue };
            // `deployments/status` is a part of one.
            if !plural.contains('/') {
                let namespaced = resource["namespaced"].as_bool().unwrap_or_default();
                self.resources.insert((version.to_owned(), kind.to_owned()), Resource { plural: plural.to_owned(), namespaced });
            }
        }
        Ok(())
    }

    /// Looks at requests' answers until `done` has something to say of them all, and returns what it said.
    ///
    /// # Errors
    /// If that takes longer than `patience`: with what was waited for, and the last answer.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        patience: Duration,
        request: &Request,
        mut done: impl FnMut(&Response) -> Option<T>,
    ) -> anyhow::Result<T> {
        let end = Instant::now() + patience;
        loop {
            let response = self.once(std::slice::from_ref(request))?.pop().context("no answer")?;
            if let Some(found) = done(&response) {
                return Ok(found);
            }
            if Instant::now() > end {
                bail!("{what}: not so after {} s; the API server said {}", patience.as_secs(), response.message());
            }
            std::thread::sleep(PULSE);
        }
    }
}
