//! Keywords as they are put together.

use serde_json::{Value, json};

use super::Keywords;
use crate::ledger::Outcome;
use crate::model::{Bound, Bounds, Check, Pattern, Schema, Size, Text};

/// The rule that refuses what no pattern admits: it closes the object as `additionalProperties: false` beside the patterns.
pub(super) fn closed_beside_patterns(schema: &Schema) -> bool {
    let has = |test: fn(&Check) -> bool| schema.rules.iter().any(|rule| test(&rule.check));
    has(|check| matches!(check, Check::KeyPatterns(_)))
        && has(|check| matches!(check, Check::Opaque(word) if word == "additionalProperties"))
}

pub(super) fn keywords(value: Value) -> Keywords {
    match value {
        Value::Object(map) => map,
        _ => Keywords::new(),
    }
}

/// Says a keyword, unless its schema says nothing.
pub(super) fn say(out: &mut Keywords, keyword: &str, schema: Keywords) {
    if !schema.is_empty() {
        out.insert(keyword.to_owned(), Value::Object(schema));
    }
}

/// Adds keywords; where one of them is taken, all of them in a schema of their own.
pub(super) fn add(out: &mut Keywords, more: Value) {
    match more {
        // `else` would join another `if`, and `additionalItems` speaks of the `items` beside it.
        Value::Object(more) if more.keys().all(|key| !out.contains_key(key)) && !out.contains_key("$ref") => out.extend(more),
        more => also(out, more),
    }
}

/// Adds a schema to `allOf`.
pub(super) fn also(out: &mut Keywords, schema: Value) {
    match out.get_mut("allOf") {
        Some(Value::Array(all)) => all.push(schema),
        _ => _ = out.insert("allOf".to_owned(), json!([schema])),
    }
}

pub(super) fn depend(out: &mut Keywords, key: &str, needs: Value) {
    match out.get_mut("dependencies") {
        Some(Value::Object(known)) if !known.contains_key(key) => _ = known.insert(key.to_owned(), needs),
        _ => add(out, json!({ "dependencies": { key: needs } })),
    }
}

/// In the same schema as `additionalProperties`, which spares the keys that match.
pub(super) fn key_pattern(out: &mut Keywords, pattern: &str, value: Value) {
    match out.get_mut("patternProperties") {
        Some(Value::Object(known)) => match known.get_mut(pattern) {
            Some(schema) => *schema = json!({ "allOf": [schema, value] }),
            None => _ = known.insert(pattern.to_owned(), value),
        },
        _ => _ = out.insert("patternProperties".to_owned(), json!({ pattern: value })),
    }
}

pub(super) fn or_null(out: Keywords) -> Keywords {
    match out.get("type") {
        // Other keywords say nothing of `null`, but for these.
        Some(Value::String(of))
            if ["enum", "const", "not", "allOf", "anyOf", "oneOf", "if"].iter().all(|word| !out.contains_key(*word)) =>
        {
            let both = json!([of, "null"]);
            let mut out = out;
            out.insert("type".to_owned(), both);
            out
        }
        _ if out.is_empty() => out,
        _ => keywords(json!({ "anyOf": [out, { "type": "null" }] })),
    }
}

pub(super) fn choice(values: &[Value]) -> Keywords {
    match values {
        [one] => keywords(json!({ "const": one })),
        values => keywords(json!({ "enum": values })),
    }
}

pub(super) fn fields(out: &mut Keywords, required: &[&str], properties: Keywords) {
    if !required.is_empty() {
        out.insert("required".to_owned(), json!(required));
    }
    say(out, "properties", properties);
}

pub(super) fn numeric(of: &str, bounds: &Bounds) -> Keywords {
    let mut out = keywords(json!({ "type": of }));
    for (bound, inclusive, exclusive) in
        [(&bounds.min, "minimum", "exclusiveMinimum"), (&bounds.max, "maximum", "exclusiveMaximum")]
    {
        if let Some(Bound { value, exclusive: strict }) = bound {
            out.insert((if *strict { exclusive } else { inclusive }).to_owned(), json!(value));
        }
    }
    out
}

pub(super) fn string(text: &Text, formats: bool) -> Keywords {
    let mut out = keywords(json!({ "type": "string" }));
    limits(&mut out, text);
    if let Some(format) = text.format.as_ref().filter(|_| formats) {
        out.insert("format".to_owned(), json!(format));
    }
    out
}

pub(super) fn names(key: &Text) -> Keywords {
    let mut out = Keywords::new();
    limits(&mut out, key);
    out
}

pub(super) fn limits(out: &mut Keywords, text: &Text) {
    out.extend(text.min.map(|min| ("minLength".to_owned(), json!(min))));
    out.extend(text.max.map(|max| ("maxLength".to_owned(), json!(max))));
    for pattern in text.patterns.iter().filter_map(expression) {
        add(out, json!({ "pattern": pattern }));
    }
}

pub(super) fn array(size: Size, unique: bool) -> Keywords {
    let mut out = keywords(json!({ "type": "array" }));
    out.extend(size.min.map(|min| ("minItems".to_owned(), json!(min))));
    out.extend(size.max.map(|max| ("maxItems".to_owned(), json!(max))));
    out.extend(unique.then(|| ("uniqueItems".to_owned(), json!(true))));
    out
}

pub(super) fn sized(of: &str, size: Size) -> Keywords {
    let mut out = keywords(json!({ "type": of }));
    out.extend(size.min.map(|min| ("minProperties".to_owned(), json!(min))));
    out.extend(size.max.map(|max| ("maxProperties".to_owned(), json!(max))));
    out
}

pub(super) fn reference(name: &str) -> Keywords {
    keywords(json!({ "$ref": format!("#/definitions/{name}") }))
}

/// The text for editors, whose engine is ECMAScript, and for our own validation, which refuses what RE2 can't read.
pub(super) fn expression(pattern: &Pattern) -> Option<&str> {
    pattern.re2.as_ref().and(pattern.ecma.as_deref())
}

pub(super) fn pattern_outcome(pattern: &Pattern) -> Outcome {
    match expression(pattern) {
        Some(text) if text == pattern.source => Outcome::Kept,
        Some(_) => Outcome::Rewritten("in the words of ECMAScript".into()),
        None => unreadable(),
    }
}

pub(super) fn key_outcome(key: &Text) -> Outcome {
    key.patterns.iter().map(pattern_outcome).find(|outcome| *outcome != Outcome::Kept).unwrap_or(Outcome::Kept)
}

pub(super) fn unreadable() -> Outcome {
    Outcome::Lost("ECMAScript or RE2 can't read the regular expression".into())
}
