//! A stand-in for the kubelet and for Kubernetes' own controllers: no pod runs, but who waits for workloads finds them ready, and a
//! namespace that is deleted goes away with all that is in it.

mod namespace;

use anyhow::ensure;
use serde_json::{Value, json};

use crate::plane::{Api, Request};

/// The lists of what is called ready.
const WORKLOADS: [&str; 2] = ["/apis/apps/v1/deployments", "/apis/apps/v1/statefulsets"];

/// Does what there is to do.
///
/// # Errors
/// If the server can't be reached, or refuses it.
pub(super) fn tick(api: &mut Api) -> anyhow::Result<()> {
    let mut requests = Vec::new();
    for (list, answer) in WORKLOADS.iter().zip(api.ask(&WORKLOADS.map(Request::get))?) {
        requests.extend(answer.body["items"].as_array().into_iter().flatten().filter_map(|workload| ready(list, workload)));
    }
    for response in api.ask(&requests)? {
        // Somebody else may have changed it in between: the next time.
        ensure!(response.good() || matches!(response.status, 404 | 409), "a status is refused: {}", response.message());
    }
    let namespaces = api.one(Request::get("/api/v1/namespaces"))?.body;
    let mut items = namespaces["items"].as_array().into_iter().flatten();
    items.try_for_each(|one| if one["metadata"]["deletionTimestamp"].is_null() { Ok(()) } else { namespace::end(api, one) })
}

fn ready(list: &str, workload: &Value) -> Option<Request> {
    let (metadata, status) = (&workload["metadata"], &workload["status"]);
    let replicas = workload["spec"]["replicas"].as_u64().unwrap_or(1);
    let known =
        status["observedGeneration"] == metadata["generation"] && status["readyReplicas"].as_u64().unwrap_or(0) == replicas;
    if known {
        return None;
    }
    let condition = |name: &str, reason: &str| {
        let time = &metadata["creationTimestamp"];
        json!({ "type": name, "status": "True", "reason": reason, "message": "a stand-in for the kubelet says so", "lastTransitionTime": time })
    };
    let mut status = json!({ "observedGeneration": metadata["generation"] });
    for count in ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas"] {
        status[count] = replicas.into();
    }
    if list.ends_with("deployments") {
        status["conditions"] =
            json!([condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")]);
    } else {
        status["currentReplicas"] = replicas.into();
        status["currentRevision"] = json!("stand-in");
        status["updateRevision"] = json!("stand-in");
    }
    let (group, plural) = list.rsplit_once('/')?;
    let path = format!("{group}/namespaces/{}/{plural}/{}/status", metadata["namespace"].as_str()?, metadata["name"].as_str()?);
    Some(Request::merge(path, json!({ "status": status })))
}
