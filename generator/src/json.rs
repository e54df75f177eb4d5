//! JSON with the place of every token.
//!
//! `serde_json` reads the tokens; what it can't give are byte offsets and duplicate keys, and diagnostics need both.

use serde_json::{Map, Number, Value};

use crate::diagnostic::{Code, Span};

/// Nested deeper than this, a document is refused; `serde_json` has the same limit.
const MAX_DEPTH: usize = 120;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) json: Json,
}

#[derive(Clone, Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// A document that was read, and the keys that stand in it twice (the last one counts, as for every other reader here).
pub(crate) struct Document {
    pub(crate) root: Node,
    /// The later key, the earlier key.
    pub(crate) duplicates: Vec<(Span, Span, String)>,
}

/// What isn't JSON.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) span: Span,
    pub(crate) code: Code,
    pub(crate) message: String,
}

/// Reads a JSON document (RFC 8259).
pub(crate) fn parse(text: &str) -> Result<Document, SyntaxError> {
    let mut parser = Parser { text, at: 0, duplicates: Vec::new() };
    let root = parser.value(0)?;
    parser.blank();
    if parser.at < text.len() {
        return Err(parser.error("expected the end of the document"));
    }
    Ok(Document { root, duplicates: parser.duplicates })
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.value)
    }

    pub(crate) fn members(&self) -> &[Member] {
        match &self.json {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.json {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.json, Json::Object(_))
    }

    /// The value without its places.
    pub(crate) fn to_value(&self) -> Value {
        match &self.json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => Value::Number(n.clone()),
            Json::Text(t) => Value::String(t.clone()),
            Json::List(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Json::Object(members) => {
                Value::Object(members.iter().map(|m| (m.key.clone(), m.value.to_value())).collect::<Map<_, _>>())
            }
        }
    }

    /// The JSON type, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.json {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "a string",
            Json::List(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    duplicates: Vec<(Span, Span, String)>,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        self.blank();
        let start = self.at;
        if depth > MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            return Err(SyntaxError { span: self.here(), code: Code::JsonDepth, message });
        }
        let json = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Json::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            _ => return Err(self.error("expected a JSON value")),
        };
        Ok(Node { span: Span { start, end: self.at }, json })
    }

    fn object(&mut self, depth: usize) -> Result<Json, SyntaxError> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        let mut places = std::collections::HashMap::<String, usize>::new();
        if self.closes(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blank();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            let key = self.string()?;
            let key_span = Span { start, end: self.at };
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.error("expected `:` after the key"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            match places.get(&key).and_then(|index| members.get_mut(*index)) {
                Some(earlier) => {
                    self.duplicates.push((key_span, earlier.key_span, key));
                    earlier.key_span = key_span;
                    earlier.value = value;
                }
                None => {
                    places.insert(key.clone(), members.len());
                    members.push(Member { key, key_span, value });
                }
            }
            if !self.comma(b'}')? {
                return Ok(Json::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, SyntaxError> {
        self.at += 1;
        let mut items = Vec::new();
        if self.closes(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.comma(b']')? {
                return Ok(Json::List(items));
            }
        }
    }

    /// After an element: another one follows, or the end.
    fn comma(&mut self, close: u8) -> Result<bool, SyntaxError> {
        if self.closes(close) {
            return Ok(false);
        }
        if self.peek() != Some(b',') {
            return Err(self.error(&format!("expected `,` or `{}`", char::from(close))));
        }
        self.at += 1;
        self.blank();
        if self.peek() == Some(close) {
            return Err(self.error("expected another element after the comma (JSON has no trailing commas)"));
        }
        Ok(true)
    }

    fn closes(&mut self, close: u8) -> bool {
        self.blank();
        let closes = self.peek() == Some(close);
        self.at += usize::from(closes);
        closes
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => {
                    let span = Span { start, end: self.text.len() };
                    return Err(SyntaxError { span, code: Code::JsonSyntax, message: "the string has no end".to_owned() });
                }
            }
        }
        self.at = end + 1;
        let token = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(token).map_err(|error| SyntaxError {
            span: Span { start, end: self.at },
            code: Code::JsonSyntax,
            message: format!("not a JSON string: {}", bare(&error)),
        })
    }

    fn number(&mut self) -> Result<Json, SyntaxError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let token = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(token).map(Json::Number).map_err(|error| SyntaxError {
            span: Span { start, end: self.at },
            code: Code::JsonSyntax,
            message: format!("not a JSON number: {}", bare(&error)),
        })
    }

    fn word(&mut self, word: &str, json: Json) -> Result<Json, SyntaxError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.error("expected a JSON value"));
        }
        self.at += word.len();
        Ok(json)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn here(&self) -> Span {
        let width = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        Span { start: self.at, end: self.at + width }
    }

    fn error(&self, expected: &str) -> SyntaxError {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(c) => format!("found `{}`", c.escape_debug()),
            None => "found the end of the file".to_owned(),
        };
        SyntaxError { span: self.here(), code: Code::JsonSyntax, message: format!("{expected}, {found}") }
    }
}

/// A `serde_json` error without its line and column, which are those of the token.
fn bare(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (usize, String) {
        let error = parse(text).err().unwrap();
        (error.span.start, error.message)
    }

    #[test]
    fn reads_what_serde_json_reads() {
        for text in [r#"{"a":[1,-2.5e3,true,false,null,"\u00e9\n"],"":{}}"#, "[]", " 1 ", "\"x\""] {
            let ours = parse(text).ok().unwrap().root.to_value();
            assert_eq!(ours, serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn says_where_and_what_was_expected() {
        assert_eq!(error("{\"a\" 1}").0, 5);
        assert_eq!(
            error("{\"a\": 1,}"),
            (8, "expected another element after the comma (JSON has no trailing commas), found `}`".to_owned())
        );
        assert_eq!(error("[1").1, "expected `,` or `]`, found the end of the file");
        assert_eq!(error("{\"a\": tru}").0, 6);
        assert_eq!(error("\"\\ud800\"").0, 0);
        assert_eq!(error("01").0, 0);
        assert_eq!(error("\u{feff}{}").0, 0);
        assert_eq!(error("\"abc\\").1, "the string has no end");
        assert_eq!(error("1e999").0, 0);
    }

    #[test]
    fn the_last_of_two_keys_counts_and_is_reported() {
        let document = parse(r#"{"a": 1, "b": 2, "a": 3}"#).ok().unwrap();
        assert_eq!(document.root.to_value(), serde_json::json!({"a": 3, "b": 2}));
        assert_eq!(document.duplicates.len(), 1);
        assert_eq!(document.duplicates[0].0, Span { start: 17, end: 20 });
    }

    #[test]
    fn depth_is_bounded() {
        assert!(error(&"[".repeat(100_000)).1.starts_with("nested more than"));
    }
}
