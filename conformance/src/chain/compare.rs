//! Whether what has come through holds what was put in.

use serde_json::Value;

/// The first place whose value isn't in other values, with both. Where nothing is said, a default may be; a list or an object that is
/// empty says nothing.
pub(super) fn drops(part: &Value, whole: &Value) -> Option<String> {
    first(part, whole, "", &|value| match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        other => other.is_null(),
    })
}

/// The first place of what a chart renders that isn't in the object of the API server, with both values. The server fills in, leaves away
/// what is empty, and writes quantities in its own way.
pub(super) fn lacks(rendered: &Value, live: &Value) -> Option<String> {
    first(rendered, live, "", &is_empty)
}

fn first(part: &Value, whole: &Value, at: &str, nothing: &dyn Fn(&Value) -> bool) -> Option<String> {
    match (part, whole) {
        (Value::Null, _) => None,
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().filter(|(_, value)| !nothing(value)).find_map(|(key, value)| {
                let at = format!("{at}/{}", manifest::pointer::escape(key));
                first(value, whole.get(key).unwrap_or(&Value::Null), &at, nothing)
            })
        }
        (Value::Array(part), Value::Array(whole)) if part.len() == whole.len() => {
            let both = part.iter().zip(whole).enumerate();
            both.map(|(index, (part, whole))| first(part, whole, &format!("{at}/{index}"), nothing)).find_map(|found| found)
        }
        (part, whole) => (!same(part, whole, at)).then(|| format!("{at} is {whole}, not {part}")),
    }
}

/// How many texts and numbers a document has, and where those are that stand in none of the objects: what only chooses something, as a
/// method of a backup, needn't stand anywhere.
pub(super) fn unseen(document: &Value, objects: &[Value]) -> (usize, Vec<String>) {
    let mut texts = Vec::new();
    objects.iter().for_each(|object| leaves(object, &mut texts));
    let seen = |value: &Value| match value {
        Value::String(text) => texts.iter().any(|known| known.contains(text.as_str())),
        other => texts.contains(&other.to_string()),
    };
    let said = |value: &Value| value.is_number() || value.as_str().is_some_and(|text| !text.is_empty());
    let all: Vec<(String, &Value)> = crate::place::pointers(document)
        .into_iter()
        .filter_map(|pointer| document.pointer(&pointer).filter(|value| said(value)).map(|value| (pointer, value)))
        .collect();
    let unseen = all.iter().filter(|(_, value)| !seen(value)).map(|(pointer, _)| pointer.clone()).collect();
    (all.len(), unseen)
}

/// Keys, texts and numbers.
fn leaves(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            out.push(key.clone());
            leaves(value, out);
        }),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::String(text) => out.push(text.clone()),
        other => out.push(other.to_string()),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        other => other.is_null(),
    }
}

/// Fields that hold quantities, which are written anew; everywhere else `010` isn't `10`.
const QUANTITIES: &[&str] = &["averageValue", "default", "defaultRequest", "divisor", "hard", "limits", "requests", "sizeLimit"];

fn same(one: &Value, other: &Value, at: &str) -> bool {
    if one == other {
        return true;
    }
    let is_quantity = at.split('/').any(|step| QUANTITIES.contains(&step));
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str().filter(|_| is_quantity).and_then(quantity));
    number(one).zip(number(other)).is_some_and(|(one, other)| (one - other).abs() <= one.abs() * 1e-12)
}

/// `1500m` and `1.5`, `1Gi` and `1024Mi` are the same quantity.
fn quantity(text: &str) -> Option<f64> {
    const UNITS: &[(&str, f64)] = &[
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("m", 0.001),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("", 1.0),
    ];
    UNITS.iter().find_map(|(unit, factor)| {
        let digits = text.strip_suffix(unit)?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        digits.parse::<f64>().ok().filter(|_| plain).map(|number| number * factor)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_adds_is_no_difference() {
        let rendered = json!({"spec": {"limits": {"cpu": "1.5"}, "ports": [{"port": 80}], "none": {}, "nothing": null}});
        let live = json!({"spec": {"limits": {"cpu": "1500m"}, "ports": [{"port": 80, "protocol": "TCP"}], "policy": "Always"}});
        assert_eq!(lacks(&rendered, &live), None);
    }

    #[test]
    fn an_empty_text_is_a_value() {
        assert_eq!(drops(&json!({"a": "", "b": []}), &json!({"c": 1})).unwrap(), "/a is null, not \"\"");
        assert_eq!(drops(&json!({"a": "", "b": {}}), &json!({"a": ""})), None);
    }

    #[test]
    fn what_is_lost_or_changed_is_said() {
        let said = |rendered: Value, live: Value| lacks(&rendered, &live).unwrap();
        assert_eq!(said(json!({"a": {"b": 3}}), json!({"a": {"b": 2}})), "/a/b is 2, not 3");
        assert_eq!(said(json!({"a": "x"}), json!({})), "/a is null, not \"x\"");
        assert_eq!(said(json!({"a": ["x"]}), json!({"a": ["x", "y"]})), "/a is [\"x\",\"y\"], not [\"x\"]");
        assert_eq!(said(json!({"hard": "1Gi"}), json!({"hard": "1G"})), "/hard is \"1G\", not \"1Gi\"");
        assert_eq!(said(json!({"a": "010"}), json!({"a": "10"})), "/a is \"10\", not \"010\"");
        assert_eq!(said(json!({"a": false}), json!({})), "/a is null, not false");
    }
}
