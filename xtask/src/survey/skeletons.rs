//! Both template engines of Backstage as the readers of the skeleton: nunjucks (up to scaffolder 4.0.2) and nunjitsu (since 4.0.3).

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use generator::ledger::Target;
use serde_json::{Value, json};

use super::row::{Row, Verdict};

const PROGRAM: &str = include_str!("skeleton.mjs");
const PACKAGE: &str = include_str!("package.json");
const LOCK: &str = include_str!("package-lock.json");

/// The engines, installed in the user's cache.
pub(super) struct Engines {
    folder: PathBuf,
}

impl Engines {
    /// Installs the engines with npm, once. `None`: node or npm isn't there, or the packages can't be had.
    pub(super) fn find() -> Option<Engines> {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
        let folder = cache.join("trefoil/template-engines");
        std::fs::create_dir_all(&folder).ok()?;
        let installed = std::fs::read_to_string(folder.join("package-lock.json")).is_ok_and(|lock| lock == LOCK)
            && folder.join("node_modules").is_dir();
        std::fs::write(folder.join("skeleton.mjs"), PROGRAM).ok()?;
        if !installed {
            std::fs::write(folder.join("package.json"), PACKAGE).ok()?;
            std::fs::write(folder.join("package-lock.json"), LOCK).ok()?;
            let mut npm = Command::new("npm");
            npm.args(["ci", "--silent", "--no-audit", "--no-fund"])
                .current_dir(&folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            npm.status().ok().filter(std::process::ExitStatus::success)?;
        }
        Command::new("node").arg("--version").output().ok().filter(|output| output.status.success())?;
        Some(Engines { folder })
    }

    /// Renders each row's skeleton with nothing filled in and with the chart's own values, and notes the verdict.
    pub(super) fn read(&self, rows: &mut [Row]) -> anyhow::Result<()> {
        let mut input = String::new();
        for (index, row) in rows.iter().enumerate() {
            let skeleton = row.made.as_ref().and_then(|made| Row::file(made, Target::Backstage, "skeleton/manifest.yaml"));
            let Some(skeleton) = skeleton else { continue };
            let own = row.own_values.clone().unwrap_or_else(|| json!({}));
            let cases: Vec<Value> =
                [json!({}), own].into_iter().map(|params| json!({"params": params, "tenant": "acme", "name": "x"})).collect();
            input.push_str(&format!("{}\n", json!({"id": index, "skeleton": skeleton, "cases": cases})));
        }
        let mut child = Command::new("node")
            .arg("skeleton.mjs")
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node can't be run")?;
        let mut stdin = child.stdin.take().context("node takes no input")?;
        // A thread of its own: node answers before it has read everything.
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().context("node can't be read")?;
        let written = writer.join().map_err(|_| anyhow::anyhow!("node's input broke off"))?;
        ensure!(output.status.success() && written.is_ok(), "the template engines stopped");
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let answer: Value = serde_json::from_str(line).context("the template engines said something else than JSON")?;
            if let Some(row) = answer["id"].as_u64().and_then(|index| rows.get_mut(index as usize)) {
                row.read(Target::Backstage, verdict(&answer));
            }
        }
        Ok(())
    }
}

fn verdict(answer: &Value) -> Verdict {
    for case in answer["cases"].as_array().into_iter().flatten() {
        for engine in ["nunjucks", "nunjitsu"] {
            if let Some(error) = case[engine]["error"].as_str() {
                return Err(format!("{engine}: {error}"));
            }
        }
        if let Some(error) = case["error"].as_str() {
            return Err(format!("the manifest isn't YAML: {error}"));
        }
        if case["same"] != true {
            return Err("the engines render different manifests".to_owned());
        }
        if case["yaml11"] != case["yaml12"] {
            return Err("YAML 1.1 and 1.2 read different manifests".to_owned());
        }
    }
    Ok(())
}
