//! The files that aren't any one service's: which schema holds for which path.

use manifest::layout::Content;
use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::{Map, Value, json};

use super::path;
use crate::File;
use crate::mark::mark;
use crate::model::{Service, Widget};

/// Settings for editors in both repositories, and the schema of `x-ui`.
pub(crate) fn shared(services: &[&Service], platform: &Platform) -> Vec<File> {
    let file = |path: &str, content: Value| File { path: path.to_owned(), content: format!("{content:#}\n").into() };
    vec![
        file(".vscode/settings.json", own_settings()),
        file("editor/releases/.vscode/settings.json", releases_settings(services, platform)),
        file("editor/x-ui.schema.json", ui()),
    ]
}

fn own_settings() -> Value {
    json!({
        "json.schemas": [{ "fileMatch": ["schemas/*/values.schema.json"], "url": "./editor/x-ui.schema.json" }],
    })
}

/// What a releases repository copies, so that its manifests are checked while they are written.
fn releases_settings(services: &[&Service], platform: &Platform) -> Value {
    let mut names: Vec<&ServiceName> = services.iter().map(|service| &service.name).collect();
    names.sort();
    let layouts = platform.layouts();
    // A file of values alone is no manifest.
    let is_manifest = |name: &&ServiceName| layouts.content(name) == Some(Content::Manifest);
    let schemas: Map<String, Value> = names
        .into_iter()
        .filter(is_manifest)
        .filter_map(|name| Some((raw(platform, &path(name)), Value::String(layouts.glob(name)?))))
        .collect();
    json!({ "yaml.schemas": schemas })
}

/// Where a file of the platform's repository can be fetched.
fn raw(platform: &Platform, path: &str) -> String {
    let repository = &platform.repository;
    let (host, owner, name, branch) = (&repository.host, &repository.owner, &repository.name, &repository.branch);
    if host == "github.com" {
        return format!("https://raw.githubusercontent.com/{owner}/{name}/{branch}/{path}");
    }
    match platform.portal.pull_request {
        manifest::platform::PullRequest::Gitlab => format!("https://{host}/{owner}/{name}/-/raw/{branch}/{path}"),
        manifest::platform::PullRequest::Github => format!("https://{host}/raw/{owner}/{name}/{branch}/{path}"),
    }
}

/// The schema of a service's schema: JSON Schema itself, and the words of `x-ui`.
fn ui() -> Value {
    const META: &str = "https://json-schema.org/draft/2020-12/schema";
    let flag = |text: &str| json!({ "description": text, "type": "boolean", "default": false });
    let within = json!({ "$ref": "#/$defs/schema" });
    let each = json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/schema" } });
    let list = json!({ "type": "array", "items": { "$ref": "#/$defs/schema" } });
    let widgets: Vec<_> = Widget::ALL.iter().map(|widget| widget.word()).collect();
    json!({
        "$schema": META,
        "$comment": mark("the generator's own words"),
        "title": "Values schema of a service",
        "allOf": [{ "$ref": META }, within],
        "$defs": {
            "schema": {
                "type": ["object", "boolean"],
                "properties": {
                    "x-ui": { "$ref": "#/$defs/ui" },
                    "properties": each, "patternProperties": each, "dependentSchemas": each, "$defs": each,
                    "allOf": list, "anyOf": list, "oneOf": list, "prefixItems": list,
                    "items": within, "additionalProperties": within, "not": within, "if": within, "then": within, "else": within,
                    "contains": within, "propertyNames": within, "unevaluatedItems": within, "unevaluatedProperties": within,
                },
            },
            "ui": {
                "description": "What the portal and the API need to know of a field",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "order": { "description": "Lower comes first", "type": "integer" },
                    "page": { "description": "Title of the form's page", "type": "string", "minLength": 1 },
                    "advanced": flag("Shown only on demand"),
                    "hidden": flag("In the API, not in the form"),
                    "platformOwned": flag("Set by the platform, out of the tenants' reach"),
                    "secretRef": flag("A release holds a reference to a Secret (name and key) instead of the value"),
                    "immutable": flag("Can't change once the release is made"),
                    "entityRef": {
                        "description": "Which entities of the catalog the field can name",
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["kind"],
                        "properties": {
                            "kind": { "description": "Kind of the entities, as `Group`", "type": "string", "minLength": 1 },
                            "type": { "description": "Their `spec.type`", "type": "string", "minLength": 1 },
                        },
                    },
                    "suggestions": { "description": "Proposals; other values are as good", "type": "array", "minItems": 1 },
                    "widget": { "description": "How the field is edited", "enum": widgets },
                },
            },
        },
    })
}
