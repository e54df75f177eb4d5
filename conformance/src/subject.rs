//! What is audited: a service with everything that was made of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use generator::ledger::Target;
use generator::{Inputs, Made, Source};
use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::Value;

/// What `charts/lib/_lib.tpl` is where a repository has none.
const LIBRARY: &str = include_str!("../../charts/lib/_lib.tpl");

/// What a system is shown of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum View {
    /// Everything that the chart accepts.
    Whole,
    /// What a release holds: without what the platform owns, with references for secret values.
    Release,
}

/// A service with its generated files. The systems are shown `files` and nothing else, so that what is put into them is seen.
#[derive(Clone)]
pub(crate) struct Subject {
    pub made: Made,
    pub platform: Platform,
    /// Generated files by path, as `charts/webapp/values.schema.json`, and the list of all templates.
    pub files: BTreeMap<String, String>,
    /// The hand-written part of the chart, if there is a chart.
    pub chart: Option<PathBuf>,
    /// The author's text.
    pub source: Source,
    /// The author's own good documents, by file name.
    pub examples: Vec<(String, Value)>,
}

impl Subject {
    /// The service's name.
    pub(crate) fn name(&self) -> &str {
        self.made.service.name.as_str()
    }

    pub(crate) fn gives(&self, target: Target) -> bool {
        self.made.gives(target)
    }

    /// A generated file.
    ///
    /// # Errors
    /// If there is no such file.
    pub(crate) fn file(&self, path: &str) -> anyhow::Result<&str> {
        self.files.get(path).map(String::as_str).with_context(|| format!("{path} wasn't made"))
    }
}

/// The services of a platform repository and, if wanted, the starters that it has embedded sources of.
///
/// # Errors
/// If a file can't be read, or a schema is refused.
pub(crate) fn repository(root: &Path, starters: bool) -> anyhow::Result<Vec<Subject>> {
    let mut places = services(&root.join("schemas"), |folder| (folder.to_owned(), None))?;
    for place in &mut places {
        place.chart = Some(root.join("charts").join(place.service.as_str())).filter(|chart| chart.is_dir());
    }
    if starters {
        let known: Vec<ServiceName> = places.iter().map(|place| place.service.clone()).collect();
        let more = services(&root.join("starters"), |folder| (folder.join("schema"), Some(folder.join("chart"))))?;
        places.extend(more.into_iter().filter(|place| !known.contains(&place.service)));
    }
    let platform = match std::fs::read_to_string(root.join("platform.toml")) {
        Ok(text) => Platform::read(&text).map_err(|error| anyhow::anyhow!("platform.toml: {}", error.message))?,
        Err(_) => Platform::default(),
    };
    let library = std::fs::read_to_string(root.join("charts/lib/_lib.tpl")).unwrap_or_else(|_| LIBRARY.to_owned());
    subjects(places, platform, library)
}

/// What can be audited, and the files of what is refused, with the first error.
#[derive(Default)]
pub(crate) struct Taken {
    pub subjects: Vec<Subject>,
    pub refused: Vec<(String, String)>,
}

/// Every schema below a folder as a service of its own, without charts. Those that can't be lowered are returned with the
/// first error.
///
/// # Errors
/// If a file can't be read.
pub(crate) fn corpus(folder: &Path) -> anyhow::Result<Taken> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.to_string_lossy().ends_with(".schema.json"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "there is no `*.schema.json` below {}", folder.display());
    let mut out = Taken::default();
    for (number, path) in files.iter().enumerate() {
        let service = ServiceName::parse(&format!("chart-{number:03}")).map_err(|error| anyhow::anyhow!("{error}"))?;
        let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
        let shown = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let source = Source { service: service.clone(), path: shown.clone(), text, sample: None, flavors: Default::default() };
        let place = Origin { service, source, chart: None, examples: Vec::new() };
        match subjects(vec![place], Platform::default(), String::new()) {
            Ok(subjects) => out.subjects.extend(subjects),
            Err(error) => out.refused.push((shown, format!("{error:#}"))),
        }
    }
    Ok(out)
}

struct Origin {
    service: ServiceName,
    source: Source,
    chart: Option<PathBuf>,
    examples: Vec<(String, Value)>,
}

fn services(folder: &Path, parts: impl Fn(&Path) -> (PathBuf, Option<PathBuf>)) -> anyhow::Result<Vec<Origin>> {
    let mut out = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(out) };
    let mut folders: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders {
        let (schema, chart) = parts(&folder);
        let file = schema.join("values.schema.json");
        let Some(name) = folder.file_name().and_then(|name| name.to_str()).filter(|_| file.is_file()) else { continue };
        let service = ServiceName::parse(name).map_err(|error| anyhow::anyhow!("{}: {error}", folder.display()))?;
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        let sample = std::fs::read_to_string(schema.join("examples/ok/minimal.yaml")).ok();
        let sample = sample.and_then(|text| manifest::yaml::read(&text).ok());
        let path = format!("schemas/{service}/values.schema.json");
        let source = Source { service: service.clone(), path, text, sample, flavors: Default::default() };
        let examples = examples(&schema.join("examples/ok"));
        out.push(Origin { service, source, chart, examples });
    }
    Ok(out)
}

/// Documents that can be read; `validate` says what is wrong with the others.
fn examples(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    let read = |path: &PathBuf| manifest::yaml::read(&std::fs::read_to_string(path).ok()?).ok();
    files.iter().filter_map(|path| Some((path.file_stem()?.to_string_lossy().into_owned(), read(path)?))).collect()
}

fn subjects(origins: Vec<Origin>, platform: Platform, library: String) -> anyhow::Result<Vec<Subject>> {
    let sources = origins.iter().map(|origin| origin.source.clone()).collect();
    let inputs = Inputs { platform: platform.clone(), sources, library };
    let output = generator::generate(&inputs);
    let errors: Vec<String> = output
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == generator::Severity::Error)
        .map(|diagnostic| diagnostic.message.clone())
        .collect();
    ensure!(errors.is_empty(), "{}", errors.join("; "));
    let registry = output.files.iter().find(|file| file.path == "software-templates/all.yaml");
    let mut out = Vec::new();
    for made in output.services {
        let Some(origin) = origins.iter().find(|origin| origin.service == made.service.name) else { continue };
        // Of what is made for all services, a chart's helpers belong to its service.
        let chart = format!("charts/{}/", made.service.name);
        let shared = output.files.iter().filter(|file| file.path.starts_with(&chart));
        let files = made.targets.iter().flat_map(|(_, emission)| &emission.files).chain(shared).chain(registry);
        let files = files.map(|file| (file.path.clone(), file.content.to_string())).collect();
        let source = origin.source.clone();
        let (platform, chart, examples) = (platform.clone(), origin.chart.clone(), origin.examples.clone());
        out.push(Subject { made, platform, files, chart, source, examples });
    }
    Ok(out)
}
