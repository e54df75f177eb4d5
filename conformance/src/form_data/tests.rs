use std::path::Path;

use serde_json::{Value, json};

use super::{form_data, pages};
use crate::subject::repository;

fn said(service: &str, document: &Value) -> Result<Value, String> {
    let subjects = repository(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(), true).unwrap();
    let subject = subjects.iter().find(|subject| subject.name() == service).unwrap();
    form_data(subject, &pages(subject).unwrap(), document)
}

#[test]
fn a_tenant_is_a_reference_to_the_catalog() {
    let values = said("webapp", &json!({"tenant": "acme", "name": "shop", "image": {"tag": "1"}})).unwrap();
    assert_eq!(values, json!({"tenant": "component:default/acme-tenant", "name": "shop", "image": {"tag": "1"}}));
    assert!(said("webapp", &json!({"tenant": "Acme"})).unwrap_err().contains("/tenant"));
    assert_eq!(said("tenant", &json!({"tenant": "Acme"})).unwrap(), json!({"tenant": "Acme"}));
}

#[test]
fn a_question_is_answered_by_the_field_that_is_there() {
    let env = |values: Value| said("webapp", &json!({"env": values})).map(|data| data["env"].clone());
    let reference = json!({"secretKeyRef": {"name": "a", "key": "b"}});
    let mut answered = reference.clone();
    answered["secretKeyRefOrConfigMapKeyRef"] = json!("secretKeyRef");
    assert_eq!(
        env(json!([{"name": "A", "value": "1"}, {"name": "B", "valueFrom": reference}])).unwrap(),
        json!([
            {"valueOrValueFrom": "value", "name": "A", "value": "1"},
            {"valueOrValueFrom": "valueFrom", "name": "B", "valueFrom": answered},
        ])
    );
    assert!(env(json!([{"name": "A", "value": "1", "valueFrom": {}}])).unwrap_err().contains("/env/0"));
}

#[test]
fn what_the_form_has_no_field_for_is_not_said() {
    assert_eq!(said("webapp", &json!({"image": {"tagg": "1"}})).unwrap_err(), "/image/tagg: the form has no such field");
    assert!(said("webapp", &json!({"env": [{"name": "A", "valueOrValueFrom": "value"}]})).is_err());
    assert!(said("webapp", &json!([])).is_err());
}

/// A question stands before credentials, which depend on their type.
#[test]
fn a_question_and_a_tag_are_told_apart() {
    let backup = |credentials: Value| said("postgres", &json!({"backup": {"credentials": credentials}}));
    let values = backup(json!({"type": "workloadIdentity"})).unwrap();
    assert_eq!(values["backup"]["credentialsEnabled"], json!(true));
    assert_eq!(said("postgres", &json!({"backup": {}})).unwrap()["backup"], json!({"credentialsEnabled": false}));
}

#[test]
fn an_object_with_defaults_that_is_required_is_always_there() {
    let schema = json!({
        "required": ["image", "bare"],
        "properties": {
            "image": {"type": "object", "properties": {"tag": {"default": "1"}, "deep": {"properties": {"a": {"default": false}}}}},
            "bare": {"type": "object", "properties": {"b": {"type": "string"}}},
        },
    });
    let posted = super::object(&schema, &serde_json::Map::new(), "").unwrap();
    assert_eq!(Value::Object(posted), json!({"image": {"tag": "1", "deep": {"a": false}}}));
}
