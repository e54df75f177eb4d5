//! Pointers of a document (RFC 6901).

use manifest::pointer::unescape;
use serde_json::Value;

/// The pointer of what holds this, and the last step, unescaped.
pub(crate) fn split(pointer: &str) -> Option<(&str, String)> {
    pointer.rsplit_once('/').map(|(parent, step)| (parent, unescape(step)))
}

/// Takes out what stands at a pointer.
pub(crate) fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, step)) = split(pointer) else { return };
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => _ = members.shift_remove(&step),
        Some(Value::Array(items)) => {
            if let Some(index) = step.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// All pointers of a document, the deepest last, without the root.
pub(crate) fn pointers(document: &Value) -> Vec<String> {
    let mut out = Vec::new();
    collect(document, "", &mut out);
    out
}

fn collect(value: &Value, at: &str, out: &mut Vec<String>) {
    let mut below = |step: &str, value: &Value| {
        let pointer = format!("{at}/{}", manifest::pointer::escape(step));
        out.push(pointer.clone());
        collect(value, &pointer, out);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| below(&index.to_string(), item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_removed_is_gone() {
        let mut document = json!({"a/b": [1, 2], "c": 3});
        assert_eq!(pointers(&document), ["/a~1b", "/a~1b/0", "/a~1b/1", "/c"]);
        remove(&mut document, "/a~1b/0");
        remove(&mut document, "/c");
        remove(&mut document, "/d/e");
        assert_eq!(document, json!({"a/b": [2]}));
    }
}
