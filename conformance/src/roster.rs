//! The systems by name: what each needs, and how it is started.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::install;
use crate::system::System;
use crate::system::ajv::{Ajv, Schema};
use crate::system::form::{Form, chromium};
use crate::system::helm::{Helm, Major};
use crate::system::kro::{Kro, Release};
use crate::system::rust::Rust;
use crate::system::scaffolder::{Generation, Scaffolder};

/// A system that can be asked.
pub(crate) struct Entry {
    pub name: &'static str,
    /// The word in `--only`.
    pub group: &'static str,
    /// The programs that it needs.
    pub programs: &'static [&'static str],
    start: fn(&Ground) -> anyhow::Result<Box<dyn System>>,
}

/// What systems are started on.
pub(crate) struct Ground {
    pub workspace: PathBuf,
    /// Where the programs' own words go.
    pub logs: PathBuf,
    pub kro: Release,
}

impl Ground {
    /// Logs below the build output.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub(crate) fn new(workspace: &Path, kro: Release) -> anyhow::Result<Ground> {
        let logs = workspace.join("target/audit");
        std::fs::create_dir_all(&logs).with_context(|| format!("{} can't be made", logs.display()))?;
        Ok(Ground { workspace: workspace.to_owned(), logs, kro })
    }

    /// Where the form leaves pictures of itself.
    pub(crate) fn pictures(&self) -> PathBuf {
        self.logs.join("pictures")
    }
}

/// All of them, the quick ones first.
pub(crate) const SYSTEMS: &[Entry] = &[
    Entry { name: "ajv", group: "ajv", programs: &["ajv"], start: |on| ajv(on, Schema::Author) },
    Entry { name: "rust", group: "rust", programs: &[], start: |on| Ok(Box::new(Rust::new(&on.workspace))) },
    Entry {
        name: "helm4",
        group: "helm",
        programs: &["helm4", "helm4-command"],
        start: |_| Ok(Box::new(Helm::start(Major::Four)?)),
    },
    Entry {
        name: "helm3",
        group: "helm",
        programs: &["helm3", "helm3-command"],
        start: |_| Ok(Box::new(Helm::start(Major::Three)?)),
    },
    Entry { name: "kro", group: "kro", programs: KRO, start: |on| Ok(Box::new(Kro::start(on.kro)?)) },
    Entry { name: "editor", group: "editor", programs: &["ajv"], start: |on| ajv(on, Schema::Manifest) },
    Entry { name: "backstage", group: "backstage", programs: &["backstage"], start: |on| scaffolder(on, Generation::Current) },
    Entry {
        name: "backstage-previous",
        group: "backstage",
        programs: &["backstage-previous"],
        start: |on| scaffolder(on, Generation::Previous),
    },
    Entry { name: "form", group: "form", programs: &["backstage", "form"], start: form },
];

const KRO: &[&str] = &["kube", "crds", "etcd", "kube-apiserver"];

fn ajv(on: &Ground, schema: Schema) -> anyhow::Result<Box<dyn System>> {
    Ok(Box::new(Ajv::start(schema, &install::need("ajv")?, &on.logs)?))
}

fn scaffolder(on: &Ground, generation: Generation) -> anyhow::Result<Box<dyn System>> {
    Ok(Box::new(Scaffolder::new(generation, &install::need(generation.name())?, &on.logs)))
}

fn form(on: &Ground) -> anyhow::Result<Box<dyn System>> {
    let scaffolder = Scaffolder::new(Generation::Current, &install::need("backstage")?, &on.logs);
    Ok(Box::new(Form::start(&install::need("form")?, scaffolder, &on.logs, Some(on.pictures()))?))
}

impl Entry {
    /// The programs that it needs, KRO's own release among them.
    pub(crate) fn needs(&self, kro: Release) -> Vec<&'static str> {
        let own = if self.group == "kro" { Some(kro.program()) } else { None };
        self.programs.iter().copied().chain(own).collect()
    }

    /// Why it can't be asked, if it can't: what isn't installed.
    pub(crate) fn missing(&self, kro: Release) -> Option<String> {
        let missing: Vec<&str> = self.needs(kro).into_iter().filter(|name| install::path(name).is_none()).collect();
        match (missing.as_slice(), self.group) {
            ([], "form") => chromium().err().map(|error| error.to_string()),
            ([], _) => None,
            (missing, _) => Some(format!("{} not installed", missing.join(", "))),
        }
    }

    /// # Errors
    /// If a program can't be started.
    pub(crate) fn start(&self, on: &Ground) -> anyhow::Result<Box<dyn System>> {
        (self.start)(on).with_context(|| format!("{} can't be started", self.name))
    }
}

/// The systems that are wanted: of these groups or names, or all.
///
/// # Errors
/// If there is no such system.
pub(crate) fn wanted(only: &[String]) -> anyhow::Result<Vec<&'static Entry>> {
    let known = |word: &str| SYSTEMS.iter().any(|entry| entry.group == word || entry.name == word);
    if let Some(unknown) = only.iter().find(|word| !known(word)) {
        let mut groups: Vec<&str> = SYSTEMS.iter().flat_map(|entry| [entry.group, entry.name]).collect();
        groups.sort_unstable();
        groups.dedup();
        bail!("there is no system `{unknown}`: the systems are {}", groups.join(", "));
    }
    let is = |entry: &&Entry| only.is_empty() || only.iter().any(|word| entry.group == word || entry.name == word);
    Ok(SYSTEMS.iter().filter(is).collect())
}
