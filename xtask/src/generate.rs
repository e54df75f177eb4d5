//! `generate`: everything that follows from the schemas, to disk or compared with it.

use generator::{Code, Diagnostic, File, Location, Output, Severity, Span};

use crate::session::{Exit, Session};
use crate::{repository, write};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing: report what is changed, missing or no longer made
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(session: &mut Session, args: &Args) -> anyhow::Result<Exit> {
    let inputs = repository::read(session);
    let output = generator::generate(&inputs);
    session.report.extend(output.diagnostics.iter().cloned());
    if session.report.has(Severity::Error) {
        return Ok(Exit::Problems);
    }
    if args.check {
        check(session, &output.files)?;
        return Ok(session.unless_errors());
    }
    let plan = write::plan(&session.root, &output.files)?;
    write::commit(&session.root, &plan.changes(&output.files))?;
    session.say(summary(&plan, &output));
    // It goes with the process; taking a thousand models apart takes longer than that.
    std::mem::forget(output);
    Ok(Exit::Done)
}

fn summary(plan: &write::Plan, output: &Output) -> String {
    let written = plan.changed.len() + plan.missing.len();
    format!(
        "{} services: {written} files written, {} removed, {} as they were",
        output.services.len(),
        plan.orphans.len(),
        plan.same
    )
}

const MEND: &str =
    "run `cargo xtask generate`; what has to be different goes into the schema, into platform.toml or into an overlay";

/// Reports every generated file that isn't what `generate` makes.
pub(crate) fn check(session: &mut Session, files: &[File]) -> anyhow::Result<()> {
    let plan = write::plan(&session.root, files)?;
    for (path, at) in &plan.changed {
        let location = Location { file: path.clone(), span: Span { start: *at, end: *at } };
        let message = format!("{path} isn't what `generate` makes: here it begins to differ");
        session.report.push(Diagnostic::new(Severity::Error, Code::Stale, Some(location), message).help(MEND));
    }
    for path in &plan.missing {
        let message = format!("{path} isn't there, and `generate` makes it");
        session.report.push(Diagnostic::new(Severity::Error, Code::Stale, None, message).help("run `cargo xtask generate`"));
    }
    for path in &plan.orphans {
        let location = Location { file: path.clone(), span: Span::default() };
        let message = format!("{path} is no longer made");
        let help = "run `cargo xtask generate`, which removes it";
        session.report.push(Diagnostic::new(Severity::Error, Code::Orphan, Some(location), message).help(help));
    }
    if plan.is_fresh() {
        session.say(format!("{} generated files are fresh", plan.same));
    }
    Ok(())
}
