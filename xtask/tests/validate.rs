//! Bad input has one clear error with its place, and the order of the services doesn't matter.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::Repo;

#[test]
fn a_repository_in_order() {
    let repo = Repo::alpha();
    let run = repo.ok(&["validate"]);
    assert!(run.stdout.contains("1 services are in order"), "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

/// MSF-F19, F20, F25: whichever service comes last.
#[test]
fn values_that_the_schema_refuses() {
    for service in ["aaa", "zzz"] {
        let repo = Repo::alpha();
        repo.service(service);
        repo.ok(&["generate"]);
        let values = format!("charts/{service}/values.yaml");
        repo.replace(&values, "replicas: 2", "replicas: 999");
        let run = repo.refuses(&["validate"], 1, "error[values/invalid]: /replicas:");
        assert!(run.stderr.contains("(maximum)"), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("--> {values}:")), "{}", run.stderr);
        repo.replace(&values, "replicas: 999", "replicas: \"zero\"");
        repo.refuses(&["validate"], 1, "(type)");
        repo.replace(&values, "replicas:", "replicaz:");
        let run = repo.refuses(&["validate"], 1, "(additionalProperties)");
        assert!(run.stderr.contains("did you mean \"replicas\"?"), "{}", run.stderr);
    }
}

/// MSF-F21, F22.
#[test]
fn what_is_missing() {
    let repo = Repo::alpha();
    repo.remove("charts/alpha/values.yaml");
    repo.refuses(&["validate"], 1, "charts/alpha/values.yaml isn't there");
    repo.ok(&["generate"]);
    repo.remove("schemas/alpha/values.schema.json");
    repo.refuses(&["validate"], 1, "schemas/alpha/values.schema.json isn't there");
    repo.service("alpha");
    repo.remove("charts/alpha/Chart.yaml");
    repo.refuses(&["validate"], 1, "charts/alpha/Chart.yaml isn't there");
}

/// MSF-F23, F24.
#[test]
fn broken_schemas() {
    let repo = Repo::alpha();
    repo.replace("schemas/alpha/values.schema.json", "\"maximum\": 5,", "\"maximum\": 5,,");
    let run = repo.refuses(&["validate"], 1, "error[json/syntax]");
    assert!(run.stderr.contains("--> schemas/alpha/values.schema.json:11:"), "{}", run.stderr);
    repo.replace("schemas/alpha/values.schema.json", ",,", ",");
    repo.replace("schemas/alpha/values.schema.json", "\"maximum\"", "\"maximun\"");
    repo.replace("charts/alpha/values.yaml", "replicas: 2", "replicas: 999");
    let run = repo.refuses(&["validate"], 1, "warning[schema/unknown-keyword]");
    assert!(run.stderr.contains("did you mean `maximum`?"), "{}", run.stderr);
}

#[test]
fn text_that_is_no_text() {
    let repo = Repo::alpha();
    std::fs::write(repo.path().join("schemas/alpha/values.schema.json"), [b'{', 0xff, b'}']).unwrap();
    repo.refuses(&["validate"], 1, "isn't UTF-8 text");
}

#[test]
fn examples() {
    let repo = Repo::alpha();
    let good = "schemas/alpha/examples/ok/big.yaml";
    let bad = "schemas/alpha/examples/err/big.yaml";
    repo.write(good, "tenant: acme\nname: big\nreplicas: 5\n");
    repo.write(bad, "# expect: /replicas maximum\ntenant: acme\nname: big\nreplicas: 6\n");
    repo.ok(&["validate"]);

    repo.write(good, "tenant: acme\nname: big\n\nreplicas: 6\n");
    repo.refuses(&["validate"], 1, &format!("--> {good}:4:1"));
    repo.write(good, "tenant: acme\nname: big\n  replicas: 6\n");
    repo.refuses(&["validate"], 1, "error[file/syntax]");
    repo.remove(good);

    repo.write(bad, "# expect: /replicas maximum\ntenant: acme\nname: big\nreplicas: 5\n");
    repo.refuses(&["validate"], 1, "this example is valid");
    repo.write(bad, "# expect: /replicas minimum\ntenant: acme\nname: big\nreplicas: 6\n");
    repo.refuses(&["validate"], 1, "what refuses it is `maximum` at \"/replicas\"");
    repo.write(bad, "tenant: acme\nname: big\nreplicas: 6\n");
    repo.refuses(&["validate"], 1, "a bad example begins with `# expect:");
    repo.write(bad, "# expect: \"\" required\ntenant: acme\n");
    repo.ok(&["validate"]);
}

#[test]
fn flavors() {
    let repo = Repo::alpha();
    let flavor = "schemas/alpha/flavors/large.yaml";
    repo.write(flavor, "size: large\nreplicas: 5\n");
    // Releases are begun with it, so what is generated has it.
    repo.refuses(&["validate"], 1, "generated/src/alpha/release.json isn't what `generate` makes");
    repo.ok(&["generate"]);
    repo.ok(&["validate"]);
    repo.write(flavor, "size: huge\n");
    repo.refuses(&["validate"], 1, &format!("--> {flavor}:1:1"));
    repo.write(flavor, "name: mine\n");
    repo.refuses(&["validate"], 1, "one release's own");
    repo.write(flavor, "- large\n");
    repo.refuses(&["validate"], 1, "a flavor is a mapping");
}

/// A property that the Kubernetes API can't say as it is: an object whose openness is left out.
const OPEN: &str = "\"open\": { \"title\": \"Open\", \"description\": \"Open.\", \"type\": \"object\", \"properties\": { \"a\": { \
                    \"title\": \"A\", \"description\": \"A.\", \"type\": \"string\" } } },\n    \"replicas\"";

#[test]
fn losses_are_accepted_or_refused() {
    let repo = Repo::alpha();
    let accepted = "schemas/alpha/accepted.toml";
    repo.replace("schemas/alpha/values.schema.json", "\"replicas\"", OPEN);
    repo.ok(&["generate"]);
    let run = repo.run(&["validate"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("error[ledger/not-accepted]: alpha: `additionalProperties` at /open becomes stricter"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--> schemas/alpha/values.schema.json:11:"), "{}", run.stderr);
    repo.ok(&["accept", "alpha", "--reason", "the form has all keys"]);
    let text = repo.read(accepted);
    assert!(text.contains("at = \"/open\""), "{text}");
    let run = repo.run(&["validate"]);
    assert!(!run.stderr.contains("ledger/not-accepted"), "{}", run.stderr);

    repo.write(
        accepted,
        &format!("{text}\n[[accept]]\nat = \"/gone/*\"\nkeyword = \"oneOf\"\ntarget = \"kro\"\nreason = \"none\"\n"),
    );
    let run = repo.run(&["validate"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("warning[ledger/stale-acceptance]"), "{}", run.stderr);
    assert!(run.stderr.contains("--> schemas/alpha/accepted.toml:"), "{}", run.stderr);
    for (entry, says) in [
        ("[[accept]]\nat = \"/a\"\n", "missing field `keyword`"),
        ("[[accept]]\nat = \"/a\"\nkeyword = \"oneOf\"\ntarget = \"kro\"\nreason = \" \"\n", "an acceptance has a reason"),
        ("[[accept]]\nat = \"/a\"\nkeyword = \"oneOf\"\ntarget = \"crd\"\nreason = \"x\"\n", "there is no target \"crd\""),
        ("[[accept]]\nat = \"a\"\nkeyword = \"oneOf\"\ntarget = \"kro\"\nreason = \"x\"\n", "places begin with `/`"),
        ("[[acept]]\n", "unknown field `acept`"),
        ("[[accept\n", "accepted.toml:1:"),
    ] {
        repo.write(accepted, entry);
        repo.refuses(&["validate"], 1, says);
    }
}

#[test]
fn everything_is_reported_at_once_in_file_order() {
    let repo = Repo::alpha();
    repo.service("beta");
    repo.ok(&["generate"]);
    for service in ["alpha", "beta"] {
        repo.replace(&format!("schemas/{service}/values.schema.json"), "\"integer\"", "\"integr\"");
    }
    let run = repo.refuses(&["validate"], 1, "2 errors");
    let place = |service: &str| run.stderr.find(&format!("schemas/{service}/values.schema.json:11")).unwrap();
    assert!(place("alpha") < place("beta"));
}

/// MSF-F26: what judges values is in the program, so it judges where there is nothing else.
#[test]
fn without_any_program_values_are_judged() {
    let repo = Repo::alpha();
    let none = tempfile::tempdir().unwrap();
    let nothing = [("PATH", none.path()), ("HOME", none.path())];
    assert_eq!(repo.run_with(&["validate"], &nothing).code, 0);
    repo.replace("charts/alpha/values.yaml", "replicas: 2", "replicas: 999");
    let run = repo.run_with(&["validate"], &nothing);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error[values/invalid]: /replicas:"), "{}", run.stderr);
}

/// MSF-F27.
#[test]
fn without_helm_the_other_checks_run() {
    let repo = Repo::alpha();
    let none = tempfile::tempdir().unwrap();
    let without = |args: &[&str]| repo.run_with(args, &[("PATH", none.path())]);
    assert_eq!(without(&["validate"]).code, 0);
    for command in ["lint", "template", "all"] {
        let run = without(&[command]);
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert_eq!(run.stderr.matches("helm").count(), run.stderr.matches("`helm`").count(), "{}", run.stderr);
        assert_eq!(run.stderr.matches("error[program/missing]").count(), 1, "{}", run.stderr);
    }
    repo.replace("charts/alpha/Chart.yaml", "name: alpha", "name: other");
    let run = without(&["lint"]);
    assert!(run.stderr.contains("`name` is \"other\", and has to be \"alpha\""), "{}", run.stderr);
    assert!(run.stderr.contains("charts/alpha/Chart.yaml:2:1"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn what_helm_says_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let repo = Repo::alpha();
    let tools = tempfile::tempdir().unwrap();
    let helm = tools.path().join("helm");
    let script = |text: &str| {
        std::fs::write(&helm, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&helm, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("echo \"$@\"");
    let run = repo.run_with(&["template"], &[("HELM", &helm)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("template test-alpha "), "{}", run.stdout);
    script("echo no >&2; exit 1");
    let run = repo.run_with(&["lint"], &[("HELM", &helm)]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error[program/failed]: `helm lint` fails for charts/alpha: no"), "{}", run.stderr);
}
