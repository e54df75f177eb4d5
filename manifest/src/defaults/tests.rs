use super::*;
use crate::random::{Random, for_seeds};
use serde_json::json;

/// Defaults written as JSON: `{"root": {"fields": {…}}}`.
fn defaults(json: Value) -> Defaults {
    serde_json::from_value(json).unwrap()
}

fn fields(json: Value) -> Defaults {
    defaults(json!({"root": {"fields": json}}))
}

#[test]
fn a_missing_field_takes_its_default_and_what_was_written_wins() {
    let defaults = fields(json!({"replicas": {"default": 1}, "tls": {"default": true}, "host": {}}));
    assert_eq!(defaults.effective(&json!({})), json!({"replicas": 1, "tls": true}));
    assert_eq!(
        defaults.effective(&json!({"replicas": 0, "tls": null, "host": "x"})),
        json!({"replicas": 0, "tls": null, "host": "x"})
    );
}

#[test]
fn an_object_appears_if_it_is_complete_by_defaults_alone() {
    let inner = |required: Value| {
        fields(json!({"a": {"required": required, "fields": {"b": {"fields": {"c": {"default": 1}}}, "d": {}}}}))
    };
    assert_eq!(inner(json!([])).effective(&json!({})), json!({"a": {"b": {"c": 1}}}));
    assert_eq!(inner(json!(["b"])).effective(&json!({})), json!({"a": {"b": {"c": 1}}}));
    for missing in ["d", "unknown"] {
        assert_eq!(inner(json!([missing])).effective(&json!({})), json!({}));
        // Once it is there, it is completed as far as possible.
        assert_eq!(inner(json!([missing])).effective(&json!({"a": {}})), json!({"a": {"b": {"c": 1}}}));
    }
    // Nothing has a default: no empty objects.
    assert_eq!(fields(json!({"a": {"fields": {"b": {}}}})).effective(&json!({})), json!({}));
}

#[test]
fn an_incomplete_object_keeps_its_parent_away_only_if_it_is_required() {
    let parent = |required: Value| {
        fields(json!({"a": {"required": required, "fields": {
            "x": {"default": 1},
            "inner": {"required": ["y"], "fields": {"y": {}, "z": {"default": 2}}},
        }}}))
    };
    assert_eq!(parent(json!([])).effective(&json!({})), json!({"a": {"x": 1}}));
    assert_eq!(parent(json!(["inner"])).effective(&json!({})), json!({}));
}

#[test]
fn a_default_of_null_is_a_default() {
    let defaults = fields(json!({"a": {"default": null}, "b": {}}));
    assert_eq!(defaults.effective(&json!({})), json!({"a": null}));
    let text = serde_json::to_string(&defaults).unwrap();
    assert_eq!(text, r#"{"root":{"fields":{"a":{"default":null},"b":{}}}}"#);
    assert_eq!(serde_json::from_str::<Defaults>(&text).unwrap(), defaults);
}

#[test]
fn a_default_is_itself_completed() {
    let inner = json!({"x": {"default": 1}, "y": {"default": 2}});
    let defaults = fields(json!({
        "object": {"default": {"x": 9}, "required": ["z"], "fields": inner},
        "list": {"default": [{}, {"y": 0}], "items": {"fields": inner}},
    }));
    let expected = json!({"object": {"x": 9, "y": 2}, "list": [{"x": 1, "y": 2}, {"x": 1, "y": 0}]});
    assert_eq!(defaults.effective(&json!({})), expected);
}

#[test]
fn items_and_values_of_maps_are_completed() {
    let item = json!({"fields": {"size": {"default": 1}}});
    let defaults = fields(json!({"disks": {"items": item}, "users": {"rest": item}, "pools": {"rest": {"items": item}}}));
    assert_eq!(defaults.effective(&json!({})), json!({}));
    assert_eq!(
        defaults
            .effective(&json!({"disks": [{}, null, 7, {"size": 2}], "users": {"bob": {}, "eve": null}, "pools": {"a": [{}]}})),
        json!({"disks": [{"size": 1}, null, 7, {"size": 2}], "users": {"bob": {"size": 1}, "eve": null}, "pools": {"a": [{"size": 1}]}})
    );
}

#[test]
fn another_type_than_expected_is_left_alone() {
    let defaults = fields(json!({"a": {"fields": {"b": {"default": 1}}}, "c": {"items": {"fields": {"b": {"default": 1}}}}}));
    for raw in [json!(null), json!(7), json!("x"), json!([]), json!([{}])] {
        assert_eq!(defaults.effective(&raw), raw);
        let inside = json!({"a": raw, "c": 5});
        assert_eq!(defaults.effective(&inside), inside);
    }
}

#[test]
fn fields_come_in_the_schema_s_order_and_others_as_written() {
    let defaults = fields(json!({"b": {"default": 1}, "a": {}, "c": {"default": 2}}));
    let effective = defaults.effective(&json!({"z": 0, "c": 3, "y": 0, "a": 4}));
    assert_eq!(effective.to_string(), r#"{"b":1,"a":4,"c":3,"z":0,"y":0}"#);
}

#[test]
fn named_types_are_used_where_they_are_named() {
    let defaults = defaults(json!({
        "root": {"fields": {
            "cpu": {"named": "Quantity", "default": {"unit": "m"}},
            "memory": {"named": "Alias"},
            "unknown": {"named": "Nothing"},
        }},
        "types": {
            "Alias": {"named": "Quantity"},
            "Quantity": {"fields": {"value": {"default": 1}, "unit": {"default": "G"}}},
        },
    }));
    let expected = json!({"cpu": {"value": 1, "unit": "m"}, "memory": {"value": 1, "unit": "G"}});
    assert_eq!(defaults.effective(&json!({})), expected);
}

#[test]
fn a_type_that_would_hold_itself_without_end_does_not_appear() {
    let recursive = |next: Value| {
        let tree = json!({"fields": {"depth": {"default": 1}, "next": next}});
        defaults(json!({"root": {"fields": {"tree": {"named": "Tree"}}}, "types": {"Tree": tree, "Loop": {"named": "Loop"}}}))
    };
    for endless in
        [json!({"named": "Tree"}), json!({"named": "Tree", "default": {}}), json!({"named": "Tree", "default": {"next": {}}})]
    {
        let endless = recursive(endless);
        assert_eq!(endless.effective(&json!({})), json!({}));
        // What was written ends somewhere.
        assert_eq!(
            endless.effective(&json!({"tree": {"next": {"next": {"depth": 5}}}})),
            json!({"tree": {"depth": 1, "next": {"depth": 1, "next": {"depth": 5}}}})
        );
    }
    // A list of itself is empty by default, so it ends.
    let list = recursive(json!({"items": {"named": "Tree"}}));
    assert_eq!(list.effective(&json!({})), json!({"tree": {"depth": 1}}));
    assert_eq!(list.effective(&json!({"tree": {"next": [{}]}})), json!({"tree": {"depth": 1, "next": [{"depth": 1}]}}));
    // A name of itself.
    assert_eq!(recursive(json!({"named": "Loop"})).effective(&json!({})), json!({"tree": {"depth": 1}}));
}

/// For any defaults and any document: it ends, it keeps what was written, and a second time changes nothing.
#[test]
fn a_default_that_would_hold_itself_without_end_is_not_laid() {
    let node = json!({"fields": {"a": {"default": {"must": {}}, "fields": {"must": {"named": "Values"}}}}});
    let defaults = defaults(json!({"root": {"named": "Values"}, "types": {"Values": node}}));
    assert_eq!(defaults.effective(&json!({})), json!({}));
    assert_eq!(defaults.effective(&json!({"a": {"must": {}}})), json!({"a": {"must": {}}}));
}

#[test]
fn effective_is_finite_faithful_and_idempotent() {
    for_seeds(3000, |random| {
        let defaults =
            Defaults { root: node(random, 4), types: ["S", "T"].map(|name| (name.to_owned(), node(random, 3))).into() };
        let raw = value(random, 4);
        let once = defaults.effective(&raw);
        if !holds(&once, &raw) {
            return Err(format!("{raw} lost something in {once}"));
        }
        let twice = defaults.effective(&once);
        if twice != once {
            return Err(format!("{defaults:?}\n{raw}\n{once}\n{twice}"));
        }
        Ok(())
    });
}

/// `whole` has all that `part` has, in the same places.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| holds(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| holds(whole, part))
        }
        _ => whole == part,
    }
}

const KEYS: [&str; 3] = ["a", "b", "c"];

fn node(random: &mut Random, depth: usize) -> Node {
    let mut made = Node { default: random.once_in(4).then(|| value(random, 2)), ..Node::default() };
    if depth == 0 {
        return made;
    }
    match random.below(6) {
        0 => made.named = Some(random.pick(&["S", "T"]).to_owned()),
        1 => made.items = Some(Box::new(node(random, depth - 1))),
        2 => made.rest = Some(Box::new(node(random, depth - 1))),
        _ => {
            let keys: Vec<&str> = KEYS.into_iter().filter(|_| random.once_in(2)).collect();
            made.required = keys.iter().filter(|_| random.once_in(4)).map(|&key| key.to_owned()).collect();
            made.fields = keys.into_iter().map(|key| (key.to_owned(), node(random, depth - 1))).collect();
        }
    }
    made
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 3 } else { 7 }) {
        0 => Value::Null,
        1 => json!(random.below(9)),
        2 => json!({}),
        3 => (0..random.below(3)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let keys: Vec<&str> = KEYS.into_iter().filter(|_| random.once_in(2)).collect();
            let entry = |key: &str| (key.to_owned(), value(random, depth - 1));
            keys.into_iter().map(entry).collect()
        }
    }
}
