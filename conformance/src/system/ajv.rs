//! ajv: a second validator, which referees the audit's referee.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use generator::ledger::Target;
use manifest::valid::Validator;
use serde_json::{Value, json};

use super::{Answer, Refused, System};
use crate::driver::Driver;
use crate::install::npm;
use crate::subject::Subject;
use crate::subject::View;

/// The validator of JavaScript, with RE2's patterns, judging effective documents.
pub(crate) struct Ajv {
    driver: Driver,
    version: String,
}

impl Ajv {
    /// Starts the installed program; its log goes into the folder.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) fn start(program: &Path, logs: &Path) -> anyhow::Result<Ajv> {
        let mut node = Command::new("node");
        node.arg("main.mjs").current_dir(program);
        let driver = Driver::start("ajv", node, &logs.join("ajv.log"))?;
        Ok(Ajv { driver, version: npm::version(program, "ajv") })
    }
}

impl System for Ajv {
    fn name(&self) -> &'static str {
        "ajv"
    }

    fn version(&self) -> String {
        format!("ajv {}", self.version)
    }

    fn view(&self) -> View {
        View::Whole
    }

    fn target(&self) -> Option<Target> {
        None
    }

    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        let load = |subject: &Subject| json!({ "load": subject.name(), "schema": subject.made.service.bundle.schema });
        let answers = self.driver.ask(&subjects.iter().map(load).collect::<Vec<_>>())?;
        let mut refused = Vec::new();
        for (subject, answer) in subjects.iter().zip(&answers) {
            let answer = Answer::read(answer)?;
            if !answer.accepted {
                refused.push(Refused { service: subject.name().to_owned(), why: answer.messages.join("; ") });
            }
        }
        Ok(refused)
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let bundle = &subject.made.service.bundle.schema;
        let validator = Validator::new(bundle, subject.made.defaults.clone()).context("the referee refuses the schema")?;
        let effective: Vec<Value> = documents.iter().map(|document| validator.effective(document)).collect();
        let asked = effective.iter().filter(|document| !is_rounded(document));
        let questions: Vec<Value> = asked.map(|document| json!({ "ask": subject.name(), "document": document })).collect();
        let mut answers = self.driver.ask(&questions)?.into_iter();
        let answer = |document| match is_rounded(document) {
            true => Ok(Answer::unasked("JavaScript rounds integers above 2^53")),
            false => Answer::read(&answers.next().context("ajv gave too few answers")?),
        };
        effective.iter().map(answer).collect()
    }
}

/// Whether JavaScript would read another number.
pub(crate) fn is_rounded(document: &Value) -> bool {
    const SAFE: u64 = 1 << 53;
    match document {
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => value.unsigned_abs() > SAFE,
            (None, value) => value.is_some(),
        },
        Value::Array(items) => items.iter().any(is_rounded),
        Value::Object(members) => members.values().any(is_rounded),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
