//! The markers of a field: what stands behind its type, and what that makes of its schema.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The markers of a field, unquoted.
pub(super) fn tokens(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut out = Vec::new();
    let (mut key, mut value) = (String::new(), None::<String>);
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_i32);
    for c in text.chars() {
        let Some(so_far) = &mut value else {
            match c {
                '=' if key.is_empty() => return Err("empty marker key".to_owned()),
                '=' => value = Some(String::new()),
                // Whitespace in a key is dropped.
                c if c.is_whitespace() => {}
                c => key.push(c),
            }
            continue;
        };
        if c.is_whitespace() && !quoted && depth == 0 {
            out.push((std::mem::take(&mut key), unquoted(so_far)?));
            value = None;
            continue;
        }
        so_far.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Err("unmatched closing bracket/brace".to_owned());
        }
    }
    if quoted || depth > 0 {
        return Err(if quoted { "unclosed quote" } else { "unclosed bracket/brace" }.to_owned());
    }
    // Nothing after the bar, or a blank at the end, too.
    let value = value.ok_or_else(|| format!("marker key '{key}' without a value"))?;
    out.push((key, unquoted(&value)?));
    Ok(out)
}

fn unquoted(value: &str) -> Result<String, String> {
    let value = value.trim();
    if value == "\"" {
        return Err("a value of one quote makes kro panic".to_owned());
    }
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return Ok(value.to_owned()) };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some(next @ ('"' | '\\'))) => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    Ok(out)
}

/// Puts markers onto a schema; whether one says that the field is required.
pub(super) fn apply(schema: &mut Value, markers: &[(String, String)]) -> Result<bool, String> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let only = |wanted: &str, key: &str| match kind == wanted {
        true => Ok(()),
        false => Err(format!("{key} marker is only valid for {wanted} types, got type: {kind}")),
    };
    let mut required = false;
    for (key, text) in markers {
        match key.as_str() {
            "required" => required = boolean(key, text)?,
            "description" => schema["description"] = json!(text),
            "default" => schema["default"] = default(&kind, text)?,
            "minimum" | "maximum" => {
                let limit: f64 = text.parse().map_err(|_| format!("{key}: {text:?} is no number"))?;
                schema[key] =
                    serde_json::Number::from_f64(limit).map(Value::Number).ok_or_else(|| format!("{key}: unsupported value"))?;
            }
            "minLength" | "maxLength" => {
                only("string", key)?;
                schema[key] = json!(integer(key, text)?);
            }
            "pattern" => {
                only("string", key)?;
                if text.is_empty() {
                    return Err("pattern is empty".to_owned());
                }
                schema[key] = json!(text);
            }
            "minItems" | "maxItems" => {
                only("array", key)?;
                schema[key] = json!(integer(key, text)?);
            }
            "uniqueItems" => {
                only("array", key)?;
                if boolean(key, text)? {
                    schema["x-kubernetes-list-type"] = json!("set");
                }
            }
            "enum" => schema["enum"] = values(&kind, text)?,
            "immutable" => {
                if boolean(key, text)? {
                    rule(schema, "self == oldSelf", "field is immutable");
                }
            }
            "validation" if text.is_empty() => return Err("validation failed".to_owned()),
            "validation" => rule(schema, text, "validation failed"),
            "listType" | "listMapKey" => return Err(format!("{key}: not read here")),
            other => return Err(format!("invalid marker key {other:?}: unknown marker: {other}")),
        }
    }
    Ok(required)
}

fn rule(schema: &mut Value, rule: &str, message: &str) {
    let rule = json!({"rule": rule, "message": message});
    match schema.get_mut("x-kubernetes-validations").and_then(Value::as_array_mut) {
        Some(rules) => rules.push(rule),
        None => schema["x-kubernetes-validations"] = json!([rule]),
    }
}

pub(super) fn boolean(key: &str, text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("failed to parse {key} marker value: {text:?}")),
    }
}

pub(super) fn integer(key: &str, text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{key}: {text:?} is no integer"))
}

/// KRO puts a string between quotes and leaves everything else raw; the text must be the API server's own spelling of the value.
pub(super) fn default(kind: &str, text: &str) -> Result<Value, String> {
    let raw = if kind == "string" { format!("\"{text}\"") } else { text.to_owned() };
    match kind {
        "integer" => drop(integer("default", text)?),
        "number" => drop(text.parse::<f64>().map_err(|_| format!("default: {text:?} is no number"))?),
        "boolean" => drop(boolean("default", text)?),
        _ => {}
    }
    let value: Value = serde_json::from_str(&raw).map_err(|why| format!("default: invalid JSON: {why}"))?;
    let stored = stored(&value);
    match stored == raw {
        true => Ok(value),
        false => Err(format!("default: {raw} is stored as {stored}, so kro would update the CRD again and again")),
    }
}

/// A value in the spelling of Go's encoder, which sorts keys and escapes HTML.
pub(super) fn stored(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(stored).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().collect();
            let entries: Vec<_> =
                sorted.into_iter().map(|(key, value)| format!("{}:{}", stored(&json!(key)), stored(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            match float.abs() {
                size if size != 0.0 && !(1e-6..1e21).contains(&size) => {
                    format!("{float:e}").replace('e', "e+").replace("e+-", "e-")
                }
                _ => format!("{float}"),
            }
        }
        scalar => ["<", ">", "&", "\u{2028}", "\u{2029}", "\u{7f}", "\u{fffe}", "\u{ffff}"]
            .into_iter()
            .map(str::to_owned)
            .chain(('\u{80}'..='\u{9f}').map(String::from))
            .fold(scalar.to_string(), |text, odd| {
                let code = odd.chars().next().map_or(0, u32::from);
                text.replace(&odd, &format!("\\u{code:04x}"))
            }),
    }
}

pub(super) fn values(kind: &str, text: &str) -> Result<Value, String> {
    let mut out = Vec::new();
    for word in text.split(',').map(str::trim) {
        match kind {
            _ if word.is_empty() => return Err("empty enum values are not allowed".to_owned()),
            // `%q` of Go is JSON for these; `<`, `>`, `&` are stored otherwise, and kro then takes them for removed.
            "string" if word.chars().all(|c| matches!(c, ' '..='~') && !"<>&".contains(c)) => out.push(json!(word)),
            "string" => return Err(format!("enum: {word:?} isn't stored as kro writes it")),
            "integer" if word.parse::<i64>().is_ok_and(|number| number.to_string() == word) => {
                out.push(json!(integer("enum", word)?))
            }
            "integer" => return Err(format!("enum: {word:?} is no canonical integer")),
            kind => return Err(format!("enum values only supported for string and integer types, got type: {kind}")),
        }
    }
    Ok(Value::Array(out))
}
