//! A Kubernetes control plane on this machine: etcd, kube-apiserver and controllers as plain processes that listen on the loopback
//! device only. No kubelet: objects are admitted and reconciled, pods don't start.

mod api;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::held::Held;
use crate::install;

pub(crate) use api::{Api, Request, Response};

/// What a control plane needs.
pub(crate) const PROGRAMS: &[&str] = &["kube", "crds", "etcd", "kube-apiserver"];

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is looked at that is waited for.
const PULSE: Duration = Duration::from_millis(50);

/// How often all is started anew with other ports.
const TRIES: usize = 3;

/// A running control plane. It ends when this is dropped, or when we end.
pub(crate) struct Plane {
    pub api: Api,
    servers: Vec<Held>,
    address: String,
    /// Removed after the servers have ended.
    folder: TempDir,
}

impl Plane {
    /// Starts etcd and kube-apiserver, and waits until they are ready.
    ///
    /// # Errors
    /// If a program isn't installed or ends early.
    pub(crate) fn start() -> anyhow::Result<Plane> {
        let mut tries = 1;
        loop {
            match start() {
                // Between finding a free port and listening on it, somebody else took it.
                Err(error) if tries < TRIES && format!("{error:#}").contains("address already in use") => tries += 1,
                plane => return plane,
            }
        }
    }

    /// Starts a controller that reads the way to the API server from its environment.
    ///
    /// # Errors
    /// If the program isn't installed or can't be started.
    pub(crate) fn controller(&mut self, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut command = Command::new(install::need(name)?);
        command.args(arguments).envs(environment.iter().copied()).env("KUBECONFIG", self.kubeconfig());
        let log = self.folder.path().join(format!("{name}.log"));
        self.servers.push(Held::start(name, &command, &log, None)?);
        Ok(())
    }

    /// Applies the CRDs of another project, by its name in the folder of CRDs, and waits until their kinds can be asked for.
    ///
    /// # Errors
    /// If they aren't installed, or the API server refuses one.
    pub(crate) fn crds(&mut self, project: &str) -> anyhow::Result<()> {
        self.some_crds(project, "")
    }

    /// As [`Plane::crds`], but only those whose file's name has a word.
    ///
    /// # Errors
    /// If they aren't installed, or the API server refuses one.
    pub(crate) fn some_crds(&mut self, project: &str, word: &str) -> anyhow::Result<()> {
        let folder = install::need("crds")?.join(project);
        let mut objects = Vec::new();
        for entry in std::fs::read_dir(&folder).with_context(|| format!("{} can't be read", folder.display()))? {
            let path = entry?.path();
            if !path.file_name().is_some_and(|name| name.to_string_lossy().contains(word)) {
                continue;
            }
            let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
            let read = manifest::yaml::read_all(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            objects.extend(read.into_iter().filter(|object| object["kind"] == "CustomResourceDefinition"));
        }
        self.api.apply(&objects)?;
        for object in &objects {
            let path = self.api.path(object)?;
            let what = format!("{} established", object["metadata"]["name"]);
            self.api.wait_for(&what, PATIENCE, &Request::get(path), |response| {
                condition(&response.body, "Established").filter(|condition| condition["status"] == "True").map(drop)
            })?;
        }
        Ok(())
    }

    /// Makes the namespaces that aren't there.
    ///
    /// # Errors
    /// If the API server refuses one.
    pub(crate) fn namespaces(&mut self, names: &[String]) -> anyhow::Result<()> {
        let namespace = |name: &String| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let requests: Vec<Request> = names.iter().map(|name| Request::create("/api/v1/namespaces", namespace(name))).collect();
        for (name, response) in names.iter().zip(self.api.ask(&requests)?) {
            ensure!(response.good() || response.status == 409, "the namespace {name:?} is refused: {}", response.message());
        }
        Ok(())
    }

    /// That all servers still run.
    ///
    /// # Errors
    /// If one has ended: with the end of what it said.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        self.servers.iter_mut().try_for_each(Held::check)
    }

    /// For `kubectl` and controllers.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// As `https://127.0.0.1:6443`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A folder for whatever belongs to the control plane.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A condition of an object's status.
pub(crate) fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == name)
}

/// A port of the loopback device that nobody listens on.
///
/// # Errors
/// If there is none.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}

fn start() -> anyhow::Result<Plane> {
    let folder = tempfile::Builder::new().prefix("trefoil-audit-").tempdir().context("there is no temporary folder")?;
    let at = |name: &str| folder.path().join(name);
    secrets(folder.path())?;
    let (etcd, peers, port) = (free_port()?, free_port()?, free_port()?);
    let mut servers = vec![
        Held::start("etcd", &store(etcd, peers, &at("etcd"))?, &at("etcd.log"), Some(folder.path()))?,
        Held::start("kube-apiserver", &server(etcd, port, folder.path())?, &at("kube-apiserver.log"), None)?,
    ];
    let address = format!("https://127.0.0.1:{port}");
    // The server makes its own certificate, and we trust no other. It writes the key last.
    let (certificate, key) = (at("certificates/apiserver.crt"), at("certificates/apiserver.key"));
    wait(&mut servers, "the API server's certificate", || key.metadata().is_ok_and(|file| file.len() > 0))?;
    let mut api = Api::start(&address, &certificate, &at("token"), &at("kube.log"))?;
    let ready = Request::get("/readyz");
    wait(&mut servers, "the API server", || {
        api.once(std::slice::from_ref(&ready)).is_ok_and(|said| said.iter().all(|response| response.status == 200))
    })?;
    kubeconfig(folder.path(), &address, &certificate)?;
    Ok(Plane { api, servers, address, folder })
}

fn wait(servers: &mut [Held], what: &str, mut done: impl FnMut() -> bool) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !done() {
        servers.iter_mut().try_for_each(Held::check)?;
        if Instant::now() > end {
            let said: Vec<String> = servers.iter().map(Held::said).collect();
            bail!("{what} wasn't ready after {} s:\n{}", PATIENCE.as_secs(), said.join("\n"));
        }
        std::thread::sleep(PULSE);
    }
    Ok(())
}

/// The key that the server signs its tokens with, and our own token, which is nobody else's.
fn secrets(folder: &Path) -> anyhow::Result<()> {
    let output = Command::new(install::need("kube")?).arg("-secrets").arg(folder).output().context("kube can't be started")?;
    ensure!(output.status.success(), "keys can't be made: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn store(port: u16, peers: u16, data: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(install::need("etcd")?);
    let (clients, peers) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peers}"));
    command.arg("--data-dir").arg(data);
    command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
    command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
    command.args(["--initial-cluster", &format!("default={peers}")]);
    // Nothing of it outlives the run, so nothing has to reach the disk.
    command.args(["--unsafe-no-fsync", "--log-level", "warn"]);
    Ok(command)
}

fn server(etcd: u16, port: u16, folder: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(install::need("kube-apiserver")?);
    let key = folder.join("sa.key");
    command.arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"));
    command.arg("--bind-address=127.0.0.1").arg(format!("--secure-port={port}"));
    for (flag, file) in [
        ("--cert-dir", folder.join("certificates")),
        ("--service-account-key-file", key.clone()),
        ("--service-account-signing-key-file", key),
        ("--token-auth-file", folder.join("tokens.csv")),
    ] {
        command.arg(flag).arg(file);
    }
    command.args(["--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/24"]);
    // There is no controller that makes service accounts, and no other server.
    command.args(["--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none"]);
    Ok(command)
}

fn kubeconfig(folder: &Path, address: &str, certificate: &Path) -> anyhow::Result<()> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "audit", "cluster": { "server": address, "certificate-authority": certificate } }],
        "users": [{ "name": "audit", "user": { "tokenFile": folder.join("token") } }],
        "contexts": [{ "name": "audit", "context": { "cluster": "audit", "user": "audit" } }],
        "current-context": "audit",
    });
    let path = folder.join("kubeconfig");
    std::fs::write(&path, manifest::yaml::write(&config)).with_context(|| format!("{} can't be written", path.display()))
}
