//! Conditions as JSON Schema that is only checked, never drawn.

use serde_json::{Map, Value, json};

use super::super::form::{join, put};
use super::super::part::{Body, Check, Entry, Fields, Part};
use super::{needs_only, title};
use crate::ledger::Outcome;
use crate::model::{self, Bounds, Object, Rest, Schema, Shape, Text, Types};

/// Prints conditions as JSON Schema that is only checked, never drawn.
pub(super) struct Conditions<'c> {
    pub types: &'c Types,
    /// The place whose rule it is.
    pub part: &'c Part,
}

impl Conditions<'_> {
    /// `if`, `then` and `else`. What `then` requires is marked in the form; everything else in it is only checked.
    pub(super) fn branch(
        &self,
        condition: &Schema,
        then: Option<&Schema>,
        otherwise: Option<&Schema>,
        fields: &mut Vec<String>,
    ) -> Option<Check> {
        let mut parts = Map::new();
        parts.insert("if".into(), self.schema(condition, fields)?);
        for (keyword, schema) in [("then", then), ("else", otherwise)] {
            if let Some(schema) = schema {
                parts.insert(keyword.into(), self.consequence(schema, fields)?);
            }
        }
        Some(Check::If(parts))
    }

    pub(super) fn dependent(&self, key: &str, needs: &[String], fields: &mut Vec<String>) -> Option<Check> {
        fields.push(key.to_owned());
        let condition = self.is_there(key);
        Some(if_then(condition, self.needs(needs.iter().map(String::as_str), fields)))
    }

    pub(super) fn dependent_schema(&self, key: &str, schema: &Schema, fields: &mut Vec<String>) -> Option<Check> {
        fields.push(key.to_owned());
        let condition = self.is_there(key);
        Some(if_then(condition, self.consequence(schema, fields)?))
    }

    fn consequence(&self, schema: &Schema, fields: &mut Vec<String>) -> Option<Value> {
        if let Some(needs) = needs_only(schema) {
            return Some(self.needs(needs.into_iter(), fields));
        }
        let asked = self.schema(schema, fields)?;
        let mut titles: Vec<String> = Vec::new();
        for name in fields.iter() {
            let title = title(self.part, name);
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        let message = match titles.as_slice() {
            [_, _, ..] => format!("these don't go together as they are: {}", titles.join(", ")),
            _ => "a condition of the schema doesn't hold".to_owned(),
        };
        Some(json!({ "not": { "not": asked }, "errorMessage": { "not": message } }))
    }

    /// Plain fields are marked as required; of the others, something must be in them.
    fn needs<'n>(&self, names: impl Iterator<Item = &'n str>, fields: &mut Vec<String>) -> Value {
        let (mut marked, mut filled, mut titles) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            fields.push(name.to_owned());
            let is_there = self.is_there(name);
            if is_there == json!({}) {
                continue;
            }
            if is_there == json!({ "required": [name] }) && self.part.properties.contains_key(name) {
                marked.push(json!(name));
            } else {
                filled.push(is_there);
                titles.push(title(self.part, name));
            }
        }
        let mut schema = Map::new();
        if !marked.is_empty() {
            schema.insert("required".into(), Value::Array(marked));
        }
        if !filled.is_empty() {
            schema.insert("not".into(), json!({ "not": { "allOf": filled } }));
            schema.insert("errorMessage".into(), json!({ "not": format!("also needs {}", titles.join(", ")) }));
        }
        Value::Object(schema)
    }

    /// The field will be in the effective document. Forms post empty lists and objects for what nobody touched.
    fn is_there(&self, name: &str) -> Value {
        match self.part.fields() {
            Some(fields) => is_there(fields, &self.part.properties, name),
            None => json!({ "required": [name] }),
        }
    }

    /// A condition on the place itself.
    pub(super) fn schema(&self, schema: &Schema, fields: &mut Vec<String>) -> Option<Value> {
        let mut all = Vec::new();
        match (&schema.shape, self.part.fields()) {
            (Shape::Object(object), Some(_)) => all.push(self.object(schema, object, fields)?),
            _ => all.push(condition(schema, self.types, 0)?),
        }
        for rule in &schema.rules {
            all.push(self.check(&rule.check, fields)?);
        }
        Some(all_of(all))
    }

    /// The place itself, in terms of what the form posts for it.
    fn object(&self, schema: &Schema, object: &Object, fields: &mut Vec<String>) -> Option<Value> {
        fields.extend(object.fields.iter().map(|field| field.name.clone()));
        posted(schema, object, self.part.fields()?, &self.part.properties, self.types)
    }

    pub(super) fn check(&self, check: &model::Check, fields: &mut Vec<String>) -> Option<Value> {
        let mut each =
            |schemas: &[Schema]| schemas.iter().map(|schema| self.schema(schema, fields)).collect::<Option<Vec<Value>>>();
        match check {
            model::Check::AllOf(branches) => Some(json!({ "allOf": each(branches)? })),
            model::Check::AnyOf(branches) => Some(json!({ "anyOf": each(branches)? })),
            model::Check::OneOf(branches) => Some(json!({ "oneOf": each(branches)? })),
            model::Check::Not(schema) => Some(json!({ "not": self.schema(schema, fields)? })),
            model::Check::If { condition, then, otherwise } => {
                let mut parts = Map::from_iter([("if".to_owned(), self.schema(condition, fields)?)]);
                for (keyword, schema) in [("then", then), ("else", otherwise)] {
                    if let Some(schema) = schema {
                        parts.insert(keyword.into(), self.schema(schema, fields)?);
                    }
                }
                Some(Value::Object(parts))
            }
            model::Check::DependentRequired { key, needs } => {
                fields.push(key.clone());
                fields.extend(needs.iter().cloned());
                let needs: Vec<Value> = needs.iter().map(|need| self.is_there(need)).collect();
                Some(json!({ "if": self.is_there(key), "then": { "allOf": needs } }))
            }
            model::Check::DependentSchema { key, schema } => {
                fields.push(key.clone());
                Some(json!({ "if": self.is_there(key), "then": self.schema(schema, fields)? }))
            }
            model::Check::Contains { .. } | model::Check::MultipleOf(_) | model::Check::Tuple { .. } => {
                rule_condition(check, self.types, 0)
            }
            model::Check::Keys(_) | model::Check::KeyPatterns(_) if self.part.fields().is_some() => None,
            model::Check::Keys(_) | model::Check::KeyPatterns(_) => rule_condition(check, self.types, 0),
            model::Check::Cel(_) | model::Check::Opaque(_) => None,
        }
    }
}

/// A condition on an object, in terms of what the form posts for it.
fn posted(schema: &Schema, object: &Object, known: &Fields, properties: &Map<String, Value>, types: &Types) -> Option<Value> {
    let Object { fields, rest, size } = object;
    if size.min.is_some() || size.max.is_some() || !matches!(rest, Rest::Unsaid | Rest::Open) || schema.nullable {
        return None;
    }
    let (mut all, mut said) = (Vec::new(), Map::new());
    for field in fields {
        let entry = known.entry(&field.name);
        let form = properties.get(&field.name);
        let asked = match (&field.schema.shape, entry.map(|entry| &entry.body), form.and_then(|form| form.get("properties"))) {
            (Shape::Object(inner), Some(Body::Object(below)), Some(Value::Object(properties)))
                if field.schema.rules.is_empty() =>
            {
                posted(&field.schema, inner, below, properties, types)?
            }
            _ => condition(&field.schema, types, 0)?,
        };
        if field.required {
            all.push(is_there(known, properties, &field.name));
        }
        if asked == json!({}) {
            continue;
        }
        if entry.is_some_and(|entry| entry.gate.is_some()) && !field.required {
            // Another answer may have left a value behind.
            return None;
        }
        if let Some(default) = form.and_then(|form| form.get("default")) {
            // Whoever empties the input means the default.
            if !jsonschema::draft7::new(&asked).is_ok_and(|validator| validator.is_valid(default)) {
                all.push(json!({ "required": [field.name] }));
            }
        }
        said.insert(field.name.clone(), asked);
    }
    if !said.is_empty() {
        all.push(json!({ "properties": said }));
    }
    Some(all_of(all))
}

fn is_there(fields: &Fields, properties: &Map<String, Value>, name: &str) -> Value {
    let default = properties.get(name).and_then(|schema| schema.get("default"));
    match fields.entry(name) {
        Some(Entry { body: Body::Whole, gate: None, .. }) if default.is_some() => json!({}),
        Some(entry) => entry.is_there(),
        None => json!({ "required": [name] }),
    }
}

/// A condition on a value below the place of the rule, as the author says it. `None`: draft 7 or the form can't say it.
fn condition(schema: &Schema, types: &Types, depth: usize) -> Option<Value> {
    if depth > 32 {
        return None;
    }
    let below = |schema: &Schema| condition(schema, types, depth + 1);
    let mut out = Map::new();
    let kind = match &schema.shape {
        Shape::Anything => None,
        Shape::Nothing => return Some(json!(false)),
        Shape::Boolean => Some("boolean"),
        Shape::Integer(bounds) => bounded(&mut out, "integer", bounds),
        Shape::Number(bounds) => bounded(&mut out, "number", bounds),
        Shape::Text(text) => {
            out = keys(text)?.as_object().cloned().unwrap_or_default();
            Some("string")
        }
        Shape::Choice(values) => {
            out.insert("enum".into(), json!(values));
            None
        }
        Shape::List(list) => {
            sized(&mut out, list.size, ["minItems", "maxItems"]);
            if list.unique {
                out.insert("uniqueItems".into(), json!(true));
            }
            out.insert("items".into(), below(&list.item)?);
            Some("array")
        }
        // Objects below may hold answers to questions, which no condition expects.
        Shape::Map(_) | Shape::Object(_) | Shape::Union(_) => return None,
        Shape::Named(name) => return types.get(name).filter(|_| schema.rules.is_empty()).and_then(below),
    };
    match kind {
        // The words of the condition speak of that type only, and hold for every other.
        Some(_) if schema.implied => {}
        Some(kind) if schema.nullable => {
            out.insert("type".into(), json!([kind, "null"]));
        }
        Some(kind) => {
            out.insert("type".into(), json!(kind));
        }
        None => {}
    }
    let mut all = vec![Value::Object(out)];
    for rule in &schema.rules {
        all.push(rule_condition(&rule.check, types, depth + 1)?);
    }
    Some(all_of(all))
}

fn rule_condition(check: &model::Check, types: &Types, depth: usize) -> Option<Value> {
    let below = |schema: &Schema| condition(schema, types, depth + 1);
    let each = |schemas: &[Schema]| schemas.iter().map(below).collect::<Option<Vec<Value>>>();
    match check {
        model::Check::AllOf(branches) => Some(json!({ "allOf": each(branches)? })),
        model::Check::AnyOf(branches) => Some(json!({ "anyOf": each(branches)? })),
        model::Check::OneOf(branches) => Some(json!({ "oneOf": each(branches)? })),
        model::Check::Not(schema) => Some(json!({ "not": below(schema)? })),
        model::Check::Contains { item, min: 1, max: None } => Some(json!({ "contains": below(item)? })),
        model::Check::MultipleOf(step) => Some(json!({ "multipleOf": step })),
        model::Check::Tuple { items, rest } => {
            let mut out = json!({ "items": each(items)? });
            if let Some(rest) = rest {
                put(&mut out, "additionalItems", below(rest)?);
            }
            Some(out)
        }
        model::Check::Keys(text) => Some(json!({ "propertyNames": keys(text)? })),
        model::Check::KeyPatterns(patterns) => {
            let mut out = Map::new();
            for (pattern, schema) in patterns {
                out.insert(pattern.ecma.clone()?, below(schema)?);
            }
            Some(json!({ "patternProperties": out }))
        }
        model::Check::If { .. } | model::Check::DependentRequired { .. } | model::Check::DependentSchema { .. } => None,
        model::Check::Contains { .. } | model::Check::Cel(_) | model::Check::Opaque(_) => None,
    }
}

fn bounded(out: &mut Map<String, Value>, kind: &'static str, bounds: &Bounds) -> Option<&'static str> {
    let Bounds { min, max } = bounds;
    for (bound, inclusive, exclusive) in [(min, "minimum", "exclusiveMinimum"), (max, "maximum", "exclusiveMaximum")] {
        if let Some(bound) = bound {
            out.insert(if bound.exclusive { exclusive } else { inclusive }.into(), json!(bound.value));
        }
    }
    Some(kind)
}

fn sized(out: &mut Map<String, Value>, size: model::Size, names: [&str; 2]) {
    for (limit, name) in [size.min, size.max].into_iter().zip(names) {
        out.extend(limit.map(|limit| (name.to_owned(), json!(limit))));
    }
}

/// The limits of a text, without its type.
pub(super) fn keys(text: &Text) -> Option<Value> {
    let Text { min, max, patterns, format } = text;
    let (pattern, outcomes) = join(patterns);
    if format.is_some() || outcomes.iter().any(Outcome::needs_acceptance) {
        return None;
    }
    let mut out = Map::new();
    for (keyword, value) in [("minLength", json!(min)), ("maxLength", json!(max)), ("pattern", json!(pattern))] {
        if !value.is_null() {
            out.insert(keyword.into(), value);
        }
    }
    Some(Value::Object(out))
}

fn all_of(mut all: Vec<Value>) -> Value {
    all.retain(|one| *one != json!({}));
    match (all.len(), all.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            all.push(last);
            json!({ "allOf": all })
        }
        (_, None) => json!({}),
    }
}

fn if_then(condition: Value, then: Value) -> Check {
    Check::If(Map::from_iter([("if".to_owned(), condition), ("then".to_owned(), then)]))
}
