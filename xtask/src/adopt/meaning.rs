//! What values mean to a chart.

use manifest::pointer::escape;
use serde_json::Value;

/// Whether two values mean the same to a chart: a member that is `null` is none.
pub(super) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    a.map(without_nulls) == b.map(without_nulls)
}

/// The places at which two charts' values mean something else.
pub(crate) fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let mut out = Vec::new();
    differ("", &without_nulls(theirs), &without_nulls(ours), &mut out);
    out
}

fn differ(at: &str, theirs: &Value, ours: &Value, out: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let at = format!("{at}/{}", escape(key));
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differ(&at, a, b, out),
                    (Some(_), None) | (None, Some(_)) | (None, None) => out.push(at),
                }
            }
        }
        _ if theirs != ours => out.push(at.to_owned()),
        _ => {}
    }
}

/// A value without the members that are `null`.
pub(super) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let there = members.iter().filter(|(_, member)| !member.is_null());
            Value::Object(there.map(|(key, member)| (key.clone(), without_nulls(member))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        _ => value.clone(),
    }
}
