//! What a schema's defaults lay where nothing was written, read from the schema's text alone.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use manifest::defaults::{Defaults, Node};
use serde_json::{Value, json};

const FIELD: &str = "value";

/// The value that appears at the place of the schema `at`.
pub(crate) fn laid(root: &Value, at: &str) -> Option<Value> {
    let mut reader = Reader { root, types: BTreeMap::new() };
    let node = reader.node(root.pointer(at)?, 0);
    let fields = IndexMap::from([(FIELD.to_owned(), node)]);
    let defaults = Defaults { root: Node { fields, ..Node::default() }, types: reader.types };
    defaults.effective(&json!({})).get(FIELD).cloned()
}

struct Reader<'a> {
    root: &'a Value,
    types: BTreeMap<String, Node>,
}

impl Reader<'_> {
    fn node(&mut self, schema: &Value, depth: usize) -> Node {
        let mut node = Node { default: schema.get("default").cloned(), ..Node::default() };
        if depth > 128 {
            return node;
        }
        self.content(schema, &mut node, depth);
        node
    }

    fn content(&mut self, schema: &Value, node: &mut Node, depth: usize) {
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#')) {
            self.named(target, depth);
            node.named = Some(target.to_owned());
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        node.required.extend(required.filter_map(Value::as_str).map(str::to_owned));
        for (key, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let field = self.node(property, depth + 1);
            node.fields.insert(key.clone(), field);
        }
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            node.items = Some(Box::new(self.node(items, depth + 1)));
        }
        if let Some(rest) = schema.get("additionalProperties").filter(|rest| rest.is_object()) {
            node.rest = Some(Box::new(self.node(rest, depth + 1)));
        }
        for branch in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if depth < 128 {
                self.content(branch, node, depth + 1);
            }
        }
    }

    fn named(&mut self, target: &str, depth: usize) {
        if self.types.contains_key(target) {
            return;
        }
        self.types.insert(target.to_owned(), Node::default());
        if let Some(schema) = self.root.pointer(target) {
            let node = self.node(schema, depth + 1);
            self.types.insert(target.to_owned(), node);
        }
    }
}
