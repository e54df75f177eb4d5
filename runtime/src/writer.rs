//! The one that writes: whatever is waiting goes into one push, a commit each.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gix::ObjectId;
use gix::objs::Tree;

use crate::change::{Change, Edit, Effect, Landed, Since};
use crate::commit::Pen;
use crate::direct::Direct;
use crate::error::Error;
use crate::git::{Fetched, Git, Pushed};
use crate::herald::{Changed, Herald, Push};
use crate::id::{BlobId, CommitId};
use crate::queue::{Queue, Seen, Waiting, Work};
use crate::scan::{From, scan};
use crate::settings::{Settings, Transport};
use crate::store::{FETCHED, Store};
use crate::tree;

/// The head as we last knew it: what was acknowledged is in it.
const HEAD: &str = "refs/trefoil/head";

/// How often others may be faster.
const LOST: u32 = 400;

pub(crate) struct Writer {
    pub store: Store,
    pub git: Git,
    pub settings: Arc<Settings>,
    direct: Option<Direct>,
    herald: Arc<Herald>,
    queue: Arc<Queue>,
    /// The head, if it needn't be asked for.
    head: Option<Option<ObjectId>>,
    /// The last head that was acknowledged, whether the cache has noted it or not.
    known: Option<ObjectId>,
}

/// What a batch would be.
struct Plan {
    tip: Option<ObjectId>,
    results: Vec<Result<Landed, Error>>,
}

impl Writer {
    pub(crate) fn new(store: Store, git: Git, settings: Arc<Settings>, herald: Arc<Herald>, queue: Arc<Queue>) -> Writer {
        let direct = (settings.transport == Transport::Direct).then(|| Direct::new(&git));
        Writer { store, git, settings, direct, herald, queue, head: None, known: None }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        // What was known before may still be so; if it isn't, the push says so.
        self.known = self.store.reference(HEAD).ok().flatten();
        self.head = self.known.map(Some);
        while let Some(work) = self.queue.take() {
            match work {
                Work::Readers(readers) => {
                    let seen = self.refresh();
                    for reader in readers {
                        let seen = match &seen {
                            Ok(seen) => Ok(*seen),
                            Err(error) => Err(error.again(&Default::default())),
                        };
                        // Whoever doesn't wait any more doesn't want to know.
                        reader.send(seen).ok();
                    }
                }
                Work::Changes(batch) => self.land(batch),
                Work::Proposal(proposal) => self.stage(*proposal),
            }
            self.store.tidy();
        }
    }

    /// Asks the remote what the branch is.
    pub(crate) fn refresh(&mut self) -> Result<Seen, Error> {
        self.head = None;
        let known = self.known;
        let fetched = format!("{FETCHED}/{}", std::process::id());
        let head = self.fetch(&self.git, &fetched)?;
        let rewritten = match (known, head) {
            (Some(known), Some(head)) if self.store.descends(head, known)? => None,
            (known, _) => known,
        };
        self.store.fetched();
        match head {
            Some(head) => self.store.set_reference(HEAD, head)?,
            None => self.store.drop_reference(HEAD)?,
        }
        // The head has its objects now.
        self.store.drop_reference(&fetched)?;
        (self.head, self.known) = (Some(head), head);
        Ok(Seen { head, rewritten })
    }

    /// Brings a remote's branch into a reference, and says where it is.
    pub(crate) fn fetch(&self, git: &Git, reference: &str) -> Result<Option<ObjectId>, Error> {
        match git.fetch(reference) {
            Fetched::Branch => self.store.reference(reference),
            Fetched::NoBranch => Ok(None),
            Fetched::Barred(reason) => Err(Error::Barred { reason }),
            Fetched::Failed(reason) => Err(Error::Unreachable { reason }),
        }
    }

    /// Lands a batch, or tells each caller why it isn't.
    fn land(&mut self, mut batch: Vec<Waiting>) {
        let begun = Instant::now();
        let (mut lost, mut failed, mut fresh) = (0, 0, false);
        // Where the branch was when it couldn't be moved.
        let mut stuck = None;
        while !batch.is_empty() {
            let head = match self.head {
                Some(head) => head,
                None => match self.refresh() {
                    Ok(Seen { rewritten: Some(was), head }) => {
                        let error = Error::Rewritten { was: CommitId(was), is: head.map(CommitId) };
                        return refuse(batch, &error);
                    }
                    Ok(seen) => {
                        fresh = true;
                        seen.head
                    }
                    Err(error) if begun.elapsed() < self.settings.patience && error.is_transient() => {
                        failed += 1;
                        pause(100, failed, 2_000);
                        continue;
                    }
                    Err(error) => return refuse(batch, &error),
                },
            };
            // What isn't fetched yet can't be looked through. What was just fetched is there, or there is no going on.
            let is_fetched = match head.filter(|_| self.direct.is_some() && !fresh).map(|head| self.store.has_commit(head)) {
                Some(Err(error)) => return refuse(batch, &error),
                Some(Ok(is_fetched)) => is_fetched,
                None => true,
            };
            if !is_fetched && (self.store.is_full() || batch.iter().any(|waiting| from(waiting).is_some())) {
                self.head = None;
                continue;
            }
            if let Err(error) = self.settle(&mut batch, head) {
                return refuse(batch, &error);
            }
            let plan = self.plan(&batch, head);
            let Some(tip) = plan.tip.filter(|tip| head != Some(*tip)) else {
                if fresh {
                    return self.answer(batch, plan.results);
                }
                // Nothing to push, so nothing confirms that the head is what we think.
                self.head = None;
                continue;
            };
            let pushed = match &mut self.direct {
                Some(direct) => direct.push(head, tip, &self.store.new_objects()),
                None => match self.store.write() {
                    Ok(()) => self.git.push(head, tip),
                    Err(error) => return refuse(batch, &error),
                },
            };
            match pushed {
                Pushed::Landed => {
                    (self.head, self.known) = (Some(Some(tip)), Some(tip));
                    if self.direct.is_none() {
                        // It is only a note; what it doesn't say is asked for.
                        self.store.set_reference(HEAD, tip).ok();
                    }
                    self.tell(tip, || changed(&batch, &plan.results));
                    return self.answer(batch, plan.results);
                }
                Pushed::Lost => {
                    lost += 1;
                    if lost >= LOST {
                        return refuse(batch, &Error::Contended { tries: lost });
                    }
                    let is_stuck = stuck.replace(head) == Some(head);
                    if is_stuck && begun.elapsed() >= self.settings.patience {
                        let reason = "it doesn't move the branch, though nobody else has: a lock of a process that was killed may be in its way";
                        return refuse(batch, &Error::Unreachable { reason: reason.to_owned() });
                    }
                    pause(10, lost, 300);
                }
                Pushed::Declined(reason) => return self.apart(batch, reason),
                Pushed::Barred(reason) => return refuse(batch, &Error::Barred { reason }),
                Pushed::Failed { reason, sent } => {
                    failed += 1;
                    batch.iter_mut().for_each(|waiting| waiting.unknown |= sent);
                    if begun.elapsed() >= self.settings.patience {
                        return refuse(batch, &Error::Unreachable { reason });
                    }
                    pause(100, failed, 2_000);
                }
            }
            for waiting in &mut batch {
                waiting.sent.get_or_insert(head);
            }
            (self.head, fresh) = (None, false);
        }
    }

    /// Answers a batch.
    fn answer(&self, batch: Vec<Waiting>, results: Vec<Result<Landed, Error>>) {
        self.queue.answers(batch.len());
        for (waiting, result) in batch.into_iter().zip(results) {
            // Whoever doesn't wait any more doesn't want to know.
            waiting.reply.send(result).ok();
        }
    }

    /// A remote that declines a push may mind only one of its changes.
    fn apart(&mut self, batch: Vec<Waiting>, reason: String) {
        if batch.len() == 1 {
            return refuse(batch, &Error::Declined { reason });
        }
        for waiting in batch {
            self.land(vec![waiting]);
        }
    }

    /// Answers those that are already in the branch. That has to come before anything else is looked at: a change that has landed no longer
    /// finds what it was made for.
    fn settle(&mut self, batch: &mut Vec<Waiting>, head: Option<ObjectId>) -> Result<(), Error> {
        let Some(head) = head else { return Ok(()) };
        let mut found = BTreeMap::new();
        for from in batch.iter().filter_map(from).collect::<BTreeSet<From>>() {
            found.insert(from, scan(&self.store, head, from, self.settings.committer.email())?);
        }
        let mut releases = Vec::new();
        for waiting in std::mem::take(batch) {
            let receipts = from(&waiting).and_then(|from| found.get(&from));
            match receipts.and_then(|receipts| receipts.get(waiting.change.job.as_str())) {
                None => batch.push(waiting),
                Some((commit, receipt)) => {
                    let landed = match receipt.hash == waiting.change.hash() {
                        true => self.landed(&waiting.change, *commit),
                        false => Err(Error::JobReused { job: waiting.change.job.clone(), commit: CommitId(*commit) }),
                    };
                    if landed.is_ok() {
                        // Who has pushed it may not have come to telling that.
                        releases.extend(waiting.change.edits.iter().map(pushed));
                    }
                    waiting.reply.send(landed).ok();
                }
            }
        }
        self.tell(head, || releases);
        Ok(())
    }

    fn tell(&self, tip: ObjectId, releases: impl FnOnce() -> Vec<Changed>) {
        if self.settings.followers.is_empty() {
            return;
        }
        let releases = releases();
        if !releases.is_empty() {
            self.herald.tell(Push { tip: CommitId(tip), releases });
        }
    }

    /// What a commit of ours did.
    pub(crate) fn landed(&mut self, change: &Change, commit: ObjectId) -> Result<Landed, Error> {
        let bytes = self.store.read(commit, gix::objs::Kind::Commit)?;
        let parent = gix::objs::CommitRefIter::from_bytes(&bytes, gix::hash::Kind::Sha1).parent_ids().next();
        let after = Some(self.store.tree_of(commit)?);
        let before = parent.map(|parent| self.store.tree_of(parent)).transpose()?;
        let mut effects = Vec::new();
        for edit in &change.edits {
            let mut find = |root| Ok::<_, Error>(tree::find(&mut self.store, root, edit.path())?.map(BlobId));
            effects.push((edit.path().clone(), Effect::between(find(before)?, find(after)?)));
        }
        Ok(Landed { path: change.path().clone(), commit: CommitId(commit), effects, again: true })
    }

    /// Each change on top of the one before it; one that can't be leaves no trace.
    fn plan(&mut self, batch: &[Waiting], head: Option<ObjectId>) -> Plan {
        let mut tip = head;
        let mut results = Vec::new();
        self.store.begin();
        let mut root = match head.map(|head| self.store.tree_of(head)).transpose() {
            Ok(root) => root,
            Err(error) => {
                let results = batch.iter().map(|waiting| Err(error.again(&waiting.change.job))).collect();
                return Plan { tip: head, results };
            }
        };
        for waiting in batch {
            let result = self.commit(&waiting.change, root, tip);
            results.push(result.map(|(landed, tree)| {
                if tree != root {
                    (root, tip) = (tree, Some(landed.commit.0));
                }
                landed
            }));
        }
        Plan { tip, results }
    }

    /// A change as a commit, and the tree after it.
    pub(crate) fn commit(
        &mut self,
        change: &Change,
        root: Option<ObjectId>,
        parent: Option<ObjectId>,
    ) -> Result<(Landed, Option<ObjectId>), Error> {
        let mut tree = root;
        let mut effects = Vec::new();
        for edit in &change.edits {
            let found = tree::find(&mut self.store, tree, edit.path())?;
            edit.allow(found.map(BlobId))?;
            let blob = edit.text.as_ref().map(|text| self.store.put_bytes(gix::objs::Kind::Blob, text.as_bytes())).transpose()?;
            if found != blob {
                tree = tree::edit(&mut self.store, tree, edit.path(), blob)?;
            }
            effects.push((edit.path().clone(), Effect::between(found.map(BlobId), blob.map(BlobId))));
        }
        let commit = match parent {
            Some(parent) if tree == root => parent,
            _ => {
                let tree = match tree {
                    Some(tree) => tree,
                    None => self.store.put(&Tree::empty())?,
                };
                let pen = Pen { committer: &self.settings.committer, signing: self.settings.signing.as_ref() };
                let done: Vec<Effect> = effects.iter().map(|(_, effect)| *effect).collect();
                pen.write(&mut self.store, change, &done, tree, parent)?
            }
        };
        Ok((Landed { path: change.path().clone(), commit: CommitId(commit), effects, again: false }, tree))
    }
}

/// The releases that a push has changed.
fn changed(batch: &[Waiting], results: &[Result<Landed, Error>]) -> Vec<Changed> {
    let mut out = Vec::new();
    for (waiting, result) in batch.iter().zip(results) {
        let effects = result.as_ref().map(|landed| landed.effects.as_slice()).unwrap_or_default();
        let edits = waiting.change.edits.iter().zip(effects);
        out.extend(edits.filter(|(_, (_, effect))| !matches!(effect, Effect::Unchanged(_))).map(|(edit, _)| pushed(edit)));
    }
    out
}

fn pushed(edit: &Edit) -> Changed {
    Changed { located: edit.located.clone(), is_deleted: edit.text.is_none() }
}

/// From where the branch has to be looked through for a change; `None` if it can't be there.
fn from(waiting: &Waiting) -> Option<From> {
    let after = |head: Option<ObjectId>| head.map_or(From::Beginning, From::After);
    match (waiting.change.since, waiting.sent) {
        (Since::Unknown, _) => Some(From::made(waiting.change.job.made())),
        (Since::Head(head), _) => Some(after(head.map(|head| head.0))),
        (Since::New, Some(sent)) => Some(after(sent)),
        (Since::New, None) => None,
    }
}

/// Tells every caller the same; those of whose push no answer came can't be told that nothing was changed.
fn refuse(batch: Vec<Waiting>, error: &Error) {
    for waiting in batch {
        let job = &waiting.change.job;
        let error = match error {
            Error::Unreachable { reason } | Error::Barred { reason } if waiting.unknown => {
                Error::Unknown { job: job.clone(), reason: reason.clone() }
            }
            error => error.again(job),
        };
        waiting.reply.send(Err(error)).ok();
    }
}

/// Sleeps a random time (full jitter), up to `base` milliseconds doubled with each try, and at most `most`.
pub(crate) fn pause(base: u64, tries: u32, most: u64) {
    let limit = base.saturating_mul(1 << tries.min(16)).min(most);
    let random = RandomState::new().build_hasher().finish();
    std::thread::sleep(Duration::from_millis(random % (limit + 1)));
}
