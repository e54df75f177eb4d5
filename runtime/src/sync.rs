//! What follows the branch, Argo CD or Flux: it is told of a push, and asked what became of a release.

mod argo_cd;
mod flux;
mod kube;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};

use manifest::layout::Located;
use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::herald::Changed;
use crate::id::CommitId;
use crate::rest::{Answer, RestError};

pub use argo_cd::ArgoCd;
pub use flux::Flux;
pub use kube::{Kube, KubeError};

/// How often is asked: often at first, then less.
const PULSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// How long something may be degraded before it counts: controllers try again, and a rollout passes through it.
const GRACE: Duration = Duration::from_secs(30);

/// What follows the branch.
#[derive(Clone, Debug)]
pub enum Follower {
    /// Argo CD, over its API.
    ArgoCd(ArgoCd),
    /// Flux, over the API of Kubernetes.
    Flux(Flux),
}

/// Why a follower can't be told or asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// It can't be reached.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// It doesn't do what it is asked for.
    #[error("{what}: {words}")]
    Refused {
        /// Of what.
        what: String,
        /// In its own words.
        words: String,
    },
    /// It doesn't know the object, or not yet.
    #[error("{what} isn't there")]
    Missing {
        /// The object.
        what: String,
    },
    /// It can't do that now.
    #[error("{what} is busy: {words}")]
    Busy {
        /// The object.
        what: String,
        /// In its own words.
        words: String,
    },
    /// Which revisions have the change can't be said.
    #[error("the branch can't be read: {reason}")]
    Branch {
        /// Why.
        reason: String,
        /// Whether it may be said a little later.
        transient: bool,
    },
}

/// Where a release stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// In one word.
    pub state: State,
    /// Why, in the words of whoever says so.
    pub reason: String,
}

/// Where a release stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The change is applied, and what it made is healthy.
    Healthy,
    /// It isn't applied yet, or isn't healthy yet.
    Waiting,
    /// Something is wrong, and may mend itself.
    Degraded,
    /// It won't be applied as it is.
    Failed,
    /// There is no such release in the cluster.
    Gone,
    /// Nobody says.
    Unknown,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// That the release is healthy.
    Healthy,
    /// That it is gone.
    Gone,
    /// That what it shares with other releases is healthy without it, or gone with the last of them.
    Without,
}

/// Tells which revisions of the branch have a commit ([`crate::Repository::lineage`]).
pub struct Lineage<'a> {
    look: Box<dyn FnMut(CommitId) -> Result<bool, Error> + 'a>,
    known: HashMap<String, bool>,
}

impl Follower {
    /// What is to be told if releases were changed, and whether something of it was deleted.
    pub(crate) fn targets(&self, releases: &[Changed]) -> BTreeMap<String, bool> {
        match self {
            Follower::ArgoCd(argo_cd) => argo_cd.targets(releases),
            Follower::Flux(flux) => flux.targets(releases),
        }
    }

    /// Tells a target that the branch has changed.
    pub(crate) fn tell(&self, target: &str, is_deleted: bool, tip: CommitId) -> Result<(), SyncError> {
        match self {
            Follower::ArgoCd(argo_cd) => argo_cd.tell(target, is_deleted, tip),
            Follower::Flux(flux) => flux.tell(target, tip),
        }
    }

    /// What is to become of a release that was put, or deleted.
    #[must_use]
    pub fn goal(&self, is_deleted: bool) -> Goal {
        match self {
            _ if !is_deleted => Goal::Healthy,
            Follower::ArgoCd(argo_cd) if argo_cd.is_shared() => Goal::Without,
            Follower::ArgoCd(_) | Follower::Flux(_) => Goal::Gone,
        }
    }

    /// Where a release stands, with respect to a commit.
    ///
    /// # Errors
    /// If the follower can't be asked.
    pub fn status(&self, located: &Located, lineage: &mut Lineage<'_>) -> Result<Status, SyncError> {
        match self {
            Follower::ArgoCd(argo_cd) => argo_cd.status(located, lineage),
            Follower::Flux(flux) => flux.status(located, lineage),
        }
    }

    /// Asks until the release is as it should be, or can't be, or the time is over; says on the way what has changed.
    ///
    /// # Errors
    /// If the follower refuses to be asked. One that can't be reached is asked again.
    pub fn wait(
        &self,
        located: &Located,
        lineage: &mut Lineage<'_>,
        goal: Goal,
        limit: Duration,
        mut tell: impl FnMut(&Status),
    ) -> Result<Status, SyncError> {
        let (begun, mut pulse) = (Instant::now(), PULSE.0);
        let (mut degraded, mut last) = (None, None);
        loop {
            let status = match self.status(located, lineage) {
                Err(error) if error.is_transient() => Status { state: State::Waiting, reason: error.to_string() },
                status => status?,
            };
            if status.state != State::Degraded {
                degraded = None;
            }
            let since = *degraded.get_or_insert_with(Instant::now);
            let over = match status.state {
                State::Failed => true,
                State::Degraded => goal != Goal::Gone && since.elapsed() >= GRACE,
                state => goal.is_reached(state),
            };
            if over {
                return Ok(status);
            }
            if begun.elapsed() >= limit {
                let reason = format!("after {} s: {}", begun.elapsed().as_secs(), status.reason);
                return Ok(Status { reason, ..status });
            }
            if last.as_ref() != Some(&status) {
                tell(&status);
            }
            last = Some(status);
            std::thread::sleep(pulse.min(limit.saturating_sub(begun.elapsed())));
            pulse = (pulse * 3 / 2).min(PULSE.1);
        }
    }
}

impl Goal {
    /// Whether this is what was waited for.
    #[must_use]
    pub fn is_reached(self, state: State) -> bool {
        match self {
            Goal::Healthy => state == State::Healthy,
            Goal::Gone => state == State::Gone,
            Goal::Without => matches!(state, State::Healthy | State::Gone),
        }
    }
}

impl<'a> Lineage<'a> {
    /// That asks `look` whether a revision is in the branch, and is the commit or descends from it; once for each revision.
    #[must_use]
    pub fn new(look: impl FnMut(CommitId) -> Result<bool, Error> + 'a) -> Lineage<'a> {
        Lineage { look: Box::new(look), known: HashMap::new() }
    }

    /// Whether a revision, as Argo CD or Flux writes it (`main@sha1:<id>`), is the commit or a later one: others' changes may have gone into
    /// the same push.
    pub(crate) fn has(&mut self, revision: &str) -> Result<bool, SyncError> {
        if let Some(known) = self.known.get(revision) {
            return Ok(*known);
        }
        let Ok(id) = revision.rsplit(':').next().unwrap_or_default().parse::<CommitId>() else { return Ok(false) };
        let found =
            (self.look)(id).map_err(|error| SyncError::Branch { reason: error.to_string(), transient: error.is_transient() })?;
        self.known.insert(revision.to_owned(), found);
        Ok(found)
    }
}

impl fmt::Debug for Lineage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lineage").field("known", &self.known).finish_non_exhaustive()
    }
}

impl SyncError {
    /// Whether the same may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            SyncError::Rest(error) => matches!(error, RestError::Unreachable { .. }),
            SyncError::Missing { .. } | SyncError::Busy { .. } => true,
            SyncError::Branch { transient, .. } => *transient,
            SyncError::Refused { .. } => false,
        }
    }

    /// An answer that has JSON in it.
    fn good(what: String, answer: Answer) -> Result<Value, SyncError> {
        match answer.is_ok() {
            true if answer.body.is_null() => {
                let words = "it answers with something other than JSON: is that its address?".to_owned();
                Err(SyncError::Refused { what, words })
            }
            true => Ok(answer.body),
            false => Err(SyncError::of(what, &answer)),
        }
    }

    /// What an answer that isn't one means.
    fn of(what: String, answer: &Answer) -> SyncError {
        match answer.status {
            404 => SyncError::Missing { what },
            409 | 429 | 500.. => SyncError::Busy { what, words: answer.words() },
            _ => SyncError::Refused { what, words: answer.words() },
        }
    }
}

impl Status {
    /// A state, and why.
    #[must_use]
    pub fn new(state: State, reason: impl Into<String>) -> Status {
        // What others say is shown in a terminal.
        let reason: String = reason.into().chars().map(|c| if c.is_control() { ' ' } else { c }).take(2_000).collect();
        Status { state, reason }
    }
}
