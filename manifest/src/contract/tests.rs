use serde_json::{Value, json};

use super::*;

fn contract() -> Contract {
    let chart = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object", "additionalProperties": false, "required": ["name", "password", "size"],
        "properties": {
            "name": { "type": "string" },
            "password": { "type": "string", "minLength": 8 },
            "size": { "type": "integer", "maximum": 9 },
        },
    });
    let reference = json!({ "type": "object", "required": ["name", "key"] });
    let values = json!({
        "type": "object", "additionalProperties": false, "required": ["name", "password"],
        "properties": { "name": { "type": "string" }, "password": reference },
    });
    let schema = json!({ "properties": { "spec": { "properties": { "values": values } } } });
    let terms = json!({
        "service": "db", "schema": schema, "defaults": { "root": {} },
        "secrets": ["/password"], "platform": ["/size"], "says": { "tenant": false, "name": true },
    });
    Contract::new(serde_json::from_value(terms).unwrap(), &chart, Defaults::default()).unwrap()
}

fn said(values: Value) -> Vec<(String, String)> {
    contract().values(&values).into_iter().map(|violation| (violation.pointer, violation.keyword)).collect()
}

#[test]
fn a_release_says_what_is_its_own() {
    assert_eq!(said(json!({ "name": "a", "password": { "name": "s", "key": "k" } })), []);
    assert_eq!(said(json!({ "password": { "name": "s", "key": "k" } })), [(String::new(), "required".to_owned())]);
    let platforms = json!({ "name": "a", "password": { "name": "s", "key": "k" }, "size": 3 });
    assert_eq!(said(platforms), [(String::new(), "additionalProperties".to_owned())]);
}

#[test]
fn a_secret_value_is_refused_and_not_repeated() {
    let found = contract().values(&json!({ "name": "a", "password": "correct horse" }));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].pointer, "/password");
    assert!(found[0].message.contains("reference {name, key}"));
    assert!(!format!("{found:?}").contains("horse"));
}

#[test]
fn the_identity_decides() {
    let (contract, platform) = (contract(), Platform::default());
    let identity = Identity::from_path("acme/db/one/manifest.yaml").unwrap();
    let good = contract.manifest(&identity, &platform, json!({ "name": "one", "password": { "name": "s", "key": "k" } }));
    assert_eq!(contract.judge(&identity, &platform, &good), []);
    let other = Identity::from_path("acme/db/two/manifest.yaml").unwrap();
    let wrong: Vec<String> = contract.judge(&other, &platform, &good).into_iter().map(|violation| violation.pointer).collect();
    assert_eq!(wrong, ["/metadata/labels/app.kubernetes.io~1instance", "/metadata/name", "/spec/values/name"]);
}
