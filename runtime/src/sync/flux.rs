//! Flux, over the API of Kubernetes: <https://fluxcd.io/flux/components/kustomize/kustomizations/>.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use manifest::Platform;
use manifest::layout::Located;
use serde_json::{Value, json};

use super::{Kube, Lineage, State, Status, SyncError};
use crate::herald::Changed;
use crate::id::CommitId;
use crate::rest::{Method, escaped};

/// Flux: the Kustomizations that `flux` of the platform's settings names apply the releases.
#[derive(Clone)]
pub struct Flux {
    kube: Kube,
    platform: Platform,
    /// For which push each source was asked last.
    asked: Arc<Mutex<HashMap<String, CommitId>>>,
}

impl Flux {
    /// In a cluster.
    #[must_use]
    pub fn new(kube: Kube, platform: &Platform) -> Flux {
        Flux { kube, platform: platform.clone(), asked: Arc::default() }
    }

    /// The Kustomizations: which of them a release concerns, only they know.
    pub(super) fn targets(&self, releases: &[Changed]) -> BTreeMap<String, bool> {
        let is_deleted = releases.iter().any(|release| release.is_deleted);
        self.platform.flux.kustomizations.iter().map(|name| (name.clone(), is_deleted)).collect()
    }

    /// Asks for a Kustomization's source to be looked at: what is found there reaches it by itself.
    pub(super) fn tell(&self, name: &str, tip: CommitId) -> Result<(), SyncError> {
        let path = self.source(&self.kustomization(name)?)?.path;
        // Several may have one source.
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.get(&path) != Some(&tip) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
            // Anything that wasn't there before will do; Flux compares it and nothing else.
            let body = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": now.to_string() } } });
            let answer = self.kube.rest.send(Method::Patch, &path, "application/merge-patch+json", Some(&body))?;
            SyncError::good(called(&path), answer)?;
            asked.insert(path, tip);
        }
        Ok(())
    }

    pub(super) fn status(&self, located: &Located, lineage: &mut Lineage<'_>) -> Result<Status, SyncError> {
        for name in &self.platform.flux.kustomizations {
            let kustomization = self.kustomization(name)?;
            let called = format!("the Kustomization {name}");
            let source = self.source(&kustomization)?;
            if !source.is_git {
                let words = "its source isn't a GitRepository, and says nothing of commits".to_owned();
                return Err(SyncError::Refused { what: called, words });
            }
            if let Some(behind) = behind(&kustomization, &called, lineage)? {
                if is_suspended(&kustomization) {
                    return Ok(Status::new(State::Failed, format!("{called} is suspended")));
                }
                // It may wait for a source that can't be had.
                let source = self.get(&source.path)?;
                let said = ready(&source);
                return Ok(match (is_suspended(&source), said.is_false) {
                    (true, _) => Status::new(State::Failed, format!("the source of {called} is suspended")),
                    (_, true) => Status::new(State::Degraded, format!("the source of {called}: {}", said.words)),
                    _ => behind,
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
        // Of a kind that the cluster doesn't know, nothing can be said.
        if answer.status == 404 && answer.body["details"]["name"] == name.as_str() {
            return Ok(Status::new(State::Gone, format!("{what} isn't there")));
        }
        let object = SyncError::good(what.clone(), answer)?;
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

    fn kustomization(&self, name: &str) -> Result<Value, SyncError> {
        let namespace = escaped(&self.platform.flux.namespace);
        self.get(&format!("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{namespace}/kustomizations/{}", escaped(name)))
    }

    fn get(&self, path: &str) -> Result<Value, SyncError> {
        SyncError::good(called(path), self.kube.rest.json(Method::Get, path, None)?)
    }

    /// What a Kustomization applies.
    fn source(&self, kustomization: &Value) -> Result<Source, SyncError> {
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
        let (namespace, name) = (word("namespace").unwrap_or(&self.platform.flux.namespace), word("name").unwrap_or_default());
        let path = format!("/apis/source.toolkit.fluxcd.io/v1/namespaces/{}/{plural}/{}", escaped(namespace), escaped(name));
        Ok(Source { path, is_git: plural == "gitrepositories" })
    }
}

struct Source {
    path: String,
    /// Whether its revisions are commits.
    is_git: bool,
}

fn is_suspended(object: &Value) -> bool {
    object["spec"]["suspend"] == true
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

/// An object, as its path names it.
fn called(path: &str) -> String {
    let words: Vec<&str> = path.rsplit('/').collect();
    match words.as_slice() {
        [name, plural, namespace, ..] => format!("{plural}/{name} in {namespace}"),
        _ => path.to_owned(),
    }
}

impl fmt::Debug for Flux {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flux").field("kube", &self.kube).finish_non_exhaustive()
    }
}
