//! Schemas that nobody would write.

use serde_json::{Map, Value, json};

use crate::support::random::Random;

const KEYWORDS: &[&str] = &[
    "$anchor",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$recursiveRef",
    "$ref",
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "default",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "readOnly",
    "required",
    "then",
    "title",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "writeOnly",
    "x-ui",
    "x-kubernetes-validations",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "hidden",
    "render",
    "listEnum",
    "maximun",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "type",
    "self",
    "extra",
    "null",
    "no",
    "1",
    "-",
    "é",
    "\u{0}",
    "\u{202e}x",
    "a\nb",
    "---\n",
    "${{ x }}",
    "{{ .Values }}",
    "${a}",
    "__proto__",
    "a/b~c",
    "%",
    "'\"`\\",
    "😀",
    " ",
    "Fn",
    "r#type",
    "metadata",
    "kind",
    "string",
    "object",
    "array",
    "integer",
    "number",
    "boolean",
    "^[a-z]+$",
    "(",
    "(?=x)",
    "\\d+",
    "ipv4",
    "date-time",
    "textarea",
    "slider",
    "Group",
    "self == oldSelf",
    "self.a > 1",
];

const REFERENCES: &[&str] = &[
    "#",
    "#/",
    "#//",
    "#/$defs/a",
    "#/definitions/a",
    "#/properties/a",
    "#/properties",
    "#/allOf/0",
    "#/a%20b",
    "#/%",
    "#/~2",
    "#anchor",
    "",
    "../child/values.schema.json",
    "../child/values.schema.json#/$defs/port",
    "../parent/values.schema.json#",
    "../sample/values.schema.json",
    "../secretive/values.schema.json#/properties/password",
    "https://example.com/x",
    "x.json",
    "../../etc/passwd",
    "#/required/0",
];

/// A seed with a few changes.
pub(crate) fn changed(seeds: &[String], random: &mut Random) -> String {
    let seed = random.pick(seeds);
    let Ok(mut value) = serde_json::from_str::<Value>(seed) else { return broken(seed.clone(), random) };
    if seed.len() > 20_000 && !random.once_in(8) {
        return changed(seeds, random);
    }
    for _ in 0..=random.below(3) {
        change(&mut value, seeds, random);
    }
    let text = if random.once_in(2) { value.to_string() } else { format!("{value:#}") };
    if random.once_in(12) { broken(text, random) } else { text }
}

fn change(document: &mut Value, seeds: &[String], random: &mut Random) {
    let copy = document.clone();
    let mut index = random.below(count(document));
    let Some(place) = at(document, &mut index) else { return };
    let old = place.take();
    *place = match random.below(20) {
        0 => scrap(random),
        1 => other(seeds, random),
        2 => part(&copy, random),
        3 => json!({ "$ref": *random.pick(REFERENCES) }),
        4 => json!({ (*random.pick(&["allOf", "anyOf", "oneOf"])): [old, part(&copy, random)] }),
        5 => json!({ (*random.pick(&["not", "items", "if", "contains", "propertyNames", "additionalProperties"])): old }),
        6 => nested(old, random),
        7 => json!({ "type": [*random.pick(TEXTS), "string", "null"] }),
        _ => inside(old, &copy, seeds, random),
    };
}

/// A change among an object's keys or a list's items.
fn inside(old: Value, document: &Value, seeds: &[String], random: &mut Random) -> Value {
    match old {
        Value::Object(mut members) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            match random.below(5) {
                0 if !keys.is_empty() => _ = members.shift_remove(random.pick(&keys)),
                1 if !keys.is_empty() => {
                    let value = members.shift_remove(random.pick(&keys)).unwrap_or_default();
                    let words = if random.once_in(3) { TEXTS } else { KEYWORDS };
                    members.insert((*random.pick(words)).to_owned(), value);
                }
                2 => _ = members.insert((*random.pick(KEYWORDS)).to_owned(), scrap(random)),
                3 => _ = members.insert((*random.pick(KEYWORDS)).to_owned(), part(document, random)),
                _ => _ = members.insert((*random.pick(KEYWORDS)).to_owned(), other(seeds, random)),
            }
            Value::Object(members)
        }
        Value::Array(mut items) => {
            match random.below(3) {
                0 => _ = items.pop(),
                1 => items.push(scrap(random)),
                _ => items.extend(items.clone()),
            }
            Value::Array(items)
        }
        _ => scrap(random),
    }
}

fn scrap(random: &mut Random) -> Value {
    match random.below(22) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(0),
        4 => json!(-1),
        5 => json!(u64::MAX),
        6 => json!(i64::MIN),
        7 => json!(1e308),
        8 => json!(1e-320),
        9 => json!(-0.0),
        10 => json!(0.1),
        11 => json!([]),
        12 => json!({}),
        13 => json!([*random.pick(TEXTS), *random.pick(TEXTS)]),
        14 => {
            json!({ (*random.pick(TEXTS)): { "type": *random.pick(&["string", "integer", "object", "array", "boolean", "null"]) } })
        }
        15 => json!({ "type": "object", "properties": { (*random.pick(TEXTS)): true }, "required": [*random.pick(TEXTS)] }),
        16 => json!("x".repeat(5000)),
        17 => {
            json!({ "order": 1, "page": *random.pick(TEXTS), "secretRef": random.once_in(2), "platformOwned": random.once_in(2), "immutable": true })
        }
        18 => {
            json!([{ "type": "string" }, { "type": "null" }, { "type": ["object", "null"], "additionalProperties": { "type": "integer" } }])
        }
        19 => json!([{ "rule": *random.pick(TEXTS), "message": *random.pick(TEXTS) }]),
        20 => json!(*random.pick(REFERENCES)),
        _ => json!(*random.pick(TEXTS)),
    }
}

fn nested(value: Value, random: &mut Random) -> Value {
    let word = *random.pick(&["items", "not", "additionalProperties", "allOf", "properties"]);
    (0..random.below(60)).fold(value, |inner, _| match word {
        "allOf" => json!({ "allOf": [inner] }),
        "properties" => json!({ "properties": { "a": inner } }),
        word => json!({ (word): inner }),
    })
}

fn other(seeds: &[String], random: &mut Random) -> Value {
    let seed = random.pick(seeds);
    if seed.len() > 20_000 {
        return json!({});
    }
    serde_json::from_str(seed).map(|value| part(&value, random)).unwrap_or_default()
}

fn part(value: &Value, random: &mut Random) -> Value {
    let mut value = value.clone();
    let mut index = random.below(count(&value));
    at(&mut value, &mut index).cloned().filter(|part| part.to_string().len() < 4000).unwrap_or_default()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn at<'v>(value: &'v mut Value, index: &mut usize) -> Option<&'v mut Value> {
    if *index == 0 {
        return Some(value);
    }
    *index -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| at(item, index)),
        Value::Object(members) => members.values_mut().find_map(|member| at(member, index)),
        _ => None,
    }
}

/// Text that may not be JSON any more.
fn broken(text: String, random: &mut Random) -> String {
    let mut bytes = text.into_bytes();
    let place = random.below(bytes.len().max(1));
    match random.below(6) {
        0 => bytes.truncate(place),
        1 => bytes.splice(place..place, b"[".repeat(5000)).for_each(drop),
        2 => bytes.splice(place..place, *b"\"a\": 1, \"a\": 2,").for_each(drop),
        3 => bytes.splice(place..place, (0..8).map(|_| random.bits() as u8).collect::<Vec<_>>()).for_each(drop),
        4 => bytes.splice(place..place, *b"\\").for_each(drop),
        _ => bytes.splice(place..place, *b"1e999").for_each(drop),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value with one part less, for each part, the large ones first.
pub(crate) fn smaller(value: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let with = |item: Option<Value>| {
                    let mut items = items.clone();
                    match item {
                        Some(item) => items[index] = item,
                        None => _ = items.remove(index),
                    }
                    Value::Array(items)
                };
                out.push(with(None));
                out.extend(smaller(item).into_iter().map(|item| with(Some(item))));
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let with = |member: Option<Value>| {
                    let mut members: Map<String, Value> = members.clone();
                    match member {
                        Some(member) => _ = members.insert(key.clone(), member),
                        None => _ = members.shift_remove(key),
                    }
                    Value::Object(members)
                };
                out.push(with(None));
                if member.is_object() || member.is_array() {
                    out.push(member.clone());
                }
                out.extend(smaller(member).into_iter().map(|member| with(Some(member))));
            }
        }
        _ => {}
    }
    out.sort_by_cached_key(|value| value.to_string().len());
    out
}
