//! A releases repository on this machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

const BRANCH: &str = "main";

pub(crate) struct Releases {
    folder: PathBuf,
}

impl Releases {
    /// A new, bare one with a first commit.
    ///
    /// # Errors
    /// If Git isn't there, or the folder can't be written.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Releases> {
        let mut command = git();
        command.args(["init", "--quiet", "--bare", "--initial-branch", BRANCH]).arg(folder);
        run(command, "")?;
        let releases = Releases { folder: folder.to_owned() };
        releases.commit("README.md", Some("Releases. A commit here is applied.\n"), "Begin")?;
        Ok(releases)
    }

    /// The one of a folder.
    ///
    /// # Errors
    /// If there is none, or it has no commit.
    pub(super) fn of(folder: &Path) -> anyhow::Result<Releases> {
        let folder = std::fs::canonicalize(folder).with_context(|| format!("{} isn't there", folder.display()))?;
        let releases = Releases { folder };
        releases.head().context("there is no commit to follow")?;
        Ok(releases)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The commit that is to be applied.
    ///
    /// # Errors
    /// If Git fails.
    pub(crate) fn head(&self) -> anyhow::Result<String> {
        self.git(&["rev-parse", "--verify", "HEAD"], "")
    }

    /// The files of a commit.
    ///
    /// # Errors
    /// If Git fails.
    pub(crate) fn files(&self, commit: &str) -> anyhow::Result<Vec<String>> {
        let text = self.git(&["ls-tree", "-r", "--name-only", commit], "")?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Packs the files of a commit that match a pattern.
    ///
    /// # Errors
    /// If Git fails.
    pub(super) fn archive(&self, commit: &str, pattern: &str, into: &Path) -> anyhow::Result<()> {
        let into = into.to_string_lossy();
        let pattern = format!(":(glob){pattern}");
        let some = self.git(&["archive", "--format=tar.gz", "-o", &into, commit, "--", &pattern], "");
        if some.as_ref().is_err_and(|error| error.to_string().contains("did not match any files")) {
            let empty = self.git(&["hash-object", "-w", "-t", "tree", "--stdin"], "")?;
            return self.git(&["archive", "--format=tar.gz", "-o", &into, &empty], "").map(drop);
        }
        some.map(drop)
    }

    /// Commits one file, or its removal, and returns the commit.
    ///
    /// # Errors
    /// If Git fails.
    pub(crate) fn commit(&self, path: &str, content: Option<&str>, message: &str) -> anyhow::Result<String> {
        let index = tempfile::NamedTempFile::new().context("there is no temporary file")?;
        std::fs::remove_file(index.path()).ok();
        let in_index = |arguments: &[&str]| {
            let mut command = git();
            command.arg("-C").arg(&self.folder).env("GIT_INDEX_FILE", index.path()).args(arguments);
            run(command, "")
        };
        let head = self.head().ok();
        if let Some(head) = &head {
            in_index(&["read-tree", head])?;
        }
        match content {
            Some(content) => {
                let blob = self.git(&["hash-object", "-w", "--stdin"], content)?;
                in_index(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")])?;
            }
            // Without a work tree, a file of mode 0 is how one is said to be gone.
            None => {
                let mut command = git();
                command.arg("-C").arg(&self.folder).env("GIT_INDEX_FILE", index.path()).args(["update-index", "--index-info"]);
                run(command, &format!("0 {}\t{path}\n", "0".repeat(40)))?;
            }
        }
        let tree = in_index(&["write-tree"])?;
        let mut arguments = vec!["commit-tree", &tree, "-m", message];
        arguments.extend(head.iter().flat_map(|head| ["-p", head.as_str()]));
        let commit = self.git(&arguments, "")?;
        self.git(&["update-ref", "HEAD", &commit], "")?;
        Ok(commit)
    }

    fn git(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut command = git();
        command.arg("-C").arg(&self.folder).args(arguments);
        run(command, input)
    }
}

/// Git, with nothing of the user's own.
fn git() -> Command {
    let mut command = Command::new("git");
    command
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Trefoil").env(format!("GIT_{who}_EMAIL"), "trefoil@example.org");
    }
    command
}

fn run(mut command: Command, input: &str) -> anyhow::Result<String> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("Git can't be run")?;
    if let Some(mut to) = child.stdin.take() {
        to.write_all(input.as_bytes()).context("Git doesn't read")?;
    }
    let output = child.wait_with_output().context("Git can't be waited for")?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_committed_packed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let releases = Releases::new(&folder.path().join("r.git")).unwrap();
        let path = "acme/webapp/shop/manifest.yaml";
        let size = |commit: &str, pattern: &str| {
            let into = folder.path().join("packed.tar.gz");
            releases.archive(commit, pattern, &into).unwrap();
            into.metadata().unwrap().len()
        };
        let first = releases.commit(path, Some("a: 1\n"), "One").unwrap();
        assert_eq!(releases.head().unwrap(), first);
        assert_eq!(releases.files(&first).unwrap(), ["README.md", path]);
        assert!(size(&first, "*/*/*/manifest.yaml") > size(&first, "*/manifest.yaml"), "nothing was packed");
        let second = releases.commit(path, None, "None").unwrap();
        assert_eq!(releases.files(&second).unwrap(), ["README.md"]);
    }
}
