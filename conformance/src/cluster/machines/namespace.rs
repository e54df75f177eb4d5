//! What Kubernetes does with a namespace that is being deleted: everything in it is deleted, and when nothing is left it goes itself.

use serde_json::{Value, json};

use crate::plane::{Api, Request};

/// Does the next of it. Finalizers of what is inside take their time.
///
/// # Errors
/// If the server can't be reached.
pub(super) fn end(api: &mut Api, namespace: &Value) -> anyhow::Result<()> {
    let Some(name) = namespace["metadata"]["name"].as_str() else { return Ok(()) };
    let collections = collections(api, name)?;
    let lists = api.ask(&collections.iter().map(Request::get).collect::<Vec<_>>())?;
    let mut left = false;
    let mut deletions = Vec::new();
    for (collection, list) in collections.iter().zip(&lists) {
        for item in list.body["items"].as_array().into_iter().flatten() {
            left = true;
            let item_name = item["metadata"]["name"].as_str().unwrap_or_default();
            if item["metadata"]["deletionTimestamp"].is_null() {
                deletions.push(Request::delete(format!("{collection}/{item_name}")));
            }
        }
    }
    // Somebody else may have deleted one in between, and what isn't now is looked at again.
    api.ask(&deletions)?;
    if !left {
        let mut namespace = namespace.clone();
        namespace["apiVersion"] = json!("v1");
        namespace["kind"] = json!("Namespace");
        namespace["spec"]["finalizers"] = json!([]);
        api.one(Request::replace(format!("/api/v1/namespaces/{name}/finalize"), namespace))?;
    }
    Ok(())
}

/// Where there may be something in a namespace.
fn collections(api: &mut Api, namespace: &str) -> anyhow::Result<Vec<String>> {
    let groups = api.one(Request::get("/apis"))?.body;
    let preferred =
        groups["groups"].as_array().into_iter().flatten().filter_map(|group| group["preferredVersion"]["groupVersion"].as_str());
    let roots: Vec<String> =
        std::iter::once("/api/v1".to_owned()).chain(preferred.map(|version| format!("/apis/{version}"))).collect();
    let found = api.ask(&roots.iter().map(Request::get).collect::<Vec<_>>())?;
    let mut out = Vec::new();
    for (root, found) in roots.iter().zip(&found) {
        for resource in found.body["resources"].as_array().into_iter().flatten() {
            let can = |verb: &str| resource["verbs"].as_array().is_some_and(|verbs| verbs.iter().any(|known| known == verb));
            if resource["namespaced"] == true && can("list") && can("delete") {
                out.push(format!("{root}/namespaces/{namespace}/{}", resource["name"].as_str().unwrap_or_default()));
            }
        }
    }
    Ok(out)
}
