//! For people: as rustc prints, with colours where a terminal shows them.

use std::io::IsTerminal;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use generator::{Diagnostic, Location, Severity};

use super::{Counts, Report};

pub(super) fn print(report: &Report, diagnostics: &[&Diagnostic], counts: Counts, verbose: bool) -> String {
    let renderer = if colour() { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&[group(report, diagnostic)]));
        out.push_str("\n\n");
    }
    if let Some(summary) = summary(counts, verbose) {
        out.push_str(&summary);
        out.push('\n');
    }
    out
}

/// Colours: on a terminal, and unless <https://no-color.org> is asked for.
fn colour() -> bool {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !no_colour
}

fn group<'a>(report: &'a Report, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group =
        level.primary_title(line(&diagnostic.message)).id(diagnostic.code.as_str()).elements(Vec::<Element<'a>>::new());
    if let Some(location) = &diagnostic.location {
        group = place(report, group, location, AnnotationKind::Primary, None);
    }
    for (location, sentence) in &diagnostic.related {
        group = place(report, group, location, AnnotationKind::Context, Some(sentence));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}

fn place<'a>(
    report: &'a Report,
    group: Group<'a>,
    location: &'a Location,
    kind: AnnotationKind,
    sentence: Option<&'a String>,
) -> Group<'a> {
    match report.text_of(&location.file).filter(|text| !text.is_empty()) {
        Some(text) => {
            let annotation = kind.span(span(text, location)).label(sentence.map(String::as_str));
            let snippet: Snippet<'a, Annotation<'a>> = Snippet::source(text).path(&location.file);
            group.element(snippet.annotation(annotation))
        }
        None => group.element(Origin::path(&location.file)),
    }
}

/// The span inside the text, at character borders, on its first line only: a whole file isn't worth repeating.
fn span(text: &str, location: &Location) -> std::ops::Range<usize> {
    let border = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = border(location.span.start);
    let end = border(location.span.end.max(start));
    let line = text[start..end].find('\n').map_or(end, |length| start + length);
    start..line
}

/// A title is one line; what follows belongs to nobody.
fn line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn summary(counts: Counts, verbose: bool) -> Option<String> {
    let Counts { errors, warnings, notes } = counts;
    let many = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let hidden = |text: String| if verbose { text } else { format!("{text} (shown with --verbose)") };
    let parts = [many(errors, "error"), many(warnings, "warning"), many(notes, "note").map(hidden)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
