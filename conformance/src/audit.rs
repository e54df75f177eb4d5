//! The audit itself: services, documents, systems, verdicts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value;

use crate::document::{self, Case, Cases};
use crate::manifests;
use crate::predict::{self, Of, predict};
use crate::referee::{Fault, Referee};
use crate::subject::{Subject, View};
use crate::system::{Answer, Refused, System};
use crate::verdict::{Kind, Tally, Verdict, judge};

/// How much is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub seed: u64,
    /// Documents of each service and view: at least, if its schema gives so many, and at most.
    pub least: usize,
    pub most: usize,
}

/// What is asked.
pub(crate) enum Questions {
    /// Documents that are made from the model.
    Made(Extent),
    /// The values of one release.
    Given(Value),
}

impl Questions {
    fn cases(&self, subject: &Subject, referee: &Referee<'_>) -> Cases {
        match self {
            Questions::Made(extent) => document::cases(subject, referee, extent.seed, extent.least, extent.most),
            Questions::Given(values) => {
                let case = Case::new(referee, View::Release, values.clone(), "as it was given".to_owned(), None);
                Cases { cases: vec![case], unreached: BTreeSet::new() }
            }
        }
    }
}

/// What was seen.
#[derive(Default)]
pub(crate) struct Findings {
    /// By system and service.
    pub tallies: BTreeMap<(&'static str, String), Tally>,
    pub disagreements: Vec<Disagreement>,
    /// Services whose files a system doesn't take, though the ledger says that the target is given.
    pub refused: Vec<(&'static str, Refused)>,
    /// Places that no document could be made for, by service.
    pub unreached: BTreeMap<String, Vec<String>>,
    pub documents: usize,
    /// Where the program that people run says something else than its library, by system and service.
    pub differences: Vec<(&'static str, String, String)>,
    /// One mistake of each keyword and service, with what the systems say of it.
    pub mistakes: BTreeMap<(String, String), Mistake>,
}

/// A document with a single mistake.
pub(crate) struct Mistake {
    pub document: Value,
    pub fault: Fault,
    pub said: BTreeMap<&'static str, Vec<String>>,
}

impl Findings {
    /// Whether everything that was asked agrees.
    pub(crate) fn clean(&self) -> bool {
        self.disagreements.is_empty() && self.refused.is_empty() && self.differences.is_empty()
    }

    /// How often a system said something else than was foretold.
    pub(crate) fn misses(&self) -> usize {
        self.tallies.values().map(|tally| tally.misses.len()).sum()
    }
}

/// A verdict that the ledger doesn't explain, at its smallest.
pub(crate) struct Disagreement {
    pub system: &'static str,
    pub service: String,
    pub kind: Kind,
    pub what: String,
    pub why: String,
    pub document: Value,
    /// What every system says of the document.
    pub verdicts: Vec<(&'static str, bool, Vec<String>)>,
}

/// How many disagreements of one service in one system are made small and shown: the others are probably the same.
const SHOWN: usize = 6;

/// How many documents of a service are shown to a program that people run.
const SAMPLE: usize = 6;

/// Asks all systems about documents of all services.
///
/// # Errors
/// If a program fails, or the author's schema can't be used.
pub(crate) fn audit(subjects: &[Subject], systems: &mut [Box<dyn System>], questions: &Questions) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let mut out_of_it: Vec<(usize, String)> = Vec::new();
    for (number, system) in systems.iter_mut().enumerate() {
        let start = Instant::now();
        let refused = system.prepare(subjects)?;
        eprintln!("{} is ready ({:.1} s)", system.version(), start.elapsed().as_secs_f32());
        for refused in refused {
            out_of_it.push((number, refused.service.clone()));
            findings.refused.push((system.name(), refused));
        }
    }
    for subject in subjects {
        let start = Instant::now();
        let referee = Referee::new(subject)?;
        let made = questions.cases(subject, &referee);
        findings.documents += made.cases.len();
        findings.unreached.insert(subject.name().to_owned(), made.unreached.into_iter().collect());
        let made_in = start.elapsed();
        for number in 0..systems.len() {
            let is_out = out_of_it.iter().any(|(of, service)| *of == number && service == subject.name());
            if !is_out && systems.get(number).is_some_and(|system| asks(system.as_ref(), subject)) {
                ask(subject, &referee, &made.cases, systems, number, &mut findings)?;
                if let (Some(system), Questions::Made(extent)) = (systems.get_mut(number), questions) {
                    manifests::ask(subject, &referee, &made.cases, extent.seed, system.as_mut(), &mut findings)?;
                }
            }
        }
        eprintln!("{}: {} documents ({made_in:.1?}, asked {:.1?})", subject.name(), made.cases.len(), start.elapsed() - made_in);
    }
    Ok(findings)
}

/// Whether the service is given to the system at all.
fn asks(system: &dyn System, subject: &Subject) -> bool {
    system.target().is_none_or(|target| subject.gives(target))
}

/// Asks one system about all documents of a service.
fn ask(
    subject: &Subject,
    referee: &Referee<'_>,
    cases: &[Case],
    systems: &mut [Box<dyn System>],
    number: usize,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let Some(system) = systems.get_mut(number) else { return Ok(()) };
    let (name, view, target) = (system.name(), system.view(), system.target());
    let mut shown: Vec<(&Case, &Value)> = cases.iter().filter_map(|case| Some((case, case.shown(view)?.0))).collect();
    let slow = system.at_most() < shown.len();
    if slow {
        // All along the list, which goes along the schema.
        let every = shown.len().div_ceil(system.at_most());
        shown = shown.into_iter().step_by(every).collect();
    }
    let documents: Vec<&Value> = shown.iter().map(|(_, document)| *document).collect();
    let answers = system.ask(subject, &documents)?;
    let (some, said) = mixed(view, &shown, &answers);
    let differences = system.sample(subject, &some, &said)?;
    findings.differences.extend(differences.into_iter().map(|what| (name, subject.name().to_owned(), what)));
    let tally = findings.tallies.entry((name, subject.name().to_owned())).or_default();
    let mut disagreed = Vec::new();
    for ((case, _), answer) in shown.iter().zip(&answers) {
        if let Some(why) = &answer.unasked {
            *tally.unasked.entry(why.clone()).or_default() += 1;
            continue;
        }
        let verdict = judge(referee, target, view, case, answer);
        let foretold = predict(referee, Of { system: name, target, view }, case);
        let miss = foretold.and_then(|foretold| predict::miss(&foretold, answer));
        if let (Some(miss), Verdict::Agreed | Verdict::Explained(_)) = (miss, &verdict) {
            tally.misses.push((case.document.clone(), miss));
        }
        tally.enter(view, case, answer, &verdict);
        if let [fault] = case.ruling.faults.as_slice() {
            let key = (subject.name().to_owned(), fault.keyword.clone());
            let new = || Mistake { document: case.document.clone(), fault: fault.clone(), said: BTreeMap::new() };
            let mistake = findings.mistakes.entry(key).or_insert_with(new);
            if mistake.document == case.document {
                mistake.said.insert(name, answer.messages.clone());
            }
        }
        if let Verdict::Disagreed(kind, why) = verdict {
            disagreed.push((*case, kind, why));
        }
    }
    for (case, kind, why) in disagreed.into_iter().take(SHOWN) {
        let small = if slow { None } else { shrink(subject, referee, case, kind, systems, number)? };
        let (case, why) = small.unwrap_or_else(|| (case.clone(), why));
        let mut verdicts = Vec::new();
        for system in systems.iter_mut().filter(|system| asks(system.as_ref(), subject)) {
            if let Some((document, _)) = case.shown(system.view()) {
                let answer = system.ask(subject, &[document])?.into_iter().next().unwrap_or_default();
                if answer.unasked.is_none() {
                    verdicts.push((system.name(), answer.accepted, answer.messages));
                }
            }
        }
        findings.disagreements.push(Disagreement {
            system: name,
            service: subject.name().to_owned(),
            kind,
            what: case.what.clone(),
            why,
            document: case.document.clone(),
            verdicts,
        });
    }
    Ok(())
}

/// Some of the documents, good ones and broken ones, with their answers. A broken one that is accepted isn't among them: no chart is bound to
/// render `null` where its schema has an object, though Helm takes it as absent.
fn mixed<'v>(view: View, shown: &[(&Case, &'v Value)], answers: &[Answer]) -> (Vec<&'v Value>, Vec<Answer>) {
    let is_good = |case: &Case| case.shown(view).is_some_and(|(_, ruling)| ruling.valid());
    let of = |accepted: bool| {
        let same = shown.iter().zip(answers).filter(move |((case, _), answer)| {
            answer.accepted == accepted && answer.unasked.is_none() && (!accepted || is_good(case))
        });
        same.map(|((_, document), answer)| (*document, answer.clone())).take(SAMPLE / 2)
    };
    of(true).chain(of(false)).unzip()
}

/// The smallest document that still disagrees in this way: parts are taken away one by one as long as one can go.
fn shrink(
    subject: &Subject,
    referee: &Referee<'_>,
    case: &Case,
    kind: Kind,
    systems: &mut [Box<dyn System>],
    number: usize,
) -> anyhow::Result<Option<(Case, String)>> {
    let Some(system) = systems.get_mut(number) else { return Ok(None) };
    let (view, target) = (system.view(), system.target());
    let mut small = None;
    let mut current = case.clone();
    for _ in 0..40 {
        let smaller = |pointer: &String| {
            let mut document = current.document.clone();
            crate::place::remove(&mut document, pointer);
            Case::new(referee, current.view, document, current.what.clone(), current.tries.clone())
        };
        let candidates: Vec<Case> = crate::place::pointers(&current.document).iter().map(smaller).collect();
        let shown: Vec<&Value> = candidates.iter().filter_map(|case| case.shown(view)).map(|(document, _)| document).collect();
        let answers = system.ask(subject, &shown)?;
        let next =
            candidates.into_iter().zip(answers).find_map(|(case, answer)| match judge(referee, target, view, &case, &answer) {
                _ if answer.unasked.is_some() => None,
                Verdict::Disagreed(still, why) if still == kind => Some((case, why)),
                _ => None,
            });
        let Some((next, why)) = next else { break };
        current = next.clone();
        small = Some((next, why));
    }
    Ok(small)
}
