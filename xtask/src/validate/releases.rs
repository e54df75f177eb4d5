//! A releases repository: each manifest is what its path says, and no two are one.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use generator::{Code, Diagnostic, Location, Severity, Span};
use manifest::contract::VALUES;
use manifest::identity::Identity;
use manifest::layout::{Content, LayoutError, Layouts, Located, is_manifest};
use manifest::platform::Platform;
use serde_json::Value;
use walkdir::{DirEntry, WalkDir};

use super::judge::{Judge, diagnostic};
use crate::progress::Progress;
use crate::repository;
use crate::session::Session;

/// A manifest and what its path says of it.
struct Release<'a> {
    file: &'a str,
    text: &'a str,
    identity: &'a Identity,
    content: Content,
    manifest: &'a Value,
}

pub(super) fn check(
    session: &mut Session,
    folder: &Path,
    judges: &[Judge<'_>],
    platform: &Platform,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    if !folder.is_dir() {
        bail!("--releases {} is not a folder", folder.display());
    }
    // Two releases of one name: which path had it first.
    let mut names: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut count = 0;
    let layouts = platform.layouts();
    for path in manifests(folder, &layouts)? {
        count += 1;
        progress.step(&format!("checking release {count}: {path}"));
        let file = folder.join(&path).to_string_lossy().into_owned();
        let Located { identity, content, .. } = match layouts.find(&path) {
            Ok(located) => located,
            Err(error) => {
                session.report.push(at_start(&file, Code::ReleasePath, nobodys(&path, &layouts, &error)));
                continue;
            }
        };
        let Some(judge) = judges.iter().find(|judge| judge.made.service.name == identity.service()) else {
            session.report.push(unknown_service(&file, &identity, judges));
            continue;
        };
        if let Err(error) = identity.check(platform, judge.contract.longest_child()) {
            session.report.push(at_start(&file, Code::ReleasePath, error.to_string()));
        }
        let key = (identity.namespace(platform), identity.metadata_name(platform));
        if let Some(other) = names.insert(key, file.clone()) {
            let place = Location { file: other.clone(), span: Span::default() };
            let message = format!("the object's name {:?} is already that of {other}", identity.metadata_name(platform));
            session.report.push(at_start(&file, Code::ReleaseTwice, message).related(place, "the other release".to_owned()));
        }
        let text = std::fs::read_to_string(folder.join(&path)).with_context(|| format!("{file} can't be read"))?;
        session.report.text(&file, &text);
        match manifest::yaml::read(&text) {
            Ok(manifest) => {
                let manifest = match content {
                    Content::Manifest => manifest,
                    Content::Values => judge.contract.manifest(&identity, platform, manifest),
                };
                let release = Release { file: &file, text: &text, identity: &identity, content, manifest: &manifest };
                session.report.extend(release.check(judge, platform));
            }
            Err(error) => session.report.push(repository::yaml_error(&file, &text, error)),
        }
    }
    session.say(format!("{count} releases checked"));
    Ok(())
}

/// All paths of manifests, sorted, with `/`.
fn manifests(folder: &Path, layouts: &Layouts) -> anyhow::Result<Vec<String>> {
    let visible = |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    let mut out = Vec::new();
    for entry in WalkDir::new(folder).into_iter().filter_entry(visible) {
        let entry = entry.context("the releases can't be listed")?;
        if !entry.file_type().is_dir() {
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let path = path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            // What Argo CD and Flux take for a manifest has to be one.
            if is_manifest(&path) || layouts.find(&path).is_ok() {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Why a path is no release's, as exactly as it can be said.
fn nobodys(path: &str, layouts: &Layouts, error: &LayoutError) -> String {
    let usual = Identity::from_path(path).err().filter(|_| *layouts == Layouts::default());
    usual.map_or_else(|| error.to_string(), |error| error.to_string())
}

fn at_start(file: &str, code: Code, message: String) -> Diagnostic {
    Diagnostic::new(Severity::Error, code, Some(Location { file: file.to_owned(), span: Span::default() }), message)
}

fn unknown_service(file: &str, identity: &Identity, judges: &[Judge<'_>]) -> Diagnostic {
    let service = identity.service();
    let known = judges.iter().map(|judge| judge.made.service.name.as_str());
    let nearest = known.min_by_key(|known| strsim::osa_distance(known, service.as_str()));
    let mut diagnostic = at_start(file, Code::Manifest, format!("the platform has no service `{service}`"));
    diagnostic.help = nearest.map(|nearest| format!("the nearest name is `{nearest}`"));
    diagnostic
}

impl Release<'_> {
    fn check(&self, judge: &Judge<'_>, platform: &Platform) -> Vec<Diagnostic> {
        let violations = judge.contract.judge(self.identity, platform, self.manifest);
        let place = |pointer: &str| match self.content {
            Content::Manifest => pointer.to_owned(),
            Content::Values => pointer.strip_prefix(VALUES).unwrap_or_default().to_owned(),
        };
        violations.iter().map(|violation| diagnostic(self.file, self.text, &place(&violation.pointer), violation)).collect()
    }
}
