//! A platform repository on disk, read into the generator's inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use generator::{Code, Diagnostic, Inputs, Location, Severity, Source, Span};
use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::Value;

use crate::names;
use crate::session::Session;

/// What `charts/lib/_lib.tpl` is where a repository has none.
const LIBRARY: &str = include_str!("../../charts/lib/_lib.tpl");

pub(crate) const PLATFORM: &str = "platform.toml";

/// Reads everything, and reports all that is wrong with it. What can't be read is left out.
pub(crate) fn read(session: &mut Session) -> Inputs {
    let platform = platform(session);
    let mut sources = Vec::new();
    let schemas = folders(session, "schemas");
    for folder in &schemas {
        if let Some(service) = service_name(session, "schemas", folder) {
            sources.extend(source(session, service));
        }
    }
    charts(session, &schemas.iter().map(String::as_str).collect());
    let services: Vec<ServiceName> = sources.iter().map(|source: &Source| source.service.clone()).collect();
    session.report.extend(names::clashes(&services, &platform));
    let library = text(session, "charts/lib/_lib.tpl", Absence::Fine).unwrap_or_else(|| LIBRARY.to_owned());
    Inputs { platform, sources, library }
}

fn platform(session: &mut Session) -> Platform {
    let Some(text) = text(session, PLATFORM, Absence::Fine) else {
        return Platform::default();
    };
    Platform::read(&text).unwrap_or_else(|error| {
        let span = Span { start: error.span.start, end: error.span.end };
        let location = Location { file: PLATFORM.to_owned(), span };
        let mut diagnostic = Diagnostic::new(Severity::Error, Code::Platform, Some(location), error.message);
        diagnostic.help = error.help;
        session.report.push(diagnostic);
        Platform::default()
    })
}

/// A folder's name as a service's; a name that can't be is reported.
fn service_name(session: &mut Session, parent: &str, folder: &str) -> Option<ServiceName> {
    match ServiceName::parse(folder) {
        Ok(name) => Some(name),
        Err(error) => {
            let message = format!("the folder {parent}/{folder} can't be a service's: {error}");
            session.report.push(Diagnostic::new(Severity::Error, Code::Name, None, message));
            None
        }
    }
}

fn source(session: &mut Session, service: ServiceName) -> Option<Source> {
    let path = schema_path(&service);
    let text = text(session, &path, Absence::Error)?;
    let sample = sample(session, &service);
    let flavors = flavors(session, &service);
    Some(Source { service, path, text, sample, flavors })
}

pub(crate) fn schema_path(service: &ServiceName) -> String {
    format!("schemas/{service}/values.schema.json")
}

/// The values of the smallest good release: `minimal.yaml`, or the first good example there is.
fn sample(session: &mut Session, service: &ServiceName) -> Option<Value> {
    let files = yaml_files(session, &format!("schemas/{service}/examples/ok"));
    let file = files.iter().find(|file| file.ends_with("/minimal.yaml")).or(files.first())?;
    yaml(session, file)
}

/// `flavors/<name>.yaml`, by name. One that is no mapping is reported by `validate`.
fn flavors(session: &mut Session, service: &ServiceName) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    for file in yaml_files(session, &format!("schemas/{service}/flavors")) {
        out.extend(flavor_name(&file).map(str::to_owned).zip(yaml(session, &file)));
    }
    out
}

/// The name of the flavor in a file.
pub(crate) fn flavor_name(path: &str) -> Option<&str> {
    let file = path.rsplit('/').next()?;
    file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"))
}

/// Every chart has its schema, every schema its chart.
fn charts(session: &mut Session, schemas: &BTreeSet<&str>) {
    let charts: Vec<String> = folders(session, "charts")
        .into_iter()
        .filter(|folder| session.root.join("charts").join(folder).join("Chart.yaml").is_file())
        .collect();
    for chart in charts.iter().filter(|chart| !schemas.contains(chart.as_str())) {
        if let Some(service) = service_name(session, "charts", chart) {
            let message = format!("{} isn't there, and charts/{service} needs it", schema_path(&service));
            let help = format!("write it, or remove charts/{service}; `cargo xtask new {service} --from` adopts a chart");
            session.report.push(Diagnostic::new(Severity::Error, Code::Missing, None, message).help(help));
        }
    }
    for schema in schemas.iter().filter(|schema| !charts.iter().any(|chart| chart == *schema)) {
        if ServiceName::parse(schema).is_ok() {
            let message = format!("charts/{schema}/Chart.yaml isn't there, and schemas/{schema} needs its chart");
            let help = format!("write the chart, or remove schemas/{schema}");
            session.report.push(Diagnostic::new(Severity::Error, Code::Missing, None, message).help(help));
        }
    }
}

/// Whether it is a mistake that a file isn't there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    Fine,
    Error,
}

/// A file's text; what hinders the reading is reported.
pub(crate) fn text(session: &mut Session, path: &str, absence: Absence) -> Option<String> {
    match std::fs::read(session.root.join(path)) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                let message = format!("{path} isn't UTF-8 text: {}", error.utf8_error());
                session.report.push(Diagnostic::new(Severity::Error, Code::Io, None, message));
                None
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if absence == Absence::Error {
                let message = format!("{path} isn't there");
                session.report.push(Diagnostic::new(Severity::Error, Code::Missing, None, message));
            }
            None
        }
        Err(error) => {
            let message = format!("{path} can't be read: {error}");
            session.report.push(Diagnostic::new(Severity::Error, Code::Io, None, message));
            None
        }
    }
}

/// A file's one document; what hinders the reading is reported.
pub(crate) fn yaml(session: &mut Session, path: &str) -> Option<Value> {
    let text = text(session, path, Absence::Error)?;
    match manifest::yaml::read(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            session.report.push(yaml_error(path, &text, error));
            None
        }
    }
}

pub(crate) fn yaml_error(path: &str, text: &str, error: manifest::yaml::Error) -> Diagnostic {
    let span = error.span.map_or_else(|| point(text, error.line, error.column), |span| Span { start: span.start, end: span.end });
    let location = Location { file: path.to_owned(), span };
    Diagnostic::new(Severity::Error, Code::Syntax, Some(location), format!("it isn't YAML that can be read: {}", error.message))
}

/// The byte at a line and column, both from 1, the column in characters.
pub(crate) fn point(text: &str, line: usize, column: usize) -> Span {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let within: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    Span { start: start + within, end: start + within }
}

/// The YAML files right in a folder, sorted; none if it isn't there.
pub(crate) fn yaml_files(session: &mut Session, folder: &str) -> Vec<String> {
    let is_yaml = |name: &String| name.ends_with(".yaml") || name.ends_with(".yml");
    let names = entries(session, folder, |path| path.is_file());
    names.into_iter().filter(is_yaml).map(|name| format!("{folder}/{name}")).collect()
}

/// The folders right in a folder, sorted; hidden ones are left out.
pub(crate) fn folders(session: &mut Session, folder: &str) -> Vec<String> {
    entries(session, folder, |path| path.is_dir())
}

/// The visible names in a folder that are such ones, sorted.
fn entries(session: &mut Session, folder: &str, wanted: fn(&Path) -> bool) -> Vec<String> {
    let path = session.root.join(folder);
    let read = match std::fs::read_dir(&path) {
        Ok(read) => read,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let message = format!("{folder} can't be read: {error}");
            session.report.push(Diagnostic::new(Severity::Error, Code::Io, None, message));
            return Vec::new();
        }
    };
    let visible = |name: &String| !name.starts_with('.');
    let paths = read.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| wanted(path));
    let names = paths.filter_map(|path: PathBuf| Some(path.file_name()?.to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.filter(visible).collect();
    names.sort();
    names
}
