//! The manifest's skeleton: a text of the template engine, in which every value goes through `dump`.
//!
//! JSON is YAML, so nothing that somebody types can change the structure or the type of anything. What wasn't posted isn't
//! written, and a container is written only with something in it.

use manifest::platform::Platform;
use serde_json::Value;

use super::catalog;
use super::form::{NAME, TENANT};
use super::identity::Who;
use super::part::{Body, Entry, Fields, Presence};
use crate::model::Service;

/// The skeleton's text.
pub(super) fn skeleton(service: &Service, fields: &Fields, who: &Who<'_>, platform: &Platform) -> String {
    let mut out = Lines::default();
    let dumped = |text: &str| format!("${{{{ ({}) | dump }}}}", who.expression(text));
    out.line(0, &format!("apiVersion: {}", platform.api_version()));
    out.line(0, &format!("kind: {}", service.kind));
    out.line(0, "metadata:");
    out.line(1, &format!("name: {}", dumped(&who.anyone.metadata_name(platform))));
    out.line(1, &format!("namespace: {}", dumped(&who.anyone.namespace(platform))));
    out.line(1, "labels:");
    for (key, value) in who.anyone.labels(platform) {
        out.line(2, &format!("{}: {}", self::key(&key), dumped(&value)));
    }
    out.line(1, "annotations:");
    for (key, value) in catalog::annotations(service, who, platform) {
        out.line(2, &format!("{}: ${{{{ {value} | dump }}}}", self::key(&key)));
    }
    if catalog::has_owners(service) {
        // In a variable, so that the whole can be dumped.
        out.line(2, "{%- set owners %}{% for owner in values.params.owners %}${{ owner.subject + \":\" + owner.role }}${{ \"\" if loop.last else \",\" }}{% endfor %}{% endset %}");
        out.line(2, &format!("{}: ${{{{ owners | dump }}}}", self::key(&catalog::owners_key(platform))));
    }
    out.line(0, "spec:");
    out.identity = [(who.tenant == TENANT, TENANT), (who.name.as_deref() == Some(NAME), NAME)]
        .into_iter()
        .filter(|(is_ours, _)| *is_ours)
        .map(|(_, name)| name.to_owned())
        .collect();
    out.object(1, "values:", fields, "values.params", false);
    out.text
}

#[derive(Default)]
struct Lines {
    text: String,
    /// For names of variables.
    count: usize,
    /// Fields of the root that the identity fills.
    identity: Vec<String>,
}

impl Lines {
    fn line(&mut self, depth: usize, text: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A tag takes the line break before it away, so that it leaves no empty line.
    fn tag(&mut self, depth: usize, tag: &str) {
        self.line(depth, &format!("{{%- {tag} %}}"));
    }

    fn fresh(&mut self, word: &str) -> String {
        self.count += 1;
        format!("{word}{}", self.count)
    }

    fn entry(&mut self, depth: usize, entry: &Entry, base: &str) {
        let key = format!("{}:", self::key(&entry.name));
        if base == "values.params" && self.identity.contains(&entry.name) {
            self.line(depth, &format!("{key} ${{{{ values.{} | dump }}}}", entry.name));
            return;
        }
        let path = access(base, &entry.name);
        let mut conditions = Vec::new();
        if let Some(gate) = &entry.gate {
            let question = access(base, &gate.key);
            // Programs that post values needn't answer questions.
            conditions.push(format!("({question} is not defined or {question} === {})", gate.answer));
        }
        match (entry.presence, &entry.body) {
            (Presence::Always, Body::Whole | Body::List(_) | Body::Map(_) | Body::Object(_) | Body::Tagged { .. }) => {
                if entry.gate.is_some() {
                    conditions.push(format!("{path} is defined"));
                }
            }
            (Presence::Defined, Body::Whole | Body::List(_) | Body::Map(_) | Body::Object(_) | Body::Tagged { .. })
            | (Presence::Filled, Body::Whole | Body::Object(_) | Body::Tagged { .. }) => {
                conditions.push(format!("{path} is defined"))
            }
            (Presence::Filled, Body::List(_) | Body::Map(_)) => {
                conditions.push(format!("{path} is defined and ({path} | length)"))
            }
            (Presence::OrEmpty(literal), Body::Whole | Body::List(_) | Body::Map(_) | Body::Object(_) | Body::Tagged { .. }) => {
                self.tag(depth, &format!("if {path} is defined"));
                self.line(depth, &format!("{key} ${{{{ {path} | dump }}}}"));
                self.tag(depth, "else");
                self.line(depth, &format!("{key} {literal}"));
                self.tag(depth, "endif");
                return;
            }
        }
        if !conditions.is_empty() {
            self.tag(depth, &format!("if {}", conditions.join(" and ")));
        }
        // With its own question, an object is meant even if there is nothing in it.
        self.value(depth, &key, &entry.body, &path, entry.presence == Presence::Filled && entry.gate.is_none());
        if !conditions.is_empty() {
            self.tag(depth, "endif");
        }
    }

    /// `lead` is the key, or the dash of an item. `or_nothing`: what has nothing in it is left out.
    fn value(&mut self, depth: usize, lead: &str, body: &Body, path: &str, or_nothing: bool) {
        match body {
            Body::Whole => self.line(depth, &format!("{lead} ${{{{ {path} | dump }}}}")),
            Body::List(item) => {
                let name = self.fresh("item");
                self.each(depth, lead, path, or_nothing, "[]", &format!("for {name} in {path}"), |lines| {
                    lines.value(depth + 1, "-", item, &name, false);
                });
            }
            Body::Map(value) => {
                let (key, name) = (self.fresh("key"), self.fresh("value"));
                self.each(depth, lead, path, or_nothing, "{}", &format!("for {key}, {name} in {path}"), |lines| {
                    lines.value(depth + 1, &format!("${{{{ {key} | dump }}}}:"), value, &name, false);
                });
            }
            Body::Object(fields) => self.object(depth, lead, fields, path, or_nothing),
            Body::Tagged { tag, branches } => {
                let question = access(path, tag);
                let first = format!("{}: ${{{{ {question} | dump }}}}", self::key(tag));
                self.first(depth, lead, &first);
                for (value, fields) in branches {
                    self.tag(depth + 1, &format!("if {question} === {value}"));
                    self.fields(depth + 1, fields, path, 0);
                    self.tag(depth + 1, "endif");
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn each(&mut self, depth: usize, lead: &str, path: &str, sure: bool, empty: &str, head: &str, body: impl FnOnce(&mut Lines)) {
        if !sure {
            self.tag(depth, &format!("if {path} | length"));
        }
        self.line(depth, lead);
        self.tag(depth + 1, head);
        body(self);
        self.tag(depth + 1, "endfor");
        if !sure {
            self.tag(depth, "else");
            self.line(depth, &format!("{lead} {empty}"));
            self.tag(depth, "endif");
        }
    }

    fn object(&mut self, depth: usize, lead: &str, fields: &Fields, path: &str, or_nothing: bool) {
        let first = fields.entries.first().filter(|entry| {
            entry.presence == Presence::Always && entry.gate.is_none() && entry.body.is_whole() && fields.rest.is_none()
        });
        if let (Some(first), "-") = (first, lead) {
            let text = format!("{}: ${{{{ {} | dump }}}}", key(&first.name), access(path, &first.name));
            self.first(depth, lead, &text);
            self.fields(depth + 1, fields, path, 1);
            return;
        }
        if fields.certain() {
            self.line(depth, lead);
            self.fields(depth + 1, fields, path, 0);
            return;
        }
        // What is in it is printed first, to see whether there is anything.
        let name = self.fresh("fields");
        self.tag(depth, &format!("set {name}"));
        self.fields(depth + 1, fields, path, 0);
        self.tag(depth, "endset");
        self.tag(depth, &format!("if {name} | length"));
        self.line(depth, &format!("{lead}${{{{ {name} }}}}"));
        if !or_nothing {
            self.tag(depth, "else");
            self.line(depth, &format!("{lead} {{}}"));
        }
        self.tag(depth, "endif");
    }

    /// The first line of an object: beside the dash, or below the key.
    fn first(&mut self, depth: usize, lead: &str, text: &str) {
        if lead == "-" {
            self.line(depth, &format!("- {text}"));
        } else {
            self.line(depth, lead);
            self.line(depth + 1, text);
        }
    }

    fn fields(&mut self, depth: usize, fields: &Fields, path: &str, skip: usize) {
        for entry in fields.entries.iter().skip(skip) {
            self.entry(depth, entry, path);
        }
        if let Some(rest) = &fields.rest {
            let (key, name) = (self.fresh("key"), self.fresh("value"));
            let gates = fields.entries.iter().filter_map(|entry| entry.gate.as_ref()).map(|gate| gate.key.as_str());
            let known: Vec<&str> = fields.entries.iter().map(|entry| entry.name.as_str()).chain(gates).collect();
            self.tag(depth, &format!("for {key}, {name} in {path}"));
            self.tag(depth, &format!("if not ({key} in {})", Value::from(known)));
            self.value(depth, &format!("${{{{ {key} | dump }}}}:"), rest, &name, false);
            self.tag(depth, "endif");
            self.tag(depth, "endfor");
        }
    }
}

/// A key of the manifest. An odd one is a string in an expression: neither YAML nor the template engine reads it.
fn key(name: &str) -> String {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"];
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !WORDS.contains(&name.to_lowercase().as_str());
    if plain { name.to_owned() } else { format!("${{{{ {} | dump }}}}", Value::from(name)) }
}

/// The expression of a field of the value at `base`.
fn access(base: &str, name: &str) -> String {
    const WORDS: &[&str] = &["and", "else", "false", "if", "in", "is", "none", "not", "null", "or", "true"];
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&name);
    if plain { format!("{base}.{name}") } else { format!("{base}[{}]", Value::from(name)) }
}
