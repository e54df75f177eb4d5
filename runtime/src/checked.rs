//! Releases that were checked: nothing else can be put into a repository.

use std::collections::BTreeMap;

use manifest::contract::{Contract, ContractError, VALUES};
use manifest::identity::{Identity, IdentityError};
use manifest::layout::{Content, LayoutError, Layouts, Located, Parts};
use manifest::name::{ReleaseName, ServiceName, TenantName};
use manifest::platform::Platform;
use manifest::valid::{Invalid, Model, Valid, Violation};
use manifest::{nearest, yaml};
use serde_json::Value;

/// The longest manifest, in bytes.
const TEXT_MAX: usize = 1 << 20;

/// The settings that the services which are compiled in were generated with.
///
/// # Errors
/// If they can't be read, which the generator would have seen.
pub fn platform() -> Result<Platform, ContractError> {
    serde_json::from_str(generated::PLATFORM).map_err(|source| ContractError::Json { what: "platform's settings", source })
}

/// The services of a platform: what their releases have to be, and where they lie.
#[derive(Debug)]
pub struct Catalog {
    /// The platform's settings.
    pub platform: Platform,
    /// Where releases lie.
    pub layouts: Layouts,
    contracts: BTreeMap<ServiceName, Contract>,
}

/// A release whose manifest is valid, and what its path says.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    located: Located,
    manifest: Value,
    text: String,
}

/// A release of a service that is compiled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Release<T> {
    checked: Checked,
    values: Valid<T>,
}

/// Why a release can't be.
#[derive(Debug, thiserror::Error)]
pub enum CheckedError {
    /// The text is no YAML.
    #[error(transparent)]
    Yaml(#[from] yaml::Error),
    /// The text is too long.
    #[error("the manifest has {length} bytes: at most {TEXT_MAX} are possible")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It isn't an object of one of the platform's services.
    #[error("{problem}: the platform's services are {}{}", known.join(", "), meant(.nearest))]
    Service {
        /// What was found.
        problem: String,
        /// What there is.
        known: Vec<String>,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// Its names can't be those of a release.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It has no place in the repository.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// It breaks rules.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The service's contract can't be used.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The writer and the reader of YAML disagree about it.
    #[error("the manifest can't be written as YAML that reads the same")]
    Unwritable,
}

impl Catalog {
    /// The services that are compiled in, and others.
    ///
    /// # Errors
    /// If a contract can't be used.
    pub fn new(platform: Platform, layouts: Layouts, others: Vec<Contract>) -> Result<Catalog, ContractError> {
        let mut contracts = BTreeMap::new();
        for (_, load) in generated::CONTRACTS {
            let contract = load()?;
            contracts.insert(contract.service().clone(), contract);
        }
        // A service of the same name from elsewhere is meant to take its place.
        contracts.extend(others.into_iter().map(|contract| (contract.service().clone(), contract)));
        Ok(Catalog { platform, layouts, contracts })
    }

    /// All services.
    pub fn services(&self) -> impl Iterator<Item = &ServiceName> {
        self.contracts.keys()
    }

    /// The contract of a service.
    ///
    /// # Errors
    /// If there is no such service.
    pub fn contract(&self, service: &ServiceName) -> Result<&Contract, CheckedError> {
        let problem = || format!("there is no service `{service}`");
        self.contracts.get(service).ok_or_else(|| self.no_service(problem(), service.as_str()))
    }

    fn no_service(&self, problem: String, found: &str) -> CheckedError {
        let known: Vec<String> = self.services().map(ToString::to_string).collect();
        let nearest = nearest(found, known.iter().map(String::as_str));
        CheckedError::Service { problem, known, nearest }
    }

    /// The release with these values.
    ///
    /// # Errors
    /// Whatever is wrong with names, place or values.
    pub fn release(&self, identity: &Identity, parts: &Parts, values: Value) -> Result<Checked, CheckedError> {
        let contract = self.contract(&identity.service())?;
        check(
            contract,
            &self.platform,
            self.layouts.locate(identity, parts)?,
            contract.manifest(identity, &self.platform, values),
        )
    }

    /// A whole manifest, whose own words say which release it is.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn read(&self, text: &str, parts: &Parts) -> Result<Checked, CheckedError> {
        let manifest = self.yaml(text)?;
        self.manifest(manifest, parts)
    }

    /// A whole manifest as a value.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn manifest(&self, manifest: Value, parts: &Parts) -> Result<Checked, CheckedError> {
        let identity = self.identity(&manifest)?;
        let contract = self.contract(&identity.service())?;
        check(contract, &self.platform, self.layouts.locate(&identity, parts)?, manifest)
    }

    /// What a file of the repository says, whose path says which release it is.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn file(&self, located: Located, text: &str) -> Result<Checked, CheckedError> {
        let content = self.yaml(text)?;
        let contract = self.contract(&located.identity.service())?;
        let manifest = match located.content {
            Content::Manifest => content,
            Content::Values => contract.manifest(&located.identity, &self.platform, content),
        };
        check(contract, &self.platform, located, manifest)
    }

    /// Reads a file of a release as its manifest, whatever it says.
    ///
    /// # Errors
    /// If it isn't YAML, or its service isn't known.
    pub fn manifest_of(&self, located: &Located, text: &str) -> Result<Value, CheckedError> {
        let content = self.yaml(text)?;
        Ok(match located.content {
            Content::Manifest => content,
            Content::Values => self.contract(&located.identity.service())?.manifest(&located.identity, &self.platform, content),
        })
    }

    fn yaml(&self, text: &str) -> Result<Value, CheckedError> {
        match text.len() {
            0..=TEXT_MAX => Ok(yaml::read(text)?),
            length => Err(CheckedError::TooLong { length }),
        }
    }

    /// Which release a manifest says that it is.
    fn identity(&self, manifest: &Value) -> Result<Identity, CheckedError> {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        let Some(kind) = text("/kind") else {
            return Err(self.no_service("the manifest has no `kind`".to_owned(), ""));
        };
        let service = self.services().find(|service| self.platform.kind(service).as_str() == kind);
        let service =
            service.ok_or_else(|| self.no_service(format!("no service has the kind {kind:?}"), &kind.to_lowercase()))?;
        let name = text("/metadata/name").ok_or_else(|| missing("/metadata/name"))?;
        Ok(Identity::from_metadata_name(name, service, &self.platform)?)
    }
}

fn missing(pointer: &str) -> CheckedError {
    let violation = Violation {
        pointer: pointer.to_owned(),
        keyword: "required".to_owned(),
        schema_pointer: String::new(),
        found: Value::Null,
        message: "it isn't there, and says which release the manifest is".to_owned(),
        nearest: None,
    };
    CheckedError::Invalid(Invalid { violations: vec![violation] })
}

/// The only place where a [`Checked`] comes from.
fn check(contract: &Contract, platform: &Platform, located: Located, manifest: Value) -> Result<Checked, CheckedError> {
    located.identity.check(platform, contract.longest_child())?;
    let violations = contract.judge(&located.identity, platform, &manifest);
    if !violations.is_empty() {
        return Err(CheckedError::Invalid(Invalid { violations }));
    }
    let content = match located.content {
        Content::Manifest => &manifest,
        Content::Values => manifest.pointer(VALUES).unwrap_or(&Value::Null),
    };
    let text = yaml::write(content);
    if text.len() > TEXT_MAX {
        return Err(CheckedError::TooLong { length: text.len() });
    }
    match yaml::read(&text) {
        Ok(again) if again == *content => Ok(Checked { located, manifest, text }),
        _ => Err(CheckedError::Unwritable),
    }
}

impl Checked {
    /// Which release it is, and where it lies.
    #[must_use]
    pub fn located(&self) -> &Located {
        &self.located
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Value {
        &self.manifest
    }

    /// The file's content.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Checked {
    pub(crate) fn into_parts(self) -> (Located, String) {
        (self.located, self.text)
    }
}

impl<T: Model> Release<T> {
    /// A tenant's release with these values, where the platform's layout has it; for `tenant` the name is not looked at.
    ///
    /// # Errors
    /// If the names can't be used or aren't those in the values, or the values hold what a release may not: a secret, something of the
    /// platform's.
    pub fn new(platform: &Platform, tenant: TenantName, name: ReleaseName, values: Valid<T>) -> Result<Release<T>, CheckedError> {
        let contract = Contract::of::<T>()?;
        let identity = match contract.service() {
            service if *service == ServiceName::tenant() => Identity::Tenant(tenant),
            service => Identity::Release { tenant, service: service.clone(), name },
        };
        let located = platform.layouts().locate(&identity, &Parts::new())?;
        let manifest = contract.manifest(&identity, platform, values.raw().clone());
        Ok(Release { checked: check(&contract, platform, located, manifest)?, values })
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &Valid<T> {
        &self.values
    }
}

impl<T> From<Release<T>> for Checked {
    fn from(release: Release<T>) -> Checked {
        release.checked
    }
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |nearest| format!(" (did you mean `{nearest}`?)"))
}
