//! Rules: what a form can check beyond the shape of its fields, and the questions that rules become.

mod condition;

use serde_json::{Value, json};

use condition::{Conditions, keys};

use super::form::{Form, put};
use super::part::{Check, Condition, Part};
use super::words::*;
use crate::ledger::Outcome;
use crate::model::{self, Place, Rest, Rule, Schema, Shape, rule_keyword};

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
        let options: Vec<Value> =
            names.iter().zip(&titles).map(|(name, title)| json!({ "const": name, "title": title })).collect();
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
            model::Check::Not(schema) => {
                conditions.schema(schema, &mut fields).map(|refused| Check::Not(refused, message(rule, part)))
            }
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
