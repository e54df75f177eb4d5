//! The crates that the compiler is shown: one for each model, and the program that uses them.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use generator::ledger::Target;

use super::Model;
use crate::survey::row::Row;

/// What is compiled is run once, so nothing is spent on how fast it runs.
const PROFILE: &str =
    "[profile.dev]\nopt-level = 0\ndebug = false\nincremental = false\ncodegen-units = 1\npanic = \"abort\"\nstrip = true\n";

/// Takes one service's values through its type. `held`: it was the schema that refused them, and not the type.
const BACK: &str = r#"
pub fn back(values: serde_json::Value) -> serde_json::Value {
    match manifest::valid::Valid::<NAME::KIND>::new(values) {
        Ok(valid) => serde_json::json!({"effective": valid.effective(), "back": valid.typed()}),
        Err(invalid) => {
            let held = invalid.violations.iter().all(|violation| violation.keyword != "model");
            serde_json::json!({"invalid": invalid.to_string(), "held": held})
        }
    }
}
"#;

/// Writes all crates, and removes those of another survey. What hasn't changed isn't touched: cargo goes by the time of a file.
pub(super) fn write(folder: &Path, workspace: &Path, models: &[Model], rows: &[Row]) -> anyhow::Result<()> {
    let lock = std::fs::read_to_string(workspace.join("Cargo.lock")).context("the lock file isn't there")?;
    put(&folder.join("Cargo.lock"), &lock)?;
    write_program(folder, &[])?;
    let names: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
    for entry in std::fs::read_dir(folder.join("models")).into_iter().flatten() {
        let entry = entry?;
        if !names.contains(entry.file_name().to_string_lossy().as_ref()) {
            std::fs::remove_dir_all(entry.path()).context("the crate of another survey can't be removed")?;
        }
    }
    for model in models {
        let at = folder.join("models").join(&model.name);
        put(&at.join("Cargo.toml"), &package(&model.name, &dependencies(workspace)))?;
        let back = if model.runs { BACK.replace("NAME", &model.name).replace("KIND", &model.kind) } else { String::new() };
        put(&at.join("src/lib.rs"), &format!("#![allow(warnings)]\npub mod {};\n{back}", model.name))?;
        let made = rows.get(model.row).and_then(|row| row.made.as_ref());
        let emission = made.and_then(|made| made.targets.iter().find(|(target, _)| *target == Target::Rust));
        for file in emission.map_or(&[][..], |(_, emission)| &emission.files) {
            put(&at.join(file.path.trim_start_matches("generated/")), &file.content)?;
        }
    }
    Ok(())
}

/// The program of the models that have values: it reads `{name: values}` and says for each what came back.
pub(super) fn write_program(folder: &Path, models: &[Model]) -> anyhow::Result<()> {
    let models: Vec<&Model> = models.iter().filter(|model| model.runs).collect();
    let dependencies = models.iter().map(|model| format!("{0} = {{ path = \"models/{0}\" }}\n", model.name));
    let dependencies = format!("serde_json = \"1\"\n{}", dependencies.collect::<String>());
    let head = format!("[workspace]\nmembers = [\"models/*\"]\n\n{PROFILE}\n");
    put(&folder.join("Cargo.toml"), &format!("{head}{}", package("survey", &dependencies)))?;
    let arms = models.iter().map(|model| format!("            \"{0}\" => {0}::back(values),\n", model.name));
    let program = format!(
        "fn main() {{\n    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_reader(std::io::stdin()).unwrap();\n    let mut out = serde_json::Map::new();\n    for (name, values) in all {{\n        let back = match name.as_str() {{\n{}            _ => continue,\n        }};\n        out.insert(name, back);\n    }}\n    println!(\"{{}}\", serde_json::Value::Object(out));\n}}\n",
        arms.collect::<String>()
    );
    put(&folder.join("src/main.rs"), &program)
}

fn package(name: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}")
}

fn dependencies(workspace: &Path) -> String {
    format!(
        "manifest = {{ path = {:?} }}\nserde = \"1\"\nserde_json = {{ version = \"1\", features = [\"preserve_order\"] }}\n",
        workspace.join("manifest")
    )
}

fn put(path: &Path, content: &str) -> anyhow::Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let folder = path.parent().context("a file without folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    std::fs::write(path, content).with_context(|| format!("{} can't be written", path.display()))
}
