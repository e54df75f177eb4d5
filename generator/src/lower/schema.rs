//! One schema: its keywords become a shape, rules and notes.

use serde_json::{Number, Value};

use crate::diagnostic::{Code, Severity};
use crate::json::{Json, Node};
use crate::model::{Bound, Bounds, Check, List, Pattern, Pointer, Rule, Schema, Shape, Size, Text};
use crate::pattern;

use super::keywords::{Fate, Keywords};
use super::{Lowering, MAX_STEPS, keywords, meet};

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
            (Type::Integer, Value::Number(number)) => number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|f| f.fract() == 0.0),
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
const SPEAKS_OF: &[(Type, &[&str])] = &[
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
            self.report(Severity::Error, Code::Unsatisfiable, node.span, message);
            return Schema::new(at.clone(), Shape::Anything);
        }
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
        self.structural(&mut keywords);
        self.leftovers(document, &mut keywords, at);
        self.close(document, at, &keywords);
        match base {
            Some(base) => self.combine(base, out),
            None => out,
        }
    }

    /// A reference with what stands beside it.
    fn combine(&mut self, base: Schema, own: Schema) -> Schema {
        let says_nothing = matches!(own.shape, Shape::Anything) && own.rules.is_empty();
        if says_nothing {
            let at = if matches!(base.shape, Shape::Named(_)) { own.at } else { base.at };
            let mut notes = own.notes;
            notes.platform_owned |= base.notes.platform_owned;
            notes.secret |= base.notes.secret;
            if !matches!(base.shape, Shape::Named(_)) {
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
        let resolved = match &base.shape {
            Shape::Named(name) => self.types.get(name).cloned().unwrap_or_else(|| base.clone()),
            _ => base.clone(),
        };
        match meet::meet(&own, &resolved) {
            Some(schema) => schema,
            None => {
                let rule = Rule { at: own.at.join("$ref"), check: Check::AllOf(vec![own.clone()]), message: None };
                let mut schema = Schema { at: own.at, title: own.title, doc: own.doc, default: own.default, notes: own.notes, ..resolved };
                schema.rules.push(rule);
                schema
            }
        }
    }

    fn siblings_ignored(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer) {
        for member in keywords.rest() {
            let speaks = keywords::holds(&member.key).is_some() && !super::notes::is_note(&member.key) && !is_structural(&member.key);
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
        if keywords.peek("x-kubernetes-int-or-string").is_some_and(|node| matches!(node.json, Json::Bool(true))) && said.len() != 1 {
            keywords.take("x-kubernetes-int-or-string");
            said = vec![Type::Integer, Type::String];
        }
        if said.is_empty() {
            let spoken: Vec<Type> = SPEAKS_OF.iter().filter(|(_, words)| words.iter().any(|word| keywords.peek(word).is_some())).map(|(t, _)| *t).collect();
            match spoken.as_slice() {
                [] => return,
                [one] => {
                    out.implied = true;
                    said = vec![*one];
                }
                _ => return self.untyped(document, keywords, out),
            }
        }
        let whole = matches!(said.as_slice(), [_]);
        let mut branches = Vec::new();
        for (index, one) in said.iter().enumerate() {
            let at = if whole { out.at.clone() } else { out.at.join("type").join(&index.to_string()) };
            let mut branch = Schema::new(at, Shape::Anything);
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
                if let Some(value) = keywords.take(word) {
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
            if node.is_object() && !self.book.contains_key(&(at.clone(), node.members().first().map_or(String::new(), |m| m.key.clone()))) {
                self.schema(document, node, &at);
            }
        }
    }

    fn without_effect(&mut self, document: usize, keywords: &mut Keywords<'d>, words: &[&str], at: &Pointer) {
        for word in words {
            if keywords.peek(word).is_none() {
                continue;
            }
            if let Some(member) = keywords.consume(word, Fate::Ignored) {
                let message = format!("`{word}` says nothing of the type that is declared here");
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
                    let message = format!("expected a JSON type (object, array, string, integer, number, boolean, null), found {found}");
                    self.report(Severity::Error, Code::KeywordType, word.span, message);
                }
            }
        }
        (!types.is_empty()).then_some(types)
    }

    /// The values of `enum` and `const`, without those that `type` refuses.
    fn values_said(&mut self, keywords: &mut Keywords<'d>, types: Option<&[Type]>) -> Option<Vec<Value>> {
        let list = keywords.take("enum");
        let constant = if self.dialect.knows("const") { keywords.take("const") } else { None };
        let mut values = match list.map(|node| (&node.json, node)) {
            Some((Json::List(items), _)) => items.iter().map(Node::to_value).collect(),
            Some((_, node)) => {
                self.report(Severity::Error, Code::KeywordType, node.span, format!("`enum` must be an array, found {}", node.kind()));
                Vec::new()
            }
            None => vec![constant?.to_value()],
        };
        if let (Some(constant), Some(_)) = (constant, list) {
            let constant = constant.to_value();
            values.retain(|value| *value == constant);
        }
        if let Some(types) = types {
            values.retain(|value| types.iter().any(|one| one.admits(value)));
        }
        let mut unique: Vec<Value> = Vec::with_capacity(values.len());
        for value in values {
            if !unique.contains(&value) {
                unique.push(value);
            }
        }
        if unique.is_empty()
            && let Some(node) = list.or(constant)
        {
            self.report(Severity::Warning, Code::Unsatisfiable, node.span, "none of the values is of the declared type: nothing conforms");
        }
        Some(unique)
    }

    fn choice(&mut self, document: usize, keywords: &mut Keywords<'d>, out: &mut Schema, mut values: Vec<Value>, types: Option<&[Type]>) {
        let at = out.at.clone();
        // What else is said of the type narrows the list; lengths and bounds exactly, the rest by a rule.
        let text = self.text(keywords, &at);
        let bounds = self.bounds(keywords, false);
        values.retain(|value| match value {
            Value::String(text_value) => within(text_value.chars().count() as u64, text.min, text.max),
            Value::Number(number) => meet::inside(number, &bounds),
            _ => true,
        });
        for pattern in text.patterns {
            out.rules.push(Rule { at: pattern.at.join("pattern"), check: Check::Opaque("pattern".to_owned()), message: None });
        }
        let others = ["multipleOf"].into_iter().chain(SPEAKS_OF.iter().take(2).flat_map(|(_, words)| words.iter().copied()));
        for word in others {
            if let Some(value) = keywords.take(word) {
                out.rules.push(Rule { at: at.join(word), check: Check::Opaque(word.to_owned()), message: None });
                self.visit(document, word, value, &at.join(word));
            }
        }
        out.nullable = values.len() > 1 && values.contains(&Value::Null);
        if out.nullable {
            values.retain(|value| !value.is_null());
        }
        out.implied = types.is_none();
        out.shape = if values.is_empty() { Shape::Nothing } else { Shape::Choice(values) };
    }

    fn text(&mut self, keywords: &mut Keywords<'d>, at: &Pointer) -> Text {
        let patterns = keywords.take("pattern").and_then(|node| self.pattern(node, at)).into_iter().collect();
        let format = keywords.take("format").and_then(|node| self.string(node, "format"));
        let min = self.count(keywords, "minLength").filter(|min| *min > 0);
        Text { min, max: self.count(keywords, "maxLength"), patterns, format }
    }

    fn pattern(&mut self, node: &'d Node, at: &Pointer) -> Option<Pattern> {
        let source = self.string(node, "pattern")?;
        let printed = pattern::print(&source);
        if let Some(problem) = printed.problem {
            let (severity, consequence) = match printed.re2 {
                Some(_) => (Severity::Note, "the form doesn't check it"),
                None => (Severity::Warning, "Helm refuses the schema"),
            };
            self.report(severity, Code::Pattern, node.span, format!("the regular expression can't be used everywhere: {problem}; {consequence}"));
        }
        Some(Pattern { at: at.clone(), source, re2: printed.re2, ecma: printed.ecma })
    }

    /// One pattern of a keyword whose keys are patterns.
    pub(super) fn key_pattern(&mut self, key: &str, span: crate::Span, at: &Pointer) -> Pattern {
        let printed = pattern::print(key);
        if let (Some(problem), None) = (printed.problem, &printed.re2) {
            self.report(Severity::Warning, Code::Pattern, span, format!("the regular expression can't be used everywhere: {problem}"));
        }
        Pattern { at: at.clone(), source: key.to_owned(), re2: printed.re2, ecma: printed.ecma }
    }

    fn bounds(&mut self, keywords: &mut Keywords<'d>, integer: bool) -> Bounds {
        let mut bounds = Bounds::default();
        for (limit, exclusive, lower) in [("minimum", "exclusiveMinimum", true), ("maximum", "exclusiveMaximum", false)] {
            let inclusive = keywords.take(limit).and_then(|node| self.number(node, limit));
            // Draft-04: a boolean that makes the other one exclusive.
            let flag = keywords.peek(exclusive).filter(|node| matches!(node.json, Json::Bool(_)));
            let strict = match flag {
                Some(node) => {
                    keywords.take(exclusive);
                    if self.dialect != super::Dialect::Draft4 {
                        let message = format!("`{exclusive}` must be a number in this dialect; a boolean is draft-04");
                        self.report(Severity::Error, Code::KeywordType, node.span, message);
                    }
                    None
                }
                None => keywords.take(exclusive).and_then(|node| self.number(node, exclusive)),
            };
            let strict_flag = flag.is_some_and(|node| matches!(node.json, Json::Bool(true)));
            let bound = [inclusive.map(|value| Bound { value, exclusive: strict_flag }), strict.map(|value| Bound { value, exclusive: true })]
                .into_iter()
                .flatten()
                .map(|bound| if integer { meet::whole(bound, lower) } else { bound })
                .reduce(|a, b| meet::tighter(a, b, lower));
            *(if lower { &mut bounds.min } else { &mut bounds.max }) = bound;
        }
        bounds
    }

    fn multiple(&mut self, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        if let Some(number) = keywords.take("multipleOf").and_then(|node| self.number(node, "multipleOf")) {
            out.rules.push(Rule { at: at.join("multipleOf"), check: Check::MultipleOf(number), message: None });
        }
    }

    fn array(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        let tuple = match keywords.peek("items").map(|node| &node.json) {
            Some(Json::List(_)) => Some("items"),
            _ => keywords.peek("prefixItems").filter(|_| self.dialect.knows("prefixItems")).map(|_| "prefixItems"),
        };
        let rest = if tuple == Some("items") { "additionalItems" } else { "items" };
        if let (Some("items"), Some(node)) = (tuple, keywords.peek("items").filter(|_| self.dialect == super::Dialect::Draft2020)) {
            let message = "`items` must be a schema in 2020-12; Helm 4 refuses the chart";
            let help = "write the list as `prefixItems`, or declare draft-07".to_owned();
            self.report_help(Severity::Error, Code::KeywordType, node.span, message, Some(help));
        }
        let item = match (tuple, keywords.take(rest)) {
            (_, Some(node)) => self.schema(document, node, &at.join(rest)),
            (_, None) => Schema::new(at.join(rest), Shape::Anything),
        };
        if let Some((word, node)) = tuple.and_then(|word| keywords.take(word).map(|node| (word, node)))
            && let Json::List(nodes) = &node.json
        {
            let place = at.join(word);
            let items = nodes.iter().enumerate().map(|(index, node)| self.schema(document, node, &place.join(&index.to_string()))).collect();
            let rest = (!matches!(item.shape, Shape::Anything)).then(|| Box::new(item.clone()));
            out.rules.push(Rule { at: place, check: Check::Tuple { items, rest }, message: None });
        }
        let size = Size { min: self.count(keywords, "minItems").filter(|min| *min > 0), max: self.count(keywords, "maxItems") };
        let unique = keywords.take("uniqueItems").is_some_and(|node| matches!(node.json, Json::Bool(true)));
        self.contains(document, keywords, at, out);
        if let Some(node) = keywords.take("unevaluatedItems") {
            let place = at.join("unevaluatedItems");
            out.rules.push(Rule { at: place.clone(), check: Check::Opaque("unevaluatedItems".to_owned()), message: None });
            self.visit(document, "unevaluatedItems", node, &place);
        }
        let item = if tuple.is_some() { Schema::new(item.at, Shape::Anything) } else { item };
        out.shape = Shape::List(List { item: Box::new(item), size, unique });
    }

    fn contains(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        let min = self.count(keywords, "minContains");
        let max = self.count(keywords, "maxContains");
        if let Some(node) = keywords.take("contains") {
            let place = at.join("contains");
            let item = Box::new(self.schema(document, node, &place));
            out.rules.push(Rule { at: place, check: Check::Contains { item, min: min.unwrap_or(1), max }, message: None });
        }
    }

    /// A count of something: a non-negative integer.
    pub(super) fn count(&mut self, keywords: &mut Keywords<'d>, keyword: &str) -> Option<u64> {
        let node = keywords.take(keyword)?;
        let count = match &node.json {
            Json::Number(number) => number.as_u64().or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && (0.0..9e15).contains(f)).map(|f| f as u64)),
            _ => None,
        };
        if count.is_none() {
            let message = format!("`{keyword}` must be a non-negative integer, found {}", shown(node));
            self.report(Severity::Error, Code::KeywordType, node.span, message);
        }
        count
    }

    fn number(&mut self, node: &'d Node, keyword: &str) -> Option<Number> {
        match &node.json {
            Json::Number(number) => Some(meet::canonical(number)),
            _ => {
                self.report(Severity::Error, Code::KeywordType, node.span, format!("`{keyword}` must be a number, found {}", shown(node)));
                None
            }
        }
    }

    pub(super) fn string(&mut self, node: &'d Node, keyword: &str) -> Option<String> {
        let text = node.text().map(str::to_owned);
        if text.is_none() {
            self.report(Severity::Error, Code::KeywordType, node.span, format!("`{keyword}` must be a string, found {}", shown(node)));
        }
        text
    }

    /// Keywords that name, comment and define.
    fn structural(&mut self, keywords: &mut Keywords<'d>) {
        for word in ["$schema", "$comment", "$anchor", "$vocabulary", "$dynamicAnchor", "$recursiveAnchor", "$defs", "definitions"] {
            keywords.consume(word, Fate::Structural);
        }
        for word in ["$id", "id"] {
            let old = self.dialect == super::Dialect::Draft4;
            let Some(node) = keywords.peek(word).filter(|node| node.text().is_some() && old == (word == "id")) else { continue };
            keywords.consume(word, Fate::Structural);
            let text = node.text().unwrap_or_default();
            if text.starts_with('#') && !old && self.dialect.ref_has_siblings() {
                let message = format!("the `$id` `{text}` is only a fragment, which {} forbids: it is left out", self.dialect.url());
                self.report(Severity::Note, Code::FragmentId, node.span, message);
            }
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
                self.report(Severity::Warning, Code::IneffectiveKeyword, member.key_span, message);
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

fn is_structural(word: &str) -> bool {
    matches!(word, "$schema" | "$comment" | "$anchor" | "$vocabulary" | "$dynamicAnchor" | "$recursiveAnchor" | "$defs" | "definitions" | "$id" | "id")
}

fn within(count: u64, min: Option<u64>, max: Option<u64>) -> bool {
    min.is_none_or(|min| count >= min) && max.is_none_or(|max| count <= max)
}

/// A value for a message: scalars as they are, the rest by kind.
pub(super) fn shown(node: &Node) -> String {
    match &node.json {
        Json::List(_) | Json::Object(_) => node.kind().to_owned(),
        _ => format!("`{}`", node.to_value()),
    }
}
