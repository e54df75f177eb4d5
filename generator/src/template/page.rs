//! The pages of the form: who it is for first, then as the schema says, what is advanced last.

use serde_json::{Map, Value, json};

use super::form::{NAME, TENANT};
use super::identity::Who;
use super::part::{Body, Check, Fields, Part, put_conditions};
use super::review;
use crate::model::{Schema, Service};

const ADVANCED: &str = "Advanced";

/// The pages, each a JSON Schema.
pub(super) fn pages(service: &Service, mut whole: Part, who: &Who<'_>, longest_child: usize) -> Vec<Value> {
    let mut known = whole.properties.clone();
    if let Some(tenant) = service.values.object().and_then(|object| object.field(TENANT)) {
        known.entry(TENANT).or_insert_with(|| words(&tenant.schema));
    }
    let questions = who.questions(&known, longest_child);
    whole.properties.retain(|key, _| !questions.contains_key(key));
    whole.required.retain(|key| !questions.contains_key(key));

    let titles = Titles::of(service);
    let mut pages: Vec<(String, Part)> = vec![(titles.first(), Part::new(json!({}), Body::Object(Fields::default())))];
    if let Some((_, first)) = pages.first_mut() {
        first.required.extend(questions.keys().cloned());
        first.properties.extend(questions);
    }
    let fields = whole.fields().cloned().unwrap_or_default();
    let mut place_of = Map::new();
    let mut later = Vec::new();
    for (key, mut schema) in whole.properties {
        // A question stands where the first field that depends on it would.
        let asked = fields.entries.iter().find(|entry| entry.gate.as_ref().is_some_and(|gate| gate.key == key));
        let name = asked.map_or(key.as_str(), |entry| entry.name.as_str());
        let title = titles.of_field(name);
        if title != ADVANCED {
            later.extend(split(&mut schema, &titles.advanced_in(name)).map(|rest| (key.clone(), rest)));
        }
        let index = pages.iter().position(|(there, _)| *there == title).unwrap_or_else(|| {
            pages.push((title, Part::new(json!({}), Body::Object(Fields::default()))));
            pages.len() - 1
        });
        let Some((_, page)) = pages.get_mut(index) else { continue };
        page.dependencies.extend(whole.dependencies.shift_remove(&key).map(|dependency| (key.clone(), dependency)));
        page.required.extend(whole.required.iter().filter(|required| **required == key).cloned());
        for entry in
            fields.entries.iter().filter(|entry| entry.name == key || entry.gate.as_ref().is_some_and(|gate| gate.key == key))
        {
            place_of.insert(entry.name.clone(), json!(index));
            page.push(entry.clone());
        }
        page.properties.insert(key, schema);
    }
    if let (false, None) = (later.is_empty(), pages.iter().position(|(title, _)| title == ADVANCED)) {
        pages.push((ADVANCED.to_owned(), Part::new(json!({}), Body::Object(Fields::default()))));
    }
    if let Some((_, page)) = pages.iter_mut().find(|(title, _)| title == ADVANCED) {
        let own = std::mem::replace(&mut page.properties, later.into_iter().collect());
        page.properties.extend(own);
    }
    let mut checks: Vec<Vec<&Check>> = vec![Vec::new(); pages.len()];
    for condition in &whole.conditions {
        // Every page is checked with the values of all.
        let last = condition.fields.iter().filter_map(|field| place_of.get(field)).filter_map(Value::as_u64).max();
        if let Some(checks) = checks.get_mut(last.unwrap_or_default() as usize) {
            checks.push(&condition.check);
        }
    }
    let mut made: Vec<(bool, Value)> = Vec::new();
    for ((title, page), checks) in pages.into_iter().zip(checks) {
        let mut schema = Map::from_iter([("title".to_owned(), json!(title))]);
        if let Value::Object(rest) = page.finish().schema {
            schema.extend(rest);
        }
        put_conditions(&mut schema, checks.into_iter());
        made.push((title == ADVANCED, Value::Object(schema)));
    }
    made.sort_by_key(|(advanced, _)| *advanced);
    let mut pages: Vec<Value> = made.into_iter().map(|(_, page)| page).collect();
    review::name_rows(&mut pages);
    pages
}

/// Takes the advanced fields out of an object: the same object, with only them, stands on the last page. The form lays the
/// two together.
fn split(schema: &mut Value, advanced: &[&str]) -> Option<Value> {
    let schema = schema.as_object_mut()?;
    if schema.get("additionalProperties").is_some_and(|rest| *rest != json!(false)) {
        return None;
    }
    let rules: Vec<Value> =
        ["if", "then", "else", "allOf", "not", "required"].iter().filter_map(|key| schema.get(*key).cloned()).collect();
    let rules = Value::Array(rules).to_string();
    let no_dependencies = Map::new();
    let dependencies = schema.get("dependencies").and_then(Value::as_object).unwrap_or(&no_dependencies);
    let properties = schema.get("properties")?.as_object()?;
    let brought = |key: &str| -> Vec<String> {
        let branches = dependencies.get(key).and_then(|dependency| dependency.get("oneOf")).and_then(Value::as_array);
        let branches = branches.into_iter().flatten().filter_map(|branch| branch.get("properties")?.as_object());
        branches.flat_map(|fields| fields.keys().filter(|field| *field != key).cloned()).collect()
    };
    let moves = |key: &String| {
        let mut names = brought(key);
        let asked = !names.is_empty();
        names.push(key.clone());
        names.iter().all(|name| (asked && name == key) || advanced.contains(&name.as_str()))
            && !names.iter().any(|name| rules.contains(&json!(name).to_string()))
    };
    let moved: Vec<String> = properties.keys().filter(|key| moves(key)).cloned().collect();
    if moved.is_empty() || moved.len() == properties.len() {
        return None;
    }
    let mut names: Vec<String> = properties.keys().flat_map(|key| std::iter::once(key.clone()).chain(brought(key))).collect();
    names.dedup();
    let mut rest = Map::from_iter([("type".to_owned(), json!("object"))]);
    rest.extend(schema.get("title").map(|title| ("title".to_owned(), title.clone())));
    // What stands on the other page would be unknown to `additionalProperties`.
    if schema.shift_remove("additionalProperties").is_some() {
        schema.insert("propertyNames".to_owned(), json!({ "enum": names }));
    }
    rest.extend(schema.get("propertyNames").map(|names| ("propertyNames".to_owned(), names.clone())));
    for keyword in ["properties", "dependencies"] {
        let Some(Value::Object(all)) = schema.get_mut(keyword) else { continue };
        let taken: Map<String, Value> = moved.iter().filter_map(|key| all.shift_remove(key).map(|v| (key.clone(), v))).collect();
        if !taken.is_empty() {
            rest.insert(keyword.to_owned(), Value::Object(taken));
        }
    }
    Some(Value::Object(rest))
}

/// The one page of a form that only asks who.
pub(super) fn identity(service: &Service, who: &Who<'_>) -> Value {
    let mut known = Map::new();
    for name in [TENANT, NAME] {
        let field = service.values.object().and_then(|object| object.field(name));
        known.extend(field.map(|field| (name.to_owned(), words(&field.schema))));
    }
    let questions = who.questions(&known, 0);
    let required: Vec<&String> = questions.keys().collect();
    json!({ "title": service.title, "required": required, "properties": questions })
}

/// The words that a schema has for people.
fn words(schema: &Schema) -> Value {
    let mut words = Map::new();
    words.extend(schema.title.as_ref().map(|title| ("title".to_owned(), json!(title))));
    words.extend(schema.doc.as_ref().map(|doc| ("description".to_owned(), json!(doc))));
    Value::Object(words)
}

/// Which page a field is on.
struct Titles<'a> {
    service: &'a Service,
}

impl<'a> Titles<'a> {
    fn of(service: &'a Service) -> Titles<'a> {
        Titles { service }
    }

    fn note(&self, name: &str) -> Option<String> {
        let field = self.service.values.object()?.field(name)?;
        let own = field.schema.resolve(&self.service.types);
        let notes = [&field.schema.notes, &own.notes];
        if notes.iter().any(|notes| notes.advanced) {
            return Some(ADVANCED.to_owned());
        }
        notes.iter().find_map(|notes| notes.page.clone())
    }

    /// The advanced fields of an object that has a page.
    fn advanced_in(&self, name: &str) -> Vec<&'a str> {
        let types = &self.service.types;
        let field = self.service.values.object().and_then(|object| object.field(name));
        let fields = field.and_then(|field| field.schema.resolve(types).object()).map_or(&[][..], |object| &object.fields);
        let is_advanced = |schema: &Schema| schema.notes.advanced || schema.resolve(types).notes.advanced;
        fields.iter().filter(|field| is_advanced(&field.schema)).map(|field| field.name.as_str()).collect()
    }

    fn of_field(&self, name: &str) -> String {
        self.note(name).unwrap_or_else(|| self.service.title.clone())
    }

    /// The page that asks who.
    fn first(&self) -> String {
        let said = [TENANT, NAME].iter().find_map(|name| self.note(name)).filter(|title| title != ADVANCED);
        said.unwrap_or_else(|| self.service.title.clone())
    }
}
