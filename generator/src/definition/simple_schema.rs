//! The values as KRO's SimpleSchema: named types and markers. What markers can't say goes to the policy.

mod scalar;

use indexmap::IndexMap;
use manifest::valid::{is_carried, uncarried};
use serde_json::{Map as Json, Value};
use std::collections::{BTreeMap, BTreeSet};

use super::checks::{Checks, RECURSION, assured};
use super::form::{Form, form, is_recursive};
use super::marker::{self, marker};
use super::spot::Spot;
use super::words;
use crate::defaults::missing;
use crate::ledger::Outcome;
use crate::model::{Check, Field, List, Map, Object, Rest, Schema, Shape, Size, Types, note_keywords};
use scalar::commonest;

/// What KRO is told of the values.
pub(super) struct SimpleSchema {
    /// The named types, the root's last.
    pub types: IndexMap<String, Value>,
    /// The root's type.
    pub kind: String,
    /// The root's markers, but for the description.
    pub markers: Vec<String>,
    pub description: Option<String>,
}

/// Prints a service's values; `None` if the root has names that no definition can hold.
pub(super) fn print<'a>(values: &'a Schema, types: &'a Types, checks: &mut Checks<'a>) -> Option<SimpleSchema> {
    let mut printer =
        Printer { types, checks, out: IndexMap::new(), names: BTreeMap::new(), taken: BTreeSet::new(), full: BTreeMap::new() };
    for name in types.keys() {
        printer.names.insert(format!("#{name}"), name.clone());
        printer.taken.insert(name.clone());
    }
    let root = values.resolve(types).object()?;
    if !root.fields.iter().all(|field| is_carried(&field.name)) {
        return None;
    }
    let Line { kind, mut markers, description, default } = printer.schema(values, &Spot::root(), Must::Root);
    match (default, printer.full.get(&kind)) {
        (Some(default), _) => markers.push(marker("default", &marker::default(&default))),
        (None, Some(Full::Needs)) => markers.push(marker("required", "true")),
        // Otherwise a release without `spec` would wait for ever: KRO finds no values to pass on.
        (None, Some(Full::Empty) | None) => markers.push(marker("default", "{}")),
        (None, Some(Full::Appears)) => {}
    }
    Some(SimpleSchema { types: printer.out, kind, markers, description })
}

/// How much of a type a place needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
    /// It is the root: a type with fields, whatever it says of other keys.
    Root,
    /// It is a field of the root, or an item of one: the commonest type, where none fits.
    Typed,
    /// Its form is one that SimpleSchema has.
    Fits,
}

/// What KRO makes of a type with fields where nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    /// A field is required.
    Needs,
    /// The defaults inside, with an automatic `default: {}`.
    Appears,
    /// Nothing.
    Empty,
}

/// A field's type and markers.
struct Line {
    kind: String,
    markers: Vec<String>,
    description: Option<String>,
    default: Option<Value>,
}

struct Printer<'a, 'c> {
    types: &'a Types,
    checks: &'c mut Checks<'a>,
    out: IndexMap<String, Value>,
    /// The names of types, by the keys of their places.
    names: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    full: BTreeMap<String, Full>,
}

impl<'a> Printer<'a, '_> {
    /// A place with its own words, and those of the type that it names.
    fn schema(&mut self, schema: &'a Schema, spot: &Spot, must: Must) -> Line {
        self.notes(schema, spot);
        if schema.nullable {
            let outcome = Outcome::Stricter("the Kubernetes API drops or refuses null".to_owned());
            self.checks.enter(spot, &schema.at, "nullable", outcome);
        }
        let mut line = self.shape(schema, spot, must);
        for rule in &schema.rules {
            self.checks.rule(rule, schema, spot);
        }
        line.description = both(description(schema), line.description);
        if let Some(default) = &schema.default {
            let outcome = self.default(default, spot, &mut line);
            self.checks.enter(spot, &schema.at, "default", outcome);
        }
        if schema.notes.immutable && !spot.is_many() {
            self.immutable(spot, &mut line);
        }
        line
    }

    /// The marker says it of a value; of an optional one it only holds while there is a value.
    fn immutable(&mut self, spot: &Spot, line: &mut Line) {
        if !scalar(&line.kind) {
            return self.checks.immutable(spot, spot.same());
        }
        line.markers.push(marker("immutable", "true"));
        if !spot.sure {
            self.checks.immutable(spot, spot.stays());
        }
    }

    fn default(&self, default: &Value, spot: &Spot, line: &mut Line) -> Outcome {
        if spot.is_item() {
            return Outcome::Rewritten("an item that isn't there isn't filled in".to_owned());
        }
        if default.is_null() {
            line.default = None;
            return Outcome::Moved("the API has no null; the chart's values.yaml has it".to_owned());
        }
        if !self.accepts(&line.kind, default) {
            line.default = None;
            return Outcome::Moved("the API's type doesn't hold it; the chart's values.yaml has it".to_owned());
        }
        if !uncarried(default).is_empty() {
            line.default = None;
            return Outcome::Moved("KRO can't pass its characters on; the chart's values.yaml has it".to_owned());
        }
        line.default = Some(default.clone());
        Outcome::Kept
    }

    fn shape(&mut self, schema: &'a Schema, spot: &Spot, must: Must) -> Line {
        match &schema.shape {
            Shape::Anything => self.anything(schema, spot),
            Shape::Nothing => {
                self.checks.check(spot, &schema.at, "type", Ok("false".to_owned()), "must not be given");
                Line::of("object")
            }
            Shape::Boolean => self.scalar(schema, spot, "boolean"),
            Shape::Integer(bounds) => {
                let line = self.scalar(schema, spot, "integer");
                self.bounds(schema, bounds, true, spot, line)
            }
            Shape::Number(bounds) => {
                let line = self.scalar(schema, spot, "float");
                self.bounds(schema, bounds, false, spot, line)
            }
            Shape::Text(text) => {
                let line = self.scalar(schema, spot, "string");
                self.text(schema, text, spot, line)
            }
            Shape::Choice(values) => self.choice(schema, values, spot),
            Shape::List(list) if must == Must::Fits || self.form(&list.item) != Form::Loose => {
                self.list(schema, list, spot, Must::Fits)
            }
            Shape::List(list) => self.list(schema, list, spot, Must::Typed),
            Shape::Map(map) if self.form(schema) == Form::Map => self.map(schema, map, spot),
            Shape::Map(_) => self.open(schema, spot),
            Shape::Object(object) if must == Must::Root || self.form(schema) == Form::Struct => {
                self.object(schema, object, spot, must)
            }
            Shape::Object(_) => self.open(schema, spot),
            Shape::Union(branches) => match self.form(schema) {
                Form::Open => self.open(schema, spot),
                _ => self.union(schema, branches, spot),
            },
            Shape::Named(name) => self.named(schema, name, spot, must),
        }
    }

    fn form(&self, schema: &Schema) -> Form {
        form(schema, self.types, &self.checks.open)
    }

    fn named(&mut self, schema: &'a Schema, name: &'a str, spot: &Spot, must: Must) -> Line {
        match self.types.get(name) {
            Some(target) if !self.checks.open.contains(&name) => {
                self.checks.open.push(name);
                // A type that holds itself differs from use to use, by where the recursion ends.
                let key = if is_recursive(name, self.types) { spot.key.clone() } else { format!("#{name}") };
                let line = self.schema(target, &Spot { key, ..spot.clone() }, must);
                self.checks.open.pop();
                line
            }
            _ => {
                self.checks.enter(spot, &schema.at, "$ref", Outcome::Lost(RECURSION.to_owned()));
                Line::of("object")
            }
        }
    }

    /// An object of which the API knows nothing more: the policy looks inside.
    fn open(&mut self, schema: &'a Schema, spot: &Spot) -> Line {
        // Everything but what `schema` has already answered for the place itself.
        self.checks.inside(schema, spot);
        Line {
            default: missing(schema, self.types).filter(|default| default.is_object() && uncarried(default).is_empty()),
            ..Line::of("object")
        }
    }

    /// A field of the root that can be anything.
    fn anything(&mut self, schema: &Schema, _: &Spot) -> Line {
        Line::of(match &schema.default {
            Some(Value::String(_)) => "string",
            Some(Value::Bool(_)) => "boolean",
            Some(Value::Number(number)) if number.is_i64() => "integer",
            Some(Value::Number(_)) => "float",
            Some(Value::Array(_)) => "[]object",
            Some(Value::Null | Value::Object(_)) | None => "object",
        })
    }

    /// A field of the root that can be of several types: the default's, else the commonest.
    fn union(&mut self, schema: &'a Schema, branches: &'a [Schema], spot: &Spot) -> Line {
        let chosen = branches
            .iter()
            .position(|branch| schema.default.as_ref().is_some_and(|default| self.holds(branch, default)))
            .or_else(|| (0..branches.len()).min_by_key(|index| branches.get(*index).map(|branch| self.rarity(branch))));
        self.checks.enter(spot, &schema.at, "union", Outcome::Stricter("the API has one type for each field".to_owned()));
        let mut line = Line::of("object");
        for (index, branch) in branches.iter().enumerate() {
            if Some(index) == chosen {
                line = self.schema(branch, spot, Must::Typed);
            } else {
                let outcome = Outcome::Rewritten("the API doesn't offer this alternative".to_owned());
                self.checks.all_below(branch, spot, outcome);
            }
        }
        line
    }

    fn holds(&self, branch: &Schema, value: &Value) -> bool {
        match self.form(branch) {
            Form::Scalar("string") => value.is_string(),
            Form::Scalar("boolean") => value.is_boolean(),
            Form::Scalar("integer") => value.is_i64(),
            Form::Scalar(_) => value.is_number(),
            Form::List => value.is_array(),
            Form::Map | Form::Struct | Form::Open => value.is_object(),
            Form::Gone | Form::Loose => false,
        }
    }

    fn rarity(&self, branch: &Schema) -> u8 {
        match self.form(branch) {
            Form::Scalar("string") => 0,
            Form::Scalar("float") => 1,
            Form::Scalar("integer") => 2,
            Form::Scalar(_) => 3,
            Form::List => 4,
            Form::Struct => 5,
            Form::Map => 6,
            Form::Open => 7,
            Form::Loose => 8,
            Form::Gone => 9,
        }
    }

    fn scalar(&mut self, schema: &Schema, spot: &Spot, kind: &str) -> Line {
        self.kind(schema, spot);
        Line::of(kind)
    }

    fn kind(&mut self, schema: &Schema, spot: &Spot) {
        self.checks.enter(spot, &schema.at, "type", assured(schema));
    }

    fn list(&mut self, schema: &'a Schema, list: &'a List, spot: &Spot, must: Must) -> Line {
        let Size { min, max } = list.size;
        match list.item.resolve(self.types).shape {
            Shape::Anything => {
                let outcome = Outcome::Stricter("the API has one type for the items, which can be anything".to_owned());
                self.checks.enter(spot, &schema.at, "type", outcome);
            }
            _ => self.kind(schema, spot),
        }
        let mut markers = Vec::new();
        for (limit, keyword) in [(min, "minItems"), (max, "maxItems")] {
            if let Some(limit) = limit {
                markers.push(marker(keyword, &limit.min(i64::MAX as u64).to_string()));
                self.checks.enter(spot, &schema.at, keyword, Outcome::Kept);
            }
        }
        let inner = spot.item(true);
        let mut item = self.schema(&list.item, &inner, must);
        if let Shape::Anything = list.item.resolve(self.types).shape {
            let kind = self.items_of_rules(schema).or_else(|| schema.default.as_ref().and_then(items_of));
            item.kind = kind.map_or(item.kind, str::to_owned);
        }
        if list.unique && scalar(&item.kind) {
            markers.push(marker("uniqueItems", "true"));
            self.checks.enter(spot, &schema.at, "uniqueItems", Outcome::Kept);
        } else if list.unique {
            self.checks.unique(schema, list, spot);
        }
        let item = self.alias(item, &inner);
        Line { markers, ..Line::of(&format!("[]{item}")) }
    }

    /// The one type that the rules of a list want its items to have, if the items themselves can be anything.
    fn items_of_rules(&self, schema: &Schema) -> Option<&'static str> {
        let wanted = schema.rules.iter().flat_map(|rule| match &rule.check {
            Check::Tuple { items, .. } => items.iter().collect(),
            Check::Contains { item, .. } => vec![&**item],
            _ => Vec::new(),
        });
        let mut kinds: Vec<_> = wanted.map(|schema| self.form(schema)).collect();
        kinds.dedup();
        match kinds.as_slice() {
            [Form::Scalar(kind)] => Some(kind),
            _ => None,
        }
    }

    fn map(&mut self, schema: &'a Schema, map: &'a Map, spot: &Spot) -> Line {
        self.kind(schema, spot);
        self.checks.map_itself(schema, map, spot);
        let inner = spot.value(true, |_| None);
        let value = self.schema(&map.value, &inner, Must::Fits);
        let value = self.alias(value, &inner);
        Line::of(&format!("map[string]{value}"))
    }

    /// Items and values carry markers by a type of their own only.
    fn alias(&mut self, mut line: Line, spot: &Spot) -> String {
        line.markers.extend(line.description.iter().map(|text| marker("description", text)));
        if line.markers.is_empty() {
            return line.kind;
        }
        let key = if self.full.contains_key(&line.kind) { format!("{}/marked", spot.key) } else { format!("{}/", spot.key) };
        let name = self.name(&key);
        self.out.insert(name.clone(), Value::String(marker::line(&line.kind, &line.markers)));
        name
    }

    fn object(&mut self, schema: &'a Schema, object: &'a Object, spot: &Spot, must: Must) -> Line {
        self.kind(schema, spot);
        self.checks.sizes(schema, object.size, ["minProperties", "maxProperties"], "entries", spot);
        self.checks.enter(spot, &schema.at, "additionalProperties", self.rest(object, must));
        let (mut fields, mut full) = (Json::new(), Full::Empty);
        for field in &object.fields {
            if let Some(one) = self.field(schema, field, spot, must, &mut fields) {
                full = match (full, one) {
                    (Full::Needs, _) | (_, Full::Needs) => Full::Needs,
                    (Full::Appears, _) | (_, Full::Appears) => Full::Appears,
                    (Full::Empty, Full::Empty) => Full::Empty,
                };
            }
        }
        if let Rest::Of(rest) = &object.rest {
            let outcome = Outcome::Rewritten("the API has no other keys".to_owned());
            self.checks.all_below(rest, &spot.value(true, |_| None), outcome);
        }
        let name = self.name(&spot.key);
        self.full.insert(name.clone(), full);
        self.out.insert(name.clone(), Value::Object(fields));
        Line::of(&name)
    }

    fn rest(&self, object: &Object, must: Must) -> Outcome {
        let loose = |field: &Field| matches!(field.schema.resolve(self.types).shape, Shape::Anything);
        match &object.rest {
            Rest::Closed if must == Must::Root && object.fields.iter().any(loose) => {
                Outcome::Stricter("the API has one type for each field, also for one that can be anything".to_owned())
            }
            Rest::Closed => Outcome::Kept,
            Rest::Unsaid => Outcome::Stricter("the Kubernetes API refuses keys that the schema doesn't name".to_owned()),
            Rest::Open | Rest::Of(_) => {
                Outcome::Stricter("at the root the Kubernetes API refuses keys that the schema doesn't name".to_owned())
            }
        }
    }

    /// Prints a field, and says what it makes of its object where nothing was written; `None`: it can't be there.
    fn field(
        &mut self,
        schema: &Schema,
        field: &'a Field,
        spot: &Spot,
        must: Must,
        fields: &mut Json<String, Value>,
    ) -> Option<Full> {
        let must = if must == Must::Root { Must::Typed } else { Must::Fits };
        let filled = missing(&field.schema, self.types).is_some();
        let sure = spot.sure && (field.required || filled);
        let inner = Spot { sure, ..spot.field(&field.name, true) };
        let mut line = self.schema(&field.schema, &inner, must);
        if self.form(&field.schema) == Form::Gone {
            if field.required {
                self.checks.check(&inner, &schema.at, "required", Ok("false".to_owned()), "is required and must not be given");
            }
            return None;
        }
        if field.required && filled {
            let outcome = Outcome::Rewritten("the default fills it in".to_owned());
            self.checks.enter(&inner, &schema.at, "required", outcome);
        } else if field.required {
            self.checks.enter(&inner, &schema.at, "required", Outcome::Kept);
            line.markers.push(marker("required", "true"));
        }
        if let Some(default) = &line.default {
            line.markers.push(marker("default", &marker::default(default)));
        }
        line.markers.extend(line.description.iter().map(|text| marker("description", text)));
        fields.insert(field.name.clone(), Value::String(marker::line(&line.kind, &line.markers)));
        Some(match (field.required && !filled, line.default.is_some(), self.full.get(&line.kind)) {
            (true, ..) => Full::Needs,
            (false, true, _) | (false, false, Some(Full::Appears)) => Full::Appears,
            (false, false, _) => Full::Empty,
        })
    }

    fn notes(&mut self, schema: &Schema, spot: &Spot) {
        for keyword in note_keywords(schema) {
            let outcome = match keyword {
                "description" => Outcome::Kept,
                "title" | "deprecated" => Outcome::Rewritten("in the description".to_owned()),
                "x-ui.immutable" if spot.is_many() => Outcome::Lost(words::MANY.to_owned()),
                "x-ui.immutable" => Outcome::Kept,
                keyword => words::note(keyword),
            };
            self.checks.book.enter(&spot.place, &schema.at, keyword, outcome);
        }
    }

    /// The name of the type at a place: always the same for one key, never the same for two.
    fn name(&mut self, key: &str) -> String {
        if let Some(name) = self.names.get(key) {
            return name.clone();
        }
        let wanted = pascal(key);
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}{number}");
            number += 1;
        }
        self.names.insert(key.to_owned(), name.clone());
        name
    }

    /// Whether the API takes the value for this type without a look at markers: all keys known, no null.
    fn accepts(&self, kind: &str, value: &Value) -> bool {
        if let Some(item) = kind.strip_prefix("[]") {
            return value.as_array().is_some_and(|items| items.iter().all(|value| self.accepts(item, value)));
        }
        if let Some(item) = kind.strip_prefix("map[string]") {
            return value.as_object().is_some_and(|map| map.values().all(|value| self.accepts(item, value)));
        }
        match (kind, self.out.get(kind)) {
            ("string", _) => value.is_string(),
            ("boolean", _) => value.is_boolean(),
            ("integer", _) => {
                value.as_i64().is_some() || value.as_f64().is_some_and(|float| float.fract() == 0.0 && float.abs() < 9e15)
            }
            ("float", _) => value.is_number(),
            ("object", _) => value.is_object(),
            (_, Some(Value::String(line))) => self.accepts(line.split_once(" | ").map_or(line, |(kind, _)| kind), value),
            (_, Some(Value::Object(fields))) => value.as_object().is_some_and(|map| {
                map.iter().all(|(key, value)| {
                    let line = fields.get(key).and_then(Value::as_str);
                    line.is_some_and(|line| self.accepts(line.split_once(" | ").map_or(line, |(kind, _)| kind), value))
                })
            }),
            (_, _) => false,
        }
    }
}

impl Line {
    fn of(kind: &str) -> Line {
        Line { kind: kind.to_owned(), markers: Vec::new(), description: None, default: None }
    }
}

fn scalar(kind: &str) -> bool {
    matches!(kind, "string" | "integer" | "boolean" | "float")
}

/// The type of a list's items, if they have one.
fn items_of(list: &Value) -> Option<&'static str> {
    let items = list.as_array()?;
    let (kind, alike) = commonest(items, items.first());
    (!items.is_empty() && alike.len() == items.len()).then_some(kind)
}

/// Title, whether it is out of use, and description, as one line.
fn description(schema: &Schema) -> Option<String> {
    let deprecated = schema.notes.deprecated.then_some("Deprecated");
    let title = schema.title.as_deref().map(|title| title.trim_end_matches('.'));
    let parts: Vec<_> = [title, deprecated, schema.doc.as_deref()].into_iter().flatten().map(marker::prose).collect();
    let text = parts.join(". ");
    (!text.trim().is_empty()).then_some(text)
}

/// The words of a place, and those of the type that it names.
fn both(own: Option<String>, inner: Option<String>) -> Option<String> {
    match (own, inner) {
        (Some(own), Some(inner)) if own != inner => Some(format!("{}. {inner}", own.trim_end_matches('.'))),
        (own, inner) => own.or(inner),
    }
}

/// `Values/backup/window` → `BackupWindow`.
fn pascal(key: &str) -> String {
    let below = key.strip_prefix("Values/").unwrap_or(key);
    let words = below.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.map(capital).collect();
    match name.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => name,
        false => format!("Type{name}"),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

impl SimpleSchema {
    /// About how large the CRD is: KRO writes a type out wherever it is used.
    pub(super) fn expanded_size(&self) -> usize {
        let mut sizes = BTreeMap::new();
        // A type is printed after those that it uses.
        for (name, value) in &self.types {
            let size = match value {
                Value::Object(fields) => fields.iter().map(|(name, line)| 40 + name.len() + line_size(line, &sizes)).sum(),
                line => line_size(line, &sizes),
            };
            sizes.insert(name.as_str(), size);
        }
        sizes.get(self.kind.as_str()).copied().unwrap_or_default()
    }
}

fn line_size(line: &Value, sizes: &BTreeMap<&str, usize>) -> usize {
    let line = line.as_str().unwrap_or_default();
    let kind = line.split_once(" | ").map_or(line, |(kind, _)| kind);
    let name = kind.trim_start_matches("map[string]").trim_start_matches("[]");
    line.len() + sizes.get(name).copied().unwrap_or_default()
}
