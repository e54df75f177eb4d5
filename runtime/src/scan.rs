//! Looking whether changes have landed: the branch knows, and nobody else.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gix::ObjectId;
use gix::objs::{CommitRef, Kind};
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;

use crate::commit::{Receipt, receipt};
use crate::error::Error;
use crate::store::Store;

/// How far the clock of whoever made a job's id may be ahead of ours.
const SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// From where the branch is looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum From {
    /// After this commit; if it isn't in the branch, from its beginning.
    After(ObjectId),
    /// From its beginning.
    Beginning,
    /// From what was committed at this time, in seconds.
    Time(i64),
}

impl From {
    /// Where a job made at this time can first be.
    pub(crate) fn made(made: Option<SystemTime>) -> From {
        let since = made.and_then(|made| made.checked_sub(SKEW)).and_then(|since| since.duration_since(UNIX_EPOCH).ok());
        since.and_then(|since| i64::try_from(since.as_secs()).ok()).map_or(From::Beginning, From::Time)
    }
}

/// The receipts of our own commits, by job. Whoever isn't the committer that we are can't have written one.
pub(crate) fn scan(
    store: &Store,
    head: ObjectId,
    from: From,
    committer: &str,
) -> Result<BTreeMap<String, (ObjectId, Receipt)>, Error> {
    let cant = |error: gix::Error| Error::cache("can't be walked", error.to_string());
    let mut walk = store.repo().rev_walk([head]);
    match from {
        From::After(base) if base == head => return Ok(BTreeMap::new()),
        From::After(base) if store.has_commit(base)? && store.descends(head, base)? => walk = walk.with_hidden([base]),
        From::After(_) | From::Beginning => {}
        From::Time(seconds) => {
            walk = walk.sorting(Sorting::ByCommitTimeCutoff { order: CommitTimeOrder::NewestFirst, seconds });
        }
    }
    let mut found = BTreeMap::new();
    for info in walk.all().map_err(cant)? {
        let id = info.map_err(cant)?.id;
        let bytes = store.read(id, Kind::Commit)?;
        let Ok(commit) = CommitRef::from_bytes(&bytes, gix::hash::Kind::Sha1) else { continue };
        let ours = commit.committer().is_ok_and(|by| by.email == committer);
        if let Some(receipt) = std::str::from_utf8(commit.message).ok().filter(|_| ours).and_then(receipt) {
            // The first to land counts; the walk goes from new to old.
            found.insert(receipt.job.clone(), (id, receipt));
        }
    }
    Ok(found)
}
