//! `new` writes everything or nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::Repo;

#[test]
fn a_blank_service_is_whole() {
    let repo = Repo::empty();
    let run = repo.ok(&["new", "SERVICE=orders-db"]);
    assert!(run.stdout.contains("kind OrdersDb"), "{}", run.stdout);
    assert!(run.stdout.contains("Next:"), "{}", run.stdout);
    for path in [
        "schemas/orders-db/values.schema.json",
        "charts/orders-db/Chart.yaml",
        "charts/orders-db/values.yaml",
        "charts/orders-db/values.schema.json",
        "ledger/orders-db.json",
    ] {
        assert!(repo.exists(path), "{path}");
    }
    assert!(repo.read("charts/orders-db/Chart.yaml").contains("\nname: orders-db\n"));
    let before = repo.tree();
    repo.ok(&["generate", "--check"]);
    repo.ok(&["generate"]);
    assert!(repo.tree() == before, "`generate` after `new` changes something");
}

#[test]
fn a_blank_service_is_valid() {
    let repo = Repo::empty();
    repo.ok(&["new", "orders-db"]);
    repo.ok(&["validate"]);
}

#[test]
fn starters() {
    let repo = Repo::empty();
    let run = repo.ok(&["new", "--list"]);
    assert!(run.stdout.lines().any(|line| line.starts_with("blank ")), "{}", run.stdout);
    repo.refuses(&["new", "x", "--starter", "nonsense"], 1, "there is no starter \"nonsense\": there are blank");
    repo.refuses(&["new", "x", "--starter", "../blank"], 1, "there is no starter");
}

#[test]
fn a_composite_needs_its_children() {
    let repo = Repo::empty();
    let run = repo.refuses(&["new", "full-stack"], 1, "composed of `webapp`");
    assert!(run.stderr.contains("composed of `postgres`"), "{}", run.stderr);
    assert!(run.stderr.contains("error[service/child-missing]"), "{}", run.stderr);
}

#[test]
fn a_problem_elsewhere_stops_it() {
    let repo = Repo::alpha();
    repo.write("schemas/alpha/values.schema.json", "{ \"type\": \"object\",");
    repo.refuses(&["new", "beta"], 1, "schemas/alpha/values.schema.json:1:");
}

/// MSF-F14: a service that no file registers would never be seen.
#[test]
fn a_missing_list_of_templates_is_made() {
    let repo = Repo::alpha();
    repo.remove("software-templates/all.yaml");
    repo.ok(&["new", "beta"]);
    let all = repo.read("software-templates/all.yaml");
    for service in ["alpha", "beta"] {
        assert!(all.contains(&format!("\"./{service}/template.yaml\"")), "{service}: {all}");
    }
}

/// MSF-F15.
#[test]
fn a_failure_while_writing_leaves_nothing() {
    let repo = Repo::empty();
    // A file where a folder has to be.
    repo.write("definitions", "in the way");
    repo.refuses(&["new", "beta"], 4, "definitions");
    assert!(!repo.exists("schemas") && !repo.exists("charts"));
}

fn chart(repo: &Repo) {
    repo.write("old/Chart.yaml", "apiVersion: v2\nname: old\ndescription: Old\nversion: 1.2.3\n# kept\n");
    repo.write("old/templates/deployment.yaml", "{{ .Values.replicas }}\n");
    repo.write("old/README.md", "theirs");
    repo.write(
        "old/values.yaml",
        "replicas: 3\nimage:\n  repository: a/b\n  tag: \"1\"\nlabels: {}\nlist:\n  - a\nnothing: null\n",
    );
}

#[test]
fn a_chart_is_adopted() {
    let repo = Repo::empty();
    chart(&repo);
    let schema = r#"{ "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
  "properties": { "replicas": { "type": "integer", "default": 1 }, "image": { "type": "object", "properties": {
  "repository": { "type": "string" }, "tag": { "type": "string" } } }, "labels": { "type": "object",
  "additionalProperties": { "type": "string" } } } }"#;
    repo.write("old/values.schema.json", schema);
    let from = repo.path().join("old");
    let run = repo.ok(&["new", "fresh", "--from", from.to_str().unwrap()]);
    assert!(run.stderr.contains("warning[adopt/conflict]: the schema's default is 1, and values.yaml has 3"), "{}", run.stderr);
    assert!(run.stderr.contains("values.yaml:1:1"), "{}", run.stderr);
    assert_eq!(repo.read("charts/fresh/templates/deployment.yaml"), "{{ .Values.replicas }}\n");
    assert!(
        repo.read("charts/fresh/Chart.yaml").contains("name: fresh\n") && repo.read("charts/fresh/Chart.yaml").contains("# kept")
    );
    assert_ne!(repo.read("charts/fresh/README.md"), "theirs");
    let schema: serde_json::Value = serde_json::from_str(&repo.read("schemas/fresh/values.schema.json")).unwrap();
    assert_eq!(schema["properties"]["replicas"]["default"], 3);
    assert_eq!(schema["properties"]["image"]["properties"]["tag"]["default"], "1");
    assert_eq!(schema["properties"]["labels"]["default"], serde_json::json!({}));
    assert_eq!(schema["properties"]["list"]["default"], serde_json::json!(["a"]));
    assert!(schema["properties"].get("nothing").is_none());
}

#[test]
fn a_chart_without_a_schema_gets_one() {
    let repo = Repo::empty();
    chart(&repo);
    let from = repo.path().join("old");
    repo.ok(&["new", "fresh", "--from", from.to_str().unwrap()]);
    let schema: serde_json::Value = serde_json::from_str(&repo.read("schemas/fresh/values.schema.json")).unwrap();
    assert_eq!(schema["properties"]["replicas"], serde_json::json!({ "type": "integer", "default": 3 }));
    assert_eq!(schema["properties"]["image"]["properties"]["repository"]["default"], "a/b");
}

#[test]
fn what_is_no_chart_is_refused() {
    let repo = Repo::empty();
    repo.write("none/values.yaml", "a: 1\n");
    repo.write("bad/Chart.yaml", "name: [\n");
    chart(&repo);
    let at = |name: &str| repo.path().join(name).to_str().unwrap().to_owned();
    repo.refuses(&["new", "fresh", "--from", &at("none")], 1, "is no chart");
    repo.refuses(&["new", "fresh", "--from", &at("bad")], 1, "bad/Chart.yaml:");
    repo.write("old/values.yaml", "a: 1\na: 2\n");
    repo.refuses(&["new", "fresh", "--from", &at("old")], 1, "old/values.yaml:2:");
    repo.write("old/values.yaml", "- a\n");
    repo.refuses(&["new", "fresh", "--from", &at("old")], 1, "are a mapping");
    repo.write("old/values.yaml", "");
    repo.write("old/values.schema.json", "{\n  \"type\": ]\n}");
    repo.refuses(&["new", "fresh", "--from", &at("old")], 1, "old/values.schema.json:2:11");
}

#[test]
fn a_composite_brings_its_children() {
    let repo = Repo::empty();
    repo.service("webapp");
    repo.refuses(&["new", "full-stack"], 1, "say `--with-dependencies`, or `cargo xtask new postgres` first");
    let run = repo.ok(&["new", "full-stack", "--with-dependencies"]);
    assert!(run.stdout.contains("postgres: kind Postgres"), "{}", run.stdout);
    for path in ["schemas/postgres/values.schema.json", "charts/full-stack/values.yaml", "definitions/postgres.yaml"] {
        assert!(repo.exists(path), "{path}");
    }
    repo.ok(&["generate", "--check"]);
}
