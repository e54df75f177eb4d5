//! Skeletons through Backstage's own template engines: what is filled in is what the manifest says, and the manifest is a release.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use support::Repo;

/// The engines that `survey` installs; without them the tests say that they were skipped.
fn engines() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let folder = cache.join("trefoil/template-engines");
    let there = folder.join("node_modules").is_dir() && Command::new("node").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: Backstage's template engines aren't there (`cargo xtask survey DIR` installs them)");
    }
    there.then_some(folder)
}

/// What the engines make of the skeleton of a service with what was filled in: the text, on which they have to agree.
fn render(engines: &Path, repo: &Repo, service: &str, params: &Value) -> String {
    let skeleton = repo.read(&format!("software-templates/{service}/skeleton/manifest.yaml"));
    let case = json!({"params": params, "tenant": params["tenant"], "name": params["name"]});
    let input = json!({"id": 0, "skeleton": skeleton, "cases": [case]}).to_string();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/survey/skeleton.mjs");
    // The program finds the engines beside itself.
    let there = tempfile::Builder::new().suffix(".mjs").tempfile_in(engines).unwrap();
    std::fs::copy(program, there.path()).unwrap();
    let mut node =
        Command::new("node").arg(there.path()).current_dir(engines).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let case = &answer["cases"][0];
    assert_eq!(case["same"], true, "{service} {params}: {case}");
    assert_eq!(case["yaml11"], case["yaml12"], "{service} {params}");
    case["nunjucks"]["text"].as_str().unwrap().to_owned()
}

fn repository() -> Repo {
    let repo = Repo::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for folder in ["schemas/tenant", "schemas/webapp", "charts/lib", "charts/tenant", "charts/webapp"] {
        for entry in walkdir::WalkDir::new(root.join(folder)).into_iter().map(Result::unwrap) {
            let to = repo.path().join(entry.path().strip_prefix(root).unwrap());
            match entry.file_type().is_dir() {
                true => std::fs::create_dir_all(to).unwrap(),
                false => assert!(std::fs::copy(entry.path(), to).is_ok()),
            }
        }
    }
    repo.ok(&["generate"]);
    repo
}

/// What a form posts: what was filled in over what it began with.
fn posted(under: Value, over: Value) -> Value {
    match (under, over) {
        (Value::Object(mut under), Value::Object(over)) => {
            for (key, value) in over {
                let below = under.remove(&key).unwrap_or(Value::Null);
                under.insert(key, posted(below, value));
            }
            Value::Object(under)
        }
        (_, over) => over,
    }
}

fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().map(|(key, value)| (key.clone(), without_empty(value)));
            Value::Object(kept.filter(|(_, value)| *value != json!({}) && *value != json!([])).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(without_empty).collect(),
        other => other.clone(),
    }
}

/// The chart's default values without those that the platform owns: what a form begins with.
fn untouched(repo: &Repo, service: &str) -> Value {
    fn take(schema: &Value, values: &mut Value) {
        let Some(members) = values.as_object_mut() else { return };
        members.retain(|key, _| schema["properties"][key]["x-ui"]["platformOwned"] != true);
        members.iter_mut().for_each(|(key, value)| take(&schema["properties"][key], value));
    }
    let mut values = manifest::yaml::read(&repo.read(&format!("charts/{service}/values.yaml"))).unwrap();
    take(&serde_json::from_str(&repo.read(&format!("schemas/{service}/values.schema.json"))).unwrap(), &mut values);
    values
}

/// Without the characters that no reader of YAML takes unescaped, and that the engines' `dump`, which is JSON's, doesn't escape.
fn printable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\u{7f}', "")),
        Value::Array(items) => items.into_iter().map(printable).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, printable(value))).collect(),
        other => other,
    }
}

/// The manifest is a release that `validate` takes, in the place that its values name, and its values are those that were filled in.
fn is_release_of(repo: &Repo, service: &str, text: &str, filled_in: &Value) {
    let manifest = manifest::yaml::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(without_empty(&manifest["spec"]["values"]), without_empty(filled_in), "{text}");
    let (tenant, name) = (filled_in["tenant"].as_str().unwrap(), filled_in["name"].as_str());
    let folder = name.map_or(tenant.to_owned(), |name| format!("{tenant}/{service}/{name}"));
    repo.write(&format!("releases/{folder}/manifest.yaml"), text);
    repo.ok(&["validate", "--releases", repo.path().join("releases").to_str().unwrap()]);
    repo.remove("releases");
}

/// MSF-F31 to F38, F41 to F44: untouched defaults, fields that are left out, and strings that readers of YAML like to break.
#[test]
fn what_is_filled_in_is_what_the_manifest_says() {
    let Some(engines) = engines() else { return };
    let repo = repository();
    let mut hostile = 0;
    for service in ["tenant", "webapp"] {
        let defaults = untouched(&repo, service);
        let folder = repo.path().join(format!("schemas/{service}/examples/ok"));
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let example = printable(manifest::yaml::read(&std::fs::read_to_string(entry.path()).unwrap()).unwrap());
            let completed = posted(defaults.clone(), example.clone());
            for params in [&example, &completed] {
                is_release_of(&repo, service, &render(&engines, &repo, service, params), params);
            }
            hostile += usize::from(entry.file_name() == "hostile.yaml");
        }
    }
    assert!(hostile > 0, "no example is hostile");
}

/// MSF-F33 to F38, F41: one string at a time, where each once broke a manifest or became something else.
#[test]
fn a_string_stays_that_string() {
    let Some(engines) = engines() else { return };
    let repo = repository();
    for text in [
        "8080",
        "true",
        "null",
        "",
        "a: b",
        "p#ss #word",
        "it's",
        "a' #",
        "\" }} {{ \"",
        "x\n        role: admin\n      - subject: mallory",
        "192.168.10.41\"\n    images: {v1.34.10: {templateID: 1}} #",
    ] {
        let params = json!({
            "tenant": "true", "name": "null", "image": {"repository": "a/b", "tag": "1"}, "env": [{"name": "X", "value": text}],
        });
        is_release_of(&repo, "webapp", &render(&engines, &repo, "webapp", &params), &params);
    }
}

/// JSON leaves U+007F as it is, and YAML has to escape it: such a manifest is refused, and never read as something else.
#[test]
fn a_character_that_yaml_has_to_escape_is_refused() {
    let Some(engines) = engines() else { return };
    let repo = repository();
    let params = json!({
        "tenant": "acme", "name": "one", "image": {"repository": "a/b", "tag": "1"}, "env": [{"name": "X", "value": "a\u{7f}b"}],
    });
    repo.write("releases/acme/webapp/one/manifest.yaml", &render(&engines, &repo, "webapp", &params));
    let releases = repo.path().join("releases");
    let run = repo.run(&["validate", "--releases", releases.to_str().unwrap()]);
    assert!(run.code == 1 && run.stderr.contains("error[file/syntax]"), "{}", run.stderr);
}

/// MSF-F38, F39: what is no subject, and what the schema doesn't know, is in the manifest as it was posted, and `validate` refuses it.
#[test]
fn nothing_is_smuggled_in() {
    let Some(engines) = engines() else { return };
    let repo = repository();
    let subject = "group:devs\n        role: admin\n      - subject: group:mallory";
    let params = json!({"tenant": "acme", "owners": [{"subject": subject, "role": "view"}], "images": {"a": "b"}});
    let text = render(&engines, &repo, "tenant", &params);
    let manifest = manifest::yaml::read(&text).unwrap();
    assert_eq!(manifest["spec"]["values"]["owners"], json!([{"subject": subject, "role": "view"}]));
    assert!(manifest["spec"]["values"].get("images").is_none());
    repo.write("releases/acme/manifest.yaml", &text);
    let releases = repo.path().join("releases");
    let run = repo.run(&["validate", "--releases", releases.to_str().unwrap()]);
    assert!(run.stderr.contains("/spec/values/owners/0/subject"), "{}", run.stderr);
}

/// MSF-F40: what was filled in stands in `spec.values` and nowhere else.
#[test]
fn no_annotation_copies_a_value() {
    let Some(engines) = engines() else { return };
    let repo = repository();
    let params = json!({
        "tenant": "acme", "name": "one", "image": {"repository": "a/b", "tag": "1"}, "env": [{"name": "DB_PASSWORD", "value": "hunter2x"}],
    });
    let manifest = manifest::yaml::read(&render(&engines, &repo, "webapp", &params)).unwrap();
    assert!(manifest["spec"]["values"].to_string().contains("hunter2x"));
    assert!(!manifest["metadata"].to_string().contains("hunter2x"), "{}", manifest["metadata"]);
}
