//! Tells the followers that the branch has changed, once for whatever was pushed meanwhile; nobody's change waits for that.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use manifest::layout::Located;

use crate::id::CommitId;
use crate::sync::{Follower, SyncError};

/// How often one that can't listen now is told again.
const PULSE: Duration = Duration::from_secs(1);

/// How many failures are kept for whoever asks; the older ones are forgotten.
const FAILURES: usize = 100;

/// What was pushed.
pub(crate) struct Push {
    pub tip: CommitId,
    pub releases: Vec<Changed>,
}

/// A release that a push has changed.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub located: Located,
    pub is_deleted: bool,
}

pub(crate) struct Herald {
    pushes: Option<Sender<Push>>,
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

/// How far it is.
#[derive(Default)]
struct Told {
    inner: Mutex<Inner>,
    more: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Pushes that it was given.
    given: u64,
    /// Of these, so many from the first are done with.
    done: u64,
    failed: Vec<SyncError>,
}

/// Something of a follower's that is to be told: an Application, a Kustomization.
struct Target {
    is_deleted: bool,
    tip: CommitId,
    /// The first push that it wasn't told of, and when that was.
    first: u64,
    since: Instant,
}

impl Herald {
    /// Whom to tell, and how long one is tried that can't listen now.
    pub(crate) fn new(followers: Vec<Follower>, patience: Duration) -> Herald {
        let (pushes, heard) = mpsc::channel();
        let told = Arc::new(Told::default());
        let thread = {
            let told = Arc::clone(&told);
            std::thread::spawn(move || {
                // Nobody waits for a thread that is gone.
                let _end = End(&told);
                run(&heard, &followers, patience, &told);
            })
        };
        Herald { pushes: Some(pushes), told, thread: Some(thread) }
    }

    pub(crate) fn tell(&self, push: Push) {
        self.told.with(|inner| inner.given += 1);
        if let Some(pushes) = &self.pushes {
            // It ends with us alone.
            pushes.send(push).ok();
        }
    }

    /// Waits until the followers were told of all that was pushed before; returns why some couldn't be since this was last asked.
    pub(crate) fn told(&self) -> Vec<SyncError> {
        let mut inner = self.told.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let given = inner.given;
        while inner.done < given {
            inner = self.told.more.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut inner.failed)
    }
}

impl Told {
    fn with(&self, act: impl FnOnce(&mut Inner)) {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner));
        self.more.notify_all();
    }
}

struct End<'a>(&'a Told);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.with(|inner| inner.done = u64::MAX);
    }
}

fn run(pushes: &Receiver<Push>, followers: &[Follower], patience: Duration, told: &Told) {
    let mut all: Vec<BTreeMap<String, Target>> = followers.iter().map(|_| BTreeMap::new()).collect();
    let mut number = 0;
    loop {
        let is_waiting = all.iter().any(|targets| !targets.is_empty());
        let next =
            if is_waiting { pushes.recv_timeout(PULSE) } else { pushes.recv().map_err(|_| RecvTimeoutError::Disconnected) };
        let is_over = matches!(next, Err(RecvTimeoutError::Disconnected));
        for push in next.into_iter().chain(pushes.try_iter()) {
            number += 1;
            for (follower, targets) in followers.iter().zip(&mut all) {
                for (name, is_deleted) in follower.targets(&push.releases) {
                    let target = Target { is_deleted, tip: push.tip, first: number, since: Instant::now() };
                    let target = targets.entry(name).or_insert(target);
                    (target.is_deleted, target.tip) = (target.is_deleted || is_deleted, push.tip);
                }
            }
        }
        for (follower, targets) in followers.iter().zip(&mut all) {
            let failed = spread(follower, targets, |target| is_over || target.since.elapsed() >= patience);
            told.with(|inner| {
                inner.failed.extend(failed);
                let old = inner.failed.len().saturating_sub(FAILURES);
                inner.failed.drain(..old);
            });
        }
        let first = all.iter().flat_map(BTreeMap::values).map(|target| target.first).min();
        told.with(|inner| inner.done = first.map_or(number, |first| first - 1));
        if is_over {
            return;
        }
    }
}

/// Tells each of a follower's targets; those that are to be told again stay.
fn spread(follower: &Follower, targets: &mut BTreeMap<String, Target>, is_late: impl Fn(&Target) -> bool) -> Vec<SyncError> {
    let (mut failed, mut silent) = (Vec::new(), None);
    targets.retain(|name, target| {
        // Of a server that doesn't answer, the others needn't be asked for.
        let told = match &silent {
            Some(error) => Err(SyncError::clone(error)),
            None => follower.tell(name, target.is_deleted, target.tip),
        };
        let Err(error) = told else { return false };
        if matches!(error, SyncError::Rest(_)) {
            silent = Some(error.clone());
        }
        let again = error.is_transient() && !is_late(target);
        if !again {
            failed.push(error);
        }
        again
    });
    // The same error of each of them says no more.
    failed.dedup();
    failed
}

impl Drop for Herald {
    /// What is still to be told is told, once.
    fn drop(&mut self) {
        self.pushes = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
