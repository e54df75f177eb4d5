//! Signatures of commits, by the programs that Git itself uses.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::Error;

/// With what commits are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// `ssh-keygen -Y sign`: a private key's file, or a public key's whose private one an agent holds.
    Ssh(PathBuf),
    /// `gpg`: a key's id or address.
    Gpg(String),
}

impl Signing {
    pub(crate) fn sign(&self, payload: &[u8]) -> Result<String, Error> {
        let (program, mut command) = match self {
            Signing::Ssh(key) => {
                let mut command = Command::new("ssh-keygen");
                command.args(["-Y", "sign", "-n", "git", "-f"]).arg(key);
                ("ssh-keygen", command)
            }
            Signing::Gpg(key) => {
                let mut command = Command::new("gpg");
                command.args(["--batch", "--armor", "--detach-sign", "--local-user"]).arg(key);
                ("gpg", command)
            }
        };
        let fail = |why: String| Error::Signing { reason: format!("{program}: {why}") };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| fail(error.to_string()))?;
        if let Some(mut input) = child.stdin.take() {
            // A program that ends early says why.
            input.write_all(payload).ok();
        }
        let output = child.wait_with_output().map_err(|error| fail(error.to_string()))?;
        match String::from_utf8(output.stdout) {
            Ok(signature) if output.status.success() && !signature.is_empty() => Ok(signature.trim_end().to_owned()),
            _ => Err(fail(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        }
    }
}
