//! The five ways out say the same.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use serde_json::Value;
use support::Repo;

/// A repository with one error, on line 11, whose message has characters that formats have to escape.
fn broken() -> Repo {
    let repo = Repo::alpha();
    repo.replace("schemas/alpha/values.schema.json", "\"integer\"", "\"integr\"");
    repo
}

#[test]
fn json() {
    let run = broken().run(&["validate", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["counts"]["errors"], 1);
    let first = &found["diagnostics"][0];
    assert_eq!(first["severity"], "error");
    assert_eq!(first["code"], "schema/keyword-type");
    assert_eq!(first["location"]["file"], "schemas/alpha/values.schema.json");
    assert_eq!(first["location"]["line"], 11);
    assert!(first["location"]["endColumn"].as_u64() > first["location"]["column"].as_u64(), "{first}");
}

#[test]
fn nothing_is_json_too() {
    let repo = Repo::alpha();
    let run = repo.run(&["validate", "--format", "json"]);
    assert_eq!(run.code, 0);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["diagnostics"], serde_json::json!([]));
}

#[test]
fn github() {
    let run = broken().run(&["validate", "--format", "github"]);
    assert_eq!(run.code, 1);
    let line = run.stdout.lines().next().unwrap();
    assert!(line.starts_with("::error file=schemas/alpha/values.schema.json,line=11,endLine=11,col="), "{line}");
    assert!(line.contains(",title=schema/keyword-type::"), "{line}");
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);

    let repo = Repo::empty();
    let run = repo.run(&["new", "a%\nb", "--format", "github"]);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert!(run.stdout.contains("%25"), "{}", run.stdout);
}

#[test]
fn sarif() {
    let run = broken().run(&["validate", "--format", "sarif"]);
    assert_eq!(run.code, 1);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["version"], "2.1.0");
    let result = &found["runs"][0]["results"][0];
    let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(found["runs"][0]["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 11);
}

#[test]
fn text_has_no_colour_off_a_terminal() {
    let run = broken().run(&["validate"]);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    assert!(run.stderr.ends_with("1 error\n"), "{}", run.stderr);
    assert!(run.stderr.contains("11 |"), "the line itself is shown: {}", run.stderr);
}

#[test]
fn explain() {
    let repo = Repo::alpha();
    let run = repo.ok(&["explain", "alpha"]);
    for word in ["target", "kept", "/replicas", "maximum", "helm", "rust", "At every place", "null: kro: lost"] {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
    let run = repo.ok(&["explain", "alpha", "--at", "/replicas", "--format", "json"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(found["entries"].as_array().unwrap().iter().all(|entry| entry["place"] == "/replicas"), "{found}");
    assert!(found["entries"].as_array().unwrap().iter().any(|entry| entry["keyword"] == "maximum" && entry["target"] == "helm"));
    assert!(found["lines"].as_array().unwrap().iter().any(|line| line["file"] == "charts/alpha/values.yaml"), "{found}");
    repo.refuses(&["explain", "alhpa"], 1, "the nearest name is `alpha`");
    repo.refuses(&["explain", "alpha", "--at", "/replica"], 1, "the nearest place is /replicas");
    repo.refuses(&["explain", "alpha", "--target", "crd"], 1, "there is no target \"crd\"");
}

#[test]
fn completions() {
    let repo = Repo::empty();
    for shell in ["bash", "zsh", "fish"] {
        assert!(repo.ok(&["completions", shell]).stdout.contains("xtask"));
    }
    repo.refuses(&["completions", "nonsense"], 2, "invalid value");
}

#[test]
fn clean() {
    let repo = Repo::alpha();
    repo.write("charts/alpha/Chart.lock", "x");
    repo.write("charts/alpha/charts/kept/Chart.yaml", "x");
    repo.ok(&["clean"]);
    assert!(!repo.exists("charts/alpha/Chart.lock"));
    assert!(repo.exists("charts/alpha/charts/kept/Chart.yaml"), "nothing says how to get it again");
}
