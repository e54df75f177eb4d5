//! The audit is itself tried: faults are put into what was generated, and each has to be seen.
//!
//! A fault changes one place of one emitted file, drawn by seed among those where it is possible. What isn't seen is a survivor: either
//! the documents don't try the place, or nobody looks at the answer.

mod edits;

use std::collections::BTreeMap;

use anyhow::ensure;

use crate::audit::{Extent, Questions, audit};
use crate::random::Random;
use crate::subject::Subject;
use crate::system::System;

/// A kind of fault.
pub(crate) struct Fault {
    /// As `a dropped pattern in the chart's schema`.
    pub name: &'static str,
    /// The group of systems that has to see it.
    pub group: &'static str,
    /// The file that it is put into, as `charts/*/values.schema.json`; `*` is the service.
    pub file: &'static str,
    /// All texts with such a fault that the file's text can become, with the places; few or many.
    pub edits: fn(&str) -> Vec<edits::Edit>,
}

/// What became of a fault.
pub(crate) struct Fate {
    pub fault: &'static Fault,
    pub service: String,
    pub place: String,
    /// How the first system that saw it said so; `None`: it survived.
    pub seen: Option<String>,
}

/// The list. At least one for each file that a system reads, and each keyword's most probable mistake.
pub(crate) const FAULTS: &[Fault] = &[
    fault("a dropped pattern in the chart's schema", "helm", CHART, edits::json_pattern),
    fault("an off-by-one bound in the chart's schema", "helm", CHART, edits::json_bound),
    fault("a lost `required` in the chart's schema", "helm", CHART, edits::json_required),
    fault("an opened object in the chart's schema", "helm", CHART, edits::json_opened),
    fault("a choice more in the chart's schema", "helm", CHART, edits::json_choice),
    fault("a wrong default in values.yaml", "helm", VALUES, edits::yaml_scalar),
    fault("a dropped pattern in the definition", "kro", DEFINITION, edits::marker_pattern),
    fault("an off-by-one bound in the definition", "kro", DEFINITION, edits::marker_bound),
    fault("a lost `required` in the definition", "kro", DEFINITION, edits::marker_required),
    fault("a wrong default in the definition", "kro", DEFINITION, edits::marker_default),
    fault("a choice less in the definition", "kro", DEFINITION, edits::marker_choice),
    fault("a field that is missing in the definition", "kro", DEFINITION, edits::marker_field),
    fault("a dropped rule of the admission policy", "kro", DEFINITION, edits::policy_rule),
    fault("a dropped pattern in the model", "rust", MODEL, edits::embedded_pattern),
    fault("a lost field of the model", "rust", MODEL_CODE, edits::rust_field),
    fault("an unquoted value in the skeleton", "backstage", SKELETON, edits::skeleton_unquoted),
    fault("a lost value in the skeleton", "backstage", SKELETON, edits::skeleton_lost),
    fault("a dropped pattern in the template", "backstage", TEMPLATE, edits::yaml_pattern),
    fault("an off-by-one bound in the template", "backstage", TEMPLATE, edits::yaml_bound),
    fault("a lost `required` in the template", "backstage", TEMPLATE, edits::yaml_required),
];

const CHART: &str = "charts/*/values.schema.json";
const VALUES: &str = "charts/*/values.yaml";
const DEFINITION: &str = "definitions/*.yaml";
const MODEL: &str = "generated/src/*/schema.json";
const MODEL_CODE: &str = "generated/src/*.rs";
const SKELETON: &str = "software-templates/*/skeleton/manifest.yaml";
const TEMPLATE: &str = "software-templates/*/template.yaml";

const fn fault(name: &'static str, group: &'static str, file: &'static str, edits: fn(&str) -> Vec<edits::Edit>) -> Fault {
    Fault { name, group, file, edits }
}

/// Puts faults of a group into the services, at most one into each at a time, until each kind was tried `times`; `systems` are those of the
/// group, made anew for each round, since they keep what they were shown.
///
/// # Errors
/// If a program fails, or a kind of fault finds no place at all.
pub(crate) fn try_faults(
    subjects: &[Subject],
    group: &str,
    mut systems: impl FnMut() -> anyhow::Result<Vec<Box<dyn System>>>,
    extent: Extent,
    times: usize,
) -> anyhow::Result<Vec<Fate>> {
    let mut random = Random(extent.seed);
    let mut waiting: Vec<(&'static Fault, usize)> = Vec::new();
    for fault in FAULTS.iter().filter(|fault| fault.group == group) {
        waiting.extend((0..times).map(|time| (fault, time)));
    }
    let mut out = Vec::new();
    while !waiting.is_empty() {
        let mut round: BTreeMap<usize, (&'static Fault, String, Subject)> = BTreeMap::new();
        let before = waiting.len();
        waiting.retain(|(fault, time)| {
            // Another service each time, as far as there are such.
            let order = (0..subjects.len()).map(|step| (step + time + random.below(subjects.len())) % subjects.len());
            let free: Vec<usize> = order.filter(|number| !round.contains_key(number)).collect();
            let put = free.iter().find_map(|number| Some((*number, put(subjects.get(*number)?, fault, &mut random)?)));
            match put {
                Some((number, (place, subject))) => round.insert(number, (*fault, place, subject)).is_some(),
                None => true,
            }
        });
        ensure!(waiting.len() < before, "{} can't be put anywhere", waiting.first().map_or("", |(fault, _)| fault.name));
        let faulty: Vec<Subject> = round.values().map(|(.., subject)| subject.clone()).collect();
        let findings = audit(&faulty, &mut systems()?, &Questions::Made(extent))?;
        for (fault, place, subject) in round.into_values() {
            let disagreed = findings.disagreements.iter().find(|found| found.service == subject.name());
            let refused = findings.refused.iter().find(|(_, refused)| refused.service == subject.name());
            let seen = disagreed.map(|found| format!("{} {}: {}", found.system, found.kind.sentence(), found.why));
            let seen = seen.or_else(|| refused.map(|(system, refused)| format!("{system} doesn't take it: {}", refused.why)));
            out.push(Fate { fault, service: subject.name().to_owned(), place, seen });
        }
    }
    Ok(out)
}

/// A service with the fault, and where; `None` if nothing of it can have it.
fn put(subject: &Subject, fault: &Fault, random: &mut Random) -> Option<(String, Subject)> {
    let service = &subject.made.service.name;
    let name = if fault.file.starts_with("generated/") { service.module() } else { service.to_string() };
    let path = fault.file.replace('*', &name);
    let text = subject.files.get(&path)?;
    let edits = (fault.edits)(text);
    let edit = random.pick(&edits)?;
    let mut faulty = subject.clone();
    faulty.files.insert(path.clone(), edit.text.clone());
    Some((format!("{path}: {}", edit.place), faulty))
}
