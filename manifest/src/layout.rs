//! Where a release's file lies: a layout is data, and its inverse finds the release of a file.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::{FILE, Identity};
use crate::name::ServiceName;

use template::{Layout, Piece, Token, pieces};

mod template;

/// Longest path, in bytes.
const PATH_MAX: usize = 1024;

/// Settings of a layout, as they stand in `platform.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LayoutSettings {
    /// The services whose releases lie so. Without it: all that no other layout names; `tenant` is always to be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub services: Vec<ServiceName>,
    /// The path: `{tenant}` (or `{namespace}`), `{name}` (or `{app}`) and `{service}` stand for the identity's names, any other word in
    /// braces, as `{region}`, for a part that is told beside the identity.
    pub path: String,
    /// What the file holds.
    #[serde(default)]
    pub content: Content,
}

/// What a release's file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// A Kubernetes object.
    #[default]
    Manifest,
    /// The values alone.
    Values,
}

/// Parts of a path that aren't in the identity: `region` is `eu`.
pub type Parts = BTreeMap<String, String>;

/// Where the releases of all services lie. Only [`Layouts::new`] makes one, and no two of its layouts have a path in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layouts(Vec<Layout>);

/// The path of a release's file in the releases repository, with `/` between its segments: only a layout makes one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ReleasePath(String);

/// What a path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The release.
    pub identity: Identity,
    /// What the path has beside the identity.
    pub parts: Parts,
    /// What the file holds.
    pub content: Content,
    /// The path.
    pub path: ReleasePath,
}

/// Why layouts can't be used, or a path can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The template itself is wrong.
    #[error("the layout {template:?} {problem}")]
    Template {
        /// The template.
        template: String,
        /// What is wrong with it.
        problem: String,
    },
    /// One path could be that of two releases.
    #[error(
        "the layouts {one:?} and {other:?} can give one path to two releases: let a folder that is written out tell them apart"
    )]
    Collision {
        /// The first template.
        one: String,
        /// The second.
        other: String,
    },
    /// Nothing says where the service's releases lie.
    #[error("no layout is for the service {service:?}")]
    NoLayout {
        /// The service.
        service: ServiceName,
    },
    /// A part of the path wasn't told, or isn't a name.
    #[error("the layout {template:?} has {{{part}}}: {problem}")]
    Part {
        /// The template.
        template: String,
        /// The part.
        part: String,
        /// What is wrong.
        problem: String,
    },
    /// The path is longer than it may be.
    #[error("the path {path:?} has {length} bytes: at most {PATH_MAX} are possible")]
    TooLong {
        /// The path.
        path: String,
        /// Its length in bytes.
        length: usize,
    },
    /// The path has a word that Windows can't check out.
    #[error("{segment:?} is a device's name on Windows: no checkout of the repository would work there")]
    Device {
        /// The segment.
        segment: String,
    },
    /// No layout gives such a path.
    #[error("{path:?} is nobody's: a release lies at {expected}")]
    Nobodys {
        /// The path.
        path: String,
        /// The templates.
        expected: String,
    },
}

/// Whether a file has the name that Argo CD and Flux take for a release's, wherever it lies (MSF-F49): then it has to be one.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    path.rsplit('/').next() == Some(FILE)
}

impl ReleasePath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders and the file.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl Located {
    /// Fills in a template with the words of layouts. A part that the release's place doesn't have is left out.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let service = self.identity.service();
        let name = match &self.identity {
            Identity::Release { name, .. } => name.as_str(),
            Identity::Tenant(tenant) => tenant.as_str(),
        };
        let word = |word: &str| {
            match Token::of(word) {
                Token::Tenant => self.identity.tenant().as_str(),
                Token::Service => service.as_str(),
                Token::Name => name,
                Token::Part(part) => self.parts.get(&part).map_or("", String::as_str),
                Token::Literal(_) => "",
            }
            .to_owned()
        };
        let piece = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Word(text) => word(text),
        };
        pieces(template).unwrap_or_default().iter().map(piece).collect()
    }
}

impl fmt::Display for ReleasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// `{tenant}/manifest.yaml` and `{tenant}/{service}/{name}/manifest.yaml` (MSF-12, MSF-13).
impl Default for Layouts {
    #[expect(clippy::expect_used, reason = "what is written here is checked by every test that needs a path")]
    fn default() -> Layouts {
        let layout = |services: Vec<ServiceName>, path: &str| {
            let settings = LayoutSettings { services, path: path.to_owned(), content: Content::Manifest };
            Layout::new(&settings).expect("a legal layout")
        };
        Layouts(vec![
            layout(vec![ServiceName::tenant()], "{tenant}/manifest.yaml"),
            layout(Vec::new(), "{tenant}/{service}/{name}/manifest.yaml"),
        ])
    }
}

impl Layouts {
    /// Checks layouts; none are the default ones.
    ///
    /// # Errors
    /// The first template that is wrong, or the first two that can give one path.
    pub fn new(settings: &[LayoutSettings]) -> Result<Layouts, LayoutError> {
        if settings.is_empty() {
            return Ok(Layouts::default());
        }
        let layouts: Vec<Layout> = settings.iter().map(Layout::new).collect::<Result<_, _>>()?;
        for (i, one) in layouts.iter().enumerate() {
            if let Some(other) = layouts[i + 1..].iter().find(|other| one.meets(other)) {
                return Err(LayoutError::Collision { one: one.text.clone(), other: other.text.clone() });
            }
        }
        Ok(Layouts(layouts))
    }

    /// Where a release lies.
    ///
    /// # Errors
    /// If no layout is for its service, a part is missing or not a name, or the path can't be.
    pub fn locate(&self, identity: &Identity, parts: &Parts) -> Result<Located, LayoutError> {
        let service = identity.service();
        let layout = self.of(&service).ok_or(LayoutError::NoLayout { service })?;
        let path = layout.path(identity, parts)?;
        // What a layout doesn't have doesn't belong to the release.
        let parts = layout.parts().filter_map(|part| Some((part.to_owned(), parts.get(part)?.clone()))).collect();
        Ok(Located { identity: identity.clone(), parts, content: layout.content, path })
    }

    /// The release whose file lies at `path`.
    ///
    /// # Errors
    /// If [`Layouts::locate`] gives this path to no release.
    pub fn find(&self, path: &str) -> Result<Located, LayoutError> {
        let nobodys = || {
            let expected = self.0.iter().map(|layout| format!("`{}`", layout.text)).collect::<Vec<_>>().join(" or ");
            LayoutError::Nobodys { path: path.chars().take(PATH_MAX).collect(), expected }
        };
        let found = self.0.iter().find_map(|layout| layout.read(path).filter(|located| self.is_for(layout, located)));
        let located = found.ok_or_else(nobodys)?;
        // The inverse of what is written, and nothing else.
        match self.locate(&located.identity, &located.parts) {
            Ok(again) if again.path.as_str() == path => Ok(again),
            _ => Err(nobodys()),
        }
    }

    /// Checks a template that [`Located::fill`] is to fill in.
    ///
    /// # Errors
    /// A word that isn't one, or that no layout has.
    pub fn check(&self, template: &str) -> Result<(), String> {
        let parts: Vec<&str> = self.0.iter().flat_map(Layout::parts).collect();
        for piece in pieces(template)? {
            match piece {
                Piece::Word(word) => match Token::of(word) {
                    Token::Part(part) if !parts.contains(&part.as_str()) => {
                        return Err(format!("has {{{part}}}, which no path of a release has"));
                    }
                    _ => {}
                },
                Piece::Text(text) => {
                    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
                    if let Some(odd) = text.chars().find(|c| !legal(*c)) {
                        return Err(format!("has {odd:?}: a name has small letters, digits, hyphens and dots"));
                    }
                }
            }
        }
        match template.is_empty() {
            true => Err("is empty".to_owned()),
            false => Ok(()),
        }
    }

    /// A glob of the paths of a service's releases, as editors read it: `*/postgres/*/manifest.yaml`.
    #[must_use]
    pub fn glob(&self, service: &ServiceName) -> Option<String> {
        self.of(service).map(|layout| layout.glob(service))
    }

    /// What the file of a service's release holds.
    #[must_use]
    pub fn content(&self, service: &ServiceName) -> Option<Content> {
        self.of(service).map(|layout| layout.content)
    }

    fn of(&self, service: &ServiceName) -> Option<&Layout> {
        let named = self.0.iter().find(|layout| layout.services.contains(service));
        let others = || self.0.iter().find(|layout| layout.services.is_empty() && *service != ServiceName::tenant());
        named.or_else(others)
    }

    fn is_for(&self, layout: &Layout, located: &Located) -> bool {
        self.of(&located.identity.service()).is_some_and(|theirs| theirs == layout)
    }
}

#[cfg(test)]
mod tests;
