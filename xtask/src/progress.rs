//! One line that says what is being done, where somebody sees it.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::report::Format;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(400);

pub(crate) struct Progress {
    since: Instant,
    shown: bool,
    on: bool,
}

impl Progress {
    pub(crate) fn new(format: Format) -> Progress {
        Progress { since: Instant::now(), shown: false, on: format == Format::Text && std::io::stderr().is_terminal() }
    }

    pub(crate) fn step(&mut self, what: &str) {
        if self.on && self.since.elapsed() > PATIENCE {
            self.shown = true;
            let _ = write!(std::io::stderr(), "\r\x1b[2K{what} …");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}
