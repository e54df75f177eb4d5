//! What Helm makes of each constraint.
//!
//! The schema is handed over as it is, so this walk prints nothing: it says what Helm 4 does with what stands there.

use serde_json::Value;

use super::schema::wants_global;
use crate::defaults::missing;
use crate::ledger::{Book, MERGED, Outcome, kept_by_the_api};
use crate::model::{
    Bounds, Check, Field, Object, Pattern, Place, Pointer, Rest, Schema, Service, Shape, Size, Text, Types, note_keywords,
    rule_keyword,
};

const NO_FORMS: &str = "Helm has no forms";

pub(super) fn book(service: &Service, effective: &Value) -> Book {
    let mut walk = Walk {
        types: &service.types,
        asserts_formats: crate::editor::asserts_formats(&service.bundle),
        global: service.bundle.schema.as_object().is_some_and(wants_global),
        book: Book::default(),
        open: Vec::new(),
    };
    walk.schema(&service.values, &Place::root(), Laid::Value(effective), false);
    walk.book
}

struct Walk<'a> {
    types: &'a Types,
    asserts_formats: bool,
    /// `global` was added to the root.
    global: bool,
    book: Book,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
}

/// What `values.yaml` holds at a place.
#[derive(Clone, Copy)]
enum Laid<'v> {
    Value(&'v Value),
    Nothing,
    /// The place is in each item of a list, or each value of a map.
    Each,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Schema, place: &Place, laid: Laid<'_>, required: bool) {
        let at = &schema.at;
        for keyword in note_keywords(schema) {
            self.enter(place, at, keyword, note(keyword, place));
        }
        if let Some(value) = &schema.default {
            self.enter(place, at, "default", default(value, laid));
        }
        if schema.nullable {
            let outcome =
                if required { Outcome::Stricter("Helm takes a null away before it validates".into()) } else { Outcome::Kept };
            self.enter(place, at, "nullable", outcome);
        }
        self.shape(schema, place, laid, required);
        for rule in &schema.rules {
            self.enter(place, &rule.at, rule_keyword(&rule.check), check(&rule.check));
        }
    }

    fn shape(&mut self, schema: &'a Schema, place: &Place, laid: Laid<'_>, required: bool) {
        let at = &schema.at;
        match &schema.shape {
            Shape::Anything => {}
            Shape::Named(name) => match self.types.get(name).filter(|_| !self.open.contains(&name.as_str())) {
                Some(target) => {
                    self.open.push(name);
                    self.schema(target, place, laid, required);
                    self.open.pop();
                }
                None => self.kept(place, at, "$ref"),
            },
            Shape::Choice(_) => self.kept(place, at, "enum"),
            Shape::Union(branches) => {
                self.kept(place, at, "union");
                for branch in branches {
                    self.schema(branch, place, laid, required);
                }
            }
            Shape::Nothing | Shape::Boolean => self.kept(place, at, "type"),
            Shape::Integer(bounds) | Shape::Number(bounds) => {
                self.kept(place, at, "type");
                self.bounds(place, at, bounds);
            }
            Shape::Text(text) => {
                self.kept(place, at, "type");
                self.text(place, at, text);
            }
            Shape::List(list) => {
                self.kept(place, at, "type");
                self.size(place, at, list.size, ["minItems", "maxItems"]);
                if list.unique {
                    self.kept(place, at, "uniqueItems");
                }
                self.schema(&list.item, &place.each(), Laid::Each, false);
            }
            Shape::Map(map) => {
                self.kept(place, at, "type");
                self.size(place, at, map.size, ["minProperties", "maxProperties"]);
                if map.key.is_some() {
                    self.kept(place, at, "propertyNames");
                }
                self.schema(&map.value, &place.each(), Laid::Each, false);
            }
            Shape::Object(object) => {
                self.kept(place, at, "type");
                self.object(place, at, object, laid);
            }
        }
    }

    fn object(&mut self, place: &Place, at: &Pointer, object: &'a Object, laid: Laid<'_>) {
        self.size(place, at, object.size, ["minProperties", "maxProperties"]);
        let outcome = match &object.rest {
            Rest::Closed if self.global && *place == Place::root() => {
                Outcome::Rewritten("`global`, which Helm shares with subcharts, is admitted besides".into())
            }
            Rest::Closed | Rest::Unsaid | Rest::Open | Rest::Of(_) => Outcome::Kept,
        };
        self.enter(place, at, "additionalProperties", outcome);
        for field in &object.fields {
            let inner = place.field(&field.name);
            let laid = match laid {
                Laid::Value(value) => value.get(&field.name).map_or(Laid::Nothing, Laid::Value),
                Laid::Nothing => Laid::Nothing,
                Laid::Each => Laid::Each,
            };
            if field.required {
                self.enter(&inner, at, "required", required(field, self.types, laid));
            }
            self.schema(&field.schema, &inner, laid, field.required);
        }
        if let Rest::Of(rest) = &object.rest {
            self.schema(rest, &place.each(), Laid::Each, false);
        }
    }

    fn bounds(&mut self, place: &Place, at: &Pointer, bounds: &Bounds) {
        if bounds.min.is_some() {
            self.kept(place, at, "minimum");
        }
        if bounds.max.is_some() {
            self.kept(place, at, "maximum");
        }
    }

    fn text(&mut self, place: &Place, at: &Pointer, text: &Text) {
        if text.min.is_some() {
            self.kept(place, at, "minLength");
        }
        if text.max.is_some() {
            self.kept(place, at, "maxLength");
        }
        for pattern in &text.patterns {
            self.enter(place, &pattern.at, "pattern", readable(pattern));
        }
        if let Some(format) = &text.format {
            let outcome = match (self.asserts_formats, KNOWN_FORMATS.contains(&format.as_str())) {
                (true, true) => Outcome::Kept,
                (true, false) => Outcome::Lost("Helm doesn't know the format".into()),
                (false, _) => Outcome::Lost("Helm 4 asserts formats only up to draft-07".into()),
            };
            self.enter(place, at, "format", outcome);
        }
    }

    fn size(&mut self, place: &Place, at: &Pointer, size: Size, [min, max]: [&'static str; 2]) {
        if size.min.is_some() {
            self.kept(place, at, min);
        }
        if size.max.is_some() {
            self.kept(place, at, max);
        }
    }

    fn kept(&mut self, place: &Place, at: &Pointer, keyword: &'static str) {
        self.enter(place, at, keyword, Outcome::Kept);
    }

    fn enter(&mut self, place: &Place, at: &Pointer, keyword: &'static str, outcome: Outcome) {
        self.book.enter(place, at, keyword, outcome);
    }
}

/// The formats that Helm 4's validator asserts (santhosh-tekuri/jsonschema v6, `format.go`).
const KNOWN_FORMATS: &[&str] = &[
    "json-pointer",
    "relative-json-pointer",
    "uuid",
    "duration",
    "period",
    "ipv4",
    "ipv6",
    "hostname",
    "email",
    "date",
    "time",
    "date-time",
    "uri",
    "iri",
    "uri-reference",
    "iri-reference",
    "uri-template",
    "semver",
    "regex",
];

fn note(keyword: &str, place: &Place) -> Outcome {
    match keyword {
        "title" | "description" => Outcome::Kept,
        "examples" | "deprecated" => Outcome::Rewritten("the chart's README says it".into()),
        _ => kept_by_the_api(keyword, place).unwrap_or(Outcome::Lost(NO_FORMS.into())),
    }
}

/// What a schema's default would fill in is missing for Helm where `values.yaml` can't hold it.
fn required(field: &Field, types: &Types, laid: Laid<'_>) -> Outcome {
    match laid {
        Laid::Value(_) => Outcome::Kept,
        Laid::Nothing | Laid::Each if missing(&field.schema, types).is_none() => Outcome::Kept,
        Laid::Nothing => Outcome::Stricter("values.yaml has no object that could hold its default".into()),
        Laid::Each => Outcome::Stricter("Helm lays no defaults into the items of lists and maps".into()),
    }
}

fn default(value: &Value, laid: Laid<'_>) -> Outcome {
    match laid {
        Laid::Value(laid) if holds(laid, value) => match value {
            Value::Object(keys) if !keys.is_empty() => Outcome::Rewritten(MERGED.into()),
            _ => Outcome::Rewritten("values.yaml holds it".into()),
        },
        Laid::Value(_) => Outcome::Lost("values.yaml holds the default of the object around it".into()),
        Laid::Nothing => Outcome::Lost("values.yaml has no object that could hold it".into()),
        Laid::Each => Outcome::Lost("Helm lays no defaults into the items of lists and maps".into()),
    }
}

/// Whether `laid` is `value`, perhaps with more defaults inside.
fn holds(laid: &Value, value: &Value) -> bool {
    match (laid, value) {
        (Value::Object(laid), Value::Object(value)) => {
            value.iter().all(|(key, value)| laid.get(key).is_some_and(|laid| holds(laid, value)))
        }
        (Value::Array(laid), Value::Array(value)) => {
            laid.len() == value.len() && laid.iter().zip(value).all(|(l, v)| holds(l, v))
        }
        (laid, value) => laid == value,
    }
}

fn check(check: &Check) -> Outcome {
    match check {
        Check::AllOf(_) | Check::AnyOf(_) | Check::OneOf(_) | Check::Not(_) | Check::If { .. } => Outcome::Kept,
        Check::DependentRequired { .. } | Check::DependentSchema { .. } | Check::Contains { .. } => Outcome::Kept,
        Check::MultipleOf(_) | Check::Tuple { .. } | Check::Keys(_) | Check::KeyPatterns(_) | Check::Opaque(_) => Outcome::Kept,
        Check::Cel(_) => Outcome::Lost("Helm knows no CEL".into()),
    }
}

fn readable(pattern: &Pattern) -> Outcome {
    match pattern.re2 {
        Some(_) => Outcome::Kept,
        None => Outcome::Lost("RE2 can't read it: Helm refuses the schema".into()),
    }
}
