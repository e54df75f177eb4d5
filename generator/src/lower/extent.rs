//! How far a model unfolds: named types are small where they stand and large where they are used.

use crate::model::{Rest, Schema, Shape, Types};

/// The largest public chart unfolds to a twentieth.
const MAX_PLACES: usize = 100_000;

/// Deeper than this, no walk over the model goes.
pub(super) const MAX_DEPTH: usize = 160;

/// Why a model can't be walked whole, at each use of each type; recursive types end where they come again.
pub(super) fn excess(values: &Schema, types: &Types) -> Option<String> {
    let mut walk = Walk { types, places: 0, open: Vec::new() };
    walk.schema(values, 0)
}

struct Walk<'a> {
    types: &'a Types,
    places: usize,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Schema, depth: usize) -> Option<String> {
        self.places += 1;
        if self.places > MAX_PLACES {
            return Some(format!("the schema unfolds to more than {MAX_PLACES} places where its references are used"));
        }
        if depth > MAX_DEPTH {
            return Some(format!("the schema unfolds to more than {MAX_DEPTH} levels where its references are used"));
        }
        let below: Vec<&Schema> = match &schema.shape {
            Shape::List(list) => vec![&list.item],
            Shape::Map(map) => vec![&map.value],
            Shape::Union(branches) => branches.iter().collect(),
            Shape::Object(object) => {
                let rest = match &object.rest {
                    Rest::Of(rest) => Some(&**rest),
                    Rest::Closed | Rest::Unsaid | Rest::Open => None,
                };
                object.fields.iter().map(|field| &field.schema).chain(rest).collect()
            }
            Shape::Named(name) => return self.named(name, schema, depth),
            Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) => Vec::new(),
            Shape::Number(_) | Shape::Text(_) | Shape::Choice(_) => Vec::new(),
        };
        below.into_iter().chain(rules(schema)).find_map(|schema| self.schema(schema, depth + 1))
    }

    fn named(&mut self, name: &'a str, schema: &'a Schema, depth: usize) -> Option<String> {
        let mut found = None;
        if let Some(target) = self.types.get(name).filter(|_| !self.open.contains(&name)) {
            self.open.push(name);
            found = self.schema(target, depth + 1);
            self.open.pop();
        }
        found.or_else(|| rules(schema).find_map(|schema| self.schema(schema, depth + 1)))
    }
}

fn rules(schema: &Schema) -> impl Iterator<Item = &Schema> {
    schema.rules.iter().flat_map(|rule| rule.check.schemas())
}
