//! The faults: what each makes of a text, at all the places where it can.

use manifest::pointer::escape;
use serde_json::Value;

/// A text with one fault.
pub(crate) struct Edit {
    pub place: String,
    pub text: String,
}

/// Drops a `pattern` of a JSON Schema.
pub(crate) fn json_pattern(text: &str) -> Vec<Edit> {
    json(text, |key, _| matches!(key, "pattern").then_some(None))
}

pub(crate) fn json_bound(text: &str) -> Vec<Edit> {
    json(text, off_by_one)
}

pub(crate) fn json_required(text: &str) -> Vec<Edit> {
    json(text, shorter_required)
}

pub(crate) fn json_opened(text: &str) -> Vec<Edit> {
    json(text, |key, value| (key == "additionalProperties" && *value == false).then_some(None))
}

pub(crate) fn json_choice(text: &str) -> Vec<Edit> {
    json(text, |key, value| {
        let mut values = value.as_array().filter(|_| key == "enum")?.clone();
        values.push(Value::from("no-such-choice"));
        Some(Some(Value::Array(values)))
    })
}

/// The schema inside of a model, as a file of its own.
pub(crate) fn embedded_pattern(text: &str) -> Vec<Edit> {
    json_pattern(text)
}

fn off_by_one(key: &str, value: &Value) -> Option<Option<Value>> {
    let by = match key {
        "minimum" | "minLength" | "minItems" | "minProperties" => -1,
        "maximum" | "maxLength" | "maxItems" | "maxProperties" => 1,
        _ => return None,
    };
    value.as_i64().filter(|limit| limit + by >= 0).map(|limit| Some(Value::from(limit + by)))
}

fn shorter_required(key: &str, value: &Value) -> Option<Option<Value>> {
    let mut names = value.as_array().filter(|names| key == "required" && !names.is_empty())?.clone();
    names.pop();
    Some(Some(Value::Array(names)))
}

/// Every member of a document that `change` has something for: gone (`None`), or another value.
fn json(text: &str, change: impl Fn(&str, &Value) -> Option<Option<Value>>) -> Vec<Edit> {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let edits = changes(&document, &change).into_iter();
    edits.map(|(place, document)| Edit { place, text: format!("{document:#}\n") }).collect()
}

fn changes(document: &Value, change: &impl Fn(&str, &Value) -> Option<Option<Value>>) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    members(document, "", false, &mut |pointer, key, value| {
        if let Some(new) = change(key, value) {
            found.push((pointer.to_owned(), new));
        }
    });
    let changed = |(pointer, new): (String, Option<Value>)| {
        let mut document = document.clone();
        match new {
            Some(new) => document.pointer_mut(&pointer).map(|there| *there = new).unwrap_or_default(),
            None => crate::place::remove(&mut document, &pointer),
        }
        (pointer, document)
    };
    found.into_iter().map(changed).collect()
}

/// All keywords of a schema: members of objects that aren't maps of names, and nothing inside of conditions, which more may hold up.
fn members(value: &Value, at: &str, names: bool, visit: &mut impl FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let pointer = format!("{at}/{}", escape(key));
                let condition =
                    ["if", "then", "else", "not", "anyOf", "oneOf", "allOf", "contains", "dependencies", "default", "examples"];
                if !names {
                    visit(&pointer, key, inner);
                    if condition.contains(&key.as_str()) {
                        continue;
                    }
                }
                members(inner, &pointer, !names && matches!(key.as_str(), "properties" | "$defs" | "definitions"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                members(item, &format!("{at}/{index}"), false, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Another value for a scalar of `values.yaml`.
pub(crate) fn yaml_scalar(text: &str) -> Vec<Edit> {
    lines(text, |line| {
        let (before, value) = line.split_once(": ")?;
        let value = match value {
            "true" => "false".to_owned(),
            "false" => "true".to_owned(),
            number if number.parse::<i64>().is_ok() => (number.parse::<i64>().unwrap_or_default() + 1).to_string(),
            _ => return None,
        };
        Some(Some(format!("{before}: {value}")))
    })
}

/// Drops a `pattern` marker of a SimpleSchema field.
pub(crate) fn marker_pattern(text: &str) -> Vec<Edit> {
    lines(text, |line| without_marker(line, " pattern=\\\"").map(Some))
}

pub(crate) fn marker_required(text: &str) -> Vec<Edit> {
    // `values` itself is required of the instance; the API has other ways to hold that.
    lines(text, |line| {
        (!line.trim_start().starts_with("values:")).then(|| without_marker(line, " required=\\\"")).flatten().map(Some)
    })
}

/// Another limit; not that of a tenant or a name, since the object's name has a limit that is met first.
pub(crate) fn marker_bound(text: &str) -> Vec<Edit> {
    let identity = |line: &str| line.trim_start().starts_with("tenant:") || line.trim_start().starts_with("name:");
    let bounds = [(" minimum=\\\"", -1_i64), (" maximum=\\\"", 1), (" maxLength=\\\"", 1), (" maxItems=\\\"", 1)];
    lines(text, |line| {
        bounds.iter().filter(|_| !identity(line)).find_map(|(marker, by)| {
            let start = line.find(marker)? + marker.len();
            let end = start + line.get(start..)?.find('\\')?;
            let limit: i64 = line.get(start..end)?.parse().ok()?;
            (limit + by >= 0).then(|| Some(format!("{}{}{}", &line[..start], limit + by, &line[end..])))
        })
    })
}

pub(crate) fn marker_default(text: &str) -> Vec<Edit> {
    lines(text, |line| {
        let start = line.find(" default=\\\"")? + " default=\\\"".len();
        let end = start + line.get(start..)?.find('\\')?;
        let new = match line.get(start..end)? {
            "true" => "false".to_owned(),
            "false" => "true".to_owned(),
            number => (number.parse::<i64>().ok()? + 1).to_string(),
        };
        Some(Some(format!("{}{new}{}", &line[..start], &line[end..])))
    })
}

pub(crate) fn marker_choice(text: &str) -> Vec<Edit> {
    lines(text, |line| {
        let start = line.find(" enum=\\\"")? + " enum=\\\"".len();
        let end = start + line.get(start..)?.find('\\')?;
        let (rest, last) = line.get(start..end)?.rsplit_once(',')?;
        // A default has to stay a choice, or KRO refuses the definition, which is seen anyhow.
        (!line.contains(&format!("default=\\\"{last}\\\""))).then(|| Some(format!("{}{rest}{}", &line[..start], &line[end..])))
    })
}

/// Leaves a field out of a type.
pub(crate) fn marker_field(text: &str) -> Vec<Edit> {
    let identity = ["tenant:", "name:", "values:"];
    lines(text, |line| {
        let field = line.trim_start();
        let is_field = line.starts_with("        ") && field.contains(": \"") && field.contains(" | ");
        (is_field && !identity.iter().any(|name| field.starts_with(name))).then_some(None)
    })
}

/// Makes a rule of the policy one that always holds.
pub(crate) fn policy_rule(text: &str) -> Vec<Edit> {
    lines(text, |line| {
        let rule = line.trim_start();
        let said = rule.split_once(" ? '' : '")?.1;
        // How long a name may be is held by the namespace's and Helm's own limits, too: no release shows this rule alone.
        (!said.starts_with("metadata.name: must have at most")).then(|| Some(format!("          true ? '' : '{said}")))
    })
}

/// Gives a field of the model a wrong type.
pub(crate) fn rust_field(text: &str) -> Vec<Edit> {
    lines(text, |line| {
        let field = line.trim_start();
        let optional = field.starts_with("pub ") && field.contains("::std::option::Option<bool>");
        optional.then(|| Some(line.replace("::std::option::Option<bool>", "::std::option::Option<u8>")))
    })
}

/// A value without `dump`.
pub(crate) fn skeleton_unquoted(text: &str) -> Vec<Edit> {
    let Some(values) = text.find("\n  values:") else { return Vec::new() };
    lines(text, |line| {
        let in_values = text.find(line).is_some_and(|at| at > values);
        (in_values && line.contains("values.params.") && line.contains(" | dump }}"))
            .then(|| Some(line.replace(" | dump }}", " }}")))
    })
}

/// A value that isn't written.
pub(crate) fn skeleton_lost(text: &str) -> Vec<Edit> {
    let Some(values) = text.find("\n  values:") else { return Vec::new() };
    lines(text, |line| {
        let in_values = text.find(line).is_some_and(|at| at > values);
        (in_values && line.contains(": ${{ values.params.") && line.contains(" | dump }}")).then_some(None)
    })
}

pub(crate) fn yaml_pattern(text: &str) -> Vec<Edit> {
    yaml(text, |key, _| (key == "pattern").then_some(None))
}

pub(crate) fn yaml_bound(text: &str) -> Vec<Edit> {
    yaml(text, off_by_one)
}

pub(crate) fn yaml_required(text: &str) -> Vec<Edit> {
    yaml(text, shorter_required)
}

/// The same of the pages of a template.
fn yaml(text: &str, change: impl Fn(&str, &Value) -> Option<Option<Value>>) -> Vec<Edit> {
    let Ok(document) = manifest::yaml::read(text) else { return Vec::new() };
    let edits = changes(&document, &change).into_iter();
    // An error's text isn't a rule.
    let rule = |place: &str| {
        place.contains("/properties/") && !place.contains("/errorMessage/") && place.starts_with("/spec/parameters/")
    };
    edits
        .filter(|(place, _)| rule(place))
        .map(|(place, document)| Edit { place, text: manifest::yaml::write(&document) })
        .collect()
}

/// Each line that `change` has something for: gone (`None`), or another line.
fn lines(text: &str, change: impl Fn(&str) -> Option<Option<String>>) -> Vec<Edit> {
    let all: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    for (number, line) in all.iter().enumerate() {
        let Some(new) = change(line) else { continue };
        let mut lines: Vec<&str> = all.clone();
        lines.splice(number..=number, new.as_deref());
        let shown: String = line.trim().chars().take(80).collect();
        out.push(Edit { place: format!("line {}: {shown}", number + 1), text: format!("{}\n", lines.join("\n")) });
    }
    out
}

/// A line without a marker of SimpleSchema, from its blank to the quotation mark that ends it.
fn without_marker(line: &str, marker: &str) -> Option<String> {
    let start = line.find(marker)?;
    let mut rest = line.get(start + marker.len()..)?;
    // What is quoted inside is escaped once more.
    loop {
        let end = rest.find("\\\"")?;
        let escaped = rest.get(..end)?.ends_with("\\\\");
        rest = rest.get(end + 2..)?;
        if !escaped {
            return Some(format!("{}{rest}", &line[..start]));
        }
    }
}
