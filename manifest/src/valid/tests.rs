use super::*;
use serde::Deserialize;
use serde_json::json;
use std::sync::LazyLock;

fn validator(schema: Value) -> Validator {
    Validator::new(&schema, Defaults::default()).unwrap()
}

fn messages(schema: Value, raw: Value) -> Vec<String> {
    validator(schema).check(&raw).iter().map(Violation::to_string).collect()
}

#[derive(Debug, Deserialize, PartialEq)]
struct Cache {
    replicas: u32,
    #[serde(default)]
    name: String,
}

static CACHE: LazyLock<Validator> = LazyLock::new(|| {
    let schema = json!({
        "type": "object",
        "properties": {"replicas": {"type": "integer", "maximum": 5}, "name": {"type": "string", "pattern": "^[a-z]+$"}},
        "required": ["replicas"],
        "additionalProperties": false,
    });
    let defaults = serde_json::from_value(json!({"root": {"fields": {"replicas": {"default": 1}, "name": {}}}})).unwrap();
    Validator::new(&schema, defaults).unwrap()
});

impl Model for Cache {
    const SERVICE: &'static str = "cache";
    const RELEASE: &'static str = "";
    fn validator() -> &'static Validator {
        &CACHE
    }
}

#[test]
fn the_effective_document_is_judged_and_the_raw_one_kept() {
    let raw: Value = serde_json::from_str(r#"{"name":"x"}"#).unwrap();
    let valid = Valid::<Cache>::new(raw).unwrap();
    assert_eq!(valid.raw().to_string(), r#"{"name":"x"}"#);
    assert_eq!(valid.effective(), &json!({"replicas": 1, "name": "x"}));
    assert_eq!(valid.typed(), &Cache { replicas: 1, name: "x".to_owned() });
    assert_eq!(valid.into_raw(), json!({"name": "x"}));
}

#[test]
fn all_violations_are_reported_one_a_line_in_order() {
    let invalid = Valid::<Cache>::new(json!({"replicas": 999, "name": "X", "replica": 1, "zebra": 2})).unwrap_err();
    let expected = "\
(root): the property \"replica\" is not known; did you mean \"replicas\"? (additionalProperties)
(root): the property \"zebra\" is not known (additionalProperties)
/name: \"X\" does not match \"^[a-z]+$\" (pattern)
/replicas: 999 is greater than the maximum of 5 (maximum)";
    assert_eq!(invalid.to_string(), expected);
    let last = &invalid.violations[3];
    assert_eq!((last.pointer.as_str(), last.keyword.as_str(), &last.found), ("/replicas", "maximum", &json!(999)));
    assert_eq!(last.schema_pointer, "/properties/replicas/maximum");
    assert_eq!(invalid.violations[0].nearest.as_deref(), Some("replicas"));
}

#[test]
fn null_is_refused_where_the_schema_does_not_admit_it() {
    let invalid = Valid::<Cache>::new(json!({"replicas": null})).unwrap_err();
    assert_eq!(invalid.to_string(), "/replicas: null is not of type \"integer\" (type)");
    assert!(Valid::<Cache>::new(json!(null)).is_err());
}

#[test]
fn a_type_that_cannot_hold_the_document_is_a_violation() {
    let invalid = Valid::<Cache>::new(json!({"replicas": -1})).unwrap_err();
    assert_eq!(invalid.violations.len(), 1);
    assert_eq!(invalid.violations[0].keyword, "model");
    assert!(invalid.to_string().contains("the service cache can't hold this document: invalid value: integer `-1`"), "{invalid}");
}

#[test]
fn a_missing_property_is_named() {
    let schema = json!({"properties": {"a": {"required": ["b"]}}});
    assert_eq!(messages(schema, json!({"a": {}})), ["/a: the property \"b\" is missing (required)"]);
}

#[test]
fn alternatives_say_why_each_failed() {
    let schema = json!({"properties": {"port": {"anyOf": [
        {"type": "integer"},
        {"type": "object", "required": ["name"], "properties": {"number": {"type": "integer"}}},
    ]}}});
    assert_eq!(
        messages(schema.clone(), json!({"port": "http"})),
        ["/port: \"http\" matches none of the 2 alternatives: 1. \"http\" is not of type \"integer\"; \
             2. \"http\" is not of type \"object\" (anyOf)"]
    );
    let found = messages(schema, json!({"port": {"number": "x"}}));
    assert!(
        found[0].contains("2. /number: \"x\" is not of type \"integer\" (and 1 more)") || found[0].contains("(and 1 more)"),
        "{found:?}"
    );

    let both = json!({"oneOf": [{"type": "integer"}, {"type": "string"}, {"minimum": 3}]});
    assert_eq!(
        messages(both, json!(7)),
        ["(root): 7 matches more than one of the 3 alternatives (1 and 3), and must match exactly one (oneOf)"]
    );
}

#[test]
fn a_near_value_of_an_enum_is_suggested() {
    let found = validator(json!({"enum": ["small", "large", 3]})).check(&json!("smal"));
    assert_eq!(found[0].nearest.as_deref(), Some("small"));
    assert!(found[0].message.ends_with("; did you mean \"small\"?"), "{}", found[0].message);
}

#[test]
fn nearest_looks_through_references_and_combinations() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"tree": {"$ref": "#/$defs/tree"}},
        "$defs": {
            "tree": {"allOf": [{"$ref": "#/$defs/base"}, {"$ref": "#/$defs/tree2"}], "unevaluatedProperties": false},
            "base": {"properties": {"storage": true}},
            "tree2": {"properties": {"next": {"$ref": "#/$defs/tree"}}},
        },
    });
    let found = validator(schema).check(&json!({"tree": {"next": {"storge": 1}}}));
    let inner = found.iter().find(|violation| violation.pointer == "/tree/next").unwrap();
    assert_eq!(inner.nearest.as_deref(), Some("storage"), "{found:?}");
}

#[test]
fn indices_are_sorted_as_numbers() {
    let raw: Vec<&str> = vec!["x"; 12];
    let places: Vec<String> =
        validator(json!({"items": {"type": "integer"}})).check(&json!(raw)).into_iter().map(|found| found.pointer).collect();
    assert_eq!(places, (0..12).map(|i| format!("/{i}")).collect::<Vec<_>>());
}

#[test]
fn long_values_are_cut_in_messages_and_whole_in_found() {
    let long = "ü".repeat(5000);
    let found = validator(json!({"type": "integer"})).check(&json!(long));
    assert!(found[0].message.chars().count() < 120, "{}", found[0].message);
    assert!(found[0].message.contains('…'));
    assert_eq!(found[0].found, json!(long));
}

#[test]
fn formats_are_asserted_as_helm_4_does() {
    let schema = |draft: &str| json!({"$schema": draft, "type": "string", "format": "ipv4"});
    let bad = json!("not an address");
    assert_eq!(
        messages(schema("http://json-schema.org/draft-07/schema#"), bad.clone()),
        ["(root): \"not an address\" is not a \"ipv4\" (format)"]
    );
    assert!(messages(schema("https://json-schema.org/draft/2020-12/schema"), bad.clone()).is_empty());
    assert!(messages(json!({"type": "string", "format": "ipv4"}), bad.clone()).is_empty());
    assert!(messages(json!({"$schema": "http://json-schema.org/draft-07/schema#", "format": "quantity"}), bad).is_empty());
}

#[test]
fn drafts_are_told_by_the_schema() {
    let dependent = json!({"dependentRequired": {"a": ["b"]}});
    assert_eq!(validator(dependent.clone()).check(&json!({"a": 1})).len(), 1);
    let mut old = dependent;
    old["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    assert!(validator(old).check(&json!({"a": 1})).is_empty());
}

#[test]
fn an_integral_float_is_an_integer_in_every_draft() {
    for draft in ["http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#"] {
        let integer = validator(json!({"$schema": draft, "type": ["integer", "array"], "items": {"enum": [1.0, 2]}}));
        assert!(integer.check(&json!(1.0)).is_empty(), "{draft}");
        assert!(integer.check(&json!([1, 1.0, 2.0])).is_empty(), "{draft}");
        assert_eq!(integer.check(&json!(1.5)).len(), 1, "{draft}");
    }
    let valid = Valid::<Cache>::new(json!({"replicas": 2.0})).unwrap();
    assert_eq!(valid.typed().replicas, 2);
    assert_eq!(valid.raw().to_string(), r#"{"replicas":2.0}"#);
}

#[test]
fn large_numbers_are_compared_exactly() {
    let validator = validator(json!({"maximum": 9007199254740992_u64}));
    assert!(validator.check(&json!(9007199254740992_u64)).is_empty());
    assert_eq!(validator.check(&json!(9007199254740993_u64)).len(), 1);
    assert_eq!(validator.check(&json!(1e300)).len(), 1);
}

#[test]
fn a_schema_that_cannot_be_used_is_an_error_with_its_place() {
    let error = |schema: Value| Validator::new(&schema, Defaults::default()).unwrap_err();
    assert_eq!(error(json!({"properties": {"a": {"type": "strin"}}})).pointer, "/properties/a/type");
    for pattern in ["^(?!x)", "(a)\\1", "("] {
        let error = error(json!({"properties": {"a": {"pattern": pattern}}}));
        assert!(error.pointer.starts_with("/properties/a"), "{error}");
    }
    for reference in ["https://example.org/x.json", "other.json", "file:///etc/passwd", "#/$defs/none"] {
        error(json!({"$ref": reference}));
    }
}

#[test]
fn a_schema_that_holds_itself_is_used() {
    let schema = json!({
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}}, "additionalProperties": false}},
    });
    let found = messages(schema, json!({"next": {"next": {"nxt": 1}}}));
    assert_eq!(found, ["/next/next: the property \"nxt\" is not known; did you mean \"next\"? (additionalProperties)"]);
}

#[test]
fn what_a_dependency_misses_is_its_own_keyword() {
    let schema = json!({"properties": {"a": {}, "required": {}}, "dependentRequired": {"a": ["b"]}});
    let validator = Validator::new(&schema, Defaults::default()).unwrap();
    let found = validator.check(&json!({"a": 1}));
    assert_eq!((found[0].keyword.as_str(), found[0].pointer.as_str()), ("dependentRequired", ""));
}
