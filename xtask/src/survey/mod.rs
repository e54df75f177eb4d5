//! `survey`: what becomes of real schemas that nobody wrote for Trefoil.
//!
//! Every schema below a folder goes through all targets, and each target's output is shown to a reader that shares no code with its
//! emitter: Helm for the chart's schema, a reader of SimpleSchema for the definition, both template engines of Backstage for the
//! skeleton, the Rust compiler for the models. A reader that isn't there is named as not asked.

mod charts;
mod compile;
mod row;
mod simple_schema;
mod skeletons;

use std::path::{Path, PathBuf};

use anyhow::Context;
use generator::{Inputs, Source};
use manifest::name::ServiceName;
use manifest::platform::Platform;
use walkdir::WalkDir;

use crate::progress::Progress;
use crate::session::{Exit, Session};
use row::Row;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder; every `*.schema.json` below it is a schema, and the `values.yaml` that belongs to it is looked for beside it
    dir: PathBuf,
    /// Compile the models of all of them, and put each chart's own values through them and back
    #[arg(long)]
    compile: bool,
}

pub(crate) fn run(session: &mut Session, args: &Args) -> anyhow::Result<Exit> {
    let found = find(&args.dir)?;
    anyhow::ensure!(!found.is_empty(), "there is no `*.schema.json` below {}", args.dir.display());
    let readers = Readers { helm: charts::Helm::find(), skeletons: skeletons::Engines::find() };
    let mut progress = Progress::new(session.format);
    let found_count = found.len();
    let mut rows = Vec::new();
    for (index, found) in found.iter().enumerate() {
        progress.step(&format!("surveying {} of {}: {}", index + 1, found_count, found.name));
        rows.push(survey(index, found, &readers)?);
    }
    if let Some(engines) = &readers.skeletons {
        engines.read(&mut rows)?;
    }
    if args.compile {
        compile::compile(&mut rows, &mut progress)?;
    }
    drop(progress);
    let asked = Asked { helm: readers.helm.is_some(), skeletons: readers.skeletons.is_some(), compiler: args.compile };
    row::print(session, &rows, &asked);
    let sound = rows.iter().all(Row::is_sound);
    Ok(if sound { Exit::Done } else { Exit::Problems })
}

/// A schema of the folder.
struct Found {
    name: String,
    text: String,
    /// The chart's own `values.yaml`.
    values: Option<String>,
}

/// The programs that read what was generated.
struct Readers {
    helm: Option<charts::Helm>,
    skeletons: Option<skeletons::Engines>,
}

/// Which of them were there.
struct Asked {
    helm: bool,
    skeletons: bool,
    compiler: bool,
}

fn find(dir: &Path) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.with_context(|| format!("{} can't be read", dir.display()))?;
        let path = entry.path();
        if !entry.file_type().is_file() || !path.to_string_lossy().ends_with(".schema.json") {
            continue;
        }
        let bytes = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        let name = path.strip_prefix(dir).unwrap_or(path).to_string_lossy().replace('\\', "/");
        found.push(Found { name, text: String::from_utf8_lossy(&bytes).into_owned(), values: values(path) });
    }
    Ok(found)
}

/// `values.yaml` beside the schema, or the file of the schema's name in a folder `values` beside the schema's folder.
fn values(schema: &Path) -> Option<String> {
    let name = schema.file_name()?.to_string_lossy().replace(".schema.json", "");
    let folder = schema.parent()?;
    let candidates = [
        folder.join(format!("{name}.yaml")),
        folder.join("values.yaml"),
        folder.parent().map(|above| above.join("values").join(format!("{name}.schema.yaml"))).unwrap_or_default(),
    ];
    candidates.iter().find_map(|path| std::fs::read_to_string(path).ok())
}

fn survey(index: usize, found: &Found, readers: &Readers) -> anyhow::Result<Row> {
    let service = ServiceName::parse(&format!("chart-{index:04}")).context("the surveyed service has no name")?;
    let source =
        Source { service, path: found.name.clone(), text: found.text.clone(), sample: None, flavors: Default::default() };
    let inputs = Inputs { platform: Platform::default(), sources: vec![source.clone()], library: String::new() };
    let started = std::time::Instant::now();
    let output = std::panic::catch_unwind(|| generator::generate(&inputs));
    let took = started.elapsed();
    let Ok(output) = output else { return Ok(Row::panicked(&found.name, took)) };
    let lowered = generator::lower(&source, &inputs);
    let mut row = Row::new(&found.name, &found.text, &output, &lowered, took);
    if let Some(made) = output.services.first() {
        row.definition_read(made, simple_schema::read);
        if let Some(helm) = &readers.helm {
            helm.read(&mut row, made, found.values.as_deref())?;
        }
        row.editor_read(made);
    }
    if let Some(values) = &found.values {
        row.own_values = manifest::yaml::read(values).ok().map(charts::without_nulls);
        row.adopted = Some(adopted(&found.text, values));
    }
    Ok(row)
}

/// Whether the chart, adopted, has a `values.yaml` that means what its own meant; else the first difference.
fn adopted(schema: &str, values: &str) -> Result<(), String> {
    let adopted = crate::adopt::adopt(Some(schema), values);
    let service = ServiceName::parse("adopted").map_err(|error| error.to_string())?;
    let source = Source {
        service,
        path: "values.schema.json".to_owned(),
        text: adopted.schema_text,
        sample: None,
        flavors: Default::default(),
    };
    let inputs = Inputs { platform: Platform::default(), sources: vec![source], library: String::new() };
    let output = generator::generate(&inputs);
    let ours =
        output.files.iter().find(|file| file.path == "charts/adopted/values.yaml").ok_or("the adopted schema gives no chart")?;
    let read = |text: &str| manifest::yaml::read(text).map_err(|error| error.to_string());
    let (ours, theirs) = (charts::without_nulls(read(&ours.content)?), charts::without_nulls(read(values)?));
    row::difference("", &theirs, &ours).map_or(Ok(()), Err)
}
