//! The intersection of two schemas, where it can be said exactly.

use serde_json::Value;

use crate::model::{Bounds, Field, List, Map, Object, Rest, Schema, Shape, Size, Text, Types};

use super::null::admits_null;
use super::number::{both, inside, is_whole, whole, within};

/// What conforms to both. The words (title, default, place) are those of `a`, then of `b`. `None`: no single schema says it.
pub(super) fn meet(a: &Schema, b: &Schema, types: &Types) -> Option<Schema> {
    let null = admits_null(a, types) == Some(true) && admits_null(b, types) == Some(true);
    let mut rules = a.rules.clone();
    rules.extend(b.rules.iter().filter(|rule| !a.rules.contains(rule)).cloned());
    let mut shape = shapes(a, b, types)?;
    if let Shape::Union(branches) = &mut shape
        && branches.len() == 1
        && let Some(only) = branches.pop()
    {
        rules.extend(only.rules);
        shape = only.shape;
    }
    let anything = |schema: &Schema| matches!(schema.shape, Shape::Anything);
    let implied = match (anything(a), anything(b)) {
        (true, _) => b.implied,
        (_, true) => a.implied,
        _ => a.implied && b.implied,
    };
    let mut out = Schema {
        at: a.at.clone(),
        title: a.title.clone().or_else(|| b.title.clone()),
        doc: a.doc.clone().or_else(|| b.doc.clone()),
        shape,
        nullable: false,
        implied,
        default: a.default.clone().or_else(|| b.default.clone()),
        rules,
        notes: super::notes::over(a.notes.clone(), b.notes.clone()),
    };
    match &out.shape {
        Shape::Nothing if null => out.shape = Shape::Choice(vec![Value::Null]),
        _ => out.nullable = null && admits_null(&out, types) != Some(true),
    }
    Some(out)
}

/// The shape says something of values of its own type only.
fn conditional(schema: &Schema) -> bool {
    schema.implied
        && match &schema.shape {
            Shape::Boolean | Shape::Integer(_) | Shape::Number(_) | Shape::Text(_) => true,
            Shape::List(_) | Shape::Map(_) | Shape::Object(_) | Shape::Union(_) => true,
            Shape::Anything | Shape::Nothing | Shape::Choice(_) | Shape::Named(_) => false,
        }
}

/// The JSON type, for shapes that have exactly one; numbers are one type.
fn kind(shape: &Shape) -> Option<u8> {
    Some(match shape {
        Shape::Boolean => 0,
        Shape::Integer(_) | Shape::Number(_) => 1,
        Shape::Text(_) => 2,
        Shape::List(_) => 3,
        Shape::Map(_) | Shape::Object(_) => 4,
        Shape::Anything | Shape::Nothing | Shape::Choice(_) | Shape::Union(_) | Shape::Named(_) => return None,
    })
}

/// The values that both shapes admit, `null` left aside.
fn shapes(a: &Schema, b: &Schema, types: &Types) -> Option<Shape> {
    let null = |shape: &Shape| matches!(shape, Shape::Choice(values) if matches!(values.as_slice(), [Value::Null]));
    if let (Some(one), Some(other)) = (kind(&a.shape), kind(&b.shape))
        && one != other
    {
        return match (conditional(a), conditional(b)) {
            (true, true) => None,
            (true, false) => Some(b.shape.clone()),
            (false, true) => Some(a.shape.clone()),
            (false, false) => Some(Shape::Nothing),
        };
    }
    Some(match (&a.shape, &b.shape) {
        (x, y) if x == y => x.clone(),
        (x, y) if null(x) || null(y) => Shape::Nothing,
        (Shape::Anything, shape) | (shape, Shape::Anything) => shape.clone(),
        (Shape::Nothing, _) | (_, Shape::Nothing) => Shape::Nothing,
        (Shape::Integer(x), Shape::Integer(y) | Shape::Number(y)) | (Shape::Number(y), Shape::Integer(x)) => {
            let bounds = both(x, y);
            Shape::Integer(Bounds {
                min: bounds.min.map(|bound| whole(bound, true)),
                max: bounds.max.map(|bound| whole(bound, false)),
            })
        }
        (Shape::Number(x), Shape::Number(y)) => Shape::Number(both(x, y)),
        (Shape::Text(x), Shape::Text(y)) => Shape::Text(texts(x, y)?),
        (Shape::Choice(x), Shape::Choice(y)) => choice(x.iter().filter(|value| y.contains(value)).cloned().collect()),
        (Shape::Union(branches), _) => union(branches, a, b, types)?,
        (_, Shape::Union(branches)) => union(branches, b, a, types)?,
        (Shape::Choice(values), _) => chosen(values, b)?,
        (_, Shape::Choice(values)) => chosen(values, a)?,
        (Shape::List(x), Shape::List(y)) => {
            let item = Box::new(meet(&x.item, &y.item, types)?);
            Shape::List(List { item, size: sizes(x.size, y.size), unique: x.unique || y.unique })
        }
        (Shape::Map(x), Shape::Map(y)) => {
            let key = match (&x.key, &y.key) {
                (Some(x), Some(y)) => Some(texts(x, y)?),
                (x, y) => x.clone().or_else(|| y.clone()),
            };
            Shape::Map(Map { key, value: Box::new(meet(&x.value, &y.value, types)?), size: sizes(x.size, y.size) })
        }
        (Shape::Object(x), Shape::Object(y)) => Shape::Object(objects(x, y, types)?),
        (Shape::Object(object), Shape::Map(map)) | (Shape::Map(map), Shape::Object(object)) => {
            let free = matches!(map.value.shape, Shape::Anything) && map.value.rules.is_empty();
            let rest = if free { Rest::Unsaid } else { Rest::Of(map.value.clone()) };
            let other = Object { fields: Vec::new(), rest, size: map.size };
            if map.key.is_some() {
                return None;
            }
            Shape::Object(objects(object, &other, types)?)
        }
        _ => return None,
    })
}

fn choice(values: Vec<Value>) -> Shape {
    if values.is_empty() { Shape::Nothing } else { Shape::Choice(values) }
}

/// Those of the values that conform to the shape.
fn chosen(values: &[Value], schema: &Schema) -> Option<Shape> {
    let mut kept = Vec::new();
    for value in values {
        let conforms = if admits_type(&schema.shape, value)? { admits(&schema.shape, value)? } else { conditional(schema) };
        if conforms {
            kept.push(value.clone());
        }
    }
    Some(choice(kept))
}

/// Each branch with what the other side says; branches that nothing conforms to any more are gone.
fn union(branches: &[Schema], whole: &Schema, other: &Schema, types: &Types) -> Option<Shape> {
    if whole.implied {
        return None;
    }
    // The rules of the other side stand beside the union, not in its branches.
    let other = Schema { rules: Vec::new(), ..other.clone() };
    let mut kept = Vec::new();
    for branch in branches {
        let branch = meet(branch, &other, types)?;
        match branch.shape {
            Shape::Nothing => {}
            Shape::Choice(values) if matches!(values.as_slice(), [Value::Null]) => {}
            Shape::Union(inner) if branch.rules.is_empty() => kept.extend(inner),
            Shape::Union(_) => return None,
            _ => kept.push(branch),
        }
    }
    Some(if kept.is_empty() { Shape::Nothing } else { Shape::Union(kept) })
}

fn objects(x: &Object, y: &Object, types: &Types) -> Option<Object> {
    let mut fields = Vec::new();
    for field in &x.fields {
        fields.push(match y.field(&field.name) {
            Some(other) => Field {
                name: field.name.clone(),
                required: field.required || other.required,
                schema: meet(&field.schema, &other.schema, types)?,
            },
            None => Field { schema: under(&y.rest, &field.schema, types)?, ..field.clone() },
        });
    }
    for field in y.fields.iter().filter(|field| x.field(&field.name).is_none()) {
        fields.push(Field { schema: under(&x.rest, &field.schema, types)?, ..field.clone() });
    }
    let rest = match (&x.rest, &y.rest) {
        (Rest::Closed, _) | (_, Rest::Closed) => Rest::Closed,
        (Rest::Of(one), Rest::Of(other)) => Rest::Of(Box::new(meet(one, other, types)?)),
        (Rest::Of(one), _) | (_, Rest::Of(one)) => Rest::Of(one.clone()),
        (Rest::Open, _) | (_, Rest::Open) => Rest::Open,
        (Rest::Unsaid, Rest::Unsaid) => Rest::Unsaid,
    };
    Some(Object { fields, rest, size: sizes(x.size, y.size) })
}

/// A field that the other side doesn't name.
fn under(rest: &Rest, field: &Schema, types: &Types) -> Option<Schema> {
    match rest {
        // The other side refuses the key altogether; a rule says so more plainly than a field that can't be.
        Rest::Closed => None,
        Rest::Unsaid | Rest::Open => Some(field.clone()),
        Rest::Of(schema) => meet(field, schema, types),
    }
}

fn texts(x: &Text, y: &Text) -> Option<Text> {
    let format = match (&x.format, &y.format) {
        (Some(one), Some(other)) if one != other => return None,
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let mut patterns = x.patterns.clone();
    patterns.extend(y.patterns.iter().filter(|pattern| x.patterns.iter().all(|known| known.source != pattern.source)).cloned());
    Some(Text { min: x.min.max(y.min), max: least(x.max, y.max), patterns, format })
}

fn sizes(x: Size, y: Size) -> Size {
    Size { min: x.min.max(y.min), max: least(x.max, y.max) }
}

fn least(x: Option<u64>, y: Option<u64>) -> Option<u64> {
    match (x, y) {
        (Some(x), Some(y)) => Some(x.min(y)),
        (x, y) => x.or(y),
    }
}

/// Whether the shape says anything of values of that JSON type.
pub(super) fn admits_type(shape: &Shape, value: &Value) -> Option<bool> {
    let of = match value {
        Value::Null => return Some(false),
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
    };
    kind(shape).map(|kind| kind == of)
}

/// Whether a value of the shape's type conforms to it, where that can be told without running anything.
pub(super) fn admits(shape: &Shape, value: &Value) -> Option<bool> {
    Some(match (shape, value) {
        (Shape::Boolean, _) => true,
        (Shape::Integer(bounds), Value::Number(number)) => is_whole(number) && inside(number, bounds),
        (Shape::Number(bounds), Value::Number(number)) => inside(number, bounds),
        (Shape::Text(text), Value::String(string)) => {
            let fits = within(string.chars().count(), text.min, text.max);
            if fits && !(text.patterns.is_empty() && text.format.is_none()) {
                return None;
            }
            fits
        }
        _ => return None,
    })
}
