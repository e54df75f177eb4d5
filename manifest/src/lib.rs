//! What a release manifest is: names, identity, layout, settings, YAML in and out, defaults and validation.
//!
//! Build time (`generator`, `xtask`) and run time (`runtime`, `server`) must agree on these, so they stand once, here.

#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod contract;
pub mod defaults;
pub mod identity;
mod lay;
pub mod layout;
pub mod name;
mod nearest;
mod place;
pub mod platform;
pub mod plural;
pub mod pointer;
#[cfg(test)]
mod random;
pub mod valid;
pub mod yaml;

pub use contract::{Contract, ContractError};
pub use defaults::{Defaults, Node};
pub use identity::{Identity, IdentityError, suffix_clash};
pub use lay::lay;
pub use layout::{LayoutError, LayoutSettings, Layouts, Located, Parts, ReleasePath};
pub use name::{Kind, NameError, ReleaseName, ServiceName, TenantName, title};
pub use nearest::nearest;
pub use place::Place;
pub use platform::{Platform, PlatformError};
pub use plural::plural;
pub use valid::{BundleError, Invalid, Model, Valid, Validator, Violation};
