//! `validate`: everything that can be checked without a network and without another program.

pub(crate) mod accepted;
mod examples;
mod judge;
mod releases;
mod values;

use std::path::PathBuf;

use generator::{Made, Output, Severity, parallel};
use manifest::platform::Platform;

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
    progress.step("checking what is written by hand");
    let main = &*session;
    let checked = parallel::each(&output.services, |made| {
        let mut session = main.fork();
        let judge = by_hand(&mut session, made, &output, &inputs.platform);
        (session, judge)
    });
    let mut judges = Vec::new();
    for (side, judge) in checked {
        session.join(side);
        judges.extend(judge);
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

/// Checks what people write for a service; gives what its releases are checked with.
fn by_hand<'a>(session: &mut Session, made: &'a Made, output: &Output, platform: &Platform) -> Option<Judge<'a>> {
    accepted::check(session, made);
    let judge = Judge::new(session, made, platform)?;
    examples::check(session, &judge);
    values::check(session, &judge, &output.files);
    Some(judge)
}
