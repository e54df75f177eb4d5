//! A plain schema of values that have none.

use serde_json::{Map, Value, json};

/// Types as the values have them, each value as its place's default. Nothing is required, nothing refused but another type.
pub(super) fn schema(values: &Map<String, Value>) -> Value {
    let mut schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" });
    if let (Some(schema), Value::Object(root)) = (schema.as_object_mut(), object(values)) {
        schema.extend(root);
    }
    schema
}

fn of(value: &Value) -> Value {
    let plain = |kind: &str| json!({ "type": kind, "default": value });
    match value {
        // Nothing is known of it but that it can be left out.
        Value::Null => json!({}),
        Value::Bool(_) => plain("boolean"),
        Value::Number(number) if number.is_f64() => plain("number"),
        Value::Number(_) => plain("integer"),
        Value::String(_) => plain("string"),
        Value::Array(items) => json!({ "type": "array", "items": items_of(items), "default": value }),
        // A map whose keys nobody knows.
        Value::Object(members) if members.values().all(Value::is_null) => {
            json!({ "type": "object", "additionalProperties": true, "default": {} })
        }
        Value::Object(members) => object(members),
    }
}

fn object(members: &Map<String, Value>) -> Value {
    let properties: Map<String, Value> = members.iter().map(|(key, value)| (key.clone(), of(value))).collect();
    json!({ "type": "object", "properties": properties })
}

/// Scalars of one type say what the items are; anything else says nothing.
fn items_of(items: &[Value]) -> Value {
    let kind = |value: &Value| of(value).get("type").cloned();
    match items.first().and_then(kind) {
        Some(first) if first != "object" && first != "array" && items.iter().all(|item| kind(item).as_ref() == Some(&first)) => {
            json!({ "type": first })
        }
        _ => json!({}),
    }
}
