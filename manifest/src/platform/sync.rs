//! What follows the releases repository, so that it can be told of a push and asked what became of a release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Platform;
use crate::layout::Located;

/// How Argo CD follows the releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArgoCd {
    /// Name of a release's Application, with the words of `releases.layouts` in braces; a name without any is one Application for all.
    /// Without it: the name of the release's object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Project of the Applications.
    pub project: String,
    /// Namespace of the Applications, where it isn't Argo CD's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What is asked for after a push.
    pub operation: Operation,
    /// Whether a sync that is asked for after a deletion removes what is no longer in the repository.
    pub prune: bool,
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
    /// The Application that a release belongs to.
    #[must_use]
    pub fn application(&self, located: &Located, platform: &Platform) -> String {
        match &self.application {
            Some(template) => located.fill(template),
            None => located.identity.metadata_name(platform),
        }
    }

    /// Whether several releases may belong to one.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let own = |template: &String| template.contains("{name}") || template.contains("{app}");
        self.application.as_ref().is_some_and(|template| !own(template))
    }
}

impl Default for ArgoCd {
    fn default() -> Self {
        Self {
            application: None,
            project: "managed-services".into(),
            namespace: None,
            operation: Operation::Refresh,
            prune: false,
        }
    }
}

impl Default for Flux {
    fn default() -> Self {
        Self { namespace: "flux-system".into(), kustomizations: vec!["tenants".into(), "releases".into()] }
    }
}
