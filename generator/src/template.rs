//! Backstage: templates with which people create, edit and delete releases.
//!
//! One walk through the model makes the form and, for each place of it, what the manifest's skeleton prints of the posted
//! value ([`part`]); so neither can know a field that the other doesn't.

mod catalog;
mod form;
mod identity;
mod page;
mod part;
mod review;
mod rule;
mod skeleton;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use manifest::identity::Identity;
use manifest::layout::{Content, Parts};
use manifest::name::{ReleaseName, ServiceName, TenantName};
use manifest::platform::Platform;
use serde_json::{Value, json};

use crate::mark::mark;
use crate::model::{Place, Service};
use crate::{Emission, File, Views};
use form::{Form, Level};
use identity::Who;
use part::Part;
use steps::Operation;

/// The templates of one service and the skeleton that they share.
pub(crate) fn emit(views: &Views<'_>, platform: &Platform) -> Emission {
    let service = &views.release.service;
    match made(views, platform) {
        Ok((files, book)) => Emission { files, book, ..Emission::default() },
        Err(why) => Emission { not_given: Some(format!("{}: {why}", service.name)), ..Emission::default() },
    }
}

/// `software-templates/all.yaml`, which registers the templates of all services.
pub(crate) fn registry(services: &[&Service], platform: &Platform) -> File {
    let mut targets: Vec<String> = services
        .iter()
        .flat_map(|service| Operation::ALL.map(|operation| format!("./{}/{}", service.name, operation.file())))
        .collect();
    targets.sort();
    let location = json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": { "name": format!("{}-software-templates", platform.repository.name) },
        "spec": { "targets": targets },
    });
    File { path: "software-templates/all.yaml".to_owned(), content: yaml("schemas/*/values.schema.json", &location).into() }
}

/// Whether a form's answers are all that the path of a release needs, and its file is a manifest.
fn lies_as_usual(service: &ServiceName, platform: &Platform) -> bool {
    let (Ok(tenant), Ok(name)) = (TenantName::parse("tenant"), ReleaseName::parse("name")) else { return false };
    let identity = match *service == ServiceName::tenant() {
        true => Identity::Tenant(tenant),
        false => Identity::Release { tenant, service: service.clone(), name },
    };
    let located = platform.layouts().locate(&identity, &Parts::new());
    located.is_ok_and(|located| located.path.as_str() == identity.path() && located.content == Content::Manifest)
}

fn made(views: &Views<'_>, platform: &Platform) -> Result<(Vec<File>, crate::ledger::Book), &'static str> {
    let service = &views.release.service;
    if service.values.object().is_none() {
        return Err("the values aren't an object");
    }
    if !lies_as_usual(&service.name, platform) {
        return Err("`releases.layouts` has its releases elsewhere than the form can put them");
    }
    let who = Who::new(service, platform).ok_or("its releases can't be named")?;
    let (create, book) = walk(views, false)?;
    let (edit, _) = walk(views, true)?;
    let source = format!("schemas/{}/values.schema.json", service.name);
    let folder = format!("software-templates/{}", service.name);
    let fields = create.fields().cloned().unwrap_or_default();
    let mut files = vec![File {
        path: format!("{folder}/skeleton/manifest.yaml"),
        content: skeleton::skeleton(service, &fields, &who, platform).into(),
    }];
    let longest_child = service.longest_child();
    let forms = [
        (Operation::Create, page::pages(service, create, &who, longest_child)),
        (Operation::Edit, page::pages(service, edit, &who, longest_child)),
        (Operation::Delete, vec![page::identity(service, &who)]),
    ];
    for (operation, parameters) in forms {
        let template = steps::template(operation, service, &who, platform, parameters);
        files.push(File { path: format!("{folder}/{}", operation.file()), content: yaml(&source, &template).into() });
    }
    files.sort();
    Ok((files, book))
}

fn walk(views: &Views<'_>, edit: bool) -> Result<(Part, crate::ledger::Book), &'static str> {
    let service = &views.release.service;
    let picked = service.name != ServiceName::tenant();
    let mut form = Form::new(&service.types, views.release.book(), edit, picked);
    let part = form.schema(&service.values, &Place::root(), Level::Root)?;
    Ok((part, form.book))
}

fn yaml(source: &str, value: &Value) -> String {
    format!("# {}\n{}", mark(source), manifest::yaml::write(value))
}
