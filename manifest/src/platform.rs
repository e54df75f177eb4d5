//! `platform.toml`: everything that a fork changes.

mod check;
mod sync;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

use crate::layout::{LayoutSettings, Layouts};
use crate::name::{Kind, ServiceName, TenantName};

pub use sync::{ArgoCd, Flux, Operation};

/// Settings of one platform. Everything has a default; a fork writes down what is different.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Platform {
    /// The Kubernetes API that the services form.
    pub api: Api,
    /// The repository with the charts, definitions and templates.
    pub repository: Repository,
    /// The repository with the tenants' releases.
    pub releases: Releases,
    /// How Kubernetes objects are named.
    pub naming: Naming,
    /// Where Kubernetes objects live.
    pub namespaces: Namespaces,
    /// Where Flux takes the charts from.
    pub chart_source: ChartSource,
    /// How Flux installs a release.
    pub helm_release: HelmRelease,
    /// How the services appear in Backstage.
    pub portal: Portal,
    /// The plural of a service's resource, where the CRD in the cluster has another than KRO's.
    #[schemars(with = "BTreeMap<String, String>")]
    pub plurals: BTreeMap<ServiceName, String>,
    /// The policies that check what the typed API can't.
    pub admission: Admission,
    /// How Argo CD follows the releases, if it does: `trefoil --sync argo-cd` tells it of a push, and asks what became of a release.
    pub argo_cd: ArgoCd,
    /// How Flux follows the releases, if it does: `trefoil --sync flux` tells it of a push, and asks what became of a release.
    pub flux: Flux,
}

/// The Kubernetes API that the services form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Api {
    /// API group of all services: a domain name that is yours, at most 63 characters.
    pub group: String,
    /// Version of the API: `v1alpha1`, `v1beta2`, `v1`.
    pub version: String,
}

/// The repository with the charts, definitions and templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Repository {
    /// Host of the Git service, without a scheme.
    pub host: String,
    /// Organisation, user, or GitLab group with its subgroups.
    pub owner: String,
    /// Name of the repository.
    pub name: String,
    /// Branch that is deployed.
    pub branch: String,
}

/// The repository with the tenants' releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Releases {
    /// Host of the Git service, without a scheme.
    pub host: String,
    /// Organisation, user, or GitLab group with its subgroups.
    pub owner: String,
    /// Name of the repository.
    pub name: String,
    /// Branch that is deployed.
    pub branch: String,
    /// Where the files of releases lie. Without it: `{tenant}/manifest.yaml` for tenants, `{tenant}/{service}/{name}/manifest.yaml` for all
    /// other services. Backstage's forms are made for services that lie so; others have none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layouts: Vec<LayoutSettings>,
}

/// How Kubernetes objects are named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Naming {
    /// Name of a release's object: `{tenant}`, `{name}` and `{service}`, in this order, with lower-case letters, digits and hyphens
    /// between them, beginning and ending with a hyphen. Neither a tenant's nor a release's name may have in it what stands
    /// between `{tenant}` and `{name}`.
    pub release: String,
    /// Name of a tenant's own object: `{tenant}` with lower-case letters, digits and hyphens around it.
    pub tenant: String,
}

/// Where Kubernetes objects live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Namespaces {
    /// Namespace of the tenants' own releases.
    pub platform: String,
    /// Namespace of a tenant's releases: `{tenant}` with lower-case letters, digits and hyphens around it.
    pub tenant: String,
}

/// Where Flux takes the charts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChartSource {
    /// Kind of the Flux source.
    pub kind: ChartSourceKind,
    /// Name of the Flux source.
    pub name: String,
    /// Namespace of the Flux source.
    pub namespace: String,
    /// Address of the source. Without it: that of `repository`, or `oci://ghcr.io/<owner>/charts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How often Flux looks for changes: `10m`, `1h30m`.
    pub interval: String,
}

/// Kind of a Flux source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ChartSourceKind {
    /// The charts as they lie in a Git repository.
    GitRepository,
    /// The charts as packages in a registry.
    #[serde(rename = "OCIRepository")]
    OciRepository,
}

/// How Flux installs a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HelmRelease {
    /// API version of Flux' `HelmRelease`.
    pub api_version: String,
    /// How often Flux compares the release with the cluster: `15m`.
    pub interval: String,
    /// How often Flux looks for a new chart: `5m`.
    pub chart_interval: String,
    /// How long an installation may take: `10m`.
    pub timeout: String,
    /// How often a failed installation or upgrade is tried again.
    pub retries: u32,
    /// Service account in the release's namespace that Flux acts as. Without it: Flux' own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
}

/// How the services appear in Backstage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Portal {
    /// Catalog reference of the owner of the templates: `group:default/platform-team`.
    pub owner: String,
    /// Prefix of the annotations by which catalog entities are made of the releases: a domain name.
    pub annotation_prefix: String,
    /// Lifecycle of the catalog entities.
    pub lifecycle: String,
    /// Type of the systems in the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_type: Option<String>,
    /// Where the templates open pull requests. No form can look up whether a name is taken. A second request to create a
    /// release fails on both while the first one's branch is there. If the release is there, GitLab's fails too; GitHub's changes its
    /// manifest instead of adding one, and says so to the reviewer.
    pub pull_request: PullRequest,
    /// Name of the author of the templates' commits. Without it: that of the integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_author_name: Option<String>,
    /// E-mail address of the author of the templates' commits. Without it: that of the integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_author_email: Option<String>,
}

/// A service for pull requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PullRequest {
    /// `publish:github:pull-request`.
    Github,
    /// `publish:gitlab:merge-request`.
    Gitlab,
}

/// The policies that check what the typed API can't.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Admission {
    /// What happens to a release if a policy can't be evaluated.
    pub failure_policy: FailurePolicy,
}

/// What an admission policy does when it can't be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FailurePolicy {
    /// The release is refused.
    Fail,
    /// The release is let through.
    Ignore,
}

/// What is wrong in `platform.toml`, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct PlatformError {
    /// What was found and what was expected.
    pub message: String,
    /// What to write instead, if that can be guessed.
    pub help: Option<String>,
    /// Line, 1-based.
    pub line: usize,
    /// Column in characters, 1-based.
    pub column: usize,
    /// The token, in bytes of the text.
    pub span: Range<usize>,
}

impl Platform {
    /// Reads and checks the text of a `platform.toml`.
    ///
    /// # Errors
    /// The first thing that is wrong: the TOML, a key that doesn't exist, a value of another type, or one that can't be.
    pub fn read(text: &str) -> Result<Platform, PlatformError> {
        let platform: Platform = toml::from_str(text).map_err(|error| check::toml_error(text, &error))?;
        check::validate(&platform, text)?;
        Ok(platform)
    }

    /// The JSON Schema (draft 7, which TOML editors read) of `platform.toml`.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        SchemaSettings::draft07().into_generator().into_root_schema_for::<Platform>().into()
    }

    /// `services.example.org/v1alpha1`, of every service.
    #[must_use]
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.api.group, self.api.version)
    }

    /// Where the files of releases lie.
    #[must_use]
    pub fn layouts(&self) -> Layouts {
        // Settings that were read were checked.
        Layouts::new(&self.releases.layouts).unwrap_or_default()
    }

    /// The kind of a service.
    #[must_use]
    pub fn kind(&self, service: &ServiceName) -> Kind {
        Kind::of(service)
    }

    /// The plural of a service's resource: KRO's, if `plurals` doesn't say otherwise.
    #[must_use]
    pub fn plural(&self, service: &ServiceName) -> String {
        self.plurals.get(service).cloned().unwrap_or_else(|| crate::plural(&Kind::of(service).lower()))
    }

    /// The namespace of a tenant's releases.
    #[must_use]
    pub fn tenant_namespace(&self, tenant: &TenantName) -> String {
        self.namespaces.tenant.replace("{tenant}", tenant.as_str())
    }

    /// The address of the chart source: the one set, or that of the repository.
    #[must_use]
    pub fn chart_source_url(&self) -> String {
        match (&self.chart_source.url, self.chart_source.kind) {
            (Some(url), _) => url.clone(),
            (None, ChartSourceKind::GitRepository) => self.repository.url(),
            (None, ChartSourceKind::OciRepository) => {
                format!("oci://ghcr.io/{}/charts", self.repository.owner)
            }
        }
    }
}

impl Repository {
    /// `https://github.com/example-org/platform`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}/{}/{}", self.host, self.owner, self.name)
    }
}

impl Releases {
    /// `https://github.com/example-org/releases`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}/{}/{}", self.host, self.owner, self.name)
    }
}

impl Naming {
    /// What stands between the tenant and the name: `-tenant-`.
    #[must_use]
    pub fn after_tenant(&self) -> &str {
        between(&self.release, "{tenant}", "{name}")
    }

    /// What stands between the name and the service: `-`.
    #[must_use]
    pub fn before_service(&self) -> &str {
        between(&self.release, "{name}", "{service}")
    }
}

fn between<'a>(template: &'a str, from: &str, to: &str) -> &'a str {
    let rest = template.split_once(from).map_or("", |(_, rest)| rest);
    rest.split_once(to).map_or("", |(between, _)| between)
}

impl Default for Api {
    fn default() -> Self {
        Self { group: "services.example.org".into(), version: "v1alpha1".into() }
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self { host: "github.com".into(), owner: "example-org".into(), name: "platform".into(), branch: "main".into() }
    }
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            host: "github.com".into(),
            owner: "example-org".into(),
            name: "releases".into(),
            branch: "main".into(),
            layouts: Vec::new(),
        }
    }
}

impl Default for Naming {
    fn default() -> Self {
        Self { release: "{tenant}-tenant-{name}-{service}".into(), tenant: "{tenant}-tenant".into() }
    }
}

impl Default for Namespaces {
    fn default() -> Self {
        Self { platform: "platform-system".into(), tenant: "{tenant}-tenant".into() }
    }
}

impl Default for ChartSource {
    fn default() -> Self {
        Self {
            kind: ChartSourceKind::GitRepository,
            name: "platform".into(),
            namespace: "platform-system".into(),
            url: None,
            interval: "10m".into(),
        }
    }
}

impl Default for HelmRelease {
    fn default() -> Self {
        Self {
            api_version: "helm.toolkit.fluxcd.io/v2".into(),
            interval: "15m".into(),
            chart_interval: "5m".into(),
            timeout: "10m".into(),
            retries: 3,
            service_account: None,
        }
    }
}

impl Default for Portal {
    fn default() -> Self {
        Self {
            owner: "group:default/platform-team".into(),
            annotation_prefix: "platform.example.org".into(),
            lifecycle: "production".into(),
            system_type: None,
            pull_request: PullRequest::Github,
            commit_author_name: None,
            commit_author_email: None,
        }
    }
}

impl Default for Admission {
    fn default() -> Self {
        Self { failure_policy: FailurePolicy::Fail }
    }
}

#[cfg(test)]
mod tests;
