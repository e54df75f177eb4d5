//! The same platform for people: a repository is followed, and what becomes of its releases is said as it happens.
//!
//! Nothing catches an interrupt: whatever runs is held ([`crate::held`]), so it ends with us, however we end, and its folder with it.

mod news;

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use manifest::identity::Identity;
use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::object::object;
use crate::plane::Request;
use crate::subject::Subject;
use crate::system::kro::Release;
use news::News;

/// How often the repository and the cluster are looked at.
const PULSE: Duration = Duration::from_millis(500);

/// How long the first revision may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// The programs that the lab needs, KRO's own release not among them.
pub(crate) fn programs() -> impl Iterator<Item = &'static str> {
    cluster::programs()
}

/// Runs the platform until standard input ends, or, if `once`, until the first revision is applied and its releases are settled.
///
/// # Errors
/// If a program can't be started or ends, or the first revision isn't applied.
pub(crate) fn lab(root: &Path, release: Release, subjects: &[Subject], follow: Option<&Path>, once: bool) -> anyhow::Result<()> {
    eprintln!("starting: about 20 seconds");
    let mut cluster = Cluster::start(root, release, subjects, follow)?;
    let examples = examples(subjects, &cluster.kro.plane.folder().join("examples"))?;
    introduce(&cluster, subjects, &examples);
    let over = Arc::new(AtomicBool::new(false));
    if !once {
        until_input_ends(Arc::clone(&over));
    }
    let (mut news, mut prepared, mut wanted) = (News::default(), None, Vec::new());
    let end = Instant::now() + PATIENCE;
    while !over.load(Ordering::Relaxed) {
        let head = cluster.releases.head()?;
        if prepared.as_ref() != Some(&head) {
            wanted = releases(&mut cluster, subjects, &head)?;
            prepared = Some(head.clone());
        }
        cluster.tick()?;
        cluster.kro.plane.check()?;
        let settled = news.tell(&mut cluster, &head, &wanted)?;
        if once && settled {
            return Ok(());
        }
        ensure!(!once || Instant::now() < end, "{head} isn't applied after {} s", PATIENCE.as_secs());
        std::thread::sleep(PULSE);
    }
    println!("over: everything that was started ends");
    Ok(())
}

fn introduce(cluster: &Cluster, subjects: &[Subject], examples: &Path) {
    let (kubeconfig, releases) = (cluster.kro.plane.kubeconfig(), cluster.releases.folder());
    let kinds: Vec<String> = subjects.iter().map(|subject| subject.made.service.kind.to_string()).collect();
    println!("The platform runs on this machine: KRO, Flux and the API server ({}) are real;", cluster.kro.plane.address());
    cluster::STAND_INS.iter().for_each(|stand_in| println!("  {stand_in}"));
    println!("Its kinds: {}", kinds.join(", "));
    println!("Followed, commit by commit: {}", releases.display());
    println!("\nTo try:");
    println!("  git clone {} releases && cp -r {}/acme releases/", releases.display(), examples.display());
    println!("  git -C releases add . && git -C releases commit -m 'Try' && git -C releases push");
    println!("  export KUBECONFIG={}", kubeconfig.display());
    println!("  kubectl get rgd; kubectl get {} -A; kubectl get helmreleases -A", plurals(subjects));
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        println!("  (kubectl isn't installed here; to look with it, it has to be, and nothing else needs it)");
    }
    println!("\nIt ends with Ctrl-C, or when standard input does, and leaves nothing.\n");
}

fn plurals(subjects: &[Subject]) -> String {
    let plurals: Vec<&str> = subjects.iter().map(|subject| subject.made.service.plural.as_str()).collect();
    plurals.join(",")
}

/// Writes the smallest good example of each service as a manifest where it belongs in a repository.
fn examples(subjects: &[Subject], folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    for subject in subjects {
        let Some((_, values)) = subject.examples.iter().find(|(name, _)| name == "minimal") else { continue };
        let manifest = object(subject, values);
        let path = match (values["tenant"].as_str(), values["name"].as_str()) {
            (Some(tenant), Some(name)) => format!("{tenant}/{}/{name}", subject.name()),
            (Some(tenant), None) => tenant.to_owned(),
            (None, _) => continue,
        };
        let path = folder.join(path);
        std::fs::create_dir_all(&path).with_context(|| format!("{} can't be made", path.display()))?;
        std::fs::write(path.join("manifest.yaml"), manifest::yaml::write(&manifest)).context("an example can't be written")?;
    }
    Ok(folder.to_owned())
}

/// The releases of a commit, by namespace and name. Makes the namespaces of tenants whose own release isn't among them; one that comes
/// later takes its namespace over.
fn releases(cluster: &mut Cluster, subjects: &[Subject], commit: &str) -> anyhow::Result<Vec<String>> {
    let Some(platform) = subjects.first().map(|subject| &subject.platform) else { return Ok(Vec::new()) };
    let all: Vec<Identity> = cluster.releases.files(commit)?.iter().filter_map(|file| Identity::from_path(file).ok()).collect();
    for identity in &all {
        let own = Identity::Tenant(identity.tenant().clone());
        if !all.contains(&own) {
            let namespace = namespace(&identity.namespace(platform), &own.metadata_name(platform), &own.namespace(platform));
            let made = cluster.api().one(Request::create("/api/v1/namespaces", namespace))?;
            if made.good() {
                println!("the tenant {} has no release of its own: a stand-in makes its namespace", identity.tenant());
            }
        }
    }
    Ok(all.iter().map(|identity| format!("{}/{}", identity.namespace(platform), identity.metadata_name(platform))).collect())
}

/// With the marks by which Helm takes an object over into a release.
fn namespace(name: &str, release: &str, release_namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": { "app.kubernetes.io/managed-by": "Helm" },
            "annotations": { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": release_namespace },
        },
    })
}

fn until_input_ends(over: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        let mut input = std::io::stdin().lock();
        while input.read(&mut rest).is_ok_and(|read| read > 0) {}
        over.store(true, Ordering::Relaxed);
    });
}
