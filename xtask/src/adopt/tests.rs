use std::path::Path;

use generator::{Inputs, Source};
use manifest::name::ServiceName;
use manifest::platform::Platform;

use super::meaning::without_nulls;
use super::*;

/// The values that the adopted schema gives, and what was said on the way.
fn adopted(schema: &str, values: &str) -> (Value, Vec<String>) {
    let adopted = adopt(Some(schema), values);
    let schema: Value = serde_json::from_str(&adopted.schema_text).unwrap();
    let ours = crate::laid::laid(&schema, "").unwrap_or_else(|| json!({}));
    (ours, adopted.diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect())
}

/// What the values meant is what the schema's defaults give.
fn holds(schema: &str, values: &str) -> Vec<String> {
    let (ours, messages) = adopted(schema, values);
    let theirs = manifest::yaml::read(values).unwrap();
    assert_eq!(without_nulls(&ours), without_nulls(&theirs), "{schema}");
    messages
}

#[test]
fn scalars_lists_and_maps() {
    let schema = r#"{ "properties": { "a": { "type": "integer" }, "b": { "type": "array" }, "c": { "type": "object" },
        "d": { "type": "object", "properties": { "e": { "type": "string" } } }, "f": true } }"#;
    assert!(holds(schema, "a: 1\nb: [x]\nc: {}\nd: {e: x}\nf: 1\n").is_empty());
    assert!(holds(schema, "a: 1\nb: []\nc: {k: v}\nd: {}\n").is_empty());
    assert!(holds(schema, "d: {e: null}\na: null\n").is_empty());
}

#[test]
fn values_win() {
    let schema = r#"{ "properties": { "a": { "default": 1 }, "b": { "default": 2 }, "c": { "default": { "u": 1, "v": 2 },
        "properties": { "u": { "default": 3 }, "v": {} } } } }"#;
    let messages = holds(schema, "a: 5\nc: {u: 1}\n");
    assert_eq!(messages.len(), 4, "{messages:?}");
    assert!(messages[0].contains("default is 1, and values.yaml has 5"), "{messages:?}");
    assert!(messages.iter().any(|message| message.contains("default is 2, and values.yaml has none")), "{messages:?}");
}

#[test]
fn what_equals_stays_as_it_was_written() {
    let schema = "{\"properties\":{\"a\":{\"default\":1},\n\"b\":{\"properties\":{\"c\":{\"default\":[]}}}}}";
    let adopted = adopt(Some(schema), "a: 1\nb: {c: []}\n");
    assert_eq!(adopted.schema_text, schema);
}

#[test]
fn keys_that_the_schema_has_not() {
    let open = r#"{ "properties": { "o": { "properties": { "u": {} } } } }"#;
    assert!(holds(open, "new: {a: {b: 1}}\no: {u: 1, v: 2}\n").is_empty());
    let closed = r#"{ "additionalProperties": false }"#;
    assert!(holds(closed, "new: 1\n")[0].contains("\"new\", which the schema refuses"));
    let typed = r#"{ "additionalProperties": { "type": "integer" } }"#;
    let adopted = adopt(Some(typed), "new: 1\n");
    assert!(adopted.schema_text.contains("\"type\": \"integer\",\n      \"default\": 1"), "{}", adopted.schema_text);
}

#[test]
fn references_and_items() {
    let schema = r##"{ "$defs": { "port": { "properties": { "p": { "default": 80 }, "q": {} } } },
        "properties": { "one": { "$ref": "#/$defs/port" }, "two": { "$ref": "#/$defs/port" },
        "list": { "items": { "properties": { "u": { "default": 1 }, "v": {} } } } } }"##;
    assert!(holds(schema, "one: {p: 80, q: 1}\ntwo: {p: 80}\nlist: [{u: 1}]\n").is_empty());
    assert!(!holds(schema, "one: {q: 1}\nlist: [{v: 1}]\n").is_empty());
    let root = r##"{ "$ref": "#/$defs/values", "$defs": { "values": { "properties": { "a": { "default": 1 } } } } }"##;
    holds(root, "a: 2\nb: 3\n");
    let all = r#"{ "allOf": [{ "properties": { "a": { "default": 1 } } }], "properties": { "b": {} } }"#;
    holds(all, "a: 2\nb: 3\n");
}

#[test]
fn required_fields_without_a_value() {
    let schema = r#"{ "properties": { "o": { "required": ["u"], "properties": { "u": {}, "v": {} } } } }"#;
    holds(schema, "o: {v: 1}\n");
}

#[test]
fn recursion_ends() {
    let schema = r##"{ "properties": { "t": { "$ref": "#/$defs/t" } }, "$defs": { "t": { "properties": { "t": { "$ref": "#/$defs/t" },
        "v": { "default": 1 } } }, "loop": { "$ref": "#/$defs/loop" } } }"##;
    adopt(Some(schema), "t: {t: {v: 1}}\n");
    holds(schema, "{}\n");
    adopt(Some(r##"{ "$ref": "#/$defs/loop", "$defs": { "loop": { "$ref": "#/$defs/loop" } } }"##), "a: 1\n");
}

#[test]
fn bad_input_is_reported() {
    let bad = |schema: Option<&str>, values: &str| adopt(schema, values).diagnostics.len() == 1;
    assert!(bad(None, "a: [") && bad(None, "- a") && bad(Some("{"), "a: 1") && bad(Some("1"), "a: 1"));
}

/// Real charts: `TREFOIL_CORPUS` names a folder with `schemas/*.json` and, of the same name, `values/*.yaml`.
#[test]
fn real_charts_keep_their_meaning() {
    let Some(corpus) = std::env::var_os("TREFOIL_CORPUS") else {
        eprintln!("skipped: TREFOIL_CORPUS names no folder");
        return;
    };
    let corpus = Path::new(&corpus);
    let (mut hold, mut all) = (0, 0);
    let mut entries: Vec<_> = std::fs::read_dir(corpus.join("schemas")).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().replace(".json", ".yaml");
        let Ok(values) = std::fs::read_to_string(corpus.join("values").join(&name)) else { continue };
        let Ok(theirs) = manifest::yaml::read(&values) else { continue };
        let schema = std::fs::read_to_string(&path).unwrap();
        all += 1;
        let difference = generated(&adopt(Some(&schema), &values).schema_text)
            .and_then(|ours| differences(&theirs, &ours).into_iter().next().map_or(Ok(()), Err));
        match difference {
            Ok(()) => hold += 1,
            Err(why) => eprintln!("{name}: {why}"),
        }
    }
    eprintln!("{hold} of {all} charts keep their meaning");
    assert!(all == 0 || hold >= 100, "{hold} of {all}");
}

/// The `values.yaml` that is made of a schema.
fn generated(schema: &str) -> Result<Value, String> {
    let service = ServiceName::parse("adopted").unwrap();
    let source = Source { service, path: SCHEMA.to_owned(), text: schema.to_owned(), sample: None, flavors: Default::default() };
    let inputs = Inputs { platform: Platform::default(), sources: vec![source], library: String::new() };
    let output = generator::generate(&inputs);
    let Some(made) = output.services.first() else {
        return Err(format!("can't be read: {:?}", output.diagnostics.iter().map(|d| &d.message).next_back()));
    };
    let mut files = made.targets.iter().flat_map(|(_, emission)| &emission.files);
    let file = files.find(|file| file.path.ends_with("/values.yaml")).ok_or("no values.yaml")?;
    manifest::yaml::read(&file.content)
        .map(|values| if values.is_null() { json!({}) } else { values })
        .map_err(|error| error.to_string())
}
