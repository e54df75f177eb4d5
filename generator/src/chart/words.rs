//! A place of the schema in words for people.

use serde_json::Value;

use crate::model::{Bounds, Check, Schema, Shape, Size, Text, Types};

/// What a place holds: `text`, `list of integer`.
pub(super) fn kind(schema: &Schema, types: &Types) -> String {
    kind_within(schema, types, 3)
}

fn kind_within(schema: &Schema, types: &Types, depth: u8) -> String {
    let schema = schema.resolve(types);
    let Some(depth) = depth.checked_sub(1) else { return "…".to_owned() };
    let inner = |schema: &Schema| kind_within(schema, types, depth);
    match &schema.shape {
        Shape::Anything | Shape::Named(_) => "anything".to_owned(),
        Shape::Nothing => "nothing".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::Integer(_) => "integer".to_owned(),
        Shape::Number(_) => "number".to_owned(),
        Shape::Text(_) => "text".to_owned(),
        Shape::Choice(_) => "choice".to_owned(),
        Shape::List(list) => format!("list of {}", inner(&list.item)),
        Shape::Map(map) => format!("map of {}", inner(&map.value)),
        Shape::Object(_) => "object".to_owned(),
        Shape::Union(branches) => branches.iter().map(inner).collect::<Vec<_>>().join(" or "),
    }
}

/// The limits of a place, each a sentence without its full stop.
pub(super) fn limits(schema: &Schema, types: &Types) -> Vec<String> {
    let schema = schema.resolve(types);
    let mut out = match &schema.shape {
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Named(_) | Shape::Union(_) => Vec::new(),
        Shape::Integer(bounds) | Shape::Number(bounds) => number(bounds).into_iter().collect(),
        Shape::Text(text) => text_limits(text),
        Shape::Choice(values) => vec![format!("One of: {}", short(&values.iter().map(word).collect::<Vec<_>>().join(", ")))],
        Shape::List(list) => {
            let unique = list.unique.then(|| "No item twice".to_owned());
            size(list.size, "item").into_iter().chain(unique).collect()
        }
        Shape::Map(map) => size(map.size, "entry").into_iter().collect(),
        Shape::Object(object) => size(object.size, "key").into_iter().collect(),
    };
    let rules = schema.rules.iter();
    out.extend(rules.filter_map(|rule| match (&rule.message, &rule.check) {
        (Some(message), _) => Some(line(message.trim_end_matches('.'))),
        (None, Check::MultipleOf(number)) => Some(format!("A multiple of {number}")),
        (None, Check::DependentRequired { key, needs }) => Some(format!("`{key}` needs `{}`", needs.join("`, `"))),
        (None, _) => None,
    }));
    out
}

fn number(bounds: &Bounds) -> Option<String> {
    let low = bounds.min.as_ref().map(|min| (min.exclusive, &min.value));
    let high = bounds.max.as_ref().map(|max| (max.exclusive, &max.value));
    Some(match (low, high) {
        (None, None) => return None,
        (Some((false, low)), Some((false, high))) => format!("{low} to {high}"),
        (low, high) => {
            let low = low.map(|(exclusive, low)| if exclusive { format!("more than {low}") } else { format!("{low} or more") });
            let high =
                high.map(|(exclusive, high)| if exclusive { format!("less than {high}") } else { format!("{high} or less") });
            upper(&low.into_iter().chain(high).collect::<Vec<_>>().join(", "))
        }
    })
}

fn text_limits(text: &Text) -> Vec<String> {
    let length = size(Size { min: text.min, max: text.max }, "character");
    let patterns = text.patterns.iter().map(|pattern| format!("Matches `{}`", short(&line(&pattern.source))));
    let format = text.format.as_ref().map(|format| format!("Format {}", line(format)));
    length.into_iter().chain(patterns).chain(format).collect()
}

fn size(size: Size, unit: &str) -> Option<String> {
    let units = |count: u64| match (unit, count) {
        (unit, 1) => unit.to_owned(),
        ("entry", _) => "entries".to_owned(),
        (unit, _) => format!("{unit}s"),
    };
    match (size.min.filter(|min| *min > 0), size.max) {
        (None, None) => None,
        (Some(min), None) => Some(format!("At least {min} {}", units(min))),
        (None, Some(max)) => Some(format!("At most {max} {}", units(max))),
        (Some(min), Some(max)) if min == max => Some(format!("{min} {}", units(max))),
        (Some(min), Some(max)) => Some(format!("{min} to {max} {}", units(max))),
    }
}

/// A value as people write it: text without quotes, unless it is empty.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => line(text),
        value => value.to_string(),
    }
}

/// At most 160 characters.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Any text on one line, without what a comment can't hold.
pub(super) fn line(text: &str) -> String {
    let printable = |c: char| if c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}') { ' ' } else { c };
    text.chars().map(printable).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
