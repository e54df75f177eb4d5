//! Commands that read: `get`, `list`, `history`, `validate`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use runtime::Snapshot;
use runtime::manifest::layout::is_manifest;
use serde_json::{Value, json};

use super::session::{Session, called};
use super::{Exit, Format, files, output};

pub(crate) fn get(session: &Session<'_>, release: &str) -> anyhow::Result<Exit> {
    let located = session.locate(release)?;
    let snapshot = snapshot(session)?;
    let Some((blob, text)) = snapshot.get(&located.path)? else { bail!("{release} isn't there ({})", located.path) };
    match session.format {
        // As it stands in Git.
        Format::Table => {
            output::line(text.trim_end());
            output::aside(&format!("# {} {blob}", located.path));
        }
        format => {
            let manifest = session.catalog.manifest_of(&located, &text)?;
            let head = snapshot.head();
            output::value(format, &json!({ "path": located.path, "blob": blob, "head": head, "manifest": manifest }));
        }
    }
    Ok(Exit::Done)
}

pub(crate) fn list(session: &Session<'_>, tenant: Option<&str>, service: Option<&str>) -> anyhow::Result<Exit> {
    let (entries, strays) = snapshot(session)?.list()?;
    let wanted = |found: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| wanted == found);
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for entry in entries {
        let identity = &entry.located.identity;
        if wanted(identity.tenant().as_str(), tenant) && wanted(identity.service().as_str(), service) {
            let name = called(identity);
            rows.push(vec![
                json!(identity.tenant()),
                json!(identity.service()),
                json!(name),
                json!(entry.blob),
                json!(entry.located.path),
            ]);
        }
    }
    output::rows(session.format, &["tenant", "service", "release", "blob", "path"], &rows);
    for stray in strays {
        eprintln!("warning: {}", output::clean(&format!("{}: {}", stray.path, stray.why)));
    }
    Ok(Exit::Done)
}

pub(crate) fn history(session: &Session<'_>, release: &str, limit: usize) -> anyhow::Result<Exit> {
    let located = session.locate(release)?;
    let events = snapshot(session)?.history(&located.path, limit)?;
    if events.is_empty() {
        bail!("{release} has never been there ({})", located.path);
    }
    let rows: Vec<Vec<Value>> = events
        .into_iter()
        .map(|event| {
            let time = time(event.time);
            vec![json!(event.commit), json!(time), json!(event.author), json!(event.subject), json!(event.blob), json!(event.job)]
        })
        .collect();
    output::rows(session.format, &["commit", "time", "author", "subject", "blob", "job"], &rows);
    Ok(Exit::Done)
}

pub(crate) fn validate(session: &Session<'_>, paths: &[PathBuf]) -> anyhow::Result<Exit> {
    if !paths.is_empty() {
        let given = files::read(session, paths)?;
        output::line(&format!("{} valid", count(given.len())));
        return Ok(Exit::Done);
    }
    let snapshot = snapshot(session)?;
    let (entries, strays) = snapshot.list()?;
    let mut problems: Vec<String> = strays.iter().map(|stray| output::clean(&format!("{}: {}", stray.path, stray.why))).collect();
    let all = entries.len();
    for entry in entries {
        let path = entry.located.path.clone();
        // It was there a moment ago, and a commit doesn't change.
        let Some((_, text)) = snapshot.get(&path)? else { continue };
        if let Err(error) = session.catalog.file(entry.located, &text) {
            problems.push(files::problem(path.as_str(), &error));
        }
    }
    if !problems.is_empty() {
        bail!("{} of {} in the branch can't be\n{}", problems.len(), count(all), problems.join("\n"));
    }
    output::line(&format!("{} valid", count(all)));
    Ok(Exit::Done)
}

/// Checks a checkout by its paths.
pub(crate) fn validate_folder(session: &Session<'_>, folder: &Path) -> anyhow::Result<Exit> {
    let mut found = Vec::new();
    files::walk(folder, &mut found)?;
    found.sort();
    let (mut problems, mut all) = (Vec::new(), 0);
    for file in found {
        let path = file.strip_prefix(folder).unwrap_or(&file);
        let path = path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        match session.catalog.layouts.find(&path) {
            Ok(located) => {
                all += 1;
                let text = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
                if let Err(error) = session.catalog.file(located, &text) {
                    problems.push(files::problem(&path, &error));
                }
            }
            // What Argo CD and Flux take for a manifest has to be one.
            Err(error) if is_manifest(&path) => problems.push(error.to_string()),
            Err(_) => {}
        }
    }
    if !problems.is_empty() {
        bail!("{} of {} can't be\n{}", problems.len(), count(all), problems.join("\n"));
    }
    output::line(&format!("{} valid", count(all)));
    Ok(Exit::Done)
}

fn count(count: usize) -> String {
    if count == 1 { "1 release is".to_owned() } else { format!("{count} releases are") }
}

/// The branch as it is, and a word if somebody has rewritten it.
pub(crate) fn snapshot(session: &Session<'_>) -> anyhow::Result<Snapshot> {
    let snapshot = session.repository()?.snapshot()?;
    if let Some(was) = snapshot.rewritten() {
        eprintln!("warning: the branch was rewritten: {was} is no longer in it");
    }
    Ok(snapshot)
}

/// As RFC 3339 has it.
fn time(seconds: i64) -> String {
    gix::date::Time { seconds, offset: 0 }.format_or_unix(gix::date::time::format::ISO8601_STRICT)
}
