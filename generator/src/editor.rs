//! Editors: a JSON Schema of a whole manifest for each service, and the files that bind schemas to paths.
//!
//! The same schema judges the manifests of a releases repository, so it says all that the model says. It is draft-07, which the
//! YAML language server knows best.

#[cfg(test)]
pub(crate) mod cases;
mod print;
mod shared;

use manifest::identity::HELM_RELEASE_MAX;
use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::{Value, json};

pub(crate) use shared::shared;

use crate::ledger::Book;
use crate::mark::{mark, source};
use crate::model::{Bundle, Service};
use crate::{Emission, File, Views};

const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

pub(crate) fn emit(views: &Views<'_>, platform: &Platform) -> Emission {
    let service = &views.release.service;
    if service.values.object().is_none() {
        return Emission { not_given: Some("the values aren't an object".to_owned()), ..Emission::default() };
    }
    let mut book = views.release.book();
    let schema = manifest(service, platform, &mut book);
    let files = vec![File { path: path(&service.name), content: format!("{schema:#}\n").into() }];
    Emission { files, book, ..Emission::default() }
}

fn path(service: &ServiceName) -> String {
    format!("editor/{service}.schema.json")
}

/// The JSON Schema of a service's manifests, given its release view.
pub(crate) fn manifest(service: &Service, platform: &Platform, book: &mut Book) -> Value {
    let print::Printed { values, definitions } = print::print(service, book);
    let mut schema = json!({
        "$schema": DRAFT,
        "$comment": mark(&source(&service.name)),
        "title": service.title,
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": { "description": "Version of the platform's API", "const": platform.api_version() },
            "kind": { "description": "Kind of the service", "const": service.kind.as_str() },
            "metadata": metadata(service, platform),
            "spec": {
                "type": "object",
                "required": ["values"],
                "additionalProperties": false,
                "properties": { "values": values },
            },
        },
    });
    if let (Some(doc), Value::Object(schema)) = (&service.doc, &mut schema) {
        schema.insert("description".to_owned(), json!(doc));
    }
    if let (false, Value::Object(schema)) = (definitions.is_empty(), &mut schema) {
        schema.insert("definitions".to_owned(), Value::Object(definitions));
    }
    schema
}

fn metadata(service: &Service, platform: &Platform) -> Value {
    let text = json!({ "type": "string" });
    let tenant = service.name == ServiceName::tenant();
    let namespace = match tenant {
        true => json!({ "const": platform.namespaces.platform }),
        false => json!({ "type": "string", "pattern": pattern(&platform.namespaces.tenant, &service.name), "maxLength": 63 }),
    };
    let name = if tenant { &platform.naming.tenant } else { &platform.naming.release };
    json!({
        "type": "object",
        "required": ["name", "namespace"],
        "properties": {
            "name": {
                "description": format!("`{}`", name.replace("{service}", service.name.as_str())),
                "type": "string",
                "pattern": pattern(name, &service.name),
                "maxLength": HELM_RELEASE_MAX,
            },
            "namespace": described(namespace, "Namespace of the release"),
            "labels": { "type": "object", "additionalProperties": text },
            "annotations": { "type": "object", "additionalProperties": text },
        },
    })
}

fn described(mut schema: Value, text: &str) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(text));
    }
    schema
}

/// `{tenant}-tenant-{name}-{service}` as a regular expression; what isn't a placeholder has no special characters.
fn pattern(template: &str, service: &ServiceName) -> String {
    const NAME: &str = "[a-z][a-z0-9-]*";
    let text = template.replace("{tenant}", NAME).replace("{name}", NAME).replace("{service}", service.as_str());
    format!("^{text}$")
}

/// Whether the schema's dialect makes `format` an assertion: up to draft-07.
pub(crate) fn asserts_formats(bundle: &Bundle) -> bool {
    let dialect = bundle.schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
    ["draft-03", "draft-04", "draft-06", "draft-07"].iter().any(|old| dialect.contains(old))
}

/// Whether our validator asserts a format, in a schema whose dialect makes formats assertions or doesn't; if not, why.
pub(crate) fn asserted(format: &str, asserts: bool) -> Result<(), &'static str> {
    match (asserts, FORMATS.contains(&format)) {
        (true, true) => Ok(()),
        (true, false) => Err("no validator knows the format"),
        (false, _) => Err("annotation only in this dialect"),
    }
}

/// The formats of draft-07 (validation, §7.3).
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
];

#[cfg(test)]
mod tests {
    use super::cases::{TRICKY, admits, assert_balanced, emit, file, outcome, service};
    use crate::ledger::Target::Editor;
    use serde_json::{Value, json};

    fn printed(text: &str) -> Value {
        serde_json::from_str(&file(&emit(&service(text), Editor), ".schema.json")).unwrap()
    }

    fn values(properties: &str) -> Value {
        let text = format!(r#"{{ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", {properties} }}"#);
        printed(&text)
    }

    #[test]
    fn the_books_balance() {
        assert_balanced(&service(TRICKY), Editor);
        assert!(printed(TRICKY).is_object());
    }

    #[test]
    fn a_default_need_not_be_written() {
        let schema = values(r#""required": ["a"], "properties": { "a": { "type": "integer", "default": 1 } }"#);
        assert!(admits(&schema, json!({})));
        assert!(!admits(&schema, json!({"a": "x"})));
    }

    #[test]
    fn a_condition_on_an_absent_field_asks_its_default() {
        let properties = r#""properties": { "mode": { "enum": ["off", "on"], "default": "off" }, "host": { "type": "string" } }"#;
        let condition = r#""if": { "properties": { "mode": { "const": "on" } } }, "then": { "required": ["host"] }"#;
        let schema = values(&format!("{properties}, {condition}"));
        assert!(admits(&schema, json!({})));
        assert!(admits(&schema, json!({"mode": "off"})));
        assert!(!admits(&schema, json!({"mode": "on"})));
        let condition =
            r#""if": { "required": ["mode"], "properties": { "mode": { "const": "off" } } }, "then": { "required": ["host"] }"#;
        let schema = values(&format!("{properties}, {condition}"));
        assert!(!admits(&schema, json!({})));
    }

    #[test]
    fn what_the_author_left_open_is_closed_but_not_in_conditions() {
        let schema = values(
            r##""properties": { "a": { "$ref": "#/$defs/t" }, "b": { "type": "object", "additionalProperties": true, "not": { "$ref": "#/$defs/t" } } },
                "$defs": { "t": { "type": "object", "required": ["x"], "properties": { "x": {}, "t": { "$ref": "#/$defs/t" } } } }"##,
        );
        assert!(admits(&schema, json!({"a": {"x": 1}})));
        assert!(!admits(&schema, json!({"a": {"x": 1, "y": 2}})));
        assert!(admits(&schema, json!({"b": {"y": 2}})));
        assert!(!admits(&schema, json!({"b": {"x": 1, "y": 2}})));
    }

    #[test]
    fn a_closed_condition_names_every_field() {
        let schema = values(
            r#""properties": { "a": { "type": "object", "additionalProperties": true } },
               "anyOf": [{ "properties": { "a": { "additionalProperties": false, "properties": { "x": {} } } } }]"#,
        );
        assert!(admits(&schema, json!({"a": {"x": 1}})));
        assert!(!admits(&schema, json!({"a": {"y": 1}})));
    }

    /// The same where it has no other fields, and so is a map.
    #[test]
    fn patterns_close_a_map() {
        let text = r#"{"type": "object", "properties": {"conf": {"type": "object", "additionalProperties": false,
            "patternProperties": {"^A_": {"type": "string"}, "^B_": {"type": "integer"}}}}}"#;
        let schema = printed(text);
        assert!(admits(&schema, json!({"conf": {"A_x": "text", "B_x": 1}})));
        assert!(!admits(&schema, json!({"conf": {"C_x": "text"}})));
    }

    #[test]
    fn patterns_spare_keys_of_a_closed_object() {
        let schema = printed(TRICKY);
        let with = |key: &str| json!({"type": "a", "Self": "s", "byKey": { key: "v" }});
        assert!(admits(&schema, with("abc")));
        assert!(admits(&schema, with("b")));
        assert!(!admits(&schema, with("c")));
        assert_eq!(outcome(&emit(&service(TRICKY), Editor), "/byKey", "patternProperties"), "kept");
    }

    #[test]
    fn null_and_tuples() {
        let schema = printed(TRICKY);
        let with = |key: &str, value: Value| json!({"type": "a", "Self": "s", key: value});
        for value in [json!("x"), json!(1), json!(null)] {
            assert!(admits(&schema, with("union", value)));
        }
        assert!(!admits(&schema, with("union", json!(""))));
        assert!(admits(&schema, with("tuple", json!(["a", 1]))));
        assert!(!admits(&schema, with("tuple", json!([1]))));
        assert!(!admits(&schema, with("tuple", json!(["a", 1, 2]))));
        assert!(!admits(&schema, with("never", json!(1))));
        assert!(admits(&schema, with("secret", json!({"name": "n", "key": "k"}))));
        assert!(!admits(&schema, with("secret", json!("plain"))));
    }
}
