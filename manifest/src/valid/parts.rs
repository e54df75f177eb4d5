//! Parts of a schema, each judging a document of its own.

use jsonschema::Registry;
use serde_json::{Map, Value, json};

/// A document that its part of the schema refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The document's number among those that were asked about.
    pub index: usize,
    /// What is wrong first, and where in the document if not with all of it.
    pub reason: String,
}

/// Which documents are refused by the parts of `bundle` at their pointers; one schema and one document for all of them.
///
/// A pointer that leads nowhere refuses nothing, nor does a bundle that isn't a schema: [`super::Validator::new`] says so.
#[must_use]
pub fn refused(bundle: &Value, asked: &[(String, Value)]) -> Vec<Refused> {
    let there = || asked.iter().enumerate().filter(|(_, (pointer, _))| bundle.pointer(pointer).is_some());
    let reference = |pointer: &str| json!({"$ref": format!("trefoil:bundle#{}", encoded(pointer))});
    let properties: Map<String, Value> = there().map(|(index, (pointer, _))| (index.to_string(), reference(pointer))).collect();
    if properties.is_empty() {
        return Vec::new();
    }
    let document: Map<String, Value> = there().map(|(index, (_, document))| (index.to_string(), document.clone())).collect();
    let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": properties});
    let Some(validator) = compile(&schema, bundle.clone()) else { return Vec::new() };
    let mut out: Vec<Refused> = Vec::new();
    for error in validator.iter_errors(&Value::Object(document)) {
        let path = error.instance_path().to_string();
        let mut steps = path.split('/').skip(1);
        let Some(index) = steps.next().and_then(|step| step.parse::<usize>().ok()) else { continue };
        if out.iter().all(|known| known.index != index) {
            let inner: Vec<&str> = steps.collect();
            let place = if inner.is_empty() { String::new() } else { format!("at /{}: ", inner.join("/")) };
            out.push(Refused { index, reason: format!("{place}{error}") });
        }
    }
    out
}

fn compile(schema: &Value, bundle: Value) -> Option<jsonschema::Validator> {
    let bundle = without_id(bundle);
    let registry = Registry::new().add("trefoil:bundle", bundle).ok()?.prepare().ok()?;
    super::options().with_registry(&registry).build(schema).ok()
}

/// A document is known by its `$id` before it is known by the name that it is registered under.
fn without_id(bundle: Value) -> Value {
    match bundle {
        Value::Object(mut members) => {
            members.shift_remove("$id");
            members.shift_remove("id");
            Value::Object(members)
        }
        other => other,
    }
}

/// A pointer as a URI's fragment (RFC 6901 §6).
fn encoded(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b'$' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Refused, refused};

    #[test]
    fn each_part_judges_its_own_document() {
        let asked = [
            ("/properties/a b".to_owned(), json!(1)),
            ("/properties/a b".to_owned(), json!("x")),
            ("/properties/c".to_owned(), json!({ "d": "x" })),
            ("/properties/nowhere".to_owned(), json!("x")),
        ];
        let said = |index: usize, reason: &str| Refused { index, reason: reason.to_owned() };
        let want = [said(1, r#""x" is not of type "integer""#), said(2, r#"at /d: "x" is not of type "integer""#)];
        for id in ["https://example.org/values", "values.schema.json", "/values", "urn:example:values", "trefoil:other"] {
            let bundle = json!({
                "$id": id,
                "properties": { "a b": { "type": "integer" }, "c": { "properties": { "d": { "$ref": "#/properties/a%20b" } } } },
            });
            assert_eq!(refused(&bundle, &asked), want, "{id}");
        }
    }
}
