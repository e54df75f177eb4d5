//! The lab applies a repository, and leaves nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Stdio};

/// As the command line says that something isn't installed.
const MISSING: i32 = 3;

const MANIFEST: &str = "\
apiVersion: services.example.org/v1alpha1
kind: Blank
metadata:
  name: acme-tenant-main-blank
  namespace: acme-tenant
spec:
  values:
    tenant: acme
    name: main
    message: Good morning
";

fn repository(folder: &Path) {
    let path = folder.join("acme/blank/main");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("manifest.yaml"), MANIFEST).unwrap();
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
    for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "One"]] {
        let status = Command::new("git").current_dir(folder).args(identity).args(arguments).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }
}

/// Whether a process speaks of a folder.
fn speaks_of(process: &Path, folder: &Path) -> bool {
    let arguments = std::fs::read(process.join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&arguments).contains(&*folder.to_string_lossy())
}

#[test]
fn the_lab_applies_the_first_revision_and_leaves_nothing() {
    let (temporary, releases) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    repository(releases.path());
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["lab", "--once", "--releases"])
        .arg(releases.path())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(MISSING) {
        eprintln!("skipped: {errors}");
        return;
    }
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.contains("HelmRelease acme-tenant/acme-tenant-main-blank: ready"), "{said}");
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?} is left");
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let running: Vec<_> = processes.filter(|process| speaks_of(process, temporary.path())).collect();
    assert!(running.is_empty(), "{running:?} still run");
}
