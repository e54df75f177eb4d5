//! JSON over HTTP, with a token: how Argo CD, Kubernetes and hosting services are asked.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::typestate::AgentScope;

use crate::remote::{is_safe_address, redacted};

/// The longest answer that is read, in bytes.
const ANSWER: u64 = 16 << 20;

/// A secret that a server asks for. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    /// Where it is read again: files' tokens are rotated.
    file: Option<PathBuf>,
}

/// A token can't be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The variable isn't set.
    #[error("the environment has no {0}")]
    Variable(String),
    /// The file can't be read.
    #[error("{path} can't be read")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It isn't one line of printable characters.
    #[error("what {0} holds is no token: expected one line without spaces")]
    Odd(String),
}

impl Token {
    /// Of a variable of the environment.
    ///
    /// # Errors
    /// If it isn't set, or is no token.
    pub fn from_variable(name: &str) -> Result<Token, TokenError> {
        let text = std::env::var(name).map_err(|_| TokenError::Variable(name.to_owned()))?;
        Token::new(&text).ok_or_else(|| TokenError::Odd(name.to_owned()))
    }

    /// Of a file.
    ///
    /// # Errors
    /// If it can't be read, or holds no token.
    pub fn from_file(path: &Path) -> Result<Token, TokenError> {
        let name = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| TokenError::File { path: name(), source })?;
        let token = Token::new(&text).ok_or_else(|| TokenError::Odd(name()))?;
        Ok(Token { file: Some(path.to_owned()), ..token })
    }

    /// Of a text, if it is one line without spaces.
    pub(crate) fn new(text: &str) -> Option<Token> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
            .then(|| Token { text: text.to_owned(), file: None })
    }

    /// As it is now; one that can't be read any more is what it was.
    fn secret(&self) -> String {
        let again = self.file.as_ref().and_then(|file| Token::new(&std::fs::read_to_string(file).ok()?));
        again.map_or_else(|| self.text.clone(), |token| token.text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Why there is no answer. An answer of any status is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The address isn't one that a token may be sent to.
    #[error("{0:?} {1}: expected https://host, or http:// on this machine")]
    Address(String, &'static str),
    /// The certificates that the server is to be known by can't be read.
    #[error("the certificates can't be read: {0}")]
    Certificates(String),
    /// The server didn't answer, or not with what can be read.
    #[error("{url}: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
}

/// A server, and who we are to it.
#[derive(Clone)]
pub(crate) struct Rest {
    agent: ureq::Agent,
    base: String,
    headers: Vec<(&'static str, String)>,
    /// Its header, and what stands before it.
    token: Option<(&'static str, &'static str, Token)>,
}

/// By what a server is known, and we to it; each is PEM.
#[derive(Default)]
pub(crate) struct Trust {
    /// Who vouches for the server; `None`: the usual authorities.
    pub authority: Option<Vec<u8>>,
    /// Our certificates and our key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
}

/// A server's answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub status: u16,
    /// `Null` if there is none, or none that is JSON.
    pub body: Value,
}

impl Rest {
    /// A server at an address, known by the usual certificates or by those of a file (PEM).
    pub(crate) fn new(base: &str, certificates: Option<&Path>, timeout: Duration) -> Result<Rest, RestError> {
        let read = |path: &Path| {
            let wrong = |error: std::io::Error| RestError::Certificates(format!("{}: {error}", path.display()));
            std::fs::read(path).map_err(wrong)
        };
        let authority = certificates.map(read).transpose()?;
        Rest::trusting(base, &Trust { authority, client: None }, timeout)
    }

    /// A server at an address, known as it is said.
    pub(crate) fn trusting(base: &str, trust: &Trust, timeout: Duration) -> Result<Rest, RestError> {
        is_safe_address(base).map_err(|problem| RestError::Address(redacted(base), problem))?;
        let mut tls = TlsConfig::builder();
        if let Some(authority) = &trust.authority {
            tls = tls.root_certs(RootCerts::from(certificates(authority)?));
        }
        if let Some((chain, key)) = &trust.client {
            let key = PrivateKey::from_pem(key).map_err(|error| RestError::Certificates(error.to_string()))?;
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&certificates(chain)?, key)));
        }
        let config = agent(base, timeout).tls_config(tls.build()).build();
        Ok(Rest {
            agent: config.into(),
            base: base.trim_end_matches('/').to_owned(),
            headers: vec![("Accept", "application/json".to_owned())],
            token: None,
        })
    }

    /// With a token: `Authorization: Bearer …` for most.
    pub(crate) fn token(mut self, header: &'static str, before: &'static str, token: &Token) -> Rest {
        self.token = Some((header, before, token.clone()));
        self
    }

    /// With a header, in place of one that has the same name.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Rest {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.into()));
        self
    }

    /// Asks for `path`, which begins with a slash; `kind` is the body's media type.
    pub(crate) fn send(&self, method: Method, path: &str, kind: &str, body: Option<&Value>) -> Result<Answer, RestError> {
        let url = format!("{}{path}", self.base);
        let broken = |error: ureq::Error| RestError::Unreachable { url: redacted(&url), reason: redacted(&error.to_string()) };
        let name = match method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
        };
        let mut request = ureq::http::Request::builder().method(name).uri(&url);
        for (header, value) in &self.headers {
            request = request.header(*header, value);
        }
        if let Some((header, before, token)) = &self.token {
            request = request.header(*header, format!("{before}{}", token.secret()));
        }
        let text = body.map(Value::to_string);
        let odd = |error: ureq::http::Error| RestError::Unreachable { url: redacted(&url), reason: error.to_string() };
        let answer = match text {
            Some(text) => self.agent.run(request.header("Content-Type", kind).body(text).map_err(odd)?),
            None => self.agent.run(request.body(()).map_err(odd)?),
        };
        let mut answer = answer.map_err(broken)?;
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().with_config().limit(ANSWER).read_to_vec().map_err(broken)?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// As [`Rest::send`], with JSON.
    pub(crate) fn json(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, RestError> {
        self.send(method, path, "application/json", body)
    }
}

/// How a server at an address is asked.
pub(crate) fn agent(base: &str, timeout: Duration) -> ConfigBuilder<AgentScope> {
    let config = ureq::Agent::config_builder()
        // Secrets go to the host that they are for.
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(timeout));
    // A proxy would be given what isn't encrypted.
    if base.starts_with("https:") { config } else { config.proxy(None) }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, RestError> {
    let found: Result<Vec<_>, _> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(RestError::Certificates(error.to_string()))),
        })
        .collect();
    found.and_then(|found| match found.is_empty() {
        true => Err(RestError::Certificates("there is none".to_owned())),
        false => Ok(found),
    })
}

impl Answer {
    /// The answer of a request that succeeded.
    pub(crate) fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The server's own words, if it says any: `message` at GitHub, Gitea, Kubernetes and Argo CD, `error` at some.
    pub(crate) fn words(&self) -> String {
        let found = ["message", "error", "error_description"].into_iter().find_map(|key| self.body.get(key));
        let words = match found {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let words: String = redacted(&words).chars().filter(|c| !c.is_control()).take(500).collect();
        if (300..400).contains(&self.status) {
            return format!("it leads elsewhere ({}), and nobody goes there", self.status);
        }
        if words.is_empty() { format!("it answers {}", self.status) } else { format!("it answers {}: {words}", self.status) }
    }
}

/// A word in a path or a query, where only letters, digits and `-._~` stand for themselves (RFC 3986, section 2.3).
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_again_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "first-token\n").unwrap();
        let token = Token::from_file(&file).unwrap();
        assert_eq!(token.secret(), "first-token");
        std::fs::write(&file, "second-token\n").unwrap();
        assert_eq!(token.secret(), "second-token");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(token.secret(), "first-token");
        assert_eq!(format!("{token:?}"), "Token(***)");
        for odd in ["", "two words", "two\nlines"] {
            std::fs::write(&file, odd).unwrap();
            assert!(matches!(Token::from_file(&file), Err(TokenError::Odd(_))), "{odd:?}");
        }
    }

    #[test]
    fn secrets_go_to_safe_addresses() {
        let new = |base: &str| Rest::new(base, None, Duration::from_secs(1));
        assert!(new("https://argocd.example.org").is_ok() && new("http://localhost:8080").is_ok());
        for unsafe_one in ["http://argocd.example.org", "https://user:secret@host", "ftp://host", "argocd"] {
            let error = new(unsafe_one).unwrap_err();
            assert!(matches!(&error, RestError::Address(..)) && !error.to_string().contains("secret"), "{error}");
        }
    }
}
