//! One schema: its keywords become a shape, rules and notes.

use serde_json::Value;

use crate::diagnostic::{Code, Severity};
use crate::json::{Json, Node};
use crate::model::{Check, Pointer, Rule, Schema, Shape};

use super::keywords::{Fate, Keywords};
use super::null::settle;
use super::number::is_whole;
use super::{Lowering, MAX_NESTING, MAX_STEPS, keywords, meet};

/// A JSON type that a schema can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    Null,
}

impl Type {
    fn parse(word: &str) -> Option<Type> {
        Some(match word {
            "object" => Type::Object,
            "array" => Type::Array,
            "string" => Type::String,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "boolean" => Type::Boolean,
            "null" => Type::Null,
            _ => return None,
        })
    }

    /// Whether a value is of the type; `1.0` is an integer (JSON Schema 2020-12, validation §6.1.1).
    pub(super) fn admits(self, value: &Value) -> bool {
        match (self, value) {
            (Type::Integer, Value::Number(number)) => is_whole(number),
            (Type::Object, Value::Object(_))
            | (Type::Array, Value::Array(_))
            | (Type::String, Value::String(_))
            | (Type::Number, Value::Number(_))
            | (Type::Boolean, Value::Bool(_))
            | (Type::Null, Value::Null) => true,
            _ => false,
        }
    }
}

/// Which keywords speak of which type.
pub(super) const SPEAKS_OF: &[(Type, &[&str])] = &[
    (
        Type::Object,
        &[
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependencies",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        ],
    ),
    (
        Type::Array,
        &[
            "items",
            "prefixItems",
            "additionalItems",
            "contains",
            "minContains",
            "maxContains",
            "minItems",
            "maxItems",
            "uniqueItems",
            "unevaluatedItems",
        ],
    ),
    (Type::String, &["pattern", "minLength", "maxLength", "format"]),
    (Type::Number, &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
];

impl<'d> Lowering<'d> {
    /// Lowers the schema `node`, which stands at `at` (qualified if the document isn't the service's own).
    pub(super) fn schema(&mut self, document: usize, node: &'d Node, at: &Pointer) -> Schema {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            let message = "the schema's references unfold to more than 400,000 schemas";
            self.report(Severity::Error, Code::JsonDepth, node.span, message);
            return Schema::new(at.clone(), Shape::Anything);
        }
        if self.nesting >= MAX_NESTING {
            let message = format!("schemas and references are nested more than {MAX_NESTING} levels deep");
            self.report(Severity::Error, Code::JsonDepth, node.span, message);
            return Schema::new(at.clone(), Shape::Anything);
        }
        self.nesting += 1;
        let out = self.one_schema(document, node, at);
        self.nesting -= 1;
        out
    }

    fn one_schema(&mut self, document: usize, node: &'d Node, at: &Pointer) -> Schema {
        match &node.json {
            Json::Bool(true) => return Schema::new(at.clone(), Shape::Anything),
            Json::Bool(false) => return Schema::new(at.clone(), Shape::Nothing),
            Json::Object(_) => {}
            _ => {
                let message = format!("expected a schema (an object or a boolean), found {}", node.kind());
                self.report(Severity::Error, Code::KeywordType, node.span, message);
                return Schema::new(at.clone(), Shape::Anything);
            }
        }
        let mut keywords = Keywords::new(node);
        let base = keywords.consume("$ref", Fate::Structural).and_then(|member| self.reference(document, &member.value));
        let siblings = base.is_none() || self.dialect.ref_has_siblings();
        if !siblings {
            self.siblings_ignored(document, &mut keywords, at);
        }
        let mut out = Schema::new(at.clone(), Shape::Anything);
        if siblings {
            self.shape(document, &mut keywords, &mut out);
            self.conditions(document, &mut keywords, &mut out);
        }
        self.notes(&mut keywords, &mut out);
        self.structural(&mut keywords, at);
        self.leftovers(document, &mut keywords, at);
        self.close(document, at, &keywords);
        let mut out = match base {
            Some(base) => self.combine(base, out),
            None => out,
        };
        settle(&mut out, &self.types);
        out
    }

    /// A reference with what stands beside it.
    fn combine(&mut self, base: Schema, own: Schema) -> Schema {
        let says_nothing = matches!(own.shape, Shape::Anything) && own.rules.is_empty();
        if says_nothing {
            let named = matches!(base.shape, Shape::Named(_));
            // A default of its own is held against this place, not against the target.
            let at = if named || own.default.is_some() { own.at } else { base.at };
            let mut notes = own.notes;
            notes.platform_owned |= base.notes.platform_owned;
            notes.secret |= base.notes.secret;
            if !named {
                notes = super::notes::over(notes, base.notes);
            }
            return Schema {
                at,
                title: own.title.or(base.title),
                doc: own.doc.or(base.doc),
                default: own.default.or(base.default),
                notes,
                ..base
            };
        }
        let base = self.opened(base);
        match meet::meet(&own, &base, &self.types) {
            Some(schema) => schema,
            None => {
                let mut condition = Schema::new(own.at.clone(), own.shape);
                (condition.implied, condition.nullable, condition.rules) = (own.implied, own.nullable, own.rules);
                let rule = Rule { at: own.at.join("$ref"), check: Check::AllOf(vec![condition]), message: None };
                let mut schema = Schema {
                    at: own.at,
                    title: own.title.or(base.title),
                    doc: own.doc.or(base.doc),
                    default: own.default.or(base.default),
                    notes: super::notes::over(own.notes, base.notes),
                    ..base
                };
                schema.rules.push(rule);
                schema
            }
        }
    }

    fn siblings_ignored(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer) {
        for member in keywords.rest() {
            let speaks =
                keywords::holds(&member.key).is_some() && !super::notes::is_note(&member.key) && !is_structural(&member.key);
            if speaks {
                let message = format!("`{}` has no effect beside `$ref` in {}", member.key, self.dialect.url());
                let help = "declare 2019-09 or later, or move it into the reference's target".to_owned();
                self.report_help(Severity::Warning, Code::IneffectiveKeyword, member.key_span, message, Some(help));
                keywords.consume(&member.key, Fate::Ignored);
                self.ignore(document, &member.key, &member.value, &at.join(&member.key));
            }
        }
    }

    /// `type`, `enum`, `const` and everything that speaks of one type.
    fn shape(&mut self, document: usize, keywords: &mut Keywords<'d>, out: &mut Schema) {
        let types = self.types_said(keywords);
        if let Some(values) = self.values_said(keywords, types.as_deref()) {
            self.choice(document, keywords, out, values, types.as_deref());
            return;
        }
        let mut said = types.clone().unwrap_or_default();
        if said.contains(&Type::Number) {
            said.retain(|said| *said != Type::Integer);
        }
        out.nullable = said.contains(&Type::Null) && said.len() > 1;
        if said.len() > 1 {
            said.retain(|said| *said != Type::Null);
        }
        let mut implied = false;
        let composed = ["$ref", "allOf", "anyOf", "oneOf"].iter().any(|word| keywords.peek(word).is_some());
        if keywords.peek("x-kubernetes-int-or-string").is_some_and(|node| matches!(node.json, Json::Bool(true))) {
            keywords.take("x-kubernetes-int-or-string");
            // A validator knows nothing of it: the types are taken as said, which isn't what the source says.
            if said.is_empty() && !composed {
                implied = true;
                said = vec![Type::Integer, Type::String];
            }
        }
        if said.is_empty() {
            let said_here =
                |word: &&str| self.dialect.knows(word) && keywords.peek(word).is_some_and(|node| !asks_nothing(word, node));
            let spoken: Vec<Type> = SPEAKS_OF.iter().filter(|(_, words)| words.iter().any(&said_here)).map(|(t, _)| *t).collect();
            let default = keywords.peek("default").map(Node::to_value).filter(|default| !default.is_null() && !composed);
            match spoken.as_slice() {
                [] => {
                    self.without_effect(document, keywords, &["required"], &out.at.clone());
                    return;
                }
                // A default of another type says that the keywords aren't meant to say the type.
                [one] if default.as_ref().is_none_or(|default| one.admits(default)) => {
                    implied = true;
                    said = vec![*one];
                }
                _ => return self.untyped(document, keywords, out),
            }
        }
        let whole = matches!(said.as_slice(), [_]);
        let mut branches = Vec::new();
        for (index, one) in said.iter().enumerate() {
            let at = if whole { out.at.clone() } else { out.at.join("type").join(&index.to_string()) };
            let mut branch = Schema { implied: implied && !whole, ..Schema::new(at, Shape::Anything) };
            let here = out.at.clone();
            self.one_type(document, keywords, *one, &here, &mut branch);
            branches.push(branch);
        }
        for (of, words) in SPEAKS_OF {
            let spoken = said.contains(of) || *of == Type::Number && said.contains(&Type::Integer);
            if !spoken {
                self.without_effect(document, keywords, words, &out.at.clone());
            }
        }
        out.implied = implied;
        match <[Schema; 1]>::try_from(branches) {
            Ok([one]) => {
                out.shape = one.shape;
                out.rules = one.rules;
            }
            Err(branches) => out.shape = Shape::Union(branches),
        }
    }

    fn one_type(&mut self, document: usize, keywords: &mut Keywords<'d>, of: Type, at: &Pointer, out: &mut Schema) {
        match of {
            Type::Object => self.object(document, keywords, at, out),
            Type::Array => self.array(document, keywords, at, out),
            Type::String => out.shape = Shape::Text(self.text(keywords, at)),
            Type::Integer => {
                out.shape = Shape::Integer(self.bounds(keywords, true));
                self.multiple(keywords, at, out);
            }
            Type::Number => {
                out.shape = Shape::Number(self.bounds(keywords, false));
                self.multiple(keywords, at, out);
            }
            Type::Boolean => out.shape = Shape::Boolean,
            Type::Null => out.shape = Shape::Choice(vec![Value::Null]),
        }
    }

    /// Keywords of several types and no `type`: each holds for values of its own type only, which no other system can say.
    fn untyped(&mut self, document: usize, keywords: &mut Keywords<'d>, out: &mut Schema) {
        for (_, words) in SPEAKS_OF {
            for word in *words {
                if self.dialect.knows(word)
                    && let Some(value) = keywords.take(word)
                {
                    let at = out.at.join(word);
                    out.rules.push(Rule { at: at.clone(), check: Check::Opaque((*word).to_owned()), message: None });
                    self.visit(document, word, value, &at);
                }
            }
        }
    }

    /// Lowers the schemas below a keyword for their books; they aren't part of the model.
    pub(super) fn visit(&mut self, document: usize, keyword: &str, value: &'d Node, at: &Pointer) {
        let mut below = Vec::new();
        keywords::each_below(keyword, value, at, &mut |node, at| below.push((node, at.clone())));
        for (node, at) in below {
            if node.is_object()
                && !self.book.contains_key(&(at.clone(), node.members().first().map_or(String::new(), |m| m.key.clone())))
            {
                self.schema(document, node, &at);
            }
        }
    }

    fn without_effect(&mut self, document: usize, keywords: &mut Keywords<'d>, words: &[&str], at: &Pointer) {
        for word in words {
            if keywords.peek(word).is_none() || !self.dialect.knows(word) {
                continue;
            }
            if let Some(member) = keywords.consume(word, Fate::Ignored) {
                if *word == "required" && matches!(member.value.json, Json::Bool(_)) {
                    self.required_flag(&member.value);
                    continue;
                }
                let message = match asks_nothing(word, &member.value) {
                    true => "an empty `required` asks for nothing".to_owned(),
                    false => format!("`{word}` says nothing of the type that is declared here"),
                };
                self.report(Severity::Note, Code::IneffectiveKeyword, member.key_span, message);
                self.ignore(document, word, &member.value, &at.join(word));
            }
        }
    }

    fn types_said(&mut self, keywords: &mut Keywords<'d>) -> Option<Vec<Type>> {
        let node = keywords.take("type")?;
        let words: Vec<&Node> = match &node.json {
            Json::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let mut types = Vec::new();
        for word in words {
            match word.text().and_then(Type::parse) {
                Some(one) if !types.contains(&one) => types.push(one),
                Some(_) => {}
                None => {
                    let found = word.text().map_or(word.kind().to_owned(), |text| format!("`{text}`"));
                    let message =
                        format!("expected a JSON type (object, array, string, integer, number, boolean, null), found {found}");
                    self.report(Severity::Error, Code::KeywordType, word.span, message);
                }
            }
        }
        (!types.is_empty()).then_some(types)
    }

    /// Keywords that name, comment and define.
    fn structural(&mut self, keywords: &mut Keywords<'d>, at: &Pointer) {
        for word in
            ["$schema", "$comment", "$anchor", "$vocabulary", "$dynamicAnchor", "$recursiveAnchor", "$defs", "definitions"]
        {
            keywords.consume(word, Fate::Structural);
        }
        if let Some(node) = keywords.peek("$schema").filter(|node| node.text().is_none()) {
            self.report(
                Severity::Error,
                Code::KeywordType,
                node.span,
                format!("`$schema` must be a string, found {}", shown(node)),
            );
        }
        let root = at.as_str().is_empty() || at.as_str().ends_with("/values.schema.json#");
        if let Some(node) = keywords.peek("$schema").filter(|node| !root && self.dialect.is_not(node)) {
            let message = format!("another dialect inside the schema, which is read as {}", self.dialect.url());
            self.report(Severity::Error, Code::Dialect, node.span, message);
        }
        let old = self.dialect == super::Dialect::Draft4;
        let word = if old { "id" } else { "$id" };
        let Some(node) = keywords.peek(word).filter(|node| node.text().is_some()) else { return };
        keywords.consume(word, Fate::Structural);
        let text = node.text().unwrap_or_default();
        if !text.starts_with('#') && !root {
            let message = format!("the `{word}` `{text}` is left out: references are read from the root of the schema");
            self.report(Severity::Warning, Code::IneffectiveKeyword, node.span, message);
        }
        if text.starts_with('#') && self.dialect.ref_has_siblings() {
            let message = format!("the `$id` `{text}` is only a fragment, which {} forbids: it is left out", self.dialect.url());
            self.report(Severity::Note, Code::FragmentId, node.span, message);
        }
    }

    /// What nobody consumed: another tool's, or nobody's.
    fn leftovers(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer) {
        for member in keywords.rest() {
            if keywords::is_foreign(&member.key) {
                keywords.consume(&member.key, Fate::Ignored);
                let message = format!("`{}` is another tool's annotation and has no effect here", member.key);
                self.report(Severity::Note, Code::ForeignKeyword, member.key_span, message);
                continue;
            }
            if keywords::holds(&member.key).is_some() {
                keywords.consume(&member.key, Fate::Ignored);
                let message = if self.dialect.knows(&member.key) {
                    format!("`{}` has no effect here", member.key)
                } else {
                    format!("`{}` isn't a keyword of {}", member.key, self.dialect.url())
                };
                // What describes the content of a string is never an assertion.
                let severity = if member.key.starts_with("content") { Severity::Note } else { Severity::Warning };
                self.report(severity, Code::IneffectiveKeyword, member.key_span, message);
                self.ignore(document, &member.key, &member.value, &at.join(&member.key));
                continue;
            }
            let message = format!("`{}` isn't a keyword of JSON Schema", member.key);
            let help = match keywords::nearest(&member.key) {
                Some(near) => Some(format!("did you mean `{near}`?")),
                None if member.value.get("type").is_some() || member.value.get("properties").is_some() => {
                    Some("a property stands under `properties`".to_owned())
                }
                None => None,
            };
            self.report_help(Severity::Warning, Code::UnknownKeyword, member.key_span, message, help);
        }
    }
}

/// Whether a keyword holds for every value: generators of schemas write an empty `required` beside any type.
fn asks_nothing(word: &str, node: &Node) -> bool {
    word == "required" && matches!(&node.json, Json::List(names) if names.is_empty())
}

fn is_structural(word: &str) -> bool {
    matches!(
        word,
        "$schema"
            | "$comment"
            | "$anchor"
            | "$vocabulary"
            | "$dynamicAnchor"
            | "$recursiveAnchor"
            | "$defs"
            | "definitions"
            | "$id"
            | "id"
    )
}

/// A value for a message: scalars as they are, the rest by kind.
pub(super) fn shown(node: &Node) -> String {
    match &node.json {
        Json::List(_) | Json::Object(_) => node.kind().to_owned(),
        _ => format!("`{}`", node.to_value()),
    }
}
