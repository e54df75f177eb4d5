//! Proposals: a change on a branch of its own, and a pull request that asks for it.
//!
//! The writer's thread makes and pushes the branch ([`crate::stage`]); the forge is asked in the caller's. What there is already is looked
//! for first, so that a proposal that was merged, also squashed into a commit that bears no receipt of ours, isn't made again.

use std::sync::mpsc;

use manifest::layout::ReleasePath;
use serde::Serialize;

use crate::change::{Change, Effect};
use crate::commit::subject;
use crate::error::Error;
use crate::forge::{self, Forge, ForgeError, Found, Pull, State, Wanted};
use crate::id::{CommitId, JobId};
use crate::queue::{Proposal, Queue, Staged, Standing};

/// Before a job's id in the name of its branch. `releases/` would bar a base that is called so.
const BRANCHES: &str = "proposals/";

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposed {
    /// How it stands.
    pub outcome: Outcome,
    /// Its branch, whether it is there or not.
    pub branch: String,
    /// The commit that is proposed, or has landed; for [`Outcome::Unchanged`] the base's head.
    pub commit: CommitId,
    /// Its pull request.
    pub pull: Option<Pull>,
    /// What it does to the releases; empty if only the forge knows of it any more.
    pub effects: Vec<(ReleasePath, Effect)>,
}

/// How a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A pull request was opened.
    Opened,
    /// Its pull request is open since it was first sent.
    Waiting,
    /// Its pull request was open, and its commit was made anew on what the base is now: somebody had changed its releases.
    Rebuilt,
    /// The base has it.
    Landed,
    /// Somebody closed its pull request.
    Closed,
    /// The base's releases are so already, and nothing was pushed.
    Unchanged,
}

pub(crate) fn propose(queue: &Queue, base: &str, change: Change, forge: &Forge) -> Result<Proposed, Error> {
    let job = change.id().clone();
    let branch = branch(&job);
    let failed = |pushed: bool| {
        let (branch, job) = (pushed.then(|| branch.clone()), job.clone());
        move |problem: ForgeError| Error::Forge { problem: Box::new(problem), branch, job }
    };
    let found = forge.find(&branch, base).map_err(failed(false))?;
    let open = found.as_ref().is_none_or(|found| found.state == State::Open);
    if let Some(found) = found.as_ref().filter(|found| forge::request_in(&found.body).is_some_and(|hash| hash != change.hash())) {
        return Err(Error::JobReused { job: job.clone(), commit: commit(found).map_err(failed(false))? });
    }

    let (reply, staged) = mpsc::channel();
    queue.propose(Proposal { change: change.clone(), branch: branch.clone(), push: open, reply });
    let staged = staged.recv().unwrap_or_else(|_| Err(Error::Cache { what: "has lost its writer".to_owned(), source: None }))?;

    let done = |outcome, staged: Staged, pull| {
        Ok(Proposed { outcome, branch: branch.clone(), commit: staged.commit, pull, effects: staged.effects })
    };
    let known = |staged: Option<Staged>, found: Found, outcome| {
        let staged = match staged {
            Some(staged) => staged,
            None => Staged { commit: commit(&found).map_err(failed(false))?, effects: Vec::new(), standing: Standing::Kept },
        };
        done(outcome, staged, Some(found.pull))
    };
    match (staged, found) {
        (Some(staged), found) if staged.standing == Standing::Landed => {
            done(Outcome::Landed, staged, found.map(|found| found.pull))
        }
        (staged, Some(found)) if found.state == State::Merged => known(staged, found, Outcome::Landed),
        (staged, Some(found)) if found.state == State::Closed => known(staged, found, Outcome::Closed),
        (Some(staged), found) if staged.standing == Standing::Unchanged => {
            done(Outcome::Unchanged, staged, found.map(|found| found.pull))
        }
        (Some(staged), Some(found)) if staged.standing == Standing::Kept => done(Outcome::Waiting, staged, Some(found.pull)),
        (Some(staged), Some(found)) => {
            let wanted = wanted(&change, &branch, base, &staged);
            let found = forge.update(found.pull.number, &wanted).map_err(failed(true))?;
            done(Outcome::Rebuilt, staged, Some(found.pull))
        }
        (Some(staged), None) => {
            let (outcome, pull) = open_at(forge, &wanted(&change, &branch, base, &staged)).map_err(failed(true))?;
            done(outcome, staged, Some(pull))
        }
        // The writer keeps quiet only if it is told not to push.
        (None, _) => Err(Error::Cache { what: "has lost a proposal".to_owned(), source: None }),
    }
}

/// Opens a pull request. Whatever the answer is, or if there is none, the forge has it if it says so.
fn open_at(forge: &Forge, wanted: &Wanted<'_>) -> Result<(Outcome, Pull), ForgeError> {
    let error = match forge.open(wanted) {
        Ok(found) => return Ok((Outcome::Opened, found.pull)),
        Err(error) => error,
    };
    // A forge that has one already refuses another: GitHub with 422, GitLab and Gitea with 409.
    let others = matches!(error, ForgeError::Refused(..));
    match forge.find(wanted.branch, wanted.base) {
        Ok(Some(found)) if found.state == State::Open => {
            Ok((if others { Outcome::Waiting } else { Outcome::Opened }, found.pull))
        }
        _ => Err(error),
    }
}

fn wanted<'a>(change: &Change, branch: &'a str, base: &'a str, staged: &Staged) -> Wanted<'a> {
    let effects: Vec<Effect> = staged.effects.iter().map(|(_, effect)| *effect).collect();
    Wanted { branch, base, title: subject(&change.edits, &effects), body: forge::body(change, &staged.effects) }
}

fn commit(found: &Found) -> Result<CommitId, ForgeError> {
    found.head.parse().map_err(|_| ForgeError::Odd("asking for the pull request's commit".to_owned()))
}

/// A job's own branch. Where a job is called what no branch may be, there are plus signs, which no job has.
fn branch(job: &JobId) -> String {
    let mut name = format!("{BRANCHES}{job}").replace("..", ".+.+");
    if name.ends_with('.') || name.ends_with(".lock") {
        name.push('+');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::Remote;

    #[test]
    fn every_job_has_a_branch_of_its_own() {
        let jobs = ["a", "a.lock", "a.", "a..", "a..b", "a...b", "a....b", "a.b", "a-b_c", "A", "a.lock.", "a.lock.b", "HEAD"];
        let mut names: Vec<String> = jobs.iter().map(|job| branch(&job.parse().unwrap())).collect();
        for name in &names {
            assert!(Remote::parse("r.git", name).is_ok(), "{name}");
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), jobs.len());
        assert_eq!(branch(&"order-7".parse().unwrap()), "proposals/order-7");
    }
}
