//! User and password of a remote, as `git` has them: git-credential(1), with whatever helpers it is configured for.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::git::Git;

/// What a helper said. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credential(String);

impl Credential {
    /// Asks for it.
    pub(crate) fn of(git: &Git) -> Option<Credential> {
        let said = git.ask(&["credential", "fill"], &format!("url={}\n\n", git.remote.url()))?;
        Credential::read(&said)
    }

    fn read(said: &str) -> Option<Credential> {
        let has = |key: &str| said.lines().any(|line| line.split_once('=').is_some_and(|(found, _)| found == key));
        (has("username") && has("password")).then(|| Credential(said.trim_end().to_owned()))
    }

    /// Tells the helpers whether it was right.
    pub(crate) fn judge(&self, git: &Git, is_right: bool) {
        let word = if is_right { "approve" } else { "reject" };
        // They needn't listen.
        git.ask(&["credential", word], &format!("{}\n\n", self.0));
    }

    /// For `Authorization` (RFC 7617).
    pub(crate) fn basic(&self) -> String {
        let word = |key: &str| {
            let found = self.0.lines().filter_map(|line| line.split_once('=')).find(|(found, _)| *found == key);
            found.map_or("", |(_, value)| value)
        };
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", word("username"), word("password"))))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_s_answer() {
        let credential = Credential::read("protocol=https\nhost=h\nusername=Aladdin\npassword=open sesame=x\n").unwrap();
        // RFC 7617, section 2, with an equals sign in the password.
        assert_eq!(credential.basic(), format!("Basic {}", BASE64_STANDARD.encode("Aladdin:open sesame=x")));
        assert!(!format!("{credential:?}").contains("sesame"));
        for lacking in ["", "username=a\n", "password=b\n", "quit=1\n"] {
            assert!(Credential::read(lacking).is_none(), "{lacking}");
        }
    }
}
