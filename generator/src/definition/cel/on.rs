//! The value that a condition is about, and what is known of it already.

use crate::definition::form::{Form, form};
use crate::model::{Schema, Shape, Types};

/// The value that a condition is about.
#[derive(Clone)]
pub(crate) struct On<'a> {
    /// The expression that gives it.
    pub x: String,
    /// What the API or other rules say of it.
    pub base: Option<&'a Schema>,
    /// The API's type assures `base`'s type.
    pub typed: bool,
    /// The condition under which there is no former value, and the expression that gives it.
    pub before: Option<(String, String)>,
    /// Variables in use.
    pub depth: usize,
    /// The named types that we are inside of.
    pub open: Vec<&'a str>,
}

impl<'a> On<'a> {
    /// A variable that isn't in use.
    pub(super) fn variable(&self) -> String {
        format!("v{}", self.depth)
    }

    /// An item, as a variable.
    pub(super) fn item(&self, types: &'a Types) -> On<'a> {
        self.item_at(self.variable(), types)
    }

    /// An item, by the expression that gives it.
    pub(super) fn item_at(&self, x: String, types: &'a Types) -> On<'a> {
        let item = self.base.and_then(|base| match &base.resolve(types).shape {
            Shape::List(list) => Some(&*list.item),
            _ => None,
        });
        self.inside(x, item, Form::List, types)
    }

    /// The value of a key that is in a variable.
    pub(super) fn value(&self, key: &str, types: &'a Types) -> On<'a> {
        let value = self.base.and_then(|base| match &base.resolve(types).shape {
            Shape::Map(map) => Some(&*map.value),
            _ => None,
        });
        self.inside(format!("{}[{key}]", self.x), value, Form::Map, types)
    }

    fn inside(&self, x: String, base: Option<&'a Schema>, needs: Form, types: &'a Types) -> On<'a> {
        let typed = self.typed && self.base.is_some_and(|base| form(base, types, &[]) == needs);
        On { x, base, typed, before: None, depth: self.depth + 1, open: self.open.clone() }
    }

    /// Whether the API assures the type that the schema asks for.
    pub(super) fn is_typed(&self, schema: &Schema, types: &'a Types) -> bool {
        let known = self.known(types);
        known.is_some() && known == kind(&schema.shape)
    }

    /// The guard for keywords that ask nothing of other types.
    pub(super) fn unless(&self, name: &str, types: &'a Types) -> Vec<String> {
        match self.known(types) == Some(name) {
            true => Vec::new(),
            false => vec![format!("type({}) != {name}", self.x)],
        }
    }

    pub(super) fn unless_number(&self, types: &'a Types) -> Vec<String> {
        match matches!(self.known(types), Some("int" | "double")) {
            true => Vec::new(),
            false => vec![format!("type({0}) != int && type({0}) != double", self.x)],
        }
    }

    fn known(&self, types: &'a Types) -> Option<&'static str> {
        self.base.filter(|_| self.typed).and_then(|base| kind(&base.resolve(types).shape))
    }
}

/// The type of a shape in CEL, if it has one.
pub(crate) fn kind(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Boolean => Some("bool"),
        Shape::Integer(_) => Some("int"),
        Shape::Number(_) => Some("double"),
        Shape::Text(_) => Some("string"),
        Shape::List(_) => Some("list"),
        Shape::Map(_) | Shape::Object(_) => Some("map"),
        Shape::Anything | Shape::Nothing | Shape::Choice(_) | Shape::Union(_) | Shape::Named(_) => None,
    }
}

/// The condition under which a schema without a type of its own asks nothing.
pub(crate) fn implied(schema: &Schema, x: &str) -> Option<String> {
    if !schema.implied {
        return None;
    }
    match kind(&schema.shape)? {
        "int" | "double" => Some(format!("type({x}) != int && type({x}) != double")),
        kind => Some(format!("type({x}) != {kind}")),
    }
}
