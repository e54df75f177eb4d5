//! Servers of other projects, which must not outlive the audit, even one that was killed: each is started by a small process of our own
//! that holds it, and ends it when the pipe from the audit is closed, which the system does for every process that ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, bail};

/// The hidden subcommand of our program that holds another one: `hold [FOLDER] -- PROGRAM ARGS…`. The folder is removed in the end.
pub(crate) const HOLD: &str = "hold";

/// How often the holder looks whether its program has ended.
const PULSE: Duration = Duration::from_millis(50);

/// A server that runs. It ends when this is dropped.
pub(crate) struct Held {
    name: String,
    holder: Child,
    log: PathBuf,
}

impl Held {
    /// Starts a program whose output goes to `log`. With it ends what is in `folder`, which we can't remove if we are killed.
    ///
    /// # Errors
    /// If the holder can't be started, or the log not be written.
    pub(crate) fn start(name: &str, program: &Command, log: &Path, folder: Option<&Path>) -> anyhow::Result<Held> {
        let to = File::create(log).with_context(|| format!("{} can't be written", log.display()))?;
        let mut command = Command::new(std::env::current_exe().context("our own program can't be found")?);
        command.arg(HOLD).args(folder).arg("--").arg(program.get_program()).args(program.get_args());
        for (key, value) in program.get_envs() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        apart(&mut command);
        let holder = command
            .stdin(Stdio::piped())
            .stdout(to.try_clone().context("the log has no second handle")?)
            .stderr(to)
            .spawn()
            .with_context(|| format!("{name} can't be started"))?;
        Ok(Held { name: name.to_owned(), holder, log: log.to_owned() })
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// If it has ended: with the end of what it said.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.holder.try_wait()? {
            bail!("{} has ended ({status}):\n{}", self.name, self.said());
        }
        Ok(())
    }

    /// The end of its log.
    pub(crate) fn said(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().ok();
    }
}

/// In a process group of its own, so that an interrupt from the terminal meets the audit, and the holder sees its pipe close.
fn apart(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Runs a program until it ends, or our standard input does. What `hold` does.
///
/// # Errors
/// If the program can't be started.
pub(crate) fn hold(arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let (folder, program) = match arguments {
        [dashes, program @ ..] if dashes == "--" => (None, program),
        [folder, dashes, program @ ..] if dashes == "--" => (Some(folder), program),
        _ => bail!("nothing to hold: give a program after `--`"),
    };
    let (program, arguments) = program.split_first().context("nothing to hold: give a program after `--`")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("{} can't be started", program.to_string_lossy()))?;
    // Told to end itself, it takes the program with it.
    let told = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&told)).context("signals can't be watched")?;
    }
    let (closed, wait) = channel::<()>();
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        let mut input = std::io::stdin().lock();
        while input.read(&mut rest).is_ok_and(|read| read > 0) {}
        drop(closed);
    });
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(code(status));
        }
        let closed = wait.recv_timeout(PULSE) == Err(RecvTimeoutError::Disconnected);
        if closed || told.load(Ordering::Relaxed) {
            child.kill()?;
            child.wait()?;
            if let Some(folder) = folder {
                remove(folder);
            }
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Again, if something was written meanwhile: other servers are being ended, too.
fn remove(folder: &OsString) {
    for _ in 0..40 {
        if std::fs::remove_dir_all(folder).is_ok() || !Path::new(folder).exists() {
            break;
        }
        std::thread::sleep(PULSE);
    }
}

fn code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
