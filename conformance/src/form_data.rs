//! What a form would have to hold for a document: the inverse of the skeleton, from the emitted pages alone.
//!
//! Mostly it is the document. A question that isn't part of the values decides which field appears, a tenant is a reference to the
//! catalog, and what the form has no field for can't be said at all.

use std::collections::BTreeMap;

use anyhow::Context;
use generator::model;
use manifest::name::{ServiceName, TenantName};
use serde_json::{Map, Value, json};

use crate::object::{NAME, TENANT};
use crate::subject::Subject;

/// The pages of the form that creates a release, each a JSON Schema.
///
/// # Errors
/// If there is no such template, or it isn't one.
pub(crate) fn pages(subject: &Subject) -> anyhow::Result<Vec<Value>> {
    let template = subject.file(&format!("software-templates/{}/template.yaml", subject.name()))?;
    let template = manifest::yaml::read(template).context("the template can't be read")?;
    template["spec"]["parameters"].as_array().cloned().context("the template has no pages")
}

/// What the form of these pages holds when it says the document.
///
/// # Errors
/// Why it can't: a field that the form doesn't have, or an answer that none of its questions admits.
pub(crate) fn form_data(subject: &Subject, pages: &[Value], document: &Value) -> Result<Value, String> {
    let Value::Object(members) = document else { return Err("the values aren't an object".to_owned()) };
    let whole = pages.iter().fold(json!({}), laid_together);
    let mut members = members.clone();
    let mut identity = Map::new();
    identify(subject, &whole, &mut members, &mut identity)?;
    let asked = whole["properties"].as_object().into_iter().flatten();
    let rest = asked.filter(|(key, _)| !identity.contains_key(*key)).map(|(key, schema)| (key.clone(), schema.clone()));
    let mut form = whole.clone();
    form["properties"] = Value::Object(rest.collect());
    identity.extend(object(&form, &members, "")?);
    Ok(Value::Object(identity))
}

/// One object of which each page has a part.
fn laid_together(mut whole: Value, page: &Value) -> Value {
    for keyword in ["properties", "dependencies"] {
        for (key, schema) in page[keyword].as_object().into_iter().flatten() {
            let there = whole[keyword][key].take();
            let both = there["properties"].is_object() && schema["properties"].is_object();
            whole[keyword][key] = match there {
                Value::Null => schema.clone(),
                there if both => laid_together(there, schema),
                there => there,
            };
        }
    }
    let required = page["required"].as_array().into_iter().flatten().cloned();
    let required: Vec<Value> = whole["required"].as_array().into_iter().flatten().cloned().chain(required).collect();
    whole["required"] = Value::Array(required);
    whole
}

/// Answers the questions whose release it is, and which. The values may have fields of the same names, which say the same.
fn identify(
    subject: &Subject,
    form: &Value,
    members: &mut Map<String, Value>,
    identity: &mut Map<String, Value>,
) -> Result<(), String> {
    if subject.made.service.name == ServiceName::tenant() {
        return Ok(());
    }
    let release = model::release(&subject.made.service).service;
    let said = |members: &mut Map<String, Value>, name: &str, otherwise: &str| {
        let field = release.values.object().and_then(|object| object.field(name));
        match (field, members.get(name)) {
            (None, _) => Ok(Some(json!(otherwise))),
            (Some(field), None) if !field.required => Err(format!("/{name}: the form always asks for it")),
            (Some(_), _) => Ok(members.shift_remove(name)),
        }
    };
    let asks = |key: &str| form["properties"].get(key).is_some();
    let (tenant, name) = match (asks("releaseTenant"), asks("releaseName")) {
        (false, false) => (said(members, "tenant", TENANT)?, said(members, "name", NAME)?),
        (false, true) => (said(members, "tenant", TENANT)?, Some(json!(NAME))),
        (true, false) => (Some(json!(TENANT)), said(members, "name", NAME)?),
        (true, true) => (Some(json!(TENANT)), Some(json!(NAME))),
    };
    let key = |other: &str, own: &str| if asks(other) { other.to_owned() } else { own.to_owned() };
    if let Some(tenant) = tenant {
        let known = tenant.as_str().and_then(|tenant| TenantName::parse(tenant).ok());
        let known = known.ok_or_else(|| format!("/tenant: the catalog can't have a tenant {tenant}"))?;
        let entity = subject.platform.naming.tenant.replace("{tenant}", known.as_str());
        identity.insert(key("releaseTenant", "tenant"), json!(format!("component:default/{entity}")));
    }
    identity.extend(name.map(|name| (key("releaseName", "name"), name)));
    Ok(())
}

fn value(schema: &Value, value: &Value, at: &str) -> Result<Value, String> {
    match value {
        Value::Object(members) if is_object(schema) => object(schema, members, at).map(Value::Object),
        Value::Array(items) if schema["items"].is_object() => {
            let each = |(index, item)| self::value(&schema["items"], item, &format!("{at}/{index}"));
            items.iter().enumerate().map(each).collect()
        }
        // What is of another type than the form's can be posted by a program; the form's check has to say no.
        other => Ok(other.clone()),
    }
}

/// A choice of variants is written as it is posted: there is no question in it.
fn is_object(schema: &Value) -> bool {
    ["properties", "dependencies", "additionalProperties"].iter().any(|keyword| schema.get(*keyword).is_some())
        || schema["type"] == "object"
}

fn object(schema: &Value, members: &Map<String, Value>, at: &str) -> Result<Map<String, Value>, String> {
    let (mut fields, mut posted) = (BTreeMap::new(), Map::new());
    collect(schema, members, at, &mut fields, &mut posted)?;
    let rest = schema.get("additionalProperties").filter(|rest| rest.is_object());
    for (name, member) in members {
        let at = format!("{at}/{name}");
        let known = fields.get(name.as_str()).copied().or(rest).ok_or_else(|| format!("{at}: the form has no such field"))?;
        posted.insert(name.clone(), value(known, member, &at)?);
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !posted.contains_key(name) {
            posted.extend(fields.get(name).and_then(|field| untouched(field)).map(|there| (name.to_owned(), there)));
        }
    }
    Ok(posted)
}

/// What a form holds at an object that nobody touches, if there are defaults in it: the form can't leave it out.
fn untouched(schema: &Value) -> Option<Value> {
    let fields = schema["properties"].as_object()?;
    let each = |(name, field): (&String, &Value)| {
        let value = field.get("default").cloned().or_else(|| untouched(field))?;
        Some((name.clone(), value))
    };
    let there: Map<String, Value> = fields.iter().filter_map(each).collect();
    (!there.is_empty()).then_some(Value::Object(there))
}

/// The fields that an object of the form has for these members, and the answers with which they appear.
fn collect<'s>(
    schema: &'s Value,
    members: &Map<String, Value>,
    at: &str,
    fields: &mut BTreeMap<&'s str, &'s Value>,
    posted: &mut Map<String, Value>,
) -> Result<(), String> {
    let own = |keyword: &str| schema[keyword].as_object().into_iter().flatten();
    for (name, property) in own("properties") {
        fields.insert(name, property);
    }
    for (key, dependency) in own("dependencies") {
        let branches = dependency["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
        let question = &schema["properties"][key];
        // A tag is a field of its own, and a choice; another question is none of the values.
        let tag = question.get("enum").map(|_| question);
        let given = match tag {
            Some(_) => members.get(key).cloned(),
            None => answer(key, question, branches, members, at)?,
        };
        let admitting: Vec<&Value> =
            branches.iter().filter(|branch| given.as_ref().is_some_and(|given| admits(branch, key, given))).collect();
        match (admitting.is_empty(), tag) {
            (true, Some(_)) => branches.iter().try_for_each(|branch| collect(branch, members, at, fields, posted))?,
            _ => admitting.into_iter().try_for_each(|branch| collect(branch, members, at, fields, posted))?,
        }
        // Each branch says what it admits of the question as well.
        fields.remove(key.as_str());
        match tag {
            Some(tag) => drop(fields.insert(key, tag)),
            None => posted.extend(given.map(|given| (key.clone(), given))),
        }
    }
    Ok(())
}

/// The answer to a question that isn't part of the values; `None`: it is left as the form shows it.
fn answer(
    key: &str,
    question: &Value,
    branches: &[Value],
    members: &Map<String, Value>,
    at: &str,
) -> Result<Option<Value>, String> {
    let mut there = branches.iter().filter(|branch| {
        let mut brought = branch["properties"].as_object().into_iter().flatten().filter(|(name, _)| *name != key);
        brought.any(|(name, _)| members.contains_key(name))
    });
    let answer = |branch: &Value| branch["properties"][key]["enum"].get(0).cloned();
    match (there.next(), there.next()) {
        (Some(_), Some(_)) => Err(format!("{at}: the form asks for one of several fields, and there is more than one")),
        (Some(branch), None) => Ok(answer(branch)),
        (None, _) if question["type"] == "boolean" => Ok(Some(json!(false))),
        (None, _) => Ok(question.get("default").cloned()),
    }
}

fn admits(branch: &Value, key: &str, answer: &Value) -> bool {
    branch["properties"][key]["enum"].as_array().is_some_and(|admitted| admitted.contains(answer))
}

#[cfg(test)]
mod tests;
