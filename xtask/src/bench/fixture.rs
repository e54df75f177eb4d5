//! What is measured: schemas, and repositories in temporary folders that hold them.

use std::path::Path;

use anyhow::{Context, ensure};
use generator::{Inputs, Severity, Source};
use manifest::name::ServiceName;
use manifest::platform::Platform;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::starter;

/// A platform repository that is removed after its use.
pub(super) struct Repository(TempDir);

impl Repository {
    pub(super) fn new() -> anyhow::Result<Repository> {
        Ok(Repository(tempfile::Builder::new().prefix("xtask-bench-").tempdir().context("no temporary folder can be made")?))
    }

    /// All that is written by hand of these services, from their starters or from the repository in `root`.
    pub(super) fn of(root: &Path, services: &[String]) -> anyhow::Result<Repository> {
        let repository = Repository::new()?;
        for service in services {
            match starter::draft(service, &ServiceName::parse(service)?) {
                Some(draft) => draft.files.iter().try_for_each(|(path, content)| repository.write(path, content))?,
                None => ["schemas", "charts"].iter().try_for_each(|part| repository.copy(root, &format!("{part}/{service}")))?,
            }
        }
        Ok(repository)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
        let path = self.path().join(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, content)).with_context(|| format!("{} can't be written", path.display()))
    }

    /// Adds what `generate` reads of a service.
    pub(super) fn add(&self, service: &str, schema: &str, sample: Option<&str>) -> anyhow::Result<()> {
        self.write(&format!("schemas/{service}/values.schema.json"), schema)?;
        self.write(&format!("charts/{service}/Chart.yaml"), format!("apiVersion: v2\nname: {service}\nversion: 0.1.0\n"))?;
        sample.map_or(Ok(()), |sample| self.write(&format!("schemas/{service}/examples/ok/minimal.yaml"), sample))
    }

    fn copy(&self, root: &Path, folder: &str) -> anyhow::Result<()> {
        for entry in WalkDir::new(root.join(folder)) {
            let entry = entry.with_context(|| format!("`bench` needs {folder} in the repository that `--root` names"))?;
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
                self.write(&path.to_string_lossy(), std::fs::read(entry.path())?)?;
            }
        }
        Ok(())
    }
}

/// The schemas to generate for, with what they are: the median and the largest of the corpus, or `webapp`'s.
pub(super) fn schemas(root: &Path, corpus: Option<&Path>) -> anyhow::Result<Vec<(String, String)>> {
    let Some(corpus) = corpus else {
        let (schema, _) = webapp(root)?;
        return Ok(vec![(format!("`webapp`, {} bytes, for want of a --corpus", schema.len()), schema)]);
    };
    let mut found = Vec::new();
    for entry in WalkDir::new(corpus) {
        let entry = entry.with_context(|| format!("{} can't be read", corpus.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_file() && name.ends_with(".schema.json") {
            let text = std::fs::read_to_string(entry.path()).with_context(|| format!("{name} can't be read"))?;
            found.push((text.len(), name, text));
        }
    }
    let all = found.len();
    found.retain(|(_, _, text)| every_target(text));
    found.sort();
    ensure!(!found.is_empty(), "none of the {all} schemas below {} gives every target", corpus.display());
    let of = format!("of the {} that give every target, among {all}", found.len());
    let [median, largest] = [("median", (found.len() - 1) / 2), ("largest", found.len() - 1)].map(|(which, index)| {
        let (bytes, name, text) = found.get(index).cloned().unwrap_or_default();
        (format!("{name}, {bytes} bytes, the {which} {of}"), text)
    });
    Ok(vec![median, largest])
}

/// Whether all targets are made of a schema.
fn every_target(schema: &str) -> bool {
    let Ok(service) = ServiceName::parse("measured") else { return false };
    let source = Source {
        service,
        path: "values.schema.json".to_owned(),
        text: schema.to_owned(),
        sample: None,
        flavors: Default::default(),
    };
    let output = generator::generate(&Inputs { platform: Platform::default(), sources: vec![source], library: String::new() });
    let refused = output.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    !refused && output.services.iter().flat_map(|made| &made.targets).all(|(_, emission)| emission.not_given.is_none())
}

/// The schema of `webapp`, and the values of a small release.
pub(super) fn webapp(root: &Path) -> anyhow::Result<(String, String)> {
    let read = |path: &str| {
        let context = || format!("`bench` needs schemas/webapp/{path} in the repository that `--root` names");
        std::fs::read_to_string(root.join("schemas/webapp").join(path)).with_context(context)
    };
    Ok((read("values.schema.json")?, read("examples/ok/minimal.yaml")?))
}

/// The repository's own two services and all starters.
pub(super) fn six() -> Vec<String> {
    let own = ["tenant", "webapp"].map(str::to_owned);
    own.into_iter().chain(starter::list().into_iter().map(|(name, _)| name)).collect()
}

/// Names of services that can stand side by side. They differ at the start: what a plural looks like depends on the end.
pub(super) fn names() -> impl Iterator<Item = String> {
    let letters = || 'a'..='z';
    letters().flat_map(move |a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}webapp"))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_thousand_names_stand_side_by_side() {
        let names: Vec<ServiceName> = names().take(1000).map(|name| ServiceName::parse(&name).unwrap()).collect();
        let plurals: BTreeSet<String> = names.iter().map(|name| Platform::default().plural(name)).collect();
        assert_eq!((names.len(), plurals.len()), (1000, 1000));
        let first = names.first().unwrap();
        assert!(names.iter().skip(1).all(|other| !manifest::identity::suffix_clash(first, other)));
    }
}
