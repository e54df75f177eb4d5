//! A remote that asks for a user and a password: they come from the helpers that `git` is configured for, by both transports.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::process::Output;

use support::http::{Server, Trouble};
use support::{Place, said};

const CREDENTIALS: &str = "bob:s3cret-of-bob";

struct Stage {
    place: Place,
    server: Server,
}

impl Stage {
    fn new() -> Stage {
        let place = Place::new();
        place.git(&["config", "http.receivepack", "true"]);
        let trouble = Trouble { credentials: Some(CREDENTIALS), ..Trouble::default() };
        let server = Server::start(place.folder.path(), trouble, 1);
        std::fs::write(place.folder.path().join(".gitconfig"), "[credential]\nhelper = store\n").unwrap();
        Stage { place, server }
    }

    /// What `git credential-store` has.
    fn keeps(&self, credentials: &str) {
        let (scheme, rest) = self.server.url("").split_once("://").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let line = format!("{scheme}://{credentials}@{}\n", rest.trim_end_matches('/'));
        std::fs::write(self.place.folder.path().join(".git-credentials"), line).unwrap();
    }

    fn apply(&self, transport: &str, replicas: u64) -> Output {
        let folder = self.place.folder.path();
        std::fs::write(folder.join("shop.yaml"), self.place.webapp("shop", replicas).text()).unwrap();
        let mut command = support::trefoil(folder);
        command.args(["apply", "-f", "shop.yaml", "--patience", "3", "--transport", transport, "--repo"]);
        command.arg(self.server.url("releases.git")).env("HOME", folder).env_remove("XDG_CONFIG_HOME");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_ASKPASS", "false").output().unwrap()
    }
}

#[test]
fn credentials_come_from_helpers() {
    let stage = Stage::new();
    for (replicas, transport) in [(1, "push"), (2, "direct"), (3, "direct"), (4, "push")] {
        stage.keeps(CREDENTIALS);
        let applied = stage.apply(transport, replicas);
        let said = said(&applied);
        assert!(applied.status.success(), "{transport}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert_eq!(stage.place.git(&["rev-list", "--count", "main"]), "4");
}

#[test]
fn wrong_ones_are_told_and_not_shown() {
    let stage = Stage::new();
    for transport in ["push", "direct"] {
        stage.keeps("bob:wr0ng-of-bob");
        let refused = stage.apply(transport, 1);
        let said = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{transport}: {said}");
        assert!(said.contains("can't be used") && !said.contains("wr0ng"), "{said}");
    }
    assert_eq!(stage.place.git(&["rev-list", "--all", "--count"]), "0");
}
