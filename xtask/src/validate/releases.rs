//! A releases repository: each manifest is what its path says, and no two are one.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use generator::{Code, Diagnostic, Location, Severity, Span};
use manifest::identity::Identity;
use manifest::platform::Platform;
use manifest::pointer::escape;
use serde_json::Value;
use walkdir::{DirEntry, WalkDir};

use super::judge::{Judge, diagnostic};
use crate::progress::Progress;
use crate::session::Session;
use crate::{locate, repository};

const MANIFEST: &str = "manifest.yaml";

/// A manifest and what its path says of it.
struct Release<'a> {
    file: &'a str,
    text: &'a str,
    identity: &'a Identity,
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
    for path in manifests(folder)? {
        count += 1;
        progress.step(&format!("checking release {count}: {path}"));
        let file = folder.join(&path).to_string_lossy().into_owned();
        let identity = match Identity::from_path(&path) {
            Ok(identity) => identity,
            Err(error) => {
                session.report.push(at_start(&file, Code::ReleasePath, error.to_string()));
                continue;
            }
        };
        let Some(judge) = judges.iter().find(|judge| judge.made.service.name == identity.service()) else {
            session.report.push(unknown_service(&file, &identity, judges));
            continue;
        };
        if let Err(error) = identity.check(platform, judge.made.service.longest_child()) {
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
                let release = Release { file: &file, text: &text, identity: &identity, manifest: &manifest };
                session.report.extend(release.check(judge, platform));
            }
            Err(error) => session.report.push(repository::yaml_error(&file, &text, error)),
        }
    }
    session.say(format!("{count} releases checked"));
    Ok(())
}

/// All paths of manifests, sorted, with `/`.
fn manifests(folder: &Path) -> anyhow::Result<Vec<String>> {
    let visible = |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    let mut out = Vec::new();
    for entry in WalkDir::new(folder).into_iter().filter_entry(visible) {
        let entry = entry.context("the releases can't be listed")?;
        if entry.file_name() == MANIFEST && !entry.file_type().is_dir() {
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            out.push(path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
        }
    }
    out.sort();
    Ok(out)
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
        let mut out = self.identity(judge, platform);
        // What the identity asks for was said in its own words.
        let said = |pointer: &str| out.iter().any(|(place, _)| *place == pointer);
        let violations = judge.manifest(self.manifest);
        let others: Vec<Diagnostic> = violations
            .iter()
            .filter(|violation| !said(&violation.pointer))
            .map(|violation| diagnostic(self.file, self.text, &violation.pointer, violation))
            .collect();
        out.sort_by(|a, b| a.0.cmp(&b.0));
        out.into_iter().map(|(_, diagnostic)| diagnostic).chain(others).collect()
    }

    /// Everything that the path decides.
    fn identity(&self, judge: &Judge<'_>, platform: &Platform) -> Vec<(String, Diagnostic)> {
        let mut expected = vec![
            ("/apiVersion".to_owned(), platform.api_version()),
            ("/kind".to_owned(), platform.kind(&self.identity.service()).to_string()),
            ("/metadata/name".to_owned(), self.identity.metadata_name(platform)),
            ("/metadata/namespace".to_owned(), self.identity.namespace(platform)),
        ];
        for (label, value) in self.identity.labels(platform) {
            expected.push((format!("/metadata/labels/{}", escape(&label)), value));
        }
        let root = judge.made.service.values.resolve(&judge.made.service.types).object();
        let declared = |field: &str| root.is_some_and(|root| root.field(field).is_some());
        if declared("tenant") {
            expected.push(("/spec/values/tenant".to_owned(), self.identity.tenant().to_string()));
        }
        if let (true, Identity::Release { name, .. }) = (declared("name"), self.identity) {
            expected.push(("/spec/values/name".to_owned(), name.to_string()));
        }
        expected.into_iter().filter_map(|(pointer, wanted)| self.expect(pointer, &wanted)).collect()
    }

    fn expect(&self, pointer: String, wanted: &str) -> Option<(String, Diagnostic)> {
        let found = self.manifest.pointer(&pointer);
        if found.and_then(Value::as_str) == Some(wanted) {
            return None;
        }
        let location = Location { file: self.file.to_owned(), span: locate::yaml(self.text, &pointer) };
        let found = found.map_or_else(|| "isn't there".to_owned(), |found| format!("is {found}"));
        let message = format!("{pointer} {found}, and has to be {wanted:?}, as the manifest's path says");
        Some((pointer, Diagnostic::new(Severity::Error, Code::Manifest, Some(location), message)))
    }
}
