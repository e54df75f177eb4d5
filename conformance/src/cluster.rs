//! The whole platform on this machine: behind a control plane with KRO and the definitions of all services, Flux's real
//! kustomize-controller follows a repository of releases, and its real helm-controller installs the charts.
//!
//! Three things stand in for what isn't here, and are named as that: [`source`] for source-controller, [`machines`] for the kubelet and
//! for Kubernetes' own controllers.

mod charts;
mod machines;
mod releases;
mod source;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use generator::ledger::Target;
use serde_json::{Value, json};

use crate::plane::{Api, Request};
use crate::subject::Subject;
use crate::system::System;
use crate::system::kro::{Kro, Release};
use charts::Charts;
use source::Source;

pub(crate) use releases::Releases;

/// What it needs, KRO's own release not among it.
pub(crate) fn programs() -> impl Iterator<Item = &'static str> {
    crate::plane::PROGRAMS.iter().copied().chain(["helm4-command", "helm-controller", "kustomize-controller"])
}

/// Said wherever the platform is shown.
pub(crate) const STAND_INS: &[&str] = &[
    "a stand-in for source-controller serves what is in the releases repository, and the charts",
    "a stand-in for the kubelet and for Kubernetes' own controllers calls workloads ready, and lets deleted namespaces go: no pod runs",
];

/// Flux's own, and APIs that charts make objects of, which their own definitions judge; with a word that their files' names have.
const APIS: &[(&str, &str)] =
    &[("kustomize-controller", ""), ("cloudnative-pg", ""), ("gateway-api", ""), ("prometheus-operator", "podmonitors")];

/// Namespace of what follows the repository.
const NAMESPACE: &str = "flux-system";

/// How often something is looked at that is waited for.
const PULSE: Duration = Duration::from_millis(100);

/// A running platform. It ends when this is dropped, or when we end.
pub(crate) struct Cluster {
    pub kro: Kro,
    pub charts: Charts,
    pub releases: Releases,
    source: Source,
}

/// Where something stands that is waited for.
pub(crate) enum Progress<T> {
    Done(T),
    /// What is there instead.
    Not(String),
}

impl Cluster {
    /// Starts everything, with the definitions of the services, and follows a repository: the one of the folder, or a new one.
    ///
    /// # Errors
    /// If a program isn't installed or ends early, or a definition isn't taken.
    pub(crate) fn start(root: &Path, release: Release, subjects: &[Subject], follow: Option<&Path>) -> anyhow::Result<Cluster> {
        let follow = follow.map(Releases::of).transpose()?;
        let mut kro = Kro::start(release)?;
        for (project, word) in APIS {
            kro.plane.some_crds(project, word)?;
        }
        let folder = kro.plane.folder().to_owned();
        let temporary = folder.join("tmp");
        std::fs::create_dir(&temporary).with_context(|| format!("{} can't be made", temporary.display()))?;
        flux(&mut kro, &temporary)?;
        kro.plane.namespaces(&[NAMESPACE.to_owned()])?;
        sources(&mut kro.plane.api, root)?;
        let refused = kro.prepare(subjects)?;
        if let Some(refused) = refused.first() {
            bail!("KRO doesn't take the definition of {}: {}", refused.service, refused.why);
        }
        let subjects: Vec<&Subject> = subjects.iter().filter(|subject| subject.gives(Target::Helm)).collect();
        let charts = Charts::lay(&subjects, &folder.join("charts"))?;
        let releases = match follow {
            Some(releases) => releases,
            None => Releases::new(&folder.join("releases.git"))?,
        };
        let source = Source::start(&folder)?;
        kro.plane.api.apply(&source::followers(NAMESPACE))?;
        Ok(Cluster { kro, charts, releases, source })
    }

    /// Lets the stand-ins do what there is to do.
    ///
    /// # Errors
    /// If a program fails.
    pub(crate) fn tick(&mut self) -> anyhow::Result<()> {
        let api = &mut self.kro.plane.api;
        self.source.serve_releases(api, NAMESPACE, &self.releases)?;
        self.source.serve_charts(api, &mut self.charts)?;
        machines::tick(api)
    }

    /// Waits until something is so, while the stand-ins do their part.
    ///
    /// # Errors
    /// If that takes longer than `patience`: with what was waited for, and what is there.
    pub(crate) fn wait<T>(
        &mut self,
        what: &str,
        patience: Duration,
        mut look: impl FnMut(&mut Cluster) -> anyhow::Result<Progress<T>>,
    ) -> anyhow::Result<T> {
        let end = Instant::now() + patience;
        loop {
            self.tick()?;
            match look(self)? {
                Progress::Done(found) => return Ok(found),
                Progress::Not(there) if Instant::now() > end => {
                    self.kro.plane.check()?;
                    bail!("expected after at most {} s: {what}; there is: {there}", patience.as_secs());
                }
                Progress::Not(_) => std::thread::sleep(PULSE),
            }
        }
    }

    pub(crate) fn api(&mut self) -> &mut Api {
        &mut self.kro.plane.api
    }

    /// The object that this one names, as it is now; `None` if it isn't there.
    ///
    /// # Errors
    /// If the kind isn't known, or the server can't be reached.
    pub(crate) fn live(&mut self, object: &Value) -> anyhow::Result<Option<Value>> {
        let path = self.api().path(object)?;
        let response = self.api().one(Request::get(path))?;
        Ok(response.good().then_some(response.body))
    }

    /// The followers of the repository, as they are now.
    ///
    /// # Errors
    /// If the server can't be reached.
    pub(crate) fn followers(&mut self) -> anyhow::Result<Vec<Value>> {
        let wanted = source::followers(NAMESPACE).into_iter().filter(|object| object["kind"] == "Kustomization");
        let mut out = Vec::new();
        for object in wanted {
            out.extend(self.live(&object)?);
        }
        Ok(out)
    }
}

fn flux(kro: &mut Kro, temporary: &Path) -> anyhow::Result<()> {
    let temporary = temporary.to_string_lossy();
    let environment = [("RUNTIME_NAMESPACE", NAMESPACE), ("TMPDIR", &*temporary)];
    let arguments = [
        "--events-addr=",
        "--metrics-addr=0",
        "--health-addr=0",
        "--enable-leader-election=false",
        "--requeue-dependency=1s",
        "--min-retry-delay=200ms",
        "--max-retry-delay=2s",
    ];
    for name in ["kustomize-controller", "helm-controller"] {
        kro.plane.controller(name, &arguments, &environment)?;
    }
    Ok(())
}

/// The source of the charts, as the platform repository has it.
fn sources(api: &mut Api, root: &Path) -> anyhow::Result<()> {
    let path = root.join("definitions/gitrepository.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
    let objects = manifest::yaml::read_all(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    // One after the other: the namespace comes first.
    objects.iter().filter(|object| object.is_object()).try_for_each(|object| api.apply(std::slice::from_ref(object)))
}

/// Whether an object's controller has seen it as it is, and calls it ready; else what it says.
pub(crate) fn ready(object: &Value) -> Progress<()> {
    let said = crate::plane::condition(object, "Ready").cloned().unwrap_or(json!(null));
    let seen = [&said["observedGeneration"], &object["status"]["observedGeneration"]];
    let current = seen.contains(&&object["metadata"]["generation"]);
    match said["status"] == "True" && current {
        true => Progress::Done(()),
        false => Progress::Not(format!("{} is not ready: {}", object["kind"].as_str().unwrap_or("it"), said["message"])),
    }
}

/// Whether a follower has applied a commit.
pub(crate) fn is_applied(follower: &Value, commit: &str) -> bool {
    let revision = follower["status"]["lastAppliedRevision"].as_str();
    revision.is_some_and(|revision| revision.ends_with(commit)) && matches!(ready(follower), Progress::Done(()))
}
