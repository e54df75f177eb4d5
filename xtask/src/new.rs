//! `new`: a service's beginning, all of it or nothing.

mod chart;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context;
use generator::{Code, Diagnostic, File, Inputs, Severity, Source};
use manifest::name::{Kind, ServiceName};

use crate::session::{Exit, Session};
use crate::starter::{self, Draft};
use crate::write::{self, Change};
use crate::{adopt, names, repository};

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask new SERVICE=postgres         the starter `postgres`
  cargo xtask new orders-db --starter postgres
  cargo xtask new grafana --from ../charts/grafana")]
pub(crate) struct Args {
    /// The service's name; `SERVICE=name` is understood too
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// Begin with this starter; without it, the one of the service's name, or `blank`
    #[arg(long, value_name = "STARTER", conflicts_with = "from")]
    starter: Option<String>,
    /// Adopt the chart in this folder: its schema, its defaults, its templates
    #[arg(long, value_name = "CHART_DIR")]
    from: Option<PathBuf>,
    /// Begin the services that this one is composed of, too
    #[arg(long)]
    with_dependencies: bool,
    /// Show the starters
    #[arg(long, conflicts_with_all = ["name", "starter", "from", "with_dependencies"])]
    list: bool,
}

pub(crate) fn run(session: &mut Session, args: &Args) -> anyhow::Result<Exit> {
    let Some(name) = args.name.as_deref().filter(|_| !args.list) else {
        list(session);
        return Ok(Exit::Done);
    };
    let name = name.strip_prefix("SERVICE=").unwrap_or(name);
    let service = match ServiceName::parse(name) {
        Ok(service) => service,
        Err(error) => return Ok(refuse(session, Code::Name, error.to_string(), None)),
    };
    if let Some(there) = exists(session, &service) {
        let message = format!("the service `{service}` exists: {there} is there");
        return Ok(refuse(session, Code::NameTaken, message, Some("change it where it is, or choose another name")));
    }
    let mut inputs = repository::read(session);
    let Some(drafts) = drafts(session, args, &service, &inputs)? else {
        return Ok(Exit::Problems);
    };
    check_names(session, &drafts, &inputs);
    for draft in &drafts {
        inputs.sources.extend(source(session, draft));
    }
    let output = generator::generate(&inputs);
    session.report.extend(output.diagnostics.iter().cloned());
    if session.report.has(Severity::Error) {
        return Ok(Exit::Problems);
    }
    drafts.iter().for_each(|draft| check_meaning(session, draft, &output.files));
    let made = commit(session, &drafts, &output.files)?;
    tell(session, &drafts, &made, &inputs);
    Ok(Exit::Done)
}

fn list(session: &Session) {
    let starters = starter::list();
    let width = starters.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, description) in starters {
        session.say(format!("{name:width$}  {description}").trim_end());
    }
}

fn refuse(session: &mut Session, code: Code, message: String, help: Option<&str>) -> Exit {
    let mut diagnostic = Diagnostic::new(Severity::Error, code, None, message);
    diagnostic.help = help.map(str::to_owned);
    session.report.push(diagnostic);
    Exit::Problems
}

/// What is there of a service already.
fn exists(session: &Session, service: &ServiceName) -> Option<String> {
    let folders = [format!("schemas/{service}"), format!("charts/{service}")];
    folders.into_iter().find(|folder| session.root.join(folder).symlink_metadata().is_ok())
}

/// The service's files and, if wanted, those of the services it is composed of. `None`: refused, and reported.
fn drafts(session: &mut Session, args: &Args, service: &ServiceName, inputs: &Inputs) -> anyhow::Result<Option<Vec<Draft>>> {
    let first = match &args.from {
        Some(folder) => chart::draft(session, folder, service)?,
        None => from_starter(session, args.starter.as_deref(), service),
    };
    let Some(first) = first else { return Ok(None) };
    let mut known: BTreeSet<ServiceName> = inputs.sources.iter().map(|source| source.service.clone()).collect();
    known.insert(service.clone());
    let mut drafts = vec![first];
    let mut next = 0;
    while let Some(draft) = drafts.get(next) {
        next += 1;
        let (parent, schema) = (draft.service.clone(), draft.text(&repository::schema_path(&draft.service)).unwrap_or_default());
        for child in starter::children(schema) {
            if !known.insert(child.clone()) {
                continue;
            }
            match starter::draft(child.as_str(), &child) {
                Some(draft) if args.with_dependencies => drafts.push(draft),
                found => missing_child(session, &parent, &child, found.is_some()),
            }
        }
    }
    Ok((!session.report.has(Severity::Error)).then_some(drafts))
}

fn missing_child(session: &mut Session, parent: &ServiceName, child: &ServiceName, has_starter: bool) {
    let message = format!("the service `{parent}` is composed of `{child}`, which isn't in the repository");
    let help = match has_starter {
        true => format!("say `--with-dependencies`, or `cargo xtask new {child}` first"),
        false => format!("there is no starter `{child}`: write schemas/{child} and charts/{child} first"),
    };
    session.report.push(Diagnostic::new(Severity::Error, Code::ChildMissing, None, message).help(help));
}

fn from_starter(session: &mut Session, wanted: Option<&str>, service: &ServiceName) -> Option<Draft> {
    let own = if starter::exists(service.as_str()) { service.as_str() } else { starter::BLANK };
    let name = wanted.unwrap_or(own);
    let draft = starter::draft(name, service);
    if draft.is_none() {
        let names: Vec<String> = starter::list().into_iter().map(|(name, _)| name).collect();
        let message = format!("there is no starter {name:?}: there are {}", names.join(", "));
        refuse(session, Code::Missing, message, Some("`cargo xtask new --list` describes them"));
    }
    draft
}

/// All that derives from the names is checked before anything is made.
fn check_names(session: &mut Session, drafts: &[Draft], inputs: &Inputs) {
    let mut others: Vec<ServiceName> = inputs.sources.iter().map(|source| source.service.clone()).collect();
    for draft in drafts {
        session.report.extend(names::check(&draft.service, &others, &inputs.platform));
        if let Some(there) = exists(session, &draft.service) {
            refuse(session, Code::NameTaken, format!("the service `{}` exists: {there} is there", draft.service), None);
        }
        others.push(draft.service.clone());
    }
}

/// The draft as the generator reads a service.
fn source(session: &mut Session, draft: &Draft) -> Option<Source> {
    let service = &draft.service;
    let path = repository::schema_path(service);
    let text = draft.text(&path)?.to_owned();
    let folder = format!("schemas/{service}/examples/ok/");
    let mut examples = draft.files.iter().map(|(path, _)| path).filter(|path| path.starts_with(&folder));
    let minimal = format!("{folder}minimal.yaml");
    let example = draft.text(&minimal).map(|_| &minimal).or_else(|| examples.next());
    let sample = example.and_then(|path| manifest::yaml::read(draft.text(path)?).ok());
    let folder = format!("schemas/{service}/flavors/");
    let flavors =
        draft.files.iter().filter(|(path, _)| path.starts_with(&folder)).filter_map(|(path, _)| {
            Some((repository::flavor_name(path)?.to_owned(), manifest::yaml::read(draft.text(path)?).ok()?))
        });
    let flavors = flavors.collect();
    session.report.text(path.clone(), text.clone());
    Some(Source { service: service.clone(), path, text, sample, flavors })
}

/// The values that are generated for an adopted chart mean what its own meant, or it is said where they don't.
fn check_meaning(session: &mut Session, draft: &Draft, files: &[File]) {
    let path = format!("charts/{}/values.yaml", draft.service);
    let made = files.iter().find(|file| file.path == path).and_then(|file| manifest::yaml::read(&file.content).ok());
    let (Some(theirs), Some(ours)) = (&draft.values, made) else { return };
    for place in adopt::differences(theirs, &ours) {
        let message = format!("{path} no longer means what {} meant at {place}: the schema refuses that value", draft.origin);
        session.report.push(Diagnostic::new(Severity::Warning, Code::AdoptConflict, None, message));
    }
}

/// Writes the drafts and all that is generated, together; returns the generated files that are new or changed.
fn commit(session: &Session, drafts: &[Draft], files: &[File]) -> anyhow::Result<Vec<String>> {
    let plan = write::plan(&session.root, files)?;
    let mut changes = plan.changes(files);
    let made = changes.iter().filter(|change| change.content.is_some()).map(|change| change.path.clone()).collect();
    let written = drafts.iter().flat_map(|draft| &draft.files);
    changes.extend(written.map(|(path, content)| Change { path: path.clone(), content: Some(content) }));
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    write::commit(&session.root, &changes).context("the service can't be written")?;
    Ok(made)
}

fn tell(session: &Session, drafts: &[Draft], made: &[String], inputs: &Inputs) {
    for draft in drafts {
        let service = &draft.service;
        let (kind, plural) = (Kind::of(service), inputs.platform.plural(service));
        session.say(format!("{service}: kind {kind}, plural {plural}, from {}", draft.origin));
        session.say("\n  yours to write:");
        draft.files.iter().for_each(|(path, _)| session.say(format!("    {path}")));
    }
    session.say("\n  generated:");
    made.iter().for_each(|path| session.say(format!("    {path}")));
    if let Some(first) = drafts.first() {
        let service = &first.service;
        session.say(format!(
            "\nNext: write schemas/{service}/values.schema.json and charts/{service}/templates/, then run `cargo xtask generate` \
             and `cargo xtask validate`"
        ));
    }
}
