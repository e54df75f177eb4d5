//! A chart's own defaults, moved from its `values.yaml` into its schema.
//!
//! Helm ignores `default`: what a chart means is in its `values.yaml`. Here the schema is to say it, and the generated `values.yaml`
//! must mean what the old one meant. So where the two contradict each other, `values.yaml` wins, and each case is reported.

mod below;
mod infer;
mod meaning;

use generator::{Code, Diagnostic, Location, Severity, Span};
use manifest::pointer::escape;
use serde_json::{Map, Value, json};

use crate::laid::laid;
use crate::{locate, repository};
use below::defaults_below;
pub(crate) use meaning::differences;
use meaning::same;

const SCHEMA: &str = "values.schema.json";
const VALUES: &str = "values.yaml";

/// Taking one default away can uncover another; real charts settle in two rounds.
const ROUNDS: usize = 6;

/// A schema that says what its `values.yaml` said.
pub(crate) struct Adopted {
    pub(crate) schema_text: String,
    /// Their files are `values.schema.json` and `values.yaml`.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Moves the defaults of `values_text` into the schema; without a schema, one is inferred from the values.
pub(crate) fn adopt(schema_text: Option<&str>, values_text: &str) -> Adopted {
    let unchanged = |diagnostic| Adopted { schema_text: schema_text.unwrap_or("{}\n").to_owned(), diagnostics: vec![diagnostic] };
    let values = match manifest::yaml::read(values_text) {
        Ok(Value::Object(values)) => values,
        Ok(Value::Null) => Map::new(),
        Ok(_) => return unchanged(problem(Code::Syntax, VALUES, Span::default(), "a chart's values are a mapping".to_owned())),
        Err(error) => return unchanged(repository::yaml_error(VALUES, values_text, error)),
    };
    let Some(text) = schema_text else {
        return Adopted { schema_text: print(&infer::schema(&values)), diagnostics: Vec::new() };
    };
    let root: Value = match serde_json::from_str(text) {
        Ok(root @ (Value::Object(_) | Value::Bool(true))) => root,
        Ok(_) => return unchanged(problem(Code::RootType, SCHEMA, locate::json(text, ""), "a schema is an object".to_owned())),
        Err(error) => {
            let span = repository::point(text, error.line(), error.column());
            return unchanged(problem(Code::JsonSyntax, SCHEMA, span, format!("it isn't JSON: {error}")));
        }
    };
    let mut work = Adoption { root: if root.is_object() { root } else { json!({}) }, conflicts: Vec::new() };
    let before = work.root.clone();
    for _ in 0..ROUNDS {
        let start = work.root.clone();
        work.object("", &values, true);
        if work.root == start {
            break;
        }
    }
    let schema_text = if work.root == before { text.to_owned() } else { print(&work.root) };
    let diagnostics = work.conflicts.into_iter().map(|conflict| conflict.diagnostic(text, values_text)).collect();
    Adopted { schema_text, diagnostics }
}

fn print(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn problem(code: Code, file: &str, span: Span, message: String) -> Diagnostic {
    Diagnostic::new(Severity::Error, code, Some(Location { file: file.to_owned(), span }), message)
}

/// A schema's word against the values'.
struct Conflict {
    /// In the schema.
    at: String,
    /// In the values.
    place: String,
    message: String,
}

impl Conflict {
    fn diagnostic(self, schema: &str, values: &str) -> Diagnostic {
        let location = Location { file: SCHEMA.to_owned(), span: locate::json(schema, &self.at) };
        let related = Location { file: VALUES.to_owned(), span: locate::yaml(values, &self.place) };
        Diagnostic::new(Severity::Warning, Code::AdoptConflict, Some(location), self.message)
            .related(related, "Helm takes this".to_owned())
    }
}

struct Adoption {
    root: Value,
    conflicts: Vec<Conflict>,
}

impl Adoption {
    fn node(&self, at: &str) -> &Value {
        self.root.pointer(at).unwrap_or(&Value::Null)
    }

    /// The node as an object schema; `true` and `false` become one.
    fn edit(&mut self, at: &str) -> Option<&mut Map<String, Value>> {
        let node = self.root.pointer_mut(at)?;
        if !node.is_object() {
            *node = json!({});
        }
        node.as_object_mut()
    }

    /// The fields of an object, each by itself. `top`: the document itself, whose references nobody else follows.
    fn object(&mut self, at: &str, theirs: &Map<String, Value>, top: bool) {
        if top {
            self.set_default(at, None);
        }
        for (key, value) in theirs.iter().filter(|(_, value)| !value.is_null()) {
            let field = match self.declared(at, key, top, 0) {
                Some(field) => field,
                None => self.declare(at, key),
            };
            self.value(&field, value);
        }
        for (key, field) in self.all_declared(at, top, 0) {
            if theirs.get(&key).is_none_or(Value::is_null) {
                self.absent(&field);
            }
        }
    }

    fn value(&mut self, at: &str, theirs: &Value) {
        if let Value::Object(members) = theirs
            && !members.is_empty()
            && !self.all_declared(at, false, 0).is_empty()
            && self.node(at).get("$ref").is_none()
        {
            self.drop_whole_default(at, theirs);
            self.object(at, members, false);
            // An object whose required fields have no value doesn't appear by itself.
            if !same(laid(&self.root, at).as_ref(), Some(theirs)) {
                self.set_default(at, Some(json!({})));
            }
            if same(laid(&self.root, at).as_ref(), Some(theirs)) {
                return;
            }
        }
        if same(laid(&self.root, at).as_ref(), Some(theirs)) {
            return;
        }
        let old = self.node(at).get("default").cloned();
        if let Some(old) = old.filter(|old| !same(Some(old), Some(theirs))) {
            self.conflict(at, format!("the schema's default is {}, and values.yaml has {}", short(&old), short(theirs)));
        }
        self.set_default(at, Some(theirs.clone()));
        if !same(laid(&self.root, at).as_ref(), Some(theirs)) {
            self.strip_below(at, theirs);
        }
    }

    /// A field that values.yaml leaves out has no value, whatever the schema says.
    fn absent(&mut self, at: &str) {
        if laid(&self.root, at).is_none() {
            return;
        }
        if let Some(old) = self.node(at).get("default").cloned() {
            if !old.is_null() {
                self.conflict(at, format!("the schema's default is {}, and values.yaml has none", short(&old)));
            }
            self.set_default(at, None);
        }
        if laid(&self.root, at).is_some() {
            self.strip_below(at, &Value::Null);
        }
    }

    /// An object's own default whose parts stand in values.yaml one by one.
    fn drop_whole_default(&mut self, at: &str, theirs: &Value) {
        if let Some(old) = self.node(at).get("default").cloned() {
            let contradicts = |old: &Map<String, Value>| old.iter().any(|(key, value)| !same(theirs.get(key), Some(value)));
            if old.as_object().is_none_or(contradicts) {
                self.conflict(at, format!("the schema's default is {}, and values.yaml has {}", short(&old), short(theirs)));
            }
            self.set_default(at, None);
        }
    }

    /// Takes away the defaults below a node that would add to what stands there.
    fn strip_below(&mut self, at: &str, theirs: &Value) {
        let mut open = vec![at.to_owned()];
        let mut seen: Vec<String> = Vec::new();
        while let Some(node) = open.pop() {
            if seen.contains(&node) {
                continue;
            }
            let found = defaults_below(self.node(&node), &node, node != at);
            for default in found.places {
                let old = self.node(&default).get("default").cloned().unwrap_or(Value::Null);
                let message =
                    format!("the schema's default is {}, and values.yaml has {} without it", short(&old), short(theirs));
                self.conflict(&default, message);
                self.set_default(&default, None);
            }
            open.extend(found.references);
            seen.push(node);
        }
    }

    fn set_default(&mut self, at: &str, default: Option<Value>) {
        if default.is_none() && self.node(at).get("default").is_none() {
            return;
        }
        if let Some(node) = self.edit(at) {
            match default {
                Some(default) => node.insert("default".to_owned(), default),
                None => node.shift_remove("default"),
            };
        }
    }

    /// The schema of a key, where it is written in place: in `properties`, or in those of a branch of `allOf`.
    fn declared(&self, at: &str, key: &str, top: bool, depth: usize) -> Option<String> {
        self.all_declared(at, top, depth).into_iter().find(|(found, _)| found == key).map(|(_, field)| field)
    }

    fn all_declared(&self, at: &str, top: bool, depth: usize) -> Vec<(String, String)> {
        if depth > 16 {
            return Vec::new();
        }
        let node = self.node(at);
        let mut out = Vec::new();
        if let Some(properties) = node.get("properties").and_then(Value::as_object) {
            out.extend(properties.keys().map(|key| (key.clone(), format!("{at}/properties/{}", escape(key)))));
        }
        for branch in 0..node.get("allOf").and_then(Value::as_array).map_or(0, Vec::len) {
            out.extend(self.all_declared(&format!("{at}/allOf/{branch}"), top, depth + 1));
        }
        let target = node.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        if let Some(target) = target.filter(|_| top) {
            out.extend(self.all_declared(target, top, depth + 1));
        }
        out
    }

    /// Where an object's fields are written: itself, or the end of its references, beside which older drafts read nothing.
    fn home(&self, at: &str) -> String {
        let mut home = at.to_owned();
        for _ in 0..16 {
            match self.node(&home).get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#')) {
                Some(target) if self.root.pointer(target).is_some() => home = target.to_owned(),
                _ => break,
            }
        }
        home
    }

    /// Adds a field that admits what its object admits for that key.
    fn declare(&mut self, at: &str, key: &str) -> String {
        let at = &self.home(at);
        let rest = self.node(at).get("additionalProperties").cloned().unwrap_or(json!(true));
        let pattern = self.node(at).get("patternProperties").is_some();
        let schema = match rest {
            Value::Object(_) if !pattern => rest,
            Value::Bool(false) if !pattern => {
                let message = format!("values.yaml has {key:?}, which the schema refuses; it is admitted now");
                self.conflicts.push(Conflict { at: at.to_owned(), place: format!("{}/{}", place(at), escape(key)), message });
                json!({})
            }
            _ => json!({}),
        };
        if let Some(node) = self.edit(at)
            && let Some(properties) = node.entry("properties").or_insert_with(|| json!({})).as_object_mut()
        {
            properties.insert(key.to_owned(), schema);
        }
        format!("{at}/properties/{}", escape(key))
    }

    fn conflict(&mut self, at: &str, message: String) {
        if !self.conflicts.iter().any(|conflict| conflict.at == at) {
            self.conflicts.push(Conflict { at: at.to_owned(), place: place(at), message });
        }
    }
}

/// The place in the values that a schema's place is about, as far as it is written in place.
fn place(at: &str) -> String {
    let mut out = String::new();
    let mut steps = at.split('/').skip(1);
    while let Some(step) = steps.next() {
        if step == "properties"
            && let Some(name) = steps.next()
        {
            out.push('/');
            out.push_str(name);
        }
    }
    out
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
