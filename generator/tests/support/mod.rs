//! What the tests of lowering share.
#![allow(dead_code, reason = "each test uses its own part")]

pub(crate) mod random;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod values;

use std::fs;
use std::path::{Path, PathBuf};

use generator::{Inputs, Source};
use manifest::name::ServiceName;
use manifest::platform::Platform;

/// The folder of the cases.
pub(crate) fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lower")
}

/// The files of a folder that end so, sorted; none if there is no such folder.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.filter_map(Result::ok).collect()).unwrap_or_else(|_| Vec::new());
    let mut files: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

/// All case files.
pub(crate) fn all_cases() -> Vec<PathBuf> {
    ["ok", "err"].iter().flat_map(|folder| files(&cases().join(folder), ".json")).collect()
}

/// The public charts' schemas, where they are at hand: `TREFOIL_CORPUS` names the folder.
pub(crate) fn corpus() -> Vec<PathBuf> {
    let folder = std::env::var("TREFOIL_CORPUS").unwrap_or_default();
    let files = files(&Path::new(&folder).join("schemas"), ".json");
    if files.is_empty() {
        eprintln!("skipped: there is no corpus in {folder}");
    }
    files
}

/// The repository's own schemas and starters.
pub(crate) fn own() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let below = |folder: &str, inner: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(root.join(folder))
            .map(|entries| entries.filter_map(Result::ok).collect())
            .unwrap_or_else(|_| Vec::new());
        let mut paths: Vec<PathBuf> =
            entries.into_iter().map(|entry| entry.path().join(inner)).filter(|path| path.is_file()).collect();
        paths.sort();
        paths
    };
    [below("schemas", "values.schema.json"), below("starters", "schema/values.schema.json")].concat()
}

pub(crate) fn source(service: &str, path: &Path) -> Source {
    let text = String::from_utf8_lossy(&fs::read(path).expect("the file is readable")).into_owned();
    Source {
        service: ServiceName::parse(service).expect("a service's name"),
        path: format!("{service}.json"),
        text,
        sample: None,
        flavors: Default::default(),
    }
}

/// A repository of the schema `path`, as the service `sample`, and of the services that the cases refer to.
pub(crate) fn repository(path: &Path) -> (Source, Inputs) {
    let own = source("sample", path);
    let mut sources = vec![own.clone()];
    for other in files(&cases().join("services"), ".json") {
        let name = other.file_stem().expect("a name").to_string_lossy().into_owned();
        sources.push(source(&name, &other));
    }
    for other in self::own() {
        let name = other.ancestors().map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let name = name.skip(1).find(|name| name != "schema").expect("a folder's name");
        if sources.iter().all(|source| source.service.as_str() != name) {
            sources.push(source(&name, &other));
        }
    }
    (own, Inputs { platform: Platform::default(), sources, library: String::new() })
}

/// Compares with the golden file, or rewrites it if `UPDATE` is set. Gives what is wrong.
pub(crate) fn golden(path: &Path, text: &str) -> Option<String> {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).expect("the golden file is writable");
        return None;
    }
    let known = fs::read_to_string(path).unwrap_or_default();
    (known != text).then(|| format!("{}\n--- is\n{text}--- was\n{known}", path.display()))
}
