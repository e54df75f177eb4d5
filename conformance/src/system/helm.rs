//! Helm: its library, which judges thousands, and its command, which judges a sample as people run it.

mod command;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use generator::ledger::Target;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::Driver;
use crate::install;
use crate::subject::{Subject, View};
use crate::system::{Answer, Refused, System};

/// A major version of Helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Major {
    Four,
    Three,
}

impl Major {
    /// The word of the system and of the driver that links the library.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Major::Four => "helm4",
            Major::Three => "helm3",
        }
    }

    /// The program that people run.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Major::Four => "helm4-command",
            Major::Three => "helm3-command",
        }
    }
}

/// Helm's library, with the services' charts.
pub(crate) struct Helm {
    major: Major,
    driver: Driver,
    charts: TempDir,
}

impl Helm {
    /// # Errors
    /// If the driver isn't installed or can't be started.
    pub(crate) fn start(major: Major) -> anyhow::Result<Helm> {
        let charts = tempfile::Builder::new().prefix("trefoil-charts-").tempdir().context("there is no temporary folder")?;
        let log = charts.path().join("driver.log");
        let driver = Driver::start(major.word(), Command::new(install::need(major.word())?), &log)?;
        Ok(Helm { major, driver, charts })
    }

    /// The folder of a service's chart.
    pub(crate) fn chart(&self, subject: &Subject) -> PathBuf {
        self.charts.path().join(subject.name())
    }
}

impl System for Helm {
    fn name(&self) -> &'static str {
        self.major.word()
    }

    fn version(&self) -> String {
        format!("Helm {}", install::program(self.major.word()).map_or("", |program| program.version))
    }

    fn view(&self) -> View {
        View::Whole
    }

    fn target(&self) -> Option<Target> {
        Some(Target::Helm)
    }

    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        let subjects: Vec<&Subject> = subjects.iter().filter(|subject| subject.gives(Target::Helm)).collect();
        let mut questions = Vec::new();
        for subject in &subjects {
            lay(subject, &self.chart(subject))?;
            questions.push(json!({ "chart": self.chart(subject), "fresh": true }));
        }
        let said = self.driver.ask(&questions)?;
        let refused = subjects.iter().zip(said).filter(|(_, said)| said["accepted"] != true);
        Ok(refused.map(|(subject, said)| Refused { service: subject.name().to_owned(), why: error(&said) }).collect())
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let chart = self.chart(subject);
        let question = |document: &&Value| json!({ "chart": chart, "values": manifest::yaml::write(document) });
        let questions: Vec<Value> = documents.iter().map(question).collect();
        self.driver.ask(&questions)?.into_iter().map(answer).collect()
    }

    fn sample(&mut self, subject: &Subject, documents: &[&Value], answers: &[Answer]) -> anyhow::Result<Vec<String>> {
        command::differences(self, subject, documents, answers)
    }
}

/// Writes a service's chart: what is written by hand, if there is something, and what is generated over it.
pub(crate) fn lay(subject: &Subject, folder: &Path) -> anyhow::Result<()> {
    let place = |path: &Path| path.parent().map_or(Ok(()), std::fs::create_dir_all);
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    match &subject.chart {
        Some(chart) => {
            for entry in walkdir::WalkDir::new(chart) {
                let entry = entry.with_context(|| format!("{} can't be read", chart.display()))?;
                let to = folder.join(entry.path().strip_prefix(chart).context("a file is outside of its folder")?);
                if entry.file_type().is_file() {
                    place(&to)?;
                    std::fs::copy(entry.path(), &to).with_context(|| format!("{} can't be copied", entry.path().display()))?;
                }
            }
        }
        None => {
            let chart = json!({ "apiVersion": "v2", "name": subject.name(), "version": "0.1.0" });
            std::fs::write(folder.join("Chart.yaml"), manifest::yaml::write(&chart)).context("a chart can't be written")?;
        }
    }
    let beginning = format!("charts/{}/", subject.name());
    for (path, text) in &subject.files {
        if let Some(path) = path.strip_prefix(&beginning) {
            let to = folder.join(path);
            place(&to)?;
            std::fs::write(&to, text).with_context(|| format!("{} can't be written", to.display()))?;
        }
    }
    Ok(())
}

fn answer(mut said: Value) -> anyhow::Result<Answer> {
    // That the driver can't judge is no verdict.
    ensure!(said["failed"].is_null(), "Helm's driver failed: {}", said["failed"]);
    if said["accepted"] == true {
        return Ok(Answer { accepted: true, kept: Some(said["values"].take()), ..Answer::default() });
    }
    Ok(Answer { messages: messages(&error(&said)), ..Answer::default() })
}

fn error(said: &Value) -> String {
    said["error"].as_str().unwrap_or_default().trim_end().to_owned()
}

/// One for each violation: Helm writes each on a line of its own, with what belongs to it indented below.
fn messages(text: &str) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("- ") {
            Some(message) => messages.push(message.to_owned()),
            None => {
                if let Some(last) = messages.last_mut().filter(|_| line.starts_with(' ')) {
                    last.push('\n');
                    last.push_str(line);
                }
            }
        }
    }
    if messages.is_empty() { vec![text.to_owned()] } else { messages }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_told_apart() {
        let text = "values don't meet the specifications of the schema(s) in the following chart(s):\nwebapp:\n\
                    - at '/env/0': 'oneOf' failed, none matched\n  - at '/env/0': missing property 'value'\n- at '/port': got string";
        let said = messages(text);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("missing property 'value'"));
        assert_eq!(messages("cannot load"), ["cannot load"]);
    }
}
