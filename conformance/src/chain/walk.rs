//! One service's way through the chain, step by step.

use anyhow::{Context, bail, ensure};
use manifest::identity::Identity;
use manifest::name::ServiceName;
use serde_json::Value;

use super::compare::{drops, unseen};
use super::made::{PATIENCE, helm_release, is_kept, named, rendered, service_of, settled, text};
use crate::cluster::{Cluster, Progress, is_applied};
use crate::document::{Change, release};
use crate::object::identity;
use crate::plane::condition;
use crate::random::Random;
use crate::referee::Referee;
use crate::subject::Subject;
use crate::system::scaffolder::{Rendered, Scaffolder};

/// The seed of what a change writes.
const SEED: u64 = 4;

pub(super) type Do = fn(&mut Walk<'_>) -> anyhow::Result<()>;

/// In their order.
const STEPS: &[(&str, Do)] = &[
    ("form to manifest", |walk| walk.form()),
    ("commit to kustomize-controller", |walk| walk.commit()),
    ("KRO to HelmRelease", |walk| walk.helm_release()),
    ("helm-controller to objects", |walk| walk.objects()),
    (REFUSED, |walk| walk.refused()),
    (UPGRADE, |walk| walk.upgrade()),
    ("removal", |walk| walk.removal()),
];

const REFUSED: &str = "a change that can't be";
const UPGRADE: &str = "a change that can be";

/// The examples that are walked, each with its steps: the fullest with all, and the one of values that are easily mistaken, which isn't
/// changed.
pub(super) fn walks(subject: &Subject) -> Vec<(&str, Vec<(&'static str, Do)>)> {
    let fullest = subject.examples.iter().max_by_key(|(name, document)| (name == "full", crate::place::pointers(document).len()));
    let hostile = subject.examples.iter().find(|(name, _)| name == "hostile");
    let unchanged = STEPS.iter().filter(|(what, _)| ![REFUSED, UPGRADE].contains(what));
    let fullest = fullest.map(|(name, _)| (name.as_str(), STEPS.to_vec()));
    let hostile = hostile.map(|(name, _)| (name.as_str(), unchanged.copied().collect()));
    fullest.into_iter().chain(hostile).collect()
}

pub(super) struct Walk<'a> {
    subject: &'a Subject,
    all: &'a [Subject],
    cluster: &'a mut Cluster,
    scaffolder: &'a mut Scaffolder,
    /// What is typed.
    document: Value,
    /// What it is changed to.
    changes: Vec<Change>,
    identity: Identity,
    rendered: Option<Rendered>,
    /// What a step has to say beside that it is done.
    pub(super) note: String,
    /// What is in the repository: the objects of the cluster follow from it.
    manifest: Value,
}

pub(super) fn is_tenant(subject: &Subject) -> bool {
    subject.made.service.name == ServiceName::tenant()
}

impl<'a> Walk<'a> {
    /// # Errors
    /// If there is no good document, or its identity can't be had.
    pub(super) fn new(
        subject: &'a Subject,
        example: &str,
        all: &'a [Subject],
        cluster: &'a mut Cluster,
        scaffolder: &'a mut Scaffolder,
    ) -> anyhow::Result<Walk<'a>> {
        let document = subject.examples.iter().find(|(name, _)| name == example).map(|(_, document)| document.clone());
        let document = document.with_context(|| format!("there is no example {example}"))?;
        let referee = Referee::new(subject)?;
        let changes = release(&referee, &document, &mut Random(SEED)).changes;
        let identity =
            identity(subject, &document).map_err(|why| anyhow::anyhow!("the example {example} can't be a release: {why}"))?;
        Ok(Walk {
            subject,
            all,
            cluster,
            scaffolder,
            document,
            changes,
            identity,
            rendered: None,
            note: String::new(),
            manifest: Value::Null,
        })
    }

    /// The browser's part is the form's own audit: here are the values that it posts.
    fn form(&mut self) -> anyhow::Result<()> {
        let document = self.document.clone();
        self.render(&document)
    }

    fn render(&mut self, document: &Value) -> anyhow::Result<()> {
        let rendered = self.scaffolder.render(self.subject, document)?;
        let path = self.identity.path();
        ensure!(rendered.path == path, "expected: a file {path}; there is: {}", rendered.path);
        let manifest = manifest::yaml::read(&rendered.manifest).context("the manifest can't be read")?;
        ensure!(
            manifest["metadata"]["name"] == self.identity.metadata_name(&self.subject.platform),
            "the manifest has another name"
        );
        if let Some(lost) = drops(document, &manifest["spec"]["values"]) {
            bail!("expected: the manifest holds what was typed; there is: {lost}");
        }
        self.rendered = Some(rendered);
        self.manifest = manifest;
        Ok(())
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        if !is_tenant(self.subject) {
            // Which a tenant's own release makes; not every service is walked with its tenant.
            let namespace = self.identity.namespace(&self.subject.platform);
            self.cluster.kro.plane.namespaces(&[namespace])?;
        }
        let text = self.rendered.as_ref().context("nothing was rendered")?.manifest.clone();
        let commit = self.push(Some(&text), "Create")?;
        self.applied(&commit)?;
        let live = self.cluster.live(&self.manifest)?.context("expected: the release; there is: nothing")?;
        self.holds(&live, "the release in the API server")
    }

    fn push(&mut self, text: Option<&str>, word: &str) -> anyhow::Result<String> {
        let path = self.identity.path();
        self.cluster.releases.commit(&path, text, &format!("{word} {path}"))
    }

    /// Waits until Flux has applied a commit.
    fn applied(&mut self, commit: &str) -> anyhow::Result<()> {
        self.cluster.wait(&format!("{commit} applied by kustomize-controller"), PATIENCE, |cluster| {
            let followers = cluster.followers()?;
            let behind = followers.iter().find(|follower| !is_applied(follower, commit));
            Ok(behind.map_or(Progress::Done(()), |behind| Progress::Not(said(behind))))
        })
    }

    fn holds(&self, object: &Value, what: &str) -> anyhow::Result<()> {
        match drops(&self.manifest["spec"]["values"], &object["spec"]["values"]) {
            Some(lost) => bail!("expected: {what} holds what was typed; there is: {lost}"),
            None => Ok(()),
        }
    }

    fn helm_release(&mut self) -> anyhow::Result<()> {
        let wanted = helm_release(self.subject, &self.manifest);
        let made = self.cluster.wait("a HelmRelease", PATIENCE, |cluster| {
            Ok(cluster.live(&wanted)?.map_or_else(|| Progress::Not("none".to_owned()), Progress::Done))
        })?;
        self.holds(&made, "the HelmRelease")
    }

    fn objects(&mut self) -> anyhow::Result<()> {
        let (all, manifest) = (self.all, self.manifest.clone());
        let objects = settled(self.cluster, all, &manifest)?;
        let (count, unseen) = unseen(&self.document, &objects);
        self.note =
            format!("{} of {count} texts and numbers that were typed are in {} objects", count - unseen.len(), objects.len());
        if !unseen.is_empty() {
            self.note.push_str(&format!("; not {}", unseen.join(", ")));
        }
        Ok(())
    }

    fn refused(&mut self) -> anyhow::Result<()> {
        // Another identity would be another file: of those that can't change, the last is the least like it.
        let change = self.changes.iter().rev().find(|change| change.forbidden_by.is_some()).cloned();
        let change = change.context("the service has nothing that can't change")?;
        let before = self.cluster.live(&self.manifest)?.context("the release is gone")?;
        let mut edited = self.manifest.clone();
        edited["spec"]["values"] = change.document;
        self.push(Some(&manifest::yaml::write(&edited)), "Edit")?;
        let field = change.forbidden_by.unwrap_or_default();
        let what = format!("kustomize-controller reports the refusal of {field} ({})", change.what);
        self.cluster.wait(&what, PATIENCE, |cluster| {
            let followers = cluster.followers()?;
            let refusal = followers.iter().any(|follower| {
                let ready = condition(follower, "Ready");
                ready.is_some_and(|ready| {
                    ready["status"] == "False" && ready["message"].as_str().is_some_and(|text| text.contains(&field))
                })
            });
            let there: Vec<String> = followers.iter().map(said).collect();
            Ok(if refusal { Progress::Done(()) } else { Progress::Not(there.join("; ")) })
        })?;
        let after = self.cluster.live(&self.manifest)?.context("expected: the release as it was; there is: nothing")?;
        ensure!(after["spec"] == before["spec"], "expected: the release as it was; there is: {}", after["spec"]);
        let text = self.rendered.as_ref().context("nothing was rendered")?.manifest.clone();
        let commit = self.push(Some(&text), "Revert")?;
        self.applied(&commit)
    }

    fn upgrade(&mut self) -> anyhow::Result<()> {
        let objects = |walk: &mut Walk<'_>, values: &Value| {
            let (name, namespace) = (text(&walk.manifest, "name")?, text(&walk.manifest, "namespace")?);
            walk.cluster.charts.template(walk.subject.name(), name, namespace, values)
        };
        let before = objects(self, &self.document.clone())?;
        let mut shown = None;
        for change in self.changes.clone().into_iter().filter(|change| change.forbidden_by.is_none()) {
            if objects(self, &change.document)? != before {
                shown = Some(change.document);
                break;
            }
        }
        let document = shown.context("the chart shows nothing of what can change")?;
        self.render(&document)?;
        self.document = document;
        let text = self.rendered.as_ref().context("nothing was rendered")?.manifest.clone();
        let commit = self.push(Some(&text), "Change")?;
        self.applied(&commit)?;
        self.objects()
    }

    fn removal(&mut self) -> anyhow::Result<()> {
        let made = rendered(self.cluster, self.all, &self.manifest)?;
        let releases =
            made.iter().chain([&self.manifest]).filter_map(|object| Some(helm_release(service_of(self.all, object)?, object)));
        let mut objects: Vec<Value> = releases.chain([self.manifest.clone()]).collect();
        let (kept, made): (Vec<Value>, Vec<Value>) = made.into_iter().partition(is_kept);
        objects.extend(made);
        let commit = self.push(None, "Remove")?;
        self.applied(&commit)?;
        self.cluster.wait("the release and all its objects are gone", PATIENCE, |cluster| {
            for object in &objects {
                if cluster.live(object)?.is_some() {
                    return Ok(Progress::Not(named(object)));
                }
            }
            Ok(Progress::Done(()))
        })?;
        for object in &kept {
            ensure!(self.cluster.live(object)?.is_some(), "expected: {} is kept; there is: nothing", named(object));
        }
        Ok(())
    }

    /// Takes the release out of the repository, so that it doesn't stand in the way of others.
    pub(super) fn clear(&mut self) {
        if let Err(error) = self.push(None, "Clear") {
            eprintln!("{error:#}");
        }
    }
}

fn said(follower: &Value) -> String {
    let ready = condition(follower, "Ready").cloned().unwrap_or_default();
    format!("{}: {} ({})", follower["metadata"]["name"], ready["message"], follower["status"]["lastAttemptedRevision"])
}
