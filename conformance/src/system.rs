//! What the systems have in common: documents in, answers out.

pub(crate) mod ajv;
pub(crate) mod form;
pub(crate) mod helm;
pub(crate) mod kro;
pub(crate) mod rust;
pub(crate) mod scaffolder;

use anyhow::{Context, bail};
use generator::ledger::Target;
use serde_json::Value;

use crate::document::Release;
use crate::subject::{Subject, View};
use crate::verdict::Kind;

/// What a system says of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub accepted: bool,
    /// Why not, in the system's own words: one for each violation where the system tells them apart.
    pub messages: Vec<String>,
    /// The document as the system holds it afterwards, if it was accepted and the system keeps it.
    pub kept: Option<Value>,
    /// Why the system was not asked: the document can't be put to it at all. Then there is no verdict.
    pub unasked: Option<String>,
}

impl Answer {
    /// No answer, and why.
    pub(crate) fn unasked(why: impl Into<String>) -> Answer {
        Answer { unasked: Some(why.into()), ..Answer::default() }
    }

    /// What a driver says: `{"accepted": bool, "messages": [text]}`.
    ///
    /// # Errors
    /// If it says something else; `{"error": text}` is its own failure, never a verdict.
    pub(crate) fn read(said: &Value) -> anyhow::Result<Answer> {
        if let Some(error) = said.get("error") {
            bail!("it failed: {error}");
        }
        let accepted = said["accepted"].as_bool().with_context(|| format!("it gave no verdict: {said}"))?;
        let messages = said["messages"].as_array().into_iter().flatten();
        let messages = messages.map(|message| message.as_str().map_or_else(|| message.to_string(), str::to_owned)).collect();
        Ok(Answer { accepted, messages, ..Answer::default() })
    }
}

/// A system that judges documents. All of them have the same silhouette, so that a verdict is a verdict.
pub(crate) trait System {
    /// Its word in `--only` and in reports, as `helm4`.
    fn name(&self) -> &'static str;

    /// The program that answers, with its version, as `Helm 4.3.1`.
    fn version(&self) -> String;

    fn view(&self) -> View;

    /// Whose book says what it does; `None`: it has to say what the referee says.
    fn target(&self) -> Option<Target>;

    /// Makes the system ready for the services: definitions are applied, charts are loaded, models compiled. Called once, with all of them.
    ///
    /// # Errors
    /// If a program fails. A service that the system refuses is no error: it is returned with the reason, and isn't asked about.
    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>>;

    /// Asks about documents of one service, in their order.
    ///
    /// # Errors
    /// If a program fails; a verdict is never an error.
    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>>;

    /// How many documents of a service it can be asked in a time that people wait.
    fn at_most(&self) -> usize {
        usize::MAX
    }

    /// Shows some of these documents to the program that people run, where thousands go another way to the same code. Returns what differs.
    ///
    /// # Errors
    /// If a program fails.
    fn sample(&mut self, _: &Subject, _: &[&Value], _: &[Answer]) -> anyhow::Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Asks about whole manifests, where the system is shown any: of a release, and of its changes.
    ///
    /// # Errors
    /// If a program fails; a verdict is never an error.
    fn manifests(&mut self, _subject: &Subject, _release: &Release<'_>) -> anyhow::Result<Vec<ManifestVerdict>> {
        Ok(Vec::new())
    }
}

/// What a system says of a whole manifest.
#[derive(Clone, Debug)]
pub(crate) struct ManifestVerdict {
    pub what: String,
    /// What a refusal has to speak of; `None`: the manifest has to be accepted.
    pub fault: Option<String>,
    pub accepted: bool,
    pub messages: Vec<String>,
}

impl ManifestVerdict {
    /// How it isn't what it has to be, and why. A refusal for another reason would hide that this one isn't seen.
    pub(crate) fn disagrees(&self) -> Option<(Kind, String)> {
        match &self.fault {
            None if !self.accepted => Some((Kind::Refused, self.messages.join("; "))),
            Some(fault) if self.accepted => Some((Kind::Accepted, format!("it has to be refused, for `{fault}`"))),
            Some(fault) if !self.messages.iter().any(|message| message.contains(fault)) => {
                Some((Kind::Accepted, format!("it is refused, but not for `{fault}`: {}", self.messages.join("; "))))
            }
            _ => None,
        }
    }
}

/// A service whose files a system doesn't take.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub service: String,
    pub why: String,
}
