//! The effective document: a schema's defaults laid under what somebody wrote.
//!
//! `values.yaml`, the form's defaults, [`crate::Valid`] and the audit's referee all use this one function, and its rule is KRO's
//! own (kubernetes-sigs/kro, `pkg/simpleschema/transform.go`), so that a release means the same everywhere:
//!
//! 1. What was written wins, `null` included, and is never changed; defaults only add.
//! 2. A missing field takes its own default.
//! 3. A missing field without one appears as an object if something inside it has a default, at any depth, and nothing
//!    inside it is required without one.
//! 4. The same is done inside: in written objects, in the items of lists, in the values of maps, and in defaults themselves.
//! 5. A value of another type than the schema expects is left alone; the validation reports it.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The defaults of one service's schema.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Defaults {
    /// Of the document itself.
    pub root: Node,
    /// Of the types that several places share or that hold themselves, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, Node>,
}

/// The defaults of one place in a schema. Whatever has none may be left out: a place without a node is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What the place holds if nothing was written; `Some(Value::Null)` is a default of `null`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub default: Option<Value>,
    /// The fields without which the object is incomplete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// The declared fields of an object, in the schema's order.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fields: IndexMap<String, Node>,
    /// Each item of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Node>>,
    /// Each value of an object's other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Box<Node>>,
    /// Its fields, items and rest are those of this type in [`Defaults::types`]; so is its default, if it has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
}

/// Present and `null` is `Some(Null)`, not `None`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Defaults {
    /// `raw` with the defaults under it. Declared fields come first, in the schema's order, then the other keys as written.
    ///
    /// A default that would hold itself without end is not laid at all, so the result is always finite, and
    /// the effective document of an effective document is itself.
    #[must_use]
    pub fn effective(&self, raw: &Value) -> Value {
        // `Endless` only leaves `missing`, never a written value: there is nothing being made around it.
        self.written(&self.root, raw, &mut Vec::new()).unwrap_or_else(|Endless(_)| raw.clone())
    }

    /// The effective form of a value that stands there, written or as somebody's default.
    ///
    /// `making`: what is being made out of nothing around this value.
    fn written<'a>(&'a self, node: &'a Node, value: &Value, making: &mut Vec<Making<'a>>) -> Result<Value, Endless<'a>> {
        let content = self.content(node);
        Ok(match value {
            Value::Object(written) => Value::Object(self.object(content, written, making)?),
            Value::Array(items) => match &content.items {
                Some(node) => items.iter().map(|item| self.written(node, item, making)).collect::<Result<_, _>>()?,
                None => value.clone(),
            },
            _ => value.clone(),
        })
    }

    fn object<'a>(
        &'a self,
        node: &'a Node,
        written: &Map<String, Value>,
        making: &mut Vec<Making<'a>>,
    ) -> Result<Map<String, Value>, Endless<'a>> {
        let mut whole = Map::new();
        for (key, field) in &node.fields {
            let value = match written.get(key) {
                Some(value) => Some(self.written(field, value, making)?),
                None => self.missing(field, making)?,
            };
            whole.extend(value.map(|value| (key.clone(), value)));
        }
        for (key, value) in written.iter().filter(|(key, _)| !node.fields.contains_key(*key)) {
            let value = match &node.rest {
                Some(rest) => self.written(rest, value, making)?,
                None => value.clone(),
            };
            whole.insert(key.clone(), value);
        }
        Ok(whole)
    }

    /// What appears where nothing was written.
    fn missing<'a>(&'a self, node: &'a Node, making: &mut Vec<Making<'a>>) -> Result<Option<Value>, Endless<'a>> {
        let this = match node.named.as_deref() {
            Some(name) => Making::Type(name),
            None if node.default.is_some() => Making::Default(node),
            None => return self.made(node, None, making),
        };
        if this.comes_again(making) {
            return Err(Endless(this));
        }
        let content = self.content(node);
        let default = self.default(node);
        making.push(this);
        let made = self.made(content, default, making);
        making.pop();
        match made {
            Err(Endless(again)) if again.is(this) => Ok(None),
            made => made,
        }
    }

    fn made<'a>(
        &'a self,
        content: &'a Node,
        default: Option<&Value>,
        making: &mut Vec<Making<'a>>,
    ) -> Result<Option<Value>, Endless<'a>> {
        if let Some(default) = default {
            return self.written(content, default, making).map(Some);
        }
        let whole = self.object(content, &Map::new(), making)?;
        let complete = content.required.iter().all(|field| whole.contains_key(field));
        Ok((complete && !whole.is_empty()).then_some(Value::Object(whole)))
    }

    /// The node that holds the fields of `node`: itself, or the type it names, through names of names.
    fn content<'a>(&'a self, node: &'a Node) -> &'a Node {
        self.chain(node).last().unwrap_or(node)
    }

    /// The nearest default on the way from `node` to its type.
    fn default<'a>(&'a self, node: &'a Node) -> Option<&'a Value> {
        self.chain(node).find_map(|node| node.default.as_ref())
    }

    /// `node`, the type it names, the type that one names, and so on; names that go in a circle end somewhere in it.
    fn chain<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        let next = |node: &&'a Node| node.named.as_ref().and_then(|name| self.types.get(name));
        std::iter::successors(Some(node), next).take(self.types.len() + 1)
    }
}

/// What is being made out of nothing.
#[derive(Clone, Copy)]
enum Making<'a> {
    /// A named type.
    Type(&'a str),
    /// The default of a place, which may hold values of named types.
    Default(&'a Node),
}

impl Making<'_> {
    /// Inside itself; a default, only if no type was entered in between, for that would come again as well.
    fn comes_again(self, making: &[Making<'_>]) -> bool {
        match self {
            Making::Type(_) => making.iter().any(|known| known.is(self)),
            Making::Default(_) => {
                making.iter().rev().take_while(|known| matches!(known, Making::Default(_))).any(|known| known.is(self))
            }
        }
    }

    fn is(self, other: Making<'_>) -> bool {
        match (self, other) {
            (Making::Type(one), Making::Type(other)) => one == other,
            (Making::Default(one), Making::Default(other)) => std::ptr::eq(one, other),
            _ => false,
        }
    }
}

/// This holds itself by default.
struct Endless<'a>(Making<'a>);

#[cfg(test)]
mod tests;
