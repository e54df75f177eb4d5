//! `values.schema.json`: the author's text with its references inside.

use serde_json::{Map, Value, json};

use crate::mark::{mark, source};
use crate::model::Service;

pub(super) fn schema(service: &Service) -> String {
    let mark = mark(&source(&service.name));
    let mut out = Map::new();
    match &service.bundle.schema {
        Value::Object(source) => {
            let comment = match source.get("$comment") {
                Some(Value::String(own)) => format!("{mark} {own}"),
                _ => mark,
            };
            // First in the file: readers look for the mark in its first lines.
            out.extend(source.get_key_value("$schema").map(|(key, value)| (key.clone(), value.clone())));
            out.insert("$comment".to_owned(), Value::String(comment));
            out.extend(
                source
                    .iter()
                    .filter(|(key, _)| !matches!(key.as_str(), "$schema" | "$comment"))
                    .map(|(k, v)| (k.clone(), v.clone())),
            );
            if wants_global(source) {
                admit_global(&mut out);
            }
        }
        other => out.extend([("$comment".to_owned(), Value::String(mark)), ("allOf".to_owned(), json!([other]))]),
    }
    crate::chart::schema::pretty(&Value::Object(out))
}

/// Two blanks, and a line break at the end.
pub(crate) fn pretty(value: &Value) -> String {
    // `{:#}` is serde_json's pretty printer, without a result that can't fail.
    format!("{value:#}\n")
}

/// Helm puts `global` into the values of every subchart, and a closed root would refuse it.
pub(super) fn wants_global(root: &Map<String, Value>) -> bool {
    let closed = |keyword: &str| root.get(keyword) == Some(&Value::Bool(false));
    let declared = root.get("properties").and_then(|properties| properties.get("global")).is_some();
    (closed("additionalProperties") || closed("unevaluatedProperties")) && !declared
}

fn admit_global(root: &mut Map<String, Value>) {
    let properties = root.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.insert("global".to_owned(), json!({ "description": "Values that Helm shares with subcharts." }));
    }
}
