//! The writer: block style, two blanks a level, in quotes every string that some reader might take for something else.

mod scalar;

use serde_json::Value;

use scalar::{inline, literal, quotable};

/// A document with comments and entries that are switched off, as `values.yaml` has them.
#[derive(Clone, Debug, PartialEq)]
pub enum Doc {
    /// Any value, without comments.
    Value(Value),
    /// A mapping, in this order.
    Map(Vec<Entry>),
    /// A sequence.
    List(Vec<Doc>),
}

/// One entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Lines above the entry, without `#`.
    pub comment: Vec<String>,
    /// Any string; quoted where needed.
    pub key: String,
    /// What stands under the key.
    pub value: Doc,
    /// The entry itself is printed as a comment.
    pub off: bool,
}

/// Writes one document, with a line break at its end; [`super::read`] gives it back.
///
/// The one change: a float that is an integer comes back as one (`1.0` as `1`).
#[must_use]
pub fn write(value: &Value) -> String {
    document(block(value))
}

/// Writes documents with `---` lines between them.
#[must_use]
pub fn write_all(values: &[Value]) -> String {
    values.iter().map(write).collect::<Vec<_>>().join("---\n")
}

/// Writes one document with its comments.
///
/// A mapping whose entries are all off is an empty one, with the entries as comments beside it.
#[must_use]
pub fn write_doc(doc: &Doc) -> String {
    document(doc_block(doc))
}

/// How a value is written under a key or behind a dash.
struct Block {
    /// What stands on the same line: a scalar, `|`, `{}`; nothing for a mapping or a sequence that has entries.
    head: String,
    /// The lines below it, not yet indented.
    body: Vec<String>,
}

impl Block {
    fn head(head: impl Into<String>) -> Self {
        Block { head: head.into(), body: Vec::new() }
    }

    fn body(body: Vec<String>) -> Self {
        Block { head: String::new(), body }
    }
}

fn document(Block { head, body }: Block) -> String {
    let lines = match head.as_str() {
        "" => body,
        // Entries that are off stand above the `{}`.
        "{}" => body.into_iter().chain([head]).collect(),
        _ => [head].into_iter().chain(body.iter().map(|line| indented(line))).collect::<Vec<_>>(),
    };
    lines.join("\n") + "\n"
}

fn doc_block(doc: &Doc) -> Block {
    match doc {
        Doc::Value(value) => block(value),
        Doc::List(items) => sequence(items.iter().map(doc_block)),
        Doc::Map(entries) => {
            let body = entries.iter().flat_map(doc_entry).collect();
            let head = if entries.iter().all(|entry| entry.off) { "{}" } else { "" };
            Block { head: head.to_owned(), body }
        }
    }
}

fn doc_entry(Entry { comment, key, value, off }: &Entry) -> Vec<String> {
    let comment = comment.iter().flat_map(|text| comment_lines(text)).map(|line| commented(&line));
    let lines = entry(key, doc_block(value)).into_iter();
    let lines = lines.map(|line| if *off { commented(&line) } else { line });
    comment.chain(lines).collect()
}

fn block(value: &Value) -> Block {
    match value {
        Value::Object(map) if map.is_empty() => Block::head("{}"),
        Value::Object(map) => Block::body(map.iter().flat_map(|(key, value)| entry(key, block(value))).collect()),
        Value::Array(items) => sequence(items.iter().map(block)),
        Value::String(text) => match literal(text) {
            Some((head, body)) => Block { head: head.to_owned(), body },
            None => Block::head(inline(value)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => Block::head(inline(value)),
    }
}

fn entry(key: &str, Block { head, body }: Block) -> Vec<String> {
    /// YAML's limit for a key that stands before its colon on one line is 1024 characters.
    const KEY_MAX: usize = 1000;
    let key = quotable(key);
    let mut lines = Vec::with_capacity(body.len() + 1);
    let start = if key.chars().count() <= KEY_MAX {
        format!("{key}:")
    } else {
        lines.push(format!("? {key}"));
        ":".to_owned()
    };
    lines.push(if head.is_empty() { start } else { format!("{start} {head}") });
    lines.extend(body.iter().map(|line| indented(line)));
    lines
}

fn sequence(items: impl Iterator<Item = Block>) -> Block {
    let body: Vec<String> = items.flat_map(item).collect();
    if body.is_empty() { Block::head("[]") } else { Block::body(body) }
}

/// The first line goes behind the dash, unless it is a comment.
fn item(Block { head, body }: Block) -> Vec<String> {
    let (first, rest) = match body.split_first() {
        Some((first, rest)) if head.is_empty() && !first.starts_with('#') => (format!("- {first}"), rest),
        _ if head.is_empty() => ("-".to_owned(), body.as_slice()),
        _ => (format!("- {head}"), body.as_slice()),
    };
    [first].into_iter().chain(rest.iter().map(|line| indented(line))).collect()
}

fn indented(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("  {line}") }
}

fn commented(line: &str) -> String {
    if line.is_empty() { "#".to_owned() } else { format!("# {line}") }
}

/// The lines of a comment, without what would end it for some reader or what YAML doesn't admit at all.
fn comment_lines(text: &str) -> Vec<String> {
    let legal = |c: char| {
        if scalar::is_printable(c) || c == '\t' { c } else { ' ' }
    };
    text.split('\n').map(|line| line.chars().map(legal).collect::<String>().trim_end().to_owned()).collect()
}
