//! Getting the real systems. Programs of pinned versions are built, once, into a cache outside the build output; nothing is built that is
//! there already, and what can't be had is named with the reason.

mod go;
pub(crate) mod npm;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// A program, or a set of files, of another project.
pub(crate) struct Program {
    /// Its word, as `kube-apiserver`.
    pub name: &'static str,
    /// Version of what is asked; our own drivers have that of what they link.
    pub version: &'static str,
    /// Seconds that it takes from nothing on two cores, about.
    pub seconds: u64,
    how: How,
}

enum How {
    Go(go::Package),
    Files(&'static [go::Files]),
    Npm,
}

const KUBERNETES: &str = "-X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 \
                          -X k8s.io/component-base/version.gitMinor=36";

/// As Helm's own Makefile sets them; the last two are the Kubernetes that charts are told of.
const HELM_4: &str = "-X helm.sh/helm/v4/internal/version.version=v4.3.1";
const HELM_3: &str = "-X helm.sh/helm/v3/internal/version.version=v3.22.0 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 \
                      -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=37";

/// Everything that the audit can ask, by the order in which it is got: what is quick comes first.
pub(crate) const PROGRAMS: &[Program] = &[
    own("kube", "", "kube", 15),
    Program { name: "crds", version: "", seconds: 20, how: How::Files(CRDS) },
    go("etcd", "3.6.5", "etcd", "go.etcd.io/etcd/server/v3", "", 45),
    go("kube-apiserver", "1.36.3", "kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES, 180),
    go("kro-0.9.4", "0.9.4", "kro-0.9.4", "github.com/kubernetes-sigs/kro/cmd/controller", "", 90),
    go("kro-0.9.3", "0.9.3", "kro-0.9.3", "github.com/kubernetes-sigs/kro/cmd/controller", "", 90),
    own("helm4", "4.3.1", "helm4", 60),
    go("helm4-command", "4.3.1", "helm4", "helm.sh/helm/v4/cmd/helm", HELM_4, 60),
    own("helm3", "3.22.0", "helm3", 60),
    go("helm3-command", "3.22.0", "helm3", "helm.sh/helm/v3/cmd/helm", HELM_3, 60),
    go("helm-controller", "1.6.4", "helm-controller", "github.com/fluxcd/helm-controller", "", 110),
    go("kustomize-controller", "1.9.5", "kustomize-controller", "github.com/fluxcd/kustomize-controller", "", 115),
    npm("ajv", "8.20.0", 10),
    npm("backstage", "4.2.0", 150),
    npm("backstage-previous", "2.2.1", 250),
    npm("form", "1.39.0", 100),
];

const CRDS: &[go::Files] = &[
    go::Files { name: "kro-0.9.4", module: "github.com/kubernetes-sigs/kro@v0.9.4", folder: "helm/crds" },
    go::Files { name: "kro-0.9.3", module: "github.com/kubernetes-sigs/kro@v0.9.3", folder: "helm/crds" },
    go::Files { name: "helm-controller", module: "github.com/fluxcd/helm-controller@v1.6.4", folder: "config/crd/bases" },
    go::Files {
        name: "kustomize-controller",
        module: "github.com/fluxcd/kustomize-controller@v1.9.5",
        folder: "config/crd/bases",
    },
    go::Files { name: "source-controller", module: "github.com/fluxcd/source-controller@v1.9.0", folder: "config/crd/bases" },
    go::Files { name: "cloudnative-pg", module: "github.com/cloudnative-pg/cloudnative-pg@v1.27.0", folder: "config/crd/bases" },
    go::Files {
        name: "prometheus-operator",
        module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        folder: "example/prometheus-operator-crd",
    },
    go::Files { name: "gateway-api", module: "sigs.k8s.io/gateway-api@v1.4.0", folder: "config/crd/standard" },
];

const fn go(
    name: &'static str,
    version: &'static str,
    folder: &'static str,
    package: &'static str,
    ldflags: &'static str,
    seconds: u64,
) -> Program {
    Program { name, version, seconds, how: How::Go(go::Package { folder, package, ldflags }) }
}

const fn npm(name: &'static str, version: &'static str, seconds: u64) -> Program {
    Program { name, version, seconds, how: How::Npm }
}

/// A driver of our own.
const fn own(name: &'static str, version: &'static str, folder: &'static str, seconds: u64) -> Program {
    go(name, version, folder, go::OWN, "", seconds)
}

/// What became of the programs that were wanted.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub there: Vec<&'static str>,
    pub made: Vec<(&'static str, Duration)>,
    /// With the reason.
    pub missing: Vec<(&'static str, String)>,
}

/// Gets the programs of these names that aren't there yet, and says so on standard error. One that can't be had doesn't keep the others
/// from being got.
///
/// # Errors
/// If there is no program of a name.
pub(crate) fn install(wanted: &[&str]) -> anyhow::Result<Report> {
    if let Some(unknown) = wanted.iter().find(|name| program(name).is_none()) {
        let known: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
        bail!("there is no program `{unknown}`: the programs are {}", known.join(", "));
    }
    let mut report = Report::default();
    for program in PROGRAMS.iter().filter(|program| wanted.contains(&program.name)) {
        let label = format!("{} {}", program.name, program.version);
        if path(program.name).is_some() {
            report.there.push(program.name);
            continue;
        }
        eprint!("{:<28} about {:>3} s from nothing … ", label.trim(), program.seconds);
        let start = Instant::now();
        match make(program) {
            Ok(()) => {
                eprintln!("{:.1} s", start.elapsed().as_secs_f64());
                report.made.push((program.name, start.elapsed()));
            }
            Err(error) => {
                eprintln!("not to be had: {error:#}");
                report.missing.push((program.name, format!("{error:#}")));
            }
        }
    }
    Ok(report)
}

/// The program, or the folder of files, if it has been got.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let program = program(name)?;
    let path = match program.how {
        How::Go(_) => place(program).ok()?.join(program.name),
        How::Files(_) => place(program).ok()?,
        How::Npm => npm::folder(program.name)?,
    };
    path.exists().then_some(path)
}

/// As [`path`], with an error that says what to do.
///
/// # Errors
/// If the program hasn't been got.
pub(crate) fn need(name: &str) -> anyhow::Result<PathBuf> {
    path(name).with_context(|| format!("{name} is not installed: `cargo xtask audit --install` gets it"))
}

/// The program of this name.
pub(crate) fn program(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

/// Where it is kept: a folder whose name changes with everything that it is made of.
fn place(program: &Program) -> anyhow::Result<PathBuf> {
    let key = match &program.how {
        How::Go(package) => package.key()?,
        How::Files(files) => go::key_of_files(files)?,
        How::Npm => bail!("{} is made by npm", program.name),
    };
    let key: String = key.chars().take(12).collect();
    Ok(cache()?.join(format!("{}-{key}", program.name)))
}

fn cache() -> anyhow::Result<PathBuf> {
    let root = std::env::var_os("XDG_CACHE_HOME").filter(|root| !root.is_empty()).map(PathBuf::from);
    let root = root.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    Ok(root.context("there is no home for a cache: set XDG_CACHE_HOME")?.join("trefoil").join("audit"))
}

/// Appears under its name only when it is whole, so that a run that was killed leaves nothing that is taken for it.
fn make(program: &Program) -> anyhow::Result<()> {
    if let How::Npm = program.how {
        return npm::install(program.name).map(drop);
    }
    let place = place(program)?;
    let folder = place.parent().context("the cache has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    let part = tempfile::Builder::new().prefix(".part-").tempdir_in(folder).context("the cache can't be written")?;
    match &program.how {
        How::Go(package) => package.build(&part.path().join(program.name))?,
        How::Files(files) => go::copy(files, part.path())?,
        How::Npm => bail!("{} is made by npm", program.name),
    }
    settle(part.path(), &place)
}

fn settle(part: &Path, place: &Path) -> anyhow::Result<()> {
    match std::fs::rename(part, place) {
        // Another run was quicker.
        Err(_) if place.is_dir() => Ok(()),
        done => done.with_context(|| format!("{} can't be written", place.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a report calls the version is what the lock file pins.
    #[test]
    fn versions_are_those_of_the_lock_files() {
        for program in PROGRAMS {
            let (file, pinned) = match &program.how {
                How::Go(package) => (go::folder(package.folder).join("go.mod"), format!(" v{}", program.version)),
                How::Npm => (go::folder(program.name).join("package.json"), format!("\": \"{}\"", program.version)),
                How::Files(_) => continue,
            };
            assert!(std::fs::read_to_string(file).unwrap().contains(&pinned), "{}: {}", program.name, program.version);
        }
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(install(&["nonsense"]).unwrap_err().to_string().contains("kube-apiserver"));
    }
}
