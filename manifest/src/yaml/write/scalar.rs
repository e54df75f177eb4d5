//! Scalars that YAML 1.1 and YAML 1.2 readers read alike.

use serde_json::{Number, Value};

/// A scalar, or an empty mapping or sequence, on one line.
pub(super) fn inline(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => quotable(out, text),
        Value::Number(value) => out.push_str(&number(value)),
        other => out.push_str(&other.to_string()),
    }
}

/// A string on one line: plain if it is safe, otherwise in double quotes.
pub(super) fn quotable(out: &mut String, text: &str) {
    if is_plain(text) { out.push_str(text) } else { quoted(out, text) }
}

/// The header and the text of a literal block, if `text` has several lines and survives as one.
///
/// Not so: a first line that is blank or indented (its indentation would count), blanks at the end of a line (people's editors
/// remove them), and several line breaks at the end (`|+`, which swallows what follows).
pub(super) fn literal(text: &str) -> Option<(&'static str, &str)> {
    let (head, content) = match text.strip_suffix('\n') {
        Some(content) => ("|", content),
        None => ("|-", text),
    };
    let safe = text.contains('\n')
        && !content.is_empty()
        && !content.ends_with('\n')
        && !content.starts_with([' ', '\t', '\n'])
        && content.chars().all(|c| is_printable(c) || c == '\n' || c == '\t')
        && content.split('\n').all(|line| !line.ends_with([' ', '\t']) && !line.starts_with('\t'));
    safe.then_some((head, content))
}

/// Both versions of YAML admit the character as it is, and neither takes it for the end of a line.
pub(super) fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Integers as they are; floats as YAML 1.1 wants them, with a point and a signed exponent: `1.0e+21`.
fn number(number: &Number) -> String {
    let text = number.to_string();
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return text;
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// Plain in both versions: begins with a letter or a slash, has nothing that means something, and is no word of YAML's.
///
/// What begins with a letter is never a number, a date or a number of base 60.
fn is_plain(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '@' | '-' | ' ');
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(known)
        && !text.ends_with(' ')
        && !text.contains("  ")
        && !is_reserved(text)
}

/// Words that some reader takes for a boolean, for null or for a number.
fn is_reserved(text: &str) -> bool {
    const WORDS: &[&str] =
        &["y", "n", "yes", "no", "on", "off", "true", "false", "t", "f", "null", "nil", "none", "nan", "inf", "infinity"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// In double quotes, with JSON's escapes for all that is not printable.
fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    out.push('"');
}
