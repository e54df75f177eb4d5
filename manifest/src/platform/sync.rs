//! What follows the releases repository, so that it can be told of a push and asked what became of a release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Platform;
use crate::identity::Identity;
use crate::layout::Located;

/// How Argo CD follows the releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArgoCd {
    /// Name of a release's Application: `{tenant}`, `{service}`, `{name}` and the parts of the layout's path stand for the release's; a name
    /// without any is one Application for all. Without it: the name of the release's object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Project of the Applications.
    pub project: String,
    /// Namespace of the Applications, where it isn't Argo CD's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What is asked for after a push.
    pub operation: Operation,
}

/// What Argo CD is asked for after a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// To look at the repository: enough for Applications that sync by themselves.
    #[default]
    Refresh,
    /// To sync.
    Sync,
}

/// How Flux follows the releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flux {
    /// Namespace of the Kustomizations.
    pub namespace: String,
    /// The Kustomizations that apply the releases; their source is told of a push.
    pub kustomizations: Vec<String>,
}

impl ArgoCd {
    /// The Application that a release belongs to. A part that the release's place doesn't have stays as it is written.
    #[must_use]
    pub fn application(&self, located: &Located, platform: &Platform) -> String {
        let identity = &located.identity;
        let Some(template) = &self.application else { return identity.metadata_name(platform) };
        let name = match identity {
            Identity::Release { name, .. } => name.as_str(),
            Identity::Tenant(tenant) => tenant.as_str(),
        };
        let service = identity.service();
        let known = [("tenant", identity.tenant().as_str()), ("service", service.as_str()), ("name", name)];
        let parts = located.parts.iter().map(|(part, text)| (part.as_str(), text.as_str()));
        known.into_iter().chain(parts).fold(template.clone(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value))
    }
}

impl Default for ArgoCd {
    fn default() -> Self {
        Self { application: None, project: "managed-services".into(), namespace: None, operation: Operation::Refresh }
    }
}

impl Default for Flux {
    fn default() -> Self {
        Self { namespace: "flux-system".into(), kustomizations: vec!["tenants".into(), "releases".into()] }
    }
}
