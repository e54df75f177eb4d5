//! What a release doesn't hold as its chart wants it.

use generator::model::{Rest, Schema, Shape, Types};

/// Walks the whole schema for what a release doesn't hold as it stands there.
pub(super) struct Withheld<'a> {
    types: &'a Types,
    open: Vec<&'a str>,
    /// Places that hold a reference to a Secret.
    pub secrets: Vec<String>,
    /// Places that only the platform fills in.
    pub platform: Vec<String>,
}

impl<'a> Withheld<'a> {
    pub(super) fn of(values: &'a Schema, types: &'a Types) -> Withheld<'a> {
        let mut out = Withheld { types, open: Vec::new(), secrets: Vec::new(), platform: Vec::new() };
        out.schema(values, "");
        out
    }

    fn schema(&mut self, schema: &'a Schema, place: &str) {
        if schema.notes.platform_owned {
            return self.platform.push(place.to_owned());
        }
        if schema.notes.secret {
            return self.secrets.push(place.to_owned());
        }
        match &schema.shape {
            Shape::Object(object) => {
                for field in &object.fields {
                    self.schema(&field.schema, &format!("{place}/{}", manifest::pointer::escape(&field.name)));
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
