//! The cache: a bare repository that holds what the remote holds, and can be thrown away at any time.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use gix::ObjectId;
use gix::objs::{Kind, Write, WriteTo};
use gix::refs::transaction::PreviousValue;

use crate::error::Error;
use crate::git;
use crate::pack::{self, New};

/// Trees that are kept in memory, in bytes. A tree never changes, so that none is ever stale.
const TREES: usize = 8 << 20;

/// Objects of one batch from which on they are written as a pack: from so many on Git keeps a pack that it gets (`fetch.unpackLimit`).
const MANY: usize = 100;

/// Packs that a cache may have; each would be opened by each push.
const PACKS: usize = 50;

/// Packs that can be read. gix makes room for those that are there when it opens a repository and for a few more, and then reads no new
/// ones; a repository that can't be tidied still has to be readable for long.
const READABLE: usize = 4096;

/// How much is kept before the cache fetches it, in bytes.
const KEPT: usize = 16 << 20;

/// Loose objects that a cache may have; more are packed.
const CROWD: usize = 20_000;

/// What was fetched, of the branch and of a proposal's, until it is read. Each process has its own: the `git fetch` of a killed one may still
/// be at work.
pub(crate) const FETCHED: &str = "refs/trefoil/fetched";
pub(crate) const PROPOSED: &str = "refs/trefoil/proposed";

/// One thread's view of the cache.
pub(crate) struct Store {
    repo: gix::Repository,
    trees: HashMap<ObjectId, Arc<[u8]>>,
    bytes: usize,
    /// Objects that aren't written into the cache yet.
    kept: Kept,
    tidying: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Kept {
    objects: HashMap<ObjectId, (Kind, Arc<[u8]>)>,
    bytes: usize,
    /// Those of the present batch.
    new: Vec<ObjectId>,
}

/// The cache is ours as long as this lives, and no other process'.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "dropping it lets go of the lock")] File);

/// Makes the cache if it isn't there, takes it, and clears what a killed process left behind.
pub(crate) fn open(folder: &Path) -> Result<(gix::ThreadSafeRepository, Lock), Error> {
    let cant = |what: &str| format!("{} {what}", folder.display());
    fs::create_dir_all(folder).map_err(|error| Error::cache(cant("can't be made"), error))?;
    let lock = File::create(folder.join("trefoil.lock")).map_err(|error| Error::cache(cant("can't be locked"), error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => lock.lock().map_err(|error| Error::cache(cant("can't be locked"), error))?,
        Err(TryLockError::Error(error)) => return Err(Error::cache(cant("can't be locked"), error)),
    }
    // Only we write here, and we have just begun: a lock that stands is a dead process'.
    clear(folder);
    let bare = folder.join("objects.git");
    if is_crowded(&bare) {
        // Another time, if it can't be done now.
        git::run(&["--git-dir", &bare.to_string_lossy(), "gc", "--quiet", "--prune=now"], "").ok();
    }
    let slots = gix::odb::store::init::Slots::AsNeededByDiskState { multiplier: 2.0, minimum: READABLE };
    let options = gix::open::Options::isolated().bail_if_untrusted(false).object_store_slots(slots);
    let opened = || gix::open_opts(&bare, options.clone());
    let repo = match opened() {
        Ok(repo) => repo,
        Err(_) => {
            // Half of one, or none.
            if bare.exists() {
                fs::remove_dir_all(&bare).map_err(|error| Error::cache(cant("can't be cleared"), error))?;
            }
            gix::init_bare(&bare).map_err(|error| Error::cache(cant("can't be made"), error.to_string()))?;
            opened().map_err(|error| Error::cache(cant("can't be opened"), error.to_string()))?
        }
    };
    if repo.object_hash() != gix::hash::Kind::Sha1 {
        return Err(Error::Cache { what: cant("has objects other than SHA-1, which aren't supported"), source: None });
    }
    Ok((repo.into_sync(), Lock(lock)))
}

/// The id of an object.
pub(crate) fn hash(kind: Kind, bytes: &[u8]) -> Result<ObjectId, Error> {
    let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, bytes);
    id.map_err(|error| Error::cache("can't hash an object", error.to_string()))
}

/// Whether there are many packs or loose objects, which is guessed as Git does it, by one of the 256 folders (`builtin/gc.c`).
fn is_crowded(bare: &Path) -> bool {
    let count = |folder: &str| fs::read_dir(bare.join(folder)).into_iter().flatten().count();
    count("objects/17") * 256 > CROWD || count("objects/pack") > 2 * PACKS
}

/// The folder of the repository in the cache.
pub(crate) fn bare(folder: &Path) -> PathBuf {
    folder.join("objects.git")
}

fn clear(folder: &Path) {
    // Those that a killed process had begun to fetch.
    for begun in [FETCHED, PROPOSED] {
        fs::remove_dir_all(bare(folder).join(begun)).ok();
    }
    let mut folders = vec![bare(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            // Objects have no locks, and there are many of them; what is half written is called `tmp_`, and is never read.
            if is_folder && entry.file_name() != "objects" {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "lock") {
                fs::remove_file(path).ok();
            }
        }
    }
}

impl Store {
    pub(crate) fn new(repo: &gix::ThreadSafeRepository) -> Store {
        Store { repo: repo.to_thread_local(), trees: HashMap::new(), bytes: 0, kept: Kept::default(), tidying: None }
    }

    /// Begins a batch.
    pub(crate) fn begin(&mut self) {
        self.kept.new.clear();
    }

    /// The objects of the batch, each once.
    pub(crate) fn new_objects(&self) -> Vec<New> {
        let mut seen = HashSet::new();
        let new = self.kept.new.iter().filter(|id| seen.insert(**id));
        let found = |id: &ObjectId| self.kept.objects.get(id).map(|(kind, bytes)| (*kind, Arc::clone(bytes)));
        new.filter_map(|id| found(id).map(|(kind, bytes)| New { id: *id, kind, bytes })).collect()
    }

    /// Writes the objects of the batch into the cache, for others to read: a few as files, many as a pack, which is one file for all.
    pub(crate) fn write(&mut self) -> Result<(), Error> {
        let cant = |error: String| Error::cache("can't hold an object", error);
        let objects = self.new_objects();
        if objects.len() < MANY {
            for object in &objects {
                self.repo.objects.write_buf(object.kind, &object.bytes).map_err(|error| cant(error.to_string()))?;
            }
        } else {
            let folder = self.repo.path().join("objects/pack");
            fs::create_dir_all(&folder).and_then(|()| pack::write(&folder, &objects)).map_err(|error| cant(error.to_string()))?;
        }
        self.kept = Kept::default();
        Ok(())
    }

    /// Makes few packs of many, and of many loose objects, if there are. Nobody waits for that: Git and gix find what has moved.
    pub(crate) fn tidy(&mut self) {
        let is_at_work = self.tidying.as_ref().is_some_and(|tidying| !tidying.is_finished());
        if is_at_work || !is_crowded(self.repo.path()) {
            return;
        }
        let path = self.repo.path().to_string_lossy().into_owned();
        self.tidying = Some(std::thread::spawn(move || {
            let args = ["--git-dir", &path, "-c", "repack.writeBitmaps=false", "repack", "-d", "-q", "--geometric=2"];
            // Another time, if it can't be done now.
            git::run(&args, "").ok();
        }));
    }

    /// Forgets what the cache has by now.
    pub(crate) fn fetched(&mut self) {
        self.kept = Kept::default();
    }

    /// Whether so much is kept that it should be fetched.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.bytes > KEPT
    }

    pub(crate) fn repo(&self) -> &gix::Repository {
        &self.repo
    }

    /// What a reference points to.
    pub(crate) fn reference(&self, name: &str) -> Result<Option<ObjectId>, Error> {
        let found = self.repo.try_find_reference(name);
        let found = found.map_err(|error| Error::cache(format!("has no readable {name}"), error.to_string()))?;
        Ok(found.and_then(|reference| reference.try_id().map(gix::Id::detach)))
    }

    /// Points a reference to a commit.
    pub(crate) fn set_reference(&self, name: &str, id: ObjectId) -> Result<(), Error> {
        let set = self.repo.reference(name, id, PreviousValue::Any, "trefoil");
        set.map(drop).map_err(|error| Error::cache(format!("can't keep {name}"), error.to_string()))
    }

    /// Forgets a reference.
    pub(crate) fn drop_reference(&self, name: &str) -> Result<(), Error> {
        let cant = |error: gix::Error| Error::cache(format!("can't forget {name}"), error.to_string());
        match self.repo.try_find_reference(name).map_err(cant)? {
            Some(reference) => reference.delete().map_err(cant),
            None => Ok(()),
        }
    }

    /// The bytes of an object.
    pub(crate) fn read(&self, id: ObjectId, kind: Kind) -> Result<Vec<u8>, Error> {
        if let Some((_, bytes)) = self.kept.objects.get(&id).filter(|(found, _)| *found == kind) {
            return Ok(bytes.to_vec());
        }
        let object = self.repo.find_object(id);
        let mut object = object.map_err(|error| Error::cache(format!("lacks the {kind} {id}"), error.to_string()))?;
        match object.kind == kind {
            true => Ok(std::mem::take(&mut object.data)),
            false => Err(Error::Cache { what: format!("has {id} as a {}, not as a {kind}", object.kind), source: None }),
        }
    }

    pub(crate) fn tree(&mut self, id: ObjectId) -> Result<Arc<[u8]>, Error> {
        if let Some(tree) = self.trees.get(&id) {
            return Ok(Arc::clone(tree));
        }
        let tree: Arc<[u8]> = self.read(id, Kind::Tree)?.into();
        self.remember(id, Arc::clone(&tree));
        Ok(tree)
    }

    pub(crate) fn put(&mut self, object: &impl WriteTo) -> Result<ObjectId, Error> {
        let mut bytes = Vec::new();
        let cant = |error: String| Error::cache("can't hold an object", error);
        object.write_to(&mut bytes).map_err(|error| cant(error.to_string()))?;
        let id = self.put_bytes(object.kind(), &bytes)?;
        if object.kind() == Kind::Tree {
            self.remember(id, bytes.into());
        }
        Ok(id)
    }

    pub(crate) fn put_bytes(&mut self, kind: Kind, bytes: &[u8]) -> Result<ObjectId, Error> {
        let id = hash(kind, bytes)?;
        self.kept.new.push(id);
        if self.kept.objects.insert(id, (kind, bytes.into())).is_none() {
            self.kept.bytes += bytes.len();
        }
        Ok(id)
    }

    fn remember(&mut self, id: ObjectId, tree: Arc<[u8]>) {
        self.bytes += tree.len();
        if self.bytes > TREES {
            self.trees.clear();
            self.bytes = tree.len();
        }
        self.trees.insert(id, tree);
    }

    /// The tree of a commit.
    pub(crate) fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, Error> {
        let bytes = self.read(commit, Kind::Commit)?;
        let mut commit_ref = gix::objs::CommitRefIter::from_bytes(&bytes, gix::hash::Kind::Sha1);
        commit_ref.tree_id().map_err(|error| Error::cache(format!("has a broken commit {commit}"), error.to_string()))
    }

    /// Whether there is such a commit.
    pub(crate) fn has_commit(&self, id: ObjectId) -> Result<bool, Error> {
        let found = self
            .repo
            .try_find_header(id)
            .map_err(|error| Error::cache(format!("can't say whether it has {id}"), error.to_string()));
        Ok(found?.is_some_and(|header| header.kind() == Kind::Commit))
    }

    /// Whether `old` is `new` or one of its ancestors.
    pub(crate) fn descends(&self, new: ObjectId, old: ObjectId) -> Result<bool, Error> {
        if new == old {
            return Ok(true);
        }
        if !self.has_commit(old)? {
            return Ok(false);
        }
        let base = self.repo.merge_bases_many(new, &[old]);
        let bases = base.map_err(|error| Error::cache("can't be walked", error.to_string()))?;
        Ok(bases.iter().any(|base| *base == old))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(tidying) = self.tidying.take() {
            tidying.join().ok();
        }
    }
}
