//! `cargo xtask try`: what each system will say of somebody's values, told offline.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use generator::ledger::Target;

use crate::cli::{DISAGREES, values};
use crate::document::Case;
use crate::predict::{Of, predict};
use crate::referee::Referee;
use crate::subject;
use crate::subject::View;

/// Who is foretold, as people know them.
const SYSTEMS: &[(&str, Of<'_>)] = &[
    ("Helm", Of { system: "helm4", target: Some(Target::Helm), view: View::Whole }),
    ("kubectl apply", Of { system: "kro", target: Some(Target::Kro), view: View::Release }),
    ("Backstage", Of { system: "form", target: Some(Target::Backstage), view: View::Release }),
    ("Valid<T>", Of { system: "rust", target: Some(Target::Rust), view: View::Whole }),
];

/// Prints what the schema says of a release's values, and what each system will say.
///
/// # Errors
/// If there is no such service, or the file can't be read.
pub(crate) fn run(root: &Path, service: &str, file: &Path) -> anyhow::Result<ExitCode> {
    let subjects = subject::repository(root, true)?;
    let known: Vec<&str> = subjects.iter().map(subject::Subject::name).collect();
    let subject = subjects.iter().find(|subject| subject.name() == service);
    let subject = subject.with_context(|| format!("there is no service `{service}`: there are {}", known.join(", ")))?;
    let values = values(file)?;
    let referee = Referee::new(subject)?;
    let case = Case::new(&referee, View::Release, values, String::new(), None);
    let mut all = case.ruling.valid();
    line("the schema", case.ruling.valid(), &case.ruling.faults.iter().map(ToString::to_string).collect::<Vec<_>>());
    for (name, of) in SYSTEMS.iter().filter(|(_, of)| of.target.is_none_or(|target| subject.gives(target))) {
        match predict(&referee, *of, &case) {
            Some(foretold) => {
                all &= foretold.accepted;
                line(name, foretold.accepted, &foretold.words);
            }
            None => println!("{name:<15}leaves it to the checks of the pull request, and to the API"),
        }
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(DISAGREES) })
}

fn line(name: &str, accepted: bool, words: &[String]) {
    println!("{name:<15}{}", if accepted { "accepts" } else { "refuses" });
    for words in words {
        println!("{:<15}  {words}", "");
    }
}
