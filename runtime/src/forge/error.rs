//! What keeps a forge from doing what it is asked for.

use crate::rest::RestError;

/// What keeps a forge from doing what it is asked for: the request first, then the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// It isn't clear which forge, or which repository of it, is meant.
    #[error("{0}")]
    Setup(String),
    /// The token isn't one, or may not do this (401, 403).
    #[error("{0}: {1}; the token has to be valid, and may read the repository and write its pull requests")]
    Denied(String, String),
    /// There is no such repository, or the token can't see it (404).
    #[error("{0}: {1}; the forge has no such repository or branch, or doesn't show it to this token")]
    Absent(String, String),
    /// The forge doesn't take the request (409, 422, and any other from 300 to 499).
    #[error("{0}: {1}")]
    Refused(String, String),
    /// The forge can't do it now (429, and from 500).
    #[error("{0}: {1}")]
    Busy(String, String),
    /// The forge's answer isn't what its documentation promises.
    #[error("{0}: the answer has no pull request in it")]
    Odd(String),
    /// There is no answer.
    #[error("{0}: {1}")]
    Unanswered(String, RestError),
}

impl ForgeError {
    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            ForgeError::Busy(..) => true,
            ForgeError::Unanswered(_, error) => matches!(error, RestError::Unreachable { .. }),
            _ => false,
        }
    }
}
