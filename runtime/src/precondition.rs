//! The state of a release that a change is made for.

use std::fmt;

use crate::id::BlobId;

/// The state that a change is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever is there.
    Any,
    /// Exactly this content (`If-Match`).
    Is(BlobId),
    /// Nothing (`If-None-Match: *`).
    Absent,
}

impl fmt::Display for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Precondition::Any => f.write_str("whatever is there"),
            Precondition::Is(blob) => write!(f, "{blob}"),
            Precondition::Absent => f.write_str("a release that isn't there yet"),
        }
    }
}
