//! What the tests of a repository share.
#![allow(dead_code, reason = "each test program uses some of it")]

#[cfg(unix)]
pub(crate) mod argo_cd;
#[cfg(unix)]
pub(crate) mod forge;
#[cfg(unix)]
pub(crate) mod http;
#[cfg(unix)]
pub(crate) mod json;
pub(crate) mod random;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use manifest::identity::Identity;
use manifest::layout::{Layouts, Located, Parts};
use runtime::{Catalog, Change, Checked, Remote, Repository, Settings, manifest};
use serde_json::json;
use tempfile::TempDir;

/// A bare repository on this machine, and folders for caches.
pub(crate) struct Place {
    pub folder: Folder,
    pub catalog: Catalog,
}

pub(crate) enum Folder {
    Own(TempDir),
    Other(PathBuf),
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Folder::Own(folder) => folder.path(),
            Folder::Other(folder) => folder,
        }
    }
}

/// The services that are compiled in, where releases lie usually.
pub(crate) fn catalog() -> Catalog {
    Catalog::new(runtime::platform().unwrap(), Layouts::default(), Vec::new()).unwrap()
}

impl Place {
    pub(crate) fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        Repository::init(&folder.path().join("releases.git"), "main", &Default::default()).unwrap();
        Place { folder: Folder::Own(folder), catalog: catalog() }
    }

    /// The same in another process.
    pub(crate) fn at(folder: &Path) -> Place {
        Place { folder: Folder::Other(folder.to_owned()), catalog: catalog() }
    }

    pub(crate) fn bare(&self) -> PathBuf {
        self.folder.path().join("releases.git")
    }

    pub(crate) fn settings(&self, cache: &str) -> Settings {
        let remote = Remote::parse(&self.bare().to_string_lossy(), "main").unwrap();
        Settings { configured: false, ..Settings::new(remote, self.folder.path().join(cache)) }
    }

    pub(crate) fn open(&self, cache: &str) -> Repository {
        Repository::open(self.settings(cache)).unwrap()
    }

    /// A web app with so many replicas.
    pub(crate) fn webapp(&self, name: &str, replicas: u64) -> Checked {
        self.release(name, json!({ "image": { "repository": "nginx", "tag": "1" }, "replicas": replicas }))
    }

    /// A web app of an image.
    pub(crate) fn image(&self, name: &str, tag: &str) -> Checked {
        self.release(name, json!({ "image": { "repository": "nginx", "tag": tag } }))
    }

    /// A web app with these arguments.
    pub(crate) fn args(&self, name: &str, args: Vec<String>) -> Checked {
        self.release(name, json!({ "image": { "repository": "nginx", "tag": "1" }, "args": args }))
    }

    fn release(&self, name: &str, mut values: serde_json::Value) -> Checked {
        (values["tenant"], values["name"]) = (json!("acme"), json!(name));
        let located = self.locate(name);
        self.catalog.release(&located.identity, &Parts::new(), values).unwrap()
    }

    pub(crate) fn put(&self, name: &str, replicas: u64) -> Change {
        Change::put(self.webapp(name, replicas))
    }

    pub(crate) fn locate(&self, name: &str) -> Located {
        let identity = Identity::from_path(&format!("acme/webapp/{name}/manifest.yaml")).unwrap();
        self.catalog.layouts.locate(&identity, &Parts::new()).unwrap()
    }

    /// Runs `git` in the remote.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.bare(), args)
    }

    /// A commit made by somebody else, with these lines of `git fast-import`.
    pub(crate) fn foreign(&self, lines: &str) {
        self.foreign_saying("x", lines);
    }

    pub(crate) fn foreign_saying(&self, message: &str, lines: &str) {
        let head = self.git(&["rev-parse", "-q", "--verify", "refs/heads/main"]);
        let from = if head.is_empty() { String::new() } else { format!("from {head}\n") };
        let text = format!(
            "commit refs/heads/main\ncommitter Mallory <m@example.org> 1700000000 +0000\ndata {}\n{message}\n{from}{lines}\n",
            message.len()
        );
        feed(&self.bare(), &["fast-import", "--quiet", "--force"], text.as_bytes());
    }
}

/// The command in a folder, with a cache there.
pub(crate) fn trefoil(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trefoil"));
    stranger(&mut command, folder);
    command
}

/// Takes away what a developer has set for the command.
pub(crate) fn stranger(command: &mut Command, folder: &Path) {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TREFOIL_") || name.starts_with("ARGOCD_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).env("TREFOIL_CACHE", folder.join("cache-of-the-command")).env_remove("KUBECONFIG");
}

/// All that it has said.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stderr[..], &output.stdout[..]].concat()).into_owned()
}

pub(crate) fn git(bare: &Path, args: &[&str]) -> String {
    let output = Command::new("git").arg("--git-dir").arg(bare).args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub(crate) fn feed(bare: &Path, args: &[&str], input: &[u8]) {
    use std::io::Write;
    let mut command = Command::new("git");
    let mut child = command.arg("--git-dir").arg(bare).args(args).stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    assert!(child.wait().unwrap().success(), "git {args:?}");
}
