//! Manifests of a releases repository: each is what its path says.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Repo, Run};

const GOOD: &str = "\
apiVersion: services.example.org/v1alpha1
kind: Alpha
metadata:
  name: acme-tenant-one-alpha
  namespace: acme-tenant
  labels:
    app.kubernetes.io/instance: acme-tenant-one-alpha
    services.example.org/service: alpha
    services.example.org/tenant: acme
spec:
  values:
    tenant: acme
    name: one
    replicas: 3
";

const PATH: &str = "releases/acme/alpha/one/manifest.yaml";

fn check(repo: &Repo) -> Run {
    let releases = repo.path().join("releases");
    repo.run(&["validate", "--releases", releases.to_str().unwrap()])
}

fn refused(repo: &Repo, says: &str) -> Run {
    let run = check(repo);
    assert_eq!(run.code, 1, "{says}: {}", run.stderr);
    assert!(run.stderr.contains(says), "no {says:?} in:\n{}", run.stderr);
    run
}

#[test]
fn a_good_release() {
    let repo = Repo::alpha();
    repo.write(PATH, GOOD);
    repo.write("releases/.git/x/manifest.yaml", "not a manifest");
    repo.write("releases/README.md", "not a manifest");
    let run = check(&repo);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("1 releases checked"), "{}", run.stdout);
}

/// A character that the admission policy refuses, in whatever text it stands.
#[test]
fn a_character_that_is_not_passed_on() {
    let repo = Repo::alpha();
    let schema = r#"{ "type": "object", "required": ["tenant", "name"], "properties": {
      "tenant": { "type": "string" }, "name": { "type": "string" }, "motto": { "type": "object", "additionalProperties": { "type": "string" } } } }"#;
    repo.write("schemas/alpha/values.schema.json", schema);
    repo.write("charts/alpha/templates/configmap.yaml", "");
    repo.ok(&["generate"]);
    repo.write(PATH, &GOOD.replace("replicas: 3", r#"motto: { a: "x\x7Fy" }"#));
    refused(&repo, "/spec/values/motto/a: it has the character U+007F");
}

/// MSF-F43.
#[test]
fn what_the_path_decides() {
    let repo = Repo::alpha();
    for (from, to, says) in [
        ("apiVersion: services.example.org/v1alpha1", "apiVersion: v1", "/apiVersion: it is \"v1\", and has to be"),
        ("kind: Alpha", "kind: Beta", "/kind: it is \"Beta\""),
        ("  name: acme-tenant-one-alpha\n  ", "  name: other\n  ", "/metadata/name: it is \"other\""),
        ("  namespace: acme-tenant\n", "", "/metadata/namespace: it isn't there"),
        ("    services.example.org/tenant: acme\n", "", "services.example.org~1tenant: it isn't there"),
        ("    tenant: acme\n    name", "    tenant: globex\n    name", "/spec/values/tenant: it is \"globex\""),
        ("    name: one", "    name: two", "/spec/values/name: it is \"two\""),
        ("    name: one\n", "", "/spec/values/name: it isn't there"),
    ] {
        repo.write(PATH, &GOOD.replace(from, to));
        let run = refused(&repo, says);
        assert!(run.stderr.contains("error[release/manifest]"), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("{PATH}:")), "{}", run.stderr);
    }
}

/// MSF-F25.
#[test]
fn what_the_schema_decides() {
    let repo = Repo::alpha();
    repo.write(PATH, &GOOD.replace("replicas: 3", "replicas: 9"));
    let run = refused(&repo, "/spec/values/replicas: ");
    assert!(run.stderr.contains("(maximum)") && run.stderr.contains(&format!("{PATH}:14:5")), "{}", run.stderr);
    repo.write(PATH, &GOOD.replace("replicas: 3", "replicaz: 3"));
    refused(&repo, "(additionalProperties)");
    repo.write(PATH, &GOOD.replace("spec:", "spec: ["));
    refused(&repo, "error[file/syntax]");
    repo.write(PATH, &format!("{GOOD}---\n{GOOD}"));
    refused(&repo, "error[file/syntax]");
    repo.write(PATH, "");
    refused(&repo, "/apiVersion: it isn't there");
    repo.write(PATH, "- a\n");
    refused(&repo, "/apiVersion: it isn't there");
}

/// MSF-F45, F46, F49.
#[test]
fn wrong_places() {
    let repo = Repo::alpha();
    for (path, says) in [
        ("manifest.yaml", "0 folders deep"),
        ("acme/alpha/manifest.yaml", "2 folders deep"),
        ("a/b/c/d/manifest.yaml", "4 folders deep"),
        ("Acme/alpha/one/manifest.yaml", "write \"acme\""),
        ("acme/alpah/one/manifest.yaml", "no service `alpah`"),
        ("acme/alpha/a-tenant-b/manifest.yaml", "could also be read as"),
        ("a-tenant-b/alpha/c/manifest.yaml", "could also be read as"),
    ] {
        let repo_path = format!("releases/{path}");
        repo.write(&repo_path, GOOD);
        let run = refused(&repo, says);
        assert!(run.stderr.contains(&repo_path), "{}", run.stderr);
        repo.remove("releases");
    }
    let name = "n".repeat(40);
    repo.write(&format!("releases/acme/alpha/{name}/manifest.yaml"), GOOD);
    refused(&repo, "are left for the name");
}

#[test]
fn no_releases_there() {
    let repo = Repo::alpha();
    let run = repo.run(&["validate", "--releases", "/nonexistent/releases"]);
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("is not a folder"), "{}", run.stderr);
}

/// A layout of the platform's own: `{region}/{namespace}/{app}.yaml` with values alone (KPB-19, KPB-20).
#[test]
fn releases_that_lie_elsewhere() {
    let repo = Repo::alpha();
    let layouts =
        "\n[[releases.layouts]]\nservices = [\"alpha\"]\npath = \"{region}/{namespace}/{app}.yaml\"\ncontent = \"values\"\n";
    repo.write("platform.toml", layouts);
    repo.ok(&["generate"]);
    let settings = std::fs::read_to_string(repo.path().join("editor/releases/.vscode/settings.json")).unwrap();
    assert!(!settings.contains("alpha"), "{settings}");
    assert!(!repo.path().join("software-templates/alpha/template.yaml").exists());
    repo.write("releases/dev/acme/one.yaml", "tenant: acme\nname: one\nreplicas: 3\n");
    let run = check(&repo);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("1 releases checked"), "{}", run.stdout);
    repo.write("releases/dev/acme/one.yaml", "tenant: acme\nname: two\nreplicas: 9\n");
    let run = refused(&repo, "one.yaml:2:1");
    assert!(run.stderr.contains("one.yaml:3:1") && run.stderr.contains("has to be \"one\""), "{}", run.stderr);
    repo.write("releases/acme/alpha/one/manifest.yaml", "");
    refused(&repo, "is nobody's: a release lies at `{region}/{namespace}/{app}.yaml`");
    repo.write("platform.toml", &layouts.replace("{app}", "x"));
    refused(&repo, "platform.toml:");
}
