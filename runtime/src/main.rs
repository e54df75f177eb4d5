//! `trefoil`: releases into Git, from a terminal or a pipeline.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    match cli::run(args) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            cli::exit_of(&error).into()
        }
    }
}
