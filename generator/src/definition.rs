//! KRO: a typed Kubernetes API for the service, and the admission policy that closes its gaps.
//!
//! [`simple_schema`] prints the types and their markers, [`checks`] collects what the [`policy`] has to check because markers can't
//! say it, [`cel`] says it, and [`resource`] puts a Flux HelmRelease behind the API.

mod carried;
mod cel;
mod checks;
mod form;
mod marker;
mod policy;
mod resource;
mod secret;
mod simple_schema;
mod spot;
#[cfg(test)]
mod tests;
mod words;

use crate::mark::{mark, source as source_of};
use crate::{Emission, File, Views};
use manifest::platform::Platform;
use manifest::yaml;
use serde_json::{Value, json};

use cel::Cel;
use checks::Checks;

/// etcd takes 1.5 MiB; what is stored has its metadata besides.
const LARGEST: usize = 1 << 20;
/// A client that applies an object keeps a copy of it among its annotations, which may have 256 KiB together.
const COPIED: usize = 250_000;

/// The service's definition, policy and binding.
pub(crate) fn emit(views: &Views<'_>, platform: &Platform) -> Emission {
    let service = &views.release.service;
    let mut checks = Checks::new(Cel::new(&service.types, asserts_formats(&service.bundle.schema)), views.release.book());
    if service.values.resolve(&service.types).object().is_none() {
        return not_given("the root of the values isn't an object");
    }
    let secrets = match secret::secrets(service) {
        Ok(secrets) => secrets,
        Err(why) => return not_given(&why),
    };
    let Some(schema) = simple_schema::print(&service.values, &service.types, &mut checks) else {
        return not_given("a property's name has characters that KRO's YAML decoder refuses");
    };
    let [policy, binding] = policy::documents(service, platform, &checks.problems);
    let size = schema.expanded_size();
    let definition = resource::definition(service, platform, schema, secrets.as_ref());
    let documents = resource::registry(service, platform).into_iter().chain([definition, policy, binding]);
    let documents: Vec<_> = documents.map(server_side).collect();
    let content = format!("# {}\n{}", mark(&source_of(&service.name)), yaml::write_all(&documents));
    if size > LARGEST || documents.iter().any(|document| document.to_string().len() > LARGEST) {
        return not_given("the definition is larger than Kubernetes stores");
    }
    let path = format!("definitions/{}.yaml", service.name);
    Emission { files: vec![File { path, content: content.into() }], book: checks.book, ..Emission::default() }
}

/// The Flux source that all charts come from; `None`: each service has its own.
pub(crate) fn source(platform: &Platform) -> Option<File> {
    let documents = resource::repository(platform)?;
    let content = format!("# {}\n{}", mark("platform.toml"), yaml::write_all(&documents));
    Some(File { path: "definitions/gitrepository.yaml".to_owned(), content: content.into() })
}

/// Tells Argo CD to let the server apply what is too large for `kubectl apply`; Flux always does.
fn server_side(mut document: Value) -> Value {
    if document.to_string().len() > COPIED {
        document["metadata"]["annotations"] = json!({"argocd.argoproj.io/sync-options": "ServerSideApply=true"});
    }
    document
}

fn not_given(why: &str) -> Emission {
    Emission { not_given: Some(why.to_owned()), ..Emission::default() }
}

/// From 2019-09 on, a format is a hint: no validator of ours refuses a document for it, so the policy doesn't either.
fn asserts_formats(bundle: &serde_json::Value) -> bool {
    let dialect = bundle.get("$schema").and_then(serde_json::Value::as_str).unwrap_or_default();
    ["draft-03", "draft-04", "draft-06", "draft-07"].iter().any(|draft| dialect.contains(draft))
}
