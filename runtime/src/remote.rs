//! Where the releases are: an address and a branch, checked before Git sees them.

use std::fmt;
use std::path::{Path, PathBuf};

/// A branch of a repository that `git` can reach.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Remote {
    url: String,
    scheme: Scheme,
    branch: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    File,
    Http,
    Https,
    Ssh,
}

/// Why an address or a branch can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// Neither a path nor an address of a kind that is let through.
    #[error("{url:?} {problem}: expected a path, https://host/path, ssh://user@host/path or user@host:path")]
    Url {
        /// The address, without what may be a secret.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A branch that Git wouldn't take, or would take for something else.
    #[error("{branch:?} is not the name of a branch: {problem}")]
    Branch {
        /// The text.
        branch: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Remote {
    /// Checks an address and a branch.
    ///
    /// Transports that run programs (`ext::`), passwords in addresses, unencrypted ones to other machines, and whatever Git could take
    /// for an option are refused.
    ///
    /// # Errors
    /// What is wrong with either.
    pub fn parse(url: &str, branch: &str) -> Result<Remote, RemoteError> {
        let scheme = scheme(url).map_err(|problem| RemoteError::Url { url: redacted(url), problem })?;
        check_branch(branch).map_err(|problem| RemoteError::Branch { branch: branch.chars().take(80).collect(), problem })?;
        Ok(Remote { url: url.to_owned(), scheme, branch: branch.to_owned() })
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The branch, without `refs/heads/`.
    #[must_use]
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// The folder of a repository on this machine.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        let path = || Path::new(self.url.strip_prefix("file://").unwrap_or(&self.url)).to_owned();
        (self.scheme == Scheme::File).then(path)
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

impl Scheme {
    /// As Git's `protocol.<name>.allow` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scheme::File => "file",
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Ssh => "ssh",
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.url, self.branch)
    }
}

fn scheme(url: &str) -> Result<Scheme, &'static str> {
    if url.is_empty() {
        return Err("is empty");
    }
    if url.chars().any(char::is_control) {
        return Err("has a control character");
    }
    if url.starts_with('-') {
        return Err("begins with a hyphen");
    }
    if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        if host.starts_with('-') || user.is_some_and(|user| user.starts_with('-')) {
            return Err("has a host or user that begins with a hyphen");
        }
        let scheme = match scheme {
            "file" if authority.is_empty() => return Ok(Scheme::File),
            "https" => Scheme::Https,
            "http" if is_loopback(host) => Scheme::Http,
            "http" => return Err("isn't encrypted, and leads to another machine"),
            "ssh" => Scheme::Ssh,
            _ => return Err("is of a kind that isn't let through"),
        };
        if host.is_empty() {
            return Err("has no host");
        }
        return match user {
            Some(user) if user.contains(':') => Err("has a password in it, which ends up in logs"),
            Some(_) if scheme != Scheme::Ssh => Err("has a user or token in it, which ends up in logs"),
            _ => Ok(scheme),
        };
    }
    if url.contains("::") {
        return Err("names a helper program");
    }
    // Git's own rule (gitmodules(7), "scp-like syntax"): a colon before the first slash.
    match url.split_once(':') {
        Some((host, _)) if !host.contains('/') => match host.rsplit_once('@').map_or(host, |(_, host)| host) {
            "" => Err("has no host"),
            host if host.starts_with('-') => Err("has a host that begins with a hyphen"),
            _ => Ok(Scheme::Ssh),
        },
        _ => Ok(Scheme::File),
    }
}

/// Whether a secret may be sent there: HTTPS, or HTTP that stays on this machine.
pub(crate) fn is_safe_address(url: &str) -> Result<(), &'static str> {
    match scheme(url)? {
        Scheme::Http | Scheme::Https => Ok(()),
        Scheme::File | Scheme::Ssh => Err("is no address of HTTP"),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// git-check-ref-format(1), and nothing that could be an option.
fn check_branch(branch: &str) -> Result<(), &'static str> {
    if branch.is_empty() || branch.len() > 200 {
        return Err("expected 1 to 200 characters");
    }
    if branch.starts_with('-') {
        return Err("it begins with a hyphen");
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
    if !branch.chars().all(legal) {
        return Err("expected ASCII letters, digits and `-_./+`");
    }
    let part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock") || part.ends_with('.');
    if branch.contains("..") || branch.split('/').any(part) {
        return Err("no part of it may be empty, begin or end with a dot, or end with `.lock`");
    }
    if branch == "HEAD" || branch.starts_with("refs/") {
        return Err("it is a reference's own name");
    }
    Ok(())
}

/// Whatever stands before an `@` may be a secret.
pub(crate) fn redacted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        out.push_str(&rest[..at + 3]);
        rest = &rest[at + 3..];
        let end = rest.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(rest.len());
        if let Some(user) = rest[..end].rfind('@') {
            out.push_str("***");
            rest = &rest[user..];
        }
    }
    out.push_str(rest);
    out.chars().take(4000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, scheme) in [
            ("releases.git", Scheme::File),
            ("/srv/a b/releases.git", Scheme::File),
            ("./a:b.git", Scheme::File),
            ("file:///srv/releases.git", Scheme::File),
            ("https://github.com/acme/releases.git", Scheme::Https),
            ("http://127.0.0.1:8080/r.git", Scheme::Http),
            ("http://localhost/r.git", Scheme::Http),
            ("ssh://git@host:2222/r.git", Scheme::Ssh),
            ("git@github.com:acme/releases.git", Scheme::Ssh),
        ] {
            assert_eq!(Remote::parse(url, "main").map(|remote| remote.scheme()), Ok(scheme), "{url}");
        }
        for url in [
            "",
            "--upload-pack=touch x",
            "ext::sh -c touch% x",
            "ssh://-oProxyCommand=x/y",
            "-oProxyCommand=x:y",
            "git@-oProxyCommand=x:y",
            "https://user:secret@host/r.git",
            "https://token@host/r.git",
            "http://github.com/acme/releases.git",
            "git://host/r.git",
            "file://host/r.git",
            "fd::7",
            "https:///r.git",
            "a\nb",
        ] {
            let error = Remote::parse(url, "main").unwrap_err().to_string();
            assert!(!error.contains("secret") && !error.contains("token@"), "{error}");
        }
    }

    #[test]
    fn branches() {
        for good in ["main", "releases/eu-1", "v1.2", "a+b_c"] {
            assert!(Remote::parse("r.git", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-f",
            "a b",
            "a..b",
            "a.lock",
            "a//b",
            "/a",
            "a/",
            ".a",
            "a/.b",
            "a~1",
            "a^",
            "a:b",
            "a\\b",
            "HEAD",
            "refs/heads/x",
            "a\n",
            "é",
            "a@{1}",
        ] {
            assert!(Remote::parse("r.git", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_of_addresses_are_not_shown() {
        let text = "fatal: unable to access 'https://bob:hunter2@host/r.git/': 403, ssh://git@host/x";
        assert_eq!(redacted(text), "fatal: unable to access 'https://***@host/r.git/': 403, ssh://***@host/x");
    }
}
