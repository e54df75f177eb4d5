//! Flux, over the API of Kubernetes: <https://fluxcd.io/flux/components/kustomize/kustomizations/>.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use manifest::Platform;
use manifest::layout::Located;
use serde_json::{Value, json};

use super::{Kube, Lineage, State, Status, SyncError};
use crate::rest::{Answer, Method, escaped};

/// Flux: the Kustomizations that `flux` of the platform's settings names apply the releases.
#[derive(Clone)]
pub struct Flux {
    kube: Kube,
    platform: Platform,
}

impl Flux {
    /// In a cluster.
    #[must_use]
    pub fn new(kube: Kube, platform: &Platform) -> Flux {
        Flux { kube, platform: platform.clone() }
    }

    /// Asks for the sources to be looked at: what is found there reaches the Kustomizations by itself.
    pub(super) fn trigger(&self) -> Result<(), SyncError> {
        let mut told = Vec::new();
        for kustomization in self.kustomizations()? {
            let path = source(&kustomization, &self.platform.flux.namespace)?;
            if !told.contains(&path) {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
                // Anything that wasn't there before will do; Flux compares it and nothing else.
                let body = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": now.to_string() } } });
                let answer = self.kube.rest.send(Method::Patch, &path, "application/merge-patch+json", Some(&body))?;
                good(&path, answer)?;
                told.push(path);
            }
        }
        Ok(())
    }

    pub(super) fn status(&self, located: &Located, lineage: &mut Lineage<'_>) -> Result<Status, SyncError> {
        for kustomization in self.kustomizations()? {
            let name = format!("the Kustomization {}", kustomization["metadata"]["name"].as_str().unwrap_or_default());
            if let Some(behind) = behind(&kustomization, &name, lineage)? {
                // It may wait for a source that can't be had.
                let source = source(&kustomization, &self.platform.flux.namespace)?;
                let source = good(&source, self.kube.rest.json(Method::Get, &source, None)?)?;
                let said = ready(&source.body);
                return Ok(match said.is_false {
                    true => Status::new(State::Degraded, format!("the source of {name}: {}", said.words)),
                    false => behind,
                });
            }
        }
        self.release(located)
    }

    /// The release's own object: what KRO says of it.
    fn release(&self, located: &Located) -> Result<Status, SyncError> {
        let (identity, platform) = (&located.identity, &self.platform);
        let (namespace, name) = (identity.namespace(platform), identity.metadata_name(platform));
        let plural = platform.plural(&identity.service());
        let path = format!("/apis/{}/namespaces/{namespace}/{plural}/{name}", platform.api_version());
        let what = format!("{plural}/{name} in {namespace}");
        let answer = self.kube.rest.json(Method::Get, &path, None)?;
        if answer.status == 404 {
            return Ok(Status::new(State::Gone, format!("{what} isn't there")));
        }
        let object = good(&path, answer)?.body;
        if !object["metadata"]["deletionTimestamp"].is_null() {
            return Ok(Status::new(State::Waiting, format!("{what} is being deleted")));
        }
        let said = ready(&object);
        Ok(match (said.is_current && said.is_true, said.is_current && said.is_false) {
            (true, _) => Status::new(State::Healthy, format!("{what} is ready")),
            (_, true) => Status::new(State::Degraded, format!("{what} isn't ready: {}", said.words)),
            _ => Status::new(State::Waiting, format!("{what} isn't ready yet: {}", said.words)),
        })
    }

    fn kustomizations(&self) -> Result<Vec<Value>, SyncError> {
        let settings = &self.platform.flux;
        let path = |name: &String| {
            format!(
                "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{}/kustomizations/{}",
                escaped(&settings.namespace),
                escaped(name)
            )
        };
        let one = |name: &String| Ok(good(&path(name), self.kube.rest.json(Method::Get, &path(name), None)?)?.body);
        settings.kustomizations.iter().map(one).collect()
    }
}

/// What a Kustomization still lacks of a change.
fn behind(kustomization: &Value, name: &str, lineage: &mut Lineage<'_>) -> Result<Option<Status>, SyncError> {
    let status = &kustomization["status"];
    let (applied, attempted) = (status["lastAppliedRevision"].as_str(), status["lastAttemptedRevision"].as_str());
    let said = ready(kustomization);
    if applied.map_or(Ok(false), |revision| lineage.has(revision))? {
        return Ok(match said.is_false {
            true => Some(Status::new(State::Degraded, format!("{name}: {}", said.words))),
            false => None,
        });
    }
    let tried = attempted.map_or(Ok(false), |revision| lineage.has(revision))?;
    Ok(Some(match tried && said.is_false {
        // It tries again, and some of what it lacks comes from itself.
        true => Status::new(State::Degraded, format!("{name} can't apply the change: {}", said.words)),
        false => {
            Status::new(State::Waiting, format!("{name} hasn't applied the change yet; it has {}", applied.unwrap_or("nothing")))
        }
    }))
}

/// What an object's controller says.
struct Said {
    is_true: bool,
    is_false: bool,
    /// Of the object as it is.
    is_current: bool,
    words: String,
}

fn ready(object: &Value) -> Said {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let found = conditions.clone().find(|condition| condition["type"] == "Ready").unwrap_or(&Value::Null);
    let seen = [&found["observedGeneration"], &object["status"]["observedGeneration"]];
    let word = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    let words = if found.is_null() { "nobody has said anything of it".to_owned() } else { word("message") };
    Said {
        is_true: found["status"] == "True",
        is_false: found["status"] == "False" && word("reason") != "Progressing",
        is_current: seen.contains(&&object["metadata"]["generation"]),
        words,
    }
}

/// The path of what a Kustomization applies.
fn source(kustomization: &Value, namespace: &str) -> Result<String, SyncError> {
    let reference = &kustomization["spec"]["sourceRef"];
    let word = |key: &str| reference[key].as_str();
    let plural = match word("kind") {
        Some("GitRepository") => "gitrepositories",
        Some("OCIRepository") => "ocirepositories",
        Some("Bucket") => "buckets",
        other => {
            let what = format!("the source of {}", kustomization["metadata"]["name"].as_str().unwrap_or_default());
            return Err(SyncError::Refused { what, words: format!("its kind is {}", other.unwrap_or("missing")) });
        }
    };
    let (namespace, name) = (word("namespace").unwrap_or(namespace), word("name").unwrap_or_default());
    Ok(format!("/apis/source.toolkit.fluxcd.io/v1/namespaces/{}/{plural}/{}", escaped(namespace), escaped(name)))
}

fn good(path: &str, answer: Answer) -> Result<Answer, SyncError> {
    let what = || {
        let words: Vec<&str> = path.rsplit('/').collect();
        match words.as_slice() {
            [name, plural, namespace, ..] => format!("{plural}/{name} in {namespace}"),
            _ => path.to_owned(),
        }
    };
    if answer.is_ok() { Ok(answer) } else { Err(SyncError::of(what(), &answer)) }
}

impl fmt::Debug for Flux {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flux").field("kube", &self.kube).finish_non_exhaustive()
    }
}
