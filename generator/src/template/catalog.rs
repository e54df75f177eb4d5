//! What the catalog learns from a release: one list of annotations.

use manifest::identity::Identity;
use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::Value;

use super::identity::Who;
use crate::model::{Service, Shape};

/// The annotations of a manifest: key, and expression of the skeleton for the value.
pub(super) fn annotations(service: &Service, who: &Who<'_>, platform: &Platform) -> Vec<(String, String)> {
    let portal = &platform.portal;
    let ours = |word: &str| format!("{}/{word}", portal.annotation_prefix);
    let backstage = |word: &str| format!("backstage.io/{word}");
    let object = who.anyone.metadata_name(platform);
    let text = |text: &str| Value::from(text).to_string();
    let identity = |text: &str| format!("({})", who.expression(text));

    let tenant = Identity::Tenant(who.anyone.tenant().clone()).metadata_name(platform);
    let (title, system, keys, roles) = match &who.anyone {
        Identity::Tenant(_) => ("values.tenant".to_owned(), text("tenant"), who.tenant.clone(), "admin"),
        Identity::Release { .. } => {
            let keys = format!("{},{}", who.tenant, who.name.as_deref().unwrap_or_default());
            ("values.name".to_owned(), identity(&tenant), keys, "admin,edit")
        }
    };
    let mut list = vec![
        (ours("add-to-catalog"), text("true")),
        (ours("component-type"), text(service.name.as_str())),
        (ours("lifecycle"), text(&portal.lifecycle)),
        (ours("title"), title),
        (ours("name"), identity(&object)),
        (ours("system"), system),
    ];
    if let Some(system_type) = &portal.system_type {
        list.push((ours("system-type"), text(system_type)));
    }
    if matches!(who.anyone, Identity::Release { .. }) {
        list.push((ours("dependsOn"), identity(&format!("component:default/{tenant}"))));
    }
    list.push((ours("kubernetes-label-selector"), identity(&format!("app.kubernetes.io/instance={object}"))));
    let links = Value::from(vec![serde_json::json!({ "url": folder_url(who, platform), "title": "Release in Git" })]);
    list.push((ours("links"), identity(&links.to_string())));
    list.push((backstage("scaffolder-template"), text(&format!("template:default/{}.edit", service.name))));
    list.push((backstage("immutable-fields"), text(&immutable(service, &keys))));
    list.push((backstage("scaffolder-edit-roles"), text(roles)));
    list
}

/// Whether a release says who may do what: a list of subjects and roles.
pub(super) fn has_owners(service: &Service) -> bool {
    let field = service.values.object().and_then(|object| object.field("owners"));
    let owners = field.filter(|field| field.required && service.name == ServiceName::tenant());
    match owners.map(|field| &field.schema.resolve(&service.types).shape) {
        Some(Shape::List(list)) => {
            let owner = list.item.resolve(&service.types).object();
            owner
                .is_some_and(|owner| ["subject", "role"].iter().all(|name| owner.field(name).is_some_and(|field| field.required)))
        }
        _ => false,
    }
}

/// The annotation with `subject:role,subject:role`.
pub(super) fn owners_key(platform: &Platform) -> String {
    format!("{}/owners", platform.portal.annotation_prefix)
}

/// Where people see the release in its repository.
fn folder_url(who: &Who<'_>, platform: &Platform) -> String {
    use manifest::platform::PullRequest;
    let tree = match platform.portal.pull_request {
        PullRequest::Github => "tree",
        PullRequest::Gitlab => "-/tree",
    };
    format!("{}/{tree}/{}/{}", platform.releases.url(), platform.releases.branch, who.folder())
}

/// What can't change: the identity, then the fields of the top level that say so.
fn immutable(service: &Service, keys: &str) -> String {
    let identity: Vec<&str> = keys.split(',').collect();
    let mut list = keys.to_owned();
    for field in service.values.object().into_iter().flat_map(|object| &object.fields) {
        if field.schema.notes.immutable && !identity.contains(&field.name.as_str()) && !field.name.contains(',') {
            list.push(',');
            list.push_str(&field.name);
        }
    }
    list
}
