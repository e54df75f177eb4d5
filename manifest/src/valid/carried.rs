//! Characters that no release can have, whatever its schema says.
//!
//! KRO applies what it makes as YAML, whose decoder in the API server refuses some characters (go.yaml.in/yaml, `readerc.go`: those
//! that YAML 1.1 calls not printable) and makes a blank of U+0085: such a release would be admitted, and never be made as written.

use serde_json::Value;

use crate::pointer::escape;

/// Whether a text reaches the chart as it is.
#[must_use]
pub fn is_carried(text: &str) -> bool {
    text.chars().all(carried)
}

fn carried(c: char) -> bool {
    !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// The places of a document, as JSON pointers, whose text or key has a character that isn't carried, and the character.
#[must_use]
pub fn uncarried(document: &Value) -> Vec<(String, char)> {
    let mut out = Vec::new();
    collect(document, &mut String::new(), &mut out);
    out
}

fn collect(value: &Value, pointer: &mut String, out: &mut Vec<(String, char)>) {
    let length = pointer.len();
    let mut within = |step: &str, text: Option<&str>, value: Option<&Value>| {
        pointer.push('/');
        pointer.push_str(&escape(step));
        out.extend(text.and_then(first).map(|c| (pointer.clone(), c)));
        if let Some(value) = value {
            collect(value, pointer, out);
        }
        pointer.truncate(length);
    };
    match value {
        Value::String(text) => out.extend(first(text).map(|c| (pointer.clone(), c))),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| within(&index.to_string(), None, Some(item))),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| within(key, Some(key), Some(value))),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn first(text: &str) -> Option<char> {
    text.chars().find(|c| !carried(*c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::uncarried;

    #[test]
    fn texts_and_keys_are_found_where_they_stand() {
        let document = json!({ "a/b": ["fine \u{a0}\u{2028}", "x\u{85}"], "k\u{7f}": { "in": "\u{ffff}" }, "n": 1 });
        let want = [("/a~1b/1", '\u{85}'), ("/k\u{7f}", '\u{7f}'), ("/k\u{7f}/in", '\u{ffff}')];
        assert_eq!(uncarried(&document), want.map(|(pointer, c)| (pointer.to_owned(), c)));
    }
}
