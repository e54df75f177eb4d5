//! KRO's SimpleSchema read back: what kro v0.9.3 makes of a definition, by rules of its own.
//!
//! Nothing here is shared with the generator, so that the two can disagree. Sources: kubernetes-sigs/kro, `pkg/simpleschema/`
//! (`parse.go`, `markers.go`, `transform.go`), and the structural rules of kubernetes/apiextensions-apiserver.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The OpenAPI v3 schema of `spec` that the CRD of a ResourceGraphDefinition gets; or what KRO or the API server would refuse.
///
/// # Errors
/// The first thing that is wrong, with the name of the type or field.
pub(crate) fn read(rgd: &Value) -> Result<Value, String> {
    let schema = rgd.pointer("/spec/schema").ok_or("the definition has no spec.schema")?;
    let none = Map::new();
    let types = schema.get("types").map_or(Ok(&none), |types| types.as_object().ok_or("types must be a mapping"))?;
    let spec = schema.get("spec").and_then(Value::as_object).ok_or("spec.schema.spec must be a mapping")?;
    printable(&Value::Object(types.clone()))?;
    printable(&Value::Object(spec.clone()))?;
    let mut reader = Reader { types, done: BTreeMap::new(), open: Vec::new() };
    for name in types.keys() {
        reader.custom(name).map_err(|why| format!("type {name}: {why}"))?;
    }
    let spec = reader.fields(spec)?;
    structural(&spec, "spec")?;
    Ok(spec)
}

/// kro's YAML decoder takes none of these characters.
fn printable(value: &Value) -> Result<(), String> {
    let check = |text: &str| match text.chars().find(|c| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')) {
        Some(c) => Err(format!("control characters are not allowed: {c:?} in {text:?}")),
        None => Ok(()),
    };
    match value {
        Value::String(text) => check(text),
        Value::Object(map) => map.iter().try_for_each(|(key, value)| check(key).and_then(|()| printable(value))),
        _ => Ok(()),
    }
}

struct Reader<'a> {
    types: &'a Map<String, Value>,
    done: BTreeMap<&'a str, Value>,
    /// The types that we are inside of.
    open: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// A mapping of fields.
    fn fields(&mut self, fields: &'a Map<String, Value>) -> Result<Value, String> {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, node) in fields {
            let (schema, is_required) = self.node(node).map_err(|why| format!("{name}: {why}"))?;
            if is_required {
                required.push(json!(name));
            }
            properties.insert(name.clone(), schema);
        }
        let mut out = json!({"type": "object"});
        let filled = properties.values().any(|schema| schema.get("default").is_some());
        if filled && required.is_empty() {
            out["default"] = json!({});
        }
        out["properties"] = Value::Object(properties);
        if !required.is_empty() {
            out["required"] = Value::Array(required);
        }
        Ok(out)
    }

    fn node(&mut self, node: &'a Value) -> Result<(Value, bool), String> {
        match node {
            Value::Object(fields) => Ok((self.fields(fields)?, false)),
            Value::String(text) => {
                let (kind, markers) = match text.split_once('|') {
                    Some((kind, markers)) => (kind.trim(), tokens(markers.trim_start())?),
                    None => (text.trim(), Vec::new()),
                };
                let mut schema = self.kind(kind, 0)?;
                let required = apply(&mut schema, &markers)?;
                Ok((schema, required))
            }
            other => Err(format!("unexpected type: {other}")),
        }
    }

    fn kind(&mut self, kind: &'a str, depth: usize) -> Result<Value, String> {
        if depth > 16 {
            return Err("type nesting too deep (max 16)".to_owned());
        }
        if let Some(item) = kind.strip_prefix("[]") {
            return match item {
                "" => Err("empty slice element type".to_owned()),
                item => Ok(json!({"type": "array", "items": self.kind(item, depth + 1)?})),
            };
        }
        if let Some(rest) = kind.strip_prefix("map[") {
            return match rest.strip_prefix("string]") {
                None => Err("map key must be string".to_owned()),
                Some("") => Err("map value type is required".to_owned()),
                Some(value) => Ok(json!({"type": "object", "additionalProperties": self.kind(value, depth + 1)?})),
            };
        }
        match kind {
            "" => Err("empty type".to_owned()),
            "string" | "integer" | "boolean" => Ok(json!({"type": kind})),
            "float" => Ok(json!({"type": "number"})),
            "object" => Ok(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})),
            name => self.custom(name),
        }
    }

    fn custom(&mut self, name: &'a str) -> Result<Value, String> {
        if let Some(schema) = self.done.get(name) {
            return Ok(schema.clone());
        }
        if self.open.contains(&name) {
            return Err(format!("cyclic dependency in type {name}"));
        }
        let node = self.types.get(name).ok_or_else(|| format!("unknown type: {name}"))?;
        self.open.push(name);
        let (schema, required) = self.node(node)?;
        self.open.pop();
        if required {
            return Err(format!("required=true on the type {name} would make every direct use required"));
        }
        self.done.insert(name, schema.clone());
        Ok(schema)
    }
}

/// The markers of a field, unquoted.
fn tokens(text: &str) -> Result<Vec<(String, String)>, String> {
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
fn apply(schema: &mut Value, markers: &[(String, String)]) -> Result<bool, String> {
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

fn boolean(key: &str, text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("failed to parse {key} marker value: {text:?}")),
    }
}

fn integer(key: &str, text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{key}: {text:?} is no integer"))
}

/// KRO puts a string between quotes and leaves everything else raw; the text must be the API server's own spelling of the value.
fn default(kind: &str, text: &str) -> Result<Value, String> {
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
fn stored(value: &Value) -> String {
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

fn values(kind: &str, text: &str) -> Result<Value, String> {
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

/// The API server's rules for the schema of a CRD, as far as kro doesn't keep them itself.
fn structural(schema: &Value, path: &str) -> Result<(), String> {
    if let Some(default) = schema.get("default") {
        conforms(default, schema).map_err(|why| format!("{path}: default: {why}"))?;
    }
    let many = schema.get("items").or_else(|| schema.get("additionalProperties"));
    if schema.get("x-kubernetes-list-type").is_some() && schema["items"]["type"].as_str().is_none_or(|kind| kind == "object") {
        return Err(format!("{path}: a set of objects has to be atomic"));
    }
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        structural(schema, &format!("{path}.{name}"))?;
    }
    match many {
        Some(inner) if inner.to_string().contains("oldSelf") => {
            Err(format!("{path}: oldSelf cannot be used on the uncorrelatable portion"))
        }
        Some(inner) => structural(inner, &format!("{path}[*]")),
        None => Ok(()),
    }
}

/// Whether a default is valid and pruned; nested defaults aren't filled in before.
fn conforms(value: &Value, schema: &Value) -> Result<(), String> {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let within = |size: f64, min: &str, max: &str| match limit(min).is_none_or(|min| size >= min)
        && limit(max).is_none_or(|max| size <= max)
    {
        true => Ok(()),
        false => Err(format!("{value} breaks {min} or {max}")),
    };
    if schema.get("enum").and_then(Value::as_array).is_some_and(|values| !values.contains(value)) {
        return Err(format!("{value} isn't in the enum"));
    }
    match (schema["type"].as_str().unwrap_or_default(), value) {
        ("string", Value::String(text)) => within(text.chars().count() as f64, "minLength", "maxLength"),
        ("integer", Value::Number(number)) if number.is_i64() => {
            within(number.as_f64().unwrap_or_default(), "minimum", "maximum")
        }
        ("number", Value::Number(number)) => within(number.as_f64().unwrap_or_default(), "minimum", "maximum"),
        ("boolean", Value::Bool(_)) => Ok(()),
        ("array", Value::Array(items)) => {
            within(items.len() as f64, "minItems", "maxItems")?;
            items.iter().try_for_each(|item| conforms(item, &schema["items"]))
        }
        ("object", Value::Object(map)) => {
            let open = schema.get("x-kubernetes-preserve-unknown-fields").is_some();
            for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                if !map.contains_key(name) {
                    return Err(format!("{name}: Required value"));
                }
            }
            map.iter().try_for_each(|(key, value)| {
                match schema
                    .pointer(&format!("/properties/{}", key.replace('~', "~0").replace('/', "~1")))
                    .or(schema.get("additionalProperties"))
                {
                    Some(schema) => conforms(value, schema),
                    None if open => Ok(()),
                    None => Err(format!("must not have unknown fields: {key}")),
                }
            })
        }
        (kind, value) => Err(format!("{value} must be of type {kind}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(line: &str) -> Result<Value, String> {
        let spec = read(&json!({"spec": {"schema": {"spec": {"f": line}}}}))?;
        Ok(spec["properties"]["f"].clone())
    }

    #[test]
    fn markers_are_read_as_kro_reads_them() {
        assert_eq!(field(r#"string | default="a\\\"b\\n" pattern="^\\d+$""#).unwrap()["pattern"], json!(r"^\d+$"));
        assert_eq!(field(r#"string | default="a\\\"b\\n""#).unwrap()["default"], json!("a\"b\n"));
        assert_eq!(field("integer | re quired=true").unwrap(), json!({"type": "integer"}));
        for (line, why) in [
            ("string | required=true, default=5", "failed to parse required"),
            ("string | required = true", "marker key 'true' without a value"),
            ("string | default=1 ", "marker key '' without a value"),
            ("string |", "marker key '' without a value"),
            ("string | x=1", "unknown marker: x"),
            ("string | =x", "empty marker key"),
            ("string | pattern=^\\[$", "unclosed bracket/brace"),
            ("number", "unknown type: number"),
            ("float | default=1.0", "stored as 1"),
            ("string | default=<", "stored as"),
            ("string | enum=a,,b", "empty enum values"),
            ("boolean | enum=true", "only supported for string and integer"),
            ("integer | default=1.5", "is no integer"),
            ("[]object | uniqueItems=true", "atomic"),
        ] {
            let found = field(line).unwrap_err();
            assert!(found.contains(why), "{line}: {found}");
        }
    }

    #[test]
    fn objects_appear_with_their_defaults() {
        let types = json!({"A": {"x": "integer | default=1"}, "B": {"y": "string | required=true", "x": "integer | default=1"}});
        let spec = read(&json!({"spec": {"schema": {"types": types, "spec": {"a": "A", "b": "B", "l": "[]A"}}}})).unwrap();
        assert_eq!(spec["default"], json!({}));
        assert_eq!(spec["properties"]["a"]["default"], json!({}));
        assert_eq!(spec["properties"]["b"].get("default"), None);
        assert_eq!(spec["properties"]["l"]["items"]["default"], json!({}));
    }

    #[test]
    fn types_must_exist_and_end() {
        let refuse = |types: Value| read(&json!({"spec": {"schema": {"types": types, "spec": {}}}})).unwrap_err();
        assert!(refuse(json!({"A": {"b": "B"}, "B": {"a": "[]A"}})).contains("cyclic dependency"));
        assert!(refuse(json!({"A": {"b": "Gone"}})).contains("unknown type: Gone"));
    }
}
