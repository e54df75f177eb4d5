//! Whole manifests: what a system holds of a release beside its values, such as whose it is and what can't change.

use serde_json::Value;

use crate::audit::{Disagreement, Findings};
use crate::document::{Case, immutable, release};
use crate::random::Random;
use crate::referee::Referee;
use crate::subject::{Subject, View};
use crate::system::System;

/// How many documents a release is looked for among.
const CANDIDATES: usize = 10;

/// Asks a system about manifests of a service, made from its smallest good release and from one that has the most of what can't
/// change: what has a value in the one has none in the other.
///
/// # Errors
/// If a program fails.
pub(crate) fn ask(
    subject: &Subject,
    referee: &Referee<'_>,
    cases: &[Case],
    seed: u64,
    system: &mut dyn System,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let good: Vec<&Value> =
        cases.iter().filter(|case| case.view == View::Release && case.ruling.valid()).map(|case| &case.document).collect();
    let fixed = immutable(referee);
    let there = |document: &Value| fixed.iter().filter(|pointer| document.pointer(pointer).is_some()).count();
    let mut fullest = good.clone();
    fullest.sort_by_key(|document| std::cmp::Reverse((there(document), crate::place::pointers(document).len())));
    let smallest = taken(subject, &good, system)?;
    let fullest = taken(subject, &fullest, system)?.filter(|fullest| Some(*fullest) != smallest);
    for base in smallest.into_iter().chain(fullest) {
        let release = release(referee, base, &mut Random(seed));
        for verdict in system.manifests(subject, &release)? {
            let Some((kind, why)) = verdict.disagrees() else { continue };
            findings.disagreements.push(Disagreement {
                system: system.name(),
                service: subject.name().to_owned(),
                kind,
                what: format!("a manifest, {}", verdict.what),
                why,
                document: base.clone(),
                verdicts: vec![(system.name(), verdict.accepted, verdict.messages)],
            });
        }
    }
    Ok(())
}

/// The first of the documents that the system takes: where it is stricter, and the ledger says so, a good one says nothing of manifests.
fn taken<'a>(subject: &Subject, good: &[&'a Value], system: &mut dyn System) -> anyhow::Result<Option<&'a Value>> {
    let good: Vec<&Value> = good.iter().copied().take(CANDIDATES).collect();
    let answers = system.ask(subject, &good)?;
    Ok(good.into_iter().zip(answers).find(|(_, answer)| answer.accepted).map(|(document, _)| document))
}
