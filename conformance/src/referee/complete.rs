//! A release's document as its chart gets it.

use generator::model::{Field, Notes, Rest, Schema, Shape, Types};
use serde_json::Value;

use crate::random::Random;
use crate::sample::{Fill, sample};

/// Fills in what the platform gives.
pub(super) struct Complete<'a> {
    pub types: &'a Types,
    pub random: Random,
}

impl Complete<'_> {
    pub(super) fn value(&mut self, schema: &Schema, value: &Value) -> Value {
        if schema.notes.secret && value.is_object() {
            return sample(&Schema { notes: Notes::default(), ..schema.clone() }, self.types, Fill::Least, &mut self.random);
        }
        let schema = match &schema.shape {
            Shape::Named(_) => schema.resolve(self.types),
            _ => schema,
        };
        match (&schema.shape, value) {
            (Shape::Object(object), Value::Object(members)) => {
                let mut out = members.clone();
                for field in &object.fields {
                    match out.get_mut(&field.name) {
                        Some(inner) => *inner = self.value(&field.schema, inner),
                        None => out.extend(self.given(field).map(|value| (field.name.clone(), value))),
                    }
                }
                if let Rest::Of(rest) = &object.rest {
                    for (key, inner) in &mut out {
                        if object.field(key).is_none() {
                            *inner = self.value(rest, inner);
                        }
                    }
                }
                Value::Object(out)
            }
            (Shape::Map(map), Value::Object(members)) => {
                members.iter().map(|(key, inner)| (key.clone(), self.value(&map.value, inner))).collect()
            }
            (Shape::List(list), Value::Array(items)) => items.iter().map(|item| self.value(&list.item, item)).collect(),
            (Shape::Union(branches), value) => branches.iter().fold(value.clone(), |value, branch| self.value(branch, &value)),
            _ => value.clone(),
        }
    }

    /// What the platform has to give: required, its own, and without a default.
    fn given(&mut self, field: &Field) -> Option<Value> {
        let wanted = field.required && field.schema.notes.platform_owned && field.schema.default.is_none();
        wanted.then(|| sample(&field.schema, self.types, Fill::Least, &mut self.random))
    }
}
