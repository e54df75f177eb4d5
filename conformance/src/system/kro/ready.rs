//! Definitions are applied, and waited for: until KRO serves the kind, and until the API server asks the admission policy. It takes the
//! API server a while to take notice of a policy, and it doesn't say when it has; so the policy is given a rule of its own that refuses
//! one name, and an object of this name is sent until it is refused in the words of that rule.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::plane::{Plane, Request, Response, condition};
use crate::subject::Subject;
use crate::system::Refused;

/// How long nothing may become ready before that is an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a definition has to be bad for KRO before it is refused: KRO tries again, and some errors pass.
const DOUBT: Duration = Duration::from_secs(3);

const PULSE: Duration = Duration::from_millis(50);

/// The namespace of the objects that are only sent to be refused.
const NAMESPACE: &str = "default";

/// What makes a service's kind.
pub(super) struct Definition {
    pub service: String,
    objects: Vec<Value>,
    /// The kind's CRD, which KRO makes.
    crd: String,
    /// Where objects of the kind are sent to.
    collection: String,
    /// An object that the policy's own rule refuses; its name changes with the definition.
    probe: Value,
    has_policy: bool,
}

impl Definition {
    /// # Errors
    /// If the text isn't YAML, or defines nothing.
    pub(super) fn read(subject: &Subject, text: &str) -> anyhow::Result<Definition> {
        let service = subject.name().to_owned();
        let objects = manifest::yaml::read_all(text).map_err(|error| anyhow::anyhow!("definitions/{service}.yaml: {error}"))?;
        let mut objects: Vec<Value> = objects.into_iter().filter(|object| !object.is_null()).collect();
        let digest: String = Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("audit-probe-{digest}");
        let mut has_policy = false;
        for policy in objects.iter_mut().filter(|object| object["kind"] == "ValidatingAdmissionPolicy") {
            let rules = policy["spec"]["validations"].as_array_mut();
            let rules = rules.with_context(|| format!("the policy of {service} has no validations"))?;
            rules.insert(0, json!({ "expression": format!("object.metadata.name != '{name}'"), "message": name }));
            has_policy = true;
        }
        let (api, made) = (&subject.platform.api, &subject.made.service);
        let probe = json!({
            "apiVersion": format!("{}/{}", api.group, api.version),
            "kind": made.kind.to_string(),
            "metadata": { "name": name, "namespace": NAMESPACE },
        });
        Ok(Definition {
            service,
            objects,
            crd: format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}.{}", made.plural, api.group),
            collection: format!("/apis/{}/{}/namespaces/{NAMESPACE}/{}", api.group, api.version, made.plural),
            probe,
            has_policy,
        })
    }

    /// Takes the definition away, with the kind.
    ///
    /// # Errors
    /// If something of it stays.
    pub(super) fn remove(&self, plane: &mut Plane) -> anyhow::Result<()> {
        for object in &self.objects {
            let path = plane.api.path(object)?;
            gone(plane, &path)?;
        }
        // KRO leaves it, since with it all releases would go.
        gone(plane, &self.crd)
    }

    fn graph(&self) -> anyhow::Result<&Value> {
        let graph = self.objects.iter().find(|object| object["kind"] == "ResourceGraphDefinition");
        graph.with_context(|| format!("definitions/{}.yaml has no ResourceGraphDefinition", self.service))
    }
}

fn gone(plane: &mut Plane, path: &str) -> anyhow::Result<()> {
    plane.api.one(Request::delete(path))?;
    plane
        .api
        .wait_for(&format!("{path} deleted"), PATIENCE, &Request::get(path), |response| (response.status == 404).then_some(()))
}

/// Applies definitions, and returns those that aren't taken when all others are in force.
///
/// # Errors
/// If nothing becomes ready for a long time, or a server ends.
pub(super) fn apply(plane: &mut Plane, definitions: &[&Definition]) -> anyhow::Result<Vec<Refused>> {
    let mut refused = Vec::new();
    let sent = send(plane, definitions, &mut refused)?;
    let served = serve(plane, sent, &mut refused)?;
    enforce(plane, served)?;
    for definition in definitions.iter().filter(|known| refused.iter().any(|refused| refused.service == known.service)) {
        definition.remove(plane)?;
    }
    Ok(refused)
}

/// Returns those that the API server takes.
fn send<'a>(
    plane: &mut Plane,
    definitions: &[&'a Definition],
    refused: &mut Vec<Refused>,
) -> anyhow::Result<Vec<&'a Definition>> {
    let (mut owners, mut requests) = (Vec::new(), Vec::new());
    for definition in definitions {
        for object in &definition.objects {
            requests.push(Request::apply(&plane.api.path(object)?, object.clone()));
            owners.push(&definition.service);
        }
    }
    for (service, response) in owners.into_iter().zip(plane.api.ask(&requests)?) {
        if !response.good() && !refused.iter().any(|known| known.service == *service) {
            refused.push(Refused { service: service.clone(), why: response.message() });
        }
    }
    let taken = |definition: &&&Definition| !refused.iter().any(|refused| refused.service == definition.service);
    Ok(definitions.iter().filter(taken).copied().collect())
}

/// Returns those whose kind KRO serves.
fn serve<'a>(
    plane: &mut Plane,
    mut waiting: Vec<&'a Definition>,
    refused: &mut Vec<Refused>,
) -> anyhow::Result<Vec<&'a Definition>> {
    let mut served = Vec::new();
    let mut doubts: Vec<(&str, Instant)> = Vec::new();
    let mut progress = Instant::now();
    while !waiting.is_empty() {
        let paths = waiting.iter().map(|definition| plane.api.path(definition.graph()?)).collect::<anyhow::Result<Vec<_>>>()?;
        let responses = plane.api.ask(&paths.into_iter().map(Request::get).collect::<Vec<_>>())?;
        let mut still = Vec::new();
        for (definition, response) in waiting.into_iter().zip(&responses) {
            match state(&response.body) {
                State::Ready => served.push(definition),
                State::Bad(why) => {
                    let known = doubts.iter().find(|(service, _)| *service == definition.service);
                    match known {
                        Some((_, since)) if since.elapsed() > DOUBT => {
                            refused.push(Refused { service: definition.service.clone(), why });
                        }
                        Some(_) => still.push(definition),
                        None => {
                            doubts.push((&definition.service, Instant::now()));
                            still.push(definition);
                        }
                    }
                }
                State::Waiting => {
                    doubts.retain(|(service, _)| *service != definition.service);
                    still.push(definition);
                }
            }
        }
        if still.len() < responses.len() {
            progress = Instant::now();
        }
        if progress.elapsed() > PATIENCE {
            plane.check()?;
            let names: Vec<&str> = still.iter().map(|definition| definition.service.as_str()).collect();
            let last = responses.last().map(|response| response.body["status"].to_string()).unwrap_or_default();
            bail!("KRO doesn't make these kinds, and doesn't say why: {}; the last one's status is {last}", names.join(", "));
        }
        waiting = still;
        std::thread::sleep(PULSE);
    }
    plane.check()?;
    Ok(served)
}

enum State {
    Waiting,
    Ready,
    Bad(String),
}

fn state(graph: &Value) -> State {
    let current = |name: &str| {
        condition(graph, name).filter(|condition| condition["observedGeneration"] == graph["metadata"]["generation"])
    };
    if current("Ready").is_some_and(|ready| ready["status"] == "True") {
        return State::Ready;
    }
    let bad = ["GraphAccepted", "KindReady"].iter().filter_map(|name| current(name));
    match bad.into_iter().find(|condition| condition["status"] == "False") {
        Some(condition) => State::Bad(condition["message"].as_str().unwrap_or_default().to_owned()),
        None => State::Waiting,
    }
}

/// Waits until the API server answers for the kinds, and asks the policies.
fn enforce(plane: &mut Plane, mut waiting: Vec<&Definition>) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !waiting.is_empty() {
        let probes = waiting.iter().map(|definition| Request::rehearse(&definition.collection, definition.probe.clone()));
        let responses = plane.api.ask(&probes.collect::<Vec<_>>())?;
        let last = responses.last().map(Response::message).unwrap_or_default();
        let mut answers = responses.iter();
        waiting.retain(|definition| !answers.next().is_some_and(|response| in_force(definition, response)));
        if !waiting.is_empty() && Instant::now() > end {
            let names: Vec<&str> = waiting.iter().map(|definition| definition.service.as_str()).collect();
            bail!("the API server doesn't ask the policies of {}; it said {last}", names.join(", "));
        }
        std::thread::sleep(PULSE);
    }
    Ok(())
}

fn in_force(definition: &Definition, response: &Response) -> bool {
    let name = definition.probe["metadata"]["name"].as_str().unwrap_or_default();
    match definition.has_policy {
        true => response.message().ends_with(name),
        false => response.status != 404,
    }
}
