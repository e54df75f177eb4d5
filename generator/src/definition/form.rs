//! Which type of the Kubernetes API a schema can have.

use crate::model::{Object, Rest, Schema, Shape, Types};
use manifest::valid::is_carried;
use serde_json::Value;

/// What SimpleSchema can say of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `string`, `integer`, `boolean` or `float`.
    Scalar(&'static str),
    /// `[]T`.
    List,
    /// `map[string]T`.
    Map,
    /// A named type with fields.
    Struct,
    /// `object`: an object of which the API knows nothing more.
    Open,
    /// Nothing can stand there.
    Gone,
    /// No type of SimpleSchema holds it; what holds it must be an `object`.
    Loose,
}

/// Lists in lists that SimpleSchema takes (kubernetes-sigs/kro, `pkg/simpleschema/parse.go`), less one for safety.
const NESTING: usize = 15;

/// The form of a schema; `open` names the types around it, in which a recursion ends.
pub(super) fn form(schema: &Schema, types: &Types, open: &[&str]) -> Form {
    nested(schema, types, open, 0)
}

fn nested(schema: &Schema, types: &Types, open: &[&str], depth: usize) -> Form {
    if depth > NESTING {
        return Form::Loose;
    }
    match &schema.shape {
        Shape::Anything => Form::Loose,
        Shape::Nothing => Form::Gone,
        Shape::Boolean => Form::Scalar("boolean"),
        Shape::Integer(_) => Form::Scalar("integer"),
        Shape::Number(_) => Form::Scalar("float"),
        Shape::Text(_) => Form::Scalar("string"),
        Shape::Choice(values) => choice(values),
        Shape::List(list) => match nested(&list.item, types, open, depth + 1) {
            Form::Loose | Form::Gone => Form::Loose,
            _ => Form::List,
        },
        Shape::Map(map) => match nested(&map.value, types, open, depth + 1) {
            Form::Loose | Form::Gone => Form::Open,
            _ => Form::Map,
        },
        Shape::Object(object) => fields(object, types, open),
        Shape::Union(branches) if branches.iter().all(|branch| is_object(branch, types)) => Form::Open,
        Shape::Union(_) => Form::Loose,
        Shape::Named(name) if open.contains(&name.as_str()) => match is_object(schema, types) {
            true => Form::Open,
            false => Form::Loose,
        },
        Shape::Named(name) => match types.get(name) {
            Some(target) => nested(target, types, &[open, &[name.as_str()]].concat(), depth),
            None => Form::Loose,
        },
    }
}

fn choice(values: &[Value]) -> Form {
    let all = |is: fn(&Value) -> bool| values.iter().all(is);
    if all(Value::is_string) {
        Form::Scalar("string")
    } else if all(Value::is_i64) {
        Form::Scalar("integer")
    } else if all(Value::is_number) {
        Form::Scalar("float")
    } else if all(Value::is_boolean) {
        Form::Scalar("boolean")
    } else if all(Value::is_object) {
        Form::Open
    } else {
        Form::Loose
    }
}

fn fields(object: &Object, types: &Types, open: &[&str]) -> Form {
    let closed = match object.rest {
        Rest::Closed => true,
        // Without a field it is just some object.
        Rest::Unsaid => !object.fields.is_empty(),
        Rest::Open | Rest::Of(_) => false,
    };
    let typed = |schema: &Schema| form(schema, types, open) != Form::Loose;
    match closed && object.fields.iter().all(|field| is_carried(&field.name) && typed(&field.schema)) {
        true => Form::Struct,
        false => Form::Open,
    }
}

/// Whether every value is an object.
fn is_object(schema: &Schema, types: &Types) -> bool {
    match &schema.resolve(types).shape {
        Shape::Map(_) | Shape::Object(_) => true,
        Shape::Choice(values) => values.iter().all(Value::is_object),
        Shape::Union(branches) => branches.iter().all(|branch| is_object(branch, types)),
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => false,
        Shape::Text(_) | Shape::List(_) | Shape::Named(_) => false,
    }
}

/// Whether a named type holds itself.
pub(super) fn is_recursive(name: &str, types: &Types) -> bool {
    let mut seen = Vec::new();
    types.get(name).is_some_and(|schema| reaches(schema, name, types, &mut seen))
}

fn reaches<'a>(schema: &'a Schema, goal: &str, types: &'a Types, seen: &mut Vec<&'a str>) -> bool {
    match &schema.shape {
        Shape::Named(name) if name == goal => true,
        Shape::Named(name) if seen.contains(&name.as_str()) => false,
        Shape::Named(name) => {
            seen.push(name);
            types.get(name).is_some_and(|target| reaches(target, goal, types, seen))
        }
        Shape::List(list) => reaches(&list.item, goal, types, seen),
        Shape::Map(map) => reaches(&map.value, goal, types, seen),
        Shape::Object(object) => {
            let rest = match &object.rest {
                Rest::Of(rest) => reaches(rest, goal, types, seen),
                Rest::Closed | Rest::Unsaid | Rest::Open => false,
            };
            rest || object.fields.iter().any(|field| reaches(&field.schema, goal, types, seen))
        }
        Shape::Union(branches) => branches.iter().any(|branch| reaches(branch, goal, types, seen)),
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) => false,
        Shape::Number(_) | Shape::Text(_) | Shape::Choice(_) => false,
    }
}
