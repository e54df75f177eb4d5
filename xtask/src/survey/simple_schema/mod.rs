//! KRO's SimpleSchema read back: what kro v0.9.3 makes of a definition, by rules of its own.
//!
//! Nothing here is shared with the generator, so that the two can disagree. Sources: kubernetes-sigs/kro, `pkg/simpleschema/`
//! (`parse.go`, `markers.go`, `transform.go`), and the structural rules of kubernetes/apiextensions-apiserver.

mod markers;
mod structural;

use std::collections::BTreeMap;

use markers::{apply, tokens};
use serde_json::{Map, Value, json};
use structural::structural;

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
