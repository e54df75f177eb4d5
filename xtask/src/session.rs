//! One run of the program: where it works, what it found, how it ends.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use generator::{Code, Diagnostic, Severity};

use crate::report::{Format, Report};

/// How a run ends; `--help` documents the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Done = 0,
    Problems = 1,
    Usage = 2,
    ProgramMissing = 3,
    Io = 4,
}

impl Exit {
    /// What another program of ours ended with; they share the codes.
    pub(crate) fn from_code(code: Option<i32>) -> Exit {
        match code {
            Some(0) => Exit::Done,
            Some(2) => Exit::Usage,
            Some(3) => Exit::ProgramMissing,
            Some(4) | None => Exit::Io,
            Some(_) => Exit::Problems,
        }
    }
}

pub(crate) struct Session {
    /// The platform repository.
    pub(crate) root: PathBuf,
    pub(crate) format: Format,
    pub(crate) verbose: bool,
    pub(crate) report: Report,
    /// A command has given its own document: without problems there is nothing to add.
    pub(crate) answered: bool,
}

impl Session {
    pub(crate) fn open(root: Option<PathBuf>, format: Format, verbose: bool) -> anyhow::Result<Session> {
        let root = match root {
            Some(root) if root.is_dir() => root,
            Some(root) => bail!("--root {} is not a folder", root.display()),
            None => above(&std::env::current_dir().context("the current folder can't be found")?),
        };
        Ok(Session { report: Report::new(root.clone()), root, format, verbose, answered: false })
    }

    /// The same run for work on the side; what it finds has to be [`Session::join`]ed.
    pub(crate) fn fork(&self) -> Session {
        let report = Report::new(self.root.clone());
        Session { root: self.root.clone(), format: self.format, verbose: self.verbose, report, answered: false }
    }

    /// Takes over what was found on the side.
    pub(crate) fn join(&mut self, side: Session) {
        self.report.merge(side.report);
    }

    /// Says something to people: on standard output, unless a program reads that.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        use std::io::Write;
        // A closed pipe ends the reading, not the work.
        let _ = match self.format {
            Format::Text => writeln!(std::io::stdout(), "{}", text.as_ref()),
            _ => writeln!(std::io::stderr(), "{}", text.as_ref()),
        };
    }

    /// Prints what was found.
    pub(crate) fn finish(mut self, result: anyhow::Result<Exit>) -> Exit {
        let exit = result.unwrap_or_else(|error| {
            self.report.push(Diagnostic::new(Severity::Error, Code::Io, None, format!("{error:#}")));
            Exit::Io
        });
        if !self.answered || !self.report.is_empty() {
            self.report.print(self.format, self.verbose);
        }
        exit
    }

    /// How a run ends that stops at errors only.
    pub(crate) fn unless_errors(&self) -> Exit {
        if self.report.has(Severity::Error) { Exit::Problems } else { Exit::Done }
    }

    /// How a check ends, which warnings fail too.
    pub(crate) fn unless_warnings(&self) -> Exit {
        if self.report.has(Severity::Warning) { Exit::Problems } else { Exit::Done }
    }
}

impl Exit {
    /// Of two, the one to report.
    pub(crate) fn worse(self, other: Exit) -> Exit {
        self.max(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// The nearest platform repository at or above `from`, or `from` itself.
fn above(from: &Path) -> PathBuf {
    let is_root = |folder: &&Path| folder.join("platform.toml").is_file() || folder.join("schemas").is_dir();
    from.ancestors().find(is_root).unwrap_or(from).to_owned()
}
