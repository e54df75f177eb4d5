//! What is held ends with whoever holds the pipe.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A held shell that says its process id and then sleeps.
fn held(before: &[&str], input: Stdio) -> (Child, u32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.arg("hold").args(before).args(["--", "sh", "-c", "echo $$; exec sleep 600"]);
    let mut holder = command.stdin(input).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    holder.stdout = Some(output.into_inner());
    (holder, line.trim().parse().unwrap())
}

fn runs(id: u32) -> bool {
    Path::new("/proc").join(id.to_string()).exists()
}

#[test]
fn a_server_ends_when_the_pipe_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    std::fs::create_dir(&path).unwrap();
    let (mut holder, id) = held(&[path.to_str().unwrap()], Stdio::piped());
    assert!(runs(id));
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    assert!(!runs(id), "{id} still runs");
    assert!(!path.exists(), "its folder is still there");
}

/// A process that is killed closes nothing itself: the system does.
#[test]
fn a_server_ends_when_the_audit_is_killed() {
    let mut audit = Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn().unwrap();
    let (mut holder, id) = held(&[], audit.stdout.take().unwrap().into());
    assert!(runs(id));
    audit.kill().unwrap();
    audit.wait().unwrap();
    holder.wait().unwrap();
    assert!(!runs(id), "{id} still runs");
}

/// Somebody ends all processes of a name, the holders among them.
#[test]
fn a_server_ends_with_its_holder() {
    let (mut holder, id) = held(&[], Stdio::piped());
    assert!(runs(id));
    assert!(Command::new("kill").args(["-TERM", &holder.id().to_string()]).status().unwrap().success());
    holder.wait().unwrap();
    assert!(!runs(id), "{id} still runs");
}
