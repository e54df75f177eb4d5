//! One layout: a checked template of a path, and how it is read backwards.

use std::fmt;

use crate::identity::Identity;
use crate::name::{ReleaseName, ServiceName, TenantName};

use super::{Content, LayoutError, LayoutSettings, Located, PATH_MAX, Parts, ReleasePath};

/// Names that Git, Windows or a platform's tools take for something else, in a path that people write. A variable can't have them:
/// no name begins with a dot, and device names are refused where a path is made.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// A path with what is filled in, and the services whose releases lie so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) services: Vec<ServiceName>,
    segments: Vec<Vec<Token>>,
    pub(super) content: Content,
    pub(super) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Literal(String),
    Tenant,
    Service,
    Name,
    Part(String),
}

impl Layout {
    pub(super) fn new(settings: &LayoutSettings) -> Result<Layout, LayoutError> {
        let text = settings.path.clone();
        let wrong = |problem: String| LayoutError::Template { template: text.clone(), problem };
        let segments: Vec<Vec<Token>> = text.split('/').map(tokens).collect::<Result<_, String>>().map_err(wrong)?;
        let layout = Layout { services: settings.services.clone(), segments, content: settings.content, text: text.clone() };
        layout.check().map_err(wrong)?;
        Ok(layout)
    }

    fn check(&self) -> Result<(), String> {
        let tokens: Vec<&Token> = self.segments.iter().flatten().collect();
        let count = |wanted: &Token| tokens.iter().filter(|token| **token == wanted).count();
        if self.text.len() > PATH_MAX / 4 {
            return Err(format!("has {} bytes: at most {} are possible", self.text.len(), PATH_MAX / 4));
        }
        for (i, token) in tokens.iter().enumerate() {
            if !matches!(token, Token::Literal(_)) && tokens[..i].contains(token) {
                return Err(format!("has {token} twice"));
            }
        }
        if count(&Token::Tenant) == 0 {
            return Err("has no {tenant}: two tenants would have one path".to_owned());
        }
        let tenants = self.services.contains(&ServiceName::tenant());
        if tenants && (self.services.len() > 1 || count(&Token::Name) + count(&Token::Service) > 0) {
            return Err(
                "is for `tenant`, which has neither {name} nor {service} and shares its layout with no service".to_owned()
            );
        }
        if !tenants && count(&Token::Name) == 0 {
            return Err("has no {name}: two releases would have one path".to_owned());
        }
        if !tenants && self.services.len() != 1 && count(&Token::Service) == 0 {
            return Err("has no {service}, and isn't for one service alone: two services would have one path".to_owned());
        }
        match self.segments.last().and_then(|segment| segment.last()) {
            Some(Token::Literal(end)) if end.ends_with(".yaml") => Ok(()),
            _ => Err("doesn't end in `.yaml`".to_owned()),
        }
    }

    /// The paths of a service's releases, as a glob.
    pub(super) fn glob(&self, service: &ServiceName) -> String {
        let word = |token: &Token| match token {
            Token::Literal(text) => text.clone(),
            Token::Service => service.to_string(),
            Token::Tenant | Token::Name | Token::Part(_) => "*".to_owned(),
        };
        let segment = |tokens: &Vec<Token>| tokens.iter().map(word).collect::<String>();
        self.segments.iter().map(segment).collect::<Vec<_>>().join("/")
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flatten().filter_map(Token::part)
    }

    pub(super) fn path(&self, identity: &Identity, parts: &Parts) -> Result<ReleasePath, LayoutError> {
        let mut segments = Vec::new();
        for tokens in &self.segments {
            let mut segment = String::new();
            for token in tokens {
                match (token, identity) {
                    (Token::Literal(text), _) => segment.push_str(text),
                    (Token::Tenant, _) => segment.push_str(identity.tenant().as_str()),
                    (Token::Service, _) => segment.push_str(identity.service().as_str()),
                    (Token::Name, Identity::Release { name, .. }) => segment.push_str(name.as_str()),
                    (Token::Name, Identity::Tenant(_)) => {}
                    (Token::Part(part), _) => segment.push_str(self.part(part, parts)?),
                }
            }
            let stem = segment.split('.').next().unwrap_or_default();
            if is_device(stem) {
                return Err(LayoutError::Device { segment });
            }
            segments.push(segment);
        }
        let path = segments.join("/");
        match path.len() {
            0..=PATH_MAX => Ok(ReleasePath(path)),
            length => Err(LayoutError::TooLong { path, length }),
        }
    }

    fn part<'a>(&self, part: &str, parts: &'a Parts) -> Result<&'a str, LayoutError> {
        let wrong = |problem: String| LayoutError::Part { template: self.text.clone(), part: part.to_owned(), problem };
        let text = parts.get(part).ok_or_else(|| wrong(format!("say which, as `--part {part}=…`")))?;
        // The grammar of all names in a path.
        TenantName::parse(text).map_err(|error| wrong(error.to_string().replace("tenant name", part)))?;
        Ok(text)
    }

    /// The names that a path has, if it is one of these.
    pub(super) fn read(&self, path: &str) -> Option<Located> {
        if path.len() > PATH_MAX || path.split('/').count() != self.segments.len() {
            return None;
        }
        let (mut tenant, mut service, mut name, mut parts) = (None, None, None, Parts::new());
        for (segment, tokens) in path.split('/').zip(&self.segments) {
            for (token, text) in split(segment, tokens)? {
                match token {
                    Token::Literal(_) => {}
                    Token::Tenant => tenant = Some(TenantName::parse(text).ok()?),
                    Token::Service => service = Some(ServiceName::parse(text).ok()?),
                    Token::Name => name = Some(ReleaseName::parse(text).ok()?),
                    Token::Part(part) => drop(parts.insert(part.clone(), text.to_owned())),
                }
            }
        }
        let (tenant, service) = (tenant?, service.or_else(|| self.services.first().cloned())?);
        let identity = match name {
            None if service == ServiceName::tenant() => Identity::Tenant(tenant),
            Some(name) if service != ServiceName::tenant() => Identity::Release { tenant, service, name },
            _ => return None,
        };
        Some(Located { identity, parts, content: self.content, path: ReleasePath(path.to_owned()) })
    }

    /// Whether some path could be of both. A name has neither dots nor underscores, so what is written out with one is never a name.
    pub(super) fn meets(&self, other: &Layout) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|(a, b)| self.meet(a, other, b))
    }

    fn meet(&self, a: &[Token], other: &Layout, b: &[Token]) -> bool {
        match (a, b) {
            ([Token::Literal(a)], [Token::Literal(b)]) => a == b,
            ([Token::Literal(word)], [token]) => other.admits(token, word),
            ([token], [Token::Literal(word)]) => self.admits(token, word),
            ([Token::Service], [Token::Service]) => !self.apart(other),
            (a, b) => alike(a, b),
        }
    }

    /// Whether a token can be this word.
    fn admits(&self, token: &Token, word: &str) -> bool {
        match token {
            Token::Service if !self.services.is_empty() => self.services.iter().any(|service| service.as_str() == word),
            _ => TenantName::parse(word).is_ok(),
        }
    }

    /// Whether each is for services of its own, so that `{service}` tells them apart.
    fn apart(&self, other: &Layout) -> bool {
        let in_both = |service: &ServiceName| other.services.is_empty() || other.services.contains(service);
        match self.services.is_empty() {
            // One for all the others takes none that another names.
            true => !other.services.is_empty(),
            false => other.services.is_empty() || !self.services.iter().any(in_both),
        }
    }
}

/// Whether a segment could be of both: what each begins with, ends with, and has that no name has.
fn alike(a: &[Token], b: &[Token]) -> bool {
    let text = |token: Option<&Token>| match token {
        Some(Token::Literal(text)) => text.clone(),
        _ => String::new(),
    };
    let within = |a: &str, b: &str, is: fn(&str, &str) -> bool| is(a, b) || is(b, a);
    let odd = |tokens: &[Token]| -> String {
        let literals = tokens.iter().filter(|token| matches!(token, Token::Literal(_)));
        literals.map(|token| token.to_string().replace(|c| !matches!(c, '.' | '_'), "")).collect()
    };
    within(&text(a.first()), &text(b.first()), |a, b| a.starts_with(b))
        && within(&text(a.last()), &text(b.last()), |a, b| a.ends_with(b))
        && odd(a) == odd(b)
}

/// A piece of a template: as it is written, or a word in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Word(&'a str),
}

/// The pieces of a template.
///
/// # Errors
/// What is wrong with a word.
pub(crate) fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or("has a `{` without its `}`")? + open;
        let word = &rest[open + 1..close];
        TenantName::parse(word).map_err(|_| format!("has {{{word}}}, which isn't a word of small letters"))?;
        out.extend([Piece::Text(&rest[..open]), Piece::Word(word)]);
        rest = &rest[close + 1..];
    }
    out.push(Piece::Text(rest));
    out.retain(|piece| *piece != Piece::Text(""));
    Ok(out)
}

/// The tokens of a segment. Between two variables stands something that no name has.
fn tokens(segment: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    for piece in pieces(segment)? {
        match piece {
            Piece::Text(text) => literal(text, &mut out)?,
            Piece::Word(word) => out.push(Token::of(word)),
        }
    }
    if segment.contains("..") || segment.ends_with('.') {
        return Err(format!("has {segment:?}: no two dots in a row, and none at the end"));
    }
    let variable = |token: &Token| !matches!(token, Token::Literal(_));
    for pair in out.windows(2) {
        if variable(&pair[0]) && variable(&pair[1]) {
            return Err(format!("has {} and {} with nothing between them", pair[0], pair[1]));
        }
    }
    for three in out.windows(3) {
        if let [a, Token::Literal(between), b] = three
            && variable(a)
            && !between.contains(['.', '_'])
        {
            return Err(format!(
                "has {a} and {b} with {between:?} between them, which a name may have, too: put a dot there, or a slash"
            ));
        }
    }
    match out.is_empty() {
        true => Err("has an empty folder".to_owned()),
        false => Ok(out),
    }
}

fn literal(text: &str, out: &mut Vec<Token>) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if let Some(odd) = text.chars().find(|c| !legal(*c)) {
        return Err(format!("has {odd:?}: folders have small letters, digits, dots, hyphens and underscores"));
    }
    if out.is_empty() && (text.starts_with('.') || text.starts_with("git~")) {
        return Err(format!("has {text:?}, which begins as what Git keeps to itself"));
    }
    out.push(Token::Literal(text.to_owned()));
    Ok(())
}

/// What each token of a segment stands for, if the segment is one of these.
fn split<'a, 'b>(segment: &'a str, tokens: &'b [Token]) -> Option<Vec<(&'b Token, &'a str)>> {
    let mut out = Vec::new();
    let mut rest = segment;
    for (i, token) in tokens.iter().enumerate() {
        let text = match (token, tokens.get(i + 1)) {
            (Token::Literal(text), _) => rest.get(..text.len()).filter(|found| found == text)?,
            (_, Some(Token::Literal(end))) if i + 2 == tokens.len() => rest.strip_suffix(end.as_str())?,
            // It has a dot or an underscore, and no name has one: the first place where it stands is the only one.
            (_, Some(Token::Literal(next))) => &rest[..rest.find(next.as_str())?],
            (_, _) => rest,
        };
        out.push((token, text));
        rest = &rest[text.len()..];
    }
    rest.is_empty().then_some(out)
}

/// `con`, `com1`, …: <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>.
fn is_device(stem: &str) -> bool {
    let numbered =
        |prefix| stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()));
    DEVICES.contains(&stem) || numbered("com") || numbered("lpt")
}

impl Token {
    /// What a word stands for.
    pub(super) fn of(word: &str) -> Token {
        match word {
            "tenant" | "namespace" => Token::Tenant,
            "service" => Token::Service,
            "name" | "app" => Token::Name,
            part => Token::Part(part.to_owned()),
        }
    }

    fn part(&self) -> Option<&str> {
        match self {
            Token::Part(part) => Some(part),
            Token::Literal(_) | Token::Tenant | Token::Service | Token::Name => None,
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Literal(text) => f.write_str(text),
            Token::Tenant => f.write_str("{tenant}"),
            Token::Service => f.write_str("{service}"),
            Token::Name => f.write_str("{name}"),
            Token::Part(part) => write!(f, "{{{part}}}"),
        }
    }
}
