//! What a release doesn't hold as its chart wants it.

use super::{Place, Rest, Schema, Service, Shape, Types};

/// Places of the whole schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Withheld {
    /// A release holds a reference to a Secret there.
    pub secrets: Vec<Place>,
    /// Only the platform fills them in.
    pub platform: Vec<Place>,
}

/// Finds them; a recursive type's once on each way.
pub fn withheld(service: &Service) -> Withheld {
    let mut walk = Walk { types: &service.types, open: Vec::new(), out: Withheld::default() };
    walk.schema(&service.values, &Place::root());
    walk.out
}

struct Walk<'a> {
    types: &'a Types,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
    out: Withheld,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Schema, place: &Place) {
        if schema.notes.platform_owned {
            return self.out.platform.push(place.clone());
        }
        if schema.notes.secret {
            return self.out.secrets.push(place.clone());
        }
        match &schema.shape {
            Shape::Object(object) => {
                for field in &object.fields {
                    self.schema(&field.schema, &place.field(&field.name));
                }
                if let Rest::Of(rest) = &object.rest {
                    self.schema(rest, &place.each());
                }
            }
            Shape::List(list) => self.schema(&list.item, &place.each()),
            Shape::Map(map) => self.schema(&map.value, &place.each()),
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
