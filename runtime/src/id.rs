//! Ids: what Git calls things, and what a caller calls a change.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use gix::ObjectId;
use serde::{Serialize, Serializer};

/// Why a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a SHA-1 in hexadecimal digits.
    #[error("{found:?} is not the id of a Git object: expected 40 hexadecimal digits")]
    Object {
        /// The text, cut.
        found: String,
    },
    /// Not what a job may be called.
    #[error("{found:?} is not a job's id: expected 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit")]
    Job {
        /// The text, cut.
        found: String,
    },
}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) ObjectId);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0.to_hex().to_string())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                ObjectId::from_hex(text.as_bytes()).map($name).map_err(|_| IdError::Object { found: cut(text) })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

object_id! {
    /// The id of a commit.
    CommitId
}
object_id! {
    /// The id of a file's content: the entity tag of a release (RFC 9110 §8.8.3).
    BlobId
}

/// What a change is known by wherever it is tried again: a commit bears it as its trailer `Release-Job`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

impl JobId {
    /// A new one: a ULID, which says when it was made.
    #[must_use]
    pub fn new() -> JobId {
        JobId(ulid::Ulid::new().to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When it was made, if it is a ULID.
    pub(crate) fn made(&self) -> Option<SystemTime> {
        ulid::Ulid::from_string(&self.0).ok().map(|ulid| ulid.datetime())
    }
}

impl Default for JobId {
    fn default() -> JobId {
        JobId::new()
    }
}

impl FromStr for JobId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<JobId, IdError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let right = text.len() <= 64 && text.chars().all(legal) && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if right { Ok(JobId(text.to_owned())) } else { Err(IdError::Job { found: cut(text) }) }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_git_and_trailers_take() {
        assert!("4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse::<BlobId>().is_ok());
        for bad in ["", "4b825dc", "zz825dc642cb6eb9a060e54bf8d69288fbee4904", "--force"] {
            assert!(bad.parse::<CommitId>().is_err(), "{bad}");
        }
        assert!(JobId::new().made().is_some());
        for good in ["a", "2026-11-21.7_b", &"x".repeat(64)] {
            assert_eq!(good.parse::<JobId>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a b", "a\nRelease-Job: b", "a,b", "é", &"x".repeat(65)] {
            assert!(bad.parse::<JobId>().is_err(), "{bad:?}");
        }
    }
}
