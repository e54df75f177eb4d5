//! Rules: what a form can check beyond the shape of its fields, and the questions that rules become.

use serde_json::{Map, Value, json};

use super::form::{Form, join, put};
use super::part::{Check, Condition, Part};
use super::words::*;
use crate::ledger::Outcome;
use crate::model::{self, Bounds, Object, Place, Rest, Rule, Schema, Shape, Text, Types, rule_keyword};

impl<'a> Form<'a> {
    /// The rules of one place, after everything else of it is known.
    pub(super) fn rules(&mut self, schema: &'a Schema, place: &Place, part: &mut Part) {
        let either: Vec<Option<Vec<&str>>> = schema.rules.iter().map(|rule| self.offer_either(rule, part)).collect();
        self.ask_first(part);
        for (rule, either) in schema.rules.iter().zip(either) {
            let outcome = self.rule(rule, part);
            let outcome = if either.is_some() { rewritten("a question decides which field appears") } else { outcome };
            self.enter(place, &rule.at, rule_keyword(&rule.check), outcome);
        }
    }

    /// Exactly one of some fields: a question decides which one appears.
    fn offer_either(&self, rule: &'a Rule, part: &mut Part) -> Option<Vec<&'a str>> {
        let model::Check::OneOf(branches) = &rule.check else { return None };
        let names: Vec<&str> = branches.iter().map(only_needs).collect::<Option<_>>()?;
        let fields = part.fields()?;
        let free = names.iter().all(|name| {
            let known = part.properties.get(*name).is_some_and(|schema| schema.get("default").is_none());
            let entry = fields.entry(name);
            known && !part.required.iter().any(|required| required == name) && entry.is_some_and(|entry| entry.gate.is_none())
        });
        if names.len() < 2 || !free {
            return None;
        }
        let titles: Vec<String> = names.iter().map(|name| title(part, name)).collect();
        let options: Vec<Value> = names.iter().zip(&titles).map(|(name, title)| json!({ "const": name, "title": title })).collect();
        let key = fresh(&camel(&names), part);
        let mut question = json!({ "type": "string", "title": alternatives(&titles), "oneOf": options });
        if names.len() <= 3 {
            put(&mut question, "ui:widget", json!("radio"));
        }
        if self.edit {
            part.required.push(key.clone());
        } else {
            put(&mut question, "default", json!(names.first()));
        }
        let answers: Vec<_> = names.iter().map(|name| (json!(name), Some((*name).to_owned()))).collect();
        let place = part.properties.keys().position(|key| names.contains(&key.as_str())).unwrap_or_default();
        part.traps.retain(|trap| !names.contains(&trap.as_str()));
        part.gate(&key, question, &answers, place);
        Some(names)
    }

    /// A question before each optional field that can't be left alone.
    fn ask_first(&self, part: &mut Part) {
        for name in std::mem::take(&mut part.traps) {
            let key = fresh(&format!("{name}Enabled"), part);
            let schema = part.properties.get(&name);
            let set = schema.is_some_and(|schema| schema.get("default").is_some());
            let mut question = json!({ "type": "boolean", "title": title(part, &name) });
            if let Some(doc) = schema.and_then(|schema| schema.get("description")) {
                put(&mut question, "description", doc.clone());
            }
            if self.edit {
                // Whoever edits must say it: a value that the release has is never dropped without a word.
                part.required.push(key.clone());
                put(&mut question, "ui:widget", json!("radio"));
            } else {
                put(&mut question, "default", json!(set));
            }
            let place = part.properties.keys().position(|key| *key == name).unwrap_or_default();
            part.gate(&key, question, &[(json!(false), None), (json!(true), Some(name))], place);
        }
    }

    fn rule(&self, rule: &Rule, part: &mut Part) -> Outcome {
        let conditions = Conditions { types: self.types, part };
        let mut fields = Vec::new();
        let said = match &rule.check {
            model::Check::MultipleOf(step) => {
                part.keywords.insert("multipleOf".into(), json!(step));
                return Outcome::Kept;
            }
            model::Check::Keys(text) => {
                let Some(names) = keys(text) else { return moved(CHECKS) };
                if part.closed || !part.dependencies.is_empty() || part.fields().is_some() {
                    return moved(CHECKS);
                }
                part.keywords.insert("propertyNames".into(), names);
                return Outcome::Kept;
            }
            model::Check::If { condition, then, otherwise } => {
                conditions.branch(condition, then.as_deref(), otherwise.as_deref(), &mut fields)
            }
            model::Check::DependentRequired { key, needs } => conditions.dependent(key, needs, &mut fields),
            model::Check::DependentSchema { key, schema } => conditions.dependent_schema(key, schema, &mut fields),
            model::Check::Not(schema) => conditions.schema(schema, &mut fields).map(|refused| Check::Not(refused, message(rule, part))),
            model::Check::AllOf(_)
            | model::Check::AnyOf(_)
            | model::Check::OneOf(_)
            | model::Check::Contains { .. }
            | model::Check::Tuple { .. }
            | model::Check::KeyPatterns(_) => {
                conditions.check(&rule.check, &mut fields).map(|asked| Check::Not(json!({ "not": asked }), message(rule, part)))
            }
            model::Check::Cel(_) | model::Check::Opaque(_) => None,
        };
        let outcome = match (&said, &rule.check) {
            (None, _) => return moved(CHECKS),
            (Some(Check::Not(..)), model::Check::Not(_)) => Outcome::Kept,
            (Some(Check::Not(..)), _) => rewritten("what is refused, as a negation"),
            (Some(Check::If(_)), model::Check::If { .. }) => Outcome::Kept,
            (Some(Check::If(_)), _) => rewritten("`if` and `then`"),
        };
        part.conditions.extend(said.map(|check| Condition { fields, check }));
        outcome
    }
}

/// Prints conditions as JSON Schema that is only checked, never drawn.
struct Conditions<'c> {
    types: &'c Types,
    /// The place whose rule it is.
    part: &'c Part,
}

impl Conditions<'_> {
    /// `if`, `then` and `else`. What `then` requires is marked in the form; everything else in it is only checked.
    fn branch(&self, condition: &Schema, then: Option<&Schema>, otherwise: Option<&Schema>, fields: &mut Vec<String>) -> Option<Check> {
        let mut parts = Map::new();
        parts.insert("if".into(), self.schema(condition, fields)?);
        for (keyword, schema) in [("then", then), ("else", otherwise)] {
            if let Some(schema) = schema {
                parts.insert(keyword.into(), self.consequence(schema, fields)?);
            }
        }
        Some(Check::If(parts))
    }

    fn dependent(&self, key: &str, needs: &[String], fields: &mut Vec<String>) -> Option<Check> {
        fields.push(key.to_owned());
        let condition = self.is_there(key);
        Some(if_then(condition, self.needs(needs.iter().map(String::as_str), fields)))
    }

    fn dependent_schema(&self, key: &str, schema: &Schema, fields: &mut Vec<String>) -> Option<Check> {
        fields.push(key.to_owned());
        let condition = self.is_there(key);
        Some(if_then(condition, self.consequence(schema, fields)?))
    }

    fn consequence(&self, schema: &Schema, fields: &mut Vec<String>) -> Option<Value> {
        if let Some(needs) = needs_only(schema) {
            return Some(self.needs(needs.into_iter(), fields));
        }
        let asked = self.schema(schema, fields)?;
        Some(json!({ "not": { "not": asked }, "errorMessage": { "not": "a condition of the schema doesn't hold" } }))
    }

    /// Plain fields are marked as required; of the others, something must be in them.
    fn needs<'n>(&self, names: impl Iterator<Item = &'n str>, fields: &mut Vec<String>) -> Value {
        let (mut marked, mut filled, mut titles) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            fields.push(name.to_owned());
            let is_there = self.is_there(name);
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

    /// The field will be in the manifest. Forms post empty lists and objects for what nobody touched.
    fn is_there(&self, name: &str) -> Value {
        match self.part.fields().and_then(|fields| fields.entry(name)) {
            Some(entry) => entry.is_there(),
            None => json!({ "required": [name] }),
        }
    }

    /// A condition on the place itself.
    fn schema(&self, schema: &Schema, fields: &mut Vec<String>) -> Option<Value> {
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

    /// An object in terms of what the form posts for it.
    fn object(&self, schema: &Schema, object: &Object, fields: &mut Vec<String>) -> Option<Value> {
        let Object { fields: named, rest, size } = object;
        if size.min.is_some() || size.max.is_some() || !matches!(rest, Rest::Unsaid | Rest::Open) || schema.nullable {
            return None;
        }
        let (mut all, mut properties) = (Vec::new(), Map::new());
        for field in named {
            fields.push(field.name.clone());
            let gate = self.part.fields().and_then(|fields| fields.entry(&field.name)).and_then(|entry| entry.gate.as_ref());
            let said = condition(&field.schema, self.types, 0)?;
            if field.required {
                all.push(self.is_there(&field.name));
            } else if gate.is_some() && said != json!({}) {
                // Another answer may have left a value behind.
                return None;
            }
            if said != json!({}) {
                properties.insert(field.name.clone(), said);
            }
        }
        if !properties.is_empty() {
            all.push(json!({ "properties": properties }));
        }
        Some(all_of(all))
    }

    fn check(&self, check: &model::Check, fields: &mut Vec<String>) -> Option<Value> {
        let mut each = |schemas: &[Schema]| schemas.iter().map(|schema| self.schema(schema, fields)).collect::<Option<Vec<Value>>>();
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
            model::Check::Contains { .. } | model::Check::MultipleOf(_) | model::Check::Tuple { .. } => rule_condition(check, self.types, 0),
            model::Check::Keys(_) | model::Check::KeyPatterns(_) if self.part.fields().is_some() => None,
            model::Check::Keys(_) | model::Check::KeyPatterns(_) => rule_condition(check, self.types, 0),
            model::Check::Cel(_) | model::Check::Opaque(_) => None,
        }
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
fn keys(text: &Text) -> Option<Value> {
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

/// The fields that a schema requires, if it says nothing else.
fn needs_only(schema: &Schema) -> Option<Vec<&str>> {
    let object = schema.object().filter(|_| schema.rules.is_empty() && schema.implied)?;
    let bare = |field: &model::Field| field.required && field.schema.shape == Shape::Anything && field.schema.rules.is_empty();
    let plain = matches!(object.rest, Rest::Unsaid | Rest::Open) && object.size == model::Size::default();
    (plain && object.fields.iter().all(bare)).then(|| object.fields.iter().map(|field| field.name.as_str()).collect())
}

fn only_needs(schema: &Schema) -> Option<&str> {
    match needs_only(schema)?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The sentence that people read when a rule is broken.
fn message(rule: &Rule, part: &Part) -> String {
    let titles = |branches: &[Schema]| -> Option<Vec<String>> {
        branches.iter().map(|branch| only_needs(branch).map(|name| title(part, name))).collect()
    };
    match (&rule.message, &rule.check) {
        (Some(message), _) => message.clone(),
        (None, model::Check::AnyOf(branches)) => match titles(branches) {
            Some(titles) => format!("needs {}, or several of them", alternatives(&titles)),
            None => "none of the admitted combinations".to_owned(),
        },
        (None, model::Check::OneOf(branches)) => match titles(branches) {
            Some(titles) => format!("needs exactly one of {}", titles.join(", ")),
            None => "not exactly one of the admitted combinations".to_owned(),
        },
        (None, model::Check::Not(_)) => "has a form that isn't admitted".to_owned(),
        (None, _) => "a condition of the schema doesn't hold".to_owned(),
    }
}

fn title(part: &Part, name: &str) -> String {
    let title = part.properties.get(name).and_then(|schema| schema.get("title")).and_then(Value::as_str);
    title.map_or_else(|| humanize(name), str::to_owned)
}

/// A key that no field has.
fn fresh(wish: &str, part: &Part) -> String {
    let mut key = wish.to_owned();
    let taken = |key: &str| {
        part.properties.contains_key(key)
            || part.dependencies.contains_key(key)
            || part.fields().is_some_and(|fields| fields.entry(key).is_some())
    };
    while taken(&key) {
        key.push('_');
    }
    key
}

/// `valueOrValueFrom`.
fn camel(names: &[&str]) -> String {
    let mut out = String::new();
    for (index, name) in names.iter().enumerate() {
        let mut chars = name.chars();
        match (index, chars.next()) {
            (0, _) => out.push_str(name),
            (_, Some(first)) => {
                out.push_str("Or");
                out.extend(first.to_uppercase());
                out.push_str(chars.as_str());
            }
            (_, None) => {}
        }
    }
    out
}
