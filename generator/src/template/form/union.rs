//! Places that can have values of several types, and objects of several variants.

use serde_json::{Value, json};

use super::super::part::{Body, Fields, Part};
use super::super::words::*;
use super::{Form, Level, Made, put};
use crate::ledger::Outcome;
use crate::model::{Place, Schema, Shape};

impl<'a> Form<'a> {
    pub(super) fn union(&mut self, schema: &'a Schema, branches: &'a [Schema], place: &Place) -> Made {
        let types = self.types;
        let shapes: Vec<&Shape> = branches.iter().map(|branch| &branch.resolve(types).shape).collect();
        let number = shapes.iter().position(|shape| matches!(shape, Shape::Integer(_) | Shape::Number(_)));
        if let (2, Some(number), true) = (shapes.len(), number, shapes.iter().any(|shape| matches!(shape, Shape::Text(_)))) {
            return self.number_or_text(schema, branches, number, place);
        }
        if shapes.iter().all(|shape| matches!(shape, Shape::Object(_))) {
            return match tag(&shapes) {
                Some(tag) => self.tagged(schema, branches, tag, place),
                None => self.none(schema, branches, place, VARIANTS),
            };
        }
        self.variants(schema, branches, place)
    }

    fn none(&mut self, schema: &'a Schema, branches: &'a [Schema], place: &Place, why: &'static str) -> Made {
        self.enter(place, &schema.at, "union", lost(why));
        for branch in branches {
            let _ = self.attempt(branch, place, Level::Deep);
        }
        Err(why)
    }

    /// One input: the form takes for a number what looks like one.
    fn number_or_text(&mut self, schema: &'a Schema, branches: &'a [Schema], number: usize, place: &Place) -> Made {
        self.enter(place, &schema.at, "union", stricter("text that looks like a number becomes one"));
        let mut kinds = Vec::new();
        let mut keywords = serde_json::Map::new();
        let mut failed = None;
        // The number comes last: what it says of itself in words counts.
        for (index, branch) in branches.iter().enumerate() {
            match self.attempt(branch, place, Level::Deep) {
                Ok(mut made) => {
                    let kind = made.keywords.shift_remove("type");
                    kinds.extend(kind.into_iter().map(|kind| (index != number, kind)));
                    keywords.extend(made.keywords);
                    // `not` of one branch would hold for the other as well.
                    failed = failed.or((!made.conditions.is_empty()).then_some(VARIANTS));
                }
                Err(why) => failed = Some(why),
            }
        }
        kinds.sort_by_key(|(text, _)| *text);
        keywords.insert("type".into(), kinds.into_iter().map(|(_, kind)| kind).collect());
        keywords.shift_remove("ui:widget");
        match failed {
            Some(why) => Err(why),
            None => Ok(Part::new(Value::Object(keywords), Body::Whole)),
        }
    }

    /// A choice of types, then the input for it. What is posted is written as it is.
    fn variants(&mut self, schema: &'a Schema, branches: &'a [Schema], place: &Place) -> Made {
        let mut offered = Vec::new();
        for branch in branches {
            let mark = self.book.entries.len();
            match self.attempt(branch, place, Level::Deep) {
                Ok(part) if is_plain(&part) => {
                    let titled = part.keywords.contains_key("title");
                    let mut schema = part.finish().schema;
                    if !titled {
                        put(&mut schema, "title", json!(kind(&branch.resolve(self.types).shape)));
                    }
                    offered.push(schema);
                }
                Ok(_) => {
                    self.book.entries.truncate(mark);
                    self.decline(branch, place, Level::Deep, lost(VARIANTS));
                }
                Err(_) => {}
            }
        }
        let all = offered.len() == branches.len();
        self.enter(
            place,
            &schema.at,
            "union",
            if all { Outcome::Kept } else { stricter("the form offers some of the variants") },
        );
        match offered.as_slice() {
            [] => Err(VARIANTS),
            [only] => Ok(Part::new(only.clone(), Body::Whole)),
            _ => Ok(Part::new(json!({ "anyOf": offered }), Body::Whole)),
        }
    }

    /// First the tag, then the fields that belong to it.
    fn tagged(&mut self, schema: &'a Schema, branches: &'a [Schema], tag: &str, place: &Place) -> Made {
        self.enter(place, &schema.at, "union", rewritten("the fields depend on the tag"));
        let (mut tags, mut bodies, mut variants, mut question) = (Vec::new(), Vec::new(), Vec::new(), None);
        let mut failed = None;
        for branch in branches {
            self.variant = true;
            let made = self.attempt(branch, place, Level::Deep);
            self.variant = false;
            let Ok(mut made) = made else {
                failed = made.err();
                continue;
            };
            let Some(asked) = made.properties.shift_remove(tag) else {
                failed = Some(VARIANTS);
                continue;
            };
            let values = asked.get("enum").cloned().unwrap_or_default();
            question.get_or_insert(asked);
            made.keywords.clear();
            made.required.retain(|name| name != tag);
            made.properties.shift_insert(0, tag.to_owned(), json!({ "enum": values }));
            let made = made.finish();
            variants.push(made.schema);
            if let Body::Object(fields) = made.body {
                let fields = Fields { entries: fields.entries.into_iter().filter(|entry| entry.name != tag).collect(), ..fields };
                bodies.extend(values.as_array().into_iter().flatten().map(|value| (value.clone(), fields.clone())));
            }
            tags.extend(values.as_array().into_iter().flatten().cloned());
        }
        let mut question = question.unwrap_or_default();
        put(&mut question, "enum", json!(tags));
        let mut part = Part::new(
            json!({ "type": "object", "ui:order": [tag, "*"] }),
            Body::Tagged { tag: tag.to_owned(), branches: bodies },
        );
        part.untouched = Some(json!({}));
        part.required.push(tag.to_owned());
        part.properties.insert(tag.to_owned(), question);
        part.dependencies.insert(tag.to_owned(), json!({ "oneOf": variants }));
        match failed {
            Some(why) => Err(why),
            None => Ok(part),
        }
    }
}

/// The field that is required and has other constants in each of the objects.
fn tag<'s>(shapes: &[&'s Shape]) -> Option<&'s str> {
    let objects: Vec<_> = shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Object(object) => Some(object),
            _ => None,
        })
        .collect();
    let first = objects.first()?;
    first.fields.iter().map(|field| field.name.as_str()).find(|name| {
        let mut seen: Vec<&Value> = Vec::new();
        objects.iter().all(|object| match object.field(name).map(|field| (field.required, &field.schema.shape)) {
            Some((true, Shape::Choice(values))) => {
                let fresh = values.iter().all(|value| !seen.contains(&value));
                seen.extend(values);
                fresh
            }
            _ => false,
        })
    })
}

/// Nothing in it depends on a question that isn't part of the value, and nothing would have to be left out.
fn is_plain(part: &Part) -> bool {
    fn plain(body: &Body) -> bool {
        match body {
            Body::Whole => true,
            Body::List(inner) | Body::Map(inner) => plain(inner),
            Body::Object(fields) => fields.entries.iter().all(|entry| entry.gate.is_none() && plain(&entry.body)),
            Body::Tagged { .. } => false,
        }
    }
    plain(&part.body)
}

/// What to call a variant without a title.
fn kind(shape: &Shape) -> &'static str {
    match shape {
        Shape::Boolean => "Yes or no",
        Shape::Integer(_) | Shape::Number(_) => "Number",
        Shape::Text(_) => "Text",
        Shape::Choice(_) => "Choice",
        Shape::List(_) => "List",
        Shape::Map(_) => "Names and values",
        Shape::Object(_) => "Group",
        Shape::Anything | Shape::Nothing | Shape::Union(_) | Shape::Named(_) => "Value",
    }
}
