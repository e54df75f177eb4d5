//! Checked names: a raw string never reaches a path, a Git argument, a Kubernetes object or a Rust identifier.
//!
//! One grammar for all three names, a DNS-1123 label that begins with a letter, without doubled or trailing hyphens: then
//! `full--stack` can't stand beside `full-stack` with the same [`Kind`], and every derived name is again a label.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::plural::is_misread;

/// The grammar of tenants', services' and releases' names, as error messages and JSON schemas show it.
pub const GRAMMAR: &str = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$";

/// Longest service name, in characters: what is left in 53 for a tenant and a name must stay usable.
pub const SERVICE_MAX: usize = 30;

/// Longest tenant or release name, in characters: that of a DNS-1123 label. [`crate::Identity::check`] is stricter.
pub const NAME_MAX: usize = 63;

/// Why a string is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing at all.
    #[error("the {what} is empty: expected {GRAMMAR}")]
    Empty {
        /// What was being named, as `service name`.
        what: &'static str,
    },
    /// It would be a name in lower case.
    #[error("the {what} {found:?} has upper-case letters: write {lower:?}")]
    UpperCase {
        /// What was being named.
        what: &'static str,
        /// The refused text.
        found: String,
        /// The legal lower-case form.
        lower: String,
    },
    /// It begins with a digit, so no Kubernetes kind or Rust identifier can be made of it.
    #[error("the {what} {found:?} begins with a digit: it must begin with a letter ({GRAMMAR})")]
    Digit {
        /// What was being named.
        what: &'static str,
        /// The refused text.
        found: String,
    },
    /// It has another character, or a hyphen where none may be.
    #[error("the {what} {found:?} {problem}: expected {grammar}")]
    Grammar {
        /// What was being named.
        what: &'static str,
        /// The refused text, cut if it is long.
        found: String,
        /// What is wrong with it, as `ends with a hyphen`.
        problem: String,
        /// The expression it should match.
        grammar: &'static str,
    },
    /// It is too long.
    #[error("the {what} {found:?} has {length} characters: at most {max} are possible")]
    TooLong {
        /// What was being named.
        what: &'static str,
        /// The refused text, cut if it is long.
        found: String,
        /// Its length in characters.
        length: usize,
        /// The greatest length in characters.
        max: usize,
    },
    /// It is taken by the repository's layout, by Rust or by Cargo.
    #[error("the service name {found:?} is reserved: {reason}")]
    Reserved {
        /// The refused text.
        found: String,
        /// By whom.
        reason: &'static str,
    },
    /// KRO would make a CRD name with capitals of it, which the API server refuses.
    #[error(
        "the service name {found:?} can't be a KRO kind: KRO takes it for an acronym and makes the illegal plural \
         {plural:?} of it; add a word, as \"{found}-service\""
    )]
    Plural {
        /// The refused text.
        found: String,
        /// What KRO would call the resource.
        plural: String,
    },
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes `text` if it is such a name.
            ///
            /// # Errors
            /// The first thing that is wrong with it.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

name! {
    /// A service's name, `postgres` or `full-stack`: folders, chart, Rust module and feature, and the [`Kind`] follow from it.
    ///
    /// At most [`SERVICE_MAX`] characters; reserved words, and names that KRO can't make a CRD of, are refused.
    ServiceName, service
}
name! {
    /// A tenant's name, `acme`.
    TenantName, tenant
}
name! {
    /// The name of one release of a service within its tenant, `db9`.
    ReleaseName, release
}
name! {
    /// A Kubernetes kind, `FullStack`; made of a service's name with [`Kind::of`].
    ///
    /// At most 59 characters: `<Kind>List` must fit in 63 too.
    Kind, kind
}

impl ServiceName {
    /// The service whose releases are the tenants themselves.
    #[must_use]
    pub fn tenant() -> Self {
        Self("tenant".to_owned())
    }

    /// The Rust module and the first half of file names in Rust: hyphens become underscores.
    #[must_use]
    pub fn module(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl Kind {
    /// `full-stack` → `FullStack`: each part with its first letter upper (MSF-29).
    #[must_use]
    pub fn of(service: &ServiceName) -> Self {
        Self(service.0.split('-').map(capital).collect())
    }

    /// The kind in lower case: the CRD's `singular`, and what [`crate::plural()`] takes.
    #[must_use]
    pub fn lower(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl From<&ServiceName> for Kind {
    fn from(service: &ServiceName) -> Self {
        Self::of(service)
    }
}

/// `full-stack` → `Full Stack`, for people (MSF-30).
#[must_use]
pub fn title(service: &ServiceName) -> String {
    service.0.split('-').map(capital).collect::<Vec<_>>().join(" ")
}

fn capital(part: &str) -> String {
    let mut letters = part.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

fn tenant(text: &str) -> Result<(), NameError> {
    label("tenant name", text, NAME_MAX)
}

fn release(text: &str) -> Result<(), NameError> {
    label("release name", text, NAME_MAX)
}

fn service(text: &str) -> Result<(), NameError> {
    label("service name", text, SERVICE_MAX)?;
    let found = text.to_owned();
    if let Some(reason) = reserved(&text.replace('-', "_")) {
        return Err(NameError::Reserved { found, reason });
    }
    let kind = text.replace('-', "");
    if is_misread(&kind) {
        return Err(NameError::Plural { found, plural: crate::plural(&kind) });
    }
    Ok(())
}

fn kind(text: &str) -> Result<(), NameError> {
    const MAX: usize = 59;
    let what = "kind";
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    let grammar = "^[A-Z][A-Za-z0-9]*$";
    let found = cut(text);
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) {
        let problem = "doesn't begin with a capital".to_owned();
        return Err(NameError::Grammar { what, found, problem, grammar });
    }
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_alphanumeric()) {
        return Err(NameError::Grammar { what, found, problem: format!("has {odd:?}"), grammar });
    }
    if text.len() > MAX {
        return Err(NameError::TooLong { what, found, length: text.len(), max: MAX });
    }
    Ok(())
}

/// The grammar that the three names share.
fn label(what: &'static str, text: &str, max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    let length = text.chars().count();
    if length > max {
        return Err(NameError::TooLong { what, found: cut(text), length, max });
    }
    let lower = text.to_ascii_lowercase();
    if lower != text && problem(&lower).is_none() {
        return Err(NameError::UpperCase { what, found: text.to_owned(), lower });
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(NameError::Digit { what, found: text.to_owned() });
    }
    match problem(text) {
        Some(problem) => Err(NameError::Grammar { what, found: cut(text), problem, grammar: GRAMMAR }),
        None => Ok(()),
    }
}

fn problem(text: &str) -> Option<String> {
    let odd = |c: &char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '-';
    if let Some(odd) = text.chars().find(odd) {
        return Some(format!("has {odd:?}"));
    }
    if text.ends_with('-') {
        return Some("ends with a hyphen".to_owned());
    }
    if text.contains("--") {
        return Some("has two hyphens in a row".to_owned());
    }
    (!text.starts_with(|c: char| c.is_ascii_lowercase())).then(|| "doesn't begin with a letter".to_owned())
}

/// At most 80 characters of what was found, so that a message stays one.
fn cut(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Who else has this module name.
fn reserved(module: &str) -> Option<&'static str> {
    match module {
        "lib" | "shared" | "all" => Some("the repository has a file or folder of that name beside the services'"),
        "default" => Some("Cargo has a feature of that name"),
        "std" | "core" | "alloc" | "serde" | "serde_json" | "manifest" | "generated" => {
            Some("a Rust module of that name would hide a crate")
        }
        _ if KEYWORDS.contains(&module) => Some("it is a Rust keyword"),
        _ => None,
    }
}

/// The strict and the reserved keywords of all editions: <https://doc.rust-lang.org/reference/keywords.html>.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests;
