//! Names that can't be are refused before anything is written.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::Repo;

/// MSF-F01, F03 to F12: each of these names once became files, or a command.
#[test]
fn bad_names_leave_nothing() {
    let repo = Repo::alpha();
    let long = "a".repeat(80);
    for (name, says) in [
        ("../../../evil", "expected ^[a-z]"),
        ("", "is empty"),
        ("SERVICE=", "is empty"),
        ("my svc: [x]", "has ' '"),
        ("a\"b", "has '\"'"),
        ("redis\nevil: true", "has '\\n'"),
        (&long, "at most 30"),
        ("3scale", "begins with a digit"),
        ("full--stack", "two hyphens"),
        ("redis-", "ends with a hyphen"),
        ("mySQL", "write \"mysql\""),
        ("SERVICE=Redis", "write \"redis\""),
        ("lib", "reserved"),
        ("shared", "reserved"),
        ("zz; echo INJECTED", "has ';'"),
        ("SERVICE=two words", "has ' '"),
        ("type", "Rust keyword"),
    ] {
        let run = repo.refuses(&["new", name], 1, says);
        assert!(run.stderr.starts_with("error[name/invalid]"), "{}", run.stderr);
    }
    repo.refuses(&["new", "--", "--help"], 1, "expected ^[a-z]");
}

/// MSF-F02.
#[test]
fn usage() {
    let repo = Repo::empty();
    repo.refuses(&["new"], 2, "Usage:");
    repo.refuses(&["new", "two", "words"], 2, "unexpected argument");
    repo.refuses(&["new", "--nonsense", "redis"], 2, "unexpected argument");
    repo.refuses(&["nonsense"], 2, "unrecognized subcommand");
    for args in [&["new", "--help"][..], &["--help"], &[]] {
        let run = repo.refuses(args, 0, "");
        assert!(run.stdout.contains("Usage: cargo xtask"), "{args:?}: {}", run.stdout);
    }
    let missing = repo.path().join("nowhere");
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_xtask")).arg("--root").arg(missing).arg("generate").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// MSF-F13.
#[test]
fn a_name_that_exists_is_refused() {
    let repo = Repo::alpha();
    repo.refuses(&["new", "alpha"], 1, "exists");
    repo.write("charts/beta/README.md", "mine");
    repo.refuses(&["new", "beta"], 1, "charts/beta is there");
}

/// MSF-F07.
#[test]
fn what_derives_from_a_name_is_unique() {
    let repo = Repo::empty();
    repo.service("full-stack");
    repo.ok(&["generate"]);
    let run = repo.refuses(&["new", "fullstack"], 1, "`full-stack` has");
    assert!(run.stderr.contains("error[name/taken]"), "{}", run.stderr);
    repo.refuses(&["new", "stack"], 1, "can't stand side by side");
    repo.refuses(&["new", "my-full-stack"], 1, "can't stand side by side");
    // Services that came by another way than `new`.
    repo.service("fullstack");
    repo.refuses(&["generate"], 1, "error[name/taken]");
}

/// MSF-F17: the plural is set or derived in one place.
#[test]
fn a_plural_that_is_taken_is_refused() {
    let repo = Repo::alpha();
    repo.write("platform.toml", "[plurals]\nalpha = \"beta\"\n");
    repo.ok(&["generate"]);
    repo.refuses(&["new", "beta"], 1, "the plural \"beta\", which the service `alpha` has");
}

/// MSF-F45.
#[test]
fn a_template_that_leaves_no_room_is_refused() {
    let repo = Repo::empty();
    repo.write("platform.toml", "[naming]\nrelease = \"{tenant}-tenant-of-our-wonderful-platform-{name}-{service}\"\n");
    repo.refuses(&["new", "a-rather-long-name"], 1, "could have no release");
}

#[test]
fn folders_with_other_names_are_reported() {
    let repo = Repo::alpha();
    repo.write("schemas/Big_One/values.schema.json", "{}");
    repo.refuses(&["generate"], 1, "schemas/Big_One");
}

#[test]
fn services_that_can_not_stand_side_by_side_are_reported() {
    let repo = Repo::alpha();
    repo.service("my-alpha");
    repo.refuses(&["generate"], 1, "the services `alpha` and `my-alpha` can't stand side by side");
}
