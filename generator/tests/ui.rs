//! What each word of `x-ui` does in each target: the lines that it changes, and the ledger's answer. `UPDATE=1` rewrites the goldens.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use generator::{Made, Severity, generate};
use serde_json::Value;
use support::{files, golden, repository};

#[test]
fn each_word_has_its_effect_in_each_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut wrong = Vec::new();
    for path in files(&folder, ".json") {
        let word = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut without: Value = serde_json::from_str(&text).unwrap();
        take(&mut without, &word);
        let (with, without) = (made(&path, &text), made(&path, &format!("{without:#}")));
        wrong.extend(golden(&path.with_extension("txt"), &effect(&word, &with, &without)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Takes a word out of every `x-ui`.
fn take(value: &mut Value, word: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| take(item, word)),
        Value::Object(members) => {
            if let Some(Value::Object(ui)) = members.get_mut("x-ui") {
                ui.shift_remove(word);
            }
            members.values_mut().for_each(|member| take(member, word));
        }
        _ => {}
    }
}

fn made(path: &Path, text: &str) -> Made {
    let (_, mut inputs) = repository(path);
    inputs.sources.truncate(1);
    inputs.sources[0].text = text.to_owned();
    let output = generate(&inputs);
    let problems: Vec<_> = output.diagnostics.iter().filter(|diagnostic| diagnostic.severity > Severity::Note).collect();
    assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
    output.services.into_iter().next().unwrap()
}

fn effect(word: &str, with: &Made, without: &Made) -> String {
    let mut out = String::new();
    let keyword = format!("x-ui.{word}");
    for ((target, one), (_, other)) in with.targets.iter().zip(&without.targets) {
        out.push_str(&format!("== {}\n", target.as_str()));
        for entry in one.book.entries.iter().filter(|entry| entry.keyword == keyword) {
            let detail = entry.outcome.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
            out.push_str(&format!("{} is {}{detail}\n", entry.used_at, entry.outcome.word()));
        }
        let by_path = |made: &generator::Emission| {
            made.files.iter().map(|file| (file.path.clone(), file.content.to_string())).collect::<BTreeMap<_, _>>()
        };
        let (one, other) = (by_path(one), by_path(other));
        for path in one.keys().chain(other.keys().filter(|path| !one.contains_key(*path))) {
            let text = |files: &BTreeMap<String, String>| files.get(path).map(|text| undigested(text)).unwrap_or_default();
            // The author's own schema stands there as it is, and the editor's once more.
            let copied = (path.ends_with("schema.json") && !path.starts_with("editor/")) || path.ends_with("/release.json");
            let changed = if copied { String::new() } else { difference(&text(&other), &text(&one)) };
            if !changed.is_empty() {
                out.push_str(&format!("{path}\n{changed}"));
            }
        }
    }
    out
}

/// Without the digest of the schema, which changes with anything.
fn undigested(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "sha256:…" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}

/// The lines that went and came.
fn difference(before: &str, after: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
        } else if j < b.len() && (i == a.len() || common[i][j + 1] >= common[i + 1][j]) {
            out.push_str(&format!("  + {}\n", b[j]));
            j += 1;
        } else {
            out.push_str(&format!("  - {}\n", a[i]));
            i += 1;
        }
    }
    out
}
