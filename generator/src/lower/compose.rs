//! `allOf`, `anyOf`, `oneOf`, `not`, `if`: merged into the shape where that is exact, a rule where it isn't.

use serde_json::Value;

use crate::diagnostic::{Code, Severity};
use crate::json::{Json, Node};
use crate::model::{Check, Field, Object, Pointer, Rest, Rule, Schema, Shape};

use super::keywords::Keywords;
use super::schema::shown;
use super::{Lowering, meet};

impl<'d> Lowering<'d> {
    /// The keywords that combine schemas, after `type` and its like gave `out` its shape.
    pub(super) fn conditions(&mut self, document: usize, keywords: &mut Keywords<'d>, out: &mut Schema) {
        for (place, branch) in self.branches(document, keywords, "allOf", out) {
            self.all_of(out, place, branch);
        }
        for word in ["anyOf", "oneOf"] {
            if keywords.peek(word).is_some() {
                let branches = self.branches(document, keywords, word, out).into_iter().map(|(_, schema)| schema).collect();
                self.one_of(out, word, branches);
            }
        }
        if let Some(node) = keywords.take("not") {
            let place = out.at.join("not");
            let schema = Box::new(self.schema(document, node, &place));
            self.rule(out, place, Check::Not(schema));
        }
        self.if_then(document, keywords, out);
        for word in ["$dynamicRef", "$recursiveRef"] {
            if keywords.take(word).is_some() {
                let place = out.at.join(word);
                out.rules.push(Rule { at: place, check: Check::Opaque(word.to_owned()), message: None });
            }
        }
        self.cel(keywords, out);
    }

    fn branches(&mut self, document: usize, keywords: &mut Keywords<'d>, word: &str, out: &Schema) -> Vec<(Pointer, Schema)> {
        let Some(node) = keywords.take(word) else { return Vec::new() };
        let Json::List(items) = &node.json else {
            self.report(Severity::Error, Code::KeywordType, node.span, format!("`{word}` must be an array of schemas, found {}", shown(node)));
            return Vec::new();
        };
        let place = out.at.join(word);
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let at = place.join(&index.to_string());
                let schema = self.schema(document, item, &at);
                (at, schema)
            })
            .collect()
    }

    fn all_of(&mut self, out: &mut Schema, place: Pointer, branch: Schema) {
        let branch = self.opened(branch);
        match meet::meet(out, &branch) {
            Some(merged) => *out = merged,
            None => self.rule(out, place, Check::AllOf(vec![branch])),
        }
    }

    /// A named schema with its own words, for merging; a recursive one stays a name.
    fn opened(&self, schema: Schema) -> Schema {
        match &schema.shape {
            Shape::Named(name) => self.types.get(name).cloned().unwrap_or(schema),
            _ => schema,
        }
    }

    /// `anyOf` and `oneOf`: a union where the branches can be told apart, a rule elsewhere.
    fn one_of(&mut self, out: &mut Schema, word: &str, mut branches: Vec<Schema>) {
        let place = out.at.join(word);
        let only_null = |schema: &Schema| matches!(&schema.shape, Shape::Choice(values) if matches!(values.as_slice(), [Value::Null])) && schema.rules.is_empty();
        let open = branches.iter().any(|branch| matches!(branch.shape, Shape::Anything) && branch.rules.is_empty());
        if word == "anyOf" && open {
            return;
        }
        // `null` beside the others.
        let others_admit_null = branches.iter().any(|branch| branch.nullable || branch.implied || matches!(branch.shape, Shape::Anything));
        let fresh = matches!(out.shape, Shape::Anything) && out.rules.is_empty();
        if fresh && branches.len() > 1 && branches.iter().any(only_null) && !(word == "oneOf" && others_admit_null) {
            branches.retain(|branch| !only_null(branch));
            out.nullable = true;
        }
        // In a oneOf, two branches that both admit null refuse it; in an anyOf one is enough. Where they agree, it is the whole's.
        if fresh && word == "anyOf" && branches.iter().any(|branch| branch.nullable) && branches.iter().all(|branch| !branch.implied) {
            out.nullable = true;
            branches.iter_mut().for_each(|branch| branch.nullable = false);
        }
        if branches.len() == 1
            && let Some(only) = branches.pop()
        {
            let nullable = out.nullable;
            self.all_of(out, place.join("0"), only);
            out.nullable |= nullable && fresh;
            return;
        }
        if fresh && self.choice_of(out, word, &branches) {
            return;
        }
        let opened: Vec<Schema> = branches.iter().map(|branch| self.opened(branch.clone())).collect();
        if told_apart(&opened) {
            // A scalar type beside the branches (`type: [string, integer]` and `oneOf`) is merged into each of them.
            let merged: Option<Vec<Schema>> = match fresh {
                true => Some(branches.clone()),
                false => opened.iter().map(|branch| meet::meet(branch, &bare(out))).collect(),
            };
            if let Some(merged) = merged.filter(|merged| out.rules.is_empty() && merged.iter().all(|branch| !matches!(branch.shape, Shape::Nothing))) {
                out.shape = Shape::Union(merged);
                out.implied = false;
                return;
            }
        }
        let check = if word == "anyOf" { Check::AnyOf(branches) } else { Check::OneOf(branches) };
        self.rule(out, place, check);
    }

    /// Branches that only list values are one list.
    fn choice_of(&mut self, out: &mut Schema, word: &str, branches: &[Schema]) -> bool {
        let mut values: Vec<Value> = Vec::new();
        for branch in branches {
            let Shape::Choice(own) = &branch.shape else { return false };
            if !branch.rules.is_empty() || branch.nullable {
                return false;
            }
            for value in own {
                if !values.contains(value) {
                    values.push(value.clone());
                } else if word == "oneOf" {
                    return false;
                }
            }
        }
        out.implied = branches.iter().all(|branch| branch.implied);
        out.shape = Shape::Choice(values);
        true
    }

    fn if_then(&mut self, document: usize, keywords: &mut Keywords<'d>, out: &mut Schema) {
        if !self.dialect.knows("if") {
            return;
        }
        let Some(condition) = keywords.take("if") else { return };
        let at = out.at.clone();
        let condition = Box::new(self.schema(document, condition, &at.join("if")));
        let mut branch = |lowering: &mut Self, word: &str| {
            keywords.take(word).map(|node: &Node| Box::new(lowering.schema(document, node, &at.join(word))))
        };
        let then = branch(self, "then");
        let otherwise = branch(self, "else");
        if then.is_some() || otherwise.is_some() {
            self.rule(out, at.join("if"), Check::If { condition, then, otherwise });
        }
    }

    fn cel(&mut self, keywords: &mut Keywords<'d>, out: &mut Schema) {
        let Some(node) = keywords.take("x-kubernetes-validations") else { return };
        let Json::List(items) = &node.json else {
            let message = format!("`x-kubernetes-validations` must be an array of {{rule, message}}, found {}", shown(node));
            self.report(Severity::Warning, Code::KeywordType, node.span, message);
            return;
        };
        for (index, item) in items.iter().enumerate() {
            match item.get("rule").and_then(Node::text) {
                // The one rule that is a note here: see Notes::immutable.
                Some("self == oldSelf") => out.notes.immutable = true,
                Some(rule) => {
                    let at = out.at.join("x-kubernetes-validations").join(&index.to_string());
                    let message = item.get("message").and_then(Node::text).map(str::to_owned);
                    out.rules.push(Rule { at, check: Check::Cel(rule.to_owned()), message });
                }
                None => self.report(Severity::Warning, Code::KeywordType, item.span, "expected an object with a `rule`"),
            }
        }
    }

    /// Adds a rule, and declares on the shape the fields that only the rule names.
    fn rule(&mut self, out: &mut Schema, at: Pointer, check: Check) {
        let parts: Vec<&Schema> = match &check {
            Check::AllOf(branches) | Check::AnyOf(branches) | Check::OneOf(branches) => branches.iter().collect(),
            Check::If { condition, then, otherwise } => {
                [Some(condition), then.as_ref(), otherwise.as_ref()].into_iter().flatten().map(|schema| &**schema).collect()
            }
            Check::Not(schema) => vec![&**schema],
            _ => Vec::new(),
        };
        let objects = parts.iter().all(|part| matches!(self.opened((*part).clone()).shape, Shape::Object(_)));
        if matches!(out.shape, Shape::Anything) && objects && !parts.is_empty() && !matches!(check, Check::Not(_)) {
            out.shape = Shape::Object(Object { fields: Vec::new(), rest: Rest::Unsaid, size: Default::default() });
            out.implied = true;
        }
        let mut declared = Vec::new();
        for part in &parts {
            gather(part, &self.types, &mut declared, 0);
        }
        if let Shape::Object(object) = &mut out.shape
            && !matches!(object.rest, Rest::Closed | Rest::Of(_))
        {
            for (name, schema) in declared {
                if object.field(&name).is_none() {
                    object.fields.push(Field { name, required: false, schema });
                }
            }
        }
        out.rules.push(Rule { at, check, message: None });
    }
}

/// The fields that a condition names, each with what every branch that names it agrees on.
fn gather(schema: &Schema, types: &crate::model::Types, out: &mut Vec<(String, Schema)>, depth: usize) {
    if depth > 16 {
        return;
    }
    if let Some(object) = schema.resolve(types).object() {
        for field in &object.fields {
            let skeleton = skeleton(&field.schema);
            match out.iter_mut().find(|(name, _)| *name == field.name) {
                Some((_, known)) if known.shape == skeleton.shape => {}
                Some((_, known)) => known.shape = Shape::Anything,
                None => out.push((field.name.clone(), skeleton)),
            }
        }
    }
    for rule in &schema.rules {
        match &rule.check {
            Check::AllOf(branches) | Check::AnyOf(branches) | Check::OneOf(branches) => {
                branches.iter().for_each(|branch| gather(branch, types, out, depth + 1));
            }
            Check::If { condition, then, otherwise } => {
                for part in [Some(condition), then.as_ref(), otherwise.as_ref()].into_iter().flatten() {
                    gather(part, types, out, depth + 1);
                }
            }
            Check::Not(schema) => gather(schema, types, out, depth + 1),
            _ => {}
        }
    }
}

/// What can be said of a field wherever a condition names it: its type, as far as that is plain.
fn skeleton(schema: &Schema) -> Schema {
    let shape = match &schema.shape {
        Shape::Boolean => Shape::Boolean,
        Shape::Integer(_) => Shape::Integer(Default::default()),
        Shape::Number(_) => Shape::Number(Default::default()),
        Shape::Text(_) => Shape::Text(Default::default()),
        Shape::Choice(values) if values.iter().all(Value::is_string) => Shape::Text(Default::default()),
        Shape::Choice(values) if values.iter().all(Value::is_boolean) => Shape::Boolean,
        Shape::Choice(_)
        | Shape::Anything
        | Shape::Nothing
        | Shape::List(_)
        | Shape::Map(_)
        | Shape::Object(_)
        | Shape::Union(_)
        | Shape::Named(_) => Shape::Anything,
    };
    let mut out = Schema::new(schema.at.clone(), shape);
    out.title.clone_from(&schema.title);
    out.doc.clone_from(&schema.doc);
    out.implied = true;
    out
}

/// Whether the branches differ in JSON type, or are objects that differ in a constant tag.
fn told_apart(branches: &[Schema]) -> bool {
    let kinds: Option<Vec<&'static str>> = branches.iter().map(kind).collect();
    if let Some(kinds) = &kinds {
        let numbers = kinds.iter().filter(|kind| matches!(**kind, "integer" | "number")).count();
        let mut unique = kinds.clone();
        unique.sort_unstable();
        unique.dedup();
        if unique.len() == kinds.len() && numbers < 2 {
            return true;
        }
    }
    tagged(branches)
}

/// The JSON type of a branch, if it has exactly one and says so.
fn kind(schema: &Schema) -> Option<&'static str> {
    if schema.nullable || schema.implied && !matches!(schema.shape, Shape::Choice(_)) {
        return None;
    }
    Some(match &schema.shape {
        Shape::Boolean => "boolean",
        Shape::Integer(_) => "integer",
        Shape::Number(_) => "number",
        Shape::Text(_) => "string",
        Shape::List(_) => "array",
        Shape::Map(_) | Shape::Object(_) => "object",
        Shape::Choice(values) if values.iter().all(Value::is_string) => "string",
        Shape::Choice(values) if values.iter().all(Value::is_boolean) => "boolean",
        Shape::Choice(_) | Shape::Anything | Shape::Nothing | Shape::Union(_) | Shape::Named(_) => return None,
    })
}

/// A property that every branch requires with a constant of its own.
fn tagged(branches: &[Schema]) -> bool {
    let Some(first) = branches.first().and_then(Schema::object).filter(|_| branches.iter().all(|branch| !branch.implied)) else { return false };
    first.fields.iter().any(|tag| {
        let mut seen: Vec<&Value> = Vec::new();
        branches.iter().all(|branch| {
            let field = branch.object().and_then(|object| object.field(&tag.name)).filter(|field| field.required);
            match field.map(|field| &field.schema.shape) {
                Some(Shape::Choice(values)) if values.iter().all(|value| value.is_string() && !seen.contains(&value)) => {
                    seen.extend(values);
                    true
                }
                _ => false,
            }
        })
    })
}

/// Only the shape of a schema, for merging into branches.
fn bare(schema: &Schema) -> Schema {
    let mut out = Schema::new(schema.at.clone(), schema.shape.clone());
    out.implied = schema.implied;
    out.nullable = schema.nullable;
    out
}
