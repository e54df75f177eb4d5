//! A model's schema as JSON Schema, draft-07.

mod condition;
mod words;

use manifest::defaults::{Defaults, Node};
use manifest::valid::Validator;
use serde_json::{Map, Value, json};

use words::{
    array, choice, closed_beside_patterns, fields, key_outcome, keywords, names, numeric, or_null, pattern_outcome, reference,
    say, sized, string,
};

use crate::ledger::{Book, Outcome, kept_by_the_api};
use crate::model::{
    Bounds, Object, Place, Pointer, Rest, Schema, Service, Shape, Size, Text, Types, note_keywords, rule_keyword,
};

/// The values' schema; its references lead to `#/definitions/…`.
pub(crate) struct Printed {
    pub values: Value,
    pub definitions: Map<String, Value>,
}

/// Prints the service's values, and enters into the book what became of each constraint.
pub(crate) fn print(service: &Service, book: &mut Book) -> Printed {
    let mut printer = Printer {
        types: &service.types,
        formats: super::asserts_formats(&service.bundle),
        book,
        open: Vec::new(),
        definitions: Map::new(),
        defaults: Defaults { root: Node::default(), ..crate::defaults::defaults(service) },
    };
    let values = printer.schema(&service.values, &Place::root());
    let definitions = printer.definitions;
    Printed { values: Value::Object(values), definitions }
}

type Keywords = Map<String, Value>;

struct Printer<'a, 'b> {
    types: &'a Types,
    formats: bool,
    book: &'b mut Book,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
    definitions: Map<String, Value>,
    /// Those of the named types; the root changes with the question.
    defaults: Defaults,
}

impl<'a> Printer<'a, '_> {
    fn schema(&mut self, schema: &'a Schema, place: &Place) -> Keywords {
        let at = &schema.at;
        for keyword in note_keywords(schema) {
            self.enter(place, at, keyword, note(keyword, place));
        }
        if schema.default.is_some() {
            self.enter(place, at, "default", Outcome::Kept);
        }
        if schema.nullable {
            self.enter(place, at, "nullable", Outcome::Kept);
        }
        let mut out = self.shape(schema, place);
        // Beside a `$ref`, draft-07 reads nothing.
        if out.contains_key("$ref") {
            out = keywords(json!({ "allOf": [out] }));
        }
        for rule in &schema.rules {
            let outcome = self.rule(&mut out, rule, schema, Some(schema));
            self.enter(place, &rule.at, rule_keyword(&rule.check), outcome);
        }
        if schema.nullable {
            out = or_null(out);
        }
        annotate(&mut out, schema);
        out
    }

    fn shape(&mut self, schema: &'a Schema, place: &Place) -> Keywords {
        let at = &schema.at;
        let said = if schema.implied { Outcome::Stricter("the type is taken as said".into()) } else { Outcome::Kept };
        match &schema.shape {
            Shape::Anything => Keywords::new(),
            Shape::Nothing => {
                self.enter(place, at, "type", Outcome::Kept);
                keywords(json!({ "not": {} }))
            }
            Shape::Named(name) => self.named(schema, name, place),
            Shape::Choice(values) => {
                self.enter(place, at, "enum", Outcome::Kept);
                choice(values)
            }
            Shape::Union(branches) => {
                self.enter(place, at, "union", Outcome::Kept);
                let branches: Vec<_> = branches.iter().map(|branch| self.schema(branch, place)).collect();
                keywords(json!({ "anyOf": branches }))
            }
            Shape::Boolean => {
                self.enter(place, at, "type", said);
                keywords(json!({ "type": "boolean" }))
            }
            Shape::Integer(bounds) => {
                self.enter(place, at, "type", said);
                self.bounds(place, at, bounds);
                numeric("integer", bounds)
            }
            Shape::Number(bounds) => {
                self.enter(place, at, "type", said);
                self.bounds(place, at, bounds);
                numeric("number", bounds)
            }
            Shape::Text(text) => {
                self.enter(place, at, "type", said);
                self.text(place, at, text);
                string(text, self.formats)
            }
            Shape::List(list) => {
                self.enter(place, at, "type", said);
                self.size(place, at, list.size, ["minItems", "maxItems"]);
                if list.unique {
                    self.enter(place, at, "uniqueItems", Outcome::Kept);
                }
                let item = self.schema(&list.item, &place.each());
                let mut out = array(list.size, list.unique);
                say(&mut out, "items", item);
                out
            }
            Shape::Map(map) => {
                self.enter(place, at, "type", said);
                self.size(place, at, map.size, ["minProperties", "maxProperties"]);
                if let Some(key) = &map.key {
                    self.enter(place, at, "propertyNames", key_outcome(key));
                }
                let value = self.schema(&map.value, &place.each());
                let mut out = sized("object", map.size);
                if let Some(key) = &map.key {
                    say(&mut out, "propertyNames", names(key));
                }
                // An empty schema is said, too: editors would flag an unknown key otherwise.
                let value = if value.is_empty() { json!(true) } else { Value::Object(value) };
                let rest = if closed_beside_patterns(schema) { json!(false) } else { value };
                out.insert("additionalProperties".to_owned(), rest);
                out
            }
            Shape::Object(object) => {
                self.enter(place, at, "type", said);
                self.object(schema, object, place)
            }
        }
    }

    fn named(&mut self, schema: &'a Schema, name: &'a str, place: &Place) -> Keywords {
        let Some(target) = self.types.get(name) else {
            self.enter(place, &schema.at, "$ref", Outcome::Lost("the type doesn't exist".into()));
            return Keywords::new();
        };
        if self.open.contains(&name) {
            self.enter(place, &schema.at, "$ref", Outcome::Kept);
        } else {
            self.open.push(name);
            // At a later use the walk is for the book of that place; the definition is the same.
            let definition = self.schema(target, place);
            self.definitions.entry(name).or_insert(Value::Object(definition));
            self.open.pop();
        }
        reference(name)
    }

    fn object(&mut self, schema: &'a Schema, object: &'a Object, place: &Place) -> Keywords {
        let at = &schema.at;
        self.size(place, at, object.size, ["minProperties", "maxProperties"]);
        let outcome = match &object.rest {
            Rest::Closed | Rest::Open | Rest::Of(_) => Outcome::Kept,
            Rest::Unsaid => Outcome::Stricter("the Kubernetes API refuses the key as well".into()),
        };
        self.enter(place, at, "additionalProperties", outcome);
        let mut properties = Keywords::new();
        let mut required = Vec::new();
        for field in &object.fields {
            let inner = place.field(&field.name);
            match (field.required, self.laid(&field.schema)) {
                (true, None) => {
                    required.push(field.name.as_str());
                    self.enter(&inner, at, "required", Outcome::Kept);
                }
                // An editor judges what is written, and nobody has to write a default.
                (true, Some(_)) => {
                    self.enter(&inner, at, "required", Outcome::Rewritten("its default is laid under the release".into()))
                }
                (false, _) => {}
            }
            properties.insert(field.name.clone(), Value::Object(self.schema(&field.schema, &inner)));
        }
        let rest = match &object.rest {
            Rest::Closed | Rest::Unsaid => json!(false),
            // With patterns beside it, the rule that closes an object stands among the rules.
            Rest::Open => json!(!closed_beside_patterns(schema)),
            Rest::Of(rest) => Value::Object(self.schema(rest, &place.each())),
        };
        let mut out = sized("object", object.size);
        fields(&mut out, &required, properties);
        out.insert("additionalProperties".to_owned(), rest);
        out
    }

    /// What the effective document has where the field isn't written.
    fn laid(&mut self, schema: &Schema) -> Option<Value> {
        const FIELD: &str = "field";
        self.defaults.root.fields.insert(FIELD.to_owned(), crate::defaults::node(schema));
        self.defaults.effective(&json!({})).get(FIELD).cloned()
    }

    /// Whether a printed condition admits the value; `None`: it can't be told yet.
    fn admits(&self, condition: &Value, value: &Value) -> Option<bool> {
        let whole = json!({ "$schema": super::DRAFT, "definitions": self.definitions, "allOf": [condition] });
        Some(Validator::new(&whole, Defaults::default()).ok()?.check(value).is_empty())
    }

    fn bounds(&mut self, place: &Place, at: &Pointer, bounds: &Bounds) {
        if bounds.min.is_some() {
            self.enter(place, at, "minimum", Outcome::Kept);
        }
        if bounds.max.is_some() {
            self.enter(place, at, "maximum", Outcome::Kept);
        }
    }

    fn text(&mut self, place: &Place, at: &Pointer, text: &Text) {
        if text.min.is_some() {
            self.enter(place, at, "minLength", Outcome::Kept);
        }
        if text.max.is_some() {
            self.enter(place, at, "maxLength", Outcome::Kept);
        }
        for pattern in &text.patterns {
            self.enter(place, &pattern.at, "pattern", pattern_outcome(pattern));
        }
        if let Some(format) = &text.format {
            let outcome = match super::asserted(format, self.formats) {
                Ok(()) => Outcome::Kept,
                Err(why) => Outcome::Lost(why.into()),
            };
            self.enter(place, at, "format", outcome);
        }
    }

    fn size(&mut self, place: &Place, at: &Pointer, size: Size, [min, max]: [&'static str; 2]) {
        if size.min.is_some() {
            self.enter(place, at, min, Outcome::Kept);
        }
        if size.max.is_some() {
            self.enter(place, at, max, Outcome::Kept);
        }
    }

    fn enter(&mut self, place: &Place, at: &Pointer, keyword: &'static str, outcome: Outcome) {
        self.book.enter(place, at, keyword, outcome);
    }
}

fn note(keyword: &str, place: &Place) -> Outcome {
    match keyword {
        "title" | "description" | "examples" | "deprecated" => Outcome::Kept,
        "x-ui.suggestions" => Outcome::Rewritten("as examples".into()),
        "x-ui.secretRef" => Outcome::Rewritten("as a reference with name and key".into()),
        _ => kept_by_the_api(keyword, place).unwrap_or(Outcome::Lost("editors have no forms".into())),
    }
}

fn annotate(out: &mut Keywords, schema: &Schema) {
    let notes = &schema.notes;
    let mut head = Keywords::new();
    let mut put = |key: &str, value: Option<Value>| head.extend(value.map(|value| (key.to_owned(), value)));
    put("title", schema.title.as_ref().map(|title| json!(title)));
    put("description", schema.doc.as_ref().map(|doc| json!(doc)));
    put("deprecated", notes.deprecated.then(|| json!(true)));
    put("deprecationMessage", notes.deprecated.then(|| json!("deprecated")));
    put("default", schema.default.clone());
    let mut examples = notes.examples.clone();
    examples.extend(notes.suggestions.iter().filter(|value| !notes.examples.contains(value)).cloned());
    put("examples", (!examples.is_empty()).then(|| json!(examples)));
    head.extend(std::mem::take(out));
    *out = head;
}
