//! The schema of whole manifests that editors are given, judged by the validator that most of them have: ajv.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use generator::ledger::Target;
use serde_json::{Value, json};

use super::ajv::is_rounded;
use super::{Answer, Refused, System};
use crate::driver::Driver;
use crate::install::npm;
use crate::object::object;
use crate::subject::Subject;
use crate::subject::View;

/// Editors, as far as their validator goes.
pub(crate) struct Editor {
    driver: Driver,
    version: String,
}

impl Editor {
    /// Starts the installed program; its log goes into the folder.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) fn start(program: &Path, logs: &Path) -> anyhow::Result<Editor> {
        let mut node = Command::new("node");
        node.arg("main.mjs").current_dir(program);
        let driver = Driver::start("ajv", node, &logs.join("editor.log"))?;
        Ok(Editor { driver, version: npm::version(program, "ajv") })
    }
}

impl System for Editor {
    fn name(&self) -> &'static str {
        "editor"
    }

    fn version(&self) -> String {
        format!("Editors (ajv {})", self.version)
    }

    fn view(&self) -> View {
        View::Release
    }

    fn target(&self) -> Option<Target> {
        Some(Target::Editor)
    }

    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        let mut refused = Vec::new();
        for subject in subjects.iter().filter(|subject| subject.gives(Target::Editor)) {
            let text = subject.file(&format!("editor/{}.schema.json", subject.name()))?;
            let schema: Value = serde_json::from_str(text).context("the editor's schema is no JSON")?;
            let question = json!({ "load": subject.name(), "schema": schema, "ecma": true });
            let said = self.driver.ask(&[question])?.pop().context("ajv gave no answer")?;
            let answer = Answer::read(&said)?;
            if !answer.accepted {
                refused.push(Refused { service: subject.name().to_owned(), why: answer.messages.join("; ") });
            }
        }
        Ok(refused)
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let asked = documents.iter().filter(|document| !is_rounded(document));
        let question = |document: &&Value| json!({ "ask": subject.name(), "document": object(subject, document) });
        let mut answers = self.driver.ask(&asked.map(question).collect::<Vec<_>>())?.into_iter();
        let answer = |document: &&Value| match is_rounded(document) {
            true => Ok(Answer::unasked("JavaScript rounds integers above 2^53")),
            false => Answer::read(&answers.next().context("ajv gave too few answers")?),
        };
        documents.iter().map(answer).collect()
    }
}
