//! Releases into Git: none lost, none twice.
//!
//! A [`Release`] is made of validated values, a [`Change`] says what is to become of it and on which condition, and
//! [`Repository::apply`] returns when the branch has it: one commit a change, in a bare cache without a work tree, pushed by compare and
//! swap together with whatever else was waiting. What its outcome was is found by looking at the branch, never assumed.
//! [`Repository::propose`] opens a pull request instead.
//!
//! ```no_run
//! use generated::webapp::Webapp;
//! use manifest::Valid;
//! use runtime::{Change, Remote, Release, Repository, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let values = serde_json::json!({ "tenant": "acme", "name": "shop", "image": { "repository": "ghcr.io/acme/shop", "tag": "1.4" } });
//! let release = Release::<Webapp>::new(&runtime::platform()?, "acme".parse()?, "shop".parse()?, Valid::new(values)?)?;
//! let repository = Repository::open(Settings::new(Remote::parse("releases.git", "main")?, "cache"))?;
//! let landed = repository.apply(Change::put(release))?;
//! println!("{} is {}", landed.path, landed.commit);
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod change;
mod checked;
mod commit;
mod credential;
mod direct;
mod error;
mod forge;
mod git;
mod herald;
mod id;
mod pack;
mod precondition;
mod propose;
mod queue;
mod remote;
mod repository;
mod rest;
mod scan;
mod settings;
mod sign;
mod snapshot;
mod stage;
mod store;
pub mod sync;
mod tree;
mod writer;

pub use change::{Actor, Change, Effect, Landed, Since};
pub use checked::{Catalog, Checked, CheckedError, Release, platform};
pub use error::Error;
pub use forge::{Forge, ForgeError, ForgeKind, Pull};
pub use id::{BlobId, CommitId, IdError, JobId};
pub use precondition::Precondition;
pub use propose::{Outcome, Proposed};
pub use remote::{Remote, RemoteError};
pub use repository::{Pending, Repository};
pub use rest::{RestError, Token, TokenError};
pub use settings::{Settings, Transport};
pub use sign::Signing;
pub use snapshot::{Entry, Event, Snapshot, Stray};

pub use {generated, manifest};
