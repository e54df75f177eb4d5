//! A value that a part of the model probably admits. Whether it does is the referee's to say.

pub(crate) mod text;

use generator::model::{Bounds, Check, Rest, Schema, Shape, Size, Types};
use serde_json::{Map, Value, json};

use crate::random::Random;

/// How much is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// What is required.
    Least,
    /// Everything, as deep as three levels of lists and objects that aren't required.
    Most,
}

/// How deep a value may nest that nothing asks for.
const DEPTH: usize = 8;

/// A value of the schema.
pub(crate) fn sample(schema: &Schema, types: &Types, fill: Fill, random: &mut Random) -> Value {
    value(schema, types, fill, random, 0)
}

fn value(schema: &Schema, types: &Types, fill: Fill, random: &mut Random, depth: usize) -> Value {
    // What the author says is a better sample than what can be thought of; but not always, or nothing else would be tried.
    let said: Vec<&Value> = schema.notes.examples.iter().chain(&schema.default).filter(|value| !value.is_null()).collect();
    if let Some(said) = random.pick(&said).filter(|said| !said.is_object() && !said.is_array())
        && random.below(3) > 0
    {
        return (*said).clone();
    }
    let mut out = match &schema.shape {
        Shape::Anything => json!({"any": ["thing", 1]}),
        Shape::Nothing => Value::Null,
        Shape::Boolean => Value::Bool(random.below(2) == 0),
        Shape::Integer(bounds) => number(bounds, true, random),
        Shape::Number(bounds) => number(bounds, false, random),
        Shape::Text(limits) => Value::String(text::text(limits, random)),
        Shape::Choice(values) => random.pick(values).cloned().unwrap_or_default(),
        Shape::List(list) => {
            let count = count(list.size, fill, depth, random);
            let mut items: Vec<Value> = Vec::new();
            // Twice as often as wanted: items of a set may come out alike.
            for _ in 0..2 * count {
                let item = value(&list.item, types, fill, random, depth + 1);
                if items.len() < count && !(list.unique && items.contains(&item)) {
                    items.push(item);
                }
            }
            Value::Array(items)
        }
        Shape::Map(map) => {
            let count = count(map.size, fill, depth, random);
            let mut entries = Map::new();
            for number in 0..count {
                let key = map.key.as_ref().map_or_else(|| format!("key{number}"), |key| text::text(key, random));
                entries.insert(key, value(&map.value, types, fill, random, depth + 1));
            }
            Value::Object(entries)
        }
        Shape::Object(object) => {
            let mut members = Map::new();
            for field in &object.fields {
                let wanted = field.required && depth < 4 * DEPTH || fill == Fill::Most && depth < DEPTH;
                if wanted && !matches!(field.schema.shape, Shape::Nothing) {
                    members.insert(field.name.clone(), value(&field.schema, types, fill, random, depth + 1));
                }
            }
            if let (Rest::Of(rest), true) = (&object.rest, fill == Fill::Most && depth < DEPTH) {
                members.insert("other".to_owned(), value(rest, types, fill, random, depth + 1));
            }
            Value::Object(members)
        }
        Shape::Union(branches) => match random.pick(branches) {
            Some(branch) => value(branch, types, fill, random, depth),
            None => Value::Null,
        },
        Shape::Named(name) => match types.get(name) {
            Some(target) if depth < 6 * DEPTH => value(target, types, fill, random, depth + 1),
            _ => Value::Null,
        },
    };
    for rule in &schema.rules {
        follow(&rule.check, schema, types, fill, random, depth, &mut out);
    }
    out
}

/// A value that a condition on a place asks for. What it only wants to be there is as the place itself has it.
fn asked_for(condition: &Schema, place: &Schema, types: &Types, random: &mut Random, depth: usize) -> Value {
    let mut out = value(condition, types, Fill::Least, random, depth + 1);
    let known = place.resolve(types).object();
    if let (Some(object), Some(known), Value::Object(members)) = (condition.object(), known, &mut out) {
        for field in object.fields.iter().filter(|field| field.required && matches!(field.schema.shape, Shape::Anything)) {
            if let Some(known) = known.field(&field.name) {
                members.insert(field.name.clone(), value(&known.schema, types, Fill::Least, random, depth + 1));
            }
        }
    }
    out
}

/// Lays what one branch of a rule asks for over a value.
pub(crate) fn follow(
    check: &Check,
    place: &Schema,
    types: &Types,
    fill: Fill,
    random: &mut Random,
    depth: usize,
    out: &mut Value,
) {
    let of = |schema: &Schema, random: &mut Random| asked_for(schema, place, types, random, depth);
    let over = match check {
        Check::AnyOf(branches) | Check::OneOf(branches) | Check::AllOf(branches) => random.pick(branches).map(|b| of(b, random)),
        Check::If { condition, then: Some(then), .. } if random.below(2) == 0 => {
            lay(of(condition, random), out);
            Some(of(then, random))
        }
        Check::If { otherwise: Some(otherwise), .. } => Some(of(otherwise, random)),
        Check::DependentSchema { key, schema } if out.get(key).is_some() => Some(of(schema, random)),
        Check::Tuple { items, .. } => Some(items.iter().map(|item| of(item, random)).collect()),
        Check::Contains { item, min, .. } => {
            if let Value::Array(items) = &mut *out {
                for _ in 0..(*min).min(8) {
                    items.push(of(item, random));
                }
            }
            None
        }
        Check::KeyPatterns(patterns) if fill == Fill::Most => {
            if let (Some((pattern, schema)), Value::Object(members)) = (random.pick(patterns), &mut *out) {
                let key = text::matching(&pattern.source, random);
                members.insert(key, of(schema, random));
            }
            None
        }
        Check::Keys(key) => {
            if let Value::Object(members) = &mut *out {
                let values: Vec<Value> = std::mem::take(members).into_iter().map(|(_, value)| value).collect();
                members.extend(values.into_iter().map(|value| (text::text(key, random), value)));
            }
            None
        }
        Check::MultipleOf(step) => step.as_f64().filter(|_| out.is_number()).map(|step| whole(step * random.below(7) as f64)),
        Check::If { .. }
        | Check::Not(_)
        | Check::DependentSchema { .. }
        | Check::DependentRequired { .. }
        | Check::KeyPatterns(_)
        | Check::Cel(_)
        | Check::Opaque(_) => None,
    };
    if let Some(over) = over {
        lay(over, out);
    }
}

/// Joins objects, replaces anything else; an object of a condition that says nothing changes nothing.
pub(crate) fn lay(over: Value, out: &mut Value) {
    match (over, out) {
        (Value::Object(over), Value::Object(out)) => {
            for (key, value) in over {
                match out.get_mut(&key) {
                    Some(known) if known.is_object() => lay(value, known),
                    _ => _ = out.insert(key, value),
                }
            }
        }
        (Value::Object(over), _) if over.is_empty() => {}
        (over, out) => *out = over,
    }
}

fn number(bounds: &Bounds, integer: bool, random: &mut Random) -> Value {
    let limit = |bound: &Option<generator::model::Bound>, inside: f64| {
        bound.as_ref().and_then(|bound| Some(bound.value.as_f64()? + if bound.exclusive { inside } else { 0.0 }))
    };
    let step = if integer { 1.0 } else { 0.25 };
    let (min, max) = (limit(&bounds.min, step), limit(&bounds.max, -step));
    let low = min.unwrap_or_else(|| max.map_or(1.0, |max| max - 10.0));
    let high = max.unwrap_or(low + 10.0);
    let steps = ((high - low) / step).clamp(0.0, 40.0) as usize;
    let value = low + step * random.below(steps + 1) as f64;
    whole(if integer { value.ceil() } else { value })
}

/// A number without a fraction as an integer, where JSON has one for it.
pub(crate) fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

fn count(size: Size, fill: Fill, depth: usize, random: &mut Random) -> usize {
    let least = size.min.unwrap_or(0).min(50) as usize;
    let more = if fill == Fill::Most && depth < DEPTH { 1 + random.below(2) } else { 0 };
    (least.max(more)).min(size.max.unwrap_or(u64::MAX).min(50) as usize)
}
