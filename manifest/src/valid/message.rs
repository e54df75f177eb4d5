//! From jsonschema's errors to sentences that help.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::Violation;
use super::known;
use crate::nearest;

/// How much of a value a message shows, in characters.
const SHOWN: usize = 60;

/// How many branches of an `anyOf` or `oneOf` a message explains.
const BRANCHES: usize = 4;

/// One violation for each error; for unexpected properties, one for each of them.
pub(super) fn violations(error: &ValidationError<'_>, bundle: &Value) -> Vec<Violation> {
    let violation = |message, nearest| Violation {
        pointer: error.instance_path().to_string(),
        keyword: keyword(error),
        schema_pointer: error.schema_path().to_string(),
        found: error.instance().as_ref().clone(),
        message,
        nearest,
    };
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = known::properties(bundle, error.schema_path().as_str());
            let each = unexpected.iter().map(|key| {
                let nearest = nearest(key, known.iter().map(String::as_str));
                violation(unexpected_property(key, nearest.as_deref()), nearest)
            });
            each.collect()
        }
        Kind::Enum { options } => {
            let admitted = options.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
            let nearest = error.instance().as_str().and_then(|found| nearest(found, admitted));
            vec![violation(with_help(text(error), nearest.as_deref()), nearest)]
        }
        _ => vec![violation(text(error), None)],
    }
}

/// The keyword as the author wrote it: what a dependency misses is reported as `required`.
fn keyword(error: &ValidationError<'_>) -> String {
    let path = error.schema_path().to_string();
    let mut last = path.rsplit('/').take(3);
    let dependency = last.find(|step| matches!(*step, "dependentRequired" | "dependencies"));
    match (error.kind().keyword(), dependency) {
        ("required", Some(dependency)) => dependency.to_owned(),
        (keyword, _) => keyword.to_owned(),
    }
}

/// The order of violations: by place, array indices as numbers.
pub(super) fn place(violation: &Violation) -> (Vec<Step<'_>>, &str, &str) {
    let steps = violation.pointer.split('/').map(|step| match step.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Key(step),
    });
    (steps.collect(), &violation.keyword, &violation.message)
}

/// One step of a JSON pointer.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step<'a> {
    Index(u64),
    Key(&'a str),
}

/// The Rust type refused a document that the schema admits.
pub(super) fn unheld(service: &str, effective: Value, error: &serde_json::Error) -> Violation {
    Violation {
        pointer: String::new(),
        keyword: "model".to_owned(),
        schema_pointer: String::new(),
        found: effective,
        message: format!("the Rust type of the service {service} can't hold this document: {error}"),
        nearest: None,
    }
}

/// What was found and what was expected, in one line.
pub(super) fn text(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            format!(
                "{} matches none of the {} alternatives: {}",
                shown(error.instance()),
                context.len(),
                branches(context, error)
            )
        }
        Kind::OneOfMultipleValid { context } => format!(
            "{} matches more than one of the {} alternatives ({}), and must match exactly one",
            shown(error.instance()),
            context.len(),
            matching(context)
        ),
        Kind::PropertyNames { error: inner } => format!("the property name {}", text(inner)),
        Kind::FalseSchema => "nothing is allowed here".to_owned(),
        Kind::Required { property } => format!("the property {property} is missing"),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|key| unexpected_property(key, None)).collect::<Vec<_>>().join(", ")
        }
        _ => error.masked_with(shown(error.instance())).to_string(),
    }
}

fn unexpected_property(key: &str, nearest: Option<&str>) -> String {
    with_help(format!("the property {} is not known", shown(&Value::from(key))), nearest)
}

fn with_help(message: String, nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("{message}; did you mean {nearest:?}?"),
        None => message,
    }
}

/// Why each alternative failed, shortly: its first error.
fn branches(context: &[Vec<ValidationError<'static>>], whole: &ValidationError<'_>) -> String {
    let explained = context.iter().take(BRANCHES).enumerate().map(|(i, errors)| {
        let Some(first) = errors.first() else {
            return format!("{}. matches", i + 1);
        };
        let place = first.instance_path().as_str().strip_prefix(whole.instance_path().as_str()).unwrap_or_default();
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
        format!("{}. {place}{}{more}", i + 1, text(first))
    });
    let mut explained: Vec<String> = explained.collect();
    if context.len() > BRANCHES {
        explained.push("…".to_owned());
    }
    explained.join("; ")
}

/// The numbers of the alternatives that match.
fn matching(context: &[Vec<ValidationError<'static>>]) -> String {
    let numbers = context.iter().enumerate().filter(|(_, errors)| errors.is_empty()).map(|(i, _)| (i + 1).to_string());
    numbers.collect::<Vec<_>>().join(" and ")
}

/// A value as JSON, cut if it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
