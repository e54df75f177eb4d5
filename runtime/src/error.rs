//! What can go wrong between a change and the branch.

use manifest::layout::ReleasePath;

use crate::forge::error::ForgeError;
use crate::id::{BlobId, CommitId, JobId};
use crate::precondition::Precondition;

/// Why a change isn't in the branch, or why that isn't known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The release isn't in the state that the change was made for (HTTP 412).
    #[error("{path} {}, and the change is for {expected}", is(.found))]
    Precondition {
        /// The release's file.
        path: ReleasePath,
        /// What the change asks for.
        expected: Precondition,
        /// What is there.
        found: Option<BlobId>,
    },
    /// There is nothing to delete (HTTP 404).
    #[error("{path} isn't there")]
    NotFound {
        /// The release's file.
        path: ReleasePath,
    },
    /// Something that isn't ours is in the way (HTTP 409).
    #[error("{path} can't be written: {what}")]
    Obstructed {
        /// The release's file.
        path: ReleasePath,
        /// What is where.
        what: String,
    },
    /// Another change bears the same job's id (HTTP 422).
    #[error("the job {job} is that of {commit}, which has another content: give each change an id of its own")]
    JobReused {
        /// The job.
        job: JobId,
        /// The commit of the other change.
        commit: CommitId,
    },
    /// The remote doesn't want the change: a hook, a protected branch, a missing permission (HTTP 403).
    #[error("the remote declines the change: {reason}")]
    Declined {
        /// In its own words.
        reason: String,
    },
    /// Somebody replaced the branch's history; what was acknowledged may be gone. A change that is sent after this goes on from what the
    /// branch is now (HTTP 409).
    #[error(
        "the branch was rewritten: {was} is no longer in it ({}); look what became of the releases, then send the change again",
        becomes(.is)
    )]
    Rewritten {
        /// What the branch was.
        was: CommitId,
        /// What it is; `None` if it was deleted.
        is: Option<CommitId>,
    },
    /// The remote can't be reached. The change is not in the branch (HTTP 502).
    #[error("the remote can't be reached, and nothing was changed: {reason}")]
    Unreachable {
        /// In Git's words, without secrets.
        reason: String,
    },
    /// The remote can't be used as it is set up: no such repository, no permission, an unknown host. The change is not in the branch (HTTP
    /// 502).
    #[error("the remote can't be used, and nothing was changed: {reason}")]
    Barred {
        /// In Git's words, without secrets.
        reason: String,
    },
    /// The connection broke after the change was sent, and the remote can't be asked what became of it. Sending it again under the same
    /// job's id is safe: it lands once (HTTP 504).
    #[error("the remote can't be asked whether the change has landed; send it again as the job {job}: {reason}")]
    Unknown {
        /// The job to send it again as.
        job: JobId,
        /// In Git's words, without secrets.
        reason: String,
    },
    /// Others were faster too many times (HTTP 503).
    #[error("others changed the branch before us {tries} times in a row, and nothing was changed")]
    Contended {
        /// How many times.
        tries: u32,
    },
    /// A branch has the name of a proposal's and isn't it (HTTP 409).
    #[error("the branch {branch} is there, and has no commit of the job {job}")]
    Branch {
        /// The branch.
        branch: String,
        /// The job.
        job: JobId,
    },
    /// The forge doesn't do what it is asked for (HTTP 502).
    #[error("{problem}{}", pushed(.branch, .job))]
    Forge {
        /// What it was asked for, and what it said.
        problem: Box<ForgeError>,
        /// The proposal's branch, if it is pushed; sent again as the same job, the proposal goes on from there.
        branch: Option<String>,
        /// The job.
        job: JobId,
    },
    /// The commit can't be signed.
    #[error("the commit can't be signed: {reason}")]
    Signing {
        /// In the signing program's words.
        reason: String,
    },
    /// The cache can't be used. It can be deleted at any time.
    #[error("the cache {what}")]
    Cache {
        /// What can't be done.
        what: String,
        /// Why.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// Whether the same change may succeed if it is sent again as it is.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Unreachable { .. } | Error::Unknown { .. } | Error::Contended { .. } => true,
            Error::Forge { problem, .. } => problem.is_transient(),
            _ => false,
        }
    }

    pub(crate) fn cache(what: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Cache { what: what.into(), source: Some(source.into()) }
    }

    /// The same error for another change of the batch.
    pub(crate) fn again(&self, job: &JobId) -> Error {
        match self {
            Error::Declined { reason } => Error::Declined { reason: reason.clone() },
            Error::Rewritten { was, is } => Error::Rewritten { was: *was, is: *is },
            Error::Unreachable { reason } => Error::Unreachable { reason: reason.clone() },
            Error::Barred { reason } => Error::Barred { reason: reason.clone() },
            Error::Unknown { reason, .. } => Error::Unknown { job: job.clone(), reason: reason.clone() },
            Error::Contended { tries } => Error::Contended { tries: *tries },
            Error::Signing { reason } => Error::Signing { reason: reason.clone() },
            Error::Cache { what, source } => {
                let why = source.as_ref().map_or_else(String::new, |source| format!(": {source}"));
                Error::Cache { what: format!("{what}{why}"), source: None }
            }
            // What is said of one change is never said of a batch.
            other => Error::Cache { what: format!("failed: {other}"), source: None },
        }
    }
}

fn is(found: &Option<BlobId>) -> String {
    found.map_or_else(|| "isn't there".to_owned(), |blob| format!("is {blob}"))
}

fn becomes(is: &Option<CommitId>) -> String {
    is.map_or_else(|| "the branch is gone".to_owned(), |is| format!("it is now {is}"))
}

fn pushed(branch: &Option<String>, job: &JobId) -> String {
    match branch {
        Some(branch) => format!("; the branch {branch} is there: sent again as the job {job}, the proposal goes on from it"),
        None => "; nothing was pushed".to_owned(),
    }
}
