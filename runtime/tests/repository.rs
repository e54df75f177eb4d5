//! What a repository promises, on a bare repository of this machine with the real `git`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use manifest::layout::Layouts;
use runtime::{Actor, Change, Effect, Error, JobId, Precondition, Since, manifest};
use support::Place;

#[test]
fn a_release_comes_and_changes_and_goes() {
    let place = Place::new();
    let repository = place.open("cache");
    let path = place.locate("shop").path;
    assert_eq!(repository.get(&path).unwrap(), None);
    let landed = repository.apply(place.put("shop", 2)).unwrap();
    let Effect::Created(first) = landed.effect() else { panic!("{landed:?}") };
    let (blob, text) = repository.get(&path).unwrap().unwrap();
    assert_eq!((blob, text.as_str()), (first, place.webapp("shop", 2).text()));
    assert_eq!(place.git(&["show", "main:acme/webapp/shop/manifest.yaml"]), text.trim_end());
    let again = repository.apply(place.put("shop", 2)).unwrap();
    assert_eq!((again.effect(), again.commit), (Effect::Unchanged(first), landed.commit));
    let updated = repository.apply(place.put("shop", 3)).unwrap();
    assert!(matches!(updated.effect(), Effect::Updated(_)));
    let gone = repository.apply(Change::delete(place.locate("shop"))).unwrap();
    assert_eq!(gone.effect(), Effect::Deleted);
    assert_eq!(repository.get(&path).unwrap(), None);
    assert!(matches!(repository.apply(Change::delete(place.locate("shop"))), Err(Error::NotFound { .. })));
    let history = repository.snapshot().unwrap().history(&path, 10).unwrap();
    let subjects: Vec<&str> = history.iter().map(|event| event.subject.as_str()).collect();
    assert_eq!(subjects, ["Delete webapp shop of acme", "Update webapp shop of acme", "Add webapp shop of acme"]);
    assert_eq!(place.git(&["rev-list", "--count", "main"]), "3");
    assert_eq!(place.git(&["fsck", "--strict"]), "");
}

#[test]
fn a_commit_says_who_asked_for_it() {
    let place = Place::new();
    let repository = place.open("cache");
    let change = place.put("shop", 2).actor(Actor::new("Ann", "ann@acme.example")).message("Sale begins");
    let job = change.id().clone();
    repository.apply(change).unwrap();
    assert_eq!(place.git(&["log", "-1", "--format=%an <%ae> %cn"]), "Ann <ann@acme.example> Trefoil");
    let trailer = |key: &str| place.git(&["log", "-1", &format!("--format=%(trailers:key={key},valueonly)")]);
    assert_eq!(trailer("Release-Job"), job.as_str());
    assert_eq!(trailer("Release-Tenant"), "acme");
    assert_eq!(trailer("Release-Actor"), "Ann <ann@acme.example>");
    assert_eq!(trailer("Release-Request-Sha256").len(), 64);
    assert!(place.git(&["log", "-1", "--format=%B"]).contains("\n\nSale begins\n\n"));
}

#[test]
fn conditions_are_held_against_what_the_remote_has() {
    let place = Place::new();
    let (one, other) = (place.open("one"), place.open("other"));
    let absent = |replicas| place.put("shop", replicas).when(Precondition::Absent);
    let landed = one.apply(absent(1)).unwrap();
    // The other one doesn't know the branch yet.
    assert!(matches!(other.apply(absent(2)), Err(Error::Precondition { found: Some(_), .. })));
    let Effect::Created(blob) = landed.effect() else { panic!("{landed:?}") };
    other.apply(place.put("shop", 3).when(Precondition::Is(blob))).unwrap();
    // This one has seen an older branch.
    assert!(matches!(one.apply(place.put("shop", 4).when(Precondition::Is(blob))), Err(Error::Precondition { .. })));
    assert!(matches!(
        one.apply(Change::delete(place.locate("shop")).when(Precondition::Is(blob))),
        Err(Error::Precondition { .. })
    ));
    assert_eq!(one.apply(place.put("shop", 3)).map(|landed| matches!(landed.effect(), Effect::Unchanged(_))).ok(), Some(true));
}

#[test]
fn a_job_lands_once() {
    let place = Place::new();
    let job: JobId = "order-7".parse().unwrap();
    let sent =
        |repository: &runtime::Repository, replicas, since| repository.apply(place.put("shop", replicas).job(job.clone(), since));
    let first = sent(&place.open("one"), 1, Since::New).unwrap();
    let other = place.open("other");
    other.apply(place.put("shop", 2)).unwrap();
    for since in
        [Since::Unknown, Since::Head(None), Since::Head(Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse().unwrap()))]
    {
        let again = sent(&other, 1, since).unwrap();
        assert_eq!((again.again, again.commit, again.effect()), (true, first.commit, first.effect()), "{since:?}");
        assert!(matches!(sent(&other, 9, since), Err(Error::JobReused { commit, .. }) if commit == first.commit));
    }
    assert_eq!(place.git(&["rev-list", "--count", "main"]), "2");
    // A receipt that somebody else wrote is none.
    let forged = place.put("forged", 1).job("order-8".parse().unwrap(), Since::Unknown);
    let receipt = "x\n\nRelease-Job: order-8\nRelease-Request-Sha256: 00\n";
    place.foreign_saying(receipt, "M 100644 inline x\ndata 1\nx");
    let landed = other.apply(forged).unwrap();
    assert!(!landed.again && matches!(landed.effect(), Effect::Created(_)), "{landed:?}");
}

#[test]
fn a_change_of_many_releases_is_whole_or_not_at_all() {
    let place = Place::new();
    let repository = place.open("cache");
    let both = Change::together([place.put("a", 1), place.put("b", 1)]).unwrap();
    let landed = repository.apply(both).unwrap();
    assert_eq!(landed.effects.len(), 2);
    assert_eq!(place.git(&["rev-list", "--count", "main"]), "1");
    let half = Change::together([place.put("a", 2), place.put("b", 2).when(Precondition::Absent)]).unwrap();
    assert!(matches!(repository.apply(half), Err(Error::Precondition { .. })));
    assert_eq!(repository.get(&place.locate("a").path).unwrap().unwrap().1, place.webapp("a", 1).text());
}

#[test]
fn whoever_waits_at_the_same_time_goes_with_it() {
    let place = Place::new();
    let repository = place.open("cache");
    let jobs: BTreeSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40)
            .map(|i| {
                let (repository, place) = (&repository, &place);
                scope.spawn(move || {
                    let change = place.put(&format!("app-{i}"), 1);
                    let job = change.id().to_string();
                    let landed = repository.apply(change).unwrap();
                    let subject = place.git(&["log", "-1", "--format=%s", &landed.commit.to_string()]);
                    assert_eq!(subject, format!("Add webapp app-{i} of acme"));
                    job
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let log = place.git(&["log", "--format=%(trailers:key=Release-Job,valueonly,separator=%x2C)", "main"]);
    assert_eq!(log.lines().map(str::to_owned).collect::<BTreeSet<_>>(), jobs);
    assert_eq!(log.lines().count(), 40);
    assert_eq!(repository.snapshot().unwrap().list().unwrap().0.len(), 40);
}

/// One that the remote minds takes nobody else with it.
#[cfg(unix)]
#[test]
fn a_declined_change_is_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let hook = place.bare().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = "#!/bin/sh\nread old new ref\nif git ls-tree -r --name-only $new | grep -q friday; then echo 'not on a Friday' >&2; exit 1; fi\nsleep 0.2\n";
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let repository = place.open("cache");
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (repository, place) = (&repository, &place);
            scope.spawn(move || {
                let name = if i == 3 { "friday".to_owned() } else { format!("app-{i}") };
                match repository.apply(place.put(&name, 1)) {
                    Ok(_) => assert_ne!(i, 3),
                    Err(Error::Declined { reason }) => {
                        assert_eq!(i, 3);
                        assert!(reason.contains("not on a Friday"), "{reason}");
                    }
                    other => panic!("{other:?}"),
                }
            });
        }
    });
    assert_eq!(repository.snapshot().unwrap().list().unwrap().0.len(), 5);
}

#[test]
fn a_rewritten_branch_is_noticed() {
    let place = Place::new();
    let repository = place.open("cache");
    repository.apply(place.put("a", 1)).unwrap();
    let second = repository.apply(place.put("b", 1)).unwrap();
    // Rolled back by an operator: a plain push would put `b` back without a word.
    place.git(&["update-ref", "refs/heads/main", "main~1"]);
    let told = repository.apply(place.put("c", 1));
    assert!(matches!(&told, Err(Error::Rewritten { was, is: Some(_) }) if *was == second.commit), "{told:?}");
    repository.apply(place.put("c", 1)).unwrap();
    assert_eq!(place.git(&["ls-tree", "-r", "--name-only", "main"]), "acme/webapp/a/manifest.yaml\nacme/webapp/c/manifest.yaml");
    // Replaced by something else, seen by a process that begins anew.
    drop(repository);
    place.git(&["update-ref", "-d", "refs/heads/main"]);
    let repository = place.open("cache");
    assert!(matches!(repository.apply(place.put("d", 1)), Err(Error::Rewritten { is: None, .. })));
    repository.apply(place.put("d", 1)).unwrap();
    place.git(&["update-ref", "-d", "refs/heads/main"]);
    place.foreign("M 100644 inline README\ndata 1\nx");
    let snapshot = repository.snapshot().unwrap();
    assert!(snapshot.rewritten().is_some());
}

/// Trees that other writers left: nothing is followed, nothing of theirs is replaced.
#[test]
fn what_is_in_the_way_is_left_alone() {
    for (lines, says) in [
        ("M 120000 inline acme\ndata 4\n/etc", "\"acme\" is a symbolic link"),
        ("M 120000 inline acme/webapp/shop/manifest.yaml\ndata 11\n/etc/passwd", "is a symbolic link"),
        ("M 160000 4b825dc642cb6eb9a060e54bf8d69288fbee4904 acme/webapp", "is a submodule"),
        ("M 100644 inline acme\ndata 1\nx", "\"acme\" is a file, and a folder belongs there"),
        ("M 100644 inline acme/webapp/shop\ndata 1\nx", "\"shop\" is a file"),
        ("M 100644 inline acme/webapp/shop/manifest.yaml/x\ndata 1\nx", "is a folder, and a file belongs there"),
        ("M 100755 inline acme/webapp/shop/manifest.yaml\ndata 1\nx", "is an executable file"),
        ("M 100644 inline ACME/x\ndata 1\nx", "\"ACME\" is there"),
        ("M 100644 inline acme/webapp/shop/Manifest.YAML\ndata 1\nx", "\"Manifest.YAML\" is there"),
    ] {
        let place = Place::new();
        place.foreign(lines);
        let before = place.git(&["rev-parse", "main"]);
        let repository = place.open("cache");
        let error = repository.apply(place.put("shop", 1)).unwrap_err();
        assert!(matches!(error, Error::Obstructed { .. }) && error.to_string().contains(says), "{lines}: {error}");
        assert_eq!(place.git(&["rev-parse", "main"]), before);
    }
}

/// A file `a` and a folder `a` aren't neighbours in a tree: `a-b` and `a.b` sort between them.
#[test]
fn neighbours_are_no_obstacle() {
    let place = Place::new();
    place.foreign("M 100644 inline acme-b\ndata 1\nx\nM 100644 inline acme.b\ndata 1\nx\nM 100644 inline acme0/x\ndata 1\nx");
    let repository = place.open("cache");
    repository.apply(place.put("shop", 1)).unwrap();
    repository.apply(Change::delete(place.locate("shop"))).unwrap();
    assert_eq!(place.git(&["ls-tree", "--name-only", "main"]), "acme-b\nacme.b\nacme0");
    assert_eq!(place.git(&["fsck", "--strict"]), "");
}

#[test]
fn what_looks_like_a_release_and_is_none_is_reported() {
    let place = Place::new();
    place.foreign("M 100644 inline a/b/c/d/manifest.yaml\ndata 1\nx\nM 120000 inline acme/manifest.yaml\ndata 1\nx\nM 100644 inline README.md\ndata 1\nx");
    let (releases, strays) = place.open("cache").snapshot().unwrap().list().unwrap();
    assert_eq!(releases, []);
    let paths: Vec<&str> = strays.iter().map(|stray| stray.path.as_str()).collect();
    assert_eq!(paths, ["a/b/c/d/manifest.yaml", "acme/manifest.yaml"]);
    assert!(strays[1].why.contains("plain file"));
}

#[test]
fn a_remote_that_is_not_there() {
    let place = Place::new();
    let remote = runtime::Remote::parse(&place.folder.path().join("none.git").to_string_lossy(), "main").unwrap();
    let settings = runtime::Settings { remote, patience: std::time::Duration::from_millis(200), ..place.settings("cache") };
    let repository = runtime::Repository::open(settings).unwrap();
    let error = repository.apply(place.put("a", 1)).unwrap_err();
    // To ask once more won't help.
    assert!(matches!(&error, Error::Barred { reason } if reason.contains("none.git")), "{error}");
    let remote = runtime::Remote::parse("http://127.0.0.1:1/r.git", "main").unwrap();
    for transport in [runtime::Transport::Push, runtime::Transport::Direct] {
        let patience = std::time::Duration::from_millis(200);
        let settings = runtime::Settings { remote: remote.clone(), patience, transport, ..place.settings("other") };
        let repository = runtime::Repository::open(settings).unwrap();
        let error = repository.apply(place.put("a", 1)).unwrap_err();
        assert!(
            matches!(&error, Error::Unreachable { reason } if reason.contains("refused") || reason.contains("connect")),
            "{error}"
        );
    }
}

/// A lock that a killed process left, and a cache that is half there.
#[test]
fn a_cache_mends_itself() {
    let place = Place::new();
    place.open("cache").apply(place.put("a", 1)).unwrap();
    let bare = place.folder.path().join("cache/objects.git");
    std::fs::write(bare.join("refs/trefoil/head.lock"), "").unwrap();
    std::fs::write(bare.join("config.lock"), "").unwrap();
    place.open("cache").apply(place.put("b", 1)).unwrap();
    std::fs::remove_file(bare.join("HEAD")).unwrap();
    place.open("cache").apply(place.put("c", 1)).unwrap();
    assert_eq!(place.open("cache").snapshot().unwrap().list().unwrap().0.len(), 3);
}

#[test]
fn other_layouts_hold_other_files() {
    let place = Place::new();
    let layouts = Layouts::new(&[manifest::LayoutSettings {
        services: vec!["webapp".parse().unwrap()],
        path: "{region}/{namespace}/{app}.yaml".to_owned(),
        content: manifest::layout::Content::Values,
    }])
    .unwrap();
    let catalog = runtime::Catalog::new(runtime::platform().unwrap(), layouts.clone(), Vec::new()).unwrap();
    let parts = [("region".to_owned(), "dev".to_owned())].into_iter().collect();
    let values = serde_json::json!({ "name": "shop", "tenant": "acme", "image": { "repository": "nginx", "tag": "1" } });
    let checked = catalog.release(&place.locate("shop").identity, &parts, values.clone()).unwrap();
    let repository = runtime::Repository::open(runtime::Settings { layouts, ..place.settings("cache") }).unwrap();
    repository.apply(Change::put(checked.clone())).unwrap();
    assert_eq!(place.git(&["show", "main:dev/acme/shop.yaml"]), manifest::yaml::write(&values).trim_end());
    let (found, _) = repository.snapshot().unwrap().list().unwrap();
    let (_, text) = repository.get(&found[0].located.path).unwrap().unwrap();
    assert_eq!(catalog.file(found[0].located.clone(), &text).unwrap(), checked);
}

/// Git leaves them behind if it is killed, and only the remote's operator can tell whose they are.
#[test]
fn a_lock_in_the_remote_is_told() {
    for lock in ["refs/heads/main.lock", "HEAD.lock"] {
        let place = Place::new();
        let settings = runtime::Settings { patience: std::time::Duration::from_secs(1), ..place.settings("cache") };
        let repository = runtime::Repository::open(settings).unwrap();
        repository.apply(place.put("shop", 1)).unwrap();
        std::fs::write(place.bare().join(lock), "").unwrap();
        let error = repository.apply(place.put("shop", 2)).unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("a lock of a process"), "{lock}: {error}");
        std::fs::remove_file(place.bare().join(lock)).unwrap();
        repository.apply(place.put("shop", 2)).unwrap();
    }
}

/// What is sent in two requests, the first of which says nothing, costs a lone caller a second one.
#[cfg(unix)]
#[test]
fn a_large_push_is_one_request() {
    let place = Place::new();
    place.git(&["config", "http.receivepack", "true"]);
    let server = support::http::Server::start(place.folder.path(), support::http::Trouble::default(), 1);
    let remote = runtime::Remote::parse(&server.url("releases.git"), "main").unwrap();
    let repository = runtime::Repository::open(runtime::Settings { remote, ..place.settings("cache") }).unwrap();
    let mut random = support::random::Random(1);
    let mut noise = |_| (0..250).map(|_| format!("{:016x}", random.below(u64::MAX))).collect::<String>();
    let large = (0..16).map(|n| Change::put(place.args(&format!("app-{n}"), (0..50).map(&mut noise).collect())));
    repository.apply(Change::together(large).unwrap()).unwrap();
    assert_eq!(server.counts().pushes.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn what_killed_processes_had_begun_to_fetch_is_cleared() {
    let place = Place::new();
    drop(place.open("cache"));
    let folder = place.folder.path().join("cache/objects.git/refs/trefoil/fetched");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("4711"), "0".repeat(40)).unwrap();
    drop(place.open("cache"));
    assert!(!folder.exists());
}

/// gix sees no pack beyond the number that it was opened for, which is 32 if it is left to itself.
#[test]
fn many_packs() {
    let place = Place::new();
    let repository = place.open("cache");
    for round in 0..40 {
        let files: String = (0..60).map(|file| format!("M 100644 inline r{round}/f{file}/x\ndata 1\nx\n")).collect();
        place.foreign(&files);
        assert!(repository.snapshot().is_ok(), "round {round}");
    }
    let packs = std::fs::read_dir(place.folder.path().join("cache/objects.git/objects/pack")).unwrap().count() / 2;
    assert!(packs > 32, "{packs} packs");
    repository.apply(place.put("shop", 1)).unwrap();
}

/// Many at once are one pack, in the cache as for the remote; this one refuses a pack that has an object twice.
#[cfg(unix)]
#[test]
fn many_at_once() {
    for transport in [runtime::Transport::Push, runtime::Transport::Direct] {
        let place = Place::new();
        place.git(&["config", "http.receivepack", "true"]);
        let server = support::http::Server::start(place.folder.path(), support::http::Trouble::default(), 1);
        let remote = runtime::Remote::parse(&server.url("releases.git"), "main").unwrap();
        let repository = runtime::Repository::open(runtime::Settings { remote, transport, ..place.settings("cache") }).unwrap();
        // There and back again, so that a file is what it was before.
        let changes: Vec<Change> = (0..80).map(|n| place.put(&format!("app-{}", n % 20), 1 + n / 20 % 2)).collect();
        let pending: Vec<_> = changes.into_iter().map(|change| repository.send(change)).collect();
        let commits: BTreeSet<_> = pending.into_iter().map(|pending| pending.wait().unwrap().commit.to_string()).collect();
        assert_eq!(commits.len(), 80);
        assert_eq!(place.git(&["rev-list", "--count", "main"]), "80");
        assert_eq!(place.git(&["fsck", "--strict"]), "");
        assert_eq!(repository.snapshot().unwrap().list().unwrap().0.len(), 20);
    }
}

/// A cache that gets a pack with each push doesn't keep them all, and is read on meanwhile.
#[test]
fn packs_of_a_cache_stay_few() {
    let place = Place::new();
    let repository = place.open("cache");
    for round in 0..60 {
        let pending: Vec<_> = (0..40).map(|n| repository.send(place.put(&format!("app-{n}"), 1 + round % 2))).collect();
        for pending in pending {
            pending.wait().unwrap();
        }
    }
    let packs = std::fs::read_dir(place.folder.path().join("cache/objects.git/objects/pack")).unwrap();
    let packs = packs.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "pack")).count();
    assert!((1..=51).contains(&packs), "{packs} packs");
    assert_eq!(repository.snapshot().unwrap().list().unwrap().0.len(), 40);
}
