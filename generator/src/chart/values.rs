//! `values.yaml`: the effective document of nothing, and in comments what else there can be.

use manifest::yaml::{Doc, Entry, write_doc};
use serde_json::{Map, Value, json};

use super::words;
use crate::mark::{mark, source};
use crate::model::{Bounds, Field, Object, Schema, Service, Shape, Types};

/// The width of comments in characters, indentation included.
const WIDTH: usize = 100;

pub(super) fn values(service: &Service, root: &Object, effective: &Value) -> String {
    let mark = mark(&source(&service.name));
    let block = Block { types: &service.types };
    let entries = effective.as_object().map(|laid| block.entries(root, laid, 0)).unwrap_or_default();
    format!("# {mark}\n\n{}", write_doc(&Doc::Map(entries)))
}

struct Block<'a> {
    types: &'a Types,
}

impl Block<'_> {
    fn entries(&self, object: &Object, laid: &Map<String, Value>, depth: usize) -> Vec<Entry> {
        let fields = object.fields.iter().map(|field| self.entry(field, laid.get(&field.name), depth));
        let others = laid.iter().filter(|(key, _)| object.field(key).is_none());
        let others = others.map(|(key, value)| Entry {
            comment: Vec::new(),
            key: key.clone(),
            value: Doc::Value(value.clone()),
            off: false,
        });
        fields.chain(others).collect()
    }

    fn entry(&self, field: &Field, laid: Option<&Value>, depth: usize) -> Entry {
        let comment = self.comment(field, laid.is_none(), WIDTH.saturating_sub(2 * depth + 2));
        let value = match laid {
            Some(value) => self.value(&field.schema, value, depth),
            None => Doc::Value(example(&field.schema, self.types, 4)),
        };
        Entry { comment, key: field.name.clone(), value, off: laid.is_none() }
    }

    fn value(&self, schema: &Schema, laid: &Value, depth: usize) -> Doc {
        match (&schema.resolve(self.types).shape, laid) {
            // With nothing in it that is switched on, a block would be read as `null`.
            (Shape::Object(object), Value::Object(laid)) if !laid.is_empty() => Doc::Map(self.entries(object, laid, depth + 1)),
            (_, laid) => Doc::Value(laid.clone()),
        }
    }

    fn comment(&self, field: &Field, off: bool, width: usize) -> Vec<String> {
        let target = field.schema.resolve(self.types);
        let title = field.schema.title.as_ref().or(target.title.as_ref());
        let doc = field.schema.doc.as_ref().or(target.doc.as_ref());
        let text = match (title, doc) {
            (Some(title), Some(doc)) => format!("{title}: {doc}"),
            (Some(text), None) | (None, Some(text)) => text.clone(),
            (None, None) => String::new(),
        };
        let mut hints = words::limits(&field.schema, self.types);
        if off {
            let need = if field.required { "Required" } else { "Optional" };
            hints.insert(0, format!("{need}: {}", words::kind(&field.schema, self.types)));
        }
        let hints = hints.iter().map(|hint| format!("{hint}.")).collect::<Vec<_>>().join(" ");
        [text, hints].iter().flat_map(|text| wrap(&words::line(text), width)).collect()
    }
}

/// What could stand there, for an entry that is switched off; objects with what they must have, so deep.
fn example(schema: &Schema, types: &Types, depth: u8) -> Value {
    let target = schema.resolve(types);
    if let Some(example) = schema.notes.examples.first().or(target.notes.examples.first()) {
        return example.clone();
    }
    match &target.shape {
        Shape::Anything | Shape::Nothing | Shape::Named(_) => Value::Null,
        Shape::Boolean => json!(false),
        Shape::Integer(bounds) | Shape::Number(bounds) => bound(bounds),
        Shape::Text(_) => json!(""),
        Shape::Choice(values) => values.first().cloned().unwrap_or_default(),
        Shape::List(_) => json!([]),
        Shape::Map(_) => json!({}),
        Shape::Object(object) => match depth.checked_sub(1) {
            Some(depth) => {
                let required = object.fields.iter().filter(|field| field.required);
                required.map(|field| (field.name.clone(), example(&field.schema, types, depth))).collect()
            }
            None => json!({}),
        },
        Shape::Union(branches) => match (branches.first(), depth.checked_sub(1)) {
            (Some(branch), Some(depth)) => example(branch, types, depth),
            _ => Value::Null,
        },
    }
}

fn bound(bounds: &Bounds) -> Value {
    let limit = bounds.min.as_ref().or(bounds.max.as_ref()).filter(|bound| !bound.exclusive);
    limit.map_or_else(|| json!(0), |bound| Value::Number(bound.value.clone()))
}

/// Lines of at most `width` characters, unless a word is longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
