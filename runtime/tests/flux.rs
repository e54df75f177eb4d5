//! Flux in a cluster: the lab's API server, KRO, kustomize-controller and helm-controller are the real ones; its stand-ins are named where it
//! begins (`docs/audit-how.md`).
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::{Place, said};

/// The lab; it ends when its standard input does.
struct Lab {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Lab {
    fn start(releases: &Path) -> Lab {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--package=conformance", "--", "lab", "--releases"]).arg(releases);
        cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        let mut child = cargo.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (output, lines) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&said));
        std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| lines.lock().unwrap().push(line)));
        Lab { child, said }
    }

    fn lines(&self, with: &str) -> Vec<String> {
        self.said.lock().unwrap().iter().filter(|line| line.contains(with)).cloned().collect()
    }

    /// Waits until it says something.
    fn says(&mut self, what: &str) -> String {
        let begun = Instant::now();
        loop {
            if let Some(line) = self.lines(what).pop() {
                return line;
            }
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the lab has ended: `cargo xtask audit --install` gets what it needs"
            );
            assert!(begun.elapsed() < Duration::from_secs(600), "the lab doesn't say {what:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

fn trefoil(place: &Place, kubeconfig: &str, line: &str) -> Output {
    let mut command = support::trefoil(place.folder.path());
    command.args(line.split(' ')).env("TREFOIL_SYNC", "flux").env("KUBECONFIG", kubeconfig).output().unwrap()
}

#[test]
#[ignore = "it needs the lab's programs (`cargo xtask audit --install --chain`), and a minute"]
fn a_release_on_its_way_through_a_cluster() {
    let place = Place::new();
    place.foreign("M 100644 inline README.md\ndata 9\nReleases\n");
    let mut lab = Lab::start(&place.bare());
    let kubeconfig = lab.says("export KUBECONFIG=").split_once('=').unwrap().1.to_owned();
    let run = |line: &str| trefoil(&place, &kubeconfig, line);
    let manifest = |name: &str, text: &str| std::fs::write(place.folder.path().join(name), text).unwrap();
    manifest("shop.yaml", place.webapp("shop", 1).text());
    let applied = run("apply -f shop.yaml --wait --timeout 180");
    assert!(applied.status.success() && said(&applied).contains("healthy"), "{}", said(&applied));
    // Each of the two sources once, for one push.
    lab.says("GitRepository flux-system/releases: asked to look");
    assert_eq!(lab.lines("asked to look").len(), 2, "{:?}", lab.lines(""));
    assert!(lab.lines("HelmRelease acme-tenant/acme-tenant-shop-webapp: ready").len() == 1, "{:?}", lab.lines("HelmRelease"));
    let status = run("status acme/webapp/shop");
    assert!(status.status.success() && said(&status).contains("is ready"), "{}", said(&status));
    // What the API server refuses is told in its words.
    let text = place.webapp("bad", 1);
    let bad = text.text().replace("replicas: 1", "replicas: many");
    place.foreign(&format!("M 100644 inline acme/webapp/bad/manifest.yaml\ndata {}\n{bad}", bad.len()));
    let refused = run("status acme/webapp/bad --wait --timeout 60");
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    // Whatever may mend itself has half a minute for that, and no more.
    assert!(!said(&refused).contains("after 60 s"), "{}", said(&refused));
    assert!(said(&refused).contains("can't apply the change") && said(&refused).contains("replicas"), "{}", said(&refused));
    let deleted = run("delete acme/webapp/bad acme/webapp/shop --wait --timeout 180");
    assert!(deleted.status.success() && said(&deleted).matches("gone").count() == 2, "{}", said(&deleted));
    assert_eq!(run("status acme/webapp/never").status.code(), Some(1));
}
