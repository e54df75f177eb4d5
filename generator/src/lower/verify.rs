//! After lowering: is the bundle a schema, and does each default conform to its own?

use std::collections::HashSet;

use manifest::defaults::Defaults;
use manifest::valid::{self, Validator};
use serde_json::Value;

use crate::defaults;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::json::Node;
use crate::model::{Pointer, Schema, Service, Shape};

use super::Reports;
use super::bundle::{Names, pointer_in_bundle};
use super::documents::follow;
use super::meet::{admits, admits_type};
use super::number::within;

/// Refuses a bundle that isn't a schema, and takes defaults out of the model that their own schema refuses.
pub(super) fn verify(service: &mut Service, names: &Names, root: &Node, reports: &mut Reports<'_>) {
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
    let broken = broken_defaults(service, names);
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
fn broken_defaults(service: &mut Service, names: &Names) -> Vec<(Pointer, Value, String)> {
    let types = defaults::defaults(service).types;
    let mut found: Vec<(Pointer, Value, Value)> = Vec::new();
    let mut seen = HashSet::new();
    each(service, &mut |schema| {
        let Some(default) = schema.default.clone().filter(|default| !conforms(schema, default)) else { return };
        if !seen.insert(schema.at.clone()) {
            return;
        }
        let own = defaults::node(&Schema { default: None, ..schema.clone() });
        let effective = Defaults { root: own, types: types.clone() }.effective(&default);
        found.push((schema.at.clone(), default, effective));
    });
    // Where lowering split a place (a type of several), the pointer has no schema of its own.
    let asked: Vec<(String, Value)> =
        found.iter().map(|(at, _, effective)| (pointer_in_bundle(at.as_str(), names), effective.clone())).collect();
    let refused = valid::refused(&service.bundle.schema, &asked).into_iter();
    refused
        .filter_map(|refused| found.get(refused.index).map(|(at, default, _)| (at.clone(), default.clone(), refused.reason)))
        .collect()
}

/// Whether a default can be seen to be valid; most are so plain that no validator has to be asked.
fn conforms(schema: &Schema, default: &Value) -> bool {
    let plain = match (&schema.shape, default) {
        (Shape::Choice(values), default) => values.contains(default),
        (Shape::List(list), Value::Array(items)) => {
            let different = !list.unique || items.len() < 2;
            different && within(items.len(), list.size.min, list.size.max) && items.iter().all(|item| conforms(&list.item, item))
        }
        (Shape::Map(map), Value::Object(entries)) => entries.is_empty() && within(0, map.size.min, map.size.max),
        (shape, default) => admits_type(shape, default) == Some(true) && admits(shape, default) == Some(true),
    };
    plain && schema.rules.is_empty()
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
    schema.shape.schemas_mut().into_iter().for_each(|inner| below(inner, visit));
}
