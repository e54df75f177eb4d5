//! Tells the followers that the branch has changed, once for whatever was pushed meanwhile; nobody's change waits for that.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use manifest::layout::{Located, ReleasePath};

use crate::id::CommitId;
use crate::sync::{Follower, SyncError};

/// How often one that can't listen now is told again.
const PULSE: Duration = Duration::from_secs(1);

/// What was pushed.
pub(crate) struct Push {
    pub tip: CommitId,
    pub releases: Vec<Located>,
}

pub(crate) struct Herald {
    pushes: Option<Sender<Push>>,
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

/// What became of it.
#[derive(Default)]
struct Told {
    inner: Mutex<Inner>,
    done: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Pushes that not all followers have been told of.
    open: usize,
    failed: Vec<SyncError>,
}

/// What a follower has to be told.
struct News {
    follower: Follower,
    releases: BTreeMap<ReleasePath, Located>,
    until: Instant,
}

impl Herald {
    /// Whom to tell, and how long one is tried that can't listen now.
    pub(crate) fn new(followers: Vec<Follower>, patience: Duration) -> Herald {
        let (pushes, heard) = mpsc::channel();
        let told = Arc::new(Told::default());
        let thread = {
            let told = Arc::clone(&told);
            std::thread::spawn(move || run(&heard, followers, patience, &told))
        };
        Herald { pushes: Some(pushes), told, thread: Some(thread) }
    }

    pub(crate) fn tell(&self, push: Push) {
        self.told.with(|inner| inner.open += 1);
        if let Some(pushes) = &self.pushes {
            // It ends with us alone.
            pushes.send(push).ok();
        }
    }

    /// Waits until the followers were told of all that was pushed before; returns why some couldn't be since this was last asked.
    pub(crate) fn told(&self) -> Vec<SyncError> {
        let mut inner = self.told.inner.lock().unwrap_or_else(PoisonError::into_inner);
        while inner.open > 0 {
            inner = self.told.done.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut inner.failed)
    }
}

impl Told {
    fn with(&self, act: impl FnOnce(&mut Inner)) {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner));
        self.done.notify_all();
    }
}

fn run(pushes: &Receiver<Push>, followers: Vec<Follower>, patience: Duration, told: &Told) {
    let news = |follower| News { follower, releases: BTreeMap::new(), until: Instant::now() };
    let mut all: Vec<News> = followers.into_iter().map(news).collect();
    let (mut open, mut tip) = (0, None);
    loop {
        let is_waiting = all.iter().any(|news| !news.releases.is_empty());
        let next =
            if is_waiting { pushes.recv_timeout(PULSE) } else { pushes.recv().map_err(|_| RecvTimeoutError::Disconnected) };
        let is_over = match next {
            Ok(first) => {
                for push in std::iter::once(first).chain(pushes.try_iter()) {
                    open += 1;
                    tip = Some(push.tip);
                    for news in &mut all {
                        news.until = Instant::now() + patience;
                        news.releases.extend(push.releases.iter().map(|located| (located.path.clone(), located.clone())));
                    }
                }
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        if let Some(tip) = tip {
            all.iter_mut().for_each(|news| news.spread(tip, is_over, told));
        }
        if all.iter().all(|news| news.releases.is_empty()) {
            told.with(|inner| inner.open -= open);
            open = 0;
        }
        if is_over {
            return;
        }
    }
}

impl News {
    fn spread(&mut self, tip: CommitId, is_over: bool, told: &Told) {
        if self.releases.is_empty() {
            return;
        }
        let releases: Vec<Located> = std::mem::take(&mut self.releases).into_values().collect();
        if let Err((again, error)) = self.follower.trigger(&releases, tip) {
            match error.is_transient() && Instant::now() < self.until && !is_over {
                true => self.releases = again.into_iter().map(|located| (located.path.clone(), located)).collect(),
                false => told.with(|inner| inner.failed.push(error)),
            }
        }
    }
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
