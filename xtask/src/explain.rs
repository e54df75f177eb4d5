//! `explain`: the ledger of a service, for people and for programs.

mod lines;
mod table;

use generator::ledger::{Habit, Outcome, Target};
use generator::{Code, Diagnostic, Made, Severity};
use manifest::name::ServiceName;
use serde::Serialize;

use crate::report::Format;
use crate::repository;
use crate::session::{Exit, Session};
use crate::validate::accepted::is_note;

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask explain postgres
  cargo xtask explain postgres --at /storage/size
  cargo xtask explain postgres --target kro --format json")]
pub(crate) struct Args {
    /// The service
    service: String,
    /// Only this place and what is below it, with the lines where it appears
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,
    /// Only this target
    #[arg(long)]
    target: Option<String>,
    /// Only what is lost or made stricter
    #[arg(long)]
    losses: bool,
}

/// What became of one constraint in one target.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    place: &'a str,
    /// Where the schema says it.
    at: &'a str,
    keyword: &'static str,
    #[serde(serialize_with = "word")]
    target: Target,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Document<'a> {
    service: &'a str,
    kind: String,
    plural: &'a str,
    counts: Vec<Count>,
    entries: Vec<Line<'a>>,
    /// What systems do at every place; only where no place is asked about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    everywhere: Vec<Everywhere>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<lines::Appearance>,
}

/// What a system does whatever the schema says.
#[derive(Serialize)]
struct Everywhere {
    keyword: &'static str,
    #[serde(serialize_with = "word")]
    target: Target,
    outcome: &'static str,
    detail: String,
}

/// How a target's entries end.
#[derive(Serialize)]
struct Count {
    #[serde(serialize_with = "word")]
    target: Target,
    kept: usize,
    rewritten: usize,
    moved: usize,
    stricter: usize,
    lost: usize,
}

pub(crate) fn run(session: &mut Session, args: &Args) -> anyhow::Result<Exit> {
    let inputs = repository::read(session);
    let output = generator::generate(&inputs);
    session.report.extend(output.diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned());
    let Some(made) = output.services.iter().find(|made| made.service.name.as_str() == args.service) else {
        let known: Vec<&ServiceName> = inputs.sources.iter().map(|source| &source.service).collect();
        // A service that is there and couldn't be read has said why.
        if !known.iter().any(|known| known.as_str() == args.service) {
            session.report.push(unknown(&args.service, &known));
        }
        return Ok(Exit::Problems);
    };
    if let Some(diagnostic) = args.target.as_deref().and_then(unknown_target) {
        session.report.push(diagnostic);
        return Ok(Exit::Problems);
    }
    let all = entries(made, session.verbose);
    let shown: Vec<Line<'_>> = all.iter().filter(|line| args.shows(line)).cloned().collect();
    if let (Some(at), true) = (&args.at, shown.is_empty() && !args.losses) {
        session.report.push(unknown_place(at, &all));
        return Ok(Exit::Problems);
    }
    let lines = args.at.as_deref().map(|at| lines::find(made, at)).unwrap_or_default();
    let service = &made.service;
    let document = Document {
        service: service.name.as_str(),
        kind: service.kind.to_string(),
        plural: &service.plural,
        counts: counts(&shown),
        entries: shown,
        everywhere: if args.at.is_none() { everywhere(made, args) } else { Vec::new() },
        lines,
    };
    print(session, &document)?;
    session.answered = true;
    Ok(session.unless_errors())
}

fn everywhere(made: &Made, args: &Args) -> Vec<Everywhere> {
    let wanted = |target: &Target| made.gives(*target) && args.target.as_deref().is_none_or(|name| name == target.as_str());
    let targets = || Target::ALL.into_iter().filter(wanted);
    let said = |habit: Habit, target: Target| {
        let outcome = habit.outcome(target)?;
        let detail = outcome.detail().unwrap_or_default().to_owned();
        Some(Everywhere { keyword: habit.word(), target, outcome: outcome.word(), detail })
    };
    Habit::ALL.into_iter().flat_map(|habit| targets().filter_map(move |target| said(habit, target))).collect()
}

fn print(session: &Session, document: &Document<'_>) -> anyhow::Result<()> {
    use std::io::Write;
    let text = match session.format {
        Format::Json => serde_json::to_string_pretty(document)? + "\n",
        Format::Text | Format::Github | Format::Sarif => table::print(document),
    };
    // A closed pipe ends the reading, not the work.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

impl Args {
    fn shows(&self, line: &Line<'_>) -> bool {
        self.at.as_deref().is_none_or(|at| at_or_below(line.place, at))
            && self.target.as_deref().is_none_or(|target| target == line.target.as_str())
            && (!self.losses || matches!(line.outcome, "lost" | "stricter"))
    }
}

/// Whether a place is another one or lies below it; a number stands for any item.
pub(crate) fn at_or_below(place: &str, at: &str) -> bool {
    let at = at.trim_end_matches('/');
    let mut steps = place.split('/');
    at.split('/').all(|wanted| steps.next().is_some_and(|step| step == wanted || (step == "*" && !wanted.is_empty())))
}

fn entries(made: &Made, notes: bool) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    for (target, emission) in &made.targets {
        for entry in emission.book.entries.iter().filter(|entry| notes || !is_note(entry.keyword)) {
            out.push(Line {
                place: entry.used_at.as_str(),
                at: entry.at.as_str(),
                keyword: entry.keyword,
                target: *target,
                outcome: entry.outcome.word(),
                detail: entry.outcome.detail(),
            });
        }
    }
    out
}

fn counts(lines: &[Line<'_>]) -> Vec<Count> {
    let count = |target: Target, outcome: &Outcome| {
        lines.iter().filter(|line| line.target == target && line.outcome == outcome.word()).count()
    };
    let none = String::new;
    let of = |target| Count {
        target,
        kept: count(target, &Outcome::Kept),
        rewritten: count(target, &Outcome::Rewritten(none())),
        moved: count(target, &Outcome::Moved(none())),
        stricter: count(target, &Outcome::Stricter(none())),
        lost: count(target, &Outcome::Lost(none())),
    };
    Target::ALL.into_iter().filter(|target| lines.iter().any(|line| line.target == *target)).map(of).collect()
}

fn word<S: serde::Serializer>(target: &Target, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(target.as_str())
}

pub(crate) fn unknown(service: &str, known: &[&ServiceName]) -> Diagnostic {
    let nearest = known.iter().min_by_key(|known| strsim::osa_distance(known.as_str(), service));
    let mut diagnostic = Diagnostic::new(Severity::Error, Code::Missing, None, format!("there is no service {service:?} here"));
    diagnostic.help = nearest.map(|nearest| format!("the nearest name is `{nearest}`"));
    diagnostic
}

fn unknown_target(target: &str) -> Option<Diagnostic> {
    let known = Target::ALL.map(Target::as_str);
    let message = format!("there is no target {target:?}: there are {}", known.join(", "));
    (!known.contains(&target)).then(|| Diagnostic::new(Severity::Error, Code::Missing, None, message))
}

fn unknown_place(at: &str, lines: &[Line<'_>]) -> Diagnostic {
    let nearest = lines.iter().min_by_key(|line| strsim::osa_distance(line.place, at));
    let mut diagnostic = Diagnostic::new(Severity::Error, Code::Missing, None, format!("nothing is said of the place {at:?}"));
    diagnostic.help = nearest.map(|line| format!("the nearest place is {}", line.place));
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::at_or_below;

    #[test]
    fn places() {
        for (place, at, below) in [
            ("/env/*/name", "/env", true),
            ("/env/*/name", "/env/0", true),
            ("/env/*/name", "/env/0/name", true),
            ("/environment", "/env", false),
            ("/env", "/env/0", false),
            ("", "/", true),
            ("/env", "", true),
        ] {
            assert_eq!(at_or_below(place, at), below, "{place} {at}");
        }
    }
}
