//! Regular expressions: parsed once, printed for each engine.
//!
//! JSON Schema names ECMA-262; Helm and Kubernetes run RE2; a Backstage form compiles with the flag `u`, its back end without. What is
//! printed means the same in all of them. The parser is `regex-syntax`, whose grammar is RE2's but for a few additions.

use regex_syntax::ast::{self, Ast, ClassPerlKind, ClassSet, ClassSetItem, Flag, FlagsItemKind, GroupKind, LiteralKind};

/// The engines that differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Re2,
    Ecma,
}

/// A pattern in both spellings.
pub(crate) struct Printed {
    pub(crate) re2: Option<String>,
    pub(crate) ecma: Option<String>,
    /// Why one of them is missing.
    pub(crate) problem: Option<String>,
}

/// Parses `source` and prints it for RE2 and for ECMAScript.
pub(crate) fn print(source: &str) -> Printed {
    let parsed = ast::parse::ParserBuilder::new().nest_limit(100).build().parse(source);
    match parsed {
        Ok(ast) => {
            let one = |engine| {
                let mut printer = Printer { engine, out: String::new(), fold: false, dot_all: false };
                printer.ast(&ast).map(|()| as_written(source, printer.out))
            };
            let (re2, ecma) = (one(Engine::Re2), one(Engine::Ecma));
            let problem = match (&re2, &ecma) {
                (None, _) => Some("RE2, which Helm and Kubernetes use, can't say it".to_owned()),
                (_, None) => Some("ECMAScript, which the form uses, can't say it".to_owned()),
                _ => None,
            };
            Printed { re2, ecma, problem }
        }
        Err(error) => {
            let kind = error.kind().to_string();
            // Look-around and back-references are ECMAScript all the same; anything else that can't be parsed isn't trusted to be.
            let ecma = source.contains("(?=") || source.contains("(?!") || source.contains("(?<");
            Printed { re2: None, ecma: ecma.then(|| source.to_owned()), problem: Some(kind) }
        }
    }
}

/// A pattern that matches exactly this text, in any engine's spelling.
pub(crate) fn escape(text: &str) -> String {
    regex_syntax::escape(text)
}

/// The author's own spelling, if it differs only by a bare `-` in a class: every engine takes that, unless it follows `\\w` or its like.
fn as_written(source: &str, printed: String) -> String {
    let after_class = ["\\w-", "\\d-", "\\s-", "\\W-", "\\D-", "\\S-"].iter().any(|trap| source.contains(trap));
    if !after_class && printed.replace("\\-", "-") == source { source.to_owned() } else { printed }
}

struct Printer {
    engine: Engine,
    out: String,
    /// `(?i)` is on.
    fold: bool,
    /// `(?s)` is on.
    dot_all: bool,
}

/// `None`: the engine can't say it.
impl Printer {
    fn ast(&mut self, ast: &Ast) -> Option<()> {
        match ast {
            Ast::Empty(_) => {}
            Ast::Flags(flags) => self.flags(&flags.flags)?,
            Ast::Literal(literal) => self.literal(literal, false)?,
            Ast::Dot(_) => self.out.push_str(match (self.engine, self.dot_all) {
                (Engine::Ecma, true) => "[\\s\\S]",
                (Engine::Ecma, false) => "[^\\n]",
                (Engine::Re2, _) => ".",
            }),
            Ast::Assertion(assertion) => self.assertion(&assertion.kind)?,
            Ast::ClassUnicode(class) => {
                // `\p` means something only with the flag `u`.
                if self.engine == Engine::Ecma {
                    return None;
                }
                self.out.push_str(&class_text(class)?);
            }
            Ast::ClassPerl(class) => self.perl(&class.kind, class.negated, false)?,
            Ast::ClassBracketed(class) => {
                self.out.push_str(if class.negated { "[^" } else { "[" });
                match &class.kind {
                    ClassSet::Item(item) => self.class_item(item)?,
                    ClassSet::BinaryOp(_) => return None,
                }
                self.out.push(']');
            }
            Ast::Repetition(repetition) => self.repetition(repetition)?,
            Ast::Group(group) => self.group(group)?,
            Ast::Alternation(alternation) => {
                for (index, branch) in alternation.asts.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    self.ast(branch)?;
                }
            }
            Ast::Concat(concat) => {
                for part in &concat.asts {
                    self.ast(part)?;
                }
            }
        }
        Some(())
    }

    fn flags(&mut self, flags: &ast::Flags) -> Option<()> {
        let mut on = true;
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Negation => on = false,
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.fold = on,
                FlagsItemKind::Flag(Flag::DotMatchesNewLine) => self.dot_all = on,
                FlagsItemKind::Flag(_) => return None,
            }
        }
        if self.engine == Engine::Re2 {
            self.out.push_str("(?");
            for item in &flags.items {
                self.out.push(match item.kind {
                    FlagsItemKind::Negation => '-',
                    FlagsItemKind::Flag(Flag::CaseInsensitive) => 'i',
                    FlagsItemKind::Flag(_) => 's',
                });
            }
            self.out.push(')');
        }
        Some(())
    }

    fn group(&mut self, group: &ast::Group) -> Option<()> {
        let (fold, dot_all) = (self.fold, self.dot_all);
        match &group.kind {
            GroupKind::CaptureIndex(_) => self.out.push('('),
            GroupKind::CaptureName { .. } => self.out.push_str("(?:"),
            GroupKind::NonCapturing(flags) => {
                self.out.push_str("(?:");
                if !flags.items.is_empty() {
                    self.flags(flags)?;
                }
            }
        }
        self.ast(&group.ast)?;
        self.out.push(')');
        (self.fold, self.dot_all) = (fold, dot_all);
        Some(())
    }

    fn repetition(&mut self, repetition: &ast::Repetition) -> Option<()> {
        use ast::{RepetitionKind as Kind, RepetitionRange as Range};
        if matches!(*repetition.ast, Ast::Assertion(_) | Ast::Empty(_) | Ast::Flags(_)) {
            return None;
        }
        let before = self.out.len();
        self.ast(&repetition.ast)?;
        if matches!(*repetition.ast, Ast::Repetition(_)) {
            self.out.insert_str(before, "(?:");
            self.out.push(')');
        }
        let text = match &repetition.op.kind {
            Kind::ZeroOrOne => "?".to_owned(),
            Kind::ZeroOrMore => "*".to_owned(),
            Kind::OneOrMore => "+".to_owned(),
            Kind::Range(Range::Exactly(n)) if *n <= 1000 => format!("{{{n}}}"),
            Kind::Range(Range::AtLeast(n)) if *n <= 1000 => format!("{{{n},}}"),
            Kind::Range(Range::Bounded(n, m)) if *m <= 1000 => format!("{{{n},{m}}}"),
            // RE2 refuses to repeat more than a thousand times.
            Kind::Range(range) if self.engine == Engine::Ecma => match range {
                Range::Exactly(n) => format!("{{{n}}}"),
                Range::AtLeast(n) => format!("{{{n},}}"),
                Range::Bounded(n, m) => format!("{{{n},{m}}}"),
            },
            Kind::Range(_) => return None,
        };
        self.out.push_str(&text);
        if !repetition.greedy {
            self.out.push('?');
        }
        Some(())
    }

    fn assertion(&mut self, kind: &ast::AssertionKind) -> Option<()> {
        use ast::AssertionKind as Kind;
        self.out.push_str(match (kind, self.engine) {
            (Kind::StartLine, _) | (Kind::StartText, Engine::Ecma) => "^",
            (Kind::EndLine, _) | (Kind::EndText, Engine::Ecma) => "$",
            (Kind::StartText, Engine::Re2) => "\\A",
            (Kind::EndText, Engine::Re2) => "\\z",
            (Kind::WordBoundary, _) => "\\b",
            (Kind::NotWordBoundary, _) => "\\B",
            _ => return None,
        });
        Some(())
    }

    fn perl(&mut self, kind: &ClassPerlKind, negated: bool, in_class: bool) -> Option<()> {
        let ecma = self.engine == Engine::Ecma;
        self.out.push_str(match (kind, negated) {
            (ClassPerlKind::Digit, false) => "\\d",
            (ClassPerlKind::Digit, true) => "\\D",
            (ClassPerlKind::Word, false) => "\\w",
            (ClassPerlKind::Word, true) => "\\W",
            // ECMAScript's `\s` holds Unicode blanks as well, RE2's five characters.
            (ClassPerlKind::Space, false) if ecma && in_class => "\\t\\n\\f\\r ",
            (ClassPerlKind::Space, false) if ecma => "[\\t\\n\\f\\r ]",
            (ClassPerlKind::Space, true) if ecma && !in_class => "[^\\t\\n\\f\\r ]",
            (ClassPerlKind::Space, false) => "\\s",
            (ClassPerlKind::Space, true) => "\\S",
        });
        Some(())
    }

    fn class_item(&mut self, item: &ClassSetItem) -> Option<()> {
        match item {
            ClassSetItem::Empty(_) => {}
            ClassSetItem::Literal(literal) => self.literal(literal, true)?,
            ClassSetItem::Range(range) => {
                self.range(range.start.c, range.end.c);
                if self.fold && self.engine == Engine::Ecma {
                    let (start, end) = (range.start.c, range.end.c);
                    match (start, end) {
                        ('a'..='z', 'a'..='z') => self.range(start.to_ascii_uppercase(), end.to_ascii_uppercase()),
                        ('A'..='Z', 'A'..='Z') => self.range(start.to_ascii_lowercase(), end.to_ascii_lowercase()),
                        _ if start.is_ascii_digit() && end.is_ascii_digit() => {}
                        _ => return None,
                    }
                }
            }
            ClassSetItem::Ascii(class) => match (self.engine, class.negated) {
                (Engine::Re2, negated) => {
                    let name = ascii_name(&class.kind);
                    self.out.push_str(&format!("[:{}{name}:]", if negated { "^" } else { "" }));
                }
                (Engine::Ecma, true) => return None,
                (Engine::Ecma, false) => self.out.push_str(ascii_ranges(&class.kind)?),
            },
            ClassSetItem::Unicode(class) => {
                if self.engine == Engine::Ecma {
                    return None;
                }
                self.out.push_str(&class_text(class)?);
            }
            ClassSetItem::Perl(class) => self.perl(&class.kind, class.negated, true)?,
            ClassSetItem::Bracketed(_) => return None,
            ClassSetItem::Union(union) => {
                for item in &union.items {
                    self.class_item(item)?;
                }
            }
        }
        Some(())
    }

    fn range(&mut self, start: char, end: char) {
        self.char(start, true);
        self.out.push('-');
        self.char(end, true);
    }

    fn literal(&mut self, literal: &ast::Literal, in_class: bool) -> Option<()> {
        if matches!(literal.kind, LiteralKind::Special(ast::SpecialLiteralKind::Bell)) && self.engine == Engine::Ecma {
            self.out.push_str("\\x07");
            return Some(());
        }
        let c = literal.c;
        if self.fold && self.engine == Engine::Ecma && c.is_alphabetic() {
            if !c.is_ascii() {
                return None;
            }
            let (lower, upper) = (c.to_ascii_lowercase(), c.to_ascii_uppercase());
            let pair = format!("{lower}{upper}");
            self.out.push_str(&if in_class { pair } else { format!("[{pair}]") });
            return Some(());
        }
        self.char(c, in_class);
        Some(())
    }

    /// A character that stands for itself.
    fn char(&mut self, c: char, in_class: bool) {
        let special = if in_class { "\\]^-[" } else { "\\^$.*+?()[]{}|/" };
        match c {
            // Escaping `/` is allowed everywhere and needed nowhere; RE2 keeps it bare.
            '/' => self.out.push_str(if self.engine == Engine::Ecma { "\\/" } else { "/" }),
            c if special.contains(c) => {
                self.out.push('\\');
                self.out.push(c);
            }
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            '\t' => self.out.push_str("\\t"),
            c if (c as u32) < 0x20 || c == '\u{7f}' => self.out.push_str(&format!("\\x{:02x}", c as u32)),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                match self.engine {
                    Engine::Re2 => self.out.push_str(&format!("\\x{{{:x}}}", c as u32)),
                    Engine::Ecma => self.out.push_str(&format!("\\u{:04x}", c as u32)),
                }
            }
            c => self.out.push(c),
        }
    }
}

fn class_text(class: &ast::ClassUnicode) -> Option<String> {
    let p = if class.negated { 'P' } else { 'p' };
    match &class.kind {
        ast::ClassUnicodeKind::OneLetter(c) => Some(format!("\\{p}{c}")),
        ast::ClassUnicodeKind::Named(name) => Some(format!("\\{p}{{{name}}}")),
        ast::ClassUnicodeKind::NamedValue { .. } => None,
    }
}

fn ascii_name(kind: &ast::ClassAsciiKind) -> &'static str {
    use ast::ClassAsciiKind as K;
    match kind {
        K::Alnum => "alnum",
        K::Alpha => "alpha",
        K::Ascii => "ascii",
        K::Blank => "blank",
        K::Cntrl => "cntrl",
        K::Digit => "digit",
        K::Graph => "graph",
        K::Lower => "lower",
        K::Print => "print",
        K::Punct => "punct",
        K::Space => "space",
        K::Upper => "upper",
        K::Word => "word",
        K::Xdigit => "xdigit",
    }
}

fn ascii_ranges(kind: &ast::ClassAsciiKind) -> Option<&'static str> {
    use ast::ClassAsciiKind as K;
    Some(match kind {
        K::Alnum => "0-9A-Za-z",
        K::Alpha => "A-Za-z",
        K::Blank => "\\t ",
        K::Digit => "0-9",
        K::Lower => "a-z",
        K::Space => "\\t\\n\\v\\f\\r ",
        K::Upper => "A-Z",
        K::Word => "0-9A-Za-z_",
        K::Xdigit => "0-9A-Fa-f",
        K::Graph => "!-~",
        K::Print => " -~",
        K::Ascii | K::Cntrl | K::Punct => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_gets_its_own_words() {
        let cases = [
            (r"^[a-z][a-z0-9-]*$", Some(r"^[a-z][a-z0-9-]*$"), Some(r"^[a-z][a-z0-9-]*$")),
            (r"^[\w-]$", Some(r"^[\w\-]$"), Some(r"^[\w\-]$")),
            (r"^\d+\.\d$", Some(r"^\d+\.\d$"), Some(r"^\d+\.\d$")),
            (r"^a\:b\/$", Some("^a:b/$"), Some(r"^a:b\/$")),
            (r"(?i)^ab1$", Some("(?i)^ab1$"), Some("^[aA][bB]1$")),
            (r"\A[[:alpha:]]\z", Some(r"\A[[:alpha:]]\z"), Some("^[A-Za-z]$")),
            (r"\u00e9", Some("é"), Some("é")),
            (r"^\p{L}+$", Some(r"^\p{L}+$"), None),
            (r"(?P<x>a)", Some("(?:a)"), Some("(?:a)")),
            (r"a(?=b)", None, Some("a(?=b)")),
            (r"[a-", None, None),
            (r"a{2000}", None, Some("a{2000}")),
            (r".", Some("."), Some(r"[^\n]")),
        ];
        for (source, re2, ecma) in cases {
            let printed = print(source);
            assert_eq!(printed.re2.as_deref(), re2, "{source}");
            assert_eq!(printed.ecma.as_deref(), ecma, "{source}");
            assert_eq!(printed.problem.is_some(), re2.is_none() || ecma.is_none(), "{source}");
        }
    }
}
