//! Can the branches of an `anyOf` or a `oneOf` be told apart by looking at a value? Then they are a union.

use serde_json::Value;

use crate::model::{Schema, Shape};

/// Whether the branches differ in JSON type, or are objects that differ in a constant tag.
pub(super) fn told_apart(branches: &[Schema]) -> bool {
    let kinds: Option<Vec<&'static str>> = branches.iter().map(kind).collect();
    if let Some(kinds) = &kinds {
        let numbers = kinds.iter().filter(|kind| matches!(**kind, "integer" | "number")).count();
        let mut unique = kinds.clone();
        unique.sort_unstable();
        unique.dedup();
        if unique.len() == kinds.len() && numbers < 2 {
            return true;
        }
    }
    tagged(branches)
}

/// The JSON type of a branch, if it has exactly one and says so.
fn kind(schema: &Schema) -> Option<&'static str> {
    if schema.nullable || schema.implied && !matches!(schema.shape, Shape::Choice(_)) {
        return None;
    }
    Some(match &schema.shape {
        Shape::Boolean => "boolean",
        Shape::Integer(_) => "integer",
        Shape::Number(_) => "number",
        Shape::Text(_) => "string",
        Shape::List(_) => "array",
        Shape::Map(_) | Shape::Object(_) => "object",
        Shape::Choice(values) if values.iter().all(Value::is_string) => "string",
        Shape::Choice(values) if values.iter().all(Value::is_boolean) => "boolean",
        Shape::Choice(_) | Shape::Anything | Shape::Nothing | Shape::Union(_) | Shape::Named(_) => return None,
    })
}

/// A property that every branch requires with a constant of its own.
fn tagged(branches: &[Schema]) -> bool {
    let Some(first) =
        branches.first().and_then(Schema::object).filter(|_| branches.iter().all(|branch| !branch.implied && !branch.nullable))
    else {
        return false;
    };
    first.fields.iter().any(|tag| {
        let mut seen: Vec<&Value> = Vec::new();
        branches.iter().all(|branch| {
            let field = branch
                .object()
                .and_then(|object| object.field(&tag.name))
                .filter(|field| field.required && !field.schema.nullable);
            match field.map(|field| &field.schema.shape) {
                Some(Shape::Choice(values)) if values.iter().all(|value| value.is_string() && !seen.contains(&value)) => {
                    seen.extend(values);
                    true
                }
                _ => false,
            }
        })
    })
}
