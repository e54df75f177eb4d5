//! What a release doesn't hold as the chart wants it: the platform's own fields, and secrets, to which a release only refers.

use generator::model::{self, Constraint, Rest, Schema, Service, Shape, Types};
use manifest::pointer::escape;
use manifest::valid::Violation;

/// The places, and the rules that speak of them.
pub(super) struct Withheld {
    /// JSON pointers in which `*` stands for any step.
    places: Vec<String>,
    moved: Vec<Constraint>,
}

impl Withheld {
    pub(super) fn of(service: &Service) -> Withheld {
        let mut walk = Walk { types: &service.types, open: Vec::new(), places: Vec::new() };
        walk.schema(&service.values, "");
        let moved = model::release(service).moved.into_iter().map(|(constraint, _)| constraint).collect();
        Withheld { places: walk.places, moved }
    }

    /// Whether the chart's schema would say this of a good release, too.
    pub(super) fn explains(&self, violation: &Violation) -> bool {
        let place = violation.pointer.as_str();
        let missing = |withheld: &String| {
            violation.keyword == "required" && withheld.rsplit_once('/').is_some_and(|(parent, _)| is_at(place, parent))
        };
        let moved =
            |constraint: &Constraint| constraint.keyword == violation.keyword && is_at(place, constraint.used_at.as_str());
        self.places.iter().any(|withheld| is_in(place, withheld) || missing(withheld)) || self.moved.iter().any(moved)
    }
}

struct Walk<'a> {
    types: &'a Types,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
    places: Vec<String>,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Schema, place: &str) {
        if schema.notes.secret || schema.notes.platform_owned {
            self.places.push(place.to_owned());
            return;
        }
        match &schema.shape {
            Shape::Object(object) => {
                for field in &object.fields {
                    let step = escape(&field.name);
                    self.schema(&field.schema, &format!("{place}/{step}"));
                }
                if let Rest::Of(rest) = &object.rest {
                    self.schema(rest, &format!("{place}/*"));
                }
            }
            Shape::List(list) => self.schema(&list.item, &format!("{place}/*")),
            Shape::Map(map) => self.schema(&map.value, &format!("{place}/*")),
            Shape::Union(branches) => branches.iter().for_each(|branch| self.schema(branch, place)),
            Shape::Named(name) => {
                if let Some(target) = self.types.get(name).filter(|_| !self.open.contains(&name.as_str())) {
                    self.open.push(name);
                    self.schema(target, place);
                    self.open.pop();
                }
            }
            Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => {}
            Shape::Text(_) | Shape::Choice(_) => {}
        }
    }
}

fn same_step((found, wanted): (&str, &str)) -> bool {
    wanted == "*" || found == wanted
}

fn is_at(pointer: &str, place: &str) -> bool {
    pointer.split('/').count() == place.split('/').count() && is_in(pointer, place)
}

fn is_in(pointer: &str, place: &str) -> bool {
    pointer.split('/').count() >= place.split('/').count() && pointer.split('/').zip(place.split('/')).all(same_step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert!(is_at("/users/0/password", "/users/*/password"));
        assert!(is_in("/users/0/password/key", "/users/*/password"));
        assert!(!is_in("/users/0", "/users/*/password"));
        assert!(!is_at("/users/0/password/key", "/users/*/password"));
        assert!(is_at("", "") && is_in("/a", ""));
    }
}
