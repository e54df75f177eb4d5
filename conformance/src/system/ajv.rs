//! ajv, the validator of JavaScript: on the author's schema it referees the audit's referee; on the schema of whole manifests it says what
//! editors say, most of which have it.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use generator::ledger::Target;
use manifest::valid::Validator;
use serde_json::{Value, json};

use super::{Answer, Refused, System};
use crate::driver::Driver;
use crate::install::npm;
use crate::object::object;
use crate::subject::{Subject, View};

/// Which schema it judges by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// The author's, with RE2's patterns: of effective documents.
    Author,
    /// The editor's, with ECMAScript's patterns: of manifests as they are written.
    Manifest,
}

pub(crate) struct Ajv {
    schema: Schema,
    driver: Driver,
    version: String,
}

impl Ajv {
    /// Starts the installed program; its log goes into the folder.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) fn start(schema: Schema, program: &Path, logs: &Path) -> anyhow::Result<Ajv> {
        let mut node = Command::new("node");
        node.arg("main.mjs").current_dir(program);
        let log = match schema {
            Schema::Author => "ajv.log",
            Schema::Manifest => "editor.log",
        };
        let driver = Driver::start("ajv", node, &logs.join(log))?;
        Ok(Ajv { schema, driver, version: npm::version(program, "ajv") })
    }

    fn load(&self, subject: &Subject) -> anyhow::Result<Value> {
        Ok(match self.schema {
            Schema::Author => json!({ "load": subject.name(), "schema": subject.made.service.bundle.schema }),
            Schema::Manifest => {
                let text = subject.file(&format!("editor/{}.schema.json", subject.name()))?;
                let schema: Value = serde_json::from_str(text).context("the editor's schema is no JSON")?;
                json!({ "load": subject.name(), "schema": schema, "ecma": true })
            }
        })
    }

    /// The documents as they are judged.
    fn judged(&self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Value>> {
        Ok(match self.schema {
            Schema::Author => {
                let bundle = &subject.made.service.bundle.schema;
                let validator =
                    Validator::new(bundle, subject.made.defaults.clone()).context("the referee refuses the schema")?;
                documents.iter().map(|document| validator.effective(document)).collect()
            }
            Schema::Manifest => documents.iter().map(|document| object(subject, document)).collect(),
        })
    }
}

impl System for Ajv {
    fn name(&self) -> &'static str {
        match self.schema {
            Schema::Author => "ajv",
            Schema::Manifest => "editor",
        }
    }

    fn version(&self) -> String {
        match self.schema {
            Schema::Author => format!("ajv {}", self.version),
            Schema::Manifest => format!("Editors (ajv {})", self.version),
        }
    }

    fn view(&self) -> View {
        match self.schema {
            Schema::Author => View::Whole,
            Schema::Manifest => View::Release,
        }
    }

    fn target(&self) -> Option<Target> {
        match self.schema {
            Schema::Author => None,
            Schema::Manifest => Some(Target::Editor),
        }
    }

    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        let asked: Vec<&Subject> =
            subjects.iter().filter(|subject| self.target().is_none_or(|target| subject.gives(target))).collect();
        let questions: Vec<Value> = asked.iter().map(|subject| self.load(subject)).collect::<anyhow::Result<_>>()?;
        let mut refused = Vec::new();
        for (subject, answer) in asked.iter().zip(self.driver.ask(&questions)?) {
            let answer = Answer::read(&answer)?;
            if !answer.accepted {
                refused.push(Refused { service: subject.name().to_owned(), why: answer.messages.join("; ") });
            }
        }
        Ok(refused)
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let judged = self.judged(subject, documents)?;
        let asked = judged.iter().filter(|document| !is_rounded(document));
        let questions: Vec<Value> = asked.map(|document| json!({ "ask": subject.name(), "document": document })).collect();
        let mut answers = self.driver.ask(&questions)?.into_iter();
        let answer = |document| match is_rounded(document) {
            true => Ok(Answer::unasked("JavaScript rounds integers above 2^53")),
            false => Answer::read(&answers.next().context("ajv gave too few answers")?),
        };
        judged.iter().map(answer).collect()
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
