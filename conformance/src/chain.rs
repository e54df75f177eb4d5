//! The chain: what was typed into a form reaches the objects of the cluster, and so do a change and a removal; a change that can't be is
//! refused. The scaffolder, KRO, Flux's kustomize-controller and helm-controller and the API server are real.

mod compare;
mod made;
mod walk;

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use generator::ledger::Target;

use crate::cluster::Cluster;
use crate::install;
use crate::roster::Ground;
use crate::subject::Subject;
use crate::system::System;
use crate::system::scaffolder::{Generation, Scaffolder};

/// The system that fills in the template.
const SCAFFOLDER: &str = "backstage";

/// One step of a service.
pub(crate) struct Step {
    pub service: String,
    /// The author's example that is typed.
    pub example: String,
    pub what: &'static str,
    pub took: Duration,
    /// What is to be said beside that it is done; may be empty.
    pub note: String,
    /// What was expected and what is there instead, if it isn't as it has to be.
    pub failure: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.failure.is_some() { "FAILED" } else { "ok" };
        write!(f, "{:12} {:8} {:32} {verdict:7} {:5.1} s", self.service, self.example, self.what, self.took.as_secs_f32())?;
        if !self.note.is_empty() {
            write!(f, "  {}", self.note)?;
        }
        self.failure.as_ref().map_or(Ok(()), |failure| write!(f, "\n  {failure}"))
    }
}

/// The programs that the chain needs, KRO's own release not among them.
pub(crate) fn programs() -> impl Iterator<Item = &'static str> {
    crate::cluster::programs().chain([SCAFFOLDER])
}

/// Walks the chain with each service of these names, or with all, and tells each step as it is done. A service's steps end with the first
/// that fails.
///
/// # Errors
/// If a program can't be started.
pub(crate) fn chain(
    root: &Path,
    ground: &Ground,
    subjects: &[Subject],
    wanted: &[String],
    mut tell: impl FnMut(&Step),
) -> anyhow::Result<Vec<Step>> {
    let start = Instant::now();
    let subjects: Vec<Subject> = subjects.iter().filter(|subject| given(subject)).cloned().collect();
    let (cluster, scaffolder) = std::thread::scope(|scope| {
        let scaffolder = scope.spawn(|| backstage(ground, &subjects));
        (Cluster::start(root, ground.kro, &subjects, None), scaffolder.join())
    });
    let (mut cluster, mut scaffolder) = (cluster?, scaffolder.map_err(|_| anyhow::anyhow!("the scaffolder can't be started"))??);
    eprintln!("the platform is ready ({:.1} s): {}", start.elapsed().as_secs_f32(), scaffolder.version());
    let is_wanted = |subject: &&Subject| wanted.is_empty() || wanted.iter().any(|name| name == subject.name());
    let mut chosen: Vec<&Subject> = subjects.iter().filter(is_wanted).collect();
    // A tenant makes the namespace of all its releases.
    chosen.sort_by_key(|subject| (!walk::is_tenant(subject), subject.name().to_owned()));
    let mut steps = Vec::new();
    for (subject, (example, todo)) in
        chosen.iter().flat_map(|subject| walk::walks(subject).into_iter().map(move |walk| (*subject, walk)))
    {
        let mut walk = walk::Walk::new(subject, example, &subjects, &mut cluster, &mut scaffolder)
            .with_context(|| format!("{}: the chain can't begin with the example {example}", subject.name()))?;
        for (what, step) in todo {
            let start = Instant::now();
            let failure = step(&mut walk).err().map(|error| format!("{error:#}"));
            let (service, example) = (subject.name().to_owned(), example.to_owned());
            let note = std::mem::take(&mut walk.note);
            let step = Step { service, example, what, took: start.elapsed(), note, failure };
            tell(&step);
            let failed = step.failure.is_some();
            steps.push(step);
            if failed {
                walk.clear();
                break;
            }
        }
    }
    Ok(steps)
}

fn backstage(ground: &Ground, subjects: &[Subject]) -> anyhow::Result<Scaffolder> {
    let mut scaffolder = Scaffolder::new(Generation::Current, &install::need(SCAFFOLDER)?, &ground.logs);
    let refused = scaffolder.prepare(subjects)?;
    ensure!(refused.is_empty(), "the scaffolder doesn't take {:?}", refused.first());
    Ok(scaffolder)
}

/// Whether all targets of the chain are given for the service.
fn given(subject: &Subject) -> bool {
    [Target::Backstage, Target::Kro, Target::Helm].into_iter().all(|target| subject.gives(target)) && subject.chart.is_some()
}
