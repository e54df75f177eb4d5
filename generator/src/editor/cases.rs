//! Schemas for the tests of several targets: each is awkward in its own way.

use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::Value;

use crate::ledger::Target;
use crate::model::{Service, release};
use crate::{Emission, Inputs, Source, TARGETS, Views, lower};

/// Names that collide, types that meet themselves, values of several types.
pub(crate) const TRICKY: &str = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tricky", "description": "A `|` and <b>",
  "type": "object", "additionalProperties": { "type": "integer" }, "required": ["type", "Self"],
  "properties": {
    "type": { "type": "string", "enum": ["a", "b"], "description": "Two\n\nparagraphs ```" },
    "Self": { "type": "string" }, "extra": { "type": "string" },
    "fooBar": { "type": "integer" }, "foo-bar": { "type": "integer" }, "foo_bar": { "type": "integer", "default": 3 },
    "": { "type": "string" }, "3d": {}, "größe": { "type": "number", "exclusiveMinimum": 0 },
    "case": { "enum": ["Map", "map"] }, "symbols": { "type": "string", "enum": ["<", ">"] }, "mixed": { "enum": [1, "one", null] },
    "union": { "type": ["string", "integer", "null"], "minLength": 1 },
    "tagged": { "oneOf": [
      { "type": "object", "properties": { "kind": { "const": "a" }, "x": { "type": "string" } }, "required": ["kind"] },
      { "type": "object", "properties": { "kind": { "const": "b" }, "y": { "type": "string" } }, "required": ["kind"] }
    ] },
    "self": { "$ref": "#/$defs/node" }, "other": { "$ref": "#/$defs/node", "description": "Again" },
    "list": { "type": "array", "uniqueItems": true, "items": { "type": "object", "properties": { "p": { "type": "integer", "default": 1, "x-ui": { "immutable": true } } } } },
    "tuple": { "type": "array", "prefixItems": [{ "type": "string" }, { "type": "integer" }], "items": false },
    "byKey": { "type": "object", "patternProperties": { "^a": { "type": "string" } }, "properties": { "b": {} }, "additionalProperties": false },
    "names": { "type": "object", "propertyNames": { "pattern": "^[a-z]+$" }, "maxProperties": 2, "additionalProperties": { "type": "string" } },
    "never": false, "any": true, "untyped": { "properties": { "q": { "pattern": "^x" } } },
    "closed": { "type": "object", "additionalProperties": false },
    "secret": { "type": "string", "x-ui": { "secretRef": true } }, "owned": { "type": "string", "default": "d", "x-ui": { "platformOwned": true } },
    "fixed": { "type": "string", "x-ui": { "immutable": true, "order": 9 } },
    "old": { "type": "string", "deprecated": true, "examples": ["`e`"], "format": "hostname" }
  },
  "dependentRequired": { "extra": ["union"] },
  "if": { "properties": { "foo_bar": { "const": 4 } } }, "then": { "required": ["any"] },
  "$defs": { "node": { "type": "object", "required": ["next"], "properties": { "next": { "$ref": "#/$defs/node" }, "error": { "type": "string" } } } }
}"##;

/// What the text means, as the service `tricky`.
pub(crate) fn service(text: &str) -> Service {
    let source = Source {
        service: ServiceName::parse("tricky").unwrap(),
        path: "schemas/tricky/values.schema.json".to_owned(),
        text: text.to_owned(),
        sample: None,
        flavors: Default::default(),
    };
    let inputs = Inputs { platform: Platform::default(), sources: vec![source.clone()], library: String::new() };
    let lowered = lower(&source, &inputs);
    lowered.service.unwrap_or_else(|| panic!("{:#?}", lowered.diagnostics))
}

pub(crate) fn emit(service: &Service, target: Target) -> Emission {
    let views = Views { whole: service, release: release(service) };
    let emitter = TARGETS.iter().find(|emitter| emitter.target == target).unwrap();
    (emitter.emit)(&views, &Platform::default())
}

/// The file whose path ends so.
pub(crate) fn file(emission: &Emission, end: &str) -> String {
    emission.files.iter().find(|file| file.path.ends_with(end)).unwrap().content.to_string()
}

/// Each constraint has one entry, and each entry a constraint.
pub(crate) fn assert_balanced(service: &Service, target: Target) {
    let imbalance = crate::ledger::balance(service, target, &emit(service, target).book);
    assert!(imbalance.is_empty(), "{imbalance:#?}");
}

/// What became of the constraint, as `kept` or `moved`.
pub(crate) fn outcome(emission: &Emission, used_at: &str, keyword: &str) -> String {
    let entry = emission.book.entries.iter().find(|entry| entry.used_at.as_str() == used_at && entry.keyword == keyword).unwrap();
    entry.outcome.word().to_owned()
}

/// Whether the manifest schema admits the values.
pub(crate) fn admits(schema: &Value, values: Value) -> bool {
    let printed = schema.pointer("/properties/spec/properties/values").unwrap().clone();
    let definitions = schema.get("definitions").cloned().unwrap_or_else(|| serde_json::json!({}));
    let whole = serde_json::json!({ "$schema": schema["$schema"], "definitions": definitions, "allOf": [printed] });
    manifest::valid::Validator::new(&whole, Default::default()).unwrap().check(&values).is_empty()
}
