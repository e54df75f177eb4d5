//! A line of the survey, and the table.

use std::collections::BTreeMap;
use std::time::Duration;

use generator::ledger::{Target, balance};
use generator::model::Class;
use generator::{Lowered, Made, Output, Severity, line_column};
use serde_json::{Value, json};

use super::Asked;
use crate::report::Format;
use crate::session::Session;

/// What a reader says: it took it, or why it didn't.
pub(super) type Verdict = Result<(), String>;

/// What became of one schema.
pub(super) struct Row {
    pub(super) name: String,
    panicked: bool,
    /// Why it was refused, with the place; `None`: it was lowered.
    refused: Option<String>,
    /// For each target: given and, where a reader was asked, taken.
    pub(super) targets: BTreeMap<&'static str, Verdict>,
    /// Of each target that was given: what doesn't balance.
    unbalanced: Vec<String>,
    /// Outcomes of constraints, over all targets.
    outcomes: BTreeMap<&'static str, usize>,
    diagnostics: [usize; 3],
    took: Duration,
    /// What the chart's own values are to Helm, and to `Valid<T>`.
    pub(super) values: Option<(Verdict, Verdict)>,
    pub(super) adopted: Option<Verdict>,
    /// The chart's own values through the compiled type and back.
    pub(super) round_trip: Option<Verdict>,
    /// For the readers that run over all rows at the end.
    pub(super) made: Option<Made>,
    pub(super) own_values: Option<Value>,
}

impl Row {
    pub(super) fn panicked(name: &str, took: Duration) -> Row {
        Row { panicked: true, ..Row::empty(name, took) }
    }

    fn empty(name: &str, took: Duration) -> Row {
        Row {
            name: name.to_owned(),
            panicked: false,
            refused: None,
            targets: BTreeMap::new(),
            unbalanced: Vec::new(),
            outcomes: BTreeMap::new(),
            diagnostics: [0; 3],
            took,
            values: None,
            adopted: None,
            round_trip: None,
            made: None,
            own_values: None,
        }
    }

    pub(super) fn new(name: &str, text: &str, output: &Output, lowered: &Lowered, took: Duration) -> Row {
        let mut row = Row::empty(name, took);
        for diagnostic in &output.diagnostics {
            row.diagnostics[diagnostic.severity as usize] += 1;
            if diagnostic.severity == Severity::Error && row.refused.is_none() {
                let (line, column) = line_column(text, diagnostic.location.as_ref().map_or(0, |location| location.span.start));
                row.refused = Some(format!("{line}:{column} {}: {}", diagnostic.code.as_str(), diagnostic.message));
            }
        }
        let keywords: Vec<_> = lowered.keywords.keys().collect();
        if !keywords.iter().eq(&lowered.found.iter().collect::<Vec<_>>()) {
            row.unbalanced.push("keywords".to_owned());
        }
        let Some(made) = output.services.first() else { return row };
        for (target, emission) in &made.targets {
            let verdict = emission.not_given.clone().map_or(Ok(()), |why| Err(format!("not given: {why}")));
            if verdict.is_ok() && !balance(&made.service, *target, &emission.book).is_empty() {
                row.unbalanced.push(target.as_str().to_owned());
            }
            row.targets.insert(target.as_str(), verdict);
            for entry in emission.book.entries.iter().filter(|entry| generator::ledger::class(entry.keyword) == Class::Constraint)
            {
                *row.outcomes.entry(entry.outcome.word()).or_default() += 1;
            }
        }
        row.made = Some(made.clone());
        row
    }

    /// Lowered, every target given and taken, and all books balance; or refused with a place. Never a panic.
    pub(super) fn is_sound(&self) -> bool {
        !self.panicked && self.unbalanced.is_empty()
    }

    pub(super) fn every_target(&self) -> bool {
        self.refused.is_none()
            && !self.panicked
            && self.targets.len() == Target::ALL.len()
            && self.targets.values().all(Result::is_ok)
    }

    /// Says what a reader made of a target that was given.
    pub(super) fn read(&mut self, target: Target, verdict: Verdict) {
        let slot = self.targets.entry(target.as_str()).or_insert(Ok(()));
        if slot.is_ok() {
            *slot = verdict;
        }
    }

    pub(super) fn file<'a>(made: &'a Made, target: Target, end: &str) -> Option<&'a str> {
        let emission = made.targets.iter().find(|(known, _)| *known == target).map(|(_, emission)| emission)?;
        emission.files.iter().find(|file| file.path.ends_with(end)).map(|file| &*file.content)
    }

    pub(super) fn definition_read(&mut self, made: &Made, reader: fn(&Value) -> Result<Value, String>) {
        let Some(text) = Self::file(made, Target::Kro, ".yaml") else { return };
        let documents = manifest::yaml::read_all(text).map_err(|error| error.to_string());
        let verdict = documents.and_then(|documents| {
            let definition =
                documents.iter().find(|document| document["kind"] == "ResourceGraphDefinition").ok_or("no definition")?;
            reader(definition).map(|_| ())
        });
        self.read(Target::Kro, verdict.map_err(|error| format!("SimpleSchema: {error}")));
    }

    pub(super) fn editor_read(&mut self, made: &Made) {
        let Some(text) = Self::file(made, Target::Editor, ".schema.json") else { return };
        let schema: Result<Value, _> = serde_json::from_str(text);
        let verdict = schema.map_err(|error| error.to_string()).and_then(|schema| {
            manifest::valid::Validator::new(&schema, Default::default()).map(|_| ()).map_err(|error| error.to_string())
        });
        self.read(Target::Editor, verdict);
    }

    fn to_json(&self) -> Value {
        let verdict = |verdict: &Verdict| verdict.as_ref().map_or_else(|why| json!(why), |()| json!(true));
        let targets: serde_json::Map<String, Value> =
            self.targets.iter().map(|(target, v)| ((*target).to_owned(), verdict(v))).collect();
        json!({
            "schema": self.name,
            "panicked": self.panicked,
            "lowered": self.refused.is_none() && !self.panicked,
            "refused": self.refused,
            "targets": targets,
            "every_target": self.every_target(),
            "unbalanced": self.unbalanced,
            "outcomes": self.outcomes,
            "diagnostics": {"note": self.diagnostics[0], "warning": self.diagnostics[1], "error": self.diagnostics[2]},
            "milliseconds": self.took.as_secs_f64() * 1000.0,
            "values": self.values.as_ref().map(|(helm, ours)| json!({"helm": verdict(helm), "valid": verdict(ours), "agree": helm.is_ok() == ours.is_ok()})),
            "adopted": self.adopted.as_ref().map(verdict),
            "round_trip": self.round_trip.as_ref().map(verdict),
        })
    }
}

/// The first place where two documents differ.
pub(super) fn difference(at: &str, theirs: &Value, ours: &Value) -> Option<String> {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let missing = a.iter().find_map(|(key, value)| match b.get(key) {
                Some(other) => difference(&format!("{at}/{key}"), value, other),
                None => Some(format!("{at}/{key} is missing")),
            });
            missing.or_else(|| b.keys().find(|key| !a.contains_key(*key)).map(|key| format!("{at}/{key} is new")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(index, (a, b))| difference(&format!("{at}/{index}"), a, b))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (a, b) if a == b => None,
        (a, b) => Some(format!("{at} was {}, is {}", short(a), short(b))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(59).chain(['…']).collect() }
}

/// Prints all rows and what they add up to.
pub(super) fn print(session: &Session, rows: &[Row], asked: &Asked) {
    if session.format == Format::Json {
        let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
        println!(
            "{}",
            json!({"rows": rows, "asked": {"helm": asked.helm, "skeletons": asked.skeletons, "compiler": asked.compiler}})
        );
        return;
    }
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).min(60);
    println!(
        "{:width$}  lowered  targets  books  kept  rewr.  moved  strict.  lost  E/W/N      ms  values  adopted  round trip",
        "schema"
    );
    for row in rows {
        line(row, width);
    }
    let count = |what: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| what(row)).count();
    println!(
        "\n{} schemas: {} lowered, {} refused with a place, {} panicked",
        rows.len(),
        count(&|r| r.refused.is_none() && !r.panicked),
        count(&|r| r.refused.is_some()),
        count(&|r| r.panicked)
    );
    println!(
        "every target given and taken: {}; books balance: {} of {}",
        count(&Row::every_target),
        count(&Row::is_sound),
        rows.len()
    );
    let judged = count(&|row| row.values.is_some());
    println!(
        "own values: Helm and Valid<T> agree on {} of {judged}",
        count(&|row| row.values.as_ref().is_some_and(|(a, b)| a.is_ok() == b.is_ok()))
    );
    println!(
        "adopted with the same meaning: {} of {}",
        count(&|row| row.adopted.as_ref().is_some_and(Result::is_ok)),
        count(&|row| row.adopted.is_some())
    );
    if asked.compiler {
        let compiled = |row: &Row| row.targets.get(Target::Rust.as_str()).is_some_and(Result::is_ok);
        println!("models that compile: {} of {}", count(&compiled), count(&|row| row.made.is_some()));
        println!(
            "round trip without loss: {} of {}",
            count(&|row| row.round_trip.as_ref().is_some_and(Result::is_ok)),
            count(&|row| row.round_trip.is_some())
        );
    }
    let readers = [
        ("helm", asked.helm),
        ("Backstage's template engines (node)", asked.skeletons),
        ("the Rust compiler (--compile)", asked.compiler),
    ];
    for (reader, _) in readers.iter().filter(|(_, asked)| !asked) {
        println!("not asked: {reader}");
    }
}

fn line(row: &Row, width: usize) {
    let name: String = row.name.chars().take(width).collect();
    let yes = |verdict: &Option<Verdict>| match verdict {
        Some(Ok(())) => "yes",
        Some(Err(_)) => "NO",
        None => "-",
    };
    let outcome = |word: &str| row.outcomes.get(word).copied().unwrap_or(0);
    let agree = row.values.as_ref().map(|(helm, ours)| match (helm, ours) {
        (Ok(()), Ok(())) => "valid",
        (Err(_), Err(_)) => "invalid",
        _ => "DIFFER",
    });
    let given = row.targets.values().filter(|verdict| verdict.is_ok()).count();
    let [notes, warnings, errors] = row.diagnostics;
    let lowered = if row.panicked {
        "PANIC"
    } else if row.refused.is_some() {
        "no"
    } else {
        "yes"
    };
    println!(
        "{name:width$}  {lowered:7}  {given:>5}/5  {:5}  {:4}  {:5}  {:5}  {:7}  {:4}  {:9}  {:>6.1}  {:7} {:8} {}",
        if row.is_sound() { "yes" } else { "NO" },
        outcome("kept"),
        outcome("rewritten"),
        outcome("moved"),
        outcome("stricter"),
        outcome("lost"),
        format!("{errors}/{warnings}/{notes}"),
        row.took.as_secs_f64() * 1000.0,
        agree.unwrap_or("-"),
        yes(&row.adopted),
        yes(&row.round_trip),
    );
    let mut remarks: Vec<String> = row.refused.iter().cloned().collect();
    remarks
        .extend(row.targets.iter().filter_map(|(target, verdict)| verdict.as_ref().err().map(|why| format!("{target}: {why}"))));
    remarks.extend(row.unbalanced.iter().map(|book| format!("the book of {book} doesn't balance")));
    if let Some((helm, ours)) = row.values.as_ref().filter(|(helm, ours)| helm.is_ok() != ours.is_ok()) {
        remarks.extend(helm.as_ref().err().map(|why| format!("Helm: {why}")));
        remarks.extend(ours.as_ref().err().map(|why| format!("Valid<T>: {why}")));
    }
    remarks.extend([("adopted", &row.adopted), ("round trip", &row.round_trip)].iter().filter_map(|(what, verdict)| {
        verdict.as_ref().and_then(|verdict| verdict.as_ref().err()).map(|why| format!("{what}: {why}"))
    }));
    for remark in remarks {
        let text: String = remark.replace('\n', " ").chars().take(220).collect();
        println!("    {text}");
    }
}
