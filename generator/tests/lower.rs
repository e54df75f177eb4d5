//! Lowering, case by case: `tests/lower/ok` must be clean, `tests/lower/err` must not. `UPDATE=1` rewrites the goldens.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::fs;

use generator::{Code, Severity, lower};
use support::{all_cases, cases, corpus, files, golden, own, render, repository};

#[test]
fn ok_cases_have_no_problem_and_the_expected_model() {
    let mut wrong = Vec::new();
    for path in files(&cases().join("ok"), ".json") {
        let (source, inputs) = repository(&path);
        let lowered = lower(&source, &inputs);
        let problems = render::diagnostics(&lowered.diagnostics, &source.text);
        if lowered.diagnostics.iter().any(|diagnostic| diagnostic.severity > Severity::Note) {
            wrong.push(format!("{} has problems:\n{problems}", path.display()));
        }
        let model = lowered.service.as_ref().map(render::service).unwrap_or_default();
        wrong.extend(golden(&path.with_extension("txt"), &format!("{model}{problems}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn err_cases_have_the_expected_problems() {
    let mut wrong = Vec::new();
    for path in files(&cases().join("err"), ".json") {
        let (source, inputs) = repository(&path);
        let lowered = lower(&source, &inputs);
        let problems = render::diagnostics(&lowered.diagnostics, &source.text);
        if lowered.diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Note) {
            wrong.push(format!("{} has no problem:\n{problems}", path.display()));
        }
        wrong.extend(golden(&path.with_extension("txt"), &problems));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn cases_are_small() {
    for path in all_cases() {
        let lines = fs::read(&path).unwrap().iter().filter(|byte| **byte == b'\n').count();
        assert!(lines < 30, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_code_of_a_schema_has_a_case() {
    let goldens: Vec<String> = ["ok", "err"]
        .iter()
        .flat_map(|folder| files(&cases().join(folder), ".txt"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let without: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| code.starts_with("schema/") || code.starts_with("json/") || *code == "target/name-collision")
        .filter(|code| goldens.iter().all(|golden| !golden.contains(&format!(" {code} "))))
        .collect();
    assert!(without.is_empty(), "no case shows {without:?}");
}

/// The first book: a walk that knows nothing of lowering finds the keywords that lowering consumed, and no others.
#[test]
fn every_keyword_is_consumed_once() {
    let mut wrong = BTreeMap::new();
    for path in [all_cases(), own(), corpus()].concat() {
        let (source, inputs) = repository(&path);
        let lowered = lower(&source, &inputs);
        let missing: Vec<_> = lowered.found.iter().filter(|key| !lowered.keywords.contains_key(*key)).take(3).collect();
        let extra: Vec<_> = lowered.keywords.keys().filter(|key| !lowered.found.contains(*key)).take(3).collect();
        if !missing.is_empty() || !extra.is_empty() {
            wrong.insert(path.clone(), format!("not consumed: {missing:?}, not there: {extra:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
