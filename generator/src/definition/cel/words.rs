//! The smallest pieces of a condition, as text.

use crate::model::{Bound, Bounds, Object, Pattern, Shape, Size};
use serde_json::{Number, Value};

use super::{LONGEST, On};
use crate::model::Types;

/// Words that can't stand as a field after a dot, nor as an identifier.
const RESERVED: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A text literal.
pub(crate) fn text(value: &str) -> String {
    let mut out = String::from("'");
    for c in value.chars() {
        match c {
            '\\' | '\'' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A number literal: an `int` if it is one, else a `double`.
pub(crate) fn number(value: &Number) -> String {
    match (value.as_i64(), value.as_f64()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(float)) => format!("{float:?}"),
        (None, None) => value.to_string(),
    }
}

/// Any value as a literal.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => number(value),
        Value::String(value) => text(value),
        Value::Array(items) => list(items),
        Value::Object(map) => {
            let entries: Vec<_> = map.iter().map(|(key, value)| format!("{}: dyn({})", text(key), literal(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A list literal; Kubernetes wants all items of one type, unless they are `dyn`.
fn list(items: &[Value]) -> String {
    let alike = |is: fn(&Value) -> bool| items.iter().all(is);
    let plain = alike(Value::is_string) || alike(Value::is_i64) || alike(Value::is_f64) || alike(Value::is_boolean);
    let items: Vec<_> = items.iter().map(|item| if plain { literal(item) } else { format!("dyn({})", literal(item)) }).collect();
    format!("[{}]", items.join(", "))
}

/// Whether a name is one of the language's own words.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether a name can follow a dot.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !is_reserved(name)
}

/// Whether the object `x` has the key.
pub(crate) fn has(x: &str, name: &str) -> String {
    match is_plain(name) {
        true => format!("has({x}.{name})"),
        false => format!("({} in {x})", text(name)),
    }
}

/// The value of a key.
pub(crate) fn get(x: &str, name: &str) -> String {
    match is_plain(name) {
        true => format!("{x}.{name}"),
        false => format!("{x}[{}]", text(name)),
    }
}

/// All parts hold.
pub(crate) fn all(parts: &[String]) -> String {
    match parts {
        [] => "true".to_owned(),
        parts => parts.join(" && "),
    }
}

/// One of the conditions holds.
pub(crate) fn any(conditions: &[String]) -> String {
    match conditions {
        [] => "false".to_owned(),
        conditions if conditions.iter().any(|condition| condition == "true") => "true".to_owned(),
        conditions => format!("({})", conditions.join(" || ")),
    }
}

/// The parts, wherever none of the guards holds.
pub(crate) fn guarded(guards: &[String], parts: Vec<String>) -> Vec<String> {
    if guards.is_empty() || parts.is_empty() {
        return parts;
    }
    vec![format!("({} || {})", guards.join(" || "), all(&parts))]
}

/// The parts hold for each item, which `variable` names.
pub(crate) fn every(x: &str, variable: &str, parts: Vec<String>) -> Vec<String> {
    match parts.as_slice() {
        [] => parts,
        inner => vec![format!("{x}.all({variable}, {})", all(inner))],
    }
}

/// The parts hold for each item.
pub(crate) fn each(x: &str, item: &On<'_>, parts: Vec<String>) -> Vec<String> {
    every(x, &item.x, parts)
}

/// The type test of a shape.
pub(crate) fn is_type(shape: &Shape, x: &str) -> Option<String> {
    match shape {
        Shape::Integer(_) => Some(format!("(type({x}) == int || type({x}) == double && {x} == double(int({x})))")),
        Shape::Number(_) => Some(format!("(type({x}) == int || type({x}) == double)")),
        shape => super::kind(shape).map(|kind| format!("type({x}) == {kind}")),
    }
}

/// Both limits of a number.
pub(super) fn limits(bounds: &Bounds, x: &str) -> Vec<String> {
    let min = bounds.min.as_ref().map(|min| bound(min, x, '>'));
    let max = bounds.max.as_ref().map(|max| bound(max, x, '<'));
    min.into_iter().chain(max).collect()
}

/// One limit of a number; `side` is `>` for the lower one.
pub(crate) fn bound(bound: &Bound, x: &str, side: char) -> String {
    let or_equal = if bound.exclusive { "" } else { "=" };
    format!("{x} {side}{or_equal} {}", number(&bound.value))
}

/// Limits of `size(x)`.
pub(crate) fn size(size: Size, x: &str) -> Vec<String> {
    let min = size.min.filter(|min| *min > 0).map(|min| format!("size({x}) >= {}", min.min(i64::MAX as u64)));
    let max = size.max.map(|max| format!("size({x}) <= {}", max.min(i64::MAX as u64)));
    min.into_iter().chain(max).collect()
}

/// The value is one of these.
pub(crate) fn one_of(values: &[Value], x: &str) -> String {
    match values {
        [value] => format!("{x} == {}", literal(value)),
        values => format!("{x} in {}", list(values)),
    }
}

/// How an expression that compares each item with each other ends.
pub(crate) const PAIRWISE: &str = ".exists_one(other, other == one))";

/// No item stands twice.
pub(crate) fn unique(x: &str) -> String {
    format!("{x}.all(one, {x}{PAIRWISE}")
}

/// The key is among the object's fields.
pub(crate) fn known(object: &Object, key: &str) -> String {
    let names: Vec<_> = object.fields.iter().map(|field| text(&field.name)).collect();
    match names.is_empty() {
        true => "false".to_owned(),
        false => format!("{key} in [{}]", names.join(", ")),
    }
}

/// The text matches; or why that can't be asked.
pub(crate) fn re2(pattern: &Pattern, x: &str) -> Result<String, String> {
    match &pattern.re2 {
        Some(re2) => Ok(format!("{x}.matches({})", text(re2))),
        None => Err("RE2, the expressions of Kubernetes, can't say the pattern".to_owned()),
    }
}

/// The number is a multiple of `step`; of a fraction to within a millionth of a step, since doubles aren't exact.
pub(super) fn multiple(step: &Number, on: &On<'_>, types: &Types) -> String {
    let x = &on.x;
    let integer = on.typed && on.base.is_some_and(|base| matches!(base.resolve(types).shape, Shape::Integer(_)));
    match (step.as_i64(), step.as_f64()) {
        (Some(step), _) if integer => format!("int({x}) % {step} == 0"),
        (_, step) => {
            let step = step.unwrap_or(1.0);
            let steps = format!("double({x}) / {step:?}");
            let distance = format!("{steps} - double(int({steps} + ({x} < 0 ? -0.5 : 0.5)))");
            format!("({distance} < 0.000001 && {distance} > -0.000001)")
        }
    }
}

/// The author's own rule. A list of one item lends it the name `self`, without touching its text.
pub(super) fn own_rule(rule: &str, on: &On<'_>) -> Result<String, String> {
    if ["__dash__", "__dot__", "__slash__", "__underscores__"].iter().any(|escape| rule.contains(escape)) {
        return Err("an admission policy doesn't know the escaped names of the rule".to_owned());
    }
    match (rule.contains("oldSelf"), &on.before) {
        (false, _) => Ok(format!("[{}].all(self, {rule})", on.x)),
        (true, Some((none, before))) => Ok(format!("({none} || [{}].all(self, [{before}].all(oldSelf, {rule})))", on.x)),
        (true, None) => Err("what has no fixed place has no former value".to_owned()),
    }
}

/// The condition, unless it is longer than an API server reads.
pub(super) fn short(condition: String) -> Result<String, String> {
    match condition.len() > LONGEST {
        true => Err("the condition is too long for CEL".to_owned()),
        false => Ok(condition),
    }
}
