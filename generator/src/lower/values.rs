//! Values one by one: lists of them, texts, numbers.

use serde_json::{Number, Value};

use crate::diagnostic::{Code, Severity};
use crate::json::{Json, Node};
use crate::model::{Bound, Bounds, Check, Pattern, Pointer, Rule, Schema, Shape, Text};
use crate::pattern;

use super::Lowering;
use super::keywords::Keywords;
use super::number::{canonical, inside, tighter, whole, within};
use super::schema::{SPEAKS_OF, Type, shown};

impl<'d> Lowering<'d> {
    /// The values of `enum` and `const`, without those that `type` refuses.
    pub(super) fn values_said(&mut self, keywords: &mut Keywords<'d>, types: Option<&[Type]>) -> Option<Vec<Value>> {
        let list = keywords.take("enum");
        let constant = if self.dialect.knows("const") { keywords.take("const") } else { None };
        let mut values = match list.map(|node| (&node.json, node)) {
            Some((Json::List(items), _)) => items.iter().map(Node::to_value).collect(),
            Some((_, node)) => {
                self.report(
                    Severity::Error,
                    Code::KeywordType,
                    node.span,
                    format!("`enum` must be an array, found {}", node.kind()),
                );
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
            self.report(
                Severity::Warning,
                Code::Unsatisfiable,
                node.span,
                "none of the values is of the declared type: nothing conforms",
            );
        }
        Some(unique)
    }

    pub(super) fn choice(
        &mut self,
        document: usize,
        keywords: &mut Keywords<'d>,
        out: &mut Schema,
        mut values: Vec<Value>,
        types: Option<&[Type]>,
    ) {
        let at = out.at.clone();
        // What else is said of the type narrows the list; lengths and bounds exactly, the rest by a rule.
        let text = self.text(keywords, &at);
        let bounds = self.bounds(keywords, false);
        values.retain(|value| match value {
            Value::String(text_value) => within(text_value.chars().count(), text.min, text.max),
            Value::Number(number) => inside(number, &bounds),
            _ => true,
        });
        if text.format.is_some() && self.dialect.asserts_formats() {
            out.rules.push(Rule { at: at.join("format"), check: Check::Opaque("format".to_owned()), message: None });
        }
        for pattern in text.patterns {
            out.rules.push(Rule { at: pattern.at.join("pattern"), check: Check::Opaque("pattern".to_owned()), message: None });
        }
        let others = ["multipleOf"].into_iter().chain(SPEAKS_OF.iter().take(2).flat_map(|(_, words)| words.iter().copied()));
        for word in others {
            if self.dialect.knows(word)
                && let Some(value) = keywords.take(word)
            {
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

    pub(super) fn text(&mut self, keywords: &mut Keywords<'d>, at: &Pointer) -> Text {
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
                None => (Severity::Error, "Helm refuses the schema"),
            };
            self.report(
                severity,
                Code::Pattern,
                node.span,
                format!("the regular expression can't be used everywhere: {problem}; {consequence}"),
            );
        }
        Some(Pattern { at: at.clone(), source, re2: printed.re2, ecma: printed.ecma })
    }

    /// One pattern of a keyword whose keys are patterns.
    pub(super) fn key_pattern(&mut self, key: &str, span: crate::Span, at: &Pointer) -> Pattern {
        let printed = pattern::print(key);
        if let (Some(problem), None) = (printed.problem, &printed.re2) {
            let message = format!("the regular expression can't be used everywhere: {problem}; Helm refuses the schema");
            self.report(Severity::Error, Code::Pattern, span, message);
        }
        Pattern { at: at.clone(), source: key.to_owned(), re2: printed.re2, ecma: printed.ecma }
    }

    pub(super) fn bounds(&mut self, keywords: &mut Keywords<'d>, integer: bool) -> Bounds {
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
            let bound = [
                inclusive.map(|value| Bound { value, exclusive: strict_flag }),
                strict.map(|value| Bound { value, exclusive: true }),
            ]
            .into_iter()
            .flatten()
            .map(|bound| if integer { whole(bound, lower) } else { bound })
            .reduce(|a, b| tighter(a, b, lower));
            *(if lower { &mut bounds.min } else { &mut bounds.max }) = bound;
        }
        bounds
    }

    pub(super) fn multiple(&mut self, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        if let Some(number) = keywords.take("multipleOf").and_then(|node| self.number(node, "multipleOf")) {
            out.rules.push(Rule { at: at.join("multipleOf"), check: Check::MultipleOf(number), message: None });
        }
    }

    /// A count of something: a non-negative integer.
    pub(super) fn count(&mut self, keywords: &mut Keywords<'d>, keyword: &str) -> Option<u64> {
        let node = keywords.take(keyword)?;
        let count = match &node.json {
            Json::Number(number) => number
                .as_u64()
                .or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && (0.0..9e15).contains(f)).map(|f| f as u64)),
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
            Json::Number(number) => Some(canonical(number)),
            _ => {
                self.report(
                    Severity::Error,
                    Code::KeywordType,
                    node.span,
                    format!("`{keyword}` must be a number, found {}", shown(node)),
                );
                None
            }
        }
    }

    pub(super) fn string(&mut self, node: &'d Node, keyword: &str) -> Option<String> {
        let text = node.text().map(str::to_owned);
        if text.is_none() {
            self.report(
                Severity::Error,
                Code::KeywordType,
                node.span,
                format!("`{keyword}` must be a string, found {}", shown(node)),
            );
        }
        text
    }
}
