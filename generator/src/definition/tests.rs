//! The definition of small schemas, and the balance of its book for every schema at hand.

use std::path::{Path, PathBuf};

use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::{Value, json};

use crate::ledger::{Target, balance};
use crate::model::{self, Service};
use crate::{Emission, Inputs, Source, Views};

/// KRO's own reading of a definition, by somebody else's rules.
#[path = "../../../xtask/src/survey/simple_schema/mod.rs"]
mod reader;

fn inputs(sources: Vec<Source>) -> Inputs {
    Inputs { platform: Platform::default(), sources, library: String::new() }
}

fn source(name: &str, text: &str) -> Source {
    let service = ServiceName::parse(name).unwrap();
    Source {
        path: format!("schemas/{name}/values.schema.json"),
        service,
        text: text.to_owned(),
        sample: None,
        flavors: Default::default(),
    }
}

fn emit(service: &Service) -> Emission {
    super::emit(&Views { whole: service, release: model::release(service) }, &Platform::default())
}

/// The documents made of a schema; its book balances.
fn documents(schema: &Value) -> Vec<Value> {
    let mut schema = schema.clone();
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    let inputs = inputs(vec![source("demo", &schema.to_string())]);
    let service = crate::lower(&inputs.sources[0], &inputs).service.unwrap();
    let emission = emit(&service);
    assert_eq!(balance(&service, Target::Kro, &emission.book), Default::default(), "{schema}");
    read(&emission)
}

/// The documents as KRO and Kubernetes read them.
fn read(emission: &Emission) -> Vec<Value> {
    let documents = manifest::yaml::read_all(&emission.files[0].content).unwrap();
    reader::read(&documents[0]).unwrap();
    documents
}

/// Types and policy of a schema with these properties.
fn print(properties: Value) -> String {
    let documents = documents(&json!({"type": "object", "additionalProperties": false, "properties": properties}));
    let schema = &documents[0]["spec"]["schema"];
    let mut out = String::new();
    for (name, value) in schema["types"].as_object().unwrap() {
        out.push_str(&format!("{name}: {}\n", manifest::yaml::write(value).trim_end().replace('\n', "\n  ")));
    }
    for variable in documents[1]["spec"]["variables"].as_array().unwrap() {
        if variable["name"].as_str().unwrap().starts_with("problems") && variable["name"] != "problems" {
            // This line is the same in every policy.
            let lines = variable["expression"].as_str().unwrap().lines().filter(|line| !line.contains("variables.carried"));
            out.push_str(&lines.collect::<Vec<_>>().join("\n"));
        }
    }
    out
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every schema of a folder with a folder for each service.
fn services(folder: &Path) -> Vec<Source> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let sources = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let text = ["values.schema.json", "schema/values.schema.json"]
            .iter()
            .find_map(|file| std::fs::read_to_string(path.join(file)).ok())?;
        Some(source(path.file_name()?.to_str()?, &text))
    });
    sources.collect()
}

/// Compares with `tests/<name>.txt`; `UPDATE=1` writes it anew.
fn golden(name: &str, properties: Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/definition/tests").join(format!("{name}.txt"));
    let found = print(properties) + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn numbers_and_text() {
    golden(
        "numbers_and_text",
        json!({"n": {"type": "integer", "exclusiveMinimum": 0, "maximum": 9, "default": 3}, "r": {"type": "number", "minimum": 0.5, "maximum": 1}, "s": {"type": "string", "minLength": 1, "pattern": "^\\S+$", "default": "a\"b<"}}),
    );
}

/// What the values say of the identity has to agree, also where they say only a part of it.
#[test]
fn an_identity_that_is_said_in_part() {
    golden("an_identity_that_is_said_in_part", json!({"name": {"type": "string"}}));
    golden("an_identity_of_the_tenant_alone", json!({"tenant": {"type": "string"}}));
}

#[test]
fn choices() {
    golden(
        "choices",
        json!({"e": {"enum": ["a", "b"]}, "f": {"enum": ["a,b", ""]}, "g": {"enum": [1, 2.5]}, "m": {"enum": ["a", 1]}}),
    );
}

#[test]
fn what_has_no_type_makes_its_holder_an_object() {
    golden(
        "what_has_no_type_makes_its_holder_an_object",
        json!({"o": {"type": "object", "properties": {"any": {}, "odd-name": {"type": "string"}}, "required": ["odd-name"], "additionalProperties": false}}),
    );
}

#[test]
fn items_carry_markers_by_a_type() {
    golden(
        "items_carry_markers_by_a_type",
        json!({"l": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string", "maxLength": 9}}, "description": "An item"}, "uniqueItems": true}, "m": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}}),
    );
}

#[test]
fn fields_of_the_root_have_one_type() {
    golden(
        "fields_of_the_root_have_one_type",
        json!({"u": {"type": ["string", "integer"], "default": 5}, "v": {"type": ["integer", "string"]}, "a": {}, "x": {"type": "array"}, "y": {"type": "array", "items": {}, "default": ["a", "b"]}, "z": {"type": "array", "default": [1, "b"]}}),
    );
}

#[test]
fn values_of_a_map_can_have_several_types() {
    golden(
        "values_of_a_map_can_have_several_types",
        json!({"w": {"type": "object", "additionalProperties": {"type": ["string", "boolean"]}}}),
    );
}

#[test]
fn what_is_immutable_stays_absent_too() {
    golden(
        "what_is_immutable_stays_absent_too",
        json!({"o": {"type": "object", "properties": {"a": {"type": "string", "x-ui": {"immutable": true}}, "b": {"type": "array", "items": {"type": "string"}, "x-ui": {"immutable": true}}}}}),
    );
}

#[test]
fn conditions_go_to_the_policy() {
    golden(
        "conditions_go_to_the_policy",
        json!({"t": {"type": "object", "properties": {"mode": {"enum": ["x", "y"]}, "host": {"type": "string"}}, "if": {"properties": {"mode": {"const": "x"}}, "required": ["mode"]}, "then": {"required": ["host"]}}}),
    );
}

#[test]
fn rules_are_conditions() {
    golden(
        "rules_are_conditions",
        json!({
            "c": {"type": "array", "items": {"type": "string"}, "contains": {"const": "x"}},
            "k": {"type": "object", "patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": false},
            "m": {"type": "integer", "multipleOf": 5},
            "n": {"type": "string", "not": {"enum": ["root", "admin"]}},
            "o": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "dependencies": {"a": ["b"]}},
            "r": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "can only grow"}]},
            "t": {"type": "array", "items": [{"type": "string"}, {"enum": ["a"]}], "additionalItems": false},
        }),
    );
}

#[test]
fn formats_of_draft_7_are_checked() {
    golden(
        "formats_of_draft_7_are_checked",
        json!({"d": {"type": "string", "format": "date"}, "z": {"type": "string", "format": "iri"}}),
    );
}

#[test]
fn a_default_counts_where_the_api_does_not_fill_it_in() {
    golden(
        "a_default_counts_where_the_api_does_not_fill_it_in",
        json!({"p": {"type": "object", "additionalProperties": true, "properties": {"x": {"type": "integer"}, "y": {"type": "boolean", "default": true}}, "oneOf": [{"required": ["x"]}, {"properties": {"y": {"const": false}}}]}}),
    );
}

#[test]
fn objects_appear_with_their_defaults() {
    golden(
        "objects_appear_with_their_defaults",
        json!({"a": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer", "default": 1}}}, "b": {"type": "object", "required": ["y"], "properties": {"y": {"type": "integer"}}}}),
    );
}

#[test]
fn a_default_that_the_api_does_not_hold_is_left_to_the_chart() {
    let out =
        print(json!({"o": {"type": "object", "properties": {"x": {"type": "integer"}}, "default": {"x": 1, "unknown": 2}}}));
    assert!(!out.contains("default="), "{out}");
}

#[test]
fn a_default_that_kro_does_not_pass_on_is_left_to_the_chart() {
    let with = |default: Value| {
        print(json!({"s": {"type": "string", "default": default}, "o": {"type": "object", "default": {"k": default}}}))
    };
    assert!(with(json!("\u{a0}\u{2028}")).contains("default="));
    for text in ["\u{7f}", "\u{85}", "\u{9f}", "\u{ffff}"] {
        assert!(!with(json!(text)).contains("default="), "{text:?}");
    }
}

#[test]
fn texts_that_kro_does_not_pass_on_are_refused_at_every_level() {
    let walk = |schema: Value| {
        let documents = documents(&schema);
        let variables = documents[1]["spec"]["variables"].as_array().unwrap();
        variables.iter().find(|variable| variable["name"] == "carried").unwrap()["expression"].as_str().unwrap().to_owned()
    };
    let root = |field: Value| walk(json!({"type": "object", "additionalProperties": false, "properties": {"a": field}}));
    assert_eq!(
        root(json!({"type": "string"})),
        "(variables.values.map(k, dyn(k)) + variables.values.map(k, dyn(variables.values[k]))).all(w0,\n  \
         type(w0) == string ? !w0.matches('[\\\\x{7f}-\\\\x{9f}\\\\x{fffe}\\\\x{ffff}]') : true)"
    );
    let list = root(json!({"type": "array", "items": {"type": "string"}}));
    assert!(list.contains("w1.matches") && !list.contains("w2.matches"), "{list}");
    assert!(root(json!({})).contains("w7.matches"));
}

#[test]
fn what_nothing_fills_in_is_required() {
    let group =
        json!({"type": "object", "required": ["size"], "properties": {"any": {}, "size": {"type": "integer", "default": 1}}});
    let out = print(json!({"one": group, "many": {"type": "object", "additionalProperties": group}}));
    assert!(out.contains("has(variables.values.many[i0].size)) ? '' : 'spec.values.many.*: `size` is required'"), "{out}");
    assert!(!out.contains("spec.values.one: `size` is required"), "{out}");
}

#[test]
fn each_comparison_of_all_items_has_a_cost_of_its_own() {
    let list = json!({"type": "array", "uniqueItems": true, "maxItems": 400, "items": {"type": "object", "properties": {"n": {"type": "string"}}}});
    let schema = json!({"type": "object", "properties": {"a": list, "b": list, "n": {"type": "integer", "multipleOf": 2}, "m": {"type": "integer", "multipleOf": 2}}});
    let documents = documents(&schema);
    let variables = documents[1]["spec"]["variables"].as_array().unwrap();
    let lists = variables.iter().filter_map(|variable| variable["expression"].as_str()).filter(|text| text.starts_with("[\n"));
    let lines: Vec<_> = lists.map(|text| text.lines().count() - 2).collect();
    assert_eq!(lines, [2, 1, 1, 2]);
}

#[test]
fn what_is_too_large_for_a_copy_of_itself_is_applied_by_the_server() {
    let apply = |fields: usize| {
        let rule = json!([{"rule": format!("self != '{}'", "x".repeat(1000)), "message": "no"}]);
        let field = json!({"type": "string", "x-kubernetes-validations": rule});
        let properties: serde_json::Map<_, _> = (0..fields).map(|number| (format!("f{number}"), field.clone())).collect();
        let documents = documents(&json!({"type": "object", "properties": properties}));
        let options = |document: &Value| document["metadata"]["annotations"]["argocd.argoproj.io/sync-options"].clone();
        documents.iter().map(options).collect::<Vec<_>>()
    };
    assert_eq!(apply(1), [Value::Null, Value::Null, Value::Null]);
    assert_eq!(apply(260), [Value::Null, json!("ServerSideApply=true"), Value::Null]);
}

#[test]
fn a_message_is_one_line() {
    let rule = json!([{"rule": "self > 0", "message": "one\ntwo"}]);
    let out = print(json!({"a\nb": {"type": "integer", "x-kubernetes-validations": rule}}));
    assert!(out.contains("'spec.values.a b: one two'"), "{out}");
}

#[test]
fn a_release_without_spec_never_waits() {
    let line = |schema: Value| documents(&schema)[0]["spec"]["schema"]["spec"]["values"].as_str().unwrap().to_owned();
    let with = |required: Value, field: Value| line(json!({"type": "object", "required": required, "properties": {"a": field}}));
    assert!(with(json!(["a"]), json!({"type": "string"})).contains("required=\"true\""));
    assert!(with(json!([]), json!({"type": "string"})).contains("default=\"{}\""));
    let filled = with(json!(["a"]), json!({"type": "string", "default": "x"}));
    assert!(!filled.contains("required=") && !filled.contains("default="), "{filled}");
}

#[test]
fn the_digest_follows_what_kro_does_not_compare() {
    let line = |max: u64| {
        let schema = json!({"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string", "maxLength": max}}}});
        documents(&schema)[0]["spec"]["schema"]["spec"]["values"].as_str().unwrap().to_owned()
    };
    assert_eq!(line(1), line(1));
    assert_ne!(line(1), line(2));
}

#[test]
fn a_type_that_holds_itself_ends() {
    let node = json!({"type": "object", "properties": {"name": {"type": "string"}, "below": {"type": "array", "items": {"$ref": "#/definitions/node"}}}});
    let documents = documents(
        &json!({"type": "object", "definitions": {"node": node}, "properties": {"tree": {"$ref": "#/definitions/node"}}}),
    );
    assert!(documents[0].to_string().contains("[]object"), "{}", documents[0]["spec"]["schema"]["types"]);
}

#[test]
fn services_balance() {
    let mut sources = services(&repository().join("schemas"));
    sources.extend(services(&repository().join("starters")));
    let inputs = inputs(sources);
    for source in &inputs.sources {
        let lowered = crate::lower(source, &inputs);
        let Some(service) = lowered.service else { panic!("{}: {:?}", source.path, lowered.diagnostics) };
        let emission = emit(&service);
        assert_eq!(emission.not_given, None);
        assert_eq!(balance(&service, Target::Kro, &emission.book), Default::default(), "{}", source.path);
        read(&emission);
        if let Ok(folder) = std::env::var("DEFINITIONS") {
            std::fs::write(Path::new(&folder).join(format!("{}.yaml", source.service)), emission.files[0].content.as_bytes())
                .unwrap();
        }
    }
}

#[test]
fn corpus_balances() {
    let Some(folder) = std::env::var_os("TREFOIL_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: TREFOIL_CORPUS isn't set");
        return;
    };
    let mut bad = Vec::new();
    let (mut given, mut total) = (0, 0);
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("schemas")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let inputs = inputs(vec![source("demo", &std::fs::read_to_string(&path).unwrap())]);
        total += 1;
        let Some(service) = crate::lower(&inputs.sources[0], &inputs).service else {
            println!("not lowered: {path:?}");
            continue;
        };
        let emission = emit(&service);
        if let Some(why) = &emission.not_given {
            println!("not given: {path:?}: {why}");
            continue;
        }
        given += 1;
        let imbalance = balance(&service, Target::Kro, &emission.book);
        if !imbalance.is_empty() {
            bad.push(format!(
                "{path:?}: {} missing {:?}, {} unasked {:?}",
                imbalance.missing.len(),
                imbalance.missing.first(),
                imbalance.unasked.len(),
                imbalance.unasked.first()
            ));
        }
        if let Err(why) = reader::read(&manifest::yaml::read_all(&emission.files[0].content).unwrap()[0]) {
            bad.push(format!("{path:?}: {why}"));
        }
        if let Ok(folder) = std::env::var("DEFINITIONS") {
            let name = path.file_name().unwrap().to_str().unwrap().replace("values.schema.json", "yaml");
            std::fs::write(Path::new(&folder).join(name), emission.files[0].content.as_bytes()).unwrap();
        }
    }
    println!("{given} of {total}");
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
