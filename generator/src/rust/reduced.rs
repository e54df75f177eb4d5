//! The schema that typify sees: shapes only, every type that needs a name under a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::names::Names;
use super::{default, rule};
use crate::editor::asserted;
use crate::ledger::{Book, Outcome, kept_by_the_api};
use crate::model::{
    Bounds, Check, Object, Place, Pointer, Rest, Schema, Service, Shape, Size, Text, Types, note_keywords, rule_keyword,
};

/// What typify is handed, and what it can't be told.
pub(super) struct Reduced {
    /// The name of the root's type.
    pub root: String,
    /// A draft-07 schema whose types are all in `definitions`.
    pub schema: Value,
    /// The properties that stand in `schema` under another name: type, name of the field, name of the property.
    pub renamed: BTreeMap<(String, String), String>,
    pub book: Book,
}

pub(super) fn reduced(service: &Service) -> Reduced {
    let mut names = Names::default();
    RESERVED.iter().for_each(|name| _ = names.take(name));
    let root = names.pascal(service.kind.as_str());
    let named = service.types.keys().map(|name| (name.clone(), names.pascal(name))).collect();
    let mut printer = Printer {
        types: &service.types,
        named,
        formats: crate::editor::asserts_formats(&service.bundle),
        book: Book::default(),
        open: Vec::new(),
        made: Made { names, ..Made::default() },
    };
    printer.define(&service.values, &Place::root(), &root);
    let Made { definitions, renamed, .. } = printer.made;
    let schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "definitions": definitions });
    Reduced { root, schema, renamed, book: printer.book }
}

/// What the generated code itself means by these names; the first is a module of typify's.
const RESERVED: &[&str] = &[
    "error", "Ok", "Err", "Some", "None", "Option", "Result", "String", "Vec", "Box", "Default", "From", "TryFrom", "Clone",
    "Debug",
];

struct Printer<'a> {
    types: &'a Types,
    /// The Rust names of the named types.
    named: BTreeMap<String, String>,
    formats: bool,
    book: Book,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
    made: Made,
}

/// What was printed so far.
#[derive(Default)]
struct Made {
    names: Names,
    definitions: Map<String, Value>,
    renamed: BTreeMap<(String, String), String>,
    /// The named types that have a definition, or are getting one.
    done: BTreeSet<String>,
}

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Spot {
    /// A field or a type has a comment.
    Commented,
    /// An item, a value of a map, a branch.
    Bare,
}

impl<'a> Printer<'a> {
    /// Puts the schema among the definitions, under this very name.
    fn define(&mut self, schema: &'a Schema, place: &Place, name: &str) {
        let mut value = match needs_name(schema, self.types) && !schema.nullable {
            true => self.schema_as(schema, place, Spot::Commented, name, Some(name)),
            false => self.schema_as(schema, place, Spot::Commented, &format!("{name} value"), None),
        };
        comment(&mut value, schema);
        self.made.definitions.insert(name.to_owned(), value);
    }

    /// The schema for the place where it is used; `wish` names its type, if it needs one.
    fn schema(&mut self, schema: &'a Schema, place: &Place, spot: Spot, wish: &str) -> Value {
        let mut value = self.schema_as(schema, place, spot, wish, None);
        if spot == Spot::Commented {
            comment(&mut value, schema);
        }
        value
    }

    /// `under`: it is the definition of that name.
    fn schema_as(&mut self, schema: &'a Schema, place: &Place, spot: Spot, wish: &str, under: Option<&str>) -> Value {
        let at = &schema.at;
        let commented = spot == Spot::Commented || needs_name(schema, self.types);
        for keyword in note_keywords(schema) {
            self.enter(place, at, keyword, note(keyword, place, commented));
        }
        if schema.default.is_some() {
            self.enter(place, at, "default", default());
        }
        if schema.nullable {
            self.enter(place, at, "nullable", Outcome::Kept);
        }
        let name = match under {
            Some(name) => Some(name.to_owned()),
            None if needs_name(schema, self.types) => Some(self.made.names.pascal(wish)),
            None => None,
        };
        let mut value = self.shape(schema, place, name.as_deref().unwrap_or(wish));
        for rule in &schema.rules {
            self.moved(place, &rule.at, rule_keyword(&rule.check));
        }
        if let (Some(name), None) = (name, under) {
            comment(&mut value, schema);
            self.made.definitions.insert(name.clone(), value);
            value = reference(&name);
        }
        // `{}` is `serde_json::Value`, which holds `null` anyway.
        match schema.nullable && value != json!({}) {
            true => json!({ "oneOf": [value, { "type": "null" }] }),
            false => value,
        }
    }

    fn shape(&mut self, schema: &'a Schema, place: &Place, name: &str) -> Value {
        let at = &schema.at;
        let said = if schema.implied { Outcome::Stricter("the type is taken as said".into()) } else { Outcome::Kept };
        match &schema.shape {
            Shape::Anything => json!({}),
            Shape::Nothing => {
                self.moved(place, at, "type");
                json!({})
            }
            Shape::Named(named) => self.named(schema, named, place),
            Shape::Choice(values) => self.choice(place, at, values),
            Shape::Union(branches) => self.union(schema, branches, place, name),
            Shape::Boolean => {
                self.enter(place, at, "type", said);
                json!({ "type": "boolean" })
            }
            Shape::Integer(bounds) => {
                self.enter(place, at, "type", said);
                self.bounds(place, at, bounds);
                integer(bounds)
            }
            Shape::Number(bounds) => {
                self.enter(place, at, "type", said);
                self.bounds(place, at, bounds);
                json!({ "type": "number" })
            }
            Shape::Text(text) => {
                self.enter(place, at, "type", said);
                self.text(place, at, text);
                json!({ "type": "string" })
            }
            Shape::List(list) => {
                self.enter(place, at, "type", said);
                self.size(place, at, list.size, ["minItems", "maxItems"]);
                if list.unique {
                    self.moved(place, at, "uniqueItems");
                }
                let item = self.schema(&list.item, &place.each(), Spot::Bare, &format!("{name} item"));
                // A tuple's first items are of other types than the others.
                let tuple = schema.rules.iter().any(|rule| matches!(rule.check, Check::Tuple { .. }));
                json!({ "type": "array", "items": if tuple { json!({}) } else { item } })
            }
            Shape::Map(map) => {
                self.enter(place, at, "type", said);
                self.size(place, at, map.size, ["minProperties", "maxProperties"]);
                if map.key.is_some() {
                    self.moved(place, at, "propertyNames");
                }
                let value = self.schema(&map.value, &place.each(), Spot::Bare, &format!("{name} value"));
                json!({ "type": "object", "additionalProperties": if other_keys(schema) { json!({}) } else { value } })
            }
            Shape::Object(object) => {
                self.enter(place, at, "type", said);
                self.object(schema, object, place, name)
            }
        }
    }

    fn named(&mut self, schema: &'a Schema, named: &'a str, place: &Place) -> Value {
        let types = self.types;
        let (Some(target), Some(name)) = (types.get(named), self.named.get(named).cloned()) else {
            self.moved(place, &schema.at, "$ref");
            return json!({});
        };
        if self.open.contains(&named) {
            self.enter(place, &schema.at, "$ref", Outcome::Kept);
            return reference(&name);
        }
        self.open.push(named);
        if self.made.done.insert(named.to_owned()) {
            self.define(target, place, &name);
        } else {
            // The definition stands already: this is for the book of this place.
            let made = std::mem::take(&mut self.made);
            self.define(target, place, &name);
            self.made = made;
        }
        self.open.pop();
        // A name that leads only to names is no shape.
        if matches!(target.resolve(types).shape, Shape::Named(_)) { json!({}) } else { reference(&name) }
    }

    fn choice(&mut self, place: &Place, at: &Pointer, values: &[Value]) -> Value {
        if let Some(words) = variants(values) {
            self.enter(place, at, "enum", Outcome::Kept);
            return json!({ "type": "string", "enum": words });
        }
        self.moved(place, at, "enum");
        let all = |test: fn(&Value) -> bool| values.iter().all(test);
        if all(Value::is_string) {
            json!({ "type": "string" })
        } else if all(Value::is_i64) {
            json!({ "type": "integer" })
        } else if all(Value::is_number) {
            json!({ "type": "number" })
        } else if all(Value::is_boolean) {
            json!({ "type": "boolean" })
        } else {
            json!({})
        }
    }

    fn union(&mut self, schema: &'a Schema, branches: &'a [Schema], place: &Place, name: &str) -> Value {
        let printed: Vec<_> =
            branches.iter().map(|branch| self.schema(branch, place, Spot::Bare, &format!("{name} case"))).collect();
        match tellable(branches, self.types) && printed.iter().all(|branch| *branch != json!({})) {
            true => {
                self.enter(place, &schema.at, "union", Outcome::Kept);
                json!({ "oneOf": printed })
            }
            false => {
                self.moved(place, &schema.at, "union");
                json!({})
            }
        }
    }

    fn object(&mut self, schema: &'a Schema, object: &'a Object, place: &Place, name: &str) -> Value {
        let at = &schema.at;
        self.size(place, at, object.size, ["minProperties", "maxProperties"]);
        // Keys that a pattern admits are no fields, and `deny_unknown_fields` would refuse them.
        let patterns = other_keys(schema);
        match &object.rest {
            Rest::Closed if patterns => self.moved(place, at, "additionalProperties"),
            Rest::Of(_) if patterns => self.moved(place, at, "additionalProperties"),
            Rest::Closed | Rest::Unsaid | Rest::Open | Rest::Of(_) => {
                self.enter(place, at, "additionalProperties", Outcome::Kept)
            }
        }
        let mut fields = Names::default();
        if patterns || object.rest != Rest::Closed {
            // The name that typify gives the map of the other keys.
            fields.take("extra");
        }
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in &object.fields {
            let inner = place.field(&field.name);
            // No document has a field for which there is no value, and typify leaves it out as well.
            let absent = field.schema.shape == Shape::Nothing && !field.schema.nullable;
            if field.required {
                if absent { self.moved(&inner, at, "required") } else { self.enter(&inner, at, "required", Outcome::Kept) }
            }
            let value = self.schema(
                &field.schema,
                &inner,
                if absent { Spot::Bare } else { Spot::Commented },
                &format!("{name} {}", field.name),
            );
            if absent {
                continue;
            }
            let property = match fields.take(&field.name) {
                true => field.name.clone(),
                false => {
                    let property = fields.snake(&field.name);
                    self.made.renamed.insert((name.to_owned(), property.clone()), field.name.clone());
                    property
                }
            };
            if field.required {
                required.push(property.clone());
            }
            properties.insert(property, value);
        }
        let rest = match &object.rest {
            Rest::Closed => json!(false),
            Rest::Unsaid | Rest::Open => json!({}),
            Rest::Of(rest) => self.schema(rest, &place.each(), Spot::Bare, &format!("{name} other")),
        };
        let rest = if patterns { json!({}) } else { rest };
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": rest })
    }

    fn bounds(&mut self, place: &Place, at: &Pointer, bounds: &Bounds) {
        if bounds.min.is_some() {
            self.moved(place, at, "minimum");
        }
        if bounds.max.is_some() {
            self.moved(place, at, "maximum");
        }
    }

    fn text(&mut self, place: &Place, at: &Pointer, text: &Text) {
        if text.min.is_some() {
            self.moved(place, at, "minLength");
        }
        if text.max.is_some() {
            self.moved(place, at, "maxLength");
        }
        for pattern in &text.patterns {
            self.moved(place, &pattern.at, "pattern");
        }
        if let Some(format) = &text.format {
            self.enter(place, at, "format", format_outcome(format, self.formats));
        }
    }

    fn size(&mut self, place: &Place, at: &Pointer, size: Size, [min, max]: [&'static str; 2]) {
        if size.min.is_some() {
            self.moved(place, at, min);
        }
        if size.max.is_some() {
            self.moved(place, at, max);
        }
    }

    fn moved(&mut self, place: &Place, at: &Pointer, keyword: &'static str) {
        self.enter(place, at, keyword, rule(keyword));
    }

    fn enter(&mut self, place: &Place, at: &Pointer, keyword: &'static str, outcome: Outcome) {
        self.book.enter(place, at, keyword, outcome);
    }
}

fn format_outcome(format: &str, asserts: bool) -> Outcome {
    match asserted(format, asserts) {
        Ok(()) => rule("format"),
        Err(why) => Outcome::Lost(why.into()),
    }
}

fn note(keyword: &str, place: &Place, commented: bool) -> Outcome {
    match keyword {
        "title" | "description" if commented => Outcome::Kept,
        "deprecated" if commented => Outcome::Rewritten("the comment says it".into()),
        "title" | "description" | "deprecated" => Outcome::Lost("only fields and types have comments".into()),
        _ => kept_by_the_api(keyword, place).unwrap_or(Outcome::Lost("types carry no form hints".into())),
    }
}

/// Whether typify makes a type of it, for which it would choose a name itself.
fn needs_name(schema: &Schema, types: &Types) -> bool {
    match &schema.shape {
        Shape::Object(object) => !object.fields.is_empty() || object.rest == Rest::Closed,
        Shape::Choice(values) => variants(values).is_some(),
        Shape::Union(branches) => tellable(branches, types),
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => false,
        Shape::Text(_) | Shape::List(_) | Shape::Map(_) | Shape::Named(_) => false,
    }
}

/// The values, if each can be a variant's name.
fn variants(values: &[Value]) -> Option<Vec<&str>> {
    let mut names = Names::default();
    values.iter().map(|value| value.as_str().filter(|word| names.take(word))).collect()
}

/// Whether serde finds the right branch by trying one after the other.
fn tellable(branches: &[Schema], types: &Types) -> bool {
    let objects: Vec<&Schema> = branches.iter().map(|branch| branch.resolve(types)).filter(|b| is_object(b)).collect();
    let apart = |a: &Schema, b: &Schema| match (a.object(), b.object()) {
        (Some(a), Some(b)) => a.fields.iter().filter(|field| field.required).any(|field| {
            let words = |object: &Object| {
                let field = object.field(&field.name).filter(|field| field.required && !field.schema.nullable)?;
                match &field.schema.shape {
                    Shape::Choice(values) => {
                        variants(values).map(|words| words.into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
                    }
                    _ => None,
                }
            };
            words(a).zip(words(b)).is_some_and(|(a, b)| a.is_disjoint(&b))
        }),
        _ => false,
    };
    let known = |branch: &Schema| {
        !matches!(branch.resolve(types).shape, Shape::Anything | Shape::Nothing | Shape::Named(_) | Shape::Union(_))
    };
    branches.len() > 1
        && branches.iter().all(known)
        && objects.iter().enumerate().all(|(i, a)| objects.iter().skip(i + 1).all(|b| apart(a, b)))
}

fn is_object(schema: &Schema) -> bool {
    matches!(schema.shape, Shape::Object(_) | Shape::Map(_))
}

/// Whether keys that match a pattern have values of their own kind.
fn other_keys(schema: &Schema) -> bool {
    schema.rules.iter().any(|rule| matches!(rule.check, Check::KeyPatterns(_)))
}

/// A 64-bit integer, unsigned if the limits reach beyond the signed ones.
fn integer(bounds: &Bounds) -> Value {
    let beyond = bounds.max.as_ref().is_some_and(|max| max.value.as_i64().is_none() && max.value.is_u64());
    let natural = bounds.min.as_ref().is_some_and(|min| min.value.is_u64());
    json!({ "type": "integer", "format": if beyond && natural { "uint64" } else { "int64" } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The comment of a field or a type.
fn comment(value: &mut Value, schema: &Schema) {
    let title = schema.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let doc = schema.doc.as_deref().map(str::trim).filter(|doc| !doc.is_empty());
    let text: Vec<_> = title.into_iter().chain(doc).chain(schema.notes.deprecated.then_some("Deprecated.")).collect();
    if let (false, Value::Object(map)) = (text.is_empty(), value) {
        map.insert("description".to_owned(), Value::String(text.join("\n\n")));
    }
}
