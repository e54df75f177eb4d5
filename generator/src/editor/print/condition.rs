//! Rules, and the schemas inside them.

use serde_json::{Value, json};

use super::words::{
    add, also, array, choice, closed_beside_patterns, depend, expression, fields, key_outcome, key_pattern, keywords, names,
    numeric, or_null, reference, say, sized, string, unreadable,
};
use super::{Keywords, Printer};
use crate::ledger::Outcome;
use crate::model::{Check, Object, Rest, Rule, Schema, Shape};

impl<'a> Printer<'a, '_> {
    /// Adds a rule to what is said of its place.
    pub(super) fn rule(&mut self, out: &mut Keywords, rule: &'a Rule, schema: &'a Schema, on: Option<&'a Schema>) -> Outcome {
        let mut outcome = Outcome::Kept;
        match &rule.check {
            Check::AllOf(branches) => {
                let branches = branches.iter().map(|branch| self.condition(branch, on)).collect();
                self.all(out, branches);
            }
            Check::AnyOf(branches) => {
                let branches: Vec<_> = branches.iter().map(|branch| self.condition(branch, on)).collect();
                add(out, json!({ "anyOf": branches }));
            }
            Check::OneOf(branches) => {
                let branches: Vec<_> = branches.iter().map(|branch| self.condition(branch, on)).collect();
                add(out, json!({ "oneOf": branches }));
            }
            Check::Not(inner) => add(out, json!({ "not": self.condition(inner, on) })),
            Check::If { condition, then, otherwise } => {
                let mut keywords = keywords(json!({ "if": self.condition(condition, on) }));
                for (word, schema) in [("then", then), ("else", otherwise)] {
                    if let Some(schema) = schema {
                        keywords.insert(word.to_owned(), self.condition(schema, on));
                    }
                }
                add(out, Value::Object(keywords));
            }
            Check::DependentRequired { key, needs } => depend(out, key, json!(needs)),
            Check::DependentSchema { key, schema } => {
                let schema = self.condition(schema, on);
                depend(out, key, schema);
            }
            Check::Contains { item, min, max } => match (min, max) {
                (0, None) => {}
                (1, None) => add(out, json!({ "contains": self.condition(item, None) })),
                (0, Some(0)) => add(out, json!({ "not": { "contains": self.condition(item, None) } })),
                _ => {
                    if *min > 0 {
                        add(out, json!({ "contains": self.condition(item, None) }));
                    }
                    outcome = Outcome::Lost("draft-07 doesn't count the items that `contains` finds".into());
                }
            },
            Check::MultipleOf(number) => add(out, json!({ "multipleOf": number })),
            Check::Tuple { items, rest } => {
                let items: Vec<_> = items.iter().map(|item| self.condition(item, None)).collect();
                let mut keywords = keywords(json!({ "items": items }));
                if let Some(rest) = rest {
                    keywords.insert("additionalItems".to_owned(), self.condition(rest, None));
                }
                add(out, Value::Object(keywords));
            }
            Check::Keys(key) => {
                add(out, json!({ "propertyNames": names(key) }));
                outcome = key_outcome(key);
            }
            Check::KeyPatterns(patterns) => {
                for (pattern, value) in patterns {
                    let value = self.condition(value, None);
                    match expression(pattern) {
                        Some(pattern) => key_pattern(out, pattern, value),
                        None => outcome = unreadable(),
                    }
                }
            }
            Check::Cel(_) => outcome = Outcome::Lost("JSON Schema knows no CEL".into()),
            Check::Opaque(keyword) if keyword == "additionalProperties" && closed_beside_patterns(schema) => {}
            Check::Opaque(_) => outcome = Outcome::Lost("only the chart's own schema says it".into()),
        }
        outcome
    }

    fn all(&mut self, out: &mut Keywords, branches: Vec<Value>) {
        for branch in branches {
            also(out, branch);
        }
    }

    /// A schema inside a rule: it says of the value only what it names, so nothing is entered and nothing is closed by omission.
    ///
    /// `on` is what the model says of the same place, if that is known.
    pub(super) fn condition(&mut self, schema: &'a Schema, on: Option<&'a Schema>) -> Value {
        let on = on.map(|on| on.resolve(self.types));
        let mut out = self.condition_shape(schema, on);
        if out.contains_key("$ref") && !schema.rules.is_empty() {
            out = keywords(json!({ "allOf": [out] }));
        }
        for rule in &schema.rules {
            self.rule(&mut out, rule, schema, on);
        }
        Value::Object(if schema.nullable { or_null(out) } else { out })
    }

    fn condition_shape(&mut self, schema: &'a Schema, on: Option<&'a Schema>) -> Keywords {
        let mut out = match &schema.shape {
            Shape::Anything => Keywords::new(),
            Shape::Nothing => keywords(json!({ "not": {} })),
            Shape::Boolean => keywords(json!({ "type": "boolean" })),
            Shape::Integer(bounds) => numeric("integer", bounds),
            Shape::Number(bounds) => numeric("number", bounds),
            Shape::Text(text) => string(text, self.formats),
            Shape::Choice(values) => choice(values),
            Shape::Union(branches) => {
                let branches: Vec<_> = branches.iter().map(|branch| self.condition(branch, on)).collect();
                keywords(json!({ "anyOf": branches }))
            }
            Shape::Named(name) => self.condition_named(name),
            Shape::List(list) => {
                let mut out = array(list.size, list.unique);
                if let Value::Object(item) = self.condition(&list.item, None) {
                    say(&mut out, "items", item);
                }
                out
            }
            Shape::Map(map) => {
                let mut out = sized("object", map.size);
                if let Some(key) = &map.key {
                    say(&mut out, "propertyNames", names(key));
                }
                if closed_beside_patterns(schema) {
                    out.insert("additionalProperties".to_owned(), json!(false));
                } else if let Value::Object(value) = self.condition(&map.value, None) {
                    say(&mut out, "additionalProperties", value);
                }
                out
            }
            Shape::Object(object) => {
                let mut out = sized("object", object.size);
                self.condition_fields(&mut out, object, on.and_then(Schema::object));
                match &object.rest {
                    Rest::Unsaid => {}
                    Rest::Open if closed_beside_patterns(schema) => {
                        _ = out.insert("additionalProperties".to_owned(), json!(false))
                    }
                    Rest::Open => {}
                    Rest::Closed => _ = out.insert("additionalProperties".to_owned(), json!(false)),
                    Rest::Of(rest) => _ = out.insert("additionalProperties".to_owned(), self.condition(rest, None)),
                }
                out
            }
        };
        if schema.implied {
            out.remove("type");
        }
        out
    }

    /// Without a change for effective documents, the condition is made to say the same of what was written: a field that is
    /// absent counts as its default.
    fn condition_fields(&mut self, out: &mut Keywords, object: &'a Object, on: Option<&'a Object>) {
        let mut properties = Keywords::new();
        let mut required = Vec::new();
        for field in &object.fields {
            let on = on.and_then(|on| on.field(&field.name)).map(|field| &field.schema);
            let value = self.condition(&field.schema, on);
            let laid = on.and_then(|on| self.laid(on));
            let admitted = laid.and_then(|laid| self.admits(&value, &laid));
            if admitted.map_or(field.required, |admitted| !admitted) {
                required.push(field.name.as_str());
            }
            // Unless other keys are refused, a field of which nothing is said need not be named.
            if value != json!({}) || object.rest != Rest::Unsaid {
                properties.insert(field.name.clone(), value);
            }
        }
        fields(out, &required, properties);
    }

    /// A named type in a condition: its own definition closes objects that the author left open, and this one doesn't.
    fn condition_named(&mut self, name: &'a str) -> Keywords {
        // No type's name has a hyphen in it.
        let key = format!("{name}-condition");
        if !self.definitions.contains_key(&key)
            && let Some(target) = self.types.get(name)
        {
            self.definitions.insert(key.clone(), Value::Null);
            let definition = self.condition(target, None);
            self.definitions.insert(key.clone(), definition);
        }
        if self.definitions.contains_key(&key) { reference(&key) } else { Keywords::new() }
    }
}
