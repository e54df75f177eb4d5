//! What every command needs: the platform, its services, and the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use manifest::contract::Contract;
use manifest::layout::{Located, Parts};
use manifest::name::{ReleaseName, ServiceName, TenantName};
use manifest::{Identity, Platform};
use runtime::sync::Follower;
use runtime::{Actor, Catalog, Remote, Repository, Settings, Signing, Transport, manifest};

use super::{Common, Format, Usage, Way, WriteArgs};

/// The repository of the first try.
const LOCAL: &str = "releases.git";

pub(crate) struct Session<'a> {
    pub catalog: Catalog,
    pub parts: Parts,
    pub format: Format,
    common: &'a Common,
    signing: Option<Signing>,
    /// Who is told of what is written.
    pub follower: Option<Follower>,
    /// Whether the repository of the first try is made if it isn't there: by commands that write.
    makes: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(common: &'a Common, write: Option<&WriteArgs>) -> anyhow::Result<Session<'a>> {
        let platform = platform(common)?;
        let layouts = platform.layouts();
        let others = common.schemas.as_deref().map(contracts).transpose()?.unwrap_or_default();
        let catalog = Catalog::new(platform, layouts, others)?;
        let parts = common.parts.iter().cloned().collect();
        let signing = write.and_then(|write| write.sign.clone());
        let is_told = write.filter(|write| !write.dry_run && !write.pull.pull_request);
        let follower = is_told.map_or(Ok(None), |write| write.sync.follower(&catalog.platform))?;
        let makes = write.is_some_and(|write| !write.dry_run);
        Ok(Session { catalog, parts, format: common.output, common, signing, follower, makes })
    }

    /// The branch that is meant.
    pub(crate) fn branch(&self) -> &str {
        self.common.branch.as_deref().unwrap_or(&self.catalog.platform.releases.branch)
    }

    /// Opens the repository; who follows it is told of what is pushed.
    pub(crate) fn repository(&self) -> anyhow::Result<Repository> {
        self.open(self.follower.iter().cloned().collect())
    }

    /// Opens the repository to look at it.
    pub(crate) fn plain(&self) -> anyhow::Result<Repository> {
        self.open(Vec::new())
    }

    fn open(&self, followers: Vec<Follower>) -> anyhow::Result<Repository> {
        let remote = self.remote()?;
        let cache = self.common.cache.clone().map_or_else(|| cache(&remote), Ok)?;
        let settings = Settings {
            layouts: self.catalog.layouts.clone(),
            committer: committer(),
            transport: match self.common.transport {
                Way::Push => Transport::Push,
                Way::Direct => Transport::Direct,
            },
            signing: self.signing.clone(),
            followers,
            patience: Duration::from_secs(self.common.patience),
            ..Settings::new(remote, cache)
        };
        Ok(Repository::open(settings)?)
    }

    fn remote(&self) -> anyhow::Result<Remote> {
        let branch = self.branch();
        let url = self.common.repo.as_deref().unwrap_or(LOCAL);
        let remote = Remote::parse(url, branch).map_err(|error| Usage(error.to_string()))?;
        if self.common.repo.is_none() && !Path::new(LOCAL).exists() {
            if !self.makes {
                bail!("there is no {LOCAL} in this folder: `trefoil apply` makes it, and --repo says where another is");
            }
            Repository::init(Path::new(LOCAL), branch, &BTreeMap::new())?;
            eprintln!("{LOCAL} is made: a repository for releases, in this folder");
        }
        // A path means the same from the cache's folder only if it is whole.
        match remote.folder() {
            Some(folder) => {
                let whole = folder.canonicalize().with_context(|| format!("there is no repository {}", folder.display()))?;
                Ok(Remote::parse(&whole.to_string_lossy(), branch)?)
            }
            None => Ok(remote),
        }
    }

    /// What somebody means with `acme` or `acme/postgres/db9`.
    pub(crate) fn locate(&self, text: &str) -> anyhow::Result<Located> {
        let identity = match text.split('/').collect::<Vec<_>>().as_slice() {
            [tenant] => Identity::Tenant(TenantName::parse(tenant).map_err(usage)?),
            [tenant, service, name] => {
                let service = ServiceName::parse(service).map_err(usage)?;
                if service == ServiceName::tenant() {
                    bail!(Usage(format!("a release of `tenant` is a tenant: write `{tenant}`")));
                }
                let (tenant, name) = (TenantName::parse(tenant).map_err(usage)?, ReleaseName::parse(name).map_err(usage)?);
                Identity::Release { tenant, service, name }
            }
            _ => bail!(Usage(format!("{text:?} is no release: write `<tenant>` or `<tenant>/<service>/<name>`"))),
        };
        Ok(self.catalog.layouts.locate(&identity, &self.parts)?)
    }
}

/// As people write it: `acme`, `acme/postgres/db9`.
pub(crate) fn called(identity: &Identity) -> String {
    match identity {
        Identity::Tenant(tenant) => tenant.to_string(),
        Identity::Release { tenant, service, name } => format!("{tenant}/{service}/{name}"),
    }
}

pub(crate) fn usage(error: impl std::fmt::Display) -> Usage {
    Usage(error.to_string())
}

fn platform(common: &Common) -> anyhow::Result<Platform> {
    let Some(file) = &common.platform else { return Ok(runtime::platform()?) };
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    Platform::read(&text).map_err(|error| {
        let help = error.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        anyhow::anyhow!("{}:{error}{help}", file.display())
    })
}

/// The contracts of all services in a folder.
fn contracts(folder: &Path) -> anyhow::Result<Vec<Contract>> {
    let read = |path: PathBuf| std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()));
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))? {
        let place = entry.with_context(|| format!("{} can't be read", folder.display()))?.path();
        if place.join("release.json").is_file() {
            let file = |name: &str| read(place.join(name));
            let contract = Contract::read(&file("schema.json")?, &file("defaults.json")?, &file("release.json")?);
            out.push(contract.with_context(|| format!("{} can't be used", place.display()))?);
        }
    }
    match out.is_empty() {
        true => bail!("{} has no service: no folder in it has a `release.json`", folder.display()),
        false => Ok(out),
    }
}

/// One folder for each address and branch.
fn cache(remote: &Remote) -> anyhow::Result<PathBuf> {
    use sha2::{Digest, Sha256};
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let root = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let root = root.context("neither XDG_CACHE_HOME nor HOME is set: say where the cache is with --cache")?;
    let name = Sha256::digest(format!("{}\0{}", remote.url(), remote.branch()));
    let name: String = name.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    Ok(root.join("trefoil").join("releases").join(name))
}

/// The platform's own name in commits.
fn committer() -> Actor {
    let said = std::env::var("TREFOIL_COMMITTER").ok().and_then(|text| super::set::actor(&text).ok());
    said.unwrap_or_else(|| Actor::new("Trefoil", "trefoil@localhost"))
}

/// Whom `git` is configured for.
pub(crate) fn myself() -> Option<Actor> {
    let setting = |key: &str| {
        let output = Command::new("git").args(["config", "--get", key]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    Some(Actor::new(&setting("user.name")?, &setting("user.email")?))
}
