//! The releases as one commit has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use gix::objs::{CommitRef, Kind};
use manifest::layout::{Layouts, Located, ReleasePath, is_manifest};
use serde::Serialize;

use crate::change::{Change, Effect};
use crate::commit::receipt;
use crate::error::Error;
use crate::id::{BlobId, CommitId};
use crate::store::{self, Store};
use crate::tree;

/// The branch at one commit.
pub struct Snapshot {
    pub(crate) repo: Arc<gix::ThreadSafeRepository>,
    pub(crate) head: Option<CommitId>,
    pub(crate) rewritten: Option<CommitId>,
    pub(crate) layouts: Arc<Layouts>,
}

/// A release's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its path says.
    pub located: Located,
    /// Its content's id: the entity tag.
    pub blob: BlobId,
}

/// Something in the repository that is nobody's, though it looks like a release (MSF-F49).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Where it lies.
    pub path: String,
    /// Why it is nobody's.
    pub why: String,
}

/// What once happened to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The commit.
    pub commit: CommitId,
    /// The release's content after it; `None` if it was deleted.
    pub blob: Option<BlobId>,
    /// Who asked for it.
    pub author: String,
    /// When, in seconds since 1970.
    pub time: i64,
    /// The commit's first line.
    pub subject: String,
    /// The job that it landed under.
    pub job: Option<String>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The commit; `None` if the branch doesn't exist yet.
    #[must_use]
    pub fn head(&self) -> Option<CommitId> {
        self.head
    }

    /// The head that was known before, if somebody has since rewritten the branch without it.
    #[must_use]
    pub fn rewritten(&self) -> Option<CommitId> {
        self.rewritten
    }

    /// The same at another commit of the branch.
    ///
    /// # Errors
    /// If the commit isn't in it.
    pub fn at(&self, commit: CommitId) -> Result<Snapshot, Error> {
        let there = match self.head {
            Some(head) if self.store().has_commit(commit.0)? => self.store().descends(head.0, commit.0)?,
            _ => false,
        };
        match there {
            true => Ok(Snapshot {
                repo: Arc::clone(&self.repo),
                head: Some(commit),
                rewritten: None,
                layouts: Arc::clone(&self.layouts),
            }),
            false => Err(Error::Cache { what: format!("has no commit {commit} in the branch"), source: None }),
        }
    }

    /// A release's file and its content.
    ///
    /// # Errors
    /// If something else is in its place, or the cache can't be read.
    pub fn get(&self, path: &ReleasePath) -> Result<Option<(BlobId, String)>, Error> {
        let mut store = self.store();
        let root = self.root(&store)?;
        let Some(blob) = tree::find(&mut store, root, path)? else { return Ok(None) };
        let text = String::from_utf8(store.read(blob, Kind::Blob)?);
        let text = text.map_err(|_| Error::Obstructed { path: path.clone(), what: "what is there is no text".to_owned() })?;
        Ok(Some((BlobId(blob), text)))
    }

    /// All releases in the order of their paths, and what looks like one and is nobody's.
    ///
    /// # Errors
    /// If the cache can't be read.
    pub fn list(&self) -> Result<(Vec<Entry>, Vec<Stray>), Error> {
        let mut store = self.store();
        let root = self.root(&store)?;
        let (mut entries, mut strays) = (Vec::new(), Vec::new());
        for file in tree::files(&mut store, root)? {
            match self.layouts.find(&file.path) {
                Ok(located) if file.kind == EntryKind::Blob => entries.push(Entry { located, blob: BlobId(file.id) }),
                Ok(_) => strays.push(Stray { path: file.path, why: "it isn't a plain file".to_owned() }),
                Err(error) if is_manifest(&file.path) => strays.push(Stray { path: file.path, why: error.to_string() }),
                Err(_) => {}
            }
        }
        Ok((entries, strays))
    }

    /// What happened to a release, the newest first; at most `limit` events.
    ///
    /// # Errors
    /// If the cache can't be read.
    pub fn history(&self, path: &ReleasePath, limit: usize) -> Result<Vec<Event>, Error> {
        let mut store = self.store();
        let mut events = Vec::new();
        let mut at = self.head.map(|head| head.0);
        let mut now = blob_at(&mut store, at, path)?;
        while let Some(id) = at.filter(|_| events.len() < limit) {
            let bytes = store.read(id, Kind::Commit)?;
            let commit = CommitRef::from_bytes(&bytes, gix::hash::Kind::Sha1);
            let commit = commit.map_err(|error| Error::cache(format!("has a broken commit {id}"), error.to_string()))?;
            at = commit.parents().next();
            let before = blob_at(&mut store, at, path)?;
            if now != before {
                events.push(event(id, now, &commit)?);
            }
            now = before;
        }
        Ok(events)
    }

    /// What a change would do if it landed now.
    ///
    /// # Errors
    /// Why it wouldn't land.
    pub fn foresee(&self, change: &Change) -> Result<Vec<(ReleasePath, Effect)>, Error> {
        let mut store = self.store();
        let root = self.root(&store)?;
        // A release that the change is about twice is by then what the change has made of it.
        let mut made = BTreeMap::new();
        let mut effects = Vec::new();
        for edit in &change.edits {
            let found = match made.get(edit.path()) {
                Some(blob) => *blob,
                None => tree::find(&mut store, root, edit.path())?.map(BlobId),
            };
            edit.allow(found)?;
            let blob = edit.text.as_ref().map(|text| store::hash(Kind::Blob, text.as_bytes()).map(BlobId)).transpose()?;
            made.insert(edit.path(), blob);
            effects.push((edit.path().clone(), Effect::between(found, blob)));
        }
        Ok(effects)
    }

    fn store(&self) -> Store {
        Store::new(&self.repo)
    }

    fn root(&self, store: &Store) -> Result<Option<ObjectId>, Error> {
        self.head.map(|head| store.tree_of(head.0)).transpose()
    }
}

/// A release's content after a commit. What was in the way at the time is no release.
fn blob_at(store: &mut Store, commit: Option<ObjectId>, path: &ReleasePath) -> Result<Option<ObjectId>, Error> {
    let root = commit.map(|commit| store.tree_of(commit)).transpose()?;
    match tree::find(store, root, path) {
        Err(Error::Obstructed { .. }) => Ok(None),
        found => found,
    }
}

fn event(id: ObjectId, blob: Option<ObjectId>, commit: &CommitRef<'_>) -> Result<Event, Error> {
    let broken = |error: gix::Error| Error::cache(format!("has a broken commit {id}"), error.to_string());
    let author = commit.author().map_err(broken)?;
    let message = String::from_utf8_lossy(commit.message);
    Ok(Event {
        commit: CommitId(id),
        blob: blob.map(BlobId),
        author: format!("{} <{}>", author.name, author.email),
        time: commit.time().map_err(broken)?.seconds,
        subject: message.lines().next().unwrap_or_default().to_owned(),
        job: receipt(&message).map(|receipt| receipt.job),
    })
}
