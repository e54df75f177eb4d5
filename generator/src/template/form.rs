//! The walk through the model: what the form asks at each place, and the book.

mod note;
mod scalar;
mod union;

use serde_json::{Map, Value, json};

pub(super) use scalar::join;

use super::part::{Body, Entry, Fields, Part, Presence};
use super::words::*;
use crate::ledger::{Book, Outcome};
use crate::model::{self, Field, List, Object, Place, Pointer, Rest, Schema, Shape, Size, Types};

/// How a place is edited, or why the form can't.
pub(super) type Made = Result<Part, &'static str>;

/// The fields of the values that say whose release it is, and which.
pub(super) const TENANT: &str = "tenant";
pub(super) const NAME: &str = "name";

/// The walk.
pub(super) struct Form<'a> {
    pub types: &'a Types,
    pub book: Book,
    /// The form for a release that is already there.
    pub edit: bool,
    /// What becomes of everything at the place that we are inside of: the form doesn't edit it.
    declined: Option<Outcome>,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
    /// We are in one of several variants of an object.
    variant: bool,
    /// The tenant is an entity of the catalog, not a text.
    picked: bool,
}

/// How deep a place is in the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Root,
    Top,
    /// A field of an object that has a page.
    Second,
    Deep,
}

impl Level {
    fn below(self) -> Level {
        match self {
            Level::Root => Level::Top,
            Level::Top => Level::Second,
            Level::Second | Level::Deep => Level::Deep,
        }
    }
}

impl<'a> Form<'a> {
    pub(super) fn new(types: &'a Types, book: Book, edit: bool, picked: bool) -> Form<'a> {
        Form { types, book, edit, declined: None, open: Vec::new(), variant: false, picked }
    }

    pub(super) fn enter(&mut self, place: &Place, at: &Pointer, keyword: &'static str, outcome: Outcome) {
        let outcome = match &self.declined {
            None => outcome,
            // What asks for it is obeyed.
            Some(Outcome::Moved(_)) if keyword == "x-ui.hidden" => Outcome::Kept,
            Some(declined) => declined.clone(),
        };
        self.book.enter(place, at, keyword, outcome);
    }

    /// One place. All that is below is walked even if the form can't edit it: the book must be whole.
    pub(super) fn schema(&mut self, schema: &'a Schema, place: &Place, level: Level) -> Made {
        let mut made = self.shape(schema, place, level);
        let mut nowhere = Part::default();
        let part = made.as_mut().unwrap_or(&mut nowhere);
        self.notes(schema, place, level, part);
        if let Some(default) = &schema.default {
            let outcome = put_default(part, default);
            self.enter(place, &schema.at, "default", outcome);
        }
        if schema.nullable {
            self.enter(place, &schema.at, "nullable", stricter("the form has no null; leave it empty"));
        }
        self.rules(schema, place, part);
        made
    }

    /// A place that may turn out not to be editable: then everything in it has that outcome.
    pub(super) fn attempt(&mut self, schema: &'a Schema, place: &Place, level: Level) -> Made {
        let mark = self.book.entries.len();
        let made = self.schema(schema, place, level);
        if let (Err(why), None) = (&made, &self.declined) {
            self.book.entries.truncate(mark);
            self.decline(schema, place, level, lost(why));
        }
        made
    }

    fn decline(&mut self, schema: &'a Schema, place: &Place, level: Level, outcome: Outcome) {
        let outer = self.declined.clone();
        self.declined = outer.clone().or(Some(outcome));
        let _ = self.schema(schema, place, level);
        self.declined = outer;
    }

    fn shape(&mut self, schema: &'a Schema, place: &Place, level: Level) -> Made {
        let at = &schema.at;
        match &schema.shape {
            Shape::Anything => Err(FREE),
            Shape::Nothing => {
                self.enter(place, at, "type", Outcome::Kept);
                Err(NOTHING)
            }
            Shape::Boolean => {
                self.enter(place, at, "type", Outcome::Kept);
                Ok(Part::new(json!({ "type": "boolean" }), Body::Whole))
            }
            Shape::Integer(bounds) => self.number(place, at, "integer", bounds),
            Shape::Number(bounds) => self.number(place, at, "number", bounds),
            Shape::Text(text) => self.text(schema, place, text),
            Shape::Choice(values) => self.choice(place, at, values),
            Shape::List(list) => self.list(place, at, list),
            Shape::Map(map) => self.map(place, at, map),
            Shape::Object(object) => self.object(place, at, object, level),
            Shape::Union(branches) => self.union(schema, branches, place),
            Shape::Named(name) => match self.types.get_key_value(name.as_str()) {
                Some((name, target)) if !self.open.contains(&name.as_str()) => {
                    self.open.push(name);
                    let made = self.schema(target, place, level);
                    self.open.pop();
                    made
                }
                _ => {
                    self.enter(place, at, "$ref", lost(RECURSION));
                    Err(RECURSION)
                }
            },
        }
    }

    fn list(&mut self, place: &Place, at: &Pointer, list: &'a List) -> Made {
        let List { item, size, unique } = list;
        self.enter(place, at, "type", Outcome::Kept);
        let mut keywords = json!({ "type": "array" });
        self.size(place, at, *size, ["minItems", "maxItems"], &mut keywords);
        if *unique {
            self.enter(place, at, "uniqueItems", Outcome::Kept);
            put(&mut keywords, "uniqueItems", json!(true));
        }
        let item = self.attempt(item, &place.each(), Level::Deep)?.finish();
        put(&mut keywords, "items", item.schema);
        let mut part = Part::new(keywords, Body::List(Box::new(item.body)));
        part.untouched = size.min.is_none_or(|min| min == 0).then(|| json!([]));
        Ok(part)
    }

    fn map(&mut self, place: &Place, at: &Pointer, map: &'a model::Map) -> Made {
        let model::Map { key, value, size } = map;
        self.enter(place, at, "type", Outcome::Kept);
        let mut keywords = json!({ "type": "object" });
        self.size(place, at, *size, ["minProperties", "maxProperties"], &mut keywords);
        if let Some(key) = key {
            let names = scalar::limits(key);
            self.enter(place, at, "propertyNames", names.1);
            put(&mut keywords, "propertyNames", names.0);
        }
        let value = self.attempt(value, &place.each(), Level::Deep)?.finish();
        if !matches!(value.body, Body::Whole) {
            return Err(MAPS);
        }
        put(&mut keywords, "additionalProperties", value.schema);
        put(&mut keywords, "ui:help", json!("The plus adds an entry named newKey: overwrite its name and its value."));
        Ok(Part::new(keywords, Body::Map(Box::new(value.body))))
    }

    fn object(&mut self, place: &Place, at: &Pointer, object: &'a Object, level: Level) -> Made {
        let Object { fields, rest, size } = object;
        let variant = std::mem::take(&mut self.variant);
        self.enter(place, at, "type", Outcome::Kept);
        for (limit, keyword) in [(size.min, "minProperties"), (size.max, "maxProperties")] {
            if limit.is_some() {
                self.enter(place, at, keyword, moved(CHECKS));
            }
        }
        let mut part = Part::new(json!({ "type": "object" }), Body::Object(Fields::default()));
        part.untouched = Some(json!({}));
        let mut failed = None;
        for field in fields {
            let done = self.field(field, at, place, level, &mut part);
            failed = failed.or(done.err());
        }
        let outcome = match rest {
            Rest::Closed if level == Level::Root || variant => moved("only the form's fields reach the manifest"),
            Rest::Closed => {
                part.closed = true;
                Outcome::Kept
            }
            Rest::Unsaid => stricter(NAMED_ONLY),
            Rest::Open => {
                self.pass_on(&mut part, level);
                stricter(NAMED_ONLY)
            }
            Rest::Of(rest) => self.rest(rest, place, level, &mut part),
        };
        self.enter(place, at, "additionalProperties", outcome);
        match failed {
            Some(why) => Err(why),
            None => Ok(part),
        }
    }

    /// What is posted under other keys is written, so that nothing is lost when a release is edited.
    fn pass_on(&mut self, part: &mut Part, level: Level) {
        if let (Body::Object(fields), Level::Top | Level::Second | Level::Deep) = (&mut part.body, level) {
            fields.rest = Some(Box::new(Body::Whole));
        }
    }

    fn rest(&mut self, rest: &'a Schema, place: &Place, level: Level, part: &mut Part) -> Outcome {
        if level == Level::Root {
            self.decline(rest, &place.each(), Level::Deep, stricter(NAMED_ONLY));
            return stricter(NAMED_ONLY);
        }
        self.pass_on(part, level);
        match self.attempt(rest, &place.each(), Level::Deep) {
            Ok(value) => {
                let value = value.finish();
                part.keywords.insert("additionalProperties".into(), value.schema);
                // The form's editor has scalars only; the backend checks all of it.
                if value.body.is_whole() { Outcome::Kept } else { stricter(NAMED_ONLY) }
            }
            Err(_) => stricter(NAMED_ONLY),
        }
    }

    fn field(
        &mut self,
        field: &'a Field,
        at: &Pointer,
        place: &Place,
        level: Level,
        part: &mut Part,
    ) -> Result<(), &'static str> {
        let Field { name, required, schema } = field;
        let inner = place.field(name);
        let types = self.types;
        let own = schema.resolve(types);
        let default = schema.default.as_ref().or(own.default.as_ref());
        if self.picked && level == Level::Root && name == TENANT && matches!(own.shape, Shape::Text(_)) {
            self.decline(schema, &inner, level.below(), moved(PICKED));
            if *required {
                self.enter(&inner, at, "required", moved(PICKED));
            }
            part.push(Entry { name: name.clone(), presence: Presence::Always, body: Body::Whole, gate: None });
            return Ok(());
        }
        let made = if is_odd(name) {
            self.decline(schema, &inner, level.below(), lost(ODD));
            Err(lost(ODD))
        } else if schema.notes.hidden || own.notes.hidden {
            self.decline(schema, &inner, level.below(), moved(HIDDEN));
            Err(moved(HIDDEN))
        } else {
            self.attempt(schema, &inner, level.below()).map_err(lost)
        };
        let outcome = match (&made, default) {
            (Err(why), _) => why.clone(),
            (Ok(_), Some(_)) => rewritten("the default stands in for it"),
            (Ok(_), None) => Outcome::Kept,
        };
        if *required {
            self.enter(&inner, at, "required", outcome);
        }
        let needed = *required && default.is_none();
        let entry = |presence, body| Entry { name: name.clone(), presence, body, gate: None };
        let entry = match made {
            Ok(made) => {
                let made = made.finish();
                let presence = presence(&made.body, needed, default);
                if needed {
                    part.required.push(name.clone());
                } else if made.is_trap() {
                    part.traps.push(name.clone());
                }
                if let (Some(Value::Object(all)), Some(posted)) = (&mut part.untouched, made.untouched) {
                    all.insert(name.clone(), posted);
                }
                let mut schema = made.schema;
                if schema.get("title").is_none() {
                    put(&mut schema, "title", json!(humanize(name)));
                }
                part.properties.insert(name.clone(), schema);
                entry(presence, made.body)
            }
            // It isn't in the form, but what a link or a program posts is written.
            Err(_) if is_odd(name) => return if needed { Err(NEEDED) } else { Ok(()) },
            Err(_) => match (needed, empty(own)) {
                (false, _) => entry(Presence::Defined, Body::Whole),
                (true, Some(literal)) => entry(Presence::OrEmpty(literal), Body::Whole),
                (true, None) => return Err(NEEDED),
            },
        };
        part.push(entry);
        Ok(())
    }

    fn size(&mut self, place: &Place, at: &Pointer, size: Size, names: [&'static str; 2], keywords: &mut Value) {
        for (limit, keyword) in [size.min, size.max].into_iter().zip(names) {
            if let Some(limit) = limit {
                self.enter(place, at, keyword, Outcome::Kept);
                put(keywords, keyword, json!(limit));
            }
        }
    }
}

/// When the skeleton writes a field.
fn presence(body: &Body, needed: bool, default: Option<&Value>) -> Presence {
    let meant = default.is_some_and(|default| match default {
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => false,
    });
    match body {
        _ if needed => Presence::Always,
        Body::Whole | Body::Tagged { .. } => Presence::Defined,
        Body::List(_) | Body::Map(_) if meant => Presence::Defined,
        Body::List(_) | Body::Map(_) | Body::Object(_) => Presence::Filled,
    }
}

/// The value of a required place that nobody can fill, if an empty one conforms.
fn empty(schema: &Schema) -> Option<&'static str> {
    let may = |size: Size| size.min.is_none_or(|min| min == 0) && schema.rules.is_empty();
    match &schema.shape {
        Shape::List(list) => may(list.size).then_some("[]"),
        Shape::Map(map) => may(map.size).then_some("{}"),
        Shape::Object(object) => {
            let free = object.fields.iter().all(|field| !field.required || field.schema.default.is_some());
            (free && may(object.size)).then_some("{}")
        }
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => None,
        Shape::Text(_) | Shape::Choice(_) | Shape::Union(_) | Shape::Named(_) => None,
    }
}

/// Puts a default into the form and says what became of it.
fn put_default(part: &mut Part, default: &Value) -> Outcome {
    if default.is_null() {
        return rewritten("left out of the form, and laid by the chart");
    }
    if let (Value::Object(default), Body::Object(fields)) = (default, &part.body)
        && default.keys().any(|key| fields.entry(key).is_none_or(|_| !part.properties.contains_key(key)))
    {
        return lost("the form doesn't hold all of the default");
    }
    part.keywords.insert("default".into(), default.clone());
    match (&mut part.untouched, default) {
        (Some(Value::Object(untouched)), Value::Object(default)) => lay(untouched, default),
        (untouched, default) => *untouched = Some(default.clone()),
    }
    Outcome::Kept
}

/// `over` wins.
fn lay(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => lay(under, over),
            _ => {
                under.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Names that every JavaScript object has, or that the template engines' string literals can't hold.
fn is_odd(name: &str) -> bool {
    const INHERITED: &[&str] =
        &["constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf"];
    INHERITED.contains(&name) || name.starts_with("__") || name.chars().any(char::is_control)
}

/// A value as people write it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Sets a keyword of a schema that is an object.
pub(super) fn put(schema: &mut Value, key: &str, value: Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(key.to_owned(), value);
    }
}
