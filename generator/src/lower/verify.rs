//! After lowering: is the bundle a schema, and does each default conform to its own?

use std::collections::HashSet;

use jsonschema::{PatternOptions, Registry};
use manifest::defaults::Defaults;
use manifest::valid::Validator;
use serde_json::{Map, Value, json};

use crate::defaults;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::json::Node;
use crate::model::{Pointer, Rest, Schema, Service, Shape};

use super::Reports;
use super::bundle::pointer_in_bundle;
use super::documents::follow;

/// Refuses a bundle that isn't a schema, and takes defaults out of the model that their own schema refuses.
pub(super) fn verify(service: &mut Service, root: &Node, reports: &mut Reports<'_>) {
    let failed = reports.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    if !matches!(service.values.shape, Shape::Object(_) | Shape::Map(_)) && !failed {
        let message = "the root of the values must be an object: `\"type\": \"object\"` with `properties`";
        let span = Span { start: root.span.start, end: root.span.start + 1 };
        reports.push(Diagnostic::new(Severity::Warning, Code::RootType, reports.at(span), message));
    }
    if let Err(error) = Validator::new(&service.bundle.schema, Defaults::default()) {
        // The same problem was found, at its token, while the schema was read.
        if failed {
            return;
        }
        let span = span(root, &error.pointer);
        reports.push(Diagnostic::new(
            Severity::Error,
            Code::Invalid,
            reports.at(span),
            format!("Helm refuses the schema: {}", error.message),
        ));
        return;
    }
    let broken = broken_defaults(service);
    for (at, default, problem) in &broken {
        let span = span(root, &format!("{}/default", at.as_str()));
        let message = format!("the default {default} breaks its own schema: {problem}; it is left out");
        reports.push(Diagnostic::new(Severity::Warning, Code::DefaultInvalid, reports.at(span), message));
    }
    let broken: HashSet<Pointer> = broken.into_iter().map(|(at, ..)| at).collect();
    let mut lints = Vec::new();
    each(service, &mut |schema| {
        if broken.contains(&schema.at) {
            schema.default = None;
        }
        if let Shape::Object(object) = &schema.shape {
            let both = object.fields.iter().filter(|field| field.required && field.schema.default.is_some());
            lints.extend(both.map(|field| (field.name.clone(), field.schema.at.clone())));
        }
    });
    for (name, at) in lints {
        let message =
            format!("`{name}` is required and has a default: it is required only after the defaults are laid, so never missing");
        let span = span(root, &format!("{}/default", at.as_str()));
        reports.push(Diagnostic::new(Severity::Note, Code::RequiredDefault, reports.at(span), message));
    }
}

/// The defaults that aren't valid where they stand, with the reason. One schema and one document for all of them.
fn broken_defaults(service: &mut Service) -> Vec<(Pointer, Value, String)> {
    let types = defaults::defaults(service).types;
    let mut found: Vec<(Pointer, Value, Value)> = Vec::new();
    let mut seen = HashSet::new();
    each(service, &mut |schema| {
        let Some(default) = schema.default.clone().filter(|_| seen.insert(schema.at.clone())) else { return };
        let own = defaults::node(&Schema { default: None, ..schema.clone() });
        let effective = Defaults { root: own, types: types.clone() }.effective(&default);
        found.push((schema.at.clone(), default, effective));
    });
    let mut properties = Map::new();
    let mut document = Map::new();
    for (index, (at, _, effective)) in found.iter().enumerate() {
        let pointer = pointer_in_bundle(at.as_str(), &service.bundle.schema);
        // Where lowering split a place (a type of several), the pointer has no schema of its own.
        if service.bundle.schema.pointer(&pointer).is_some() {
            properties.insert(index.to_string(), json!({"$ref": format!("trefoil:bundle#{}", encoded(&pointer))}));
            document.insert(index.to_string(), effective.clone());
        }
    }
    let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": properties});
    let mut broken = Vec::new();
    let Some(validator) = compile(&schema, service.bundle.schema.clone()) else { return broken };
    for error in validator.iter_errors(&Value::Object(document)) {
        let path = error.instance_path().to_string();
        let mut steps = path.split('/').skip(1);
        let index = steps.next().and_then(|step| step.parse::<usize>().ok());
        let Some((at, default, _)) = index.and_then(|index| found.get(index)) else { continue };
        if broken.iter().all(|(known, ..)| known != at) {
            let inner: Vec<&str> = steps.collect();
            let place = if inner.is_empty() { String::new() } else { format!("at /{}: ", inner.join("/")) };
            broken.push((at.clone(), default.clone(), format!("{place}{error}")));
        }
    }
    broken
}

fn compile(schema: &Value, bundle: Value) -> Option<jsonschema::Validator> {
    let bundle = without_id(bundle);
    let registry = Registry::new().add("trefoil:bundle", bundle).ok()?.prepare().ok()?;
    let options = jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex())
        .should_ignore_unknown_formats(true)
        .without_content_media_type_support("application/json")
        .without_content_encoding_support("base64");
    options.with_registry(&registry).build(schema).ok()
}

/// A document is known by its `$id` before it is known by the name that it is registered under.
fn without_id(bundle: Value) -> Value {
    match bundle {
        Value::Object(mut members) => {
            members.shift_remove("$id");
            members.shift_remove("id");
            Value::Object(members)
        }
        other => other,
    }
}

/// A pointer as a URI's fragment (RFC 6901 §6).
fn encoded(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b'$' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The token at a pointer, or the nearest that is there.
fn span(root: &Node, pointer: &str) -> Span {
    let mut pointer = pointer;
    loop {
        if let Some((node, _)) = follow(root, pointer) {
            let end = if node.is_object() && !pointer.is_empty() { node.span.start + 1 } else { node.span.end };
            return Span { start: node.span.start, end };
        }
        match pointer.rfind('/') {
            Some(end) => pointer = pointer.get(..end).unwrap_or_default(),
            None => return Span { start: root.span.start, end: root.span.start + 1 },
        }
    }
}

/// Every schema of the values' shapes; conditions don't default.
fn each(service: &mut Service, visit: &mut impl FnMut(&mut Schema)) {
    below(&mut service.values, visit);
    for schema in service.types.values_mut() {
        below(schema, visit);
    }
}

fn below(schema: &mut Schema, visit: &mut impl FnMut(&mut Schema)) {
    visit(schema);
    match &mut schema.shape {
        Shape::List(list) => below(&mut list.item, visit),
        Shape::Map(map) => below(&mut map.value, visit),
        Shape::Union(branches) => branches.iter_mut().for_each(|branch| below(branch, visit)),
        Shape::Object(object) => {
            object.fields.iter_mut().for_each(|field| below(&mut field.schema, visit));
            if let Rest::Of(rest) = &mut object.rest {
                below(rest, visit);
            }
        }
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => {}
        Shape::Text(_) | Shape::Choice(_) | Shape::Named(_) => {}
    }
}
