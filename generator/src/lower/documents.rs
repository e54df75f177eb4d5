//! The documents that a service's schema is spread over: its own and those of its children.

use std::collections::BTreeMap;

use manifest::name::ServiceName;
use manifest::pointer::unescape;

use crate::json::{Json, Member, Node};
use crate::model::{Pointer, SECRET_PART_MAX, SECRET_PARTS, SecretPart};

/// A schema document that was read.
pub(crate) struct Document {
    pub(crate) service: ServiceName,
    pub(crate) root: Node,
}

/// A reference, taken apart.
pub(crate) enum Target<'t> {
    /// Into the same document.
    Here(&'t str),
    /// Into another service's schema.
    Service(ServiceName, &'t str),
    /// Out of the repository.
    Remote,
}

/// Takes a `$ref` apart. `base`: the document's own `$id`.
pub(crate) fn target<'t>(reference: &'t str, base: Option<&str>) -> Target<'t> {
    let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    if address.is_empty() || base.is_some_and(|base| base.trim_end_matches('#') == address) {
        return Target::Here(fragment);
    }
    let service = address.strip_prefix("../").and_then(|rest| rest.strip_suffix("/values.schema.json"));
    match service.and_then(|name| ServiceName::parse(name).ok()) {
        Some(service) => Target::Service(service, fragment),
        None => Target::Remote,
    }
}

/// Follows a pointer's steps from `root`. The pointer may be percent-encoded (RFC 6901 §6) or name an anchor.
pub(crate) fn follow<'n>(root: &'n Node, fragment: &str) -> Option<(&'n Node, Pointer)> {
    let fragment = percent_decoded(fragment);
    if !fragment.is_empty() && !fragment.starts_with('/') {
        return anchor(root, &fragment);
    }
    let mut node = root;
    let mut at = Pointer::root();
    for step in fragment.split('/').skip(1) {
        let step = unescape(step);
        node = match &node.json {
            Json::Object(_) => node.get(&step)?,
            Json::List(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
        at = at.join(&step);
    }
    Some((node, at))
}

/// The services that a document refers to, in order of their first reference.
pub(crate) fn referred(root: &Node) -> Vec<ServiceName> {
    let mut out = Vec::new();
    super::keywords::each_schema(root, &Pointer::root(), &mut |node, _| {
        if let Some(Target::Service(service, _)) = node.get("$ref").and_then(Node::text).map(|text| target(text, None))
            && !out.contains(&service)
        {
            out.push(service);
        }
    });
    out
}

/// What a composite sees of a child's document: the release view without the child's identity. Platform-owned properties and the
/// root's `tenant` and `name` are gone, with the conditions that ask for them; a secret is a reference.
pub(crate) fn child_view(root: &Node) -> Node {
    let mut view = root.clone();
    drop_properties(&mut view, &|name, _| matches!(name, "tenant" | "name"));
    prune(&mut view, root);
    view
}

/// `root`: the whole document as it was, for references.
fn prune(node: &mut Node, root: &Node) {
    drop_properties(node, &|_, schema| {
        is_said(schema, root, &|schema| ui_flag(schema, "platformOwned") || flag(schema, "readOnly"))
    });
    let Json::Object(members) = &mut node.json else { return };
    for member in members {
        // Also keywords without schemas are visited: nothing in them looks like a schema with a secret.
        match (super::keywords::holds(&member.key), &mut member.value.json) {
            (Some(super::keywords::Holds::Plain) | None, _) => {}
            (_, Json::List(items)) => items.iter_mut().for_each(|item| visit(item, root)),
            (Some(super::keywords::Holds::Named | super::keywords::Holds::NamedOrNames), Json::Object(members)) => {
                members.iter_mut().for_each(|member| visit(&mut member.value, root));
            }
            _ => visit(&mut member.value, root),
        }
    }
}

fn visit(schema: &mut Node, root: &Node) {
    if ui_flag(schema, "secretRef") || flag(schema, "writeOnly") {
        *schema = secret_reference(schema);
    } else {
        prune(schema, root);
    }
}

/// Whether a schema says something itself, or what it refers to does.
fn is_said(schema: &Node, root: &Node, says: &dyn Fn(&Node) -> bool) -> bool {
    let mut schema = schema;
    for _ in 0..8 {
        if says(schema) {
            return true;
        }
        let here = schema.get("$ref").and_then(Node::text).and_then(|text| text.strip_prefix('#'));
        match here.and_then(|fragment| follow(root, fragment)) {
            Some((target, _)) => schema = target,
            None => return false,
        }
    }
    false
}

fn drop_properties(schema: &mut Node, goes: &dyn Fn(&str, &Node) -> bool) {
    let Json::Object(members) = &mut schema.json else { return };
    let mut gone = Vec::new();
    for member in members.iter_mut().filter(|member| member.key == "properties") {
        if let Json::Object(properties) = &mut member.value.json {
            properties.retain(|property| {
                let goes = goes(&property.key, &property.value);
                if goes {
                    gone.push(property.key.clone());
                }
                !goes
            });
        }
    }
    for member in members.iter_mut() {
        match (member.key.as_str(), &mut member.value.json) {
            ("required", Json::List(names)) => {
                names.retain(|name| !name.text().is_some_and(|name| gone.iter().any(|gone| gone == name)))
            }
            ("default", Json::Object(values)) => values.retain(|value| !gone.contains(&value.key)),
            _ => {}
        }
    }
    let empty = |member: &Member| member.key == "required" && matches!(&member.value.json, Json::List(names) if names.is_empty());
    members.retain(|member| !empty(member) && !asks_for(member, &gone));
}

/// Whether a keyword that puts a condition on an object names one of the properties.
fn asks_for(member: &Member, names: &[String]) -> bool {
    let named = |name: &str| names.iter().any(|gone| gone == name);
    let asks = |schema: &Node| {
        let mut found = false;
        let by_key = |key: &str| schema.get(key).map(Node::members).unwrap_or_default().iter().any(|member| named(&member.key));
        found |= by_key("properties");
        if let Some(Json::List(required)) = schema.get("required").map(|node| &node.json) {
            found |= required.iter().filter_map(Node::text).any(named);
        }
        found || schema.members().iter().any(|member| asks_for(member, names))
    };
    match (member.key.as_str(), &member.value.json) {
        ("allOf" | "anyOf" | "oneOf", Json::List(items)) => items.iter().any(asks),
        ("not" | "if" | "then" | "else", Json::Object(_)) => asks(&member.value),
        ("dependentRequired" | "dependentSchemas" | "dependencies", Json::Object(members)) => members.iter().any(|member| {
            let list = match &member.value.json {
                Json::List(items) => items.iter().filter_map(Node::text).any(named),
                _ => asks(&member.value),
            };
            named(&member.key) || list
        }),
        _ => false,
    }
}

fn flag(schema: &Node, word: &str) -> bool {
    schema.get(word).is_some_and(|node| matches!(node.json, Json::Bool(true)))
}

fn ui_flag(schema: &Node, word: &str) -> bool {
    schema.get("x-ui").is_some_and(|ui| flag(ui, word))
}

/// `{name, key}` in the place of a secret value; every token has the place of the schema that it replaces.
fn secret_reference(schema: &Node) -> Node {
    let span = schema.span;
    let node = |json| Node { span, json };
    let text = |text: &str| node(Json::Text(text.to_owned()));
    let member = |key: &str, value| Member { key: key.to_owned(), key_span: span, value };
    let object = |members| node(Json::Object(members));
    let part = |part: &SecretPart| {
        let schema = object(vec![
            member("type", text("string")),
            member("description", text(part.doc)),
            member("minLength", node(Json::Number(1.into()))),
            member("maxLength", node(Json::Number(SECRET_PART_MAX.into()))),
            member("pattern", text(part.pattern)),
        ]);
        member(part.name, schema)
    };
    let mut members = vec![member("type", text("object"))];
    members.extend(schema.members().iter().filter(|member| matches!(member.key.as_str(), "title" | "description")).cloned());
    members.push(member("properties", object(SECRET_PARTS.iter().map(part).collect())));
    members.push(member("required", node(Json::List(SECRET_PARTS.iter().map(|part| text(part.name)).collect()))));
    members.push(member("additionalProperties", node(Json::Bool(false))));
    object(members)
}

/// The documents of all services, by name.
pub(crate) type Repository = BTreeMap<ServiceName, Document>;

/// The schema with that anchor, if there is exactly one.
fn anchor<'n>(root: &'n Node, name: &str) -> Option<(&'n Node, Pointer)> {
    let mut found = Vec::new();
    super::keywords::each_schema(root, &Pointer::root(), &mut |node, at| {
        let text = |key| node.get(key).and_then(Node::text);
        let hash = |key| text(key).and_then(|id| id.strip_prefix('#'));
        let names = [text("$anchor"), text("$dynamicAnchor"), hash("$id"), hash("id")];
        if names.into_iter().flatten().any(|anchor| anchor == name) {
            found.push((node, at.clone()));
        }
    });
    if found.len() > 1 { None } else { found.pop() }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let decoded =
            (*byte == b'%').then(|| text.get(index + 1..index + 3)).flatten().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(decoded.unwrap_or(*byte));
        index += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
