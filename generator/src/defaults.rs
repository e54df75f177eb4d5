//! The model's defaults, in the form that `manifest` lays under a document.

use manifest::defaults::{Defaults, Node};

use serde_json::Value;

use crate::model::{Object, Rest, Schema, Service, Shape, Types};

/// The defaults of a service, in the view that is given.
pub(crate) fn defaults(service: &Service) -> Defaults {
    Defaults {
        root: node(&service.values),
        types: service.types.iter().map(|(name, schema)| (name.clone(), node(schema))).collect(),
    }
}

/// Conditions contribute nothing, and a union nothing but its own default: which branch a document takes isn't known beforehand.
/// The defaults of one place.
pub(crate) fn node(schema: &Schema) -> Node {
    let own = Node { default: schema.default.clone(), ..Node::default() };
    match &schema.shape {
        Shape::Object(object) => fields(own, object),
        Shape::List(list) => Node { items: said(node(&list.item)), ..own },
        Shape::Map(map) => Node { rest: said(node(&map.value)), ..own },
        Shape::Named(name) => Node { named: Some(name.clone()), ..own },
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => own,
        Shape::Text(_) | Shape::Choice(_) | Shape::Union(_) => own,
    }
}

fn fields(own: Node, object: &Object) -> Node {
    let rest = match &object.rest {
        Rest::Of(rest) => said(node(rest)),
        Rest::Closed | Rest::Unsaid | Rest::Open => None,
    };
    // A field without a node would be taken for one of the other keys, so with defaults for those every field has one.
    let fields = object.fields.iter().map(|field| (field.name.clone(), node(&field.schema)));
    let fields: indexmap::IndexMap<_, _> = fields.filter(|(_, node)| rest.is_some() || *node != Node::default()).collect();
    // What is required matters only where something could appear.
    let required =
        object.fields.iter().filter(|field| field.required && !fields.is_empty()).map(|field| field.name.clone()).collect();
    Node { required, fields, rest, ..own }
}

/// A node that says something.
fn said(node: Node) -> Option<Box<Node>> {
    (node != Node::default()).then(|| Box::new(node))
}

/// What stands in the effective document where nothing was written ([`manifest::defaults`]' own rule).
pub(crate) fn missing(schema: &Schema, types: &Types) -> Option<Value> {
    appears(schema, types, &mut Vec::new())
}

fn appears<'a>(schema: &'a Schema, types: &'a Types, open: &mut Vec<&'a str>) -> Option<Value> {
    if let Some(default) = &schema.default {
        return Some(default.clone());
    }
    match &schema.shape {
        Shape::Object(object) => {
            let whole: serde_json::Map<_, _> = object
                .fields
                .iter()
                .filter_map(|field| Some((field.name.clone(), appears(&field.schema, types, open)?)))
                .collect();
            let complete = object.fields.iter().all(|field| !field.required || whole.contains_key(&field.name));
            (complete && !whole.is_empty()).then_some(Value::Object(whole))
        }
        Shape::Named(name) if !open.contains(&name.as_str()) => {
            open.push(name);
            let value = types.get(name).and_then(|target| appears(target, types, open));
            open.pop();
            value
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Field, Pointer, Size, Text};
    use serde_json::json;

    fn text(default: Option<Value>) -> Schema {
        Schema { default, ..Schema::new(Pointer::root(), Shape::Text(Text::default())) }
    }

    fn object(fields: Vec<(&str, bool, Schema)>, rest: Rest) -> Schema {
        let fields =
            fields.into_iter().map(|(name, required, schema)| Field { name: name.to_owned(), required, schema }).collect();
        Schema::new(Pointer::root(), Shape::Object(Object { fields, rest, size: Size::default() }))
    }

    fn laid(schema: &Schema, raw: Value) -> Value {
        Defaults { root: node(schema), ..Defaults::default() }.effective(&raw)
    }

    #[test]
    fn places_without_defaults_have_no_node() {
        let schema = object(
            vec![("a", true, text(None)), ("b", false, object(vec![("c", false, text(None))], Rest::Closed))],
            Rest::Closed,
        );
        assert_eq!(node(&schema), Node::default());
    }

    #[test]
    fn a_field_does_not_take_the_defaults_of_other_keys() {
        let other = object(vec![("x", false, text(Some(json!("d"))))], Rest::Closed);
        let known = object(vec![("y", false, text(None))], Rest::Closed);
        let schema = object(vec![("known", false, known)], Rest::Of(Box::new(other)));
        assert_eq!(laid(&schema, json!({"known": {}, "other": {}})), json!({"known": {}, "other": {"x": "d"}}));
    }

    #[test]
    fn an_object_that_lacks_a_required_field_does_not_appear() {
        let inner = object(vec![("must", true, text(None)), ("can", false, text(Some(json!("d"))))], Rest::Closed);
        let schema = object(vec![("inner", false, inner)], Rest::Closed);
        assert_eq!(laid(&schema, json!({})), json!({}));
        assert_eq!(laid(&schema, json!({"inner": {"must": "m"}})), json!({"inner": {"must": "m", "can": "d"}}));
    }
}
