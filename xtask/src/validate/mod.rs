//! `validate`: everything that can be checked without a network and without another program.

pub(crate) mod accepted;
mod examples;
mod judge;
mod releases;
mod values;
mod withheld;

use std::path::PathBuf;

use generator::Severity;

use crate::progress::Progress;
use crate::session::{Exit, Session};
use crate::{generate, repository};
use judge::Judge;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Check every manifest of the releases repository in this folder, too
    #[arg(long, value_name = "DIR")]
    releases: Option<PathBuf>,
}

pub(crate) fn run(session: &mut Session, args: &Args) -> anyhow::Result<Exit> {
    let mut progress = Progress::new(session.format);
    let inputs = repository::read(session);
    progress.step("generating");
    let output = generator::generate(&inputs);
    session.report.extend(output.diagnostics.iter().cloned());
    // What can't be made can't be compared with what is there.
    if !session.report.has(Severity::Error) {
        generate::check(session, &output.files)?;
    }
    let mut judges = Vec::new();
    for made in &output.services {
        progress.step(&format!("checking {}", made.service.name));
        accepted::check(session, made);
        if let Some(judge) = Judge::new(session, made, &inputs.platform) {
            examples::check(session, &judge);
            values::check(session, &judge, &output.files);
            judges.push(judge);
        }
    }
    if let Some(folder) = &args.releases {
        releases::check(session, folder, &judges, &inputs.platform, &mut progress)?;
    }
    drop(progress);
    if !session.report.has(Severity::Warning) {
        session.say(format!("{} services are in order", output.services.len()));
    }
    Ok(session.unless_warnings())
}
