//! Inputs: numbers, texts, choices.

use serde_json::{Map, Value, json};

use super::super::part::{Body, Part};
use super::super::words::*;
use super::{Form, Made, plain, put};
use crate::ledger::Outcome;
use crate::model::{Bound, Bounds, EntityRef, Pattern, Place, Pointer, Schema, Text};

/// Formats that the form's validator checks and that change nothing else about the input.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "json-pointer",
    "regex",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// The first integer after which a browser skips some.
const SAFE: i64 = 1 << 53;

impl Form<'_> {
    pub(super) fn number(&mut self, place: &Place, at: &Pointer, kind: &str, bounds: &Bounds) -> Made {
        let Bounds { min, max } = bounds;
        self.enter(place, at, "type", Outcome::Kept);
        let mut keywords = json!({ "type": kind });
        for (bound, keyword, exclusive) in [(min, "minimum", "exclusiveMinimum"), (max, "maximum", "exclusiveMaximum")] {
            let Some(bound) = bound else { continue };
            if is_rounded(bound) {
                self.enter(place, at, keyword, lost(PRECISION));
                continue;
            }
            self.enter(place, at, keyword, Outcome::Kept);
            put(&mut keywords, if bound.exclusive { exclusive } else { keyword }, json!(bound.value));
        }
        Ok(Part::new(keywords, Body::Whole))
    }

    pub(super) fn text(&mut self, schema: &Schema, place: &Place, text: &Text) -> Made {
        let Text { min, max, patterns, format } = text;
        let at = &schema.at;
        self.enter(place, at, "type", Outcome::Kept);
        let mut keywords = json!({ "type": "string" });
        for (limit, keyword) in [(min, "minLength"), (max, "maxLength")] {
            if let Some(limit) = limit {
                self.enter(place, at, keyword, Outcome::Kept);
                put(&mut keywords, keyword, json!(limit));
            }
        }
        let (pattern, outcomes) = join(patterns);
        for (pattern, outcome) in patterns.iter().zip(outcomes) {
            self.enter(place, &pattern.at, "pattern", outcome);
        }
        if let Some(pattern) = pattern {
            put(&mut keywords, "pattern", json!(pattern));
            put(&mut keywords, "errorMessage", json!({ "pattern": format!("must match {pattern}") }));
        }
        if let Some(format) = format {
            let known = FORMATS.contains(&format.as_str());
            self.enter(
                place,
                at,
                "format",
                if known { Outcome::Kept } else { lost("the form's validator doesn't know the format") },
            );
            if known {
                put(&mut keywords, "format", json!(format));
            }
        }
        Ok(Part::new(keywords, Body::Whole))
    }

    pub(super) fn choice(&mut self, place: &Place, at: &Pointer, values: &[Value]) -> Made {
        self.enter(place, at, "enum", Outcome::Kept);
        if values.iter().any(|value| value.is_array() || value.is_object() || value.is_null()) {
            return Err(CHOICES);
        }
        let mut keywords = json!({});
        if let Some(kind) = common_type(values) {
            put(&mut keywords, "type", json!(kind));
        }
        put(&mut keywords, "enum", json!(values));
        Ok(Part::new(keywords, Body::Whole))
    }
}

/// The limits of a text as a schema, for the keys of a map, and what becomes of them.
pub(super) fn limits(text: &Text) -> (Value, Outcome) {
    let Text { min, max, patterns, format: _ } = text;
    let (pattern, outcomes) = join(patterns);
    let mut schema = json!({});
    for (keyword, value) in [("minLength", json!(min)), ("maxLength", json!(max)), ("pattern", json!(pattern))] {
        if !value.is_null() {
            put(&mut schema, keyword, value);
        }
    }
    (schema, outcomes.into_iter().find(|outcome| *outcome != Outcome::Kept).unwrap_or(Outcome::Kept))
}

/// All the patterns as one expression of ECMAScript.
pub(in super::super) fn join(patterns: &[Pattern]) -> (Option<String>, Vec<Outcome>) {
    let mut said: Vec<&str> = Vec::new();
    let mut outcomes = Vec::new();
    for pattern in patterns {
        let outcome = match pattern.ecma.as_deref() {
            None => lost("ECMAScript can't say it"),
            // A reference to a group would count those of the others as well.
            Some(ecma) if patterns.len() > 1 && refers_back(ecma) => {
                lost("its back reference can't be joined with another pattern")
            }
            Some(ecma) => {
                said.push(ecma);
                match (patterns.len(), ecma == pattern.source) {
                    (1, true) => Outcome::Kept,
                    (1, false) => rewritten("in the syntax of ECMAScript"),
                    _ => rewritten("joined into one expression of ECMAScript"),
                }
            }
        };
        outcomes.push(outcome);
    }
    let joined = match said.as_slice() {
        [] => None,
        [only] => Some((*only).to_owned()),
        many => Some(format!("^{}", many.iter().map(|one| format!("(?=[\\s\\S]*?(?:{one}))")).collect::<String>())),
    };
    (joined, outcomes)
}

fn refers_back(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let refers = escaped && (c.is_ascii_digit() && c != '0' || c == 'k');
        escaped = c == '\\' && !escaped;
        refers
    })
}

/// Says what a text should look like rather than which expression it doesn't match.
pub(super) fn explain(keywords: &mut Map<String, Value>, examples: &[Value]) {
    let examples: Vec<String> = examples.iter().take(3).map(plain).filter(|example| !example.is_empty()).collect();
    if examples.is_empty() {
        return;
    }
    let title = keywords.get("title").and_then(Value::as_str).unwrap_or("it");
    let sentence = format!("{title} must look like {}", alternatives(&examples));
    if let Some(Value::Object(said)) = keywords.get_mut("errorMessage") {
        said.insert("pattern".into(), json!(sentence));
    }
}

/// Lets people pick an entity of the catalog, and nothing else: what is typed freely, the picker rewrites as a reference in lower case.
pub(super) fn picker(keywords: &mut Map<String, Value>, entity: &EntityRef) {
    let EntityRef { kind, of_type } = entity;
    let mut filter = json!({ "kind": kind });
    if let Some(of_type) = of_type {
        put(&mut filter, "spec.type", json!(of_type));
    }
    keywords.insert("ui:field".into(), json!("EntityPicker"));
    keywords.insert("ui:options".into(), json!({ "catalogFilter": filter, "allowArbitraryValues": false }));
    keywords.shift_remove("ui:widget");
}

/// The JSON type of all the values, if it is one.
fn common_type(values: &[Value]) -> Option<&'static str> {
    let kind = |value: &Value| match value {
        Value::String(_) => Some("string"),
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let first = values.first().and_then(kind)?;
    values.iter().all(|value| kind(value) == Some(first)).then_some(first)
}

fn is_rounded(bound: &Bound) -> bool {
    match (bound.value.as_i64(), bound.value.as_u64()) {
        (Some(value), _) => !(-SAFE..=SAFE).contains(&value),
        (None, Some(_)) => true,
        (None, None) => false,
    }
}
