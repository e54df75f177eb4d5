//! The charts of the services as folders, as packages, and as what they render: by the real Helm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::install;
use crate::subject::Subject;
use crate::system::helm::lay;

/// Helm, whose library helm-controller has.
const HELM: &str = "helm4-command";

pub(crate) struct Charts {
    folder: PathBuf,
    /// The packages that were made, by service, with their version.
    packages: BTreeMap<String, (PathBuf, String)>,
}

impl Charts {
    /// Writes the charts.
    ///
    /// # Errors
    /// If one can't be written.
    pub(super) fn lay(subjects: &[&Subject], folder: &Path) -> anyhow::Result<Charts> {
        for subject in subjects {
            lay(subject, &folder.join(subject.name()))?;
        }
        Ok(Charts { folder: folder.to_owned(), packages: BTreeMap::new() })
    }

    /// The chart as a package, with its version: the chart's own and what it is made of, as Flux tells revisions apart.
    ///
    /// # Errors
    /// If there is no such chart, or Helm can't package it.
    pub(super) fn package(&mut self, service: &str) -> anyhow::Result<&(PathBuf, String)> {
        if !self.packages.contains_key(service) {
            let made = self.make(service)?;
            self.packages.insert(service.to_owned(), made);
        }
        self.packages.get(service).context("no package was made")
    }

    fn make(&self, service: &str) -> anyhow::Result<(PathBuf, String)> {
        let chart = self.folder.join(service);
        let text =
            std::fs::read_to_string(chart.join("Chart.yaml")).with_context(|| format!("there is no chart of {service}"))?;
        let own = manifest::yaml::read(&text).with_context(|| format!("the chart of {service} can't be read"))?;
        let mut digest = Sha256::new();
        for entry in walkdir::WalkDir::new(&chart).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                digest.update(std::fs::read(entry.path())?);
            }
        }
        let digest: String = digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let version = format!("{}+{digest}", own["version"].as_str().unwrap_or("0.0.0"));
        let packages = self.folder.join(".packages");
        let mut command = Command::new(install::need(HELM)?);
        command.arg("package").arg(&chart).arg("--destination").arg(&packages).args(["--version", &version]);
        self.run(command)?;
        Ok((packages.join(format!("{service}-{version}.tgz")), version))
    }

    /// The objects that the chart makes of a release with these values.
    ///
    /// # Errors
    /// If Helm refuses the values.
    pub(crate) fn template(&mut self, service: &str, name: &str, namespace: &str, values: &Value) -> anyhow::Result<Vec<Value>> {
        let package = self.package(service)?.0.clone();
        let file = self.folder.join(".values.yaml");
        std::fs::write(&file, manifest::yaml::write(values)).context("values can't be written")?;
        let mut command = Command::new(install::need(HELM)?);
        command.args(["template", name]).arg(package).args(["--namespace", namespace, "--values"]).arg(file);
        let text = self.run(command)?;
        let objects = manifest::yaml::read_all(&text).map_err(|error| anyhow::anyhow!("what {service} renders: {error}"))?;
        let mut objects: Vec<Value> = objects.into_iter().filter(Value::is_object).collect();
        // As Helm does at an installation.
        for object in objects.iter_mut().filter(|object| object["metadata"]["namespace"].is_null()) {
            object["metadata"]["namespace"] = namespace.into();
        }
        Ok(objects)
    }

    /// Helm, with nothing of the user's own.
    fn run(&self, mut command: Command) -> anyhow::Result<String> {
        for (variable, folder) in [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")] {
            command.env(variable, self.folder.join(".helm").join(folder));
        }
        let output = command.output().context("Helm can't be run")?;
        ensure!(output.status.success(), "Helm failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
