//! A stand-in for Flux's source-controller, which can't be built here: it serves archives of the releases repository and packages of the
//! charts, and writes the status of their sources as source-controller would. Flux's other controllers read nothing else of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::charts::Charts;
use super::releases::Releases;
use crate::held::Held;
use crate::install;
use crate::plane::{Api, Request, free_port};

/// What follows the repository, and which of its files: tenants come by themselves, since the namespaces of all else are theirs.
const FOLLOWERS: &[(&str, &str, &str)] =
    &[("tenants", "*/manifest.yaml", "/*/*/"), ("releases", "*/*/*/manifest.yaml", "/*/manifest.yaml")];

pub(super) struct Source {
    folder: PathBuf,
    address: String,
    /// The commit that is served, and what was asked for last of each source.
    served: Option<String>,
    asked: BTreeMap<&'static str, String>,
    /// Ends with us.
    _server: Held,
}

impl Source {
    /// Serves a folder of its own.
    ///
    /// # Errors
    /// If the server can't be started.
    pub(super) fn start(folder: &Path) -> anyhow::Result<Source> {
        let served = folder.join("artifacts");
        std::fs::create_dir(&served).with_context(|| format!("{} can't be made", served.display()))?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(install::need("kube")?);
        command.args(["-listen", &address]).arg("-serve").arg(&served);
        let server = Held::start("the server of artifacts", &command, &folder.join("artifacts.log"), None)?;
        Ok(Source { folder: served, address, served: None, asked: BTreeMap::new(), _server: server })
    }

    /// Serves the repository's newest commit, if it isn't served already.
    pub(super) fn serve_releases(&mut self, api: &mut Api, namespace: &str, releases: &Releases) -> anyhow::Result<()> {
        let head = releases.head()?;
        for (name, pattern, _) in FOLLOWERS {
            let path = format!("/apis/source.toolkit.fluxcd.io/v1/namespaces/{namespace}/gitrepositories/{name}");
            let source = api.one(Request::get(&path))?.body;
            let asked = source["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].as_str().unwrap_or_default();
            let is_asked = !asked.is_empty() && self.asked.get(name).is_none_or(|before| before != asked);
            if is_asked {
                println!("GitRepository {namespace}/{name}: asked to look at the repository");
                self.asked.insert(name, asked.to_owned());
            }
            if is_asked || self.served.as_ref() != Some(&head) {
                let file = format!("{name}-{head}.tar.gz");
                releases.archive(&head, pattern, &self.folder.join(&file))?;
                let status = json!({ "lastHandledReconcileAt": asked });
                self.publish(api, &source, &path, &file, &format!("main@sha1:{head}"), status)?;
            }
        }
        self.served = Some(head);
        Ok(())
    }

    /// Serves the package of each chart that helm-controller asks for.
    pub(super) fn serve_charts(&mut self, api: &mut Api, charts: &mut Charts) -> anyhow::Result<()> {
        let wanted = api.one(Request::get("/apis/source.toolkit.fluxcd.io/v1/helmcharts"))?.body;
        for chart in wanted["items"].as_array().into_iter().flatten() {
            if chart["status"]["observedGeneration"] == chart["metadata"]["generation"] {
                continue;
            }
            let service = chart["spec"]["chart"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
            let (package, version) = charts.package(&service)?;
            let file = format!("{service}-{version}.tgz");
            std::fs::copy(package, self.folder.join(&file)).context("a package can't be served")?;
            let text = |key: &str| chart["metadata"][key].as_str().unwrap_or_default();
            let (namespace, name) = (text("namespace"), text("name"));
            let path = format!("/apis/source.toolkit.fluxcd.io/v1/namespaces/{namespace}/helmcharts/{name}");
            let version = version.clone();
            self.publish(api, chart, &path, &file, &version, json!({ "observedChartName": service }))?;
        }
        Ok(())
    }

    fn publish(
        &self,
        api: &mut Api,
        source: &Value,
        path: &str,
        file: &str,
        revision: &str,
        mut status: Value,
    ) -> anyhow::Result<()> {
        let content = std::fs::read(self.folder.join(file)).with_context(|| format!("{file} can't be read"))?;
        let digest: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        let generation = &source["metadata"]["generation"];
        // Nobody who reads it asks when that was.
        let time = &source["metadata"]["creationTimestamp"];
        let condition = |name: &str| {
            let message = format!("stored artifact for revision '{revision}' (a stand-in for source-controller)");
            json!({
                "type": name, "status": "True", "reason": "Succeeded", "message": message,
                "lastTransitionTime": time, "observedGeneration": generation,
            })
        };
        // A plus sign is a blank in some readings of an address.
        let url = format!("http://{}/{}", self.address, file.replace('+', "%2B"));
        status["observedGeneration"] = generation.clone();
        status["conditions"] = json!([condition("Ready"), condition("ArtifactInStorage")]);
        status["artifact"] = json!({
            "path": file, "url": url, "revision": revision, "digest": format!("sha256:{digest}"),
            "size": content.len(), "lastUpdateTime": time,
        });
        let response = api.one(Request::merge(format!("{path}/status"), json!({ "status": status })))?;
        anyhow::ensure!(response.good(), "the status of {path} is refused: {}", response.message());
        Ok(())
    }
}

/// The sources and what Flux makes of them. Whatever is out of the repository is deleted.
pub(super) fn followers(namespace: &str) -> Vec<Value> {
    let both = FOLLOWERS.iter().flat_map(|(name, _, ignore)| {
        let metadata = json!({ "name": name, "namespace": namespace });
        let source = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": metadata,
            "spec": { "interval": "1h", "url": "https://example.org/releases", "ignore": ignore },
        });
        let follower = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": metadata,
            "spec": {
                "interval": "1h",
                "retryInterval": "2s",
                "path": "./",
                "prune": true,
                "sourceRef": { "kind": "GitRepository", "name": name },
            },
        });
        [source, follower]
    });
    both.collect()
}
