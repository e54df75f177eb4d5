//! `$ref`: where it leads, and whether its target is used by name or copied.

use manifest::pointer::unescape;

use crate::diagnostic::{Code, Severity};
use crate::json::{Json, Node};
use crate::model::{Pointer, Schema, Shape};

use super::Lowering;
use super::dialect::{Declared, Dialect, declared};
use super::documents::{Target, follow, target};
use super::schema::shown;

impl<'d> Lowering<'d> {
    /// The schema that `$ref` stands for. `None`: it leads nowhere, and that was reported.
    pub(super) fn reference(&mut self, document: usize, node: &'d Node) -> Option<Schema> {
        let Some(text) = node.text() else {
            self.report(Severity::Error, Code::KeywordType, node.span, format!("`$ref` must be a string, found {}", node.kind()));
            return None;
        };
        let documents = self.documents;
        let root = &documents.get(document)?.root;
        let base = id(root);
        let (target_document, fragment) = match target(text, base) {
            Target::Here(fragment) => (document, fragment),
            Target::Service(service, fragment) => match documents.iter().position(|known| known.service == service) {
                Some(index) => (index, fragment),
                None => {
                    let message = format!("`{text}`: the service `{service}` isn't in this repository, or its schema isn't JSON");
                    let help = format!("make it with `cargo xtask new {service}`");
                    self.report_help(Severity::Error, Code::ChildMissing, node.span, message, Some(help));
                    return None;
                }
            },
            Target::Remote => {
                let message =
                    format!("`{text}` leads out of the repository: Helm would fetch it each time it validates, and fail offline");
                let help = "copy the schema under `$defs` and refer to it as `#/$defs/…`; another service is `../<service>/values.schema.json`";
                self.report_help(Severity::Error, Code::RemoteRef, node.span, message, Some(help.to_owned()));
                return None;
            }
        };
        if target_document == 0 && (document != 0 || matches!(target(text, base), Target::Service(..))) {
            let message = format!("`{text}` leads back to this service: a service can't be a part of itself");
            self.report(Severity::Error, Code::EmptyRef, node.span, message);
            return None;
        }
        let other = documents.get(target_document)?;
        if target_document != document && declared_in(&other.root) != Some(self.dialect) {
            let message = format!("`{text}` is written in another dialect than this schema; a composite and its parts share one");
            let help = format!("declare the same in both: \"$schema\": \"{}\"", self.dialect.url());
            self.report_help(Severity::Error, Code::Dialect, node.span, message, Some(help));
            return None;
        }
        let Some((target, pointer)) = follow(&other.root, fragment) else {
            let anchor = !fragment.is_empty() && !fragment.starts_with('/');
            let message = if anchor {
                format!("no schema, or more than one, has the anchor `{fragment}`")
            } else {
                format!("`{text}` doesn't exist")
            };
            self.report(Severity::Error, Code::DanglingRef, node.span, message);
            return None;
        };
        let at = self.qualified(target_document, &pointer);
        if self.endless(target_document, target, &mut Vec::new()) {
            self.report(
                Severity::Error,
                Code::EmptyRef,
                node.span,
                format!("`{text}` leads from reference to reference without end"),
            );
            return None;
        }
        let entered = self.entered;
        if target_document != 0 && entered.is_none() {
            self.entered = Some(node.span);
        }
        let schema = self.target(target_document, target, &at, &pointer);
        self.entered = entered;
        Some(schema)
    }

    /// Refuses a `$dynamicRef` or a `$recursiveRef` that leads nowhere; where it leads, only a validator knows.
    pub(super) fn dynamic(&mut self, document: usize, node: &'d Node) {
        let Some(root) = self.documents.get(document).map(|document| &document.root) else { return };
        let leads = node.text().is_some_and(|text| match target(text, id(root)) {
            Target::Here(fragment) => follow(root, fragment).is_some(),
            Target::Service(..) | Target::Remote => false,
        });
        if !leads {
            self.report(
                Severity::Error,
                Code::DanglingRef,
                node.span,
                format!("{} leads to no schema of this document", shown(node)),
            );
        }
    }

    fn target(&mut self, document: usize, node: &'d Node, at: &Pointer, pointer: &Pointer) -> Schema {
        if let Some(name) = self.type_names.get(at).filter(|name| self.open.contains(at) || self.types.contains_key(*name)) {
            return Schema::new(at.clone(), Shape::Named(name.clone()));
        }
        if self.open.contains(at) {
            let name = self.type_name(document, pointer);
            self.type_names.insert(at.clone(), name.clone());
            if node.get("type").is_some_and(|said| !said.to_value().to_string().contains("\"null\"")) {
                self.never_null.insert(name.clone());
            }
            return Schema::new(at.clone(), Shape::Named(name));
        }
        if let Some(schema) = self.done.get(at) {
            return schema.clone();
        }
        self.open.push(at.clone());
        let conditions = std::mem::take(&mut self.conditions);
        let schema = self.schema(document, node, at);
        self.conditions = conditions;
        self.open.pop();
        let recursive = self.type_names.contains_key(at);
        let named = recursive || is_definition(pointer) && matches!(schema.shape, Shape::Object(_));
        let out = if named {
            let name = match self.type_names.get(at) {
                Some(name) => name.clone(),
                None => self.type_name(document, pointer),
            };
            self.type_names.insert(at.clone(), name.clone());
            let mut site = Schema::new(at.clone(), Shape::Named(name.clone()));
            site.notes.platform_owned = schema.notes.platform_owned;
            site.notes.secret = schema.notes.secret;
            self.types.insert(name, schema);
            site
        } else {
            schema
        };
        // A schema that was lowered inside a recursion may name what isn't complete yet; it is lowered anew outside.
        if self.open.len() <= 1 || named {
            self.done.insert(at.clone(), out.clone());
        }
        out
    }

    /// A pointer that is unique over all documents.
    pub(super) fn qualified(&self, document: usize, pointer: &Pointer) -> Pointer {
        match (document, self.documents.get(document)) {
            (0, _) | (_, None) => pointer.clone(),
            (_, Some(known)) => Pointer::from_text(format!("../{}/values.schema.json#{}", known.service, pointer.as_str())),
        }
    }

    /// Whether a schema leads back to itself without a step into the value, by references and by keywords that combine schemas: no
    /// validator comes to an end there.
    fn endless(&mut self, document: usize, node: &'d Node, path: &mut Vec<*const Node>) -> bool {
        let this: *const Node = node;
        if path.contains(&this) || path.len() > 300 {
            return true;
        }
        if self.settled.contains(&this) {
            return false;
        }
        path.push(this);
        let endless = self.in_place(document, node).into_iter().any(|(document, next)| self.endless(document, next, path));
        path.pop();
        if !endless {
            self.settled.insert(this);
        }
        endless
    }

    /// The schemas that judge the same value as `node`.
    fn in_place(&self, document: usize, node: &'d Node) -> Vec<(usize, &'d Node)> {
        let mut out = Vec::new();
        let documents = self.documents;
        for word in ["$ref", "$dynamicRef", "$recursiveRef"] {
            let Some(text) = node.get(word).and_then(Node::text).filter(|_| self.dialect.knows(word)) else { continue };
            let Some(own) = documents.get(document) else { continue };
            let (next, fragment) = match target(text, id(&own.root)) {
                Target::Here(fragment) => (document, fragment),
                Target::Service(service, fragment) => match documents.iter().position(|known| known.service == service) {
                    Some(index) => (index, fragment),
                    None => continue,
                },
                Target::Remote => continue,
            };
            out.extend(documents.get(next).and_then(|known| follow(&known.root, fragment)).map(|(target, _)| (next, target)));
        }
        if !self.dialect.ref_has_siblings() && node.get("$ref").is_some() {
            return out;
        }
        for member in node.members() {
            match (member.key.as_str(), &member.value.json) {
                ("allOf" | "anyOf" | "oneOf", Json::List(items)) => out.extend(items.iter().map(|item| (document, item))),
                ("not" | "if" | "then" | "else", Json::Object(_)) => out.push((document, &member.value)),
                ("dependentSchemas" | "dependencies", Json::Object(named)) => {
                    out.extend(named.iter().map(|member| (document, &member.value)));
                }
                _ => {}
            }
        }
        out
    }

    /// An upper camel case name that no other type has.
    fn type_name(&self, document: usize, pointer: &Pointer) -> String {
        let service = self.documents.get(document).filter(|_| document != 0).map(|known| known.service.to_string());
        let last = unescape(pointer.as_str().rsplit('/').next().unwrap_or_default());
        let base = camel(&format!("{} {last}", service.unwrap_or_default()));
        let base = if base.is_empty() { "Values".to_owned() } else { base };
        let taken = |name: &str| self.type_names.values().any(|taken| taken.eq_ignore_ascii_case(name));
        (1..).map(|n| if n == 1 { base.clone() } else { format!("{base}{n}") }).find(|name| !taken(name)).unwrap_or(base)
    }
}

/// The document's own address.
fn id(root: &Node) -> Option<&str> {
    root.get("$id").or_else(|| root.get("id")).and_then(Node::text)
}

/// The dialect that a document of another service says it is written in.
fn declared_in(root: &Node) -> Option<Dialect> {
    match declared(root) {
        Declared::As(dialect) => Some(dialect),
        Declared::Nothing => Some(Dialect::Draft2020),
        Declared::Unknown(_) => None,
    }
}

/// Whether the pointer leads to an entry of `$defs` or `definitions`.
fn is_definition(pointer: &Pointer) -> bool {
    let mut steps = pointer.as_str().rsplit('/').skip(1);
    matches!(steps.next(), Some("$defs" | "definitions"))
}

/// `pod-security context` → `PodSecurityContext`; begins with a letter.
fn camel(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            out.push(first.to_ascii_uppercase());
            out.extend(letters);
        }
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("T{out}") } else { out }
}
