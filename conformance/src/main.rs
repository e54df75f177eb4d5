//! The audit: what was generated is shown to the systems that it is for, with documents that they have to accept and documents that they
//! have to refuse, and their verdicts are held against the ledger.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod audit;
mod chain;
mod cli;
mod cluster;
mod document;
mod driver;
mod fault;
mod foretell;
mod form_data;
mod held;
mod install;
mod lab;
mod manifests;
mod object;
mod place;
mod plane;
mod predict;
mod random;
mod referee;
mod report;
mod roster;
mod sample;
mod subject;
mod system;
mod verdict;

use std::ffi::OsString;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let held = arguments.first().is_some_and(|word| word == held::HOLD);
    let done = if held { held::hold(arguments.get(1..).unwrap_or_default()) } else { cli::run() };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(cli::FAILED)
    })
}
