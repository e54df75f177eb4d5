//! The typed API: a real API server with a real KRO, and the admission policies beside it.

mod manifests;
mod ready;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::document;
use crate::object::object;
use crate::plane::{Plane, Request};
use crate::subject::{Subject, View};
use crate::system::{Answer, ManifestVerdict, Refused, System};
use generator::ledger::Target;
use generator::model::{Schema, Service, Shape};

/// KRO in a control plane of its own.
pub(crate) struct Kro {
    pub plane: Plane,
    /// How objects are sent.
    way: Way,
    release: Release,
    /// What is applied, by service.
    applied: BTreeMap<String, String>,
    namespaces: BTreeSet<String>,
}

/// A release of KRO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    V094,
    V093,
}

/// How an object comes to the API server. The server drops a null of a plain write, and refuses that of an applied object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As `kubectl create` and `kubectl apply` do, and Argo CD.
    Create,
    /// As Flux does, and `kubectl apply --server-side`.
    Apply,
}

impl Release {
    /// The program's word, which is that of its CRDs, too.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Release::V094 => "kro-0.9.4",
            Release::V093 => "kro-0.9.3",
        }
    }
}

impl Kro {
    /// Starts a control plane with KRO and what its definitions speak of.
    ///
    /// # Errors
    /// If a program isn't installed or ends early.
    pub(crate) fn start(release: Release) -> anyhow::Result<Kro> {
        let mut plane = Plane::start()?;
        for project in [release.program(), "helm-controller", "source-controller"] {
            plane.crds(project)?;
        }
        let arguments = [
            "--metrics-bind-address=0",
            "--health-probe-bind-address=0",
            // What waits for the API server is looked at sooner, and many definitions come at once.
            "--rgd-progress-requeue-delay=200ms",
            "--resource-graph-definition-concurrent-reconciles=8",
            "--graph-revision-concurrent-reconciles=4",
            "--client-qps=1000",
            "--client-burst=1000",
        ];
        plane.controller(release.program(), &arguments, &[])?;
        Ok(Kro { plane, way: Way::Create, release, applied: BTreeMap::new(), namespaces: BTreeSet::new() })
    }

    /// Makes the namespaces of objects that aren't there yet.
    fn make_namespaces(&mut self, objects: &[Value]) -> anyhow::Result<()> {
        let named = objects.iter().filter_map(|object| object["metadata"]["namespace"].as_str());
        let new: BTreeSet<String> = named.filter(|name| !self.namespaces.contains(*name)).map(str::to_owned).collect();
        self.plane.namespaces(&new.iter().cloned().collect::<Vec<_>>())?;
        self.namespaces.extend(new);
        Ok(())
    }
}

impl System for Kro {
    fn name(&self) -> &'static str {
        "kro"
    }

    fn version(&self) -> String {
        let version = |name: &str| crate::install::program(name).map_or("", |program| program.version);
        format!("KRO {} on Kubernetes {}", version(self.release.program()), version("kube-apiserver"))
    }

    fn view(&self) -> View {
        View::Release
    }

    fn target(&self) -> Option<Target> {
        Some(Target::Kro)
    }

    /// A service whose definition changed since is taken away first: KRO updates a CRD only where it sees a difference.
    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        let mut wanted = Vec::new();
        for subject in subjects.iter().filter(|subject| subject.gives(Target::Kro)) {
            let text = subject.file(&format!("definitions/{}.yaml", subject.name()))?;
            if self.applied.get(subject.name()).is_some_and(|applied| applied == text) {
                continue;
            }
            let definition = ready::Definition::read(subject, text)?;
            if self.applied.remove(subject.name()).is_some() {
                definition.remove(&mut self.plane)?;
            }
            wanted.push((text, definition));
        }
        let definitions: Vec<&ready::Definition> = wanted.iter().map(|(_, definition)| definition).collect();
        let refused = ready::apply(&mut self.plane, &definitions).context("definitions can't be made ready")?;
        for (text, definition) in &wanted {
            self.applied.insert(definition.service.clone(), (*text).to_owned());
        }
        Ok(refused)
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let objects: Vec<Value> = documents.iter().map(|document| object(subject, document)).collect();
        self.make_namespaces(&objects)?;
        let (api, plural) = (&subject.platform.api, &subject.made.service.plural);
        let requests = objects.into_iter().map(|object| {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
            let path = format!("/apis/{}/{}/namespaces/{namespace}/{plural}", api.group, api.version);
            match self.way {
                Way::Create => Request::rehearse(&path, object),
                Way::Apply => {
                    let name = object["metadata"]["name"].as_str().unwrap_or_default();
                    Request::rehearse_apply(&format!("{path}/{name}"), object)
                }
            }
        });
        let responses = self.plane.api.ask(&requests.collect::<Vec<_>>()).and_then(|responses| {
            // The API is gone, which is no verdict.
            let gone = responses.iter().find(|response| response.status == 404);
            ensure!(gone.is_none(), "{}: {}", subject.name(), gone.map(|gone| gone.message()).unwrap_or_default());
            Ok(responses)
        });
        match responses {
            Ok(responses) => responses.iter().map(verdict::read).collect(),
            Err(error) => {
                self.plane.check()?;
                Err(error)
            }
        }
    }

    /// The same documents, applied as `kubectl apply --server-side` and Argo CD do it. Those with a null aren't among them
    /// (see [`Way`]), nor those with unknown keys that no such write sees ([`generator::ledger::Habit::Keyless`]).
    fn sample(&mut self, subject: &Subject, documents: &[&Value], answers: &[Answer]) -> anyhow::Result<Vec<String>> {
        let mut open: Vec<(&Value, &Answer)> = documents.iter().copied().zip(answers).collect();
        let unseen = |answer: &Answer| answer.messages.iter().any(|message| is_keyless(&subject.made.service, message));
        open.retain(|(document, created)| !holds_null(document) && !unseen(created));
        let mut different = Vec::new();
        // The server learns the types of a new API for applied objects some seconds after it serves it.
        for pause in [0, 2, 4, 8, 16] {
            std::thread::sleep(Duration::from_secs(pause));
            self.way = Way::Apply;
            let applied = self.ask(subject, &open.iter().map(|(document, _)| *document).collect::<Vec<_>>());
            self.way = Way::Create;
            different = open.iter().copied().zip(applied?).filter(|((_, created), applied)| differs(created, applied)).collect();
            open = different.iter().map(|(one, _)| *one).collect();
            if open.is_empty() {
                break;
            }
        }
        let word = |answer: &Answer| if answer.accepted { "accepted".to_owned() } else { answer.messages.join("; ") };
        Ok(different
            .into_iter()
            .map(|((document, created), applied)| format!("{document}: created: {}; applied: {}", word(created), word(&applied)))
            .collect())
    }

    fn manifests(&mut self, subject: &Subject, release: &document::Release<'_>) -> anyhow::Result<Vec<ManifestVerdict>> {
        manifests::ask(self, subject, release)
    }
}

fn differs(created: &Answer, applied: &Answer) -> bool {
    created.accepted != applied.accepted || created.kept != applied.kept
}

/// Whether a message is about an unknown field of an object for which none is declared.
fn is_keyless(service: &Service, message: &str) -> bool {
    let path = message.strip_prefix("unknown field \"spec.values.").and_then(|rest| rest.split('"').next());
    let Some((steps, _)) = path.map(|path| path.rsplit_once('.').unwrap_or(("", path))) else { return false };
    let mut at = service.values.resolve(&service.types);
    for step in steps.split('.').filter(|step| !step.is_empty()) {
        let (key, items) = step.split_once('[').map_or((step, 0), |(key, rest)| (key, rest.split('[').count()));
        let Some(below) = below(at, key) else { return false };
        at = below.resolve(&service.types);
        for _ in 0..items {
            let Shape::List(list) = &at.shape else { return false };
            at = list.item.resolve(&service.types);
        }
    }
    at.object().is_some_and(|object| object.fields.is_empty())
}

fn below<'s>(schema: &'s Schema, key: &str) -> Option<&'s Schema> {
    match &schema.shape {
        Shape::Object(object) => object.field(key).map(|field| &field.schema),
        Shape::Map(map) => Some(&map.value),
        _ => None,
    }
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
