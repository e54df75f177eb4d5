//! What a release doesn't hold as the chart wants it: the platform's own fields, and secrets, to which a release only refers.

use generator::model::{self, Constraint, Place, Service};
use manifest::valid::Violation;

/// The places, and the rules that speak of them.
pub(super) struct Withheld {
    places: Vec<Place>,
    moved: Vec<Constraint>,
}

impl Withheld {
    pub(super) fn of(service: &Service) -> Withheld {
        let model::Withheld { secrets, platform } = model::withheld(service);
        let moved = model::release(service).moved.into_iter().map(|(constraint, _)| constraint).collect();
        Withheld { places: [secrets, platform].concat(), moved }
    }

    /// Whether the chart's schema would say this of a good release, too.
    pub(super) fn explains(&self, violation: &Violation) -> bool {
        let pointer = violation.pointer.as_str();
        let missing =
            |withheld: &Place| violation.keyword == "required" && withheld.parent().is_some_and(|parent| parent.is_at(pointer));
        let moved = |constraint: &Constraint| constraint.keyword == violation.keyword && constraint.used_at.is_at(pointer);
        self.places.iter().any(|withheld| withheld.encloses(pointer) || missing(withheld)) || self.moved.iter().any(moved)
    }
}
