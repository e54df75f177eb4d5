//! What a release of a service has to be: the release view's schema, the chart's own, and what the identity decides.
//!
//! `validate`, the runtime and the server judge manifests with this one function, so that nobody learns in the cluster what another
//! could have said before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::defaults::Defaults;
use crate::identity::Identity;
use crate::name::ServiceName;
use crate::place::Place;
use crate::platform::Platform;
use crate::pointer::escape;
use crate::valid::{BundleError, Model, Validator, Violation, uncarried};

/// Where a manifest holds the values.
pub const VALUES: &str = "/spec/values";

/// The keyword of violations of what the identity decides.
pub const IDENTITY: &str = "identity";

/// What the generator knows of a service's releases beyond the chart's schema; `release.json` of the generated crate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Terms {
    /// The service.
    pub service: ServiceName,
    /// The JSON Schema of a whole manifest, which says the release view.
    pub schema: Value,
    /// The defaults of the release view's values.
    pub defaults: Defaults,
    /// Places of the values that hold a reference to a Secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Place>,
    /// Places of the values that only the platform fills in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platform: Vec<Place>,
    /// Rules of the chart's schema that speak of either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
    /// Values that people begin a release with, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flavors: BTreeMap<String, Value>,
    /// How many characters a composite's longest child has more in its object's name.
    #[serde(default)]
    pub longest_child: usize,
    /// Whether the values have the fields `tenant` and `name`, which then say what the identity says.
    pub says: Says,
}

/// A rule that a release isn't held to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// Where it stands.
    pub at: Place,
    /// Its keyword.
    pub keyword: String,
}

/// Which parts of the identity the values repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// `/tenant`.
    pub tenant: bool,
    /// `/name`.
    pub name: bool,
}

/// A service's terms, ready to judge.
#[derive(Debug)]
pub struct Contract {
    terms: Terms,
    chart: Chart,
    manifest: Validator,
}

#[derive(Debug)]
enum Chart {
    Compiled(&'static Validator),
    Read(Box<Validator>),
}

/// Terms that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// A text is no JSON, or not of that form.
    #[error("the {what} of the service can't be read: {source}")]
    Json {
        /// Which text.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A schema that no validator can be made of.
    #[error(transparent)]
    Schema(#[from] BundleError),
}

/// Makes the contract of a service that is compiled in.
pub type Load = fn() -> Result<Contract, ContractError>;

impl Contract {
    /// The contract of a service that is compiled in.
    ///
    /// # Errors
    /// If its terms can't be used, which the generator would have reported.
    pub fn of<T: Model>() -> Result<Contract, ContractError> {
        let terms: Terms = json_of("release terms", T::RELEASE)?;
        Contract::with(terms, Chart::Compiled(T::validator()))
    }

    /// The contract of any service, from the three files that the generator made of it.
    ///
    /// # Errors
    /// If one of them isn't such a file.
    pub fn read(schema: &str, defaults: &str, release: &str) -> Result<Contract, ContractError> {
        let schema: Value = json_of("schema", schema)?;
        let terms = json_of("release terms", release)?;
        Contract::new(terms, &schema, json_of("defaults", defaults)?)
    }

    /// A contract, with the chart's schema and its defaults.
    ///
    /// # Errors
    /// If a schema can't be used.
    pub fn new(terms: Terms, schema: &Value, defaults: Defaults) -> Result<Contract, ContractError> {
        let chart = Validator::new(schema, defaults)?;
        Contract::with(terms, Chart::Read(Box::new(chart)))
    }

    fn with(terms: Terms, chart: Chart) -> Result<Contract, ContractError> {
        let manifest = Validator::new(&terms.schema, below_values(&terms.defaults))?;
        Ok(Contract { terms, chart, manifest })
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.terms.service
    }

    /// How many characters a composite's longest child has more in its object's name: what [`Identity::check`] wants to know.
    #[must_use]
    pub fn longest_child(&self) -> usize {
        self.terms.longest_child
    }

    /// The JSON Schema of a whole manifest, for editors.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.terms.schema
    }

    /// Values that people begin a release with, by name.
    #[must_use]
    pub fn flavors(&self) -> &BTreeMap<String, Value> {
        &self.terms.flavors
    }

    /// The values with what they repeat of the identity.
    #[must_use]
    pub fn named(&self, identity: &Identity, mut values: Value) -> Value {
        if let Value::Object(fields) = &mut values {
            let mut first = serde_json::Map::new();
            if self.terms.says.tenant {
                first.insert("tenant".to_owned(), identity.tenant().to_string().into());
            }
            if let (true, Identity::Release { name, .. }) = (self.terms.says.name, identity) {
                first.insert("name".to_owned(), name.to_string().into());
            }
            first.append(fields);
            *fields = first;
        }
        values
    }

    /// The manifest of a release with these values, unchecked.
    #[must_use]
    pub fn manifest(&self, identity: &Identity, platform: &Platform, values: Value) -> Value {
        json!({
            "apiVersion": platform.api_version(),
            "kind": platform.kind(&identity.service()),
            "metadata": {
                "name": identity.metadata_name(platform),
                "namespace": identity.namespace(platform),
                "labels": identity.labels(platform),
            },
            "spec": { "values": values },
        })
    }

    /// What the chart's own schema says of values.
    #[must_use]
    pub fn chart(&self, values: &Value) -> Vec<Violation> {
        self.validator().check(values)
    }

    /// What is wrong with a release's values.
    #[must_use]
    pub fn values(&self, values: &Value) -> Vec<Violation> {
        let violations = self.check(&json!({ "spec": { "values": values } })).into_iter();
        violations.filter_map(|violation| Some(Violation { pointer: inside(&violation.pointer)?, ..violation })).collect()
    }

    /// What is wrong with a manifest: what the release view says of it, and what the chart will say of its values.
    #[must_use]
    pub fn check(&self, manifest: &Value) -> Vec<Violation> {
        let mut out = self.manifest.check(manifest);
        if let Some(values) = manifest.pointer(VALUES) {
            out.extend(uncarried(values).into_iter().map(|(pointer, c)| not_carried(values, &pointer, c)));
            for violation in self.chart(values).into_iter().filter(|violation| !self.withholds(violation)) {
                let violation = Violation { pointer: format!("{VALUES}{}", violation.pointer), ..violation };
                // One mistake, one message: the release view's, if it has one for the place.
                if !out.iter().any(|said| said.pointer == violation.pointer) {
                    out.push(violation);
                }
            }
        }
        self.hush(out)
    }

    /// What is wrong with the manifest of this release: first what isn't as its identity decides, then everything else. Whether the
    /// identity itself can be used, [`Identity::check`] says.
    #[must_use]
    pub fn judge(&self, identity: &Identity, platform: &Platform, manifest: &Value) -> Vec<Violation> {
        let wrong = |(pointer, wanted): (String, String)| {
            let found = manifest.pointer(&pointer);
            (found.and_then(Value::as_str) != Some(&wanted)).then(|| not_as_decided(pointer, found, &wanted))
        };
        let mut out: Vec<Violation> = self.decided(identity, platform).into_iter().filter_map(wrong).collect();
        out.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        let said: BTreeSet<String> = out.iter().map(|violation| violation.pointer.clone()).collect();
        out.extend(self.check(manifest).into_iter().filter(|violation| !said.contains(&violation.pointer)));
        out
    }

    /// What the identity decides: places of a manifest, and the text that has to stand there.
    fn decided(&self, identity: &Identity, platform: &Platform) -> Vec<(String, String)> {
        let mut decided = vec![
            ("/apiVersion".to_owned(), platform.api_version()),
            ("/kind".to_owned(), platform.kind(&identity.service()).to_string()),
            ("/metadata/name".to_owned(), identity.metadata_name(platform)),
            ("/metadata/namespace".to_owned(), identity.namespace(platform)),
        ];
        let labels = identity.labels(platform);
        decided.extend(labels.into_iter().map(|(label, value)| (format!("/metadata/labels/{}", escape(&label)), value)));
        if self.terms.says.tenant {
            decided.push((format!("{VALUES}/tenant"), identity.tenant().to_string()));
        }
        if let (true, Identity::Release { name, .. }) = (self.terms.says.name, identity) {
            decided.push((format!("{VALUES}/name"), name.to_string()));
        }
        decided
    }

    fn validator(&self) -> &Validator {
        match &self.chart {
            Chart::Compiled(validator) => validator,
            Chart::Read(validator) => validator,
        }
    }

    /// Whether the chart's schema would say this of a good release, too.
    fn withholds(&self, violation: &Violation) -> bool {
        let pointer = violation.pointer.as_str();
        let missing =
            |withheld: &Place| violation.keyword == "required" && withheld.parent().is_some_and(|parent| parent.is_at(pointer));
        let mut places = self.terms.secrets.iter().chain(&self.terms.platform);
        places.any(|withheld| withheld.encloses(pointer) || missing(withheld))
            || self.terms.moved.iter().any(|moved| moved.keyword == violation.keyword && moved.at.is_at(pointer))
    }

    /// Where a secret belongs, a message doesn't repeat what was written there.
    fn hush(&self, mut violations: Vec<Violation>) -> Vec<Violation> {
        for violation in &mut violations {
            let secret = |pointer: String| self.terms.secrets.iter().any(|secret| secret.is_at(&pointer));
            if inside(&violation.pointer).is_some_and(secret) && !violation.found.is_object() {
                violation.found = Value::Null;
                violation.message =
                    "it is secret, and Git never forgets: write a reference {name, key} to a Secret, not the value".to_owned();
            }
        }
        violations
    }
}

fn json_of<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, ContractError> {
    serde_json::from_str(text).map_err(|source| ContractError::Json { what, source })
}

/// The values' defaults as a manifest's.
fn below_values(defaults: &Defaults) -> Defaults {
    use crate::defaults::Node;
    let field = |name: &str, node| Node { fields: [(name.to_owned(), node)].into_iter().collect(), ..Node::default() };
    Defaults { root: field("spec", field("values", defaults.root.clone())), types: defaults.types.clone() }
}

fn not_carried(values: &Value, pointer: &str, c: char) -> Violation {
    Violation {
        pointer: format!("{VALUES}{pointer}"),
        keyword: "characters".to_owned(),
        schema_pointer: String::new(),
        found: values.pointer(pointer).cloned().unwrap_or_default(),
        message: format!("it has the character U+{:04X}, which the Kubernetes API can't pass on to the chart", u32::from(c)),
        nearest: None,
    }
}

fn not_as_decided(pointer: String, found: Option<&Value>, wanted: &str) -> Violation {
    let said = found.map_or_else(|| "isn't there".to_owned(), |found| format!("is {found}"));
    Violation {
        pointer,
        keyword: IDENTITY.to_owned(),
        schema_pointer: String::new(),
        found: found.cloned().unwrap_or_default(),
        message: format!("it {said}, and has to be {wanted:?}, as the manifest's path says"),
        nearest: None,
    }
}

/// A place in a manifest as one in its values.
fn inside(pointer: &str) -> Option<String> {
    pointer.strip_prefix(VALUES).filter(|rest| rest.is_empty() || rest.starts_with('/')).map(str::to_owned)
}

#[cfg(test)]
mod tests;
