//! The author's text as one document: no reference leads out of it, and the dialect is declared.

use serde_json::{Map, Value};

use super::dialect::Dialect;
use super::documents::{Document, Target, target};

/// The name of each other service in the bundle, by the service's own.
pub(super) struct Names {
    /// Where they stand: `$defs` (`definitions` before 2019-09).
    defs: &'static str,
    of: Vec<(String, String)>,
}

/// Bundles the first document with the others. Other services stand under `$defs` (`definitions` before 2019-09), by name.
pub(super) fn bundle(documents: &[Document], dialect: Dialect) -> (Value, Names) {
    let defs = if dialect.ref_has_siblings() { "$defs" } else { "definitions" };
    let Some(own) = documents.first() else { return (Value::Bool(true), Names { defs, of: Vec::new() }) };
    let mut root = own.root.to_value();
    let names = names(&root, defs, documents);
    let base = id(&root);
    rewrite(&mut root, &Embedding { prefix: String::new(), base, names: &names, defs, dialect }, Stands::AtRoot);
    let Value::Object(mut members) = root else { return (root, Names { defs, of: names }) };
    let mut out = Map::new();
    out.insert("$schema".to_owned(), Value::String(dialect.url().to_owned()));
    members.shift_remove("$schema");
    out.append(&mut members);
    for document in documents.iter().skip(1) {
        let Some((_, name)) = names.iter().find(|(service, _)| *service == document.service.as_str()) else { continue };
        let mut child = document.root.to_value();
        let base = id(&child);
        rewrite(&mut child, &Embedding { prefix: format!("/{defs}/{name}"), base, names: &names, defs, dialect }, Stands::AtRoot);
        if let Value::Object(members) = &mut child {
            members.shift_remove("$schema");
            members.shift_remove("$id");
            if dialect == Dialect::Draft4 {
                members.shift_remove("id");
            }
        }
        let table = out.entry(defs.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(table) = table {
            table.insert(name.clone(), child);
        }
    }
    (Value::Object(out), Names { defs, of: names })
}

/// The pointer that a schema's qualified pointer has in the bundle.
pub(super) fn pointer_in_bundle(at: &str, names: &Names) -> String {
    match at.strip_prefix("../").and_then(|rest| rest.split_once("/values.schema.json#")) {
        Some((service, pointer)) => {
            let name = names.of.iter().find(|(known, _)| known == service).map_or(service, |(_, name)| name);
            format!("/{}/{name}{pointer}", names.defs)
        }
        None => at.to_owned(),
    }
}

struct Embedding<'a> {
    /// Where the document stands in the bundle.
    prefix: String,
    base: Option<String>,
    names: &'a [(String, String)],
    defs: &'a str,
    dialect: Dialect,
}

/// Where a schema stands in its document.
#[derive(Clone, Copy, PartialEq)]
enum Stands {
    AtRoot,
    Inside,
}

fn id(root: &Value) -> Option<String> {
    root.get("$id").or_else(|| root.get("id")).and_then(Value::as_str).map(str::to_owned)
}

/// A name for each other service that the document's own definitions don't use.
fn names(root: &Value, defs: &str, documents: &[Document]) -> Vec<(String, String)> {
    let taken = |name: &str| root.get(defs).is_some_and(|defs| defs.get(name).is_some());
    documents
        .iter()
        .skip(1)
        .map(|document| {
            let mut name = document.service.to_string();
            while taken(&name) {
                name.push('_');
            }
            (document.service.to_string(), name)
        })
        .collect()
}

/// Points references to where the documents stand, and leaves out identifiers that are only a fragment where the dialect forbids them,
/// and those inside a document: references are read from its root.
fn rewrite(value: &mut Value, embedding: &Embedding<'_>, stands: Stands) {
    use super::keywords::{Holds, holds};
    let members = match value {
        Value::Array(items) => return items.iter_mut().for_each(|item| rewrite(item, embedding, stands)),
        Value::Object(members) => members,
        _ => return,
    };
    let id = if embedding.dialect == Dialect::Draft4 { "id" } else { "$id" };
    if let Some(text) = members.get(id).and_then(Value::as_str) {
        let fragment = text.starts_with('#');
        if fragment && embedding.dialect.ref_has_siblings() || !fragment && stands == Stands::Inside {
            members.shift_remove(id);
        }
    }
    if let Some(text) = members.get("$ref").and_then(Value::as_str).map(str::to_owned) {
        members.insert("$ref".to_owned(), Value::String(redirect(&text, embedding)));
    }
    for (key, value) in members.iter_mut() {
        match holds(key) {
            Some(Holds::Named | Holds::NamedOrNames) => {
                if let Value::Object(named) = value {
                    named.values_mut().for_each(|value| rewrite(value, embedding, Stands::Inside));
                }
            }
            Some(Holds::One | Holds::Many | Holds::OneOrMany) => rewrite(value, embedding, Stands::Inside),
            Some(Holds::Plain) | None => {}
        }
    }
}

fn redirect(text: &str, embedding: &Embedding<'_>) -> String {
    match target(text, embedding.base.as_deref()) {
        Target::Here(fragment) if fragment.is_empty() || fragment.starts_with('/') => format!("#{}{fragment}", embedding.prefix),
        Target::Service(service, fragment) => match embedding.names.iter().find(|(known, _)| *known == service.as_str()) {
            Some((_, name)) => format!("#/{}/{name}{fragment}", embedding.defs),
            None => text.to_owned(),
        },
        Target::Here(_) | Target::Remote => text.to_owned(),
    }
}
