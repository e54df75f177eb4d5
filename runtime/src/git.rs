//! `git` as a program: what talks to the remote, with whatever credentials the machine has.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use gix::ObjectId;

use crate::remote::{Remote, Scheme, redacted};

/// The program, for one cache and one remote.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    /// The bare cache.
    pub dir: PathBuf,
    pub remote: Remote,
    /// Whether the user's and the machine's own configuration count.
    pub configured: bool,
    pub timeout: Duration,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The branch is what was pushed.
    Landed,
    /// The branch was not what it was thought to be.
    Lost,
    /// The remote doesn't want it.
    Declined(String),
    /// It was never sent, and sending it again won't help.
    Barred(String),
    /// There is no answer, or none that says anything of the branch. If it was sent, it may yet land.
    Failed { reason: String, sent: bool },
}

/// What a fetch brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// The reference has the branch.
    Branch,
    /// The remote has no such branch.
    NoBranch,
    /// The remote can't be used as it is set up.
    Barred(String),
    /// The remote couldn't be asked.
    Failed(String),
}

struct Ran {
    /// `None`: it was killed, or didn't end in time.
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Git {
    /// Brings the branch into `reference`, whatever that was.
    pub(crate) fn fetch(&self, reference: &str) -> Fetched {
        let spec = format!("+{}:{reference}", self.remote.reference());
        let mut command = self.command();
        command.args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-auto-maintenance",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
        ]);
        command.args(["--no-show-forced-updates", "--end-of-options", self.remote.url(), &spec]);
        match self.run(command) {
            Err(reason) => Fetched::Failed(reason),
            Ok(ran) if ran.code == Some(0) => Fetched::Branch,
            Ok(ran) if ran.stderr.contains("couldn't find remote ref") => Fetched::NoBranch,
            Ok(ran) if says(&ran, BARRED) => Fetched::Barred(said(&ran)),
            Ok(ran) => Fetched::Failed(said(&ran)),
        }
    }

    /// Makes the remote's branch `new` if it is `old`. The form with the expected id is the one that nothing defeats
    /// (git-push(1), `--force-with-lease`); the caller sees to it that `new` descends from `old`.
    pub(crate) fn push(&self, old: Option<ObjectId>, new: ObjectId) -> Pushed {
        let reference = self.remote.reference();
        let expected = old.map_or_else(String::new, |old| old.to_hex().to_string());
        let mut command = self.command();
        command.args(["push", "--porcelain", "--atomic", "--no-verify", "--no-follow-tags", "--no-signed"]);
        command.arg(format!("--force-with-lease={reference}:{expected}"));
        command.args(["--end-of-options", self.remote.url()]);
        command.arg(format!("{}:{reference}", new.to_hex()));
        match self.run(command) {
            Err(reason) => Pushed::Failed { reason, sent: true },
            Ok(ran) => read(&ran, &reference),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        // What stands in the environment of a hook or a rebase is about another repository.
        for name in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_NAMESPACE",
        ] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", if self.configured { "1" } else { "0" });
        if !self.configured {
            command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
            // A key that isn't known is a reason to stop, not to ask.
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes");
        }
        command.arg("--git-dir").arg(&self.dir);
        for setting in [
            "core.hooksPath=/dev/null",
            "protocol.allow=never",
            "submodule.recurse=false",
            "fetch.fsckObjects=true",
            "fetch.writeCommitGraph=false",
            "gc.auto=0",
            "maintenance.auto=false",
            "push.pushOption=",
            // What is larger is asked for twice, and sent in chunks, which not every server takes.
            "http.postBuffer=16777216",
            "advice.pushUpdateRejected=false",
            "advice.fetchShowForcedUpdates=false",
        ] {
            command.args(["-c", setting]);
        }
        command.arg("-c").arg(format!("protocol.{}.allow=always", self.remote.scheme().name()));
        if matches!(self.remote.scheme(), Scheme::Http | Scheme::Https) {
            // Credentials go to the host that they are for.
            command.args(["-c", "http.followRedirects=false"]);
        }
        command
    }

    /// What one of its commands prints, given an input; `None` if it fails.
    pub(crate) fn ask(&self, args: &[&str], input: &str) -> Option<String> {
        let mut command = self.command();
        command.args(args);
        let ran = self.feed(command, input).ok()?;
        (ran.code == Some(0)).then_some(ran.stdout)
    }

    fn run(&self, command: Command) -> Result<Ran, String> {
        self.feed(command, "")
    }

    /// Runs it to its end, or for as long as it may take.
    fn feed(&self, mut command: Command, input: &str) -> Result<Ran, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("`git` can't be started: {error}"))?;
        if let Some(mut to) = child.stdin.take() {
            // A program that doesn't read says why.
            to.write_all(input.as_bytes()).ok();
        }
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (send, done) = mpsc::channel();
        std::thread::spawn(move || {
            let errors = std::thread::spawn(move || text(stderr));
            let stdout = text(stdout);
            send.send((stdout, errors.join().unwrap_or_default())).ok();
        });
        match done.recv_timeout(self.timeout) {
            Ok((stdout, stderr)) => {
                let status = child.wait().map_err(|error| format!("`git` can't be waited for: {error}"))?;
                Ok(Ran { code: status.code(), stdout, stderr })
            }
            Err(_) => {
                child.kill().ok();
                child.wait().ok();
                Err(format!("`git` didn't answer within {} s", self.timeout.as_secs()))
            }
        }
    }
}

/// Runs it on what isn't a cache, and waits.
pub(crate) fn run(args: &[&str], input: &str) -> Result<(), String> {
    let mut command = Command::new("git");
    command.env("LC_ALL", "C").env_remove("GIT_DIR").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`git` can't be started: {error}"))?;
    if let Some(mut to) = child.stdin.take() {
        // A program that ends early says why.
        to.write_all(input.as_bytes()).ok();
    }
    let output = child.wait_with_output().map_err(|error| format!("`git` can't be waited for: {error}"))?;
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    output.status.success().then_some(()).ok_or(words)
}

fn text(from: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // What was read until it broke is all there is.
        from.read_to_end(&mut bytes).ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Its last words, without secrets.
fn said(ran: &Ran) -> String {
    let lines: Vec<&str> = ran.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let words = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default().join("; ");
    match (words.is_empty(), ran.code) {
        (false, _) => redacted(&words),
        (true, Some(code)) => format!("`git` ended with {code} and no word"),
        (true, None) => "`git` was killed".to_owned(),
    }
}

/// The line of our reference decides, never the exit code or the words beside it: with `--atomic` a lost lease also prints that the
/// remote hung up. The format is that of git-push(1), OUTPUT.
fn read(ran: &Ran, reference: &str) -> Pushed {
    let ours =
        |line: &&str| line.split('\t').nth(1).and_then(|names| names.split_once(':')).is_some_and(|(_, to)| to == reference);
    let Some(line) = ran.stdout.lines().find(ours) else {
        return match said(ran) {
            reason if says(ran, BARRED) => Pushed::Barred(reason),
            reason => Pushed::Failed { reason, sent: !says(ran, UNSENT) },
        };
    };
    let summary = line.splitn(3, '\t').nth(2).unwrap_or_default();
    match line.chars().next() {
        Some(' ' | '*' | '=') => Pushed::Landed,
        // The caller made sure that history is kept, so that can only be a lease that was let through for another reason.
        Some('+') => Pushed::Landed,
        _ if summary.contains("[remote rejected]") && !is_race(summary) => {
            Pushed::Declined(redacted(&declined(summary, &ran.stderr)))
        }
        Some('!') if summary.contains("[rejected]") || is_race(summary) => Pushed::Lost,
        _ => Pushed::Failed { reason: format!("{}; {}", redacted(summary), said(ran)), sent: true },
    }
}

/// What `git`, `ssh` and libcurl say before anything is sent, and say again each time.
const BARRED: &[&str] = &[
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "Permission denied (",
    "Host key verification failed",
    "certificate verification failed",
    "SSL certificate problem",
    "does not appear to be a git repository",
    "repository not found",
    "Repository not found",
    "The requested URL returned error: 401",
    "The requested URL returned error: 403",
    "The requested URL returned error: 404",
    "not allowed",
];

/// What they say if there is no connection at all.
const UNSENT: &[&str] =
    &["Could not resolve host", "Connection refused", "Failed to connect", "No route to host", "Network is unreachable"];

fn says(ran: &Ran, words: &[&str]) -> bool {
    words.iter().any(|words| ran.stderr.contains(words))
}

/// Somebody else was faster at the remote itself.
pub(crate) fn is_race(summary: &str) -> bool {
    [
        "failed to update ref",
        "atomic transaction failed",
        "failed to lock",
        "cannot lock ref",
        "reference already exists",
        "incorrect old value",
        "fetch first",
    ]
    .iter()
    .any(|words| summary.contains(words))
}

/// The remote's reason, and what its hook said.
fn declined(summary: &str, stderr: &str) -> String {
    let reason = summary.rsplit_once('(').map_or(summary, |(_, reason)| reason.trim_end_matches(')'));
    let remote: Vec<&str> =
        stderr.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim).filter(|line| !line.is_empty()).collect();
    if remote.is_empty() { reason.to_owned() } else { format!("{reason}: {}", remote.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(line: &str, stderr: &str) -> Pushed {
        let stdout = format!("To /srv/r.git\n{line}\nDone\n");
        read(&Ran { code: Some(1), stdout, stderr: stderr.to_owned() }, "refs/heads/main")
    }

    /// Lines that git 2.39 to 2.47 print.
    #[test]
    fn the_reference_line_decides() {
        for (line, expected) in [
            (" \tabc:refs/heads/main\t0f..1a", Pushed::Landed),
            ("*\tabc:refs/heads/main\t[new branch]", Pushed::Landed),
            ("=\tabc:refs/heads/main\t[up to date]", Pushed::Landed),
            ("!\tabc:refs/heads/main\t[rejected] (stale info)", Pushed::Lost),
            ("!\tabc:refs/heads/main\t[rejected] (fetch first)", Pushed::Lost),
            ("!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)", Pushed::Lost),
            ("!\tabc:refs/heads/main\t[remote rejected] (atomic transaction failed)", Pushed::Lost),
        ] {
            assert_eq!(push(line, "fatal: the remote end hung up unexpectedly"), expected, "{line}");
        }
        let declined =
            push("!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)", "remote: no releases on Friday\n");
        assert_eq!(declined, Pushed::Declined("pre-receive hook declined: no releases on Friday".to_owned()));
        let unsent = push(
            "",
            "fatal: unable to access 'http://127.0.0.1:1/r/': Failed to connect to 127.0.0.1 port 1: Connection refused",
        );
        assert!(matches!(unsent, Pushed::Failed { sent: false, .. }), "{unsent:?}");
        for words in
            ["fatal: Authentication failed for 'https://host/r/'", "fatal: x: server certificate verification failed. CAfile: y"]
        {
            let barred = push("", words);
            assert!(matches!(barred, Pushed::Barred(_)), "{barred:?}");
        }
        for other in ["", " \tabc:refs/heads/other\t0f..1a", "fatal: x"] {
            assert!(
                matches!(push(other, "fatal: https://a:b@h/x broke"), Pushed::Failed { reason, sent: true } if !reason.contains("a:b")),
                "{other}"
            );
        }
    }
}
