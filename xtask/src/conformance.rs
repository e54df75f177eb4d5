//! The audit is a program of its own: it is built when it is asked for, and what is broken in it can't stop a generation.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Context;

use crate::session::{Exit, Session};

/// What the program is told; it reads it itself.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    rest: Vec<OsString>,
}

/// Runs a command of the program in the platform repository.
///
/// # Errors
/// If cargo can't be run.
pub(crate) fn run(session: &Session, command: &str, args: &Args) -> anyhow::Result<Exit> {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--manifest-path", workspace, "--package=conformance", "--", command]).args(&args.rest);
    let status = cargo.current_dir(&session.root).status().context("cargo can't be run")?;
    Ok(Exit::from_code(status.code()))
}
