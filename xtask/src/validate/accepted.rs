//! `schemas/<service>/accepted.toml`: which losses a team accepts.

use std::collections::BTreeMap;

use generator::ledger::{Entry, Target};
use generator::{Code, Diagnostic, Location, Made, Severity, Span};
use serde::Deserialize;
use toml::Spanned;

use crate::locate;
use crate::repository::{self, Absence};
use crate::session::Session;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    #[serde(default)]
    accept: Vec<Acceptance>,
}

/// One entry; `*` stands for any target, any keyword, any step of a place and, at its end, for all that is below.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    at: Spanned<String>,
    keyword: String,
    target: Spanned<String>,
    reason: Spanned<String>,
}

pub(crate) fn path(made: &Made) -> String {
    format!("schemas/{}/accepted.toml", made.service.name)
}

/// Every loss has to be accepted, and every acceptance has to be of a loss.
pub(super) fn check(session: &mut Session, made: &Made) {
    let file = path(made);
    let Some(accepted) = read(session, &file) else { return };
    let open = open(made, &accepted);
    session.report.extend(not_accepted(session, made, &open));
    session.report.extend(stale(&file, made, &accepted));
}

/// Losses and strictures that nobody has accepted yet.
pub(crate) fn outstanding<'a>(session: &mut Session, made: &'a Made) -> Option<Vec<(Target, &'a Entry)>> {
    let accepted = read(session, &path(made))?;
    Some(open(made, &accepted))
}

fn read(session: &mut Session, file: &str) -> Option<Accepted> {
    let text = repository::text(session, file, Absence::Fine).unwrap_or_default();
    let wrong = |span: std::ops::Range<usize>, message: String| {
        let location = Location { file: file.to_owned(), span: Span { start: span.start, end: span.end } };
        Diagnostic::new(Severity::Error, Code::Syntax, Some(location), message)
    };
    let accepted: Accepted = match toml::from_str(&text) {
        Ok(accepted) => accepted,
        Err(error) => {
            let help = "an entry is `[[accept]]` with `at`, `keyword`, `target` and `reason`";
            session.report.push(wrong(error.span().unwrap_or(0..0), error.message().to_owned()).help(help));
            return None;
        }
    };
    for entry in &accepted.accept {
        let target = entry.target.get_ref();
        if target != "*" && Target::ALL.iter().all(|known| known.as_str() != target) {
            let known: Vec<&str> = Target::ALL.iter().map(|target| target.as_str()).collect();
            let message = format!("there is no target {target:?}: there are {}, and `*` for all", known.join(", "));
            session.report.push(wrong(entry.target.span(), message));
        }
        if entry.reason.get_ref().trim().is_empty() {
            session.report.push(wrong(entry.reason.span(), "an acceptance has a reason".to_owned()));
        }
        if !["", "*"].contains(&entry.at.get_ref().as_str()) && !entry.at.get_ref().starts_with('/') {
            let message = format!("{:?} is no place: places begin with `/`, as `/env/*/value`", entry.at.get_ref());
            session.report.push(wrong(entry.at.span(), message));
        }
    }
    Some(accepted)
}

/// Notes are for people; that one gets lost is no loss of meaning.
pub(crate) fn is_note(keyword: &str) -> bool {
    matches!(keyword, "title" | "description" | "examples" | "deprecated") || keyword.starts_with("x-ui.")
}

fn losses(made: &Made) -> impl Iterator<Item = (Target, &Entry)> {
    let entries = made.targets.iter().flat_map(|(target, emission)| emission.book.entries.iter().map(|entry| (*target, entry)));
    entries.filter(|(_, entry)| entry.outcome.needs_acceptance() && !is_note(entry.keyword))
}

fn open<'a>(made: &'a Made, accepted: &Accepted) -> Vec<(Target, &'a Entry)> {
    losses(made).filter(|(target, entry)| !accepted.accept.iter().any(|acceptance| acceptance.covers(*target, entry))).collect()
}

impl Acceptance {
    fn covers(&self, target: Target, entry: &Entry) -> bool {
        let same = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        same(self.target.get_ref(), target.as_str())
            && same(&self.keyword, entry.keyword)
            && covers_place(self.at.get_ref(), entry.used_at.as_str())
    }
}

fn covers_place(pattern: &str, place: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let pattern = if pattern == "/" { "" } else { pattern };
    let (mut wanted, mut found) = (pattern.split('/').peekable(), place.split('/'));
    while let Some(step) = wanted.next() {
        match found.next() {
            None => return false,
            Some(_) if step == "*" && wanted.peek().is_none() => return true,
            Some(there) if step != "*" && step != there => return false,
            Some(_) => {}
        }
    }
    found.next().is_none()
}

/// One diagnostic for each reason: a thing that is lost at forty places is one decision.
fn not_accepted(session: &Session, made: &Made, open: &[(Target, &Entry)]) -> Vec<Diagnostic> {
    let mut groups: BTreeMap<(Target, &str, &str, &str), Vec<&Entry>> = BTreeMap::new();
    for (target, entry) in open {
        let key = (*target, entry.keyword, entry.outcome.word(), entry.outcome.detail().unwrap_or_default());
        groups.entry(key).or_default().push(entry);
    }
    let diagnostics = groups.into_iter().filter_map(|((target, keyword, word, why), entries)| {
        let first = *entries.first()?;
        let location = source(session, made, first.at.as_str());
        let verb = if word == "lost" { "is lost" } else { "becomes stricter" };
        let message = format!("{}: `{keyword}` at {} {verb} in {}: {why}", made.service.name, places(&entries), target.as_str());
        let entry = format!(
            "accept it in {}, as [[accept]] at = {:?}, keyword = {keyword:?}, target = {:?}, reason = \"…\"; or run `cargo xtask accept \
             {} --reason …`",
            path(made),
            first.used_at.as_str(),
            target.as_str(),
            made.service.name
        );
        Some(Diagnostic::new(Severity::Error, Code::NotAccepted, Some(location), message).help(entry))
    });
    diagnostics.collect()
}

/// Where the schema says it: in the service's own file, or in that of one it is composed of (`../webapp/values.schema.json#/…`).
fn source(session: &Session, made: &Made, at: &str) -> Location {
    let (file, pointer) = match at.strip_prefix("../").and_then(|at| at.split_once('#')) {
        Some((file, pointer)) => (format!("schemas/{file}"), pointer),
        None => (repository::schema_path(&made.service.name), at),
    };
    let text = std::fs::read_to_string(session.root.join(&file)).unwrap_or_default();
    Location { span: locate::json(&text, pointer), file }
}

fn places(entries: &[&Entry]) -> String {
    let shown: Vec<String> = entries.iter().take(3).map(|entry| entry.used_at.to_string()).collect();
    match entries.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more places", shown.join(", ")),
    }
}

fn stale(file: &str, made: &Made, accepted: &Accepted) -> Vec<Diagnostic> {
    let unused =
        accepted.accept.iter().filter(|acceptance| !losses(made).any(|(target, entry)| acceptance.covers(target, entry)));
    let diagnostics = unused.map(|acceptance| {
        let span = acceptance.at.span();
        let location = Location { file: file.to_owned(), span: Span { start: span.start, end: span.end } };
        let message = format!("nothing at {:?} is lost or made stricter that this accepts", acceptance.at.get_ref());
        Diagnostic::new(Severity::Warning, Code::StaleAcceptance, Some(location), message).help("remove the entry")
    });
    diagnostics.collect()
}

#[cfg(test)]
mod tests {
    use super::covers_place;

    #[test]
    fn places() {
        for (pattern, place, covers) in [
            ("/env/*", "/env/*", true),
            ("/env/*", "/env/*/name", true),
            ("/env/*", "/env", false),
            ("/env/*/name", "/env/*/name", true),
            ("/env/*/name", "/env/*/value", false),
            ("/env/*/name", "/env/*", false),
            ("/env", "/env/*", false),
            ("/env", "/environment", false),
            ("", "", true),
            ("/", "", true),
            ("/", "/env", false),
            ("*", "", true),
            ("/*", "/env/*", true),
            ("*", "/env", true),
        ] {
            assert_eq!(covers_place(pattern, place), covers, "{pattern} {place}");
        }
    }
}
