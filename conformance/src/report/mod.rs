//! What was seen, for people.

mod json;
mod markdown;

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use generator::ledger::{Entry, Target};

use crate::audit::Findings;
use crate::subject::Subject;
use crate::verdict::Tally;

/// Where the documents of disagreements are kept.
const KEPT: &str = "target/audit/disagreements";

/// The report's folder of pictures.
const FORMS: &str = "forms";

/// An audit, ready to be told.
pub(crate) struct Summary<'a> {
    /// What a command that repeats something has to say besides.
    pub again: String,
    pub seed: u64,
    pub versions: Vec<(&'a str, String)>,
    /// The systems' targets.
    pub targets: Vec<(&'a str, Option<Target>)>,
    pub not_asked: Vec<(&'a str, String)>,
    pub findings: &'a Findings,
    pub subjects: &'a [Subject],
}

impl Summary<'_> {
    /// For a terminal: a line for each system, then each disagreement whole.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let findings = self.findings;
        for (number, found) in findings.disagreements.iter().enumerate() {
            let _ = writeln!(out, "\n{}: {} {}: {}", found.service, found.system, found.kind.sentence(), found.what);
            let _ = writeln!(out, "  because: {}", found.why);
            let _ = writeln!(out, "  document: {}", found.document);
            for (system, accepted, messages) in &found.verdicts {
                let verdict = if *accepted { "accepts".to_owned() } else { format!("refuses: {}", messages.join("; ")) };
                let _ = writeln!(out, "  {system} {verdict}");
            }
            let (again, service, system) = (&self.again, &found.service, found.system);
            let _ = writeln!(
                out,
                "  again: cargo xtask audit {again}--services {service} --only {system} --document {KEPT}/{number}.json"
            );
        }
        for (system, refused) in &findings.refused {
            let _ = writeln!(out, "\n{}: {system} doesn't take it: {}", refused.service, refused.why);
        }
        for (system, service, what) in &findings.differences {
            let _ = writeln!(out, "\n{service}: {system}'s command says something else than its library: {what}");
        }
        for ((system, service), tally) in &findings.tallies {
            for (document, miss) in tally.misses.iter().take(3) {
                let _ = writeln!(out, "{service}: {system}: {miss}\n  {document}");
            }
        }
        let _ = writeln!(out, "\n{} services, {} documents, seed {}", self.subjects.len(), findings.documents, self.seed);
        for (system, version) in &self.versions {
            let _ = writeln!(out, "{}", self.line(system, version));
        }
        for (system, why) in &self.not_asked {
            let _ = writeln!(out, "{system:20} not asked: {why}");
        }
        let found = findings.disagreements.len() + findings.refused.len() + findings.differences.len();
        let _ = writeln!(out, "{found} disagreements, {} answers other than foretold", findings.misses());
        out
    }

    /// Keeps the documents of disagreements, so that each can be asked about again.
    ///
    /// # Errors
    /// If a file can't be written.
    pub(crate) fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
        for (number, found) in self.findings.disagreements.iter().enumerate() {
            let file = folder.join(format!("{number}.json"));
            std::fs::write(&file, found.document.to_string()).with_context(|| format!("{} can't be written", file.display()))?;
        }
        Ok(())
    }

    fn line(&self, system: &str, version: &str) -> String {
        let sum = self.sum(system);
        let explained: Vec<String> = sum.explained.iter().map(|(how, count)| format!("{count} {}", how.words())).collect();
        let explained = if explained.is_empty() { String::new() } else { format!(" ({})", explained.join(", ")) };
        let unasked: usize = sum.unasked.values().sum();
        let unasked = if unasked == 0 { String::new() } else { format!(", {unasked} can't be put to it") };
        let (asked, agreed, disagreed) = (sum.asked, sum.agreed, sum.disagreed);
        format!("{system:20} {version}: {asked} asked, {agreed} agreed{explained}, {disagreed} disagreed{unasked}")
    }

    /// What a system said, over all services.
    fn sum(&self, system: &str) -> Tally {
        let mut sum = Tally::default();
        for tally in self.findings.tallies.iter().filter(|((name, _), _)| *name == system).map(|(_, tally)| tally) {
            sum.asked += tally.asked;
            sum.agreed += tally.agreed;
            sum.disagreed += tally.disagreed;
            tally.explained.iter().for_each(|(how, count)| *sum.explained.entry(*how).or_default() += count);
            tally.unasked.iter().for_each(|(why, count)| *sum.unasked.entry(why.clone()).or_default() += count);
        }
        sum
    }

    /// Whose book a system keeps.
    fn target(&self, system: &str) -> Option<Target> {
        self.targets.iter().find(|(name, _)| *name == system).and_then(|(_, target)| *target)
    }

    /// All lines of all ledgers.
    fn entries(&self) -> impl Iterator<Item = (Target, &Entry)> {
        let books = self.subjects.iter().flat_map(|subject| &subject.made.targets);
        books.flat_map(|(target, emission)| emission.book.entries.iter().map(|entry| (*target, entry)))
    }

    /// Writes `audit.md` for people, `audit.json` for programs, and pictures of the forms' first pages, if the form was asked.
    ///
    /// # Errors
    /// If a file can't be written.
    pub(crate) fn write(&self, folder: &Path, pictures: &Path) -> anyhow::Result<()> {
        let shown = self.pictures(pictures);
        std::fs::create_dir_all(folder.join(FORMS)).with_context(|| format!("{} can't be made", folder.display()))?;
        for picture in &shown {
            let to = folder.join(FORMS).join(picture);
            std::fs::copy(pictures.join(picture), &to).with_context(|| format!("{} can't be written", to.display()))?;
        }
        for (name, text) in [("audit.md", markdown::page(self, &shown)), ("audit.json", format!("{:#}\n", json::document(self)))]
        {
            std::fs::write(folder.join(name), text)
                .with_context(|| format!("{name} can't be written to {}", folder.display()))?;
        }
        Ok(())
    }

    /// The pictures of the services' first pages that this run took.
    fn pictures(&self, folder: &Path) -> Vec<String> {
        let asked = self.versions.iter().any(|(name, _)| *name == "form");
        let names = self.subjects.iter().map(|subject| format!("{}-1.png", subject.name()));
        names.filter(|name| asked && folder.join(name).is_file()).collect()
    }
}

/// The first line of a text, not too long.
pub(crate) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}
