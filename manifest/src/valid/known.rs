//! Which properties a schema knows at a place, for the nearest one to a misspelt one.

use serde_json::Value;
use std::collections::BTreeSet;

/// The properties that the schema around `keyword` (a JSON pointer) declares, with those of the schemas applied in the same place.
pub(super) fn properties(bundle: &Value, keyword: &str) -> Vec<String> {
    let around = keyword.rsplit_once('/').map_or("", |(around, _)| around);
    let mut known = BTreeSet::new();
    if let Some(schema) = bundle.pointer(around) {
        collect(bundle, schema, &mut known, 16);
    }
    known.into_iter().collect()
}

/// `depth` bounds what is followed: schemas may refer to themselves.
fn collect(bundle: &Value, schema: &Value, known: &mut BTreeSet<String>, depth: usize) {
    if depth == 0 {
        return;
    }
    let declared = schema.get("properties").and_then(Value::as_object);
    known.extend(declared.into_iter().flat_map(|properties| properties.keys().cloned()));

    let lists = ["allOf", "anyOf", "oneOf"].iter().filter_map(|list| schema.get(list)?.as_array()).flatten();
    let single = ["if", "then", "else"].iter().filter_map(|keyword| schema.get(keyword));
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| bundle.pointer(target.strip_prefix('#')?));
    for applied in lists.chain(single).chain(target) {
        collect(bundle, applied, known, depth - 1);
    }
}
