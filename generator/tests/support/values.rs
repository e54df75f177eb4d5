//! Documents made from a model: mostly valid ones, and changes of them.

use generator::model::{Bounds, Check, Rest, Schema, Shape, Size, Text, Types};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use super::random::Random;

/// A value that probably conforms.
pub(crate) fn value(schema: &Schema, types: &Types, random: &mut Random, depth: usize) -> Value {
    if schema.nullable && random.once_in(6) {
        return Value::Null;
    }
    let said: Vec<&Value> = schema.default.iter().chain(&schema.notes.examples).collect();
    if !said.is_empty() && random.once_in(3) {
        return (*random.pick(&said)).clone();
    }
    let mut out = match &schema.shape {
        Shape::Anything => any(random),
        Shape::Nothing => Value::Null,
        Shape::Boolean => json!(random.once_in(2)),
        Shape::Integer(bounds) => number(bounds, true, random),
        Shape::Number(bounds) => number(bounds, false, random),
        Shape::Text(text) => Value::String(self::text(text, random)),
        Shape::Choice(values) => random.pick(values).clone(),
        Shape::List(list) => {
            let count = count(list.size, depth, random);
            Value::Array((0..count).map(|_| value(&list.item, types, random, depth + 1)).collect())
        }
        Shape::Map(map) => {
            let count = count(map.size, depth, random);
            let mut out = Map::new();
            for _ in 0..count {
                let key = match &map.key {
                    Some(key) => self::text(key, random),
                    None => word(random),
                };
                out.insert(key, value(&map.value, types, random, depth + 1));
            }
            Value::Object(out)
        }
        Shape::Object(object) => {
            let mut out = Map::new();
            for field in &object.fields {
                let wanted =
                    if field.required { !random.once_in(20) } else { depth < 8 && random.once_in(if depth < 3 { 2 } else { 3 }) };
                if wanted {
                    out.insert(field.name.clone(), value(&field.schema, types, random, depth + 1));
                }
            }
            match &object.rest {
                Rest::Of(rest) if random.once_in(3) => _ = out.insert(word(random), value(rest, types, random, depth + 1)),
                Rest::Open | Rest::Unsaid if random.once_in(12) => _ = out.insert(word(random), any(random)),
                _ => {}
            }
            Value::Object(out)
        }
        Shape::Union(branches) => value(random.pick(branches), types, random, depth),
        Shape::Named(name) => match types.get(name) {
            Some(target) if depth < 12 => value(target, types, random, depth + 1),
            _ => Value::Null,
        },
    };
    for rule in &schema.rules {
        follow(&rule.check, types, random, depth, &mut out);
    }
    out
}

/// Lays what one branch of a rule asks for over the value.
fn follow(check: &Check, types: &Types, random: &mut Random, depth: usize, out: &mut Value) {
    let branch = match check {
        Check::AnyOf(branches) | Check::OneOf(branches) => random.pick(branches),
        Check::AllOf(branches) => random.pick(branches),
        Check::If { condition, then, otherwise } => match (random.below(3), then, otherwise) {
            (0, Some(then), _) => {
                lay(value(condition, types, random, depth + 1), out);
                then
            }
            (1, _, Some(otherwise)) => otherwise,
            _ => return,
        },
        Check::Tuple { items, .. } if random.once_in(2) => {
            *out = Value::Array(items.iter().map(|item| value(item, types, random, depth + 1)).collect());
            return;
        }
        Check::Contains { item, .. } => {
            if let Value::Array(items) = out {
                items.push(value(item, types, random, depth + 1));
            }
            return;
        }
        Check::KeyPatterns(patterns) => {
            let (pattern, schema) = random.pick(patterns);
            let key = text(&Text { patterns: vec![pattern.clone()], ..Text::default() }, random);
            if let Value::Object(members) = out {
                members.insert(key, value(schema, types, random, depth + 1));
            }
            return;
        }
        Check::MultipleOf(of) => {
            if out.is_number() {
                *out = json!(of.as_f64().unwrap_or(1.0) * random.below(7) as f64);
            }
            return;
        }
        _ => return,
    };
    lay(value(branch, types, random, depth + 1), out);
}

fn lay(over: Value, out: &mut Value) {
    match (over, out) {
        (Value::Object(over), Value::Object(out)) => {
            for (key, value) in over {
                match out.get_mut(&key) {
                    Some(known) if known.is_object() => lay(value, known),
                    _ => _ = out.insert(key, value),
                }
            }
        }
        (over, out) if !over.is_object() => *out = over,
        _ => {}
    }
}

/// Changes one place.
pub(crate) fn change(document: &mut Value, words: &[String], random: &mut Random) {
    let count = places(document);
    let mut index = random.below(count);
    change_at(document, &mut index, words, random);
}

fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        _ => 0,
    }
}

fn change_at(value: &mut Value, index: &mut usize, words: &[String], random: &mut Random) -> bool {
    if *index == 0 {
        *value = changed(value, words, random);
        return true;
    }
    *index -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change_at(item, index, words, random)),
        Value::Object(members) => members.values_mut().any(|member| change_at(member, index, words, random)),
        _ => false,
    }
}

fn changed(value: &Value, words: &[String], random: &mut Random) -> Value {
    if random.once_in(5) {
        return any(random);
    }
    match value {
        Value::Null | Value::Bool(_) => any(random),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            let by = *random.pick(&[1.0, -1.0, 0.5, 10.0, -100.0, 1e6, -1e9]);
            whole(number + by)
        }
        Value::String(text) => {
            let mut chars: Vec<char> = text.chars().collect();
            match random.below(5) {
                0 => _ = chars.pop(),
                1 => chars.push(*random.pick(&['a', 'Z', '0', '-', '.', ' ', 'é', '/'])),
                2 => chars.clear(),
                3 => chars = chars.repeat(9),
                _ if !chars.is_empty() => {
                    let at = random.below(chars.len());
                    chars[at] = *random.pick(&['a', 'Z', '0', '-', '_', ':']);
                }
                _ => {}
            }
            Value::String(chars.into_iter().collect())
        }
        Value::Array(items) => {
            let mut items = items.clone();
            match random.below(4) {
                0 => items.clear(),
                1 => items.push(any(random)),
                _ if items.is_empty() => items.push(any(random)),
                2 => items.push(random.pick(&items).clone()),
                _ => _ = items.pop(),
            }
            Value::Array(items)
        }
        Value::Object(members) => {
            let mut members = members.clone();
            let keys: Vec<String> = members.keys().cloned().collect();
            match random.below(4) {
                0 => _ = members.insert(word(random), any(random)),
                1 if !words.is_empty() => _ = members.insert(random.pick(words).clone(), any(random)),
                _ if !keys.is_empty() => _ = members.shift_remove(random.pick(&keys)),
                _ => _ = members.insert(word(random), any(random)),
            }
            Value::Object(members)
        }
    }
}

fn any(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(7),
        4 => json!(1.5),
        5 => json!(-3),
        6 => json!(""),
        7 => json!("text"),
        8 => json!([]),
        9 => json!(["a", 1]),
        10 => json!({}),
        _ => json!({"a": "b"}),
    }
}

fn word(random: &mut Random) -> String {
    (*random.pick(&["a", "key", "x-y", "1", "", "other", "app.kubernetes.io/name", "UPPER"])).to_owned()
}

fn number(bounds: &Bounds, integer: bool, random: &mut Random) -> Value {
    let limit = |bound: &Option<generator::model::Bound>| bound.as_ref().and_then(|bound| bound.value.as_f64());
    let (min, max) = (limit(&bounds.min), limit(&bounds.max));
    let low = min.unwrap_or_else(|| max.map_or(-3.0, |max| max - 100.0));
    let high = max.unwrap_or(low + 100.0);
    let value = match random.below(5) {
        0 => low,
        1 => high,
        2 => low + 1.0,
        _ => low + (high - low) * (random.below(1000) as f64 / 1000.0),
    };
    whole(if integer { value.round() } else { value })
}

fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

fn count(size: Size, depth: usize, random: &mut Random) -> usize {
    let min = size.min.unwrap_or(0).min(20) as usize;
    let more = if depth > 8 { 0 } else { random.below(3) };
    (min + more).min(size.max.unwrap_or(20).min(20) as usize)
}

fn text(text: &Text, random: &mut Random) -> String {
    for _ in 0..4 {
        let out = match text.patterns.as_slice() {
            [] => plain(text, random),
            patterns => {
                let pattern = random.pick(patterns);
                let parsed = regex_syntax::ParserBuilder::new().build().parse(&pattern.source);
                let mut out = String::new();
                if let Ok(hir) = parsed {
                    sample(&hir, random, &mut out);
                }
                out
            }
        };
        let length = out.chars().count() as u64;
        if text.min.is_none_or(|min| length >= min) && text.max.is_none_or(|max| length <= max) {
            return out;
        }
    }
    plain(text, random)
}

fn plain(text: &Text, random: &mut Random) -> String {
    let word = match text.format.as_deref() {
        Some("ipv4") => "10.0.0.1",
        Some("ipv6") => "::1",
        Some("uri" | "uri-reference") => "https://example.com/x",
        Some("email" | "idn-email") => "a@example.com",
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("hostname") => "example.com",
        _ => *random.pick(&["", "a", "abc", "some-name", "1Gi", "10.0.0.0/8", "Été", "100m"]),
    };
    let min = text.min.unwrap_or(0).min(300) as usize;
    let max = text.max.unwrap_or(300).min(300) as usize;
    let mut out: String = word.chars().take(max).collect();
    while out.chars().count() < min {
        out.push('x');
    }
    out
}

/// A text that the expression matches, look-around left aside.
fn sample(hir: &Hir, random: &mut Random, out: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges: Vec<_> = class.ranges().to_vec();
            if !ranges.is_empty() {
                let range = random.pick(&ranges);
                let (start, end) = (range.start() as u32, range.end() as u32);
                let c = char::from_u32(start + random.below((end - start + 1).min(200) as usize) as u32).unwrap_or(range.start());
                out.push(c);
            }
        }
        HirKind::Class(Class::Bytes(_)) => {}
        HirKind::Repetition(repetition) => {
            let more = repetition.max.map_or(3, |max| (max - repetition.min).min(3)) as usize;
            for _ in 0..repetition.min as usize + random.below(more + 1) {
                sample(&repetition.sub, random, out);
            }
        }
        HirKind::Capture(capture) => sample(&capture.sub, random, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| sample(part, random, out)),
        HirKind::Alternation(branches) => sample(random.pick(branches), random, out),
    }
}
