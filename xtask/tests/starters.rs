//! Every service and every starter through every target, and their charts through a real Helm.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::Repo;

/// Service and starter; the composite last, since it needs its children.
const STARTERS: &[(&str, &str)] =
    &[("postgres", "postgres"), ("redis", "redis"), ("guestbook", "blank"), ("full-stack", "full-stack")];

/// This repository's services, and one of each starter.
fn platform() -> Repo {
    let repo = Repo::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // A fork has more services than these.
    for folder in ["schemas/tenant", "schemas/webapp", "charts/lib", "charts/tenant", "charts/webapp"] {
        copy(&root.join(folder), &repo.path().join(folder));
    }
    repo.ok(&["generate"]);
    for (service, starter) in STARTERS {
        repo.ok(&["new", service, "--starter", starter]);
    }
    repo
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => assert!(std::fs::copy(entry.path(), target).is_ok()),
        }
    }
}

fn services() -> Vec<&'static str> {
    ["tenant", "webapp"].into_iter().chain(STARTERS.iter().map(|(service, _)| *service)).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_starter_gives_every_target_and_is_in_order() {
    let repo = platform();
    repo.ok(&["validate"]);
    for service in services() {
        let ledger: Value = serde_json::from_str(&repo.read(&format!("ledger/{service}.json"))).unwrap();
        for target in ["rust", "helm", "kro", "backstage", "editor"] {
            assert_eq!(ledger["targets"][target], "given", "{service}");
        }
        let lost: Vec<&Value> =
            ledger["constraints"].as_array().unwrap().iter().filter(|row| row["keyword"] == "opaque").collect();
        assert!(lost.is_empty(), "{service}: a starter says only what every target can say: {lost:?}");
    }
}

/// Helm 4, from `$HELM` or the path; without it the checks say that they were skipped.
fn helm() -> Option<PathBuf> {
    let program = std::env::var_os("HELM").map_or_else(|| PathBuf::from("helm"), PathBuf::from);
    let runs = Command::new(&program).arg("version").output().is_ok_and(|output| output.status.success());
    if !runs {
        eprintln!("skipped: Helm isn't there (`HELM=$(scripts/install-helm) cargo test`)");
    }
    runs.then_some(program)
}

/// What Helm renders of a chart with values files, or what it says instead.
fn render(helm: &Path, chart: &Path, values: &[&Path]) -> Result<Vec<Value>, String> {
    let mut command = Command::new(helm);
    command.args(["template", "acme-tenant-one-x", "--namespace", "acme-tenant"]).arg(chart);
    for file in values {
        command.arg("--values").arg(file);
    }
    let output = command.output().unwrap();
    match output.status.success() {
        true => Ok(manifest::yaml::read_all(&String::from_utf8(output.stdout).unwrap()).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn helm_renders_every_example_and_flavor_and_refuses_every_bad_one() {
    let Some(helm) = helm() else { return };
    let repo = platform();
    for service in services() {
        let chart = repo.path().join("charts").join(service);
        let schema = repo.path().join("schemas").join(service);
        let minimal = schema.join("examples/ok/minimal.yaml");
        let lint = Command::new(&helm).args(["lint", "--strict"]).arg(&chart).arg("--values").arg(&minimal).output().unwrap();
        assert!(lint.status.success(), "{service}: {}", String::from_utf8_lossy(&lint.stdout));
        for example in files(&schema.join("examples/ok")) {
            let objects = render(&helm, &chart, &[&example]).unwrap_or_else(|error| panic!("{}: {error}", example.display()));
            assert!(!objects.is_empty(), "{}", example.display());
        }
        for flavor in files(&schema.join("flavors")) {
            render(&helm, &chart, &[&minimal, &flavor]).unwrap_or_else(|error| panic!("{}: {error}", flavor.display()));
        }
        for example in files(&schema.join("examples/err")) {
            let refused = render(&helm, &chart, &[&example]).expect_err(&example.display().to_string());
            assert!(refused.contains("values don't meet the specifications"), "{}: {refused}", example.display());
        }
    }
}

fn strings(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            out.push(key.clone());
            strings(value, out);
        }),
        _ => {}
    }
}

/// MSF-F51: what an owner is, is what was written, and not always a group.
#[test]
fn an_owner_is_what_its_prefix_says() {
    let Some(helm) = helm() else { return };
    let repo = platform();
    let chart = repo.path().join("charts/tenant");
    let owner = |subject: &str| {
        repo.write("owner.yaml", &format!("tenant: acme\nowners:\n  - subject: {subject}\n    role: edit\n"));
        render(&helm, &chart, &[&repo.path().join("owner.yaml")])
    };
    for (subject, kind) in [("user:jane", "User"), ("group:team", "Group"), ("serviceaccount:ci:deployer", "ServiceAccount")] {
        let objects = owner(subject).unwrap();
        let binding = objects.iter().find(|object| object["kind"] == "RoleBinding").unwrap();
        assert_eq!(binding["subjects"][0]["kind"], kind, "{binding}");
    }
    assert!(owner("robot:jane").unwrap_err().contains("/owners/0/subject"));
}

#[test]
fn hostile_strings_survive_into_the_rendered_objects() {
    let Some(helm) = helm() else { return };
    let repo = platform();
    let mut seen = 0;
    for service in services() {
        let example = repo.path().join("schemas").join(service).join("examples/ok/hostile.yaml");
        if !example.exists() {
            continue;
        }
        let mut given = Vec::new();
        strings(&manifest::yaml::read(&std::fs::read_to_string(&example).unwrap()).unwrap(), &mut given);
        let mut rendered = Vec::new();
        render(&helm, &repo.path().join("charts").join(service), &[&example])
            .unwrap()
            .iter()
            .for_each(|object| strings(object, &mut rendered));
        // Words of a few letters are found everywhere; a string is hostile by a character that YAML or a template could take amiss.
        for hostile in given.iter().filter(|text| text.contains(|c: char| !c.is_ascii_alphanumeric() && !"-._/:".contains(c))) {
            assert!(rendered.iter().any(|text| text.contains(hostile.as_str())), "{service}: {hostile:?} is lost");
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} hostile strings were looked for");
}

/// The paths that a SimpleSchema knows, `*` for an item or a value. What is `object` and nothing more holds no path.
fn paths(types: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    if let Some(members) = value.as_object() {
        for (key, value) in members {
            let at = format!("{at}/{key}");
            out.push(at.clone());
            paths(types, value, &at, out);
        }
        return;
    }
    let name = value.as_str().unwrap().split(" |").next().unwrap().trim();
    match name.strip_prefix("[]").or_else(|| name.strip_prefix("map[string]")) {
        Some(item) => {
            out.push(format!("{at}/*"));
            paths(types, &Value::from(item), &format!("{at}/*"), out);
        }
        None if types.get(name).is_some() => paths(types, &types[name], at, out),
        None => {}
    }
}

/// The paths of a schema, as an author reads it; a reference to another service is that service's own matter.
fn properties(schema: &Value, node: &Value, at: &str, out: &mut Vec<String>) {
    if let Some(place) = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        properties(schema, schema.pointer(place).unwrap(), at, out);
    }
    let below = node["properties"].as_object().into_iter().flatten().map(|(key, below)| (format!("{at}/{key}"), below));
    let each = ["items", "additionalProperties"].map(|word| &node[word]).into_iter().filter(|below| below.is_object());
    for (at, below) in below.chain(each.map(|below| (format!("{at}/*"), below))) {
        out.push(at.clone());
        properties(schema, below, &at, out);
    }
}

/// MSF-F30: once `spec.values` was an object and nothing more, and 0 of 156 paths reached the API. MSF-F54: Flux's own API.
#[test]
fn every_path_of_a_schema_is_in_the_api_or_the_ledger_says_why() {
    let repo = platform();
    let mut reached = 0;
    for service in services() {
        let definition = &manifest::yaml::read_all(&repo.read(&format!("definitions/{service}.yaml"))).unwrap()[0];
        assert!(definition.to_string().contains("helm.toolkit.fluxcd.io/v2\""), "{service}");
        let api = &definition["spec"]["schema"];
        let mut known = Vec::new();
        paths(&api["types"], &api["spec"]["values"], "", &mut known);
        let ledger: Value = serde_json::from_str(&repo.read(&format!("ledger/{service}.json"))).unwrap();
        let said: Vec<&str> = ledger["constraints"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["kro"].as_str().is_some_and(|kro| kro.contains(": ")))
            .map(|row| row["at"].as_str().unwrap())
            .collect();
        let schema: Value = serde_json::from_str(&repo.read(&format!("schemas/{service}/values.schema.json"))).unwrap();
        let mut wanted = Vec::new();
        properties(&schema, &schema, "", &mut wanted);
        for path in &wanted {
            let why = said.iter().any(|at| at == path || path.starts_with(&format!("{at}/")) && !at.is_empty());
            assert!(known.contains(path) || why, "{service}: {path} doesn't reach the API, and nobody says why");
            reached += usize::from(known.contains(path));
        }
    }
    assert!(reached >= 156, "only {reached} paths reach the API");
}
