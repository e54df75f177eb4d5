//! Manifests from files, folders and standard input; all are read and checked before anything else happens.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use runtime::manifest::yaml;
use runtime::{Checked, CheckedError};

use super::session::{Session, called};

/// A manifest and where it was read.
pub(crate) struct Given {
    pub from: String,
    pub checked: Checked,
}

/// Reads and checks all manifests; every problem of every one is reported.
pub(crate) fn read(session: &Session<'_>, paths: &[PathBuf]) -> anyhow::Result<Vec<Given>> {
    let mut given = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        for (from, text) in texts(path)? {
            let manifests = match yaml::read_all(&text) {
                Ok(manifests) => manifests,
                Err(error) => {
                    problems.push(format!("{from}:{error}"));
                    continue;
                }
            };
            let count = manifests.len();
            for (i, manifest) in manifests.into_iter().enumerate() {
                let from = if count > 1 { format!("{from} (document {})", i + 1) } else { from.clone() };
                match session.catalog.manifest(manifest, &session.parts) {
                    Ok(checked) => given.push(Given { from, checked }),
                    Err(error) => problems.push(problem(&from, &error)),
                }
            }
        }
    }
    let mut seen = BTreeMap::new();
    for one in &given {
        if let Some(other) = seen.insert(one.checked.located().path.clone(), &one.from) {
            let release = called(&one.checked.located().identity);
            problems.push(format!("{}: {release} is in {other} already", one.from));
        }
    }
    if !problems.is_empty() {
        bail!("nothing was written\n{}", problems.join("\n"));
    }
    if given.is_empty() {
        bail!("there is no manifest in {}", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "));
    }
    Ok(given)
}

/// A problem with its place in front of each of its lines.
pub(crate) fn problem(from: &str, error: &CheckedError) -> String {
    match error {
        CheckedError::Invalid(invalid) => {
            invalid.violations.iter().map(|violation| format!("{from}: {violation}")).collect::<Vec<_>>().join("\n")
        }
        error => format!("{from}: {error}"),
    }
}

fn texts(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input can't be read")?;
        return Ok(vec![("standard input".to_owned(), text)]);
    }
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &mut files)?;
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        Ok((file.display().to_string(), text))
    };
    files.into_iter().map(read).collect()
}

/// All YAML files below a folder; hidden ones and links aren't followed.
pub(crate) fn walk(folder: &Path, out: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))? {
        let entry = entry.with_context(|| format!("{} can't be read", folder.display()))?;
        let (path, kind) = (entry.path(), entry.file_type().with_context(|| format!("{} can't be read", folder.display()))?);
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            walk(&path, out)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            out.push(path);
        }
    }
    Ok(())
}
