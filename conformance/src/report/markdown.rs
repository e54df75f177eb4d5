//! The report as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use generator::ledger::{Habit, Outcome, Target, class};
use generator::model::{Class, Constraint};

use super::Summary;
use crate::audit::Mistake;
use crate::subject::Subject;
use crate::verdict::Tally;

/// The mistakes that people make most, by the keyword that they break.
const TYPICAL: &[&str] = &[
    "required",
    "type",
    "enum",
    "minimum",
    "maximum",
    "pattern",
    "maxLength",
    "additionalProperties",
    "uniqueItems",
    "maxItems",
    "if",
    "oneOf",
    "anyOf",
    "propertyNames",
    "minItems",
    "minLength",
];

/// How many mistakes are shown side by side.
const SIDE_BY_SIDE: usize = 10;

pub(super) fn page(summary: &Summary<'_>, pictures: &[String]) -> String {
    let mut out = String::from(
        "# The audit\n\nGenerated documents, good ones and ones that break a constraint, were shown to the real systems; what they said is held \
         against the ledger. `cargo xtask audit --report docs` writes this page anew.\n",
    );
    versions(summary, &mut out);
    services(summary, &mut out);
    keywords(summary, &mut out);
    losses(summary, &mut out);
    unseen(summary, &mut out);
    messages(summary, &mut out);
    disagreements(summary, &mut out);
    if !pictures.is_empty() {
        let _ = writeln!(out, "\n## The forms\n\nThe first page of each, as it was filled in.\n");
        for picture in pictures {
            let _ = writeln!(out, "![{picture}]({}/{picture})\n", super::FORMS);
        }
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

fn versions(summary: &Summary<'_>, out: &mut String) {
    let _ = writeln!(out, "\n## Systems\n\n| system | asked | agreed | as the ledger says | disagreed | can't be put to it |");
    let _ = writeln!(out, "| --- | --: | --: | --- | --: | --: |");
    for (name, version) in &summary.versions {
        let sum = summary.sum(name);
        let explained: Vec<String> = sum.explained.iter().map(|(how, count)| format!("{count} {}", how.words())).collect();
        let unasked: usize = sum.unasked.values().sum();
        let _ = writeln!(
            out,
            "| {version} | {} | {} | {} | {} | {unasked} |",
            sum.asked,
            sum.agreed,
            explained.join(", "),
            sum.disagreed
        );
    }
    for (name, why) in &summary.not_asked {
        let _ = writeln!(out, "| {name} | *not asked*: {why} | | | | |");
    }
    let _ = writeln!(
        out,
        "\n{} services, {} documents, seed {}. What stands in for another system: the platform's own fields and the values of Secrets are samples; \
         no Secret is read.",
        summary.subjects.len(),
        summary.findings.documents,
        summary.seed
    );
}

fn services(summary: &Summary<'_>, out: &mut String) {
    let names: Vec<&str> = summary.versions.iter().map(|(name, _)| *name).collect();
    let _ = writeln!(
        out,
        "\n## Services\n\nDocuments asked, and disagreements where there are any.\n\n| service | {} |",
        names.join(" | ")
    );
    let _ = writeln!(out, "| --- | {} |", names.iter().map(|_| "--:").collect::<Vec<_>>().join(" | "));
    for subject in summary.subjects {
        let cells = names.iter().map(|name| match summary.findings.tallies.get(&(*name, subject.name().to_owned())) {
            Some(Tally { asked, disagreed: 0, .. }) => asked.to_string(),
            Some(tally) => format!("{} (**{}**)", tally.asked, tally.disagreed),
            None => "–".to_owned(),
        });
        let _ = writeln!(out, "| {} | {} |", subject.name(), cells.collect::<Vec<_>>().join(" | "));
    }
}

/// By keyword and target: what the ledgers say, and how many broken documents were refused and accepted.
fn keywords(summary: &Summary<'_>, out: &mut String) {
    let mut said = BTreeMap::<(&str, Target), BTreeMap<&str, usize>>::new();
    for (target, entry) in summary.entries() {
        if class(entry.keyword) != Class::Note {
            *said.entry((entry.keyword, target)).or_default().entry(entry.outcome.word()).or_default() += 1;
        }
    }
    let mut seen = BTreeMap::<(&str, Target), [usize; 2]>::new();
    for ((system, _), tally) in &summary.findings.tallies {
        let Some(target) = summary.target(system) else { continue };
        for (constraint, counts) in &tally.seen {
            let sum = seen.entry((constraint.keyword, target)).or_default();
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    let targets = Target::ALL;
    let _ = writeln!(
        out,
        "\n## Keywords\n\nWhat the ledgers say of each keyword, over all services; in brackets how many documents that break it, and nothing \
         else, were refused and accepted by the target's systems.\n\n| keyword | {} |",
        targets.map(Target::as_str).join(" | ")
    );
    let _ = writeln!(out, "| --- | {} |", targets.map(|_| "---").join(" | "));
    let words: BTreeSet<&str> = said.keys().map(|(keyword, _)| *keyword).collect();
    for keyword in words {
        let cells = targets.map(|target| {
            let counts = said.get(&(keyword, target)).into_iter().flatten();
            let words: Vec<String> = counts.map(|(word, count)| format!("{count} {word}")).collect();
            match seen.get(&(keyword, target)) {
                Some([refused, accepted]) => format!("{} [{refused}/{accepted}]", words.join(", ")),
                None => words.join(", "),
            }
        });
        let _ = writeln!(out, "| `{keyword}` | {} |", cells.join(" | "));
    }
}

fn losses(summary: &Summary<'_>, out: &mut String) {
    let mut by_reason = BTreeMap::<(Target, &str, &str), BTreeMap<&str, usize>>::new();
    for (target, entry) in summary.entries() {
        if let (Outcome::Lost(why) | Outcome::Stricter(why), Class::Constraint) = (&entry.outcome, class(entry.keyword)) {
            *by_reason.entry((target, entry.outcome.word(), why)).or_default().entry(entry.keyword).or_default() += 1;
        }
    }
    let _ = writeln!(out, "\n## What is lost, and what is stricter\n\n| target | | why | keywords |\n| --- | --- | --- | --- |");
    for habit in Habit::ALL {
        for target in Target::ALL {
            if let Some(outcome) = habit.outcome(target) {
                let why = outcome.detail().unwrap_or_default();
                let _ = writeln!(out, "| {} | {} | {why} | everywhere: {} |", target.as_str(), outcome.word(), habit.word());
            }
        }
    }
    for ((target, word, why), keywords) in by_reason {
        let keywords: Vec<String> = keywords.iter().map(|(keyword, count)| format!("`{keyword}` {count}")).collect();
        let _ = writeln!(out, "| {} | {word} | {why} | {} |", target.as_str(), keywords.join(", "));
    }
}

/// What was never tried, and what turned out to be enforced though it is called lost.
fn unseen(summary: &Summary<'_>, out: &mut String) {
    let _ = writeln!(out, "\n## What no document tried\n");
    let mut any = false;
    for (name, _) in &summary.versions {
        let Some(target) = summary.target(name) else { continue };
        for subject in summary.subjects {
            let Some(tally) = summary.findings.tallies.get(&(*name, subject.name().to_owned())) else { continue };
            let untried = untried(subject, target, tally);
            let enforced = enforced(subject, target, tally);
            any |= !untried.is_empty() || !enforced.is_empty();
            if !untried.is_empty() {
                let _ = writeln!(out, "- {name}, {}: kept, and broken by no document: {}", subject.name(), listed(&untried));
            }
            if !enforced.is_empty() {
                let _ =
                    writeln!(out, "- {name}, {}: called lost, and refused all the same: {}", subject.name(), listed(&enforced));
            }
        }
    }
    for (service, places) in summary.findings.unreached.iter().filter(|(_, places)| !places.is_empty()) {
        any = true;
        let _ = writeln!(out, "- {service}: no good document has {}", listed(places));
    }
    if !any {
        let _ = writeln!(out, "Nothing.");
    }
}

/// Constraints that the ledger calls enforced, and that no document broke.
fn untried(subject: &Subject, target: Target, tally: &Tally) -> Vec<String> {
    let book = subject.made.targets.iter().find(|(known, _)| *known == target).map(|(_, emission)| &emission.book);
    let entries = book.into_iter().flat_map(|book| &book.entries);
    let kept = entries.filter(|entry| class(entry.keyword) == Class::Constraint && entry.outcome == Outcome::Kept);
    // Nothing can break what says nothing, or what admits something.
    let silent = |keyword: &str| matches!(keyword, "nullable" | "additionalProperties" | "$ref");
    kept.filter(|entry| !silent(entry.keyword))
        .filter(|entry| {
            let tried = |constraint: &Constraint| {
                (&constraint.used_at, constraint.keyword, &constraint.at) == (&entry.used_at, entry.keyword, &entry.at)
            };
            !tally.together.iter().any(tried)
        })
        .map(|entry| format!("`{}` at {}", entry.keyword, entry.used_at))
        .collect()
}

fn enforced(subject: &Subject, target: Target, tally: &Tally) -> Vec<String> {
    let book = subject.made.targets.iter().find(|(known, _)| *known == target).map(|(_, emission)| &emission.book);
    let lost = |constraint: &Constraint| {
        book.into_iter().flat_map(|book| &book.entries).any(|entry| {
            matches!(entry.outcome, Outcome::Lost(_))
                && (&constraint.used_at, constraint.keyword, &constraint.at) == (&entry.used_at, entry.keyword, &entry.at)
        })
    };
    let seen = tally.seen.iter().filter(|(constraint, [refused, accepted])| *refused > 0 && *accepted == 0 && lost(constraint));
    seen.map(|(constraint, _)| format!("`{}` at {}", constraint.keyword, constraint.used_at)).collect()
}

fn messages(summary: &Summary<'_>, out: &mut String) {
    let _ = writeln!(out, "\n## What people read\n\nTypical mistakes, and what each system says of them.");
    let mistakes = &summary.findings.mistakes;
    let first = |keyword: &&str| {
        let of = mistakes.iter().filter(|((_, known), mistake)| known == keyword && mistake.said.len() > 1);
        of.max_by_key(|(_, mistake)| mistake.said.len())
    };
    for ((service, keyword), mistake) in TYPICAL.iter().filter_map(first).take(SIDE_BY_SIDE) {
        let _ = writeln!(out, "\n**{service}: {}** (`{keyword}`)\n\n| | |\n| --- | --- |", cell(&wrong(mistake)));
        let _ = writeln!(out, "| `validate` | {} |", cell(&mistake.fault.to_string()));
        for (name, said) in &mistake.said {
            let said = if said.is_empty() { "accepted".to_owned() } else { said.join("; ") };
            let _ = writeln!(out, "| {name} | {} |", cell(&said));
        }
    }
}

/// The value that is wrong, where it stands.
fn wrong(mistake: &Mistake) -> String {
    let pointer = &mistake.fault.pointer;
    match mistake.document.pointer(pointer) {
        Some(value) if !value.is_object() => format!("{pointer} = {}", super::short(&value.to_string())),
        _ => pointer.clone(),
    }
}

fn disagreements(summary: &Summary<'_>, out: &mut String) {
    let findings = summary.findings;
    let _ = writeln!(out, "\n## Disagreements\n");
    if findings.clean() {
        let _ = writeln!(out, "None.");
    }
    for found in &findings.disagreements {
        let _ = writeln!(
            out,
            "- {}: {} {}: {} ({})",
            found.service,
            found.system,
            found.kind.sentence(),
            cell(&found.why),
            found.what
        );
    }
    for (system, refused) in &findings.refused {
        let _ = writeln!(out, "- {}: {system} doesn't take it: {}", refused.service, cell(&refused.why));
    }
    for (system, service, what) in &findings.differences {
        let _ = writeln!(out, "- {service}: {system}'s command and library differ: {}", cell(what));
    }
}

fn listed(words: &[String]) -> String {
    match words.get(..12) {
        Some(first) if words.len() > 12 => format!("{} and {} more", first.join(", "), words.len() - 12),
        _ => words.join(", "),
    }
}

/// Any text as a cell of a table: one line, and not without end.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "&lt;");
    match line.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
