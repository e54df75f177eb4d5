//! The writer: block style, two blanks a level, in quotes every string that some reader might take for something else.

mod scalar;

use serde_json::{Map, Value};

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
    document(Node::of(value))
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
    document(Node::of_doc(doc))
}

/// How a node stands on the page.
enum Node<'a> {
    /// On one line.
    Inline(&'a Value),
    /// The header of a literal block, and its text.
    Literal(&'static str, &'a str),
    /// Lines below a key or behind a dash; there is at least one.
    Lines(Lines<'a>),
    /// An empty mapping, with comments beside it.
    Off(&'a [Entry]),
    /// A sequence without items.
    Nothing,
}

enum Lines<'a> {
    Map(&'a Map<String, Value>),
    Entries(&'a [Entry]),
    Values(&'a [Value]),
    Docs(&'a [Doc]),
}

impl<'a> Node<'a> {
    fn of(value: &'a Value) -> Node<'a> {
        match value {
            Value::Object(map) if !map.is_empty() => Node::Lines(Lines::Map(map)),
            Value::Array(items) if !items.is_empty() => Node::Lines(Lines::Values(items)),
            Value::String(text) => literal(text).map_or(Node::Inline(value), |(head, text)| Node::Literal(head, text)),
            Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Node::Inline(value),
        }
    }

    fn of_doc(doc: &'a Doc) -> Node<'a> {
        match doc {
            Doc::Value(value) => Node::of(value),
            Doc::List(items) if items.is_empty() => Node::Nothing,
            Doc::List(items) => Node::Lines(Lines::Docs(items)),
            Doc::Map(entries) if entries.iter().all(|entry| entry.off) => Node::Off(entries),
            Doc::Map(entries) => Node::Lines(Lines::Entries(entries)),
        }
    }
}

fn document(node: Node<'_>) -> String {
    let mut writer = Writer::default();
    match node {
        Node::Lines(lines) => writer.lines(&lines),
        // Entries that are off stand above the `{}`.
        Node::Off(entries) => {
            for entry in entries {
                writer.entry(entry);
                writer.line();
            }
            writer.out.push_str("{}");
        }
        node => writer.rest_of_line(node),
    }
    writer.out.push('\n');
    writer.out
}

/// The text so far. Whoever writes a node finds its line begun, and leaves its last line without an end.
#[derive(Default)]
struct Writer {
    out: String,
    /// What each line begins with: blanks, and `# ` where an entry is off.
    margin: String,
}

impl Writer {
    /// Ends a line and begins the next one.
    fn line(&mut self) {
        self.out.push('\n');
        self.out.push_str(&self.margin);
    }

    /// Has `write` write with `more` in the margin.
    fn within(&mut self, more: &str, write: impl FnOnce(&mut Writer)) {
        let margin = self.margin.len();
        self.margin.push_str(more);
        write(self);
        self.margin.truncate(margin);
    }

    fn lines(&mut self, lines: &Lines<'_>) {
        match lines {
            Lines::Map(map) => self.each(map.iter(), |writer, (key, value)| writer.keyed(key, Node::of(value))),
            Lines::Entries(entries) => self.each(entries.iter(), Writer::entry),
            Lines::Values(items) => self.each(items.iter(), |writer, item| writer.item(Node::of(item))),
            Lines::Docs(items) => self.each(items.iter(), |writer, item| writer.item(Node::of_doc(item))),
        }
    }

    fn each<T>(&mut self, items: impl Iterator<Item = T>, write: impl Fn(&mut Writer, T)) {
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.line();
            }
            write(self, item);
        }
    }

    fn entry(&mut self, Entry { comment, key, value, off }: &Entry) {
        for line in comment.iter().flat_map(|text| text.split('\n')) {
            self.comment(line);
            self.line();
        }
        if *off {
            self.out.push_str("# ");
            self.within("# ", |writer| writer.keyed(key, Node::of_doc(value)));
        } else {
            self.keyed(key, Node::of_doc(value));
        }
    }

    /// A line of a comment, without what would end it for some reader or what YAML doesn't admit at all.
    fn comment(&mut self, line: &str) {
        let legal = |c: char| {
            if scalar::is_printable(c) || c == '\t' { c } else { ' ' }
        };
        self.out.push_str("# ");
        self.out.extend(line.chars().map(legal));
        self.out.truncate(self.out.trim_end().len());
    }

    fn keyed(&mut self, key: &str, node: Node<'_>) {
        /// YAML's limit for a key that stands before its colon on one line is 1024 characters.
        const KEY_MAX: usize = 1000;
        let start = self.out.len();
        quotable(&mut self.out, key);
        let written = self.out.get(start..).unwrap_or_default();
        if written.len() > KEY_MAX && written.chars().count() > KEY_MAX {
            self.out.insert_str(start, "? ");
            self.line();
        }
        self.out.push(':');
        match node {
            Node::Lines(lines) => self.within("  ", |writer| {
                writer.line();
                writer.lines(&lines);
            }),
            node => {
                self.out.push(' ');
                self.rest_of_line(node);
            }
        }
    }

    /// The first line goes behind the dash, unless it is a comment.
    fn item(&mut self, node: Node<'_>) {
        self.out.push('-');
        match node {
            Node::Lines(lines) => self.within("  ", |writer| {
                if lines.begin_with_comment() {
                    writer.line()
                } else {
                    writer.out.push(' ')
                }
                writer.lines(&lines);
            }),
            node => {
                self.out.push(' ');
                self.rest_of_line(node);
            }
        }
    }

    /// What begins on the line of its key or its dash, and what then stands below it.
    fn rest_of_line(&mut self, node: Node<'_>) {
        match node {
            Node::Inline(value) => inline(&mut self.out, value),
            Node::Nothing => self.out.push_str("[]"),
            Node::Literal(head, text) => {
                self.out.push_str(head);
                self.within("  ", |writer| text.split('\n').for_each(|line| writer.text_line(line)));
            }
            Node::Off(entries) => {
                self.out.push_str("{}");
                self.within("  ", |writer| {
                    for entry in entries {
                        writer.line();
                        writer.entry(entry);
                    }
                });
            }
            Node::Lines(lines) => self.lines(&lines),
        }
    }

    /// A line of a literal block; an empty one has no blanks at its end.
    fn text_line(&mut self, line: &str) {
        self.line();
        if line.is_empty() {
            let blank = self.margin.len() - self.margin.trim_end().len();
            self.out.truncate(self.out.len() - blank);
        }
        self.out.push_str(line);
    }
}

impl Lines<'_> {
    fn begin_with_comment(&self) -> bool {
        match self {
            Lines::Entries(entries) => entries.first().is_some_and(|first| first.off || !first.comment.is_empty()),
            Lines::Map(_) | Lines::Values(_) | Lines::Docs(_) => false,
        }
    }
}
