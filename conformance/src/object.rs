//! The object of a release: a document with the name, the namespace and the labels that follow from it.

use generator::model::Shape;
use manifest::identity::Identity;
use manifest::name::{ReleaseName, ServiceName, TenantName};
use serde_json::{Value, json};

use crate::subject::Subject;

/// Stand in where a service's documents don't say whose release they are, or say something that can't be in a name.
pub(crate) const TENANT: &str = "acme";
pub(crate) const NAME: &str = "audit";

/// The longest namespace, in characters.
const NAMESPACE_MAX: usize = 63;

/// The longest name of an object, in characters.
const NAME_MAX: usize = 253;

/// The object that a release with these values is. If its identity can't be had from them, it has another: then it is for the
/// document's own rules to refuse it.
pub(crate) fn object(subject: &Subject, values: &Value) -> Value {
    let service = &subject.made.service;
    let (tenant, name) = said(subject, values);
    let (mut object, mut namespace) = place(subject, &tenant, &name);
    if !is_name(&object, NAME_MAX) || !is_name(&namespace, NAMESPACE_MAX) {
        (object, namespace) = place(subject, TENANT, NAME);
    }
    let mut metadata = json!({ "name": object, "namespace": namespace });
    if let Ok(identity) = identity(subject, values) {
        metadata["labels"] = json!(identity.labels(&subject.platform));
    }
    let api = &subject.platform.api;
    json!({
        "apiVersion": format!("{}/{}", api.group, api.version),
        "kind": service.kind.to_string(),
        "metadata": metadata,
        "spec": { "values": values },
    })
}

/// The object's name and namespace, made of strings that need not be names as ours are: the schema says what they may be.
fn place(subject: &Subject, tenant: &str, name: &str) -> (String, String) {
    let (naming, namespaces) = (&subject.platform.naming, &subject.platform.namespaces);
    let service = &subject.made.service.name;
    if *service == ServiceName::tenant() {
        return (naming.tenant.replace("{tenant}", tenant), namespaces.platform.clone());
    }
    let object = naming.release.replace("{tenant}", tenant).replace("{name}", name).replace("{service}", service.as_str());
    (object, namespaces.tenant.replace("{tenant}", tenant))
}

/// The identity of a release with these values: what its schema has of tenant and name, and a fixed one for the rest.
///
/// # Errors
/// Why no release can be called so.
pub(crate) fn identity(subject: &Subject, values: &Value) -> Result<Identity, String> {
    let service = &subject.made.service;
    let (tenant, name) = said(subject, values);
    let tenant = TenantName::parse(&tenant).map_err(|error| error.to_string())?;
    let identity = if service.name == ServiceName::tenant() {
        Identity::Tenant(tenant)
    } else {
        let name = ReleaseName::parse(&name).map_err(|error| error.to_string())?;
        Identity::Release { tenant, service: service.name.clone(), name }
    };
    identity.check(&subject.platform, service.longest_child()).map_err(|error| error.to_string())?;
    Ok(identity)
}

/// Whose release it is and which, as the values say it.
fn said(subject: &Subject, values: &Value) -> (String, String) {
    let text = |field: &str, otherwise: &str| {
        let found = values[field].as_str().filter(|_| declares(subject, field));
        found.unwrap_or(otherwise).to_owned()
    };
    (text("tenant", TENANT), text("name", NAME))
}

/// Whether the schema's root declares the field as a string: then the identity has to agree with it.
pub(crate) fn declares(subject: &Subject, field: &str) -> bool {
    let service = &subject.made.service;
    let field = service.values.object().and_then(|object| object.field(field));
    field.is_some_and(|field| matches!(field.schema.resolve(&service.types).shape, Shape::Text(_)))
}

/// Whether Kubernetes takes it as a name without dots.
fn is_name(text: &str, max: usize) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edge = |byte: Option<&u8>| byte.is_some_and(|&byte| inner(byte) && byte != b'-');
    let bytes = text.as_bytes();
    bytes.len() <= max && bytes.iter().all(|&byte| inner(byte)) && edge(bytes.first()) && edge(bytes.last())
}
