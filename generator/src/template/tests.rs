//! Forms and skeletons of small schemas, and the balance of the book for every schema at hand.

use std::path::Path;

use manifest::name::ServiceName;
use manifest::platform::{Platform, PullRequest};
use serde_json::{Value, json};

use crate::ledger::{Outcome, Target, balance};
use crate::model::{self, Service};
use crate::{Emission, Inputs, Source, Views};

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

fn lower(sources: Vec<Source>) -> Vec<Service> {
    let inputs = Inputs { platform: Platform::default(), sources, library: String::new() };
    inputs.sources.iter().filter_map(|source| crate::lower(source, &inputs).service).collect()
}

fn emit(service: &Service, platform: &Platform) -> Emission {
    super::emit(&Views { whole: service, release: model::release(service) }, platform)
}

/// What is made of a schema; its book balances.
fn made(schema: &Value) -> Emission {
    let mut schema = schema.clone();
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    let service = lower(vec![source("demo", &schema.to_string())]).remove(0);
    let emission = emit(&service, &Platform::default());
    if emission.not_given.is_none() {
        assert_eq!(balance(&service, Target::Backstage, &emission.book), Default::default(), "{schema}");
    }
    emission
}

fn file<'e>(emission: &'e Emission, name: &str) -> &'e str {
    &emission.files.iter().find(|file| file.path.ends_with(name)).unwrap().content
}

fn template(emission: &Emission, name: &str) -> Value {
    manifest::yaml::read(file(emission, name)).unwrap()
}

fn properties(properties: Value) -> Emission {
    made(&json!({ "type": "object", "additionalProperties": false, "properties": properties }))
}

/// The last page of the form.
fn page(emission: &Emission) -> Value {
    template(emission, "template.yaml")["spec"]["parameters"].as_array().unwrap().last().unwrap().clone()
}

/// What stands below `values:`.
fn skeleton(emission: &Emission) -> String {
    let text = file(emission, "skeleton/manifest.yaml");
    text.split_once("spec:\n").unwrap().1.to_owned()
}

fn outcome(emission: &Emission, place: &str, keyword: &str) -> Outcome {
    emission.book.entries.iter().find(|e| e.used_at.as_str() == place && e.keyword == keyword).unwrap().outcome.clone()
}

/// MSF-F32, F33, F42.
#[test]
fn a_scalar_is_dumped_if_it_was_posted() {
    let made = made(&json!({
        "type": "object",
        "required": ["size"],
        "properties": { "size": { "type": "integer", "minimum": 1 }, "no": { "type": "string" } },
    }));
    let expected = "  values:
    size: ${{ values.params.size | dump }}
    {%- if values.params.no is defined %}
    ${{ \"no\" | dump }}: ${{ values.params.no | dump }}
    {%- endif %}
";
    assert_eq!(skeleton(&made), expected);
}

#[test]
fn an_object_is_written_only_with_something_in_it() {
    let made = properties(json!({ "limits": { "type": "object", "properties": { "cpuLimit": { "type": "string" } } } }));
    let expected = "  {%- set fields1 %}
    {%- if values.params.limits is defined %}
    {%- set fields2 %}
      {%- if values.params.limits.cpuLimit is defined %}
      cpuLimit: ${{ values.params.limits.cpuLimit | dump }}
      {%- endif %}
    {%- endset %}
    {%- if fields2 | length %}
    limits:${{ fields2 }}
    {%- endif %}
    {%- endif %}
  {%- endset %}
  {%- if fields1 | length %}
  values:${{ fields1 }}
  {%- else %}
  values: {}
  {%- endif %}
";
    assert_eq!(skeleton(&made), expected);
    assert_eq!(page(&made)["properties"]["limits"]["properties"]["cpuLimit"]["title"], "CPU limit");
}

/// MSF-F31.
#[test]
fn an_empty_list_is_written_if_its_default_is_not_empty() {
    let strings = json!({ "type": "array", "items": { "type": "string" } });
    let mut set = strings.clone();
    set["default"] = json!(["a"]);
    let made = properties(json!({ "free": strings, "set": set }));
    let text = skeleton(&made);
    assert!(text.contains("if values.params.free is defined and (values.params.free | length)"), "{text}");
    assert!(text.contains("if values.params.set is defined %}"), "{text}");
    assert!(text.contains("set: []"), "{text}");
}

#[test]
fn a_question_comes_before_what_cannot_be_left_alone() {
    let made = properties(json!({
        "backup": { "type": "object", "required": ["schedule"], "properties": { "schedule": { "type": "string" } } },
    }));
    let page = page(&made);
    assert_eq!(page["properties"]["backupEnabled"]["default"], json!(false));
    let branches = page["dependencies"]["backupEnabled"]["oneOf"].as_array().unwrap();
    assert_eq!(branches[1]["properties"]["backup"]["required"], json!(["schedule"]));
    assert!(skeleton(&made).contains("values.params.backupEnabled === true"));
    let edit = template(&made, "edit.yaml");
    assert!(edit["spec"]["parameters"][0]["properties"]["backupEnabled"].get("default").is_none());
}

#[test]
fn an_object_whose_required_fields_have_defaults_needs_no_question() {
    let made = properties(json!({
        "backup": { "type": "object", "required": ["at"], "properties": { "at": { "type": "string", "default": "3:00" } } },
    }));
    assert!(page(&made).get("dependencies").is_none());
    assert!(matches!(outcome(&made, "/backup/at", "required"), Outcome::Rewritten(_)));
}

#[test]
fn exactly_one_of_two_fields_is_a_choice() {
    let made = properties(json!({
        "env": { "type": "array", "items": {
            "type": "object",
            "required": ["name"],
            "oneOf": [{ "required": ["value"] }, { "required": ["from"] }],
            "properties": { "name": { "type": "string" }, "value": { "type": "string" }, "from": { "type": "string" } },
        } },
    }));
    let item = &page(&made)["properties"]["env"]["items"];
    assert_eq!(item["properties"]["valueOrFrom"]["title"], "Value or From");
    assert_eq!(item["ui:order"], json!(["name", "valueOrFrom", "value", "from", "*"]));
    let text = skeleton(&made);
    assert!(text.contains("- name: ${{ item3.name | dump }}") || text.contains("- name: ${{ item2.name | dump }}"), "{text}");
    assert!(text.contains("valueOrFrom === \"value\""), "{text}");
}

#[test]
fn several_of_some_fields_are_checked_without_being_drawn() {
    let made = properties(json!({
        "image": {
            "type": "object",
            "required": ["repository"],
            "anyOf": [{ "required": ["tag"] }, { "required": ["digest"] }],
            "properties": { "repository": { "type": "string" }, "tag": { "type": "string" }, "digest": { "type": "string" } },
        },
    }));
    let page = page(&made);
    let image = &page["dependencies"]["imageEnabled"]["oneOf"][1]["properties"]["image"];
    assert_eq!(image["not"], json!({ "not": { "anyOf": [{ "required": ["tag"] }, { "required": ["digest"] }] } }));
    assert_eq!(image["errorMessage"]["not"], "needs Tag or Digest, or several of them");
}

#[test]
fn a_condition_is_if_and_then() {
    let made = made(&json!({
        "type": "object",
        "properties": { "mode": { "enum": ["a", "b"], "default": "a" }, "host": { "type": "string" } },
        "if": { "properties": { "mode": { "const": "b" } }, "required": ["mode"] },
        "then": { "required": ["host"] },
    }));
    let page = page(&made);
    assert_eq!(page["then"], json!({ "required": ["host"] }));
    assert!(page["if"].to_string().contains("\"enum\":[\"b\"]"), "{page}");
    assert_eq!(outcome(&made, "", "if"), Outcome::Kept);
}

#[test]
fn a_condition_knows_what_an_empty_input_means() {
    let made = made(&json!({
        "type": "object",
        "properties": {
            "count": { "type": "integer", "default": 1 },
            "disk": { "type": "object", "properties": { "on": { "type": "boolean", "default": false } } },
        },
        "if": { "properties": { "count": { "minimum": 2 } }, "required": ["count"] },
        "then": { "properties": { "disk": { "properties": { "on": { "const": true } } } } },
    }));
    let page = page(&made);
    // The default isn't two, so an empty input isn't either.
    assert_eq!(page["if"], json!({ "allOf": [{ "required": ["count"] }, { "properties": { "count": { "minimum": 2 } } }] }));
    assert!(page["then"].to_string().contains("\"required\":[\"on\"]"), "{page}");
}

#[test]
fn the_variant_is_asked_before_its_fields() {
    let variant = |tag: &str, field: &str| {
        json!({
            "type": "object",
            "required": ["kind", field],
            "properties": { "kind": { "const": tag }, field: { "type": "string" } },
        })
    };
    let made = properties(json!({ "store": { "oneOf": [variant("disk", "path"), variant("s3", "bucket")] } }));
    let text = skeleton(&made);
    assert!(text.contains("if values.params.store.kind === \"disk\" %}"), "{text}");
    assert!(text.contains("path: ${{ values.params.store.path | dump }}"), "{text}");
}

#[test]
fn what_the_form_cannot_edit_is_said_and_still_written() {
    let made = properties(json!({ "extra": { "title": "Extra" }, "hide": { "type": "string", "x-ui": { "hidden": true } } }));
    assert!(matches!(outcome(&made, "/extra", "title"), Outcome::Lost(_)));
    assert!(matches!(outcome(&made, "/hide", "type"), Outcome::Moved(_)));
    assert_eq!(outcome(&made, "/hide", "x-ui.hidden"), Outcome::Kept);
    assert!(skeleton(&made).contains("hide: ${{ values.params.hide | dump }}"));
    assert!(page(&made)["properties"].get("hide").is_none());
}

#[test]
fn a_form_that_cannot_be_completed_is_not_given() {
    let made = made(&json!({ "type": "object", "required": ["extra"], "properties": { "extra": {} } }));
    assert!(made.not_given.is_some());
    assert!(made.files.is_empty());
}

/// MSF-F45.
#[test]
fn names_leave_room_for_the_names_that_are_made_of_them() {
    let page = page(&properties(json!({})));
    // 53 less `-tenant-`, `-demo` and a tenant of one letter.
    assert_eq!(page["properties"]["name"]["maxLength"], json!(39));
    assert_eq!(page["properties"]["tenant"]["ui:options"]["allowArbitraryValues"], json!(false));
}

/// MSF-F47.
#[test]
fn each_operation_has_its_own_branch() {
    let made = properties(json!({}));
    let branch = |file: &str| {
        let steps = template(&made, file)["spec"]["steps"].clone();
        steps.as_array().unwrap().last().unwrap()["input"]["branchName"].as_str().unwrap().to_owned()
    };
    assert!(branch("template.yaml").starts_with("create-${{ parameters.name }}-demo-in-${{"));
    assert!(branch("template.yaml").ends_with("-tenant"));
    assert!(branch("edit.yaml").starts_with("edit-"));
    assert!(branch("delete.yaml").starts_with("delete-"));
}

/// MSF-F18: no form can look a name up, so the pull request is where a name that is taken is refused, or seen.
#[test]
fn a_name_that_is_taken_is_refused_or_said() {
    let schema = r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}"#;
    let service = lower(vec![source("demo", schema)]).remove(0);
    let input = |pull_request: PullRequest| {
        let mut platform = Platform::default();
        platform.portal.pull_request = pull_request;
        template(&emit(&service, &platform), "template.yaml")["spec"]["steps"][1]["input"].clone()
    };
    let (github, gitlab) = (input(PullRequest::Github), input(PullRequest::Gitlab));
    // GitLab creates a file, or fails.
    assert_eq!(gitlab["commitAction"], "create");
    // GitHub's action would rather change the file; and with `update` it would take over the branch of another request.
    assert!(
        github["description"]
            .as_str()
            .unwrap()
            .ends_with("If it changes one, the name is taken: close it, and choose another name.")
    );
    assert_eq!(github.get("update"), None);
    // One release, one branch, of the whole identity.
    for input in [&github, &gitlab] {
        let branch = input["branchName"].as_str().unwrap();
        assert!(
            branch.contains("parameters.tenant") && branch.contains("parameters.name") && branch.contains("-demo-"),
            "{branch}"
        );
    }
}

#[test]
fn gitlab_deletes_the_file_that_lies_there() {
    let mut platform = Platform::default();
    platform.portal.pull_request = PullRequest::Gitlab;
    let service =
        lower(vec![source("demo", r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}"#)]).remove(0);
    let steps = template(&emit(&service, &platform), "delete.yaml")["spec"]["steps"].clone();
    assert_eq!(steps[1]["action"], "publish:gitlab:merge-request");
    assert_eq!(steps[1]["input"]["commitAction"], "delete");
}

/// Every schema of the repository and, where it is there, of the corpus.
fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Vec::new();
    for (folder, inner) in [("schemas", "values.schema.json"), ("starters", "schema/values.schema.json")] {
        for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Ok(text) = std::fs::read_to_string(entry.path().join(inner)) {
                sources.push(source(&name, &text));
            }
        }
    }
    sources
}

#[test]
fn the_book_balances_for_every_service() {
    let services = lower(all());
    assert!(!services.is_empty());
    for service in services {
        let emission = emit(&service, &Platform::default());
        assert_eq!(emission.not_given, None);
        assert_eq!(balance(&service, Target::Backstage, &emission.book), Default::default(), "{}", service.name);
        for file in &emission.files {
            assert!(
                !file.content.contains("additionalProperties: false")
                    || file.path.ends_with("template.yaml")
                    || file.path.ends_with("edit.yaml")
            );
        }
        if let Some(folder) = std::env::var_os("TREFOIL_TEMPLATES") {
            write(Path::new(&folder), &emission);
        }
    }
}

/// Schemas that nobody wrote for this generator; skipped where they aren't there.
#[test]
fn the_book_balances_for_the_corpus() {
    let Some(folder) = std::env::var_os("TREFOIL_CORPUS") else {
        eprintln!("skipped: TREFOIL_CORPUS names no folder of schemas");
        return;
    };
    let (mut given, mut not) = (0, Vec::new());
    for (index, entry) in std::fs::read_dir(Path::new(&folder).join("schemas")).unwrap().flatten().enumerate() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some(service) = lower(vec![source(&format!("corpus-{index}"), &text)]).pop() else { continue };
        let emission = emit(&service, &Platform::default());
        if let Some(why) = &emission.not_given {
            not.push(format!("{file}: {why}"));
            continue;
        }
        given += 1;
        assert_eq!(balance(&service, Target::Backstage, &emission.book), Default::default(), "{file}");
        if let Some(folder) = std::env::var_os("TREFOIL_TEMPLATES") {
            write(Path::new(&folder), &emission);
        }
    }
    eprintln!("{given} given; not: {not:#?}");
}

fn write(folder: &Path, emission: &Emission) {
    for file in &emission.files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.content.as_bytes()).unwrap();
    }
}

#[test]
fn an_advanced_field_of_an_object_stands_on_the_last_page() {
    let made = properties(json!({
        "image": {
            "title": "Image",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "tag": { "type": "string" },
                "policy": { "enum": ["Always", "Never"], "x-ui": { "advanced": true } },
            },
        },
    }));
    let pages = template(&made, "template.yaml")["spec"]["parameters"].clone();
    let fields =
        |page: usize| pages[page]["properties"]["image"]["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((fields(0), fields(1)), (vec!["tag".to_owned()], vec!["policy".to_owned()]));
    assert_eq!(pages[1]["title"], "Advanced");
    for page in 0..2 {
        assert_eq!(pages[page]["properties"]["image"]["propertyNames"], json!({ "enum": ["tag", "policy"] }));
    }
    assert!(matches!(outcome(&made, "/image/policy", "x-ui.advanced"), Outcome::Rewritten(_)));
}

#[test]
fn a_field_that_a_rule_speaks_of_stays_with_its_neighbours() {
    let made = made(&json!({
        "type": "object",
        "required": ["image"],
        "properties": {
            "image": {
                "type": "object",
                "properties": { "tag": { "type": "string" }, "digest": { "type": "string", "x-ui": { "advanced": true } } },
                "anyOf": [{ "required": ["tag"] }, { "required": ["digest"] }],
            },
        },
    }));
    assert!(page(&made)["properties"]["image"]["properties"]["digest"].is_object());
    assert_ne!(page(&made)["title"], "Advanced");
}

#[test]
fn rows_of_the_review_with_one_title_say_where_they_are() {
    let size = json!({ "title": "Size", "type": "object", "properties": { "cpu": { "type": "string", "title": "CPU" } } });
    let mut limits = size.clone();
    limits["title"] = json!("Limit");
    let made = properties(
        json!({ "size": size, "limits": limits, "labels": { "type": "object", "additionalProperties": { "type": "string" } } }),
    );
    let page = page(&made);
    let review = |pointer: &str| page["properties"].pointer(&format!("{pointer}/ui:backstage/review")).cloned();
    assert_eq!(review("/size/properties/cpu"), Some(json!({ "name": "Size > CPU" })));
    assert_eq!(review("/limits/properties/cpu"), Some(json!({ "name": "Limit > CPU" })));
    assert_eq!(review("/labels"), Some(json!({ "explode": false })));
}

#[test]
fn what_a_document_lacks_is_what_a_validator_says() {
    let nested = json!({ "properties": { "a": { "required": ["b"] } } });
    let sure = [
        (json!({ "required": ["a"] }), json!({}), true),
        (json!({ "required": ["a"] }), json!({ "a": 1 }), false),
        (nested.clone(), json!({}), false),
        (nested, json!({ "a": {} }), true),
        (json!({ "items": { "required": ["a"] } }), json!([{ "a": 1 }, {}]), true),
        (json!({ "items": { "required": ["a"] } }), json!([]), false),
        (json!({ "required": ["a"], "not": {} }), json!({}), true),
        (json!({ "properties": { "a": {} }, "additionalProperties": false }), json!({ "a": 1 }), false),
        (json!({ "properties": { "a": false } }), json!({ "a": 1 }), true),
    ];
    for (schema, document, lacking) in sure {
        let validator = jsonschema::draft7::new(&schema).unwrap();
        assert_eq!(validator.is_valid(&document), !lacking, "{schema} {document}");
        assert_eq!(super::part::lacks(&schema, &document), Some(lacking), "{schema} {document}");
    }
    let unsure = [
        (json!({ "minProperties": 1 }), json!({})),
        (json!({ "anyOf": [{ "required": ["a"] }] }), json!({})),
        (json!({ "properties": { "a": {} }, "additionalProperties": false }), json!({ "b": 1 })),
        (json!({ "properties": { "a": { "not": {} } } }), json!({ "a": 1 })),
    ];
    for (schema, document) in unsure {
        assert_eq!(super::part::lacks(&schema, &document), None, "{schema} {document}");
    }
}
