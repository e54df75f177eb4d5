//! Rust: a module of types for each service, in one crate with a feature for each.
//!
//! Types say shape, `Valid<T>` says rules: typify is handed a schema that was printed from the model and holds shapes only. That
//! leaves out most of what typify panics at or makes uncompilable code of; what is left becomes `serde_json::Value`.

mod code;
mod names;
mod package;
mod reduced;

use manifest::platform::Platform;

pub(crate) use package::crate_files;

use crate::ledger::{Book, Outcome, kept_by_the_api};
use crate::model::{Class, Service, constraints};
use crate::{Code, Diagnostic, Emission, File, Severity, Views};

const VALID: &str = "`Valid<T>` checks it against the embedded schema";

pub(crate) fn emit(views: &Views<'_>, platform: &Platform) -> Emission {
    let service = views.whole;
    if let Some(why) = declined(service) {
        return Emission { not_given: Some(why), ..Emission::default() };
    }
    let defaults = crate::defaults::defaults(service);
    let reduced = reduced::reduced(service);
    let mut diagnostics = Vec::new();
    let (module, book) = match code::module(service, &reduced) {
        Ok(module) => (module, reduced.book),
        Err(error) => {
            let message = format!("the values of `{}` become untyped JSON in Rust: {error}", service.name);
            diagnostics.push(Diagnostic::new(Severity::Warning, Code::NotGiven, None, message));
            (code::untyped(service), untyped(service))
        }
    };
    let name = service.name.module();
    let file = |path: String, content: String| File { path: format!("generated/src/{path}"), content: content.into() };
    let json = |value: serde_json::Result<String>| format!("{}\n", value.unwrap_or_default());
    let files = vec![
        file(format!("{name}.rs"), module),
        file(format!("{name}/defaults.json"), json(serde_json::to_string(&defaults))),
        file(format!("{name}/release.json"), json(serde_json::to_string(&crate::terms::terms(views, platform)))),
        file(format!("{name}/schema.json"), json(serde_json::to_string(&service.bundle.schema))),
    ];
    Emission { files, book, diagnostics, not_given: None }
}

/// Why a service has no module. That a validator can be made of the bundle, which the module expects, lowering has seen to.
fn declined(service: &Service) -> Option<String> {
    if service.values.object().is_none() {
        return Some("the values aren't an object".to_owned());
    }
    None
}

/// The book of a module whose only type is a newtype of JSON.
fn untyped(service: &Service) -> Book {
    let mut book = Book::default();
    let asserts = crate::editor::asserts_formats(&service.bundle);
    for constraint in constraints(service) {
        let outcome = match constraint.class {
            Class::Constraint if constraint.keyword == "format" && !asserts => {
                Outcome::Lost("annotation only in this dialect".into())
            }
            Class::Constraint => rule(constraint.keyword),
            Class::Default => default(),
            Class::Note => kept_by_the_api(constraint.keyword, &constraint.used_at)
                .unwrap_or(Outcome::Lost("untyped JSON has no comments".into())),
        };
        book.enter(&constraint.used_at, &constraint.at, constraint.keyword, outcome);
    }
    book
}

/// What becomes of a constraint that no type expresses.
fn rule(keyword: &str) -> Outcome {
    match keyword {
        "x-kubernetes-validations" => Outcome::Lost("`Valid<T>` knows no CEL".into()),
        _ => Outcome::Moved(VALID.into()),
    }
}

fn default() -> Outcome {
    Outcome::Moved("the effective document has it".into())
}

#[cfg(test)]
mod tests {
    use crate::editor::cases::{TRICKY, assert_balanced, emit, file, outcome, service};
    use crate::ledger::Target::Rust;
    use crate::rust::reduced::reduced;
    use serde_json::json;

    #[test]
    fn the_books_balance() {
        assert_balanced(&service(TRICKY), Rust);
    }

    #[test]
    fn typify_takes_the_tricky_one() {
        let emission = emit(&service(TRICKY), Rust);
        assert_eq!(emission.diagnostics, []);
        let module = file(&emission, "tricky.rs");
        for line in [
            "rename = \"foo-bar\"",
            "rename = \"größe\"",
            "pub struct Tricky {",
            "pub extra: ",
            "impl ::manifest::valid::Model for Tricky",
        ] {
            assert!(module.contains(line), "{line}");
        }
        assert!(!module.contains("JSON schema"));
    }

    #[test]
    fn what_types_say() {
        let emission = emit(&service(TRICKY), Rust);
        for (place, keyword, word) in [
            ("/type", "enum", "kept"),
            ("/case", "enum", "moved"),
            ("/symbols", "enum", "moved"),
            ("/tagged", "union", "kept"),
            ("/union", "union", "kept"),
            ("/byKey", "patternProperties", "moved"),
            ("/untyped", "type", "stricter"),
            ("/old", "format", "lost"),
            ("/list/*/p", "default", "moved"),
            ("/fixed", "x-ui.immutable", "moved"),
            ("/fixed", "x-ui.order", "lost"),
            ("/list/*/p", "x-ui.immutable", "lost"),
            ("/secret", "x-ui.secretRef", "moved"),
            ("/owned", "x-ui.platformOwned", "moved"),
        ] {
            assert_eq!(outcome(&emission, place, keyword), word, "{place} {keyword}");
        }
    }

    #[test]
    fn the_reduced_schema_holds_shapes_only() {
        let text = r#"{ "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "additionalProperties": false, "required": ["a"],
            "properties": { "a": { "type": "integer", "minimum": 1, "default": 2 },
                            "b": { "type": ["object", "null"], "properties": { "c": { "enum": ["x", "y"] } } } } }"#;
        let expected = json!({
            "Tricky": {
                "type": "object",
                "properties": {
                    "a": { "type": "integer", "format": "int64" },
                    "b": { "oneOf": [{ "$ref": "#/definitions/TrickyB" }, { "type": "null" }] },
                },
                "required": ["a"],
                "additionalProperties": false,
            },
            "TrickyB": {
                "type": "object",
                "properties": { "c": { "$ref": "#/definitions/TrickyBC" } },
                "required": [],
                "additionalProperties": {},
            },
            "TrickyBC": { "type": "string", "enum": ["x", "y"] },
        });
        assert_eq!(reduced(&service(text)).schema["definitions"], expected);
    }
}
