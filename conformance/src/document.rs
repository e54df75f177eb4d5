//! Documents to ask about: good ones, and for each constraint some at its edges and some that break it.
//!
//! Nothing here decides what is valid. Values are thought of, put where they belong into a document that is good without them, and the
//! referee rules; so a thought that was wrong costs a document and never a verdict.

mod changes;
mod place_in;
mod spots;
mod trials;

use std::collections::{BTreeMap, BTreeSet};

use generator::model::Service;
use serde_json::{Value, json};

use crate::random::Random;
use crate::referee::{Referee, Ruling};
use crate::sample::{Fill, sample};
use crate::subject::{Subject, View};
pub(crate) use changes::{Change, Release, immutable, release};

use spots::Spot;

/// A document to ask about.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub view: View,
    pub document: Value,
    /// What it is, as `below the minimum at /replicas`.
    pub what: String,
    /// The keyword and the place that it tries.
    pub tries: Option<Tried>,
    pub ruling: Ruling,
    /// The same as the chart gets it, and what the referee says of that.
    pub whole: Value,
    pub whole_ruling: Ruling,
}

impl Case {
    /// What a system is shown that sees this much; `None` if it isn't asked.
    pub(crate) fn shown(&self, view: View) -> Option<(&Value, &Ruling)> {
        match (self.view, view) {
            (View::Release, View::Release) => Some((&self.document, &self.ruling)),
            (_, View::Whole) => Some((&self.whole, &self.whole_ruling)),
            (View::Whole, View::Release) => None,
        }
    }

    pub(crate) fn new(referee: &Referee<'_>, view: View, document: Value, what: String, tries: Option<Tried>) -> Case {
        let ruling = referee.rule(view, &document);
        let whole = match view {
            View::Release => referee.complete(&document),
            View::Whole => document.clone(),
        };
        let whole_ruling = referee.rule(View::Whole, &whole);
        Case { view, document, what, tries, ruling, whole, whole_ruling }
    }
}

/// What a document tries: a keyword at a place of the model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tried {
    pub place: String,
    pub keyword: &'static str,
}

/// The documents of a service, and the places that none could be made for.
pub(crate) struct Cases {
    pub cases: Vec<Case>,
    pub unreached: BTreeSet<String>,
}

/// Makes at least `least` documents of a service if its schema gives so many, at most `most`: those that show the most first.
pub(crate) fn cases(subject: &Subject, referee: &Referee<'_>, seed: u64, least: usize, most: usize) -> Cases {
    let mut out = Cases { cases: Vec::new(), unreached: BTreeSet::new() };
    let whole = &subject.made.service;
    let mut views = vec![(View::Release, &referee.owned.service)];
    if referee.views_differ() {
        views.push((View::Whole, whole));
    }
    for (view, service) in views {
        let mut maker = Maker { subject, referee, view, service, random: Random(seed), made: Vec::new(), seen: BTreeSet::new() };
        maker.hosts();
        maker.trials(&mut out.unreached, most);
        maker.changes(least);
        out.cases.extend(chosen(maker.made, most));
    }
    out
}

struct Maker<'a> {
    subject: &'a Subject,
    referee: &'a Referee<'a>,
    view: View,
    service: &'a Service,
    random: Random,
    made: Vec<Case>,
    /// Documents that were made, so that none is made twice.
    seen: BTreeSet<String>,
}

impl Maker<'_> {
    /// Good documents: the smallest, the author's own, the defaults written out, everything filled in.
    fn hosts(&mut self) {
        let least = self.least();
        self.keep(least.clone(), "the smallest".to_owned(), None);
        for (name, example) in &self.subject.examples {
            self.keep(example.clone(), format!("the example {name}"), None);
        }
        let written = self.defaults(&least);
        self.keep(written, "with the defaults written out".to_owned(), None);
        let most = self.grown(least);
        self.keep(most, "with everything filled in".to_owned(), None);
    }

    fn least(&mut self) -> Value {
        let sampled = |maker: &mut Self| sample(&maker.service.values, &maker.service.types, Fill::Least, &mut maker.random);
        let mut candidates = vec![json!({})];
        candidates.extend(self.subject.source.sample.clone());
        candidates.extend((0..30).map(|_| sampled(self)));
        candidates.into_iter().find(|document| self.rule(document).valid()).unwrap_or_else(|| json!({}))
    }

    /// The document with the defaults written out that this view has.
    fn defaults(&self, document: &Value) -> Value {
        let mut out = document.clone();
        let effective = self.referee.effective(document);
        if let (Value::Object(out), Value::Object(effective)) = (&mut out, effective) {
            for (key, value) in effective {
                let mut with = out.clone();
                with.entry(key).or_insert(value);
                if self.rule(&Value::Object(with.clone())).valid() {
                    *out = with;
                }
            }
        }
        out
    }

    /// The document with every field filled in that can be.
    fn grown(&mut self, mut document: Value) -> Value {
        let Some(object) = self.service.values.object() else { return document };
        for field in object.fields.iter().filter(|field| document.get(&field.name).is_none()).cloned().collect::<Vec<_>>() {
            let grown = [Fill::Most, Fill::Most, Fill::Most, Fill::Least].into_iter().find_map(|fill| {
                let mut with = document.clone();
                with[&field.name] = sample(&field.schema, &self.service.types, fill, &mut self.random);
                self.rule(&with).valid().then_some(with)
            });
            document = grown.unwrap_or(document);
        }
        document
    }

    /// Each place: a good document that has it, and what is tried there.
    fn trials(&mut self, unreached: &mut BTreeSet<String>, most: usize) {
        let service = self.service;
        let mut spots = spots::spots(service);
        // A schema of a thousand places is tried at some of them.
        while spots.len() > most.max(50) {
            let at = self.random.below(spots.len());
            spots.swap_remove(at);
        }
        let hosts: Vec<Value> =
            self.made.iter().filter(|case| case.ruling.valid()).map(|case| case.document.clone()).take(12).collect();
        for spot in &spots {
            let Some((host, pointer)) = self.host(spot, &hosts) else {
                unreached.insert(spot.place.to_string());
                continue;
            };
            let current = host.pointer(&pointer).cloned().unwrap_or_default();
            self.keep(host.clone(), format!("{} with a value", spot.place), Some(tried(spot, "value")));
            for trial in trials::trials(spot.schema, &service.types, &current, &mut self.random) {
                let mut document = host.clone();
                place_in::set(&mut document, &pointer, trial.value);
                self.keep(document, format!("{} at {}", trial.what, shown(&pointer)), Some(tried(spot, trial.keyword)));
            }
        }
    }

    /// A good document that has the place, and where.
    fn host(&mut self, spot: &Spot<'_>, hosts: &[Value]) -> Option<(Value, String)> {
        for attempt in 0..hosts.len() + 10 {
            let host = hosts.get(attempt).or_else(|| self.random.pick(hosts)).cloned()?;
            let fill = if attempt % 3 == 2 { Fill::Most } else { Fill::Least };
            let (document, pointer) = place_in::reach(self.service, spot, host, fill, &mut self.random)?;
            if let Some(document) = self.mended(document, &pointer) {
                return Some((document, pointer));
            }
        }
        None
    }

    /// The document as it is, or without other keys on the way to the pointer: where a rule admits one of two, both are there.
    fn mended(&self, mut document: Value, pointer: &str) -> Option<Value> {
        let mut faults = self.rule(&document).faults.len();
        for _ in 0..3 {
            if faults == 0 {
                break;
            }
            let fewer = beside(&document, pointer).into_iter().find_map(|other| {
                let mut without = document.clone();
                crate::place::remove(&mut without, &other);
                let left = self.rule(&without).faults.len();
                (left < faults).then_some((left, without))
            });
            (faults, document) = fewer?;
        }
        (faults == 0).then_some(document)
    }

    /// Good documents with something changed anywhere, until there are enough.
    fn changes(&mut self, least: usize) {
        let hosts: Vec<Value> = self.made.iter().filter(|case| case.ruling.valid()).map(|case| case.document.clone()).collect();
        for _ in 0..4 * least {
            if self.made.len() >= least {
                break;
            }
            let Some(mut document) = self.random.pick(&hosts).cloned() else { break };
            for _ in 0..1 + self.random.below(2) {
                trials::change(&mut document, &mut self.random);
            }
            self.keep(document, "with something changed".to_owned(), None);
        }
    }

    fn rule(&self, document: &Value) -> Ruling {
        self.referee.rule(self.view, document)
    }

    fn keep(&mut self, document: Value, what: String, tries: Option<Tried>) {
        if document.is_object() && self.seen.insert(document.to_string()) {
            self.made.push(Case::new(self.referee, self.view, document, what, tries));
        }
    }
}

/// The pointers of the other keys at every step of the way to a pointer, the nearest first.
fn beside(document: &Value, pointer: &str) -> Vec<String> {
    let mut parents: Vec<&str> = pointer.match_indices('/').map(|(end, _)| &pointer[..end]).chain([pointer]).collect();
    parents.reverse();
    let keys = |parent: &str| -> Vec<String> {
        let members = document.pointer(parent).and_then(Value::as_object);
        members
            .into_iter()
            .flat_map(|members| members.keys())
            .map(|key| format!("{parent}/{}", manifest::pointer::escape(key)))
            .collect()
    };
    parents.into_iter().flat_map(keys).filter(|other| !pointer.starts_with(other.as_str())).collect()
}

fn tried(spot: &Spot<'_>, keyword: &'static str) -> Tried {
    Tried { place: spot.place.to_string(), keyword }
}

fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}

/// The documents that show the most: first those that break something that none before them breaks, then round after round one more
/// of each verdict, keyword and place.
fn chosen(cases: Vec<Case>, most: usize) -> Vec<Case> {
    if cases.len() <= most {
        return cases;
    }
    let mut broken = BTreeSet::new();
    let mut rounds = BTreeMap::<(bool, Option<Tried>), usize>::new();
    let mut ranked: Vec<(usize, usize, Case)> = Vec::new();
    for (number, case) in cases.into_iter().enumerate() {
        let alone = case.ruling.faults.len() == 1;
        let blamed = case.whole_ruling.faults.iter().chain(&case.ruling.faults).flat_map(|fault| &fault.blamed);
        let news = blamed.filter(|constraint| broken.insert((alone, (*constraint).clone()))).count();
        let round = rounds.entry((case.ruling.valid(), case.tries.clone())).or_default();
        *round += 1;
        ranked.push((if news > 0 { 0 } else { *round }, number, case));
    }
    ranked.sort_by_key(|(round, number, _)| (*round, *number));
    ranked.truncate(most);
    ranked.sort_by_key(|(_, number, _)| *number);
    ranked.into_iter().map(|(.., case)| case).collect()
}
