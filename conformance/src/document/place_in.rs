//! Putting a value into a document, with all that has to be around it.

use generator::model::{Rest, Schema, Service, Shape, Types};
use manifest::pointer::escape;
use serde_json::{Map, Value};

use super::spots::{Spot, Step};
use crate::place::split;
use crate::random::Random;
use crate::sample::text;
use crate::sample::{Fill, lay, sample};

/// The document with a value at the spot, and the pointer to it; what is there already stays. `None`: there is no way.
pub(super) fn reach(
    service: &Service,
    spot: &Spot<'_>,
    document: Value,
    fill: Fill,
    random: &mut Random,
) -> Option<(Value, String)> {
    let mut reach = Reach { types: &service.types, fill, random, pointer: String::new() };
    let document = reach.put(&service.values, &spot.way, Some(document))?;
    Some((document, reach.pointer))
}

/// Sets or takes out what stands at a pointer whose parent is there.
pub(super) fn set(document: &mut Value, pointer: &str, value: Option<Value>) {
    let Some(value) = value else { return crate::place::remove(document, pointer) };
    if let Some(there) = document.pointer_mut(pointer) {
        *there = value;
    } else if let Some((parent, key)) = split(pointer)
        && let Some(Value::Object(members)) = document.pointer_mut(parent)
    {
        members.insert(key, value);
    }
}

struct Reach<'a> {
    types: &'a Types,
    fill: Fill,
    random: &'a mut Random,
    pointer: String,
}

impl Reach<'_> {
    fn put(&mut self, schema: &Schema, way: &[Step], there: Option<Value>) -> Option<Value> {
        let resolved = schema.resolve(self.types);
        let Some((step, rest)) = way.split_first() else {
            return Some(there.unwrap_or_else(|| sample(schema, self.types, self.fill, self.random)));
        };
        match (step, &resolved.shape) {
            (Step::Field(name), Shape::Object(object)) => {
                let field = object.field(name)?;
                let mut members = self.members(resolved, there);
                self.pointer.push_str(&format!("/{}", escape(name)));
                let inner = members.get(name).cloned();
                let value = self.put(&field.schema, rest, inner)?;
                members.insert(name.clone(), value);
                Some(Value::Object(members))
            }
            (Step::Key, Shape::Object(object)) => {
                let Rest::Of(value) = &object.rest else { return None };
                let members = self.members(resolved, there);
                let known = members.keys().find(|key| object.field(key).is_none()).cloned();
                self.entry(value, rest, members, known.unwrap_or_else(|| "other".to_owned()))
            }
            (Step::Key, Shape::Map(map)) => {
                let members = self.members(resolved, there);
                let known = members.keys().next().cloned();
                let key = known.unwrap_or_else(|| match &map.key {
                    Some(key) => text::text(key, self.random),
                    None => "key".to_owned(),
                });
                self.entry(&map.value, rest, members, key)
            }
            (Step::Item, Shape::List(list)) => {
                let mut items = match there.unwrap_or_else(|| sample(resolved, self.types, Fill::Least, self.random)) {
                    Value::Array(items) => items,
                    _ => Vec::new(),
                };
                self.pointer.push_str("/0");
                let first = items.first().cloned();
                let item = self.put(&list.item, rest, first)?;
                match items.first_mut() {
                    Some(first) => *first = item,
                    None => items.push(item),
                }
                Some(Value::Array(items))
            }
            (Step::Branch(number), Shape::Union(branches)) => {
                let branch = branches.get(*number)?;
                let there = there.filter(|value| plausible(branch, value, self.types));
                self.put(branch, rest, there)
            }
            _ => None,
        }
    }

    fn entry(&mut self, schema: &Schema, rest: &[Step], mut members: Map<String, Value>, key: String) -> Option<Value> {
        self.pointer.push_str(&format!("/{}", escape(&key)));
        let inner = members.get(&key).cloned();
        let value = self.put(schema, rest, inner)?;
        members.insert(key, value);
        Some(Value::Object(members))
    }

    /// The members that are there; else those that an object of the schema needs.
    fn members(&mut self, schema: &Schema, there: Option<Value>) -> Map<String, Value> {
        let mut out = sample(schema, self.types, Fill::Least, self.random);
        if let Some(Value::Object(members)) = there {
            if self.fill == Fill::Least {
                return members;
            }
            // Where the way led to no good document: with what the rules may ask for.
            lay(Value::Object(members), &mut out);
        }
        match out {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// Whether a value could be of the branch: its JSON type, and the constant that tells objects apart.
fn plausible(branch: &Schema, value: &Value, types: &Types) -> bool {
    match (&branch.resolve(types).shape, value) {
        (Shape::Object(object), Value::Object(members)) => {
            object.fields.iter().all(|field| match (&field.schema.resolve(types).shape, members.get(&field.name)) {
                (Shape::Choice(values), Some(value)) => values.contains(value),
                (_, None) => !field.required,
                (_, Some(_)) => true,
            })
        }
        (Shape::Map(_), Value::Object(_))
        | (Shape::List(_), Value::Array(_))
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Text(_), Value::String(_))
        | (Shape::Integer(_) | Shape::Number(_), Value::Number(_)) => true,
        (Shape::Choice(values), value) => values.contains(value),
        _ => false,
    }
}
