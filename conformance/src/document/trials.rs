//! What is tried at a place: values at the edges of what its schema says, and beyond them.

use generator::model::{Bound, Bounds, Check, Object, Rest, Schema, Shape, Size, Text, Types};
use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::sample::text;
use crate::sample::{Fill, follow, lay, sample, whole};

/// Strings that readers of YAML, templates and shells mistake for something else.
pub(super) const ODD: &[&str] = &[
    "no",
    "y",
    "null",
    "~",
    "1_000",
    "1:20",
    "0x1F",
    "0o17",
    "014",
    "1e3",
    ".5",
    "+1",
    "1.0",
    "true",
    "2026-01-01",
    "a\nb\n",
    "trailing ",
    " leading",
    "it's: #1",
    "\"q\" \\ 'q'",
    "- a",
    "*a",
    "&b",
    "!x",
    "%T",
    "@c",
    "`d`",
    "|",
    ">",
    "{a: b}",
    "[a]",
    "=",
    "<<",
    "🦄 ünï",
    "\u{2028}",
    "\u{a0}",
    "tab\there",
    "\r\n",
    "{{ .Values.x }}",
    "${{ values.x }}",
    "{% raw %}",
    "${schema.spec}",
    "$(id)",
    "---",
];

/// A value to try in place of a good one.
pub(super) struct Trial {
    pub keyword: &'static str,
    pub what: String,
    /// `None`: nothing is there.
    pub value: Option<Value>,
}

/// What is tried at a place that holds `current`.
pub(super) fn trials(schema: &Schema, types: &Types, current: &Value, random: &mut Random) -> Vec<Trial> {
    let mut out = Out { trials: Vec::new() };
    out.with("required", "nothing", None);
    match &schema.shape {
        Shape::Integer(bounds) => limits(bounds, 1.0, &mut out),
        Shape::Number(bounds) => limits(bounds, 0.5, &mut out),
        Shape::Text(limits) => texts(limits, current, random, &mut out),
        Shape::Choice(values) => choices(values, &mut out),
        Shape::List(list) => {
            let more = |random: &mut Random| sample(&list.item, types, Fill::Least, random);
            items(list.size, list.unique, current, more, random, &mut out);
        }
        Shape::Map(map) => {
            let value = sample(&map.value, types, Fill::Least, random);
            entries(map.size, map.key.as_ref(), current, &value, random, &mut out);
        }
        Shape::Object(object) => members(object, current, types, random, &mut out),
        Shape::Union(branches) => {
            for branch in branches {
                out.value("union", "another alternative", sample(branch, types, Fill::Least, random));
            }
        }
        Shape::Anything => {
            for value in [json!("text"), json!(7), json!({"a": {"b": [1, null]}}), json!([1, "a"]), json!(false), json!(1.5)] {
                out.value("type", "anything", value);
            }
        }
        Shape::Nothing | Shape::Boolean | Shape::Named(_) => {}
    }
    other_types(schema, current, &mut out);
    for rule in &schema.rules {
        rules(&rule.check, schema, current, types, random, &mut out);
    }
    out.trials
}

struct Out {
    trials: Vec<Trial>,
}

impl Out {
    fn value(&mut self, keyword: &'static str, what: &str, value: Value) {
        self.with(keyword, what, Some(value));
    }

    fn with(&mut self, keyword: &'static str, what: &str, value: Option<Value>) {
        self.trials.push(Trial { keyword, what: what.to_owned(), value });
    }
}

/// A value of each JSON type, and the ones that are nearest to the right one.
fn other_types(schema: &Schema, current: &Value, out: &mut Out) {
    let keyword = match schema.shape {
        Shape::Choice(_) => "enum",
        Shape::Union(_) => "union",
        _ => "type",
    };
    let null = if schema.nullable { "nullable" } else { keyword };
    out.value(null, "null", Value::Null);
    let like = match current {
        Value::String(_) => vec![json!(7), json!(true), json!(["a"])],
        Value::Number(number) => vec![json!(number.to_string()), json!(true), json!([number])],
        Value::Bool(true) => vec![json!("true"), json!("yes"), json!(1)],
        Value::Bool(false) => vec![json!("false"), json!("no"), json!(0)],
        Value::Array(_) => vec![json!("text"), json!({"0": "a"})],
        Value::Object(_) => vec![json!("text"), json!([{"a": 1}])],
        Value::Null => vec![json!("null"), json!(0)],
    };
    for value in like {
        out.value(keyword, "another type", value);
    }
    let empty = match current {
        Value::String(_) => json!(""),
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
        _ => json!({}),
    };
    out.value(keyword, "empty", empty);
    if current.as_i64().is_some() {
        out.value(keyword, "a fraction", json!(1.5));
    }
}

fn limits(bounds: &Bounds, step: f64, out: &mut Out) {
    let mut limit = |bound: &Option<Bound>, keyword: &'static str, outwards: f64| {
        let Some(number) = bound.as_ref().and_then(|bound| bound.value.as_f64()) else { return };
        out.value(keyword, "the limit", whole(number));
        out.value(keyword, "beyond the limit", whole(number + outwards));
        out.value(keyword, "inside the limit", whole(number - outwards));
    };
    limit(&bounds.min, "minimum", -step);
    limit(&bounds.max, "maximum", step);
    if bounds.min.is_none() {
        out.value("minimum", "a negative number", json!(-7));
    }
    if bounds.max.is_none() {
        out.value("maximum", "a large number", json!(2_147_483_648_i64));
    }
}

fn texts(limits: &Text, current: &Value, random: &mut Random, out: &mut Out) {
    let good = current.as_str().unwrap_or("a");
    let mut length = |keyword: &'static str, what: &str, length: u64, random: &mut Random| {
        if length < 70_000 {
            out.trials.extend(text::of_length(limits, length, length, random).map(|text| Trial {
                keyword,
                what: what.to_owned(),
                value: Some(Value::String(text)),
            }));
        }
    };
    if let Some(min) = limits.min {
        length("minLength", "the shortest text", min, random);
        if min > 0 {
            length("minLength", "a text too short", min - 1, random);
        }
    }
    match limits.max {
        Some(max) => {
            length("maxLength", "the longest text", max, random);
            length("maxLength", "a text too long", max + 1, random);
            out.value("maxLength", "any text too long", json!("x".repeat(max.min(70_000) as usize + 1)));
            // Characters, not bytes.
            out.value("maxLength", "the longest text of wide characters", json!("ü".repeat(max.min(70_000) as usize)));
        }
        None => length("maxLength", "a huge text", 20_000, random),
    }
    if !limits.patterns.is_empty() {
        for text in text::mismatches(limits, good).into_iter().take(8) {
            out.value("pattern", "a text of another pattern", json!(text));
        }
        for _ in 0..3 {
            out.value("pattern", "a text of the pattern", json!(text::text(limits, random)));
        }
    }
    if let Some(format) = &limits.format {
        for text in ["not it", "1.2.3.4.5", "", "a@b", "http://x y"] {
            out.value("format", &format!("not {format}"), json!(text));
        }
    }
    // Each place takes some of the odd strings; all places together take all of them.
    for _ in 0..4 {
        out.trials.extend(random.pick(ODD).map(|odd| Trial {
            keyword: "text",
            what: "an odd string".to_owned(),
            value: Some(json!(odd)),
        }));
    }
}

fn choices(values: &[Value], out: &mut Out) {
    for value in values.iter().take(12) {
        out.value("enum", "a choice", value.clone());
    }
    out.value("enum", "no choice", json!("no-such-choice"));
    match values.first() {
        Some(Value::String(first)) => {
            out.value("enum", "a choice in another case", json!(first.to_uppercase()));
            out.value("enum", "a choice and a blank", json!(format!("{first} ")));
        }
        Some(Value::Number(first)) => {
            out.value("enum", "a choice as text", json!(first.to_string()));
            out.value("enum", "another number", json!(987_654));
        }
        _ => {}
    }
}

fn items(size: Size, unique: bool, current: &Value, more: impl Fn(&mut Random) -> Value, random: &mut Random, out: &mut Out) {
    let there = current.as_array().cloned().unwrap_or_default();
    let of = |count: u64, random: &mut Random| -> Option<Value> {
        let mut items: Vec<Value> = there.iter().take(count as usize).cloned().collect();
        for _ in 0..8 * count {
            let item = more(random);
            if (items.len() as u64) < count && !(unique && items.contains(&item)) {
                items.push(item);
            }
        }
        (items.len() as u64 == count).then_some(Value::Array(items))
    };
    if let Some(min) = size.min.filter(|min| *min <= 500) {
        out.trials.extend(of(min, random).map(|value| trial("minItems", "the fewest items", value)));
        if min > 0 {
            out.trials.extend(of(min - 1, random).map(|value| trial("minItems", "too few items", value)));
        }
    }
    match size.max.filter(|max| *max <= 500) {
        Some(max) => {
            out.trials.extend(of(max, random).map(|value| trial("maxItems", "the most items", value)));
            out.trials.extend(of(max + 1, random).map(|value| trial("maxItems", "too many items", value)));
        }
        None => out.trials.extend(of(20, random).map(|value| trial("maxItems", "many items", value))),
    }
    if let Some(item) = there.first().cloned().or_else(|| of(1, random)?.get(0).cloned()) {
        out.value("uniqueItems", "an item twice", json!([item.clone(), item]));
    }
    out.trials.extend(of(2, random).map(|value| trial("uniqueItems", "two items", value)));
}

fn entries(size: Size, key: Option<&Text>, current: &Value, value: &Value, random: &mut Random, out: &mut Out) {
    let there = current.as_object().cloned().unwrap_or_default();
    let of = |count: u64, random: &mut Random| {
        let mut entries: Map<String, Value> = there.clone().into_iter().take(count as usize).collect();
        for number in 0..8 * count {
            if (entries.len() as u64) < count {
                let name = key.map_or_else(|| format!("key{number}"), |key| text::text(key, random));
                entries.insert(name, value.clone());
            }
        }
        (entries.len() as u64 == count).then_some(Value::Object(entries))
    };
    for (limit, keyword, at, beyond) in [(size.min, "minProperties", 0, -1_i64), (size.max, "maxProperties", 0, 1)]
        .into_iter()
        .filter(|(limit, ..)| limit.is_some())
    {
        let limit = limit.unwrap_or_default() as i64;
        for (count, what) in [(limit + at, "as many entries as can be"), (limit + beyond, "a number of entries beyond the limit")]
        {
            if (0..=500).contains(&count) {
                out.trials.extend(of(count as u64, random).map(|value| trial(keyword, what, value)));
            }
        }
    }
    let names = match key {
        Some(key) => {
            let good = text::text(key, random);
            text::mismatches(key, &good).into_iter().take(4).collect()
        }
        None => vec!["a.b/c".to_owned(), "no".to_owned(), "1".to_owned(), "{{ x }}".to_owned(), "ü".to_owned(), String::new()],
    };
    for name in names {
        let entries: Map<String, Value> = [(name, value.clone())].into_iter().collect();
        out.value("propertyNames", "a key", Value::Object(entries));
    }
}

fn members(object: &Object, current: &Value, types: &Types, random: &mut Random, out: &mut Out) {
    let there = current.as_object().cloned().unwrap_or_default();
    for field in object.fields.iter().filter(|field| field.required && there.contains_key(&field.name)) {
        let mut without = there.clone();
        without.shift_remove(&field.name);
        out.value("required", &format!("no {}", field.name), Value::Object(without));
    }
    for (key, value) in [("unexpected", json!(1)), ("unexpected", json!("text")), ("x", json!({"y": 1}))] {
        let mut with = there.clone();
        with.insert(key.to_owned(), value);
        out.value("additionalProperties", "an extra key", Value::Object(with));
    }
    if let Rest::Of(rest) = &object.rest {
        let mut with = there.clone();
        with.insert("other".to_owned(), sample(rest, types, Fill::Least, random));
        out.value("additionalProperties", "an admitted key", Value::Object(with));
    }
    let everything: Map<String, Value> =
        object.fields.iter().map(|field| (field.name.clone(), sample(&field.schema, types, Fill::Least, random))).collect();
    out.value("maxProperties", "all fields", Value::Object(everything));
}

/// What follows a rule, and what is like it.
fn rules(check: &Check, schema: &Schema, current: &Value, types: &Types, random: &mut Random, out: &mut Out) {
    let keyword = generator::model::rule_keyword(check);
    for _ in 0..2 {
        let mut followed = current.clone();
        follow(check, schema, types, Fill::Most, random, 0, &mut followed);
        out.value(keyword, "what a branch asks for", followed);
    }
    for part in check.schemas() {
        let mut with = current.clone();
        lay(sample(part, types, Fill::Least, random), &mut with);
        out.value(keyword, "one part of the rule", with);
    }
    match check {
        Check::OneOf(branches) | Check::AnyOf(branches) => {
            let mut all = current.clone();
            branches.iter().for_each(|branch| lay(sample(branch, types, Fill::Most, random), &mut all));
            out.value(keyword, "all branches at once", all);
            let mut none = current.clone();
            if let Value::Object(members) = &mut none {
                for branch in branches {
                    let fields = branch.object().map_or(&[][..], |object| &object.fields);
                    fields.iter().for_each(|field| _ = members.shift_remove(&field.name));
                }
            }
            out.value(keyword, "no branch at all", none);
        }
        Check::If { condition, then, otherwise } => {
            let mut with = current.clone();
            lay(sample(condition, types, Fill::Least, random), &mut with);
            for part in [then, otherwise].into_iter().flatten() {
                if let (Value::Object(members), Some(object)) = (&mut with, part.object()) {
                    object.fields.iter().for_each(|field| _ = members.shift_remove(&field.name));
                }
            }
            out.value(keyword, "the condition without what follows", with);
        }
        Check::DependentRequired { key, needs } => {
            if let Value::Object(members) = current {
                let mut with = members.clone();
                with.entry(key.clone()).or_insert(json!("text"));
                needs.iter().for_each(|need| _ = with.shift_remove(need));
                out.value(keyword, "without what goes with it", Value::Object(with));
            }
        }
        Check::MultipleOf(step) => {
            let step = step.as_f64().unwrap_or(1.0);
            out.value(keyword, "a multiple", whole(step * 3.0));
            out.value(keyword, "between two multiples", whole(step * 3.5));
        }
        Check::Tuple { .. }
        | Check::AllOf(_)
        | Check::Not(_)
        | Check::DependentSchema { .. }
        | Check::Contains { .. }
        | Check::Keys(_)
        | Check::Cel(_)
        | Check::Opaque(_) => {}
        Check::KeyPatterns(patterns) => {
            for (pattern, inner) in patterns {
                let values = [json!("not it!"), json!(7), json!(""), json!({"a": 1}), sample(inner, types, Fill::Least, random)];
                let key = text::matching(&pattern.source, random);
                for value in values {
                    let mut with = current.as_object().cloned().unwrap_or_default();
                    with.insert(key.clone(), value);
                    out.value(keyword, "a value of a key that a pattern names", Value::Object(with));
                }
            }
        }
    }
    for _ in 0..4 {
        let mut changed = current.clone();
        change(&mut changed, random);
        out.value(keyword, "something changed", changed);
    }
}

fn trial(keyword: &'static str, what: &str, value: Value) -> Trial {
    Trial { keyword, what: what.to_owned(), value: Some(value) }
}

/// Changes one place of a document, whatever it means.
pub(super) fn change(document: &mut Value, random: &mut Random) {
    let pointers = crate::place::pointers(document);
    let Some(pointer) = random.pick(&pointers).cloned() else { return };
    let Some(current) = document.pointer(&pointer).cloned() else { return };
    let changed = match (random.below(4), current) {
        (0, _) => return crate::place::remove(document, &pointer),
        (1, _) => random.pick(&[json!(0), json!(""), json!([]), json!({}), json!("text"), json!(true), json!(-1)]).cloned(),
        (_, Value::Number(number)) => {
            let by = random.pick(&[1.0, -1.0, 100.0, -1000.0, 0.5]).copied().unwrap_or(1.0);
            Some(whole(number.as_f64().unwrap_or_default() + by))
        }
        (_, Value::String(text)) => {
            let odd = random.pick(ODD).copied().unwrap_or("no");
            random.pick(&[format!("{text}x"), text.repeat(9), odd.to_owned(), text.to_uppercase()]).map(|text| json!(text))
        }
        (_, Value::Bool(value)) => Some(json!(!value)),
        (_, Value::Array(mut items)) => {
            items.extend(items.first().cloned());
            Some(Value::Array(items))
        }
        (_, Value::Object(mut members)) => {
            let key = random.pick(&["unexpected", "name", "enabled", "0"]).copied().unwrap_or("x");
            members.insert(key.to_owned(), json!("text"));
            Some(Value::Object(members))
        }
        (_, Value::Null) => Some(json!("text")),
    };
    if let (Some(changed), Some(there)) = (changed, document.pointer_mut(&pointer)) {
        *there = changed;
    }
}
