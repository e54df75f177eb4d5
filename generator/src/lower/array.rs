//! Arrays: items, tuples, what they contain.

use crate::diagnostic::{Code, Severity};
use crate::json::Json;
use crate::model::{Check, List, Pointer, Rule, Schema, Shape, Size};

use super::Lowering;
use super::keywords::Keywords;

impl<'d> Lowering<'d> {
    pub(super) fn array(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        let tuple = match keywords.peek("items").map(|node| &node.json) {
            Some(Json::List(_)) => Some("items"),
            _ => keywords.peek("prefixItems").filter(|_| self.dialect.knows("prefixItems")).map(|_| "prefixItems"),
        };
        let rest = if tuple == Some("items") && self.dialect.knows("additionalItems") { "additionalItems" } else { "items" };
        if let (Some("items"), Some(node)) = (tuple, keywords.peek("items").filter(|_| self.dialect == super::Dialect::Draft2020))
        {
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
            let items = nodes
                .iter()
                .enumerate()
                .map(|(index, node)| self.schema(document, node, &place.join(&index.to_string())))
                .collect();
            let rest = (!matches!(item.shape, Shape::Anything)).then(|| Box::new(item.clone()));
            out.rules.push(Rule { at: place, check: Check::Tuple { items, rest }, message: None });
        }
        let size = Size { min: self.count(keywords, "minItems").filter(|min| *min > 0), max: self.count(keywords, "maxItems") };
        let unique = keywords.take("uniqueItems").is_some_and(|node| matches!(node.json, Json::Bool(true)));
        self.contains(document, keywords, at, out);
        if self.dialect.knows("unevaluatedItems")
            && let Some(node) = keywords.take("unevaluatedItems")
        {
            let place = at.join("unevaluatedItems");
            out.rules.push(Rule { at: place.clone(), check: Check::Opaque("unevaluatedItems".to_owned()), message: None });
            self.visit(document, "unevaluatedItems", node, &place);
        }
        let item = if tuple.is_some() { Schema::new(item.at, Shape::Anything) } else { item };
        out.shape = Shape::List(List { item: Box::new(item), size, unique });
    }

    fn contains(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        if !self.dialect.knows("contains") || keywords.peek("contains").is_none() {
            return;
        }
        let counts = self.dialect.knows("minContains");
        let min = if counts { self.count(keywords, "minContains") } else { None };
        let max = if counts { self.count(keywords, "maxContains") } else { None };
        if let Some(node) = keywords.take("contains") {
            let place = at.join("contains");
            let item = Box::new(self.schema(document, node, &place));
            out.rules.push(Rule { at: place, check: Check::Contains { item, min: min.unwrap_or(1), max }, message: None });
        }
    }
}
