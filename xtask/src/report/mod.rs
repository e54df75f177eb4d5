//! All problems of a run, and their five ways out.

mod github;
mod json;
mod sarif;
mod text;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use generator::{Diagnostic, Location, Severity, line_column};

/// How problems are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people, on standard error, with the line that is wrong
    Text,
    /// One JSON object on standard output
    Json,
    /// GitHub's workflow commands, which become annotations
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What was found, and the files that it was found in.
pub(crate) struct Report {
    root: PathBuf,
    diagnostics: Vec<Diagnostic>,
    /// Texts that aren't on disk below the root under the name that diagnostics call them by.
    texts: BTreeMap<String, String>,
}

/// How many problems of each kind there are.
#[derive(Clone, Copy, Default, serde::Serialize)]
pub(crate) struct Counts {
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) notes: usize,
}

/// A stretch of a file as people count: from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl Report {
    pub(crate) fn new(root: PathBuf) -> Report {
        Report { root, diagnostics: Vec::new(), texts: BTreeMap::new() }
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.diagnostics.extend(diagnostics);
    }

    pub(crate) fn merge(&mut self, other: Report) {
        self.diagnostics.extend(other.diagnostics);
        self.texts.extend(other.texts);
    }

    /// The text that diagnostics mean by `file`, where it isn't the one on disk.
    pub(crate) fn text(&mut self, file: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(file.into(), text.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Whether there is a problem as bad as that, or worse.
    pub(crate) fn has(&self, severity: Severity) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity >= severity)
    }

    pub(crate) fn counts(&self) -> Counts {
        let of = |severity| self.diagnostics.iter().filter(|d| d.severity == severity).count();
        Counts { errors: of(Severity::Error), warnings: of(Severity::Warning), notes: of(Severity::Note) }
    }

    /// Prints all problems in file order; notes only if asked for.
    pub(crate) fn print(&mut self, format: Format, verbose: bool) {
        let counts = self.counts();
        // A problem of no file comes first. The sort is stable: what one check says of one place stays in its order.
        self.diagnostics.sort_by(|a, b| a.location.cmp(&b.location));
        self.diagnostics.dedup();
        self.read_texts();
        let shown: Vec<&Diagnostic> = self.diagnostics.iter().filter(|d| verbose || d.severity > Severity::Note).collect();
        let text = match format {
            Format::Text => text::print(self, &shown, counts, verbose),
            Format::Json => json::print(self, &shown, counts),
            Format::Github => github::print(self, &shown),
            Format::Sarif => sarif::print(self, &shown),
        };
        // A closed pipe ends the reading, not the work.
        let _ = match format {
            Format::Text => std::io::stderr().write_all(text.as_bytes()),
            _ => std::io::stdout().write_all(text.as_bytes()),
        };
    }

    fn read_texts(&mut self) {
        let located = self.diagnostics.iter().flat_map(|d| d.location.iter().chain(d.related.iter().map(|(place, _)| place)));
        for Location { file, .. } in located {
            if !self.texts.contains_key(file)
                && let Ok(text) = std::fs::read_to_string(self.root.join(file))
            {
                self.texts.insert(file.clone(), text);
            }
        }
    }

    fn text_of(&self, file: &str) -> Option<&str> {
        self.texts.get(file).map(String::as_str)
    }

    fn region(&self, location: &Location) -> Region {
        let text = self.text_of(&location.file).unwrap_or_default();
        let (line, column) = line_column(text, location.span.start);
        let (end_line, end_column) = line_column(text, location.span.end.max(location.span.start));
        Region { line, column, end_line, end_column }
    }
}

/// The word that every format but one uses.
fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
