//! The Rust compiler as the reader of the models: one crate with a module for each schema, and a program that takes each chart's own
//! values through its type and back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use generator::ledger::Target;
use serde_json::{Value, json};

use super::row::{Row, difference};

/// Compiles the models of all rows that have them.
pub(super) fn compile(rows: &mut [Row]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("no folder for the crate")?;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace isn't there")?.to_owned();
    let mut modules = BTreeMap::<String, usize>::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(made) = &row.made else { continue };
        let Some((_, emission)) =
            made.targets.iter().find(|(target, emission)| *target == Target::Rust && emission.not_given.is_none())
        else {
            continue;
        };
        modules.insert(made.service.name.module(), index);
        for file in &emission.files {
            let path = folder.path().join(file.path.trim_start_matches("generated/"));
            std::fs::create_dir_all(path.parent().context("a model without folder")?)?;
            std::fs::write(&path, &file.content)?;
        }
    }
    std::fs::write(folder.path().join("Cargo.toml"), package(&workspace))?;
    std::fs::copy(workspace.join("Cargo.lock"), folder.path().join("Cargo.lock")).context("the lock file isn't there")?;
    // A module with an error is taken out and the rest compiled again, so that one failure doesn't hide the others.
    let mut broken = BTreeMap::<String, String>::new();
    for _ in 0..4 {
        let good: BTreeSet<&String> = modules.keys().filter(|module| !broken.contains_key(*module)).collect();
        std::fs::write(folder.path().join("src/main.rs"), program(&good, rows, &modules))?;
        let found = check(folder.path(), &workspace)?;
        if found.is_empty() {
            break;
        }
        broken.extend(found);
    }
    for (module, index) in &modules {
        if let Some(row) = rows.get_mut(*index) {
            row.read(Target::Rust, broken.get(module).map_or(Ok(()), |error| Err(format!("rustc: {error}"))));
        }
    }
    round_trips(folder.path(), &workspace, rows, &modules)
}

fn package(workspace: &Path) -> String {
    format!(
        "[package]\nname = \"survey\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nmanifest = {{ path = {:?} }}\nserde = \"1\"\nserde_json = {{ version = \"1\", features = [\"preserve_order\"] }}\n\n[profile.dev]\ndebug = false\nopt-level = 0\nincremental = false\n",
        workspace.join("manifest")
    )
}

/// A program that reads `{module: values}` and says for each what came back.
fn program(modules: &BTreeSet<&String>, rows: &[Row], indices: &BTreeMap<String, usize>) -> String {
    let mut out = String::from("#![allow(warnings)]\n");
    for module in modules {
        out.push_str(&format!("mod {module};\n"));
    }
    out.push_str(
        "fn back<T: manifest::valid::Model + serde::Serialize>(values: serde_json::Value) -> serde_json::Value {\n    match manifest::valid::Valid::<T>::new(values) {\n        Ok(valid) => serde_json::json!({\"effective\": valid.effective(), \"back\": valid.typed()}),\n        Err(invalid) => serde_json::json!({\"invalid\": invalid.to_string()}),\n    }\n}\nfn main() {\n    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_reader(std::io::stdin()).unwrap();\n    let mut out = serde_json::Map::new();\n    for (module, values) in all {\n        let back = match module.as_str() {\n",
    );
    for module in modules {
        let kind = indices
            .get(*module)
            .and_then(|index| rows.get(*index))
            .and_then(|row| row.made.as_ref())
            .map(|made| made.service.kind.to_string());
        out.push_str(&format!("            \"{module}\" => back::<{module}::{}>(values),\n", kind.unwrap_or_default()));
    }
    out.push_str("            _ => continue,\n        };\n        out.insert(module, back);\n    }\n    println!(\"{}\", serde_json::Value::Object(out));\n}\n");
    out
}

fn cargo(folder: &Path, workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The target folder is kept between surveys, or each would compile the dependencies again.
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", workspace.join("target/survey"));
    command
}

/// Errors of modules, by module.
fn check(folder: &Path, workspace: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let output =
        cargo(folder, workspace, &["check", "--quiet", "--message-format=json"]).output().context("cargo can't be run")?;
    let mut errors = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let message = &message["message"];
        if message["level"] != "error" {
            continue;
        }
        let file = message["spans"].as_array().into_iter().flatten().find_map(|span| span["file_name"].as_str());
        let module = file
            .and_then(|file| file.strip_prefix("src/"))
            .map(|file| file.trim_end_matches(".rs").split('/').next().unwrap_or(file).to_owned());
        let text = message["message"].as_str().unwrap_or_default().to_owned();
        if let Some(module) = module {
            errors.entry(module).or_insert(text);
        }
    }
    let only_elsewhere = !output.status.success() && errors.is_empty();
    ensure!(!only_elsewhere, "the crate of models doesn't compile: {}", String::from_utf8_lossy(&output.stderr));
    Ok(errors)
}

fn round_trips(folder: &Path, workspace: &Path, rows: &mut [Row], modules: &BTreeMap<String, usize>) -> anyhow::Result<()> {
    let mut all = serde_json::Map::new();
    for (module, index) in modules {
        if let Some(values) = rows.get(*index).and_then(|row| row.own_values.clone()) {
            all.insert(module.clone(), values);
        }
    }
    let input = folder.join("values.json");
    std::fs::write(&input, json!(all).to_string())?;
    let output = cargo(folder, workspace, &["run", "--quiet"])
        .stdin(std::fs::File::open(&input)?)
        .output()
        .context("cargo can't be run")?;
    ensure!(output.status.success(), "the program of models failed: {}", String::from_utf8_lossy(&output.stderr));
    let back: Value = serde_json::from_slice(&output.stdout).context("the program of models said something else than JSON")?;
    for (module, result) in back.as_object().into_iter().flatten() {
        let Some(row) = modules.get(module).and_then(|index| rows.get_mut(*index)) else { continue };
        // Values that are invalid have no type; that Helm says the same is another column.
        if result.get("invalid").is_none() {
            let lost = difference("", &without_empty(&result["effective"]), &without_empty(&result["back"]));
            row.round_trip = Some(lost.map_or(Ok(()), Err));
        }
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
