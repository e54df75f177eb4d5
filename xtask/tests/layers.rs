//! The edges between the workspace's crates are those of the design, and the documentation says what is there.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Who may use whom: what build time and run time must agree on stands once, and broken generated code can't stop its own making.
const MAY_USE: &[(&str, &[&str])] = &[
    ("manifest", &[]),
    ("generator", &["manifest"]),
    ("generated", &["manifest"]),
    ("xtask", &["generator", "manifest"]),
    ("runtime", &["manifest", "generated"]),
    ("conformance", &["generator", "manifest", "generated"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn no_crate_uses_another_than_it_may() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let members: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(members, MAY_USE.iter().map(|(name, _)| *name).collect());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let allowed = MAY_USE.iter().find(|(known, _)| *known == name).unwrap().1;
        for dependency in
            package["dependencies"].as_array().unwrap().iter().map(|dependency| dependency["name"].as_str().unwrap())
        {
            assert!(!members.contains(dependency) || allowed.contains(&dependency), "{name} may not use {dependency}");
        }
    }
}

/// MSF-F29: the validator is one version, is compiled in, and nothing that the toolchain is made of can reach the network. The runtime can:
/// it pushes.
#[test]
fn the_validator_is_pinned_and_offline() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let validator = &manifest["workspace"]["dependencies"]["jsonschema"];
    assert!(validator["version"].as_str().unwrap().starts_with('='), "{validator}");
    assert_eq!(validator["default-features"].as_bool(), Some(false), "{validator}");
    let lock: toml::Table = read("Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let below = |name: &str| -> Vec<String> {
        let of = packages.iter().filter(|package| package["name"].as_str() == Some(name));
        let dependencies = of.filter_map(|package| package.get("dependencies")?.as_array()).flatten();
        dependencies.map(|dependency| dependency.as_str().unwrap().split(' ').next().unwrap().to_owned()).collect()
    };
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut open = vec!["xtask".to_owned(), "conformance".to_owned()];
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            open.extend(below(&name));
        }
    }
    assert!(found.contains("jsonschema") && found.contains("generator"));
    let clients: Vec<&String> =
        found.iter().filter(|name| ["reqwest", "ureq", "curl", "hyper", "gix"].contains(&name.as_str())).collect();
    assert!(clients.is_empty(), "{clients:?}");
}

#[test]
fn ci_runs_the_readme_s_test_command() {
    let command = "cargo test --workspace";
    assert!(read("README.md").contains(&format!("\n{command} ")));
    assert!(read(".ci/run").lines().any(|line| line == command));
}

#[test]
fn every_word_of_x_ui_is_documented() {
    let schema: Value = serde_json::from_str(&read("editor/x-ui.schema.json")).unwrap();
    let words: Vec<&String> = schema["$defs"]["ui"]["properties"].as_object().unwrap().keys().collect();
    assert!(words.len() >= 10, "{words:?}");
    let page = read("docs/x-ui.md");
    for word in words {
        assert!(page.contains(&format!("| `{word}` |")), "docs/x-ui.md doesn't know `{word}`");
    }
}

#[test]
fn every_link_and_path_of_the_readme_is_there() {
    let text = read("README.md");
    for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).filter(|link| !link.contains("://")) {
        assert!(root().join(link).exists(), "README.md links to {link}");
    }
}

/// The ledger in the README is what `explain` says; `UPDATE=1` writes it anew.
#[test]
fn the_readme_s_ledger_is_the_real_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["--root", ".", "explain", "webapp", "--at", "/replicas"])
        .current_dir(root())
        .output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    // The lines in each output move with every change of the schema.
    let table = said.split("\n\ngenerated/").next().unwrap().trim_end();
    let text = read("README.md");
    let (before, rest) = text.split_once("<!-- ledger:begin -->\n").unwrap();
    let (shown, after) = rest.split_once("<!-- ledger:end -->").unwrap();
    let real = format!("```text\n{table}\n```\n");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join("README.md"), format!("{before}<!-- ledger:begin -->\n{real}<!-- ledger:end -->{after}"))
            .unwrap();
    } else {
        assert_eq!(shown, real, "the README's ledger: UPDATE=1 cargo test -p xtask --test layers");
    }
}

/// The manifest that the README ends its walk with is a good release, in the place that it names.
#[test]
fn the_readme_s_manifest_is_valid() {
    let text = read("README.md");
    let manifest = text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let releases = tempfile::tempdir().unwrap();
    let folder = releases.path().join("acme/webapp/shop");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("manifest.yaml"), manifest).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output =
        command.args(["--root", ".", "validate", "--releases"]).arg(releases.path()).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
