//! The generated models: compiled, each in a crate of its own, and asked through `Valid<T>`.
//!
//! A crate for each service: the compiler's cost grows faster than a crate does, one that fails doesn't hide the others, and the crates stay
//! where they are, so that the next audit compiles only what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use generator::ledger::Target;
use serde_json::{Value, json};

use crate::driver::Driver;
use crate::subject::{Subject, View};
use crate::system::{Answer, Refused, System};

/// Asks one service's type about a document, and says what it holds of it.
const ASK: &str = r#"
pub fn ask(values: serde_json::Value) -> serde_json::Value {
    match manifest::valid::Valid::<NAME::KIND>::new(values) {
        Ok(valid) => serde_json::json!({"accepted": true, "kept": valid.typed()}),
        Err(invalid) => {
            let said: Vec<String> = invalid.violations.iter().map(ToString::to_string).collect();
            serde_json::json!({"accepted": false, "messages": said})
        }
    }
}
"#;

/// Reads `{id, service, document}` and answers, a line each.
const MAIN: &str = r#"use std::io::{BufRead, Write};

fn main() {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut lines = std::io::BufReader::new(std::io::stdin().lock());
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).unwrap() == 0 {
            break;
        }
        let mut question: serde_json::Value = serde_json::from_str(&line).unwrap();
        let document = question["document"].take();
        let mut answer = match question["service"].as_str().unwrap() {
ARMS            other => panic!("there is no model {other}"),
        };
        answer["id"] = question["id"].take();
        writeln!(out, "{answer}").unwrap();
        out.flush().unwrap();
    }
}
"#;

/// The models, compiled in the workspace's own build output: what they depend on is there already.
pub(crate) struct Rust {
    workspace: PathBuf,
    folder: PathBuf,
    driver: Option<Driver>,
}

impl Rust {
    /// The crates are written to `target/audit` of the workspace.
    pub(crate) fn new(workspace: &Path) -> Rust {
        Rust { workspace: workspace.to_owned(), folder: workspace.join("target/audit"), driver: None }
    }

    fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.workspace.join("target"), PathBuf::from)
    }

    /// The workspace's profiles, without which cargo would compile everything once more.
    fn profiles(&self) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(self.workspace.join("Cargo.toml")).context("Cargo.toml can't be read")?;
        let mut manifest: toml::Table = text.parse().context("Cargo.toml can't be read")?;
        let profiles = toml::Table::from_iter(manifest.remove("profile").map(|profile| ("profile".to_owned(), profile)));
        Ok(profiles.to_string())
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).arg("--offline").current_dir(&self.folder).env("CARGO_TARGET_DIR", self.target());
        command
    }

    /// Compiles every crate of models; the first error of each that doesn't compile, by its name.
    fn compile(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let arguments = ["build", "--workspace", "--exclude=ask", "--keep-going", "--message-format=json"];
        let output = self.cargo(&arguments).output().context("cargo can't be run")?;
        let mut errors = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if line["message"]["level"] == "error" {
                let name = line["target"]["name"].as_str().unwrap_or_default().to_owned();
                errors.entry(name).or_insert_with(|| line["message"]["message"].as_str().unwrap_or_default().to_owned());
            }
        }
        let elsewhere = !output.status.success() && errors.is_empty();
        ensure!(!elsewhere, "the models don't compile: {}", String::from_utf8_lossy(&output.stderr));
        Ok(errors)
    }

    fn write_model(&self, subject: &Subject) -> anyhow::Result<()> {
        let name = module(subject);
        let folder = self.folder.join("models").join(&name);
        let manifest = self.workspace.join("manifest");
        let dependencies = format!(
            "manifest = {{ path = {manifest:?} }}\nserde = \"1\"\nserde_json = {{ version = \"1\", features = [\"preserve_order\"] }}\n"
        );
        put(&folder.join("Cargo.toml"), &package(&name, &dependencies))?;
        let ask = ASK.replace("NAME", &name).replace("KIND", subject.made.service.kind.as_ref());
        put(&folder.join("src/lib.rs"), &format!("#![allow(warnings)]\npub mod {name};\n{ask}"))?;
        for (path, content) in &subject.files {
            if let Some(path) = path.strip_prefix("generated/src/") {
                put(&folder.join("src").join(path), content)?;
            }
        }
        Ok(())
    }

    /// The program that asks the models that compile.
    fn write_program(&self, names: &[String]) -> anyhow::Result<()> {
        let dependencies: String = names.iter().map(|name| format!("{name} = {{ path = \"models/{name}\" }}\n")).collect();
        let package = package("ask", &format!("serde_json = \"1\"\n{dependencies}"));
        let workspace = format!("[workspace]\nmembers = [\"models/*\"]\n\n{}\n{package}", self.profiles()?);
        put(&self.folder.join("Cargo.toml"), &workspace)?;
        let arms: String = names.iter().map(|name| format!("            \"{name}\" => {name}::ask(document),\n")).collect();
        put(&self.folder.join("src/main.rs"), &MAIN.replace("ARMS", &arms))
    }
}

impl System for Rust {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn version(&self) -> String {
        let said = Command::new("rustc").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
        format!("Valid<T>, {}", String::from_utf8_lossy(&said).trim())
    }

    fn view(&self) -> View {
        View::Whole
    }

    fn target(&self) -> Option<Target> {
        Some(Target::Rust)
    }

    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        self.driver = None;
        let subjects: Vec<&Subject> = subjects.iter().filter(|subject| subject.gives(Target::Rust)).collect();
        let names: BTreeSet<String> = subjects.iter().map(|subject| module(subject)).collect();
        for entry in std::fs::read_dir(self.folder.join("models")).into_iter().flatten().filter_map(Result::ok) {
            if !names.contains(entry.file_name().to_string_lossy().as_ref()) {
                std::fs::remove_dir_all(entry.path()).context("the crate of another audit can't be removed")?;
            }
        }
        put(&self.folder.join("Cargo.lock"), &std::fs::read_to_string(self.workspace.join("Cargo.lock"))?)?;
        self.write_program(&[])?;
        subjects.iter().try_for_each(|subject| self.write_model(subject))?;
        let broken = self.compile()?;
        let good: Vec<String> = names.into_iter().filter(|name| !broken.contains_key(name)).collect();
        self.write_program(&good)?;
        let built = self.cargo(&["build", "--quiet", "--package=ask"]).output().context("cargo can't be run")?;
        ensure!(built.status.success(), "the program of models doesn't compile: {}", String::from_utf8_lossy(&built.stderr));
        let program = Command::new(self.target().join("debug/ask"));
        self.driver = Some(Driver::start("the program of models", program, &self.folder.join("ask.log"))?);
        let refused = subjects.iter().filter_map(|subject| {
            let why = broken.get(&module(subject))?;
            Some(Refused { service: subject.name().to_owned(), why: format!("rustc: {why}") })
        });
        Ok(refused.collect())
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let driver = self.driver.as_mut().context("the models aren't compiled")?;
        let service = module(subject);
        let questions: Vec<Value> = documents.iter().map(|document| json!({"service": service, "document": document})).collect();
        driver.ask(&questions)?.iter().map(Answer::read).collect()
    }
}

/// The name of a service's module and crate.
fn module(subject: &Subject) -> String {
    subject.made.service.name.module()
}

fn package(name: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}")
}

/// Writes what has changed: cargo goes by the time of a file.
fn put(path: &Path, content: &str) -> anyhow::Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let folder = path.parent().context("a file without folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    std::fs::write(path, content).with_context(|| format!("{} can't be written", path.display()))
}
