//! A chart that exists, as a service's beginning.

use std::path::Path;

use anyhow::Context;
use generator::{Code, Diagnostic, Location, Severity, Span};
use manifest::name::ServiceName;
use serde_json::Value;
use walkdir::{DirEntry, WalkDir};

use crate::adopt;
use crate::repository;
use crate::session::Session;
use crate::starter::{Draft, rename_chart};

/// Made anew by `generate`, so not taken over.
const GENERATED: [&str; 6] =
    ["values.yaml", "values.schema.json", "README.md", "ci/minimal-values.yaml", "templates/_lib.tpl", "templates/_platform.tpl"];

/// The files of the chart in `folder`, with its values' defaults in its schema. `None`: refused, and reported.
pub(super) fn draft(session: &mut Session, folder: &Path, service: &ServiceName) -> anyhow::Result<Option<Draft>> {
    let Some(chart) = read(session, folder, "Chart.yaml", true)? else { return Ok(None) };
    if !is_chart(session, folder, &chart) {
        return Ok(None);
    }
    let values = read(session, folder, "values.yaml", false)?.unwrap_or_default();
    let schema = read(session, folder, "values.schema.json", false)?;
    let adopted = adopt::adopt(schema.as_deref(), &values);
    for diagnostic in adopted.diagnostics {
        session.report.push(rename(diagnostic, folder));
    }
    if session.report.has(Severity::Error) {
        return Ok(None);
    }
    let mut files = vec![(repository::schema_path(service), adopted.schema_text.into_bytes())];
    copy(session, folder, service, &mut files)?;
    files.sort();
    let values = manifest::yaml::read(&values).ok();
    Ok(Some(Draft { service: service.clone(), origin: format!("the chart {}", folder.display()), files, values }))
}

/// A text of the chart, known to the report under its own path.
fn read(session: &mut Session, folder: &Path, name: &str, needed: bool) -> anyhow::Result<Option<String>> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            session.report.text(path.to_string_lossy(), text.clone());
            Ok(Some(text))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if needed {
                let message = format!("{} isn't there: {} is no chart", path.display(), folder.display());
                session.report.push(Diagnostic::new(Severity::Error, Code::Missing, None, message));
            }
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("{} can't be read", path.display())),
    }
}

fn is_chart(session: &mut Session, folder: &Path, text: &str) -> bool {
    let path = folder.join("Chart.yaml").to_string_lossy().into_owned();
    let problem = match manifest::yaml::read(text) {
        Err(error) => Some(repository::yaml_error(&path, text, error)),
        Ok(chart) if chart["name"].is_string() && chart["version"].is_string() => None,
        Ok(_) => {
            let location = Location { file: path, span: Span::default() };
            let message = "a chart has a `name` and a `version`, both text";
            Some(Diagnostic::new(Severity::Error, Code::Syntax, Some(location), message))
        }
    };
    let fine = problem.is_none();
    session.report.extend(problem);
    fine
}

/// Diagnostics call the chart's files by their paths.
fn rename(mut diagnostic: Diagnostic, folder: &Path) -> Diagnostic {
    let path = |location: &mut Location| location.file = folder.join(&location.file).to_string_lossy().into_owned();
    diagnostic.location.iter_mut().for_each(path);
    diagnostic.related.iter_mut().for_each(|(location, _)| path(location));
    diagnostic
}

/// All else, byte for byte, but for the chart's name.
fn copy(session: &mut Session, folder: &Path, service: &ServiceName, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(|entry| !is_git(entry)) {
        let entry = entry.context("the chart can't be listed")?;
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let name = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        if entry.file_type().is_symlink() {
            let message = format!("{} is a link, and is not taken over", entry.path().display());
            session.report.push(Diagnostic::new(Severity::Warning, Code::Io, None, message));
        }
        if !entry.file_type().is_file() || GENERATED.contains(&name.as_str()) {
            continue;
        }
        let content = std::fs::read(entry.path()).with_context(|| format!("{} can't be read", entry.path().display()))?;
        files.extend(example(&name, &content).map(|(name, content)| (format!("schemas/{service}/examples/ok/{name}"), content)));
        let content = match (name.as_str(), std::str::from_utf8(&content)) {
            ("Chart.yaml", Ok(text)) => rename_chart(text, service).into_bytes(),
            _ => content,
        };
        files.push((format!("charts/{service}/{name}"), content));
    }
    Ok(())
}

fn is_git(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name() == ".git"
}

/// The values that the chart's own tests use (`ci/*-values.yaml`, helm/chart-testing) are good examples.
fn example(name: &str, content: &[u8]) -> Option<(String, Vec<u8>)> {
    let stem = name.strip_prefix("ci/")?.strip_suffix("-values.yaml").filter(|stem| !stem.contains('/'))?;
    let values = manifest::yaml::read(std::str::from_utf8(content).ok()?).ok()?;
    matches!(values, Value::Object(_)).then(|| (format!("{stem}.yaml"), content.to_vec()))
}
