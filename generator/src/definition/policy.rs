//! The admission policy: what the API's schema can't say, with a sentence for each rule.

use manifest::identity::HELM_RELEASE_MAX;
use manifest::name::ServiceName;
use manifest::platform::{FailurePolicy, Platform};
use serde_json::{Value, json};

use super::carried;
use super::cel;
use super::checks::Problem;
use crate::model::{Service, Shape};

/// Characters of one variable: cel-go reads expressions of up to 100,000.
const CHUNK: usize = 20_000;

/// The policy of a service and its binding.
pub(super) fn documents(service: &Service, platform: &Platform, problems: &[Problem]) -> [Value; 2] {
    let name = format!("{}.{}", service.plural, platform.api.group);
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": match platform.admission.failure_policy {
                FailurePolicy::Fail => "Fail",
                FailurePolicy::Ignore => "Ignore",
            },
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [platform.api.group],
                "apiVersions": [platform.api.version],
                "operations": ["CREATE", "UPDATE"],
                "resources": [service.plural],
            }]},
            "matchConditions": [
                // KRO's own updates, of finalizers and labels, have to pass whatever the values are.
                {"name": "values-change", "expression": "request.operation != 'UPDATE' || has(object.spec) != has(oldObject.spec) || has(object.spec) && object.spec != oldObject.spec"},
                {"name": "not-being-deleted", "expression": "!has(object.metadata.deletionTimestamp)"},
            ],
            "variables": variables(service, platform, problems),
            "validations": [
                {"expression": "has(object.spec)", "message": "spec is required: it holds the values"},
                {
                    "expression": "variables.problems.size() == 0",
                    "message": "the values break rules of the service",
                    // The API server doesn't use a message of more than 5 KiB.
                    "messageExpression": "variables.text.size() <= 1200 ? variables.text : variables.text.substring(0, 1200) + '…'",
                },
            ],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    [policy, binding]
}

fn variables(service: &Service, platform: &Platform, problems: &[Problem]) -> Vec<Value> {
    let values = |object: &str| format!("has({object}.spec) && has({object}.spec.values) ? {object}.spec.values : dyn({{}})");
    let mut variables = vec![json!({"name": "values", "expression": values("object")})];
    if problems.iter().any(|problem| problem.condition.contains("variables.before")) {
        let before = format!("request.operation == 'UPDATE' && {}", values("oldObject"));
        variables.push(json!({"name": "before", "expression": before}));
    }
    variables.push(carried::variable(service));
    let mut chunks: Vec<Vec<String>> = Vec::new();
    let mut room = 0;
    for Problem { condition, message } in [carried::problem()].iter().chain(&identity(service, platform)).chain(problems) {
        // The API server doesn't use a message with a line break.
        let line = format!("{condition} ? '' : {}", cel::text(&message.replace('\n', " ")));
        // The API server has a limit of its own for what each variable costs.
        let alone = condition.contains(cel::PAIRWISE);
        match chunks.last_mut().filter(|_| !alone && line.len() <= room) {
            Some(chunk) => {
                room -= line.len();
                chunk.push(line);
            }
            None => {
                room = if alone { 0 } else { CHUNK.saturating_sub(line.len()) };
                chunks.push(vec![line]);
            }
        }
    }
    let names: Vec<_> = (1..=chunks.len()).map(|number| format!("problems{number}")).collect();
    for (name, lines) in names.iter().zip(&chunks) {
        variables.push(json!({"name": name, "expression": format!("[\n  {}\n]", lines.join(",\n  "))}));
    }
    let sum: Vec<_> = names.iter().map(|name| format!("variables.{name}")).collect();
    variables.push(json!({"name": "problems", "expression": format!("({}).filter(m, m != '')", sum.join(" + "))}));
    variables.push(json!({"name": "text", "expression": "variables.problems.join('; ')"}));
    variables
}

/// Name and namespace follow from the values, where the values have them ([`manifest::identity`]).
fn identity(service: &Service, platform: &Platform) -> Vec<Problem> {
    let max = HELM_RELEASE_MAX.saturating_sub(service.longest_child());
    let mut problems = vec![Problem {
        condition: format!("size(object.metadata.name) <= {max}"),
        message: format!("metadata.name: must have at most {max} characters"),
    }];
    let values = service.values.resolve(&service.types).object();
    let has = |name: &str| {
        let field = values.and_then(|object| object.field(name));
        field.is_some_and(|field| matches!(field.schema.resolve(&service.types).shape, Shape::Text(_)))
    };
    let is_tenant = service.name == ServiceName::tenant();
    let template = if is_tenant { &platform.naming.tenant } else { &platform.naming.release };
    problems.extend(agrees("object.metadata.name", "metadata.name", template, service, has));
    let namespace = if is_tenant { &platform.namespaces.platform } else { &platform.namespaces.tenant };
    if is_tenant || has("tenant") {
        problems.extend(agrees("object.metadata.namespace", "metadata.namespace", namespace, service, has));
    }
    problems
}

/// `x` is what the template makes of the values. Where the values don't have all of it, it begins and ends as the template does.
fn agrees(x: &str, called: &str, template: &str, service: &Service, has: impl Fn(&str) -> bool) -> Option<Problem> {
    let text = template.replace("{service}", service.name.as_str());
    let shown = text.replace("{tenant}", "<spec.values.tenant>").replace("{name}", "<spec.values.name>");
    let unsaid: Vec<&str> = ["{tenant}", "{name}"].into_iter().filter(|hole| !has(hole.trim_matches(['{', '}']))).collect();
    let first = unsaid.iter().filter_map(|hole| text.find(hole)).min();
    let last = unsaid.iter().filter_map(|hole| Some(text.rfind(hole)? + hole.len())).max();
    let (conditions, words) = match (first, last) {
        (Some(first), Some(last)) => {
            let sides = [("startsWith", "begin with", &text[..first]), ("endsWith", "end with", &text[last..])];
            let sides = sides.into_iter().filter(|(.., part)| part.contains('{'));
            let part = |part: &str| part.replace("{tenant}", "<spec.values.tenant>").replace("{name}", "<spec.values.name>");
            let said: Vec<(String, String)> = sides
                .map(|(call, words, side)| (made(side, |made| format!("{x}.{call}({made})")), format!("{words} {}", part(side))))
                .collect();
            said.into_iter().unzip::<String, String, Vec<_>, Vec<_>>()
        }
        _ => (vec![made(&text, |made| format!("{x} == {made}"))], vec![format!("be {shown}")]),
    };
    let message = format!("{called}: must {}", words.join(" and "));
    let condition = conditions.iter().map(|condition| format!("({condition})")).collect::<Vec<_>>().join(" && ");
    let condition = if let [only] = conditions.as_slice() { only.clone() } else { condition };
    (!conditions.is_empty()).then_some(Problem { condition, message })
}

/// What is asked of the text that a template makes of the values, if they are there.
fn made(template: &str, asked: impl Fn(&str) -> String) -> String {
    let mut text = template.to_owned();
    let mut parts = Vec::new();
    let mut guards = Vec::new();
    while let Some((before, rest)) = text.split_once('{') {
        let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
        if !before.is_empty() {
            parts.push(cel::text(before));
        }
        parts.push(cel::get("variables.values", name));
        guards.push(format!("!{}", cel::has("variables.values", name)));
        text = after.to_owned();
    }
    if !text.is_empty() || parts.is_empty() {
        parts.push(cel::text(&text));
    }
    [guards, vec![asked(&parts.join(" + "))]].concat().join(" || ")
}
