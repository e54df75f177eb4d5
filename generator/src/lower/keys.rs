//! `propertyNames`: what a key must be, in the words that every target has for keys.

use serde_json::Value;

use crate::model::{Check, Pattern, Pointer, Rule, Schema, Shape, Text};
use crate::pattern;

use super::Lowering;
use super::keywords::Keywords;

impl<'d> Lowering<'d> {
    /// What `propertyNames` asks of a key. A list of names is a pattern; names that are excluded are keys without any value; anything
    /// else is a rule of its own, which only a validator judges.
    pub(super) fn key_names(
        &mut self,
        document: usize,
        keywords: &mut Keywords<'d>,
        at: &Pointer,
        out: &mut Schema,
    ) -> Option<Text> {
        keywords.peek("propertyNames").filter(|_| self.dialect.knows("propertyNames"))?;
        let node = keywords.take("propertyNames")?;
        let place = at.join("propertyNames");
        let schema = self.schema(document, node, &place);
        let excluded: Option<Vec<&[Value]>> = schema.rules.iter().map(excluded).collect();
        let text = match &schema.shape {
            Shape::Anything => Some(Text::default()),
            Shape::Text(text) => Some(text.clone()),
            Shape::Choice(values) => exactly(values, &place).map(|pattern| Text { patterns: vec![pattern], ..Text::default() }),
            _ => None,
        };
        let (Some(text), Some(excluded)) = (text, excluded) else {
            out.rules.push(Rule { at: place, check: Check::Opaque("propertyNames".to_owned()), message: None });
            return None;
        };
        for (rule, values) in schema.rules.iter().zip(excluded) {
            if let Some(pattern) = exactly(values, &rule.at) {
                let never = Schema::new(rule.at.clone(), Shape::Nothing);
                out.rules.push(Rule { at: rule.at.clone(), check: Check::KeyPatterns(vec![(pattern, never)]), message: None });
            }
        }
        (text != Text::default()).then_some(text)
    }
}

/// The names that a rule excludes, if that is all that it does.
fn excluded(rule: &Rule) -> Option<&[Value]> {
    match &rule.check {
        Check::Not(inner) if inner.rules.is_empty() => match &inner.shape {
            Shape::Choice(values) if values.iter().all(Value::is_string) => Some(values),
            _ => None,
        },
        _ => None,
    }
}

/// The pattern that matches these strings and no others. `None`: none of the values is a string.
fn exactly(values: &[Value], at: &Pointer) -> Option<Pattern> {
    let names: Vec<String> = values.iter().filter_map(Value::as_str).map(pattern::escape).collect();
    if names.is_empty() {
        return None;
    }
    let source = format!("^(?:{})$", names.join("|"));
    let printed = pattern::print(&source);
    Some(Pattern { at: at.clone(), source, re2: printed.re2, ecma: printed.ecma })
}
