//! `cargo xtask`: reads a platform repository, generates, checks and explains. Only this program touches files and the terminal.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod accept;
mod adopt;
mod bench;
mod cli;
mod conformance;
mod explain;
mod generate;
mod helm;
mod laid;
mod locate;
mod names;
mod new;
mod progress;
mod report;
mod repository;
mod session;
mod starter;
mod survey;
mod validate;
mod write;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run().into()
}
