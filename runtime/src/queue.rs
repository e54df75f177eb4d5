//! What callers put in and the writer takes out.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gix::ObjectId;
use manifest::layout::ReleasePath;

use crate::change::{Change, Effect, Landed};
use crate::error::Error;
use crate::id::CommitId;

/// How many changes go into one push.
const BATCH: usize = 256;

/// How long the next of those who were just answered together is waited for. They come back one after the other, and whoever comes after
/// the push has begun waits for the whole of it.
const SETTLE: Duration = Duration::from_millis(2);

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
    /// Whose turn was last.
    turn: u8,
    closed: bool,
    /// Changes that may be waiting once those who were answered last are back.
    expected: usize,
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
        inner = self.settle(inner);
        loop {
            if let Some(work) = inner.next() {
                return Some(work);
            }
            if inner.closed {
                return None;
            }
            inner = self.more.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// So many are about to be answered.
    pub(crate) fn answers(&self, count: usize) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.expected = if count > 1 { (inner.changes.len() + count).min(BATCH) } else { 0 };
    }

    /// Lets those come back who were answered together, as long as they do. A lone caller waits for nobody.
    fn settle<'a>(&self, mut inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        let expected = std::mem::take(&mut inner.expected);
        let mut until = Instant::now() + SETTLE;
        while inner.changes.len() < expected && inner.readers.is_empty() && inner.proposals.is_empty() && !inner.closed {
            let before = inner.changes.len();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inner = self.more.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
            if inner.changes.len() > before {
                until = Instant::now() + SETTLE;
            }
        }
        inner
    }
}

impl Inner {
    /// What is next: by turns, so that no kind waits until there is none of the others.
    fn next(&mut self) -> Option<Work> {
        for _ in 0..3 {
            self.turn = (self.turn + 1) % 3;
            let work = match self.turn {
                0 if !self.readers.is_empty() => Some(Work::Readers(std::mem::take(&mut self.readers))),
                1 => self.proposals.pop_front().map(|proposal| Work::Proposal(Box::new(proposal))),
                2 if !self.changes.is_empty() => {
                    let count = self.changes.len().min(BATCH);
                    Some(Work::Changes(self.changes.drain(..count).collect()))
                }
                _ => None,
            };
            if work.is_some() {
                return work;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use manifest::layout::Layouts;

    use super::*;

    #[test]
    fn readers_and_writers_take_turns() {
        let queue = Queue::default();
        let located = Layouts::default().find("acme/webapp/shop/manifest.yaml").unwrap();
        let mut kinds = String::new();
        for _ in 0..4 {
            queue.read(mpsc::channel().0);
            if kinds.is_empty() {
                queue.change(Change::delete(located.clone()), mpsc::channel().0);
            }
            kinds.push(match queue.take() {
                Some(Work::Readers(_)) => 'r',
                Some(Work::Changes(_)) => 'c',
                _ => '?',
            });
        }
        assert_eq!(kinds.matches('c').count(), 1, "{kinds}");
        queue.close();
        while queue.take().is_some() {}
    }
}
