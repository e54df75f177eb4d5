//! A program of another language that judges documents for us: it reads questions on its standard input and writes answers, a line of JSON
//! each. It ends when its input does, so none outlives the audit, even one that was killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// A running driver.
pub(crate) struct Driver {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    log: PathBuf,
    next: u64,
}

impl Driver {
    /// Starts the program; what it says of itself goes to `log`.
    ///
    /// # Errors
    /// If the program can't be started, or the log not be written.
    pub(crate) fn start(name: &str, mut command: Command, log: &Path) -> anyhow::Result<Driver> {
        let to = File::create(log).with_context(|| format!("{} can't be written", log.display()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(to)
            .spawn()
            .with_context(|| format!("{name} can't be started: {command:?}"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("the driver has no output")?);
        Ok(Driver { name: name.to_owned(), child, input, output, log: log.to_owned(), next: 0 })
    }

    /// Asks all questions, objects to which `id` is added, and returns the answers in the order of the questions. The program may
    /// answer in any order.
    ///
    /// # Errors
    /// If the program ends before it has answered, or says something else than lines of JSON with the `id` of a question.
    pub(crate) fn ask(&mut self, questions: &[Value]) -> anyhow::Result<Vec<Value>> {
        let first = self.next;
        self.next += questions.len() as u64;
        let mut input = self.input.take().with_context(|| format!("{} has ended", self.name))?;
        let mut answers = BTreeMap::new();
        let read = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut to = BufWriter::new(&mut input);
                for (id, question) in (first..).zip(questions) {
                    let mut question = question.clone();
                    question["id"] = id.into();
                    writeln!(to, "{question}")?;
                }
                to.flush()
            });
            let mut line = String::new();
            while answers.len() < questions.len() {
                line.clear();
                if self.output.read_line(&mut line)? == 0 {
                    break;
                }
                let answer: Value = serde_json::from_str(&line).with_context(|| format!("{} said {line:?}", self.name))?;
                let id = answer["id"].as_u64().filter(|id| (first..self.next).contains(id));
                let Some(id) = id else { bail!("{} answered what it wasn't asked: {line}", self.name) };
                answers.insert(id, answer);
            }
            // A program that ended early doesn't read either; that it ended is said below.
            writer.join().ok();
            Ok(())
        });
        self.input = Some(input);
        read?;
        if answers.len() < questions.len() {
            let status = self.child.wait()?;
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            bail!("{} ended ({status}) after {} of {} answers:\n{}", self.name, answers.len(), questions.len(), tail.join("\n"));
        }
        Ok(answers.into_values().collect())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.input.take());
        if std::thread::panicking() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}
