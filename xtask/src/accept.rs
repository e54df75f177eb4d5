//! `accept`: writes down that losses are accepted.

use std::collections::BTreeSet;

use generator::{Code, Diagnostic, Severity};
use manifest::name::ServiceName;

use crate::session::{Exit, Session};
use crate::validate::accepted;
use crate::write::{self, Change};
use crate::{explain, repository};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The service
    service: String,
    /// Why they are accepted; without it, the target's own reason
    #[arg(long)]
    reason: Option<String>,
    /// Only this target's
    #[arg(long)]
    target: Option<String>,
    /// Only this keyword's
    #[arg(long)]
    keyword: Option<String>,
    /// Only those at this place, or below it
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,
}

pub(crate) fn run(session: &mut Session, args: &Args) -> anyhow::Result<Exit> {
    let inputs = repository::read(session);
    let output = generator::generate(&inputs);
    session.report.extend(output.diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned());
    if session.report.has(Severity::Error) {
        return Ok(Exit::Problems);
    }
    let Some(made) = output.services.iter().find(|made| made.service.name.as_str() == args.service) else {
        let known: Vec<&ServiceName> = output.services.iter().map(|made| &made.service.name).collect();
        session.report.push(explain::unknown(&args.service, &known));
        return Ok(Exit::Problems);
    };
    let Some(open) = accepted::outstanding(session, made) else { return Ok(Exit::Problems) };
    let wanted = |option: &Option<String>, text: &str| option.as_deref().is_none_or(|wanted| wanted == text);
    let entries: BTreeSet<String> = open
        .iter()
        .filter(|(target, entry)| wanted(&args.target, target.as_str()) && wanted(&args.keyword, entry.keyword))
        .filter(|(_, entry)| args.at.as_deref().is_none_or(|at| explain::at_or_below(entry.used_at.as_str(), at)))
        .map(|(target, entry)| {
            let reason = args.reason.as_deref().or(entry.outcome.detail()).unwrap_or_default();
            let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
            let (at, keyword) = (text(entry.used_at.as_str()), text(entry.keyword));
            format!("[[accept]]\nat = {at}\nkeyword = {keyword}\ntarget = {}\nreason = {}\n", text(target.as_str()), text(reason))
        })
        .collect();
    if entries.is_empty() {
        session.say(format!("{}: nothing is left to accept", made.service.name));
        return Ok(Exit::Done);
    }
    let path = accepted::path(made);
    let mut text = repository::text(session, &path, repository::Absence::Fine).unwrap_or_default();
    if session.report.has(Severity::Error) {
        return Ok(Exit::Problems);
    }
    for entry in &entries {
        text.push_str(if text.is_empty() || text.ends_with("\n\n") {
            ""
        } else if text.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        });
        text.push_str(entry);
    }
    if toml::from_str::<toml::Table>(&text).is_err() {
        let message = format!("{path} can't be added to");
        session.report.push(Diagnostic::new(Severity::Error, Code::Syntax, None, message));
        return Ok(Exit::Problems);
    }
    write::commit(&session.root, &[Change { path: path.clone(), content: Some(text.as_bytes()) }])?;
    session.say(format!("{path}: {} entries added; read them", entries.len()));
    Ok(Exit::Done)
}
