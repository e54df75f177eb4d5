//! Every place of a model, with the way to it.

use generator::model::{Place, Rest, Schema, Service, Shape, Types};

/// One use of a schema.
pub(crate) struct Spot<'a> {
    pub place: Place,
    pub way: Vec<Step>,
    pub schema: &'a Schema,
}

/// A step down from a schema to one in it. Names of types are looked through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Field(String),
    /// An item of a list.
    Item,
    /// The value of a key that no field names.
    Key,
    /// An alternative of a union.
    Branch(usize),
}

/// All of them, the root first; a recursive type once on each way.
pub(crate) fn spots(service: &Service) -> Vec<Spot<'_>> {
    let mut walk = Walk { types: &service.types, out: Vec::new(), open: Vec::new() };
    walk.schema(&service.values, &Place::root(), &mut Vec::new());
    walk.out
}

struct Walk<'a> {
    types: &'a Types,
    out: Vec<Spot<'a>>,
    open: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Schema, place: &Place, way: &mut Vec<Step>) {
        if !matches!(schema.shape, Shape::Named(_)) || !schema.rules.is_empty() {
            self.out.push(Spot { place: place.clone(), way: way.clone(), schema });
        }
        match &schema.shape {
            Shape::Named(name) => {
                if let Some(target) = self.types.get(name).filter(|_| !self.open.contains(&name.as_str())) {
                    self.open.push(name);
                    self.schema(target, place, way);
                    self.open.pop();
                }
            }
            Shape::Object(object) => {
                for field in &object.fields {
                    self.step(&field.schema, &place.field(&field.name), way, Step::Field(field.name.clone()));
                }
                if let Rest::Of(rest) = &object.rest {
                    self.step(rest, &place.each(), way, Step::Key);
                }
            }
            Shape::List(list) => self.step(&list.item, &place.each(), way, Step::Item),
            Shape::Map(map) => self.step(&map.value, &place.each(), way, Step::Key),
            Shape::Union(branches) => {
                for (number, branch) in branches.iter().enumerate() {
                    self.step(branch, place, way, Step::Branch(number));
                }
            }
            Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => {}
            Shape::Text(_) | Shape::Choice(_) => {}
        }
    }

    fn step(&mut self, schema: &'a Schema, place: &Place, way: &mut Vec<Step>, step: Step) {
        way.push(step);
        self.schema(schema, place, way);
        way.pop();
    }
}
