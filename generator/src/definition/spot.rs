//! A place of the values on the way down: how the policy reaches it, and how people call it.

use super::cel::{On, get, has};
use crate::model::{Place, Schema};

/// The values of the release, and those that it had before.
const NOW: &str = "variables.values";
const BEFORE: &str = "variables.before";

/// Where a walk is.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub place: Place,
    /// As messages call it: `spec.values.databases[*].name`.
    pub path: String,
    /// The expression that gives the value.
    pub x: String,
    /// The name of a type that stands here, before it is made unique.
    pub key: String,
    /// The API's type assures the value's type.
    pub typed: bool,
    /// A place that uses this type by name admits null.
    pub null: bool,
    /// It is there wherever its holder is, and so up to the root.
    pub sure: bool,
    /// What stands between the root and here.
    pub(super) steps: Vec<Step>,
    pub(super) depth: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Nothing is asked where this holds.
    Unless(String),
    /// A field: the condition that it is there.
    There(String),
    /// Each item or key, under this name.
    Each(String, String),
}

impl Spot {
    pub(super) fn root() -> Spot {
        Spot {
            place: Place::root(),
            path: "spec.values".to_owned(),
            x: NOW.to_owned(),
            key: "Values".to_owned(),
            typed: true,
            null: false,
            sure: true,
            steps: Vec::new(),
            depth: 0,
        }
    }

    /// A field; `typed`: the API knows its type.
    pub(super) fn field(&self, name: &str, typed: bool) -> Spot {
        let mut steps = self.guards("map");
        steps.push(Step::There(has(&self.x, name)));
        Spot {
            place: self.place.field(name),
            path: format!("{}.{name}", self.path),
            x: get(&self.x, name),
            key: format!("{}/{name}", self.key),
            typed,
            null: false,
            sure: false,
            steps,
            depth: self.depth,
        }
    }

    /// Each item of a list.
    pub(super) fn item(&self, typed: bool) -> Spot {
        let variable = format!("i{}", self.depth);
        let mut steps = self.guards("list");
        steps.push(Step::Each(self.x.clone(), variable.clone()));
        let path = format!("{}[*]", self.path);
        Spot { path, x: variable, ..self.below(typed, steps) }
    }

    /// The value of each key; of those only for which `unless` doesn't hold.
    pub(super) fn value(&self, typed: bool, unless: impl Fn(&str) -> Option<String>) -> Spot {
        let variable = format!("i{}", self.depth);
        let mut steps = self.guards("map");
        steps.push(Step::Each(self.x.clone(), variable.clone()));
        steps.extend(unless(&variable).map(Step::Unless));
        Spot { path: format!("{}.*", self.path), x: format!("{}[{variable}]", self.x), ..self.below(typed, steps) }
    }

    fn below(&self, typed: bool, steps: Vec<Step>) -> Spot {
        Spot {
            place: self.place.each(),
            key: format!("{}/item", self.key),
            typed,
            null: false,
            sure: false,
            steps,
            depth: self.depth + 1,
            ..self.clone()
        }
    }

    fn guards(&self, kind: &str) -> Vec<Step> {
        let mut steps = self.steps.clone();
        if !self.typed {
            steps.push(Step::Unless(format!("type({}) != {kind}", self.x)));
        }
        steps
    }

    /// The same place behind a name.
    pub(super) fn behind(&self, nullable: bool) -> Spot {
        Spot { null: self.null || nullable, ..self.clone() }
    }

    /// Whether it lies in a list or a map, where nothing has an identity over time.
    pub(super) fn is_many(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Each(..)))
    }

    /// Whether it is an item of a list, or a value of a map.
    pub(super) fn is_item(&self) -> bool {
        self.place.as_str().ends_with("/*")
    }

    /// The condition, wherever the value is.
    pub(super) fn everywhere(&self, condition: String) -> String {
        self.steps.iter().rev().fold(condition, |inner, step| match step {
            Step::Unless(guard) => format!("{guard} || {inner}"),
            Step::There(there) => format!("!{there} || {inner}"),
            Step::Each(x, variable) => format!("{x}.all({variable}, {inner})"),
        })
    }

    /// The condition that the value is there.
    fn there(&self) -> String {
        let there = |step: &Step| match step {
            Step::There(there) => Some(there.clone()),
            Step::Unless(guard) => Some(format!("!({guard})")),
            Step::Each(..) => None,
        };
        let all: Vec<_> = self.steps.iter().filter_map(there).collect();
        if all.is_empty() { "true".to_owned() } else { all.join(" && ") }
    }

    /// The condition that what was there is still there, and what wasn't still isn't.
    pub(super) fn stays(&self) -> String {
        let there = self.there();
        format!("request.operation != 'UPDATE' || ({there}) == ({})", there.replace(NOW, BEFORE))
    }

    /// The condition that the value is what it was.
    pub(super) fn same(&self) -> String {
        let there = self.there();
        format!("{} && (!({there}) || {} == {})", self.stays(), self.x, self.x.replace(NOW, BEFORE))
    }

    /// The value as the subject of a condition.
    pub(super) fn on<'a>(&self, base: &'a Schema) -> On<'a> {
        let before = (!self.is_many()).then(|| {
            let there = self.there().replace(NOW, BEFORE);
            (format!("request.operation != 'UPDATE' || !({there})"), self.x.replace(NOW, BEFORE))
        });
        On { x: self.x.clone(), base: Some(base), typed: self.typed, before, depth: 0, open: Vec::new() }
    }
}
