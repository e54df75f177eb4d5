//! Which release a manifest is. Its path, its object's name and namespace and its labels follow from it, here and nowhere else.

use std::collections::BTreeMap;

use crate::name::{NameError, ReleaseName, ServiceName, TenantName};
use crate::platform::Platform;

/// Helm's limit for the name of a release, which the object's name becomes, in characters.
pub const HELM_RELEASE_MAX: usize = 53;

/// The limit for a namespace's name in Kubernetes, in characters.
const NAMESPACE_MAX: usize = 63;

/// The name of a manifest's file in the usual layout.
pub(crate) const FILE: &str = "manifest.yaml";

/// A tenant's own release, or one release of a service for a tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// The release of the service `tenant`, which makes the tenant's namespace.
    Tenant(TenantName),
    /// A release in a tenant's namespace.
    Release {
        /// Whose it is.
        tenant: TenantName,
        /// What it is.
        service: ServiceName,
        /// Which of them it is.
        name: ReleaseName,
    },
}

/// Why an identity can't be had, or can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A manifest at another depth is nobody's (MSF-F49).
    #[error(
        "{path:?} lies {depth} folders deep: a manifest is `<tenant>/manifest.yaml` or \
         `<tenant>/<service>/<name>/manifest.yaml`"
    )]
    Depth {
        /// The path as given.
        path: String,
        /// How many folders it has.
        depth: usize,
    },
    /// The file is not a manifest.
    #[error("{path:?} is not called `manifest.yaml`")]
    File {
        /// The path as given.
        path: String,
    },
    /// A folder of the path is not a name.
    #[error("{path:?}: {source}")]
    Name {
        /// The path as given.
        path: String,
        /// What is wrong with the folder's name.
        #[source]
        source: NameError,
    },
    /// The service `tenant` has no releases inside a tenant.
    #[error("a release of the service `tenant` is a tenant: it lies in `{tenant}/manifest.yaml`")]
    TenantInTenant {
        /// The tenant in whose folder it was.
        tenant: TenantName,
    },
    /// The object's name is too long.
    #[error(
        "the object's name {found:?} has {length} characters, {over} more than the {max} that Helm leaves it: \
         at most {room} are left for the name {part:?}"
    )]
    TooLong {
        /// The object's name.
        found: String,
        /// Its length in characters.
        length: usize,
        /// The greatest length in characters.
        max: usize,
        /// By how many characters it is too long.
        over: usize,
        /// The part that the author chose: the release's name, or the tenant's.
        part: String,
        /// The greatest length of that part in characters, all else being the same.
        room: usize,
    },
    /// The tenant's namespace has a name that is too long.
    #[error("the namespace {found:?} has {length} characters: at most {NAMESPACE_MAX} are possible")]
    NamespaceTooLong {
        /// The namespace.
        found: String,
        /// Its length in characters.
        length: usize,
    },
    /// The tenant's namespace is somebody else's.
    #[error("the tenant {tenant:?} would have the namespace {found:?}, which is the platform's or Kubernetes' own")]
    NamespaceTaken {
        /// The tenant.
        tenant: TenantName,
        /// Its namespace.
        found: String,
    },
    /// Another tenant and name have the same object's name (MSF-F46).
    #[error(
        "the object's name {found:?} could also be read as that of tenant {other:?}: {separator:?} may stand only once in it, \
         between the tenant and the rest; choose another {part}"
    )]
    Ambiguous {
        /// The object's name, or its beginning.
        found: String,
        /// The tenant of the other reading.
        other: String,
        /// What separates the tenant from the rest.
        separator: String,
        /// The part to change: `tenant name` or `release name`.
        part: &'static str,
    },
    /// The object's name is none that a release has.
    #[error("the object's name {found:?} is not of the form `{template}`")]
    Object {
        /// The name, cut.
        found: String,
        /// The form, as `naming` in `platform.toml` says it.
        template: String,
    },
    /// The platform's settings are not ones that [`Platform::read`] accepts.
    #[error("`naming.release` has no separator between `{{tenant}}` and `{{name}}`")]
    Template,
}

impl Identity {
    /// The manifest's path in the releases repository: `acme/manifest.yaml`, `acme/postgres/db9/manifest.yaml`
    /// (MSF-12, MSF-13).
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Identity::Tenant(tenant) => format!("{tenant}/{FILE}"),
            Identity::Release { tenant, service, name } => format!("{tenant}/{service}/{name}/{FILE}"),
        }
    }

    /// The release whose manifest lies at `path`, with `/` between the folders.
    ///
    /// # Errors
    /// If the path is not exactly one that [`Identity::path`] gives.
    pub fn from_path(path: &str) -> Result<Identity, IdentityError> {
        let folders: Vec<&str> = path.split('/').collect();
        let Some((&FILE, folders)) = folders.split_last() else {
            return Err(IdentityError::File { path: path.to_owned() });
        };
        let bad = |source| IdentityError::Name { path: path.to_owned(), source };
        match folders {
            [tenant] => Ok(Identity::Tenant(TenantName::parse(tenant).map_err(bad)?)),
            [tenant, service, name] => {
                let tenant = TenantName::parse(tenant).map_err(bad)?;
                let service = ServiceName::parse(service).map_err(bad)?;
                let name = ReleaseName::parse(name).map_err(bad)?;
                if service == ServiceName::tenant() {
                    return Err(IdentityError::TenantInTenant { tenant });
                }
                Ok(Identity::Release { tenant, service, name })
            }
            _ => Err(IdentityError::Depth { path: path.to_owned(), depth: folders.len() }),
        }
    }

    /// The release of a service whose object has this name.
    ///
    /// # Errors
    /// If [`Identity::metadata_name`] gives it to none.
    pub fn from_metadata_name(name: &str, service: &ServiceName, platform: &Platform) -> Result<Identity, IdentityError> {
        let template = if *service == ServiceName::tenant() { &platform.naming.tenant } else { &platform.naming.release };
        let nobodys = || IdentityError::Object { found: name.chars().take(80).collect(), template: template.clone() };
        let bad = |source| IdentityError::Name { path: name.to_owned(), source };
        let identity = if *service == ServiceName::tenant() {
            let (before, after) = template.split_once("{tenant}").ok_or(IdentityError::Template)?;
            let tenant = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).ok_or_else(nobodys)?;
            Identity::Tenant(TenantName::parse(tenant).map_err(bad)?)
        } else {
            let service_part = template.replace("{service}", service.as_str());
            let (before, rest) = service_part.split_once("{tenant}").ok_or(IdentityError::Template)?;
            let (between, after) = rest.split_once("{name}").ok_or(IdentityError::Template)?;
            let inner = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).ok_or_else(nobodys)?;
            let (tenant, release) = inner.split_once(between).ok_or_else(nobodys)?;
            let tenant = TenantName::parse(tenant).map_err(bad)?;
            Identity::Release { tenant, service: service.clone(), name: ReleaseName::parse(release).map_err(bad)? }
        };
        if identity.metadata_name(platform) == name { Ok(identity) } else { Err(nobodys()) }
    }

    /// Whose release it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantName {
        match self {
            Identity::Tenant(tenant) | Identity::Release { tenant, .. } => tenant,
        }
    }

    /// The service it is a release of.
    #[must_use]
    pub fn service(&self) -> ServiceName {
        match self {
            Identity::Tenant(_) => ServiceName::tenant(),
            Identity::Release { service, .. } => service.clone(),
        }
    }

    /// `metadata.name`: `acme-tenant`, `acme-tenant-db9-postgres` (MSF-44).
    #[must_use]
    pub fn metadata_name(&self, platform: &Platform) -> String {
        match self {
            Identity::Tenant(tenant) => platform.naming.tenant.replace("{tenant}", tenant.as_str()),
            Identity::Release { tenant, service, name } => platform
                .naming
                .release
                .replace("{tenant}", tenant.as_str())
                .replace("{name}", name.as_str())
                .replace("{service}", service.as_str()),
        }
    }

    /// `metadata.namespace`: the tenant's, or the platform's for a tenant's own release.
    #[must_use]
    pub fn namespace(&self, platform: &Platform) -> String {
        match self {
            Identity::Tenant(_) => platform.namespaces.platform.clone(),
            Identity::Release { tenant, .. } => platform.tenant_namespace(tenant),
        }
    }

    /// `metadata.labels`: `app.kubernetes.io/instance`, `<group>/tenant` and `<group>/service`.
    #[must_use]
    pub fn labels(&self, platform: &Platform) -> BTreeMap<String, String> {
        let group = &platform.api.group;
        BTreeMap::from([
            ("app.kubernetes.io/instance".to_owned(), self.metadata_name(platform)),
            (format!("{group}/tenant"), self.tenant().to_string()),
            (format!("{group}/service"), self.service().to_string()),
        ])
    }

    /// Whether the object's name is short enough, and nobody else's.
    ///
    /// `extra` is the number of characters that the longest child of a composite adds to it.
    ///
    /// # Errors
    /// What is wrong, with the number of characters left or the other reading of the name.
    pub fn check(&self, platform: &Platform, extra: usize) -> Result<(), IdentityError> {
        self.check_length(platform, extra)?;
        self.check_namespace(platform)?;
        self.check_reading(platform)
    }

    fn check_length(&self, platform: &Platform, extra: usize) -> Result<(), IdentityError> {
        let found = self.metadata_name(platform);
        let part = match self {
            Identity::Tenant(tenant) => tenant.as_str(),
            Identity::Release { name, .. } => name.as_str(),
        };
        let (length, max) = (found.len(), HELM_RELEASE_MAX.saturating_sub(extra));
        if length <= max {
            return Ok(());
        }
        let room = (max + part.len()).saturating_sub(length);
        Err(IdentityError::TooLong { found, length, max, over: length - max, part: part.to_owned(), room })
    }

    fn check_namespace(&self, platform: &Platform) -> Result<(), IdentityError> {
        let tenant = self.tenant();
        let found = platform.tenant_namespace(tenant);
        let length = found.len();
        if length > NAMESPACE_MAX {
            return Err(IdentityError::NamespaceTooLong { found, length });
        }
        let taken = found == platform.namespaces.platform
            || found == platform.chart_source.namespace
            || found == "default"
            || found.starts_with("kube-");
        if taken {
            return Err(IdentityError::NamespaceTaken { tenant: tenant.clone(), found });
        }
        Ok(())
    }

    /// The separator stands once in all that comes before the service, so the tenant can be read off the name; what is left
    /// is told apart because no service's name is a suffix of another's ([`suffix_clash`]).
    fn check_reading(&self, platform: &Platform) -> Result<(), IdentityError> {
        let separator = platform.naming.after_tenant();
        if separator.is_empty() {
            return Err(IdentityError::Template);
        }
        let tenant = self.tenant().as_str();
        let found = match self {
            Identity::Tenant(_) => format!("{tenant}{separator}"),
            Identity::Release { name, .. } => format!("{tenant}{separator}{name}{}", platform.naming.before_service()),
        };
        // Occurrences may overlap: `a-tenant-tenant-b` is read in two ways.
        let mut starts = (0..found.len()).filter(|&at| found[at..].starts_with(separator));
        match starts.find(|&at| at != tenant.len()) {
            None => Ok(()),
            Some(at) => Err(IdentityError::Ambiguous {
                other: found[..at].to_owned(),
                separator: separator.to_owned(),
                part: if at < tenant.len() { "tenant name" } else { "release name" },
                found,
            }),
        }
    }
}

/// Whether a name that ends in one of the two services could be read as ending in the other: `db` and `my-db`.
///
/// Two such services can't stand in one repository.
#[must_use]
pub fn suffix_clash(a: &ServiceName, b: &ServiceName) -> bool {
    let ends = |long: &ServiceName, short: &ServiceName| {
        long.as_str().strip_suffix(short.as_str()).is_some_and(|rest| rest.ends_with('-'))
    };
    ends(a, b) || ends(b, a)
}

#[cfg(test)]
mod tests;
