//! `allOf`, `anyOf`, `oneOf`, `not`, `if`: merged into the shape where that is exact, a rule where it isn't.

use std::collections::HashSet;

use serde_json::Value;

use crate::diagnostic::{Code, Severity, Span};
use crate::json::{Json, Node};
use crate::model::{Check, Field, Object, Pointer, Rest, Rule, Schema, Shape, Types};

use super::keywords::Keywords;
use super::null::{admits_null, settle};
use super::schema::shown;
use super::tell::told_apart;
use super::{Lowering, meet};

impl<'d> Lowering<'d> {
    /// The keywords that combine schemas, after `type` and its like gave `out` its shape.
    pub(super) fn conditions(&mut self, document: usize, keywords: &mut Keywords<'d>, out: &mut Schema) {
        let span = keywords.peek("allOf").map(|node| node.span).unwrap_or_default();
        for branch in self.branches(document, keywords, "allOf", out) {
            let place = branch.at.clone();
            self.all_of(out, place, span, branch);
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(node) = keywords.peek(word) {
                let branches = self.branches(document, keywords, word, out);
                self.one_of(out, word, node.span, branches);
            }
        }
        if let Some(node) = keywords.take("not") {
            let place = out.at.join("not");
            let schema = Box::new(self.condition(document, node, &place));
            self.rule(out, place, Check::Not(schema));
        }
        self.if_then(document, keywords, out);
        for word in ["$dynamicRef", "$recursiveRef"] {
            if self.dialect.knows(word)
                && let Some(node) = keywords.take(word)
            {
                self.dynamic(document, node);
                let place = out.at.join(word);
                out.rules.push(Rule { at: place, check: Check::Opaque(word.to_owned()), message: None });
            }
        }
        self.cel(keywords, out);
    }

    fn branches(&mut self, document: usize, keywords: &mut Keywords<'d>, word: &str, out: &Schema) -> Vec<Schema> {
        let Some(node) = keywords.take(word) else { return Vec::new() };
        let Json::List(items) = &node.json else {
            self.report(
                Severity::Error,
                Code::KeywordType,
                node.span,
                format!("`{word}` must be an array of schemas, found {}", shown(node)),
            );
            return Vec::new();
        };
        let place = out.at.join(word);
        // Alone, the branches of a union are whole schemas; all others say of the value only what they name.
        let whole = word != "allOf" && says_nothing(out);
        let mut branches = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = place.join(&index.to_string());
            branches.push(if whole { self.schema(document, item, &at) } else { self.condition(document, item, &at) });
        }
        branches
    }

    /// A schema that says of the value only what it names: that it doesn't close the object is no omission.
    pub(super) fn condition(&mut self, document: usize, node: &'d Node, at: &Pointer) -> Schema {
        self.conditions += 1;
        let schema = self.schema(document, node, at);
        self.conditions -= 1;
        schema
    }

    fn all_of(&mut self, out: &mut Schema, place: Pointer, span: Span, branch: Schema) {
        if says_nothing(out) {
            // In old dialects `allOf` with one reference is how words stand beside `$ref`: the type keeps its name.
            return adopt(out, branch);
        }
        let (whole, branch) = (self.opened(out.clone()), self.opened(branch));
        match meet::meet(&whole, &branch, &self.types) {
            Some(merged) => {
                if matches!(merged.shape, Shape::Nothing)
                    && ![&whole, &branch].iter().any(|side| matches!(side.shape, Shape::Nothing))
                {
                    self.report(Severity::Warning, Code::Unsatisfiable, span, "nothing conforms to all of these");
                }
                *out = merged;
            }
            None => self.rule(out, place, Check::AllOf(vec![branch])),
        }
    }

    /// A named schema with the site's own words, for merging; a recursive one stays a name.
    pub(super) fn opened(&self, schema: Schema) -> Schema {
        let Shape::Named(name) = &schema.shape else { return schema };
        let Some(target) = self.types.get(name) else { return schema };
        let mut out = target.clone();
        out.at = schema.at;
        out.title = schema.title.or(out.title);
        out.doc = schema.doc.or(out.doc);
        out.default = schema.default.or(out.default);
        out.notes = super::notes::over(schema.notes, out.notes);
        out.rules.extend(schema.rules);
        out.nullable |= schema.nullable;
        settle(&mut out, &self.types);
        out
    }

    /// `anyOf` and `oneOf`: a union where the branches can be told apart, a rule elsewhere.
    fn one_of(&mut self, out: &mut Schema, word: &str, span: Span, mut branches: Vec<Schema>) {
        let place = out.at.join(word);
        if word == "anyOf" && branches.iter().any(says_nothing) {
            return;
        }
        let fresh = says_nothing(out);
        let (all, nullable) = (branches.clone(), out.nullable);
        if fresh {
            self.lift_null(out, word, &mut branches);
        }
        // `null` beside a branch whose own rules refuse it is said by a rule only.
        let beside = |only: &Schema| {
            let mut whole = Schema { nullable: true, ..only.clone() };
            settle(&mut whole, &self.types);
            whole.nullable || !out.nullable
        };
        if let [only] = branches.as_slice()
            && beside(only)
        {
            let only = only.clone();
            return self.all_of(out, place.join("0"), span, only);
        }
        if fresh && branches.len() > 1 && self.choice_of(out, word, &branches) {
            return;
        }
        let opened: Vec<Schema> = branches.iter().map(|branch| self.opened(branch.clone())).collect();
        if branches.len() > 1 && out.rules.is_empty() && told_apart(&opened) {
            // A type beside the branches (`type: object` and `oneOf`) is merged into each of them.
            let merged: Option<Vec<Schema>> = match fresh {
                true => Some(branches.clone()),
                false => opened.iter().map(|branch| meet::meet(branch, &bare(out), &self.types)).collect(),
            };
            let mut merged = merged.unwrap_or_default();
            merged.retain(|branch| !matches!(branch.shape, Shape::Nothing));
            if merged.len() > 1 {
                out.shape = Shape::Union(merged);
                out.implied = false;
                // The branches were told apart, so none of them admits `null`.
                out.nullable &= fresh;
                return;
            }
        }
        // A rule says of `null` what the author says of it.
        out.nullable = nullable;
        let check = if word == "anyOf" { Check::AnyOf(all) } else { Check::OneOf(all) };
        self.rule(out, place, check);
    }

    /// `null` that a branch admits is the whole's: in an `anyOf` always, in a `oneOf` if it is the only one to admit it.
    fn lift_null(&self, out: &mut Schema, word: &str, branches: &mut Vec<Schema>) {
        let says_it = |branch: &Schema| branch.nullable || only_null(branch);
        let may_admit = |branch: &Schema| match admits_null(branch, &self.types) {
            // A type that isn't complete yet.
            None => !matches!(&branch.shape, Shape::Named(name) if branch.rules.is_empty() && self.never_null.contains(name)),
            Some(verdict) => verdict,
        };
        let admitting = branches.iter().filter(|branch| says_it(branch) || may_admit(branch)).count();
        if branches.iter().all(only_null) || !branches.iter().any(says_it) || word == "oneOf" && admitting > 1 {
            return;
        }
        out.nullable = true;
        branches.retain(|branch| !only_null(branch));
        branches.iter_mut().for_each(|branch| branch.nullable = false);
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
        let condition = Box::new(self.condition(document, condition, &at.join("if")));
        let mut branch = |lowering: &mut Self, word: &str| {
            keywords.take(word).map(|node: &Node| Box::new(lowering.condition(document, node, &at.join(word))))
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
        let objects = parts.iter().all(|part| matches!(part.resolve(&self.types).shape, Shape::Object(_)));
        if matches!(out.shape, Shape::Anything) && objects && !parts.is_empty() && !matches!(check, Check::Not(_)) {
            out.shape = Shape::Object(Object { fields: Vec::new(), rest: Rest::Unsaid, size: Default::default() });
            out.implied = true;
        }
        let (mut declared, mut seen) = (Vec::new(), HashSet::new());
        for part in &parts {
            gather(part, &self.types, &mut declared, &mut seen);
        }
        // A map of anything that a condition names keys of is an object with those fields.
        if let Shape::Map(map) = &out.shape
            && !declared.is_empty()
            && map.key.is_none()
            && says_nothing(&map.value)
        {
            out.shape = Shape::Object(Object { fields: Vec::new(), rest: Rest::Open, size: map.size });
        }
        let closed = out.rules.iter().any(|rule| matches!(&rule.check, Check::Opaque(word) if word == "additionalProperties"));
        if let Shape::Object(object) = &mut out.shape
            && !matches!(object.rest, Rest::Closed | Rest::Of(_))
            && !closed
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

/// The fields that a condition names, each with what every branch that names it agrees on. `seen`: the types that were looked at.
fn gather<'a>(schema: &'a Schema, types: &'a Types, out: &mut Vec<(String, Schema)>, seen: &mut HashSet<&'a str>) {
    if let Shape::Named(name) = &schema.shape
        && seen.insert(name)
        && let Some(target) = types.get(name)
    {
        gather(target, types, out, seen);
    }
    for field in schema.object().map(|object| object.fields.as_slice()).unwrap_or_default() {
        let skeleton = skeleton(&field.schema);
        match out.iter_mut().find(|(name, _)| *name == field.name) {
            Some((_, known)) if known.shape == skeleton.shape => {}
            Some((_, known)) => known.shape = Shape::Anything,
            None => out.push((field.name.clone(), skeleton)),
        }
    }
    for rule in &schema.rules {
        match &rule.check {
            Check::AllOf(_) | Check::AnyOf(_) | Check::OneOf(_) | Check::Not(_) | Check::If { .. } => {
                rule.check.schemas().into_iter().for_each(|part| gather(part, types, out, seen));
            }
            Check::DependentRequired { .. } | Check::DependentSchema { .. } | Check::Contains { .. } | Check::MultipleOf(_) => {}
            Check::Tuple { .. } | Check::Keys(_) | Check::KeyPatterns(_) | Check::Cel(_) | Check::Opaque(_) => {}
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

/// Everything conforms.
fn says_nothing(schema: &Schema) -> bool {
    matches!(schema.shape, Shape::Anything) && schema.rules.is_empty()
}

/// Only `null` conforms.
fn only_null(schema: &Schema) -> bool {
    matches!(&schema.shape, Shape::Choice(values) if matches!(values.as_slice(), [Value::Null])) && schema.rules.is_empty()
}

/// Takes over what `branch` says where nothing was said.
fn adopt(out: &mut Schema, branch: Schema) {
    out.shape = branch.shape;
    out.rules = branch.rules;
    out.implied = branch.implied;
    out.nullable |= branch.nullable;
    out.title = out.title.take().or(branch.title);
    out.doc = out.doc.take().or(branch.doc);
    out.default = out.default.take().or(branch.default);
    out.notes = super::notes::over(std::mem::take(&mut out.notes), branch.notes);
}

/// Only the shape of a schema, for merging into branches.
fn bare(schema: &Schema) -> Schema {
    let mut out = Schema::new(schema.at.clone(), schema.shape.clone());
    out.implied = schema.implied;
    out.nullable = schema.nullable;
    out
}
