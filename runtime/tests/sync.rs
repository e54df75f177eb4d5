//! What follows the branch is told of a push, once, and asked until a release is healthy, or why it isn't. Argo CD is a fake here.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use manifest::platform::Operation;
use runtime::sync::{ArgoCd, Flux, Follower, Goal, Kube, State, Status, SyncError};
use runtime::{Change, CommitId, Error, Landed, Repository, Settings, Token, manifest};
use serde_json::{Value, json};
use support::argo_cd::{self, Application};
use support::json::Json;
use support::{Place, said};

const NAME: &str = "acme-tenant-shop-webapp";
const LIMIT: Duration = Duration::from_secs(20);

struct Stage {
    place: Place,
    argo_cd: argo_cd::ArgoCd,
}

impl Stage {
    fn new() -> Stage {
        let place = Place::new();
        let argo_cd = argo_cd::ArgoCd::start(&place.bare());
        Stage { place, argo_cd }
    }

    fn follower(&self, change: impl FnOnce(&mut manifest::platform::ArgoCd)) -> Follower {
        let mut platform = runtime::platform().unwrap();
        change(&mut platform.argo_cd);
        let token = Token::from_file(&self.argo_cd.token_file()).unwrap();
        Follower::ArgoCd(ArgoCd::new(&self.argo_cd.url(), &token, None, &platform).unwrap())
    }

    fn open(&self, follower: &Follower) -> Repository {
        let patience = Duration::from_secs(5);
        Repository::open(Settings { followers: vec![follower.clone()], patience, ..self.place.settings("cache") }).unwrap()
    }

    fn wait(&self, follower: &Follower, repository: &Repository, commit: CommitId, limit: Duration) -> Result<Status, SyncError> {
        let mut lineage = repository.lineage(commit);
        follower.wait(&self.place.locate("shop"), &mut lineage, Goal::Healthy, limit, |_| {})
    }
}

#[test]
fn a_push_is_told_once() {
    let stage = Stage::new();
    let follower = stage.follower(|settings| settings.application = Some("releases".to_owned()));
    let repository = stage.open(&follower);
    stage.argo_cd.generate("releases", Application::default());
    let changes: Vec<Change> = (0..20).map(|n| stage.place.put(&format!("app-{n}"), 1)).collect();
    let pending: Vec<_> = changes.into_iter().map(|change| repository.send(change)).collect();
    let landed: Vec<Landed> = pending.into_iter().map(|pending| pending.wait().unwrap()).collect();
    assert_eq!(repository.told(), []);
    let told = stage.argo_cd.told("releases");
    // The first one goes alone; most of the others wait for it together.
    assert!((1..landed.len() / 2).contains(&told), "told {told} times of {} changes", landed.len());
    // Pushes that come while it is told of one are told together.
    stage.argo_cd.generate("releases", Application { slow: Duration::from_millis(400), ..Application::default() });
    for replicas in 2..12 {
        repository.apply(stage.place.put("app-0", replicas)).unwrap();
    }
    assert_eq!(repository.told(), []);
    let told = stage.argo_cd.told("releases");
    assert!((1..6).contains(&told), "told {told} times of 10 pushes");
    // What changes nothing isn't told.
    repository.apply(stage.place.put("app-0", 11)).unwrap();
    assert_eq!((repository.told(), stage.argo_cd.told("releases")), (vec![], told));
}

#[test]
fn each_release_has_its_own_application() {
    let stage = Stage::new();
    let follower = stage.follower(|_| ());
    let repository = stage.open(&follower);
    for name in ["shop", "shop2"] {
        stage.argo_cd.generate(&format!("acme-tenant-{name}-webapp"), Application::default());
    }
    repository.apply(stage.place.put("shop", 1)).unwrap();
    assert_eq!(repository.told(), []);
    assert_eq!((stage.argo_cd.told(NAME), stage.argo_cd.told("acme-tenant-shop2-webapp")), (1, 0));
    // Of a change of both, the one is told that isn't as it was.
    repository.apply(Change::together([stage.place.put("shop", 1), stage.place.put("shop2", 1)]).unwrap()).unwrap();
    assert_eq!(repository.told(), []);
    assert_eq!((stage.argo_cd.told(NAME), stage.argo_cd.told("acme-tenant-shop2-webapp")), (1, 1));
    // An Application that isn't generated yet needn't be told.
    repository.apply(stage.place.put("other", 1)).unwrap();
    assert_eq!(repository.told(), []);
}

#[test]
fn an_application_of_all_releases_stays() {
    let stage = Stage::new();
    let follower = stage.follower(|settings| settings.application = Some("releases".to_owned()));
    let repository = stage.open(&follower);
    stage.argo_cd.generate("releases", Application { steps: vec![("Synced", "Healthy")], ..Application::default() });
    repository.apply(stage.place.put("shop", 1)).unwrap();
    let deleted = repository.apply(Change::delete(stage.place.locate("shop"))).unwrap();
    let mut lineage = repository.lineage(deleted.commit);
    let status = follower.wait(&stage.place.locate("shop"), &mut lineage, follower.goal(true), LIMIT, |_| {}).unwrap();
    assert!(follower.goal(true).is_reached(status.state), "{}", status.reason);
    stage.argo_cd.remove("releases");
    let status = follower.status(&stage.place.locate("shop"), &mut lineage).unwrap();
    assert!(follower.goal(true).is_reached(status.state), "{}", status.reason);
    assert_eq!(stage.follower(|_| ()).goal(true), Goal::Gone);
}

#[test]
fn others_changes_on_top_are_ours_too() {
    let stage = Stage::new();
    let follower = stage.follower(|_| ());
    let repository = stage.open(&follower);
    let application = Application { steps: vec![("Synced", "Healthy")], ..Application::default() };
    stage.argo_cd.generate(NAME, application.clone());
    let landed = repository.apply(stage.place.put("shop", 1)).unwrap();
    stage.place.foreign("M 100644 inline other\ndata 1\nx");
    let status = stage.wait(&follower, &repository, landed.commit, LIMIT).unwrap();
    assert_eq!(status.state, State::Healthy, "{}", status.reason);
    // What it has is older than a change that it wasn't told of.
    let mut lineage = repository.lineage(landed.commit);
    let manual = Application { automatic: false, revision: landed.commit.to_string(), ..application };
    stage.argo_cd.generate("acme-tenant-late-webapp", manual);
    let late = repository.apply(stage.place.put("late", 1)).unwrap();
    let status = follower.status(&stage.place.locate("late"), &mut repository.lineage(late.commit)).unwrap();
    assert_eq!(status.state, State::Waiting);
    assert!(status.reason.contains("the change isn't there yet"), "{}", status.reason);
    assert_eq!(follower.status(&stage.place.locate("shop"), &mut lineage).unwrap().state, State::Healthy);
}

#[test]
fn why_it_is_not_healthy() {
    let stage = Stage::new();
    let follower = stage.follower(|_| ());
    let repository = stage.open(&follower);
    let landed = repository.apply(stage.place.put("shop", 1)).unwrap();
    let short = Duration::from_millis(1200);
    let gone = stage.wait(&follower, &repository, landed.commit, short).unwrap();
    assert_eq!(gone.state, State::Gone);
    for (steps, state, says) in [
        (vec![("OutOfSync", "Healthy"), ("SyncFailed", "Healthy")], State::Failed, "one or more objects failed to apply"),
        (vec![("Synced", "Degraded")], State::Degraded, "Deployment shop: ImagePullBackOff"),
        (vec![("Synced", "Progressing")], State::Waiting, "it is Progressing"),
        (vec![("Synced", "Suspended")], State::Degraded, "it is Suspended"),
        (vec![("OutOfSync", "Healthy")], State::Waiting, "it is OutOfSync"),
    ] {
        stage.argo_cd.generate(NAME, Application { steps, ..Application::default() });
        let status = stage.wait(&follower, &repository, landed.commit, short).unwrap();
        assert_eq!(status.state, state, "{}", status.reason);
        assert!(status.reason.contains(says), "{}", status.reason);
    }
}

#[test]
fn what_else_an_application_says() {
    let stage = Stage::new();
    let follower = stage.follower(|_| ());
    let repository = stage.open(&follower);
    let before = repository.apply(stage.place.put("other", 1)).unwrap();
    let landed = repository.apply(stage.place.put("shop", 1)).unwrap();
    let (commit, older) = (landed.commit.to_string(), before.commit.to_string());
    let failed = |revision: &str| json!({ "operationState": { "phase": "Failed", "syncResult": { "revision": revision } } });
    for (over, state, says) in [
        (json!({ "operation": { "sync": {} } }), State::Waiting, "syncing"),
        (json!({ "status": { "operationState": { "phase": "Running" } } }), State::Waiting, "syncing"),
        (
            json!({ "status": { "conditions": [{ "type": "ComparisonError", "message": "no such path" }] } }),
            State::Degraded,
            "no such path",
        ),
        (
            json!({ "status": { "conditions": [{ "type": "OrphanedResourceWarning", "message": "x" }] } }),
            State::Healthy,
            "Healthy",
        ),
        (json!({ "status": { "sync": { "revision": "", "revisions": ["1.2.3", commit] } } }), State::Healthy, "Healthy"),
        (json!({ "status": { "sync": { "revision": older } } }), State::Waiting, "the change isn't there yet"),
        (json!({ "status": failed(&commit) }), State::Healthy, "Healthy"),
        (
            json!({ "status": { "sync": { "status": "OutOfSync" }, "operationState": { "phase": "Failed" } } }),
            State::Failed,
            "failed",
        ),
        (
            json!({ "status": { "sync": { "status": "OutOfSync" }, "operationState": failed(&older)["operationState"] } }),
            State::Waiting,
            "OutOfSync",
        ),
    ] {
        // What is synced is a later revision than the one that failed.
        if over == json!({ "status": failed(&commit) }) {
            stage.place.foreign("M 100644 inline later\ndata 1\nx");
        }
        let steps = vec![("Synced", "Healthy")];
        stage.argo_cd.generate(NAME, Application { steps, over: over.clone(), ..Application::default() });
        let status = follower.status(&stage.place.locate("shop"), &mut repository.lineage(landed.commit)).unwrap();
        assert_eq!(status.state, state, "{over}: {}", status.reason);
        assert!(status.reason.contains(says), "{over}: {}", status.reason);
    }
    stage.argo_cd.generate(NAME, Application { over: json!(null), ..Application::default() });
    let odd = follower.status(&stage.place.locate("shop"), &mut repository.lineage(landed.commit)).unwrap_err();
    assert!(odd.to_string().contains("something other than JSON"), "{odd}");
}

#[test]
fn one_does_not_stand_for_another() {
    let stage = Stage::new();
    let follower = stage.follower(|settings| settings.operation = Operation::Sync);
    let repository = stage.open(&follower);
    let names: Vec<String> = ["a", "b", "c"].iter().map(|name| format!("acme-tenant-{name}-webapp")).collect();
    stage.argo_cd.generate(&names[0], Application { busy: 2, automatic: false, ..Application::default() });
    stage.argo_cd.generate(&names[1], Application { forbidden: true, ..Application::default() });
    stage.argo_cd.generate(&names[2], Application { automatic: false, ..Application::default() });
    let all = ["a", "b", "c"].map(|name| stage.place.put(name, 1));
    repository.apply(Change::together(all).unwrap()).unwrap();
    assert!(matches!(repository.told().as_slice(), [SyncError::Refused { what, .. }] if what.contains(&names[1])));
    assert_eq!((stage.argo_cd.told(&names[0]), stage.argo_cd.told(&names[2])), (1, 1));
    // One that doesn't answer isn't waited for once for each.
    drop(repository);
    for name in &names {
        stage.argo_cd.generate(name, Application { deaf: true, ..Application::default() });
    }
    let settings = Settings { followers: vec![follower.clone()], patience: Duration::ZERO, ..stage.place.settings("cache") };
    let repository = Repository::open(settings).unwrap();
    let all = ["a", "b", "c"].map(|name| stage.place.put(name, 2));
    repository.apply(Change::together(all).unwrap()).unwrap();
    assert!(matches!(repository.told().as_slice(), [SyncError::Rest(_)]));
    assert_eq!(names.iter().map(|name| stage.argo_cd.told(name)).sum::<usize>(), 1);
    // What is gone needn't be told that it is.
    stage.argo_cd.remove(&names[0]);
    repository.apply(Change::delete(stage.place.locate("a"))).unwrap();
    assert_eq!(repository.told(), []);
}

#[test]
fn one_that_is_busy_is_told_again() {
    let stage = Stage::new();
    let follower = stage.follower(|settings| settings.operation = Operation::Sync);
    let repository = stage.open(&follower);
    stage.argo_cd.generate(NAME, Application { busy: 2, automatic: false, ..Application::default() });
    repository.apply(stage.place.put("shop", 1)).unwrap();
    assert_eq!(repository.told(), []);
    assert_eq!(stage.argo_cd.told(NAME), 1);
    stage.argo_cd.generate(NAME, Application { busy: 100, automatic: false, ..Application::default() });
    repository.apply(stage.place.put("shop", 2)).unwrap();
    assert!(matches!(repository.told().as_slice(), [SyncError::Busy { .. }]));
}

#[test]
fn what_landed_stays_if_nobody_can_be_told() -> Result<(), Error> {
    let stage = Stage::new();
    let strangers = stage.follower(|settings| settings.project = "other".to_owned());
    let repository = stage.open(&strangers);
    stage.argo_cd.generate(NAME, Application::default());
    let landed = repository.apply(stage.place.put("shop", 1))?;
    let told = repository.told();
    assert!(matches!(told.as_slice(), [SyncError::Refused { words, .. }] if words.contains("permission denied")), "{told:?}");
    assert!(stage.wait(&strangers, &repository, landed.commit, LIMIT).is_err());
    drop(repository);
    std::fs::write(stage.argo_cd.token_file(), "another-token").unwrap();
    let refused = stage.follower(|_| ());
    let repository = stage.open(&refused);
    repository.apply(stage.place.put("shop", 2))?;
    let told = format!("{:?} {refused:?}", repository.told());
    assert!(told.contains("it answers 401") && !told.contains("another-token"), "{told}");
    assert_eq!(stage.argo_cd.told(NAME), 0);
    Ok(())
}

/// The API of Kubernetes with Flux' objects, as far as they are looked at: a fake; the real one is asked in `tests/flux.rs`.
#[test]
fn what_flux_objects_say() {
    let place = Place::new();
    let repository = place.open("cache");
    let landed = repository.apply(place.put("shop", 1)).unwrap();
    let revision = format!("main@sha1:{}", landed.commit);
    let objects = Arc::new(Mutex::new(BTreeMap::<String, Value>::new()));
    let theirs = Arc::clone(&objects);
    let server = Json::start(move |request| {
        let found = theirs.lock().unwrap().get(&request.path).cloned();
        Some(found.map_or((404, json!({ "message": "page not found" })), |found| {
            let status = if found["kind"] == "Status" { 404 } else { 200 };
            (status, found)
        }))
    });
    let mut platform = runtime::platform().unwrap();
    platform.flux.kustomizations = vec!["releases".to_owned()];
    let flux = Follower::Flux(Flux::new(Kube::proxy(&server.url()).unwrap(), &platform));
    let kustomization = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/releases";
    let source = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/releases";
    let release = "/apis/services.example.org/v1alpha1/namespaces/acme-tenant/webapps/acme-tenant-shop-webapp";
    let ready =
        |status: &str, message: &str| json!([{ "type": "Ready", "status": status, "message": message, "observedGeneration": 2 }]);
    let of = |kind: &str| json!({ "sourceRef": { "kind": kind, "name": "releases" } });
    let good = json!({
        "metadata": { "name": "releases", "generation": 2 }, "spec": of("GitRepository"),
        "status": { "lastAppliedRevision": revision, "lastAttemptedRevision": revision, "conditions": ready("True", "Applied") },
    });
    let live = json!({ "metadata": { "generation": 2 }, "status": { "conditions": ready("True", "") } });
    let gone = json!({ "kind": "Status", "details": { "name": "acme-tenant-shop-webapp" } });
    let late =
        json!({ "lastAppliedRevision": "main@sha1:0000000000000000000000000000000000000000", "lastAttemptedRevision": "" });
    let failed = json!({ "lastAppliedRevision": "", "conditions": ready("False", "replicas: Invalid value") });
    for (over, other, state, says) in [
        (json!({}), live.clone(), State::Healthy, "is ready"),
        (json!({}), json!({ "metadata": { "generation": 3 }, "status": live["status"] }), State::Waiting, "isn't ready yet"),
        (
            json!({}),
            json!({ "metadata": { "generation": 2 }, "status": { "conditions": ready("False", "no pod") } }),
            State::Degraded,
            "no pod",
        ),
        (json!({}), json!({ "metadata": { "deletionTimestamp": "now" } }), State::Waiting, "is being deleted"),
        (json!({}), gone, State::Gone, "isn't there"),
        (json!({ "status": late }), live.clone(), State::Waiting, "hasn't applied the change yet"),
        (json!({ "status": failed }), live.clone(), State::Degraded, "replicas: Invalid value"),
        (json!({ "status": late, "spec": { "suspend": true } }), live.clone(), State::Failed, "is suspended"),
    ] {
        let mut shown = good.clone();
        manifest::lay(&mut shown, &over);
        *objects.lock().unwrap() = [(kustomization, shown), (source, json!({})), (release, other)]
            .map(|(path, object)| (path.to_owned(), object))
            .into();
        let status = flux.status(&place.locate("shop"), &mut repository.lineage(landed.commit)).unwrap();
        assert_eq!(status.state, state, "{over}: {}", status.reason);
        assert!(status.reason.contains(says), "{over}: {}", status.reason);
    }
    let ask = || flux.status(&place.locate("shop"), &mut repository.lineage(landed.commit));
    let behind = json!({ "metadata": good["metadata"], "spec": good["spec"], "status": late });
    for (there, state, says) in [
        (json!({ "spec": { "suspend": true } }), State::Failed, "the source of the Kustomization releases is suspended"),
        (
            json!({ "status": { "conditions": ready("False", "authentication required") } }),
            State::Degraded,
            "authentication required",
        ),
    ] {
        *objects.lock().unwrap() =
            [(kustomization, behind.clone()), (source, there)].map(|(path, object)| (path.to_owned(), object)).into();
        let status = ask().unwrap();
        assert_eq!(status.state, state, "{}", status.reason);
        assert!(status.reason.contains(says), "{}", status.reason);
    }
    // What isn't known isn't gone.
    *objects.lock().unwrap() = [(kustomization.to_owned(), good.clone())].into();
    assert!(matches!(ask(), Err(SyncError::Missing { .. })));
    *objects.lock().unwrap() = [(kustomization.to_owned(), json!({ "metadata": good["metadata"], "spec": of("Bucket") }))].into();
    assert!(matches!(ask(), Err(SyncError::Refused { words, .. }) if words.contains("says nothing of commits")));
}

fn trefoil(stage: &Stage, line: &str) -> Output {
    let mut command = support::trefoil(stage.place.folder.path());
    // A proxy isn't given what isn't encrypted.
    command.args(line.split(' ')).env("HTTP_PROXY", "http://127.0.0.1:9").env("KUBECONFIG", "");
    command.env("ARGOCD_SERVER", stage.argo_cd.url()).env("ARGOCD_AUTH_TOKEN", argo_cd::TOKEN).output().unwrap()
}

#[test]
fn from_the_command_line() {
    let stage = Stage::new();
    std::fs::write(stage.place.folder.path().join("shop.yaml"), stage.place.webapp("shop", 1).text()).unwrap();
    stage.argo_cd.generate(NAME, Application::default());
    let applied = trefoil(&stage, "apply -f shop.yaml --sync argo-cd --wait -o json");
    assert!(applied.status.success(), "{}", said(&applied));
    let rows: Value = serde_json::from_slice(&applied.stdout).unwrap();
    assert_eq!((rows[0]["effect"].as_str(), rows[0]["state"].as_str()), (Some("created"), Some("healthy")));
    let status = trefoil(&stage, "status acme/webapp/shop --sync argo-cd");
    assert!(status.status.success() && said(&status).contains("the Application acme-tenant-shop-webapp: it is Healthy"));
    stage.argo_cd.generate(NAME, Application { steps: vec![("SyncFailed", "Healthy")], ..Application::default() });
    let failed = trefoil(&stage, "status acme/webapp/shop --sync argo-cd --wait");
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("failed to apply"), "{}", said(&failed));
    stage.argo_cd.remove(NAME);
    let deleted = trefoil(&stage, "delete acme/webapp/shop --sync argo-cd --wait");
    assert!(deleted.status.success() && said(&deleted).contains("gone"), "{}", said(&deleted));
    // What has landed is told, also if its follower says nothing.
    stage.argo_cd.generate(NAME, Application { forbidden: true, ..Application::default() });
    let forbidden = trefoil(&stage, "apply -f shop.yaml --sync argo-cd --wait -o json");
    assert_eq!(forbidden.status.code(), Some(1), "{}", said(&forbidden));
    let rows: Value = serde_json::from_slice(&forbidden.stdout).unwrap();
    assert_eq!((rows[0]["effect"].as_str(), rows[0]["state"].as_str()), (Some("created"), Some("unknown")));
    assert!(said(&forbidden).contains("warning") && rows[0]["commit"].is_string(), "{}", said(&forbidden));
    let never = trefoil(&stage, "status acme/webapp/never --sync argo-cd");
    assert!(said(&never).contains("isn't there, and never was"), "{}", said(&never));
    assert_eq!(trefoil(&stage, "apply -f shop.yaml --wait").status.code(), Some(2));
}
