//! What callers put in and the writer takes out.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, PoisonError};

use gix::ObjectId;
use manifest::layout::ReleasePath;

use crate::change::{Change, Effect, Landed};
use crate::error::Error;
use crate::id::CommitId;

/// How many changes go into one push.
const BATCH: usize = 256;
/// Changes and readers that wait.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    more: Condvar,
}

#[derive(Default)]
struct Inner {
    changes: VecDeque<Waiting>,
    proposals: VecDeque<Proposal>,
    readers: Vec<Sender<Result<Seen, Error>>>,
    /// Whether it is a proposal's turn.
    turn: bool,
    closed: bool,
}

/// What a reader wants to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub head: Option<ObjectId>,
    pub rewritten: Option<ObjectId>,
}

/// A change and who waits for it.
pub(crate) struct Waiting {
    pub change: Change,
    pub reply: Sender<Result<Landed, Error>>,
    /// The head when it was first sent.
    pub sent: Option<Option<ObjectId>>,
    /// Whether a push of it ended without an answer.
    pub unknown: bool,
}

/// A change that is to have a branch of its own.
pub(crate) struct Proposal {
    pub change: Change,
    pub branch: String,
    /// Whether it is pushed, or only looked for.
    pub push: bool,
    pub reply: Sender<Result<Option<Staged>, Error>>,
}

/// Where a proposal is.
#[derive(Clone, Debug)]
pub(crate) struct Staged {
    pub commit: CommitId,
    pub effects: Vec<(ReleasePath, Effect)>,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// In the base.
    Landed,
    /// Nowhere: there is nothing to propose.
    Unchanged,
    /// In its branch, as it was.
    Kept,
    /// In its branch, on the base as it is now.
    Pushed,
}

/// What there is to do next.
pub(crate) enum Work {
    Changes(Vec<Waiting>),
    Proposal(Box<Proposal>),
    Readers(Vec<Sender<Result<Seen, Error>>>),
}

impl Queue {
    pub(crate) fn change(&self, change: Change, reply: Sender<Result<Landed, Error>>) {
        self.with(|inner| inner.changes.push_back(Waiting { change, reply, sent: None, unknown: false }));
    }

    pub(crate) fn propose(&self, proposal: Proposal) {
        self.with(|inner| inner.proposals.push_back(proposal));
    }

    pub(crate) fn read(&self, reply: Sender<Result<Seen, Error>>) {
        self.with(|inner| inner.readers.push(reply));
    }

    pub(crate) fn close(&self) {
        self.with(|inner| inner.closed = true);
    }

    fn with(&self, act: impl FnOnce(&mut Inner)) {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner));
        self.more.notify_one();
    }

    /// Waits for work; `None` when there is none and will be none.
    pub(crate) fn take(&self) -> Option<Work> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !inner.readers.is_empty() {
                return Some(Work::Readers(std::mem::take(&mut inner.readers)));
            }
            // By turns: neither kind waits until there is none of the other.
            inner.turn = !inner.turn;
            if (inner.turn || inner.changes.is_empty())
                && let Some(proposal) = inner.proposals.pop_front()
            {
                return Some(Work::Proposal(Box::new(proposal)));
            }
            if !inner.changes.is_empty() {
                let count = inner.changes.len().min(BATCH);
                return Some(Work::Changes(inner.changes.drain(..count).collect()));
            }
            if inner.closed {
                return None;
            }
            inner = self.more.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
