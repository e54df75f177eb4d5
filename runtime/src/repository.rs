//! A releases repository: what callers see.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use manifest::layout::ReleasePath;

use crate::change::{Change, Landed};
use crate::error::Error;
use crate::forge::Forge;
use crate::git::{self, Git};
use crate::herald::Herald;
use crate::id::{BlobId, CommitId};
use crate::propose::{Proposed, propose};
use crate::queue::Queue;
use crate::remote::Scheme;
use crate::settings::{Settings, Transport};
use crate::snapshot::Snapshot;
use crate::store::{self, Lock, Store};
use crate::sync::{Lineage, SyncError};
use crate::writer::Writer;

/// A branch of releases. It can be shared by threads; what they want at the same time goes into one push.
pub struct Repository {
    settings: Arc<Settings>,
    repo: Arc<gix::ThreadSafeRepository>,
    queue: Arc<Queue>,
    writer: Option<JoinHandle<()>>,
    herald: Arc<Herald>,
    _lock: Lock,
}

/// A change on its way.
#[derive(Debug)]
pub struct Pending(mpsc::Receiver<Result<Landed, Error>>);

impl Pending {
    /// Waits until the branch has it.
    ///
    /// # Errors
    /// As [`Repository::apply`].
    pub fn wait(self) -> Result<Landed, Error> {
        self.0.recv().unwrap_or_else(|_| Err(Error::Cache { what: "has lost its writer".to_owned(), source: None }))
    }
}

impl Repository {
    /// Takes the cache, waiting for another process to let go of it. The remote isn't asked yet.
    ///
    /// # Errors
    /// If the cache can't be made or opened.
    pub fn open(settings: Settings) -> Result<Repository, Error> {
        if settings.transport == Transport::Direct && !matches!(settings.remote.scheme(), Scheme::Http | Scheme::Https) {
            return Err(Error::Barred { reason: "the direct transport needs an address of HTTP".to_owned() });
        }
        let (repo, lock) = store::open(&settings.cache)?;
        let settings = Arc::new(settings);
        let git = Git {
            dir: store::bare(&settings.cache),
            remote: settings.remote.clone(),
            configured: settings.configured,
            timeout: settings.timeout,
        };
        let (repo, queue) = (Arc::new(repo), Arc::new(Queue::default()));
        let herald = Arc::new(Herald::new(settings.followers.clone(), settings.patience));
        let writer = {
            let (repo, queue, settings) = (Arc::clone(&repo), Arc::clone(&queue), Arc::clone(&settings));
            let herald = Arc::clone(&herald);
            std::thread::spawn(move || Writer::new(Store::new(&repo), git, settings, herald, queue).run())
        };
        Ok(Repository { settings, repo, queue, writer: Some(writer), herald, _lock: lock })
    }

    /// Makes a bare repository for releases in a folder of this machine: its history can't be rewritten, what it takes is checked, and
    /// what it has acknowledged is on disk (`core.fsync`; that this outlives a power cut was never tried). Its first commit has these
    /// files, by their paths.
    ///
    /// # Errors
    /// If `git` can't make it.
    pub fn init(folder: &Path, branch: &str, files: &BTreeMap<String, String>) -> Result<(), Error> {
        let path = folder.to_string_lossy();
        let run = |args: &[&str], input: &str| {
            let cant = |why: String| Error::cache(format!("{path} can't be made"), why);
            git::run(args, input).map_err(cant)
        };
        run(&["init", "--quiet", "--bare", "--template=", &format!("--initial-branch={branch}"), "--", &path], "")?;
        for (key, value) in [
            ("receive.denyNonFastForwards", "true"),
            ("receive.denyDeletes", "true"),
            ("receive.fsckObjects", "true"),
            ("core.fsync", "all"),
            ("gc.auto", "2000"),
        ] {
            run(&["--git-dir", &path, "config", key, value], "")?;
        }
        if files.is_empty() {
            return Ok(());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let subject = "Begin";
        let mut text = format!("commit refs/heads/{branch}\ncommitter Trefoil <trefoil@localhost> {now} +0000\n");
        text.push_str(&format!("data {}\n{subject}\n", subject.len()));
        for (path, content) in files {
            text.push_str(&format!("M 100644 inline {path}\ndata {}\n{content}\n", content.len()));
        }
        run(&["--git-dir", &path, "fast-import", "--quiet"], &text)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Lands a change, and returns when the branch has it; what waits at the same time goes with it.
    ///
    /// # Errors
    /// Why the branch doesn't have it, or that this can't be known yet ([`Error::Unknown`]).
    pub fn apply(&self, change: Change) -> Result<Landed, Error> {
        self.send(change).wait()
    }

    /// Puts a change in the queue, behind those of this thread that are there. It is landed whether it is waited for or not.
    #[must_use]
    pub fn send(&self, change: Change) -> Pending {
        let (reply, landed) = mpsc::channel();
        self.queue.change(change, reply);
        Pending(landed)
    }

    /// Proposes a change instead of landing it: pushes it to a branch of its own and opens a pull request there. Sent again under the same
    /// job's id it finds what there is, and goes on from that.
    ///
    /// # Errors
    /// Why it can't be proposed; [`Error::Forge`] says whether its branch is there.
    pub fn propose(&self, change: Change, forge: &Forge) -> Result<Proposed, Error> {
        propose(&self.queue, self.settings.remote.branch(), change, forge)
    }

    /// The branch as the remote has it now.
    ///
    /// # Errors
    /// If the remote can't be reached.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let (reply, seen) = mpsc::channel();
        self.queue.read(reply);
        let seen = seen.recv().unwrap_or_else(|_| Err(Error::Cache { what: "has lost its writer".to_owned(), source: None }))?;
        Ok(Snapshot {
            repo: Arc::clone(&self.repo),
            head: seen.head.map(CommitId),
            rewritten: seen.rewritten.map(CommitId),
            layouts: Arc::new(self.settings.layouts.clone()),
        })
    }

    /// Waits until [`Settings::followers`] were told of all that has landed, and returns why some couldn't be since this was last asked.
    /// What has landed stays, and they come to see it by themselves.
    #[must_use]
    pub fn told(&self) -> Vec<SyncError> {
        self.herald.told()
    }

    /// Whether a revision is in the branch, and is the commit or descends from it.
    ///
    /// # Errors
    /// If the remote can't be reached.
    pub fn has(&self, revision: CommitId, commit: CommitId) -> Result<bool, Error> {
        Ok(self.snapshot()?.at(revision).is_ok_and(|there| there.at(commit).is_ok()))
    }

    /// Tells which revisions of the branch have a commit of it.
    #[must_use]
    pub fn lineage(&self, commit: CommitId) -> Lineage<'_> {
        Lineage::new(move |revision| self.has(revision, commit))
    }

    /// A release's content as the remote has it now.
    ///
    /// # Errors
    /// If the remote can't be reached, or something else is in the release's place.
    pub fn get(&self, path: &ReleasePath) -> Result<Option<(BlobId, String)>, Error> {
        self.snapshot()?.get(path)
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Drop for Repository {
    /// What was asked for is still done.
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            writer.join().ok();
        }
    }
}
