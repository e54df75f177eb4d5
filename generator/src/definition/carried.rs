//! Characters that no release can have.
//!
//! KRO applies what it makes as YAML, whose decoder in the API server refuses some characters and makes a blank of U+0085: the
//! release would be admitted, and never be made as it was written.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::iter;

use super::checks::Problem;
use crate::model::{Rest, Schema, Service, Shape, Types};

/// What the policy says of them.
pub(super) fn problem() -> Problem {
    Problem {
        condition: "variables.carried".to_owned(),
        message: "spec.values: has a character that KRO can't pass on: U+007F to U+009F, U+FFFE or U+FFFF".to_owned(),
    }
}

/// Whether KRO can pass on all texts and keys of the values.
pub(super) fn variable(service: &Service) -> Value {
    let levels = depth(&service.values, &service.types, &mut BTreeMap::new());
    let whole = (0..levels).rev().fold(String::new(), |inner, level| {
        let x = match level.checked_sub(1) {
            Some(outer) => format!("w{outer}"),
            None => "variables.values".to_owned(),
        };
        let text = format!("type({x}) == string ? !{x}.matches({REFUSED})");
        match (level, inner.as_str()) {
            (0, "") => "true".to_owned(),
            (0, inner) => format!("(variables.values.map(k, dyn(k)) + variables.values.map(k, dyn(variables.values[k]))).all(w0,\n  {inner})"),
            (_, "") => format!("{text} : true"),
            (_, inner) => format!("{text} : type({x}) != map && type({x}) != list || (type({x}) == map ? {x}.map(k, dyn(k)) + {x}.map(k, {x}[k]) : {x}).all(w{level},\n  {inner})"),
        }
    });
    json!({"name": "carried", "expression": whole})
}

const REFUSED: &str = "'[\\\\x{7f}-\\\\x{9f}\\\\x{fffe}\\\\x{ffff}]'";
/// Levels of objects and lists that are looked at where the schema doesn't say what they hold.
const UNKNOWN: usize = 8;

/// How many levels of objects and lists the values have, with the texts in them.
fn depth<'a>(schema: &'a Schema, types: &'a Types, known: &mut BTreeMap<&'a str, usize>) -> usize {
    let mut inside = |schemas: &mut dyn Iterator<Item = &'a Schema>| {
        1 + schemas.map(|schema| depth(schema, types, known)).max().unwrap_or_default()
    };
    match &schema.shape {
        Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) | Shape::Text(_) => 1,
        Shape::Choice(values) if !values.iter().any(|value| value.is_array() || value.is_object()) => 1,
        Shape::Anything | Shape::Choice(_) => UNKNOWN,
        Shape::List(list) => inside(&mut iter::once(&*list.item)),
        Shape::Map(map) => inside(&mut iter::once(&*map.value)),
        Shape::Union(branches) => inside(&mut branches.iter()) - 1,
        Shape::Object(object) => {
            let fields = inside(&mut object.fields.iter().map(|field| &field.schema));
            match &object.rest {
                Rest::Closed => fields,
                Rest::Of(rest) => fields.max(inside(&mut iter::once(&**rest))),
                Rest::Unsaid | Rest::Open => fields.max(UNKNOWN),
            }
        }
        Shape::Named(name) => match known.get(name.as_str()) {
            Some(depth) => *depth,
            None => {
                // A type that holds itself has no depth of its own.
                known.insert(name, UNKNOWN);
                let depth = types.get(name).map_or(UNKNOWN, |target| depth(target, types, known));
                known.insert(name, depth);
                depth
            }
        },
    }
}
