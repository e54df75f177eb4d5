//! The chart's `README.md`: every value in a table.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde::Serialize;
use serde_json::{Value, json};

use super::words;
use crate::mark::{mark, source};
use crate::model::{Field, Object, Rest, Schema, Service, Shape, Types};

const NAME: &str = "README.md";

/// Read once: that takes longer than all the rest.
static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(handlebars::no_escape);
    // If it could not be read, `render` would say that there is none.
    let _ = handlebars.register_template_string(NAME, include_str!("README.md.hbs"));
    handlebars
});

pub(super) fn readme(service: &Service, root: &Object, effective: &Value) -> String {
    let mut table = Table { types: &service.types, rows: Vec::new(), open: Vec::new() };
    table.object(root, "", Some(effective));
    let mark = mark(&source(&service.name));
    let doc = service.doc.as_deref().map(|doc| plain(doc.trim()));
    let data = json!({
        "mark": mark, "service": service.name.as_str(), "title": plain(&words::line(&service.title)), "doc": doc, "rows": table.rows,
    });
    // The template is our own and a test renders it: what an error would say is better than nothing.
    TEMPLATES.render(NAME, &data).unwrap_or_else(|error| format!("<!-- {mark} -->\n\n{error}\n"))
}

#[derive(Serialize)]
struct Row {
    key: String,
    r#type: String,
    default: String,
    required: &'static str,
    description: String,
}

struct Table<'a> {
    types: &'a Types,
    rows: Vec<Row>,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
}

impl<'a> Table<'a> {
    /// `laid`: what `values.yaml` holds there.
    fn object(&mut self, object: &'a Object, key: &str, laid: Option<&Value>) {
        for Field { name, required, schema } in &object.fields {
            let key = if key.is_empty() { step(name) } else { format!("{key}.{}", step(name)) };
            let laid = laid.and_then(|laid| laid.get(name));
            self.row(schema, &key, laid, *required);
            self.below(schema, &key, laid);
        }
        if let Rest::Of(rest) = &object.rest {
            let key = if key.is_empty() { "*".to_owned() } else { format!("{key}.*") };
            self.row(rest, &key, None, false);
            self.below(rest, &key, None);
        }
    }

    fn below(&mut self, schema: &'a Schema, key: &str, laid: Option<&Value>) {
        match &schema.shape {
            Shape::Object(object) => self.object(object, key, laid),
            Shape::List(list) => self.inner(&list.item, &format!("{key}[]")),
            Shape::Map(map) => self.inner(&map.value, &format!("{key}.*")),
            Shape::Named(name) => {
                if let Some(target) = self.types.get(name).filter(|_| !self.open.contains(&name.as_str())) {
                    self.open.push(name);
                    self.below(target, key, laid);
                    self.open.pop();
                }
            }
            Shape::Union(branches) => {
                for branch in branches {
                    self.below(branch, key, laid);
                }
            }
            Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => {}
            Shape::Text(_) | Shape::Choice(_) => {}
        }
    }

    /// Items and values have a row only if there is more to say of them than the type, which stands in the row above.
    fn inner(&mut self, schema: &'a Schema, key: &str) {
        if !self.description(schema).is_empty() {
            self.row(schema, key, None, false);
        }
        self.below(schema, key, None);
    }

    fn row(&mut self, schema: &Schema, key: &str, laid: Option<&Value>, required: bool) {
        let default = laid.or(schema.default.as_ref()).or(schema.resolve(self.types).default.as_ref());
        let scalar = |value: &&Value| {
            !value.is_object() || value.as_object().is_some_and(serde_json::Map::is_empty) || schema.default.is_some()
        };
        let required = if required && default.is_none() { "yes" } else { "" };
        self.rows.push(Row {
            key: code(key),
            r#type: cell(&words::kind(schema, self.types)),
            default: default.filter(scalar).map(|value| code(&words::short(&value.to_string()))).unwrap_or_default(),
            required,
            description: self.description(schema),
        });
    }

    fn description(&self, schema: &Schema) -> String {
        let target = schema.resolve(self.types);
        let deprecated = (schema.notes.deprecated || target.notes.deprecated).then(|| "Deprecated.".to_owned());
        let doc = schema.doc.as_ref().or(schema.title.as_ref()).or(target.doc.as_ref()).or(target.title.as_ref());
        let limits = words::limits(schema, self.types).into_iter().map(|limit| format!("{limit}."));
        let examples = if schema.notes.examples.is_empty() { &target.notes.examples } else { &schema.notes.examples };
        let examples = examples.iter().map(|example| words::short(&example.to_string())).collect::<Vec<_>>();
        let text = deprecated.into_iter().chain(doc.cloned()).chain(limits).collect::<Vec<_>>().join(" ");
        let examples = (!examples.is_empty())
            .then(|| format!("For example {}", examples.iter().map(|text| code(text)).collect::<Vec<_>>().join(", ")));
        [cell(&text)].into_iter().chain(examples).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// A key's name; one with a dot in it is quoted.
fn step(name: &str) -> String {
    if name.is_empty() || name.contains(['.', '*', '[', ']', '"']) { Value::from(name).to_string() } else { name.to_owned() }
}

/// Text in a table's cell, on one line.
fn cell(text: &str) -> String {
    plain(&words::line(text)).replace('|', "\\|")
}

/// Text without HTML: a description is the author's words, not markup.
fn plain(text: &str) -> String {
    text.replace('<', "&lt;")
}

/// A code span that holds any text, in a table's cell.
fn code(text: &str) -> String {
    let text = words::line(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}
