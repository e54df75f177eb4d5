//! How a repository is reached and written.

use std::path::PathBuf;
use std::time::Duration;

use manifest::layout::Layouts;

use crate::change::Actor;
use crate::remote::Remote;
use crate::sign::Signing;
use crate::sync::Follower;

/// How a repository is reached and written.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is.
    pub remote: Remote,
    /// A folder for the cache, which holds nothing that can't be fetched again. One process at a time uses it.
    pub cache: PathBuf,
    /// Where releases lie.
    pub layouts: Layouts,
    /// The committer. All that write to a branch on behalf of the platform have the same address: by it they know their commits.
    pub committer: Actor,
    /// How commits reach the remote.
    pub transport: Transport,
    /// With what commits are signed.
    pub signing: Option<Signing>,
    /// Whom to tell of each push.
    pub followers: Vec<Follower>,
    /// Whether the configuration of the user and of the machine counts, credential helpers among it: for people, not for services.
    pub configured: bool,
    /// How long `git` may take for one answer.
    pub timeout: Duration,
    /// How long a remote that can't be reached is tried.
    pub patience: Duration,
}

/// How commits reach the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `git push`: whatever `git` can reach, with whatever credentials it has.
    Push,
    /// One request to a server of smart HTTP, with the credentials that `git` has for it. It was tried with `git http-backend`; whether a
    /// hosting service takes it has to be tried there.
    Direct,
}

impl Settings {
    /// The usual settings.
    #[must_use]
    pub fn new(remote: Remote, cache: impl Into<PathBuf>) -> Settings {
        Settings {
            remote,
            cache: cache.into(),
            layouts: Layouts::default(),
            committer: Actor::new("Trefoil", "trefoil@localhost"),
            transport: Transport::Push,
            signing: None,
            followers: Vec::new(),
            configured: true,
            timeout: Duration::from_secs(120),
            patience: Duration::from_secs(30),
        }
    }
}
