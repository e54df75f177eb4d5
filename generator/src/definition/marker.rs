//! SimpleSchema's markers: one encoder, and the one spelling of defaults that KRO and the API server agree on.

use manifest::valid::is_carried;
use serde_json::{Number, Value};

/// `key="text"`, as KRO's tokenizer reads it (kubernetes-sigs/kro, `pkg/simpleschema/markers.go`).
pub(super) fn marker(key: &str, text: &str) -> String {
    format!("{key}=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A type with its markers.
pub(super) fn line(kind: &str, markers: &[String]) -> String {
    match markers {
        [] => kind.to_owned(),
        markers => format!("{kind} | {}", markers.join(" ")),
    }
}

/// The text of a `default` marker: a string's body, or JSON.
///
/// KRO compares defaults byte by byte with what the API server stored, so it has to be the spelling of Go's encoder: sorted keys,
/// `<`, `>`, `&` escaped, no `1.0`. Another one makes KRO patch the CRD, in the worst case without end.
pub(super) fn default(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::String(text) => body(text, &mut out),
        value => json(value, &mut out),
    }
    out
}

fn json(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(value) => out.push_str(&number(value)),
        Value::String(text) => {
            out.push('"');
            body(text, out);
            out.push('"');
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                json(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "{\"" } else { ",\"" });
                body(key, out);
                out.push_str("\":");
                json(value, out);
            }
            out.push_str(if entries.is_empty() { "{}" } else { "}" });
        }
    }
}

fn body(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escape(c, out),
            // These would break the definition; escaped, KRO patches the CRD once more, without effect.
            '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escape(c, out),
            c => out.push(c),
        }
    }
}

fn escape(c: char, out: &mut String) {
    out.push_str(&format!("\\u{:04x}", u32::from(c)));
}

/// A number as Go's encoder spells it.
pub(super) fn number(value: &Number) -> String {
    if let Some(whole) = value.as_i64() {
        return whole.to_string();
    }
    let float = value.as_f64().unwrap_or_default();
    let size = float.abs();
    if float == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        format!("{float}")
    } else {
        // Rust's `1e300` is Go's `1e+300`.
        let text = format!("{float:e}");
        if text.contains("e-") { text } else { text.replace('e', "e+") }
    }
}

/// Whether KRO can say the value in an `enum` marker, and finds it again unchanged.
pub(super) fn in_enum(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            !text.is_empty()
                && text.trim() == text
                && text.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, ',' | '<' | '>' | '&'))
        }
        value => value.is_i64(),
    }
}

/// A description in one line, without the characters that KRO's YAML decoder refuses.
pub(super) fn prose(text: &str) -> String {
    let clean: String = text.chars().map(|c| if is_carried(c.encode_utf8(&mut [0; 4])) { c } else { ' ' }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}
