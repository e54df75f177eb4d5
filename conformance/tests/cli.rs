//! What the commands say without any system.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    // An empty cache: nothing is installed.
    command.args(arguments).current_dir(root).env("XDG_CACHE_HOME", empty.path()).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn what_is_not_installed_is_named_and_not_asked() {
    let output = run(&["audit", "--only", "kro,helm4", "--require"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    for part in ["kro: not asked: ", "kube-apiserver", "helm4: not asked: ", "`cargo xtask audit --install`"] {
        assert!(said(&output).contains(part), "{part}: {}", said(&output));
    }
}

#[test]
fn unknown_words_are_refused_with_the_known_ones() {
    let output = run(&["audit", "--only", "hlem"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("there is no system `hlem`: the systems are ajv, backstage"), "{}", said(&output));
    let output = run(&["audit", "--only", "rust", "--services", "shop"]);
    assert!(said(&output).contains("there is no service `shop`: there are blank, full-stack"), "{}", said(&output));
    let output = run(&["audit", "--kro", "0.1.0"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("0.9.4 and 0.9.3 are"), "{}", said(&output));
}

/// Every system in its own words, offline; the audit proves them.
#[test]
fn what_the_systems_will_say_is_foretold() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.yaml");
    let path = file.to_str().unwrap();
    let good = "tenant: acme\nname: shop\nimage: {repository: ghcr.io/acme/shop, tag: '1.4'}\n";
    std::fs::write(&file, good).unwrap();
    let output = run(&["try", "webapp", "-f", path]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(said(&output).matches(" accepts").count(), 5, "{}", said(&output));

    std::fs::write(&file, format!("{good}port: 80\nexpose: {{mode: ingress}}\n")).unwrap();
    let output = run(&["try", "webapp", "-f", path]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    for words in [
        "/port: 80 is less than the minimum of 1024 (minimum)",
        "at '/port': minimum: got 80, want 1,024",
        "at '/expose': missing property 'host'",
        "spec.values.port in body should be greater than or equal to 1024",
    ] {
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    }

    std::fs::write(&file, "tenant: [").unwrap();
    let output = run(&["try", "webapp", "-f", path]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let output = run(&["try", "shop", "-f", path]);
    assert!(said(&output).contains("there is no service `shop`"), "{}", said(&output));
}
