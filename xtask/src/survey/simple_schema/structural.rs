//! What the API server asks of the schema of a CRD.

use serde_json::Value;

/// The API server's rules for the schema of a CRD, as far as kro doesn't keep them itself.
pub(super) fn structural(schema: &Value, path: &str) -> Result<(), String> {
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
