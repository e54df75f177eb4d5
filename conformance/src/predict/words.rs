//! How systems put what is wrong, keyword by keyword.

use generator::ledger::{Outcome, Target};
use generator::model::Constraint;
use serde_json::Value;

use super::of_schema;
use crate::place::split;
use crate::referee::{Fault, Law, Referee};

/// Helm's words are those of santhosh-tekuri/jsonschema (`kind/kind.go`), a line for each violation. What stands inside of a
/// condition comes in other words and isn't foretold.
pub(super) fn helm(faults: &[&Fault]) -> Vec<String> {
    // Of what has the wrong type nothing else is said, nor of what is no choice.
    let alone = |fault: &Fault, keyword: &str| {
        fault.keyword == keyword || !faults.iter().any(|other| other.keyword == keyword && other.holder == fault.holder)
    };
    let typed = |fault: &&&Fault| alone(fault, "type") && (alone(fault, "enum") || fault.keyword == "type");
    let said = faults.iter().filter(|fault| of_schema(fault)).filter(typed);
    let mut out: Vec<String> = Vec::new();
    for fault in said {
        let beside = faults.iter().filter(|other| other.keyword == fault.keyword && other.holder == fault.holder);
        let beside: Vec<&str> = beside.filter_map(|other| other.name.as_deref()).collect();
        out.extend(helm_says(fault, &beside).map(|said| format!("at '{}': {said}", fault.holder)));
    }
    out.dedup();
    out
}

/// `named`: the fields that are missing, or too many, in the same object.
fn helm_says(fault: &Fault, named: &[&str]) -> Option<String> {
    let (found, limit) = (&fault.found, &fault.limit);
    let sizes =
        |keyword: &str, got: usize| Some(format!("{keyword}: got {}, want {}", thousands(&got.to_string()), number(limit)?));
    match fault.keyword.as_str() {
        "type" => Some(format!("got {}, want {}", kind(found), limit.as_str()?)),
        "required" => match named {
            [name] => Some(format!("missing property '{name}'")),
            _ => Some("missing properties".to_owned()),
        },
        "additionalProperties" if named.len() == 1 => {
            Some(format!("additional properties '{}' not allowed", escaped(named.first()?)))
        }
        "minimum" | "maximum" => Some(format!("{}: got {}, want {}", fault.keyword, number(found)?, number(limit)?)),
        "minLength" | "maxLength" => sizes(&fault.keyword, found.as_str()?.chars().count()),
        "minItems" | "maxItems" => sizes(&fault.keyword, found.as_array()?.len()),
        "minProperties" | "maxProperties" => sizes(&fault.keyword, found.as_object()?.len()),
        "pattern" => Some(format!("'{}' does not match pattern '{}'", escaped(found.as_str()?), escaped(limit.as_str()?))),
        "enum" => {
            let shown = |value: &Value| match value {
                Value::String(text) => format!("'{}'", escaped(text)),
                Value::Null => "<nil>".to_owned(),
                other => other.to_string(),
            };
            let values: Vec<String> = limit.as_array()?.iter().map(shown).collect();
            let of = if values.len() == 1 { "" } else { "one of " };
            Some(format!("value must be {of}{}", values.join(", ")))
        }
        _ => None,
    }
}

/// An integer as Helm writes it, with commas; larger ones get powers of ten, and they and fractions aren't foretold.
fn number(value: &Value) -> Option<String> {
    value.as_i64().filter(|value| value.abs() < 1_000_000).map(|value| thousands(&value.to_string()))
}

fn thousands(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{sign}{out}")
}

/// Our own words ([`manifest::valid::Violation`]).
pub(super) fn ours(fault: &Fault) -> String {
    let place = if fault.holder.is_empty() { "(root)" } else { &fault.holder };
    format!("{place}: {} ({})", fault.message, fault.keyword)
}

/// As between the quotation marks of Go: what can't be printed as its number.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '\'' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() || c == '\u{feff}' || c.is_whitespace() && c != ' ' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            c => out.push(c),
        }
    }
    out
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The words of the API server and of the admission policy. Keys that the API doesn't know are all that it speaks of; what its
/// schema refuses hides what the policy would say.
pub(super) fn kubernetes(referee: &Referee<'_>, document: &Value, faults: &[&Fault]) -> Vec<String> {
    let unknown: Vec<String> = faults.iter().flat_map(|fault| unknown_keys(referee, document, fault)).collect();
    if !unknown.is_empty() {
        return unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
    }
    let by_policy = |fault: &&&Fault| !policy(referee, fault).is_empty() || !of_schema(fault);
    let (by_policy, by_schema): (Vec<&&Fault>, Vec<&&Fault>) = faults.iter().partition(by_policy);
    if by_schema.is_empty() {
        let only = |said: Vec<String>| <[String; 1]>::try_from(said).ok();
        // A rule on names may have become one on the values of names.
        let plain = by_policy.iter().filter(|fault| fault.keyword != "propertyNames");
        return plain.filter_map(|fault| only(policy(referee, fault))).flatten().collect();
    }
    // Of a text that is too long or too short nothing else is said.
    let length = |fault: &Fault| matches!(fault.keyword.as_str(), "minLength" | "maxLength");
    let first = |fault: &&&&Fault| length(fault) || !by_schema.iter().any(|other| other.holder == fault.holder && length(other));
    by_schema.iter().filter(first).filter_map(|fault| schema(document, fault)).collect()
}

/// The keys that the API doesn't know: those that are too many, and those of an object where none goes.
fn unknown_keys(referee: &Referee<'_>, document: &Value, fault: &Fault) -> Vec<String> {
    match (fault.source, fault.keyword.as_str()) {
        (Law::View, "x-ui.platformOwned") => vec![path(document, &fault.pointer)],
        (Law::Schema, "additionalProperties") if policy(referee, fault).is_empty() => {
            fault.name.iter().map(|key| format!("{}.{key}", path(document, &fault.holder))).collect()
        }
        // What may be one of several kinds of object is an object without known keys in the API.
        (Law::Schema, "type" | "enum")
            if policy(referee, fault).is_empty() && fault.blamed.iter().all(|constraint| constraint.keyword != "union") =>
        {
            let mut out = Vec::new();
            strays(&fault.found, &path(document, &fault.holder), &mut out);
            out
        }
        _ => Vec::new(),
    }
}

fn strays(found: &Value, at: &str, out: &mut Vec<String>) {
    match found {
        Value::Object(members) => out.extend(members.keys().map(|key| format!("{at}.{key}"))),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| strays(item, &format!("{at}[{index}]"), out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The admission policy's sentences for what a fault may break; where there are several, it isn't foretold which of them is said.
fn policy(referee: &Referee<'_>, fault: &Fault) -> Vec<String> {
    if fault.source == Law::Characters {
        return vec!["spec.values: has a character that KRO can't pass on".to_owned()];
    }
    let Some(book) = referee.book(Target::Kro) else { return Vec::new() };
    let moved = |constraint: &&Constraint| {
        let own = |outcome: &&Outcome| matches!(outcome, Outcome::Kept | Outcome::Rewritten(_) | Outcome::Lost(_));
        referee.outcomes(Target::Kro, constraint).iter().any(|outcome| !own(outcome))
    };
    // What is no object doesn't get as far as the policy.
    let reaches = |constraint: &&Constraint| constraint.keyword != "union" || fault.found.is_object();
    let blamed = fault.blamed.iter().filter(moved).filter(reaches);
    let said = blamed.filter_map(|blamed| {
        book.said.iter().find(|said| (&said.used_at, &said.at, said.keyword) == (&blamed.used_at, &blamed.at, blamed.keyword))
    });
    said.map(|said| said.text.clone()).collect()
}

/// The API server's own words (k8s.io/kube-openapi `validation/errors`, k8s.io/apimachinery `field`).
fn schema(document: &Value, fault: &Fault) -> Option<String> {
    let at = path(document, &fault.holder);
    let limit = &fault.limit;
    match fault.keyword.as_str() {
        "type" => Some(format!("{at} in body must be of type {}", limit.as_str()?)),
        "minimum" => Some(format!("{at} in body should be greater than or equal to {limit}")),
        "maximum" => Some(format!("{at} in body should be less than or equal to {limit}")),
        "minLength" => Some(format!("{at} in body should be at least {limit} chars long")),
        "maxLength" => Some(format!("{at}: Too long: may not be more than {limit} bytes")),
        "minItems" => Some(format!("{at} in body should have at least {limit} items")),
        "maxItems" => Some(format!("{at}: Too many: {}: must have at most {limit} items", fault.found.as_array()?.len())),
        "pattern" => Some(format!("{at} in body should match '{}'", limit.as_str()?)),
        "required" => Some(format!("{}: Required value", path(document, &fault.pointer))),
        "enum" => {
            let values = limit.as_array()?.iter().filter_map(Value::as_str).map(|text| format!("{text:?}")).collect::<Vec<_>>();
            Some(format!("{at}: Unsupported value: {}: supported values: {}", fault.found, values.join(", ")))
        }
        _ => None,
    }
}

/// A pointer in the values as Kubernetes writes it.
fn path(document: &Value, pointer: &str) -> String {
    let Some((parent, step)) = split(pointer) else { return "spec.values".to_owned() };
    match document.pointer(parent) {
        Some(Value::Array(_)) => format!("{}[{step}]", path(document, parent)),
        _ => format!("{}.{step}", path(document, parent)),
    }
}
