//! Where a JSON pointer's place stands in a text: what diagnostics underline.
//!
//! Readers give values without places, and a place is only for people's eyes: where the text is written in a way that isn't
//! followed here (a flow collection, an anchor), the nearest place above is the answer.

use generator::Span;
use manifest::pointer::unescape;

/// The key or item of a JSON text.
pub(crate) fn json(text: &str, pointer: &str) -> Span {
    let mut best = start_of(text);
    let mut at = best.start;
    for step in steps(pointer) {
        let Some((key, value)) = json_step(text, at, &step) else { break };
        best = key;
        at = value;
    }
    best
}

/// The key or item of a YAML text in block style.
pub(crate) fn yaml(text: &str, pointer: &str) -> Span {
    let mut lines: Vec<Line<'_>> = lines(text);
    let mut best = lines.first().map_or(Span::default(), |line| line.token());
    for step in steps(pointer) {
        let Some((found, inner)) = yaml_step(&lines, &step) else { break };
        best = found;
        lines = inner;
    }
    best
}

/// The pointer's steps, unescaped.
fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(unescape).collect()
}

fn start_of(text: &str) -> Span {
    let start = text.len() - text.trim_start().len();
    Span { start, end: (start + 1).min(text.len()) }
}

/// The key's span and the value's start of one member or item of the collection that begins at `at`.
fn json_step(text: &str, at: usize, step: &str) -> Option<(Span, usize)> {
    let object = text[at..].starts_with('{');
    if !object && !text[at..].starts_with('[') {
        return None;
    }
    let mut at = blank(text, at + 1);
    for number in 0.. {
        if at >= text.len() || text[at..].starts_with(['}', ']']) {
            return None;
        }
        let (start, end) = (at, json_end(text, at));
        let mut found = number.to_string() == step;
        if object {
            found = serde_json::from_str::<String>(text.get(start..end)?).ok()? == step;
            at = blank(text, end);
            at = blank(text, at + usize::from(text[at..].starts_with(':')));
        }
        if found {
            return Some((Span { start, end }, at));
        }
        at = blank(text, json_end(text, at));
        at = blank(text, at + usize::from(text[at..].starts_with(',')));
    }
    None
}

fn blank(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start().len()
}

/// The end of the value that begins at `at`; always after it.
fn json_end(text: &str, at: usize) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (offset, c) in text[at..].char_indices() {
        let end = at + offset;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => {
                quoted = !quoted;
                if !quoted && depth == 0 {
                    return end + 1;
                }
            }
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' | ',' | ':' if depth == 0 => return end.max(at + c.len_utf8()),
            '}' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return end + 1;
                }
            }
            _ if depth == 0 && c.is_whitespace() => return end.max(at + c.len_utf8()),
            _ => {}
        }
    }
    text.len()
}

/// A line that says something, without its indentation.
#[derive(Clone, Copy)]
struct Line<'a> {
    indent: usize,
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn token(&self) -> Span {
        Span { start: self.start, end: self.start + self.text.len() }
    }

    /// What follows `- `, as a line of its own.
    fn item(&self) -> Option<Line<'a>> {
        let rest = self.text.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' '))?;
        let text = rest.trim_start();
        let skipped = self.text.len() - text.len();
        Some(Line { indent: self.indent + skipped, start: self.start + skipped, text })
    }

    /// The key's length, quotes and all, if the line begins with `key:`.
    fn key(&self, key: &str) -> Option<usize> {
        let forms = [key.to_owned(), format!("\"{key}\""), format!("'{key}'")];
        let follows = |form: &String| {
            let rest = self.text.strip_prefix(form.as_str())?.trim_start();
            let rest = rest.strip_prefix(':')?;
            (rest.is_empty() || rest.starts_with(' ')).then_some(form.len())
        };
        forms.iter().find_map(follows)
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let content = line.trim_start();
        if !content.is_empty() && !content.starts_with('#') && line != "---" && !line.starts_with('%') {
            let indent = line.len() - content.len();
            out.push(Line { indent, start: start + indent, text: content });
        }
        start += whole.len();
    }
    out
}

/// The place of one step and the lines below it.
fn yaml_step<'a>(lines: &[Line<'a>], step: &str) -> Option<(Span, Vec<Line<'a>>)> {
    let indent = lines.first()?.indent;
    let level: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].indent == indent).collect();
    let items: Vec<usize> = level.iter().copied().filter(|at| lines[*at].item().is_some()).collect();
    // A list may stand as far left as the key that it belongs to.
    if items.first() != Some(&0) {
        let (at, length) = level.iter().find_map(|at| Some((*at, lines[*at].key(step)?)))?;
        let line = lines[at];
        let below = |line: &&Line<'_>| line.indent > indent || (line.indent == indent && line.item().is_some());
        let inner = lines[at + 1..].iter().take_while(below).copied().collect();
        return Some((Span { start: line.start, end: line.start + length }, inner));
    }
    let at = *items.get(step.parse::<usize>().ok()?)?;
    let first = lines[at].item()?;
    let mut inner: Vec<Line<'a>> = lines[at + 1..].iter().take_while(|line| line.indent > indent).copied().collect();
    if !first.text.is_empty() {
        inner.insert(0, first);
    }
    let token = if first.text.is_empty() { lines[at].token() } else { first.token() };
    Some((token, inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, span: Span) -> &str {
        &text[span.start..span.end]
    }

    #[test]
    fn json_places() {
        let text = r#" { "a,\"}": [1, {"b": "x"}], "c/d": { "e": true } }"#;
        assert_eq!(at(text, json(text, "/a,\"}/1/b")), "\"b\"");
        assert_eq!(at(text, json(text, "/a,\"}/0")), "1");
        assert_eq!(at(text, json(text, "/c~1d/e")), "\"e\"");
        assert_eq!(at(text, json(text, "/c~1d/missing")), "\"c/d\"");
        assert_eq!(at(text, json(text, "")), "{");
        for broken in ["", "{", "{\"a\"", "[", "{\"a\":", "\"", "{a", "{\u{e9}", "[[[["] {
            json(broken, "/a/0/b");
        }
    }

    #[test]
    fn yaml_places() {
        let text = "# c\na:\n  - b: 1\n    c: 2\n  - \"d\": 3\nitems:\n- x\n- y: { z: 1 }\ne:\n  text: |\n    a: no\n";
        assert_eq!(at(text, yaml(text, "/a/0/c")), "c");
        assert_eq!(at(text, yaml(text, "/a/1/d")), "\"d\"");
        assert_eq!(at(text, yaml(text, "/items/0")), "x");
        assert_eq!(at(text, yaml(text, "/items/1/y/z")), "y");
        assert_eq!(at(text, yaml(text, "/e/text")), "text");
        assert_eq!(at(text, yaml(text, "")), "a:");
        assert_eq!(yaml("", "/a"), Span::default());
    }
}
