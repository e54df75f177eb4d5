//! The Rust compiler as the reader of the models, and a program of them that takes each chart's own values through its type and back.
//!
//! A crate for each schema: the compiler's cost grows faster than a crate does, one that fails doesn't hide the others, and the crates
//! stay where they are, so that a second survey compiles only what has changed.

mod crates;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use generator::ledger::Target;
use serde_json::{Map, Value, json};

use super::row::{Row, difference};
use crate::progress::Progress;

/// A model that is compiled.
struct Model {
    /// Its row.
    row: usize,
    /// The name of its module, and of its crate.
    name: String,
    /// The name of its root type.
    kind: String,
    /// Whether there are values to take through it. Without, nothing but the types is compiled.
    runs: bool,
}

/// Compiles the models of all rows that have them, and takes each chart's own values through its type and back.
pub(super) fn compile(rows: &mut [Row], progress: &mut Progress) -> anyhow::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace isn't there")?;
    let folder = workspace.join("target/survey");
    let models: Vec<Model> = rows.iter().enumerate().filter_map(|(index, row)| model(index, row)).collect();
    crates::write(&folder, workspace, &models, rows)?;
    progress.step(&format!("compiling the models of {} schemas", models.len()));
    let broken = build(&folder)?;
    let (good, bad): (Vec<Model>, Vec<Model>) = models.into_iter().partition(|model| !broken.contains_key(&model.name));
    for model in &bad {
        let why = broken.get(&model.name).cloned().unwrap_or_default();
        take(rows, model, |row| row.read(Target::Rust, Err(format!("rustc: {why}"))));
    }
    for model in &good {
        take(rows, model, |row| row.read(Target::Rust, Ok(())));
    }
    progress.step("taking the charts' own values through their types");
    round_trips(&folder, rows, &good)
}

fn model(index: usize, row: &Row) -> Option<Model> {
    let made = row.made.as_ref()?;
    let (_, emission) = made.targets.iter().find(|(target, _)| *target == Target::Rust)?;
    let name = made.service.name.module();
    emission.not_given.is_none().then(|| Model {
        row: index,
        name,
        kind: made.service.kind.to_string(),
        runs: row.own_values.is_some(),
    })
}

fn take(rows: &mut [Row], model: &Model, say: impl FnOnce(&mut Row)) {
    rows.get_mut(model.row).map(say).unwrap_or_default();
}

fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).arg("--offline").current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
    command
}

/// Compiles every crate of models; the first error of each that doesn't compile, by name.
fn build(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let output = cargo(folder, &["build", "--workspace", "--exclude=survey", "--keep-going", "--message-format=json"])
        .output()
        .context("cargo can't be run")?;
    let mut errors = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        if line["message"]["level"] == "error" {
            let name = line["target"]["name"].as_str().unwrap_or_default().to_owned();
            errors.entry(name).or_insert_with(|| line["message"]["message"].as_str().unwrap_or_default().to_owned());
        }
    }
    let elsewhere = !output.status.success() && errors.is_empty();
    ensure!(!elsewhere, "the crates of models don't compile: {}", String::from_utf8_lossy(&output.stderr));
    Ok(errors)
}

fn round_trips(folder: &Path, rows: &mut [Row], models: &[Model]) -> anyhow::Result<()> {
    let own = |model: &Model| rows.get(model.row).and_then(|row| row.own_values.clone());
    let all: Map<String, Value> = models.iter().filter_map(|model| Some((model.name.clone(), own(model)?))).collect();
    let input: PathBuf = folder.join("values.json");
    std::fs::write(&input, json!(all).to_string()).context("the charts' own values can't be written")?;
    crates::write_program(folder, models)?;
    let output = cargo(folder, &["run", "--quiet", "--package=survey"])
        .stdin(std::fs::File::open(&input)?)
        .stderr(Stdio::piped())
        .output()
        .context("cargo can't be run")?;
    ensure!(output.status.success(), "the program of models failed: {}", String::from_utf8_lossy(&output.stderr));
    let back: Value = serde_json::from_slice(&output.stdout).context("the program of models said something else than JSON")?;
    for model in models {
        let Some(result) = back.get(&model.name) else { continue };
        let verdict = match result.get("invalid").and_then(Value::as_str) {
            // That Helm says the same is another column.
            Some(_) if result["held"] == true => continue,
            Some(invalid) => Err(invalid.to_owned()),
            None => difference("", &without_empty(&result["effective"]), &without_empty(&result["back"])).map_or(Ok(()), Err),
        };
        take(rows, model, |row| row.round_trip = Some(verdict));
    }
    Ok(())
}

/// Without `null` and empty members: a type doesn't tell absent from empty, and only the raw value is ever written out.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().map(|(key, value)| (key.clone(), without_empty(value)));
            Value::Object(
                kept.filter(|(_, value)| !matches!(value, Value::Null) && *value != json!({}) && *value != json!([])).collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(without_empty).collect()),
        other => other.clone(),
    }
}
