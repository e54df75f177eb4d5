//! Places that stand for many: the model's, and the contract's.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::pointer::escape;

/// A place in a document: a JSON pointer (RFC 6901) in which `*` stands for each item of a list and each key of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Place(Arc<str>);

impl Place {
    /// The document itself.
    #[must_use]
    pub fn root() -> Place {
        Place::default()
    }

    /// A field below this.
    #[must_use]
    pub fn field(&self, name: &str) -> Place {
        Place(Arc::from(format!("{}/{}", self.0, escape(name))))
    }

    /// Each item, or each key that no field names.
    #[must_use]
    pub fn each(&self) -> Place {
        Place(Arc::from(format!("{}/*", self.0)))
    }

    /// What holds this; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Place> {
        self.0.rsplit_once('/').map(|(parent, _)| Place(Arc::from(parent)))
    }

    /// Whether a document's pointer is this place, or one of those that it stands for.
    #[must_use]
    pub fn is_at(&self, pointer: &str) -> bool {
        pointer.split('/').count() == self.0.split('/').count() && self.encloses(pointer)
    }

    /// Whether a document's pointer is at this place or below it.
    #[must_use]
    pub fn encloses(&self, pointer: &str) -> bool {
        let same = |(found, wanted): (&str, &str)| wanted == "*" || found == wanted;
        pointer.split('/').count() >= self.0.split('/').count() && pointer.split('/').zip(self.0.split('/')).all(same)
    }

    /// The pointer.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

impl From<String> for Place {
    fn from(pointer: String) -> Place {
        Place(Arc::from(pointer))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_their_pointers() {
        let password = Place::root().field("users").each().field("password");
        assert!(password.is_at("/users/0/password") && !password.is_at("/users/0/password/key"));
        assert!(password.encloses("/users/0/password/key") && !password.encloses("/users/0"));
        assert!(Place::root().is_at("") && Place::root().encloses("/a"));
        assert_eq!(password.parent(), Some(Place::from("/users/*".to_owned())));
        assert_eq!(Place::root().parent(), None);
    }
}
