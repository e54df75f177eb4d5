//! What people read: the policy's sentences, and what becomes of notes.

pub(super) use crate::ledger::MANY;
use crate::ledger::Outcome;
use crate::model::{Bound, Check, Object, Pattern, Schema, Shape, Text, Types};
use serde_json::Value;

/// What becomes of a note that is for other systems.
pub(super) fn note(keyword: &str) -> Outcome {
    match keyword {
        "examples" => Outcome::Lost("SimpleSchema has no examples".to_owned()),
        "x-ui.order" => Outcome::Lost("the API has no order".to_owned()),
        "x-ui.platformOwned" => Outcome::Moved("the platform sets it in the chart's values".to_owned()),
        "x-ui.secretRef" => Outcome::Rewritten("a reference to a Secret".to_owned()),
        _ => Outcome::Lost("the API has no form".to_owned()),
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("`{name}`")
}

pub(super) fn kind(shape: &Shape, nullable: bool) -> &'static str {
    match (shape, nullable) {
        (Shape::Boolean, false) => "must be true or false",
        (Shape::Boolean, true) => "must be true, false or null",
        (Shape::Integer(_), false) => "must be an integer",
        (Shape::Integer(_), true) => "must be an integer or null",
        (Shape::Number(_), false) => "must be a number",
        (Shape::Number(_), true) => "must be a number or null",
        (Shape::Text(_), false) => "must be a string",
        (Shape::Text(_), true) => "must be a string or null",
        (Shape::List(_), false) => "must be a list",
        (Shape::List(_), true) => "must be a list or null",
        (Shape::Map(_) | Shape::Object(_), false) => "must be an object",
        (Shape::Map(_) | Shape::Object(_), true) => "must be an object or null",
        (Shape::Anything | Shape::Nothing | Shape::Choice(_) | Shape::Union(_) | Shape::Named(_), _) => "has the wrong type",
    }
}

pub(super) fn choice(values: &[Value]) -> String {
    match values {
        [value] => format!("must be {value}"),
        values => format!("must be one of {}", listed(values.iter().map(Value::to_string))),
    }
}

pub(super) fn limit(bound: &Bound, side: char) -> String {
    let how = match (side, bound.exclusive) {
        ('>', false) => "at least",
        ('>', true) => "more than",
        (_, false) => "at most",
        (_, true) => "less than",
    };
    format!("must be {how} {}", bound.value)
}

pub(super) fn size(how: &str, size: Option<u64>, of: &str) -> String {
    format!("must have {how} {} {of}", size.unwrap_or_default())
}

pub(super) fn pattern(pattern: &Pattern) -> String {
    format!("must match {}", cut(&pattern.source))
}

pub(super) fn keys(key: &Text) -> String {
    match key.patterns.as_slice() {
        [] => "has a key of the wrong length".to_owned(),
        patterns => format!("every key must match {}", listed(patterns.iter().map(|pattern| cut(&pattern.source)))),
    }
}

pub(super) fn closed(object: &Object) -> String {
    match object.fields.is_empty() {
        true => "must be empty".to_owned(),
        false => format!("has a key other than {}", listed(object.fields.iter().map(|field| quoted(&field.name)))),
    }
}

pub(super) fn union(branches: &[Schema], types: &Types) -> String {
    let kinds = branches.iter().map(|branch| match &branch.resolve(types).shape {
        Shape::Boolean => "true or false".to_owned(),
        Shape::Integer(_) => "an integer".to_owned(),
        Shape::Number(_) => "a number".to_owned(),
        Shape::Text(_) => "a string".to_owned(),
        Shape::List(_) => "a list".to_owned(),
        Shape::Map(_) | Shape::Object(_) => "an object".to_owned(),
        Shape::Choice(values) => listed(values.iter().map(Value::to_string)),
        Shape::Anything | Shape::Nothing | Shape::Union(_) | Shape::Named(_) => "another value".to_owned(),
    });
    format!("must be one of these, within their limits: {}", listed(kinds))
}

/// What a rule asks, for people.
pub(super) fn rule(check: &Check, types: &Types) -> String {
    match check {
        Check::AllOf(branches) => format!("all of these must hold: {}", conditions(branches, types, "; ")),
        Check::AnyOf(branches) => format!("at least one of these must hold: {}", conditions(branches, types, "; or ")),
        Check::OneOf(branches) => format!("exactly one of these must hold: {}", conditions(branches, types, "; or ")),
        Check::Not(schema) => format!("this must not hold: {}", condition(schema, types)),
        Check::If { condition: when, then, otherwise } => {
            let then = then.as_ref().map(|schema| format!("if {}, then {}", condition(when, types), condition(schema, types)));
            let otherwise =
                otherwise.as_ref().map(|schema| format!("unless {}, {}", condition(when, types), condition(schema, types)));
            then.into_iter().chain(otherwise).collect::<Vec<_>>().join("; ")
        }
        Check::DependentRequired { key, needs } => {
            format!("with {} goes {}", quoted(key), listed(needs.iter().map(|need| quoted(need))))
        }
        Check::DependentSchema { key, schema } => format!("if {} is given, then {}", quoted(key), condition(schema, types)),
        Check::Contains { item, min, max } => {
            let item = condition(item, types);
            match max {
                Some(max) => format!("{min} to {max} items must satisfy: {item}"),
                None => format!("at least {min} of the items must satisfy: {item}"),
            }
        }
        Check::MultipleOf(step) => format!("must be a multiple of {step}"),
        Check::Tuple { .. } => "the items aren't what their positions ask for".to_owned(),
        Check::Keys(key) => keys(key),
        Check::KeyPatterns(patterns) => {
            let patterns = listed(patterns.iter().map(|(pattern, _)| cut(&pattern.source)));
            format!("a value isn't what its key asks for, of those that match {patterns}")
        }
        Check::Cel(rule) => format!("this must hold: {}", cut(rule)),
        Check::Opaque(keyword) => format!("breaks `{keyword}`"),
    }
}

fn conditions(branches: &[Schema], types: &Types, between: &str) -> String {
    branches.iter().map(|branch| condition(branch, types)).collect::<Vec<_>>().join(between)
}

/// A condition in words, one level deep.
fn condition(schema: &Schema, types: &Types) -> String {
    let schema = schema.resolve(types);
    let said: Vec<_> = match &schema.shape {
        Shape::Object(object) => object
            .fields
            .iter()
            .filter_map(|field| {
                let name = quoted(&field.name);
                match (&field.schema.resolve(types).shape, field.required) {
                    (Shape::Anything, true) => Some(format!("{name} is given")),
                    (Shape::Anything, false) => None,
                    (Shape::Nothing, _) => Some(format!("{name} isn't given")),
                    _ => Some(format!("{name} {}", predicate(&field.schema, types))),
                }
            })
            .collect(),
        _ => vec![predicate(schema, types)],
    };
    match said.is_empty() {
        true => format!("what {} says", schema.at),
        false => said.join(" and "),
    }
}

fn predicate(schema: &Schema, types: &Types) -> String {
    match &schema.resolve(types).shape {
        Shape::Choice(values) => match values.as_slice() {
            [value] => format!("is {}", cut(&value.to_string())),
            values => format!("is one of {}", listed(values.iter().map(Value::to_string))),
        },
        Shape::Text(text) => match text.patterns.as_slice() {
            [pattern] => format!("matches {}", cut(&pattern.source)),
            _ => format!("is what {} says", schema.at),
        },
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => {
            format!("is what {} says", schema.at)
        }
        Shape::List(_) | Shape::Map(_) | Shape::Object(_) | Shape::Union(_) | Shape::Named(_) => {
            format!("is what {} says", schema.at)
        }
    }
}

/// At most ten of them.
fn listed(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<_> = words.map(|word| cut(&word)).collect();
    let more = words.len() > 10;
    words.truncate(10);
    match more {
        true => format!("{}, …", words.join(", ")),
        false => words.join(", "),
    }
}

/// At most 120 characters, without line breaks.
fn cut(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    match line.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
