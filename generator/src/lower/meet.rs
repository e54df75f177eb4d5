//! The intersection of two schemas, where it can be said exactly.

use serde_json::{Number, Value};

use crate::model::{Bound, Bounds, Field, List, Map, Object, Rest, Schema, Shape, Size, Text};

/// What conforms to both. The words (title, default, place) are those of `a`, then of `b`. `None`: no single schema says it.
pub(super) fn meet(a: &Schema, b: &Schema) -> Option<Schema> {
    let shape = shapes(a, b)?;
    let anything = |schema: &Schema| matches!(schema.shape, Shape::Anything);
    let nullable = (a.nullable || anything(a)) && (b.nullable || anything(b)) && !(anything(a) && anything(b));
    let mut rules = a.rules.clone();
    rules.extend(b.rules.iter().filter(|rule| !a.rules.contains(rule)).cloned());
    let implied = match (anything(a), anything(b)) {
        (true, _) => b.implied,
        (_, true) => a.implied,
        _ => a.implied && b.implied,
    };
    Some(Schema {
        at: a.at.clone(),
        title: a.title.clone().or_else(|| b.title.clone()),
        doc: a.doc.clone().or_else(|| b.doc.clone()),
        shape,
        nullable,
        implied,
        default: a.default.clone().or_else(|| b.default.clone()),
        rules,
        notes: super::notes::over(a.notes.clone(), b.notes.clone()),
    })
}

fn shapes(a: &Schema, b: &Schema) -> Option<Shape> {
    Some(match (&a.shape, &b.shape) {
        (Shape::Anything, shape) | (shape, Shape::Anything) => shape.clone(),
        (Shape::Nothing, _) | (_, Shape::Nothing) => Shape::Nothing,
        (x, y) if x == y => x.clone(),
        (Shape::Integer(x), Shape::Integer(y) | Shape::Number(y)) | (Shape::Number(y), Shape::Integer(x)) => {
            let bounds = both(x, y);
            Shape::Integer(Bounds { min: bounds.min.map(|bound| whole(bound, true)), max: bounds.max.map(|bound| whole(bound, false)) })
        }
        (Shape::Number(x), Shape::Number(y)) => Shape::Number(both(x, y)),
        (Shape::Text(x), Shape::Text(y)) => Shape::Text(texts(x, y)?),
        (Shape::Choice(x), Shape::Choice(y)) => {
            let values: Vec<Value> = x.iter().filter(|value| y.contains(value)).cloned().collect();
            if values.is_empty() { Shape::Nothing } else { Shape::Choice(values) }
        }
        (Shape::Choice(values), other) | (other, Shape::Choice(values)) => {
            let mut kept = Vec::new();
            for value in values {
                if admits(other, value)? {
                    kept.push(value.clone());
                }
            }
            if kept.is_empty() { Shape::Nothing } else { Shape::Choice(kept) }
        }
        (Shape::List(x), Shape::List(y)) => {
            let item = Box::new(meet(&x.item, &y.item)?);
            Shape::List(List { item, size: sizes(x.size, y.size), unique: x.unique || y.unique })
        }
        (Shape::Map(x), Shape::Map(y)) => {
            let key = match (&x.key, &y.key) {
                (Some(x), Some(y)) => Some(texts(x, y)?),
                (x, y) => x.clone().or_else(|| y.clone()),
            };
            Shape::Map(Map { key, value: Box::new(meet(&x.value, &y.value)?), size: sizes(x.size, y.size) })
        }
        (Shape::Object(x), Shape::Object(y)) => Shape::Object(objects(x, y)?),
        (Shape::Object(object), Shape::Map(map)) | (Shape::Map(map), Shape::Object(object)) => {
            let free = map.key.is_none() && matches!(map.value.shape, Shape::Anything) && map.value.rules.is_empty();
            if !free {
                return None;
            }
            Shape::Object(Object { size: sizes(object.size, map.size), ..object.clone() })
        }
        _ => return None,
    })
}

fn objects(x: &Object, y: &Object) -> Option<Object> {
    let mut fields = Vec::new();
    for field in &x.fields {
        fields.push(match y.field(&field.name) {
            Some(other) => Field {
                name: field.name.clone(),
                required: field.required || other.required,
                schema: meet(&field.schema, &other.schema)?,
            },
            None => Field { schema: under(&y.rest, &field.schema)?, ..field.clone() },
        });
    }
    for field in y.fields.iter().filter(|field| x.field(&field.name).is_none()) {
        fields.push(Field { schema: under(&x.rest, &field.schema)?, ..field.clone() });
    }
    let rest = match (&x.rest, &y.rest) {
        (Rest::Closed, _) | (_, Rest::Closed) => Rest::Closed,
        (Rest::Of(one), Rest::Of(other)) => Rest::Of(Box::new(meet(one, other)?)),
        (Rest::Of(one), _) | (_, Rest::Of(one)) => Rest::Of(one.clone()),
        (Rest::Open, _) | (_, Rest::Open) => Rest::Open,
        (Rest::Unsaid, Rest::Unsaid) => Rest::Unsaid,
    };
    Some(Object { fields, rest, size: sizes(x.size, y.size) })
}

/// A field that the other side doesn't name.
fn under(rest: &Rest, field: &Schema) -> Option<Schema> {
    match rest {
        // The other side refuses the key altogether; a rule says so more plainly than a field that can't be.
        Rest::Closed => None,
        Rest::Unsaid | Rest::Open => Some(field.clone()),
        Rest::Of(schema) => meet(field, schema),
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

fn both(x: &Bounds, y: &Bounds) -> Bounds {
    let pick = |x: &Option<Bound>, y: &Option<Bound>, lower| match (x, y) {
        (Some(x), Some(y)) => Some(tighter(x.clone(), y.clone(), lower)),
        (x, y) => x.clone().or_else(|| y.clone()),
    };
    Bounds { min: pick(&x.min, &y.min, true), max: pick(&x.max, &y.max, false) }
}

/// The bound that admits less.
pub(super) fn tighter(x: Bound, y: Bound, lower: bool) -> Bound {
    let (a, b) = (float(&x.value), float(&y.value));
    let x_is_tighter = if a == b { x.exclusive } else { (a > b) == lower };
    if x_is_tighter { x } else { y }
}

/// The same bound for integers: whole, and inclusive.
pub(super) fn whole(bound: Bound, lower: bool) -> Bound {
    if let Some(value) = bound.value.as_i64() {
        let step = match (bound.exclusive, lower) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => -1,
        };
        return match value.checked_add(step) {
            Some(value) => Bound { value: value.into(), exclusive: false },
            None => bound,
        };
    }
    let value = float(&bound.value);
    if value.fract() == 0.0 {
        return bound;
    }
    let value = if lower { value.ceil() } else { value.floor() };
    match Number::from_f64(value) {
        Some(number) => Bound { value: canonical(&number), exclusive: false },
        None => bound,
    }
}

/// Integral floats as integers, as far as they are exact.
pub(super) fn canonical(number: &Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => Number::from(float as i64),
        _ => number.clone(),
    }
}

/// Whether a number lies within.
pub(super) fn inside(number: &Number, bounds: &Bounds) -> bool {
    let value = float(number);
    let min = bounds.min.as_ref().is_none_or(|min| if min.exclusive { value > float(&min.value) } else { value >= float(&min.value) });
    let max = bounds.max.as_ref().is_none_or(|max| if max.exclusive { value < float(&max.value) } else { value <= float(&max.value) });
    min && max
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Whether a value conforms to a shape, where that can be told without running anything.
fn admits(shape: &Shape, value: &Value) -> Option<bool> {
    Some(match (shape, value) {
        (Shape::Boolean, value) => value.is_boolean(),
        (Shape::Integer(bounds), Value::Number(number)) => float(number).fract() == 0.0 && inside(number, bounds),
        (Shape::Number(bounds), Value::Number(number)) => inside(number, bounds),
        (Shape::Integer(_) | Shape::Number(_), _) => false,
        (Shape::Text(text), Value::String(string)) => {
            let count = string.chars().count() as u64;
            let fits = text.min.is_none_or(|min| count >= min) && text.max.is_none_or(|max| count <= max);
            if fits && !(text.patterns.is_empty() && text.format.is_none()) {
                return None;
            }
            fits
        }
        (Shape::Text(_), _) => false,
        (Shape::List(_), value) if !value.is_array() => false,
        (Shape::Map(_) | Shape::Object(_), value) if !value.is_object() => false,
        _ => return None,
    })
}
