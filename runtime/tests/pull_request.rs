//! Proposals: a branch and a pull request for each, however often they are sent. The forges are fakes; `git` and the repository are real.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use runtime::{
    Actor, Change, Effect, Error, ForgeError, ForgeKind, JobId, Outcome, Precondition, Remote, Repository, Since, Transport,
};
use support::Place;
use support::forge::{Fake, Pull, TOKEN, repository};
use support::http::{Server, Trouble};

const KINDS: [ForgeKind; 3] = [ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Gitea];

/// A repository with a release, and a forge.
fn begin(kind: ForgeKind) -> (Place, Repository, Fake) {
    let place = Place::new();
    let repository = place.open("cache");
    repository.apply(place.put("shop", 1)).unwrap();
    let fake = Fake::start(kind, &place.bare());
    (place, repository, fake)
}

fn order(change: Change) -> Change {
    change.job("order-7".parse().unwrap(), Since::Unknown)
}

fn branches(place: &Place) -> Vec<String> {
    let all = place.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/proposals"]);
    all.lines().map(str::to_owned).collect()
}

/// What a person does at the forge.
fn merge(place: &Place, fake: &Fake, squash: bool) {
    let head = place.git(&["rev-parse", "proposals/order-7"]);
    let tree = place.git(&["merge-tree", "--write-tree", "main", &head]);
    let message = place.git(&["log", "-1", "--format=%B", &head]);
    let by = ["-c", "user.name=Forge", "-c", "user.email=noreply@forge.example"];
    let mut args = by.to_vec();
    args.extend(["commit-tree", &tree, "-p", "main"]);
    args.extend(if squash { ["-m", &message].to_vec() } else { ["-p", &head, "-m", "Merge"].to_vec() });
    let merged = place.git(&args);
    place.git(&["update-ref", "refs/heads/main", &merged]);
    fake.state().pulls[0].state = "merged";
}

#[test]
fn each_forge_opens_a_pull_request() {
    for kind in KINDS {
        let (place, repository, fake) = begin(kind);
        let base = place.git(&["rev-parse", "main"]);
        let change = place.put("shop", 2).actor(Actor::new("Ann", "ann@acme.example")).message("Sale begins, @everyone");
        let job = change.id().clone();
        let proposed = repository.propose(change, &fake.forge(TOKEN)).unwrap();
        assert_eq!((proposed.outcome, &proposed.branch), (Outcome::Opened, &format!("proposals/{job}")), "{kind:?}");
        assert!(matches!(proposed.effects[..], [(_, Effect::Updated(_))]), "{proposed:?}");
        assert_eq!(place.git(&["rev-parse", &proposed.branch]), proposed.commit.to_string());
        assert_eq!(
            place.git(&["log", "-1", "--format=%an %(trailers:key=Release-Job,valueonly)", &proposed.branch]),
            format!("Ann {job}")
        );
        assert_eq!(
            place.git(&["show", &format!("{}:acme/webapp/shop/manifest.yaml", proposed.branch)]),
            place.webapp("shop", 2).text().trim_end()
        );
        let pull = fake.state().pulls[0].clone();
        assert_eq!(
            (pull.title.as_str(), pull.base.as_str(), pull.head),
            ("Update webapp shop of acme", "main", proposed.commit.to_string())
        );
        assert!(pull.body.starts_with("- Updates `acme/webapp/shop/manifest.yaml`\n"), "{}", pull.body);
        assert!(
            pull.body.contains("`Ann <ann@acme.example>`") && pull.body.contains("> `Sale begins, @everyone`"),
            "{}",
            pull.body
        );
        let url = proposed.pull.unwrap().url;
        assert!(url.starts_with("https://forge.example/acme/") && url.ends_with("/1"), "{url}");
        // The base is where it was, and the writer knows it.
        assert_eq!(place.git(&["rev-parse", "main"]), base);
        repository.apply(place.put("other", 1)).unwrap();
        assert_eq!(place.git(&["rev-parse", "main^"]), base);
    }
}

#[test]
fn each_operation_has_a_branch() {
    let (place, repository, fake) = begin(ForgeKind::GitHub);
    let first = repository.propose(place.put("shop", 2), &fake.forge(TOKEN)).unwrap();
    let second = repository.propose(Change::delete(place.locate("shop")), &fake.forge(TOKEN)).unwrap();
    assert_ne!(first.branch, second.branch);
    assert_eq!(branches(&place).len(), 2);
    assert_eq!(fake.state().pulls.len(), 2);
    assert_eq!(fake.state().pulls[1].title, "Delete webapp shop of acme");
}

#[test]
fn a_job_is_proposed_once() {
    for kind in KINDS {
        let (place, repository, fake) = begin(kind);
        let forge = fake.forge(TOKEN);
        let first = repository.propose(order(place.put("shop", 2)), &forge).unwrap();
        repository.apply(place.put("other", 1)).unwrap();
        // Another process, which knows nothing of it.
        let elsewhere = place.open("elsewhere");
        for _ in 0..2 {
            let again = elsewhere.propose(order(place.put("shop", 2)), &forge).unwrap();
            assert_eq!((again.outcome, again.commit, &again.pull), (Outcome::Waiting, first.commit, &first.pull), "{kind:?}");
            assert_eq!(again.effects, first.effects);
        }
        let other = elsewhere.propose(order(place.put("shop", 3)), &forge);
        assert!(matches!(other, Err(Error::JobReused { commit, .. }) if commit == first.commit), "{other:?}");
        assert_eq!((fake.state().posts, branches(&place).len()), (1, 1));

        // Somebody says no, and tidies up.
        fake.state().pulls[0].state = "closed";
        place.git(&["update-ref", "-d", "refs/heads/proposals/order-7"]);
        let closed = repository.propose(order(place.put("shop", 2)), &forge).unwrap();
        assert_eq!((closed.outcome, closed.commit, &closed.pull), (Outcome::Closed, first.commit, &first.pull), "{kind:?}");
        assert_eq!((fake.state().posts, branches(&place).len()), (1, 0));
    }
}

/// Each has a cache of its own, as other processes have.
#[test]
fn many_propose_one_job_at_once() {
    for kind in KINDS {
        let (place, _, fake) = begin(kind);
        let repositories: Vec<Repository> = (0..6).map(|i| place.open(&format!("cache-{i}"))).collect();
        let proposed: Vec<_> = std::thread::scope(|scope| {
            let propose = |repository| {
                let (place, forge) = (&place, fake.forge(TOKEN));
                scope.spawn(move || Repository::propose(repository, order(place.put("shop", 2)), &forge).unwrap())
            };
            let threads: Vec<_> = repositories.iter().map(propose).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let head = place.git(&["rev-parse", "proposals/order-7"]);
        assert!(proposed.iter().all(|one| one.commit.to_string() == head && one.pull == proposed[0].pull), "{proposed:?}");
        let opened = proposed.iter().filter(|one| one.outcome == Outcome::Opened).count();
        assert_eq!((opened, fake.state().pulls.len(), branches(&place).len()), (1, 1, 1), "{kind:?}");
    }
}

#[test]
fn a_lost_answer_of_the_forge_is_settled() {
    for kind in KINDS {
        let (place, repository, fake) = begin(kind);
        fake.state().swallow = 1;
        let proposed = repository.propose(order(place.put("shop", 2)), &fake.forge(TOKEN)).unwrap();
        assert_eq!((proposed.outcome, fake.state().pulls.len()), (Outcome::Opened, 1), "{kind:?}");

        let (place, repository, fake) = begin(kind);
        (fake.state().swallow, fake.state().deaf) = (1, 1);
        let error = repository.propose(order(place.put("shop", 2)), &fake.forge(TOKEN)).unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert!(error.to_string().ends_with("sent again as the job order-7, the proposal goes on from it"), "{error}");
        let again = repository.propose(order(place.put("shop", 2)), &fake.forge(TOKEN)).unwrap();
        assert_eq!((again.outcome, fake.state().pulls.len()), (Outcome::Waiting, 1), "{kind:?}");
    }
}

#[test]
fn a_lost_answer_of_the_push_is_settled() {
    let place = Place::new();
    place.open("other").apply(place.put("shop", 1)).unwrap();
    place.git(&["config", "http.receivepack", "true"]);
    let fake = Fake::start(ForgeKind::Gitea, &place.bare());
    let server = Server::start(place.folder.path(), Trouble { swallow: 100, ..Trouble::default() }, 1);
    for (cache, transport, replicas) in [("push", Transport::Push, 2), ("direct", Transport::Direct, 3)] {
        let mut settings = place.settings(cache);
        settings.remote = Remote::parse(&server.url("releases.git"), "main").unwrap();
        settings.transport = transport;
        let repository = Repository::open(settings).unwrap();
        let proposed = repository.propose(place.put("shop", replicas), &fake.forge(TOKEN)).unwrap();
        assert_eq!(proposed.outcome, Outcome::Opened, "{transport:?}");
        assert_eq!(place.git(&["rev-list", "--count", &format!("main..{}", proposed.branch)]), "1");
    }
    assert_eq!((fake.state().pulls.len(), branches(&place).len()), (2, 2));
    assert_eq!(place.git(&["fsck", "--strict"]), "");
}

#[test]
fn a_forge_that_refuses_says_what_is_there() {
    for kind in KINDS {
        let (place, repository, fake) = begin(kind);
        let error = repository.propose(order(place.put("shop", 2)), &fake.forge("another-t0ken")).unwrap_err();
        let Error::Forge { problem, branch: None, .. } = &error else { panic!("{error:?}") };
        assert!(matches!(**problem, ForgeError::Denied(..)), "{error}");
        assert!(error.to_string().contains("Bad credentials") && error.to_string().ends_with("; nothing was pushed"), "{error}");
        assert!(!format!("{error:?} {:?}", fake.forge("another-t0ken")).contains("t0ken"));
        assert_eq!((branches(&place).len(), fake.state().pulls.len()), (0, 0), "{kind:?}");

        for (status, again) in [(403, false), (404, false), (409, false), (422, false), (429, true), (503, true)] {
            fake.state().refuse = Some(status);
            let error = repository.propose(order(place.put("shop", 2)), &fake.forge(TOKEN)).unwrap_err();
            let Error::Forge { problem, branch: Some(_), .. } = &error else { panic!("{error:?}") };
            let right = match status {
                403 => matches!(**problem, ForgeError::Denied(..)),
                404 => matches!(**problem, ForgeError::Absent(..)),
                409 | 422 => matches!(**problem, ForgeError::Refused(..)),
                _ => matches!(**problem, ForgeError::Busy(..)),
            };
            assert!(right && error.is_transient() == again, "{error:?}");
            assert!(error.to_string().contains(&format!("it answers {status}: not now")), "{error}");
        }
        fake.state().refuse = None;
        let pushed = place.git(&["rev-parse", "proposals/order-7"]);
        let proposed = repository.propose(order(place.put("shop", 2)), &fake.forge(TOKEN)).unwrap();
        assert_eq!((proposed.outcome, proposed.commit.to_string()), (Outcome::Opened, pushed), "{kind:?}");
    }
}

#[test]
fn what_is_merged_is_not_proposed_again() {
    for kind in KINDS {
        for squash in [false, true] {
            let (place, repository, fake) = begin(kind);
            let forge = fake.forge(TOKEN);
            let change = || order(place.put("shop", 2).when(Precondition::Any));
            let first = repository.propose(change(), &forge).unwrap();
            merge(&place, &fake, squash);
            // The merged release has since become another.
            repository.apply(place.put("shop", 5)).unwrap();
            let again = repository.propose(change(), &forge).unwrap();
            assert_eq!(
                (again.outcome, again.commit, &again.pull),
                (Outcome::Landed, first.commit, &first.pull),
                "{kind:?} {squash}"
            );
            assert_eq!(again.effects, first.effects);
            place.git(&["update-ref", "-d", "refs/heads/proposals/order-7"]);
            let again = place.open("elsewhere").propose(change(), &forge).unwrap();
            assert_eq!((again.outcome, again.commit), (Outcome::Landed, first.commit), "{kind:?} {squash}");
            let other = repository.propose(order(place.put("shop", 3)), &forge);
            assert!(matches!(other, Err(Error::JobReused { .. })), "{other:?}");
            assert_eq!((fake.state().posts, branches(&place).len()), (1, 0));
        }
    }
    // Landed without a pull request.
    let (place, repository, fake) = begin(ForgeKind::GitHub);
    let landed = repository.apply(order(place.put("shop", 2))).unwrap();
    let again = repository.propose(order(place.put("shop", 2)), &fake.forge(TOKEN)).unwrap();
    assert_eq!((again.outcome, again.commit, again.pull), (Outcome::Landed, landed.commit, None));
    assert_eq!((fake.state().posts, branches(&place).len()), (0, 0));
}

#[test]
fn a_proposal_follows_its_base() {
    for kind in KINDS {
        let (place, repository, fake) = begin(kind);
        let forge = fake.forge(TOKEN);
        let first = repository.propose(order(place.put("shop", 2)), &forge).unwrap();
        repository.apply(Change::delete(place.locate("shop"))).unwrap();
        // A remote may bar that for all of its branches.
        let barred = repository.propose(order(place.put("shop", 2)), &forge);
        assert!(matches!(barred, Err(Error::Declined { .. })), "{barred:?}");
        assert_eq!(place.git(&["rev-parse", "proposals/order-7"]), first.commit.to_string());
        place.git(&["config", "receive.denyNonFastForwards", "false"]);
        let rebuilt = repository.propose(order(place.put("shop", 2)), &forge).unwrap();
        assert_eq!((rebuilt.outcome, &rebuilt.pull), (Outcome::Rebuilt, &first.pull), "{kind:?}");
        assert!(matches!(rebuilt.effects[..], [(_, Effect::Created(_))]), "{rebuilt:?}");
        assert_eq!(place.git(&["rev-parse", "proposals/order-7^"]), place.git(&["rev-parse", "main"]));
        let pull = fake.state().pulls[0].clone();
        assert_eq!((pull.title.as_str(), fake.state().pulls.len()), ("Add webapp shop of acme", 1), "{kind:?}");
        assert!(pull.body.starts_with("- Creates "), "{}", pull.body);
    }
}

#[test]
fn a_proposal_s_condition_is_held_against_its_base() {
    let (place, repository, fake) = begin(ForgeKind::GitLab);
    let forge = fake.forge(TOKEN);
    let absent = |name: &str| place.put(name, 1).when(Precondition::Absent).job(name.parse().unwrap(), Since::Unknown);
    assert!(matches!(repository.propose(absent("shop"), &forge), Err(Error::Precondition { .. })));
    assert_eq!(branches(&place).len(), 0);
    let first = repository.propose(absent("new"), &forge).unwrap();
    place.open("elsewhere").apply(place.put("new", 9)).unwrap();
    assert!(matches!(repository.propose(absent("new"), &forge), Err(Error::Precondition { .. })));
    assert_eq!(place.git(&["rev-parse", "proposals/new"]), first.commit.to_string());
}

#[test]
fn what_others_put_into_a_branch_stays() {
    let (place, repository, fake) = begin(ForgeKind::GitHub);
    let forge = fake.forge(TOKEN);
    let first = repository.propose(order(place.put("shop", 2)), &forge).unwrap();
    let tree = place.git(&["rev-parse", "main^{tree}"]);
    let by =
        ["-c", "user.name=Bob", "-c", "user.email=bob@acme.example", "commit-tree", &tree, "-p", "proposals/order-7", "-m", "x"];
    let theirs = place.git(&by);
    place.git(&["update-ref", "refs/heads/proposals/order-7", &theirs]);
    repository.apply(place.put("shop", 5)).unwrap();
    let again = repository.propose(order(place.put("shop", 2)), &forge).unwrap();
    assert_eq!((again.outcome, again.commit), (Outcome::Waiting, first.commit));
    assert_eq!(place.git(&["rev-parse", "proposals/order-7"]), theirs);

    place.git(&["update-ref", "refs/heads/proposals/order-8", "main"]);
    let job: JobId = "order-8".parse().unwrap();
    let taken = repository.propose(place.put("shop", 3).job(job, Since::New), &forge);
    assert!(matches!(taken, Err(Error::Branch { .. })), "{taken:?}");
}

#[test]
fn nothing_to_change_is_nothing_to_propose() {
    let (place, repository, fake) = begin(ForgeKind::Gitea);
    let proposed = repository.propose(place.put("shop", 1), &fake.forge(TOKEN)).unwrap();
    assert_eq!((proposed.outcome, proposed.pull), (Outcome::Unchanged, None));
    assert_eq!((fake.state().posts, branches(&place).len()), (0, 0));
}

#[test]
fn a_base_that_is_gone_or_rewritten_is_told() {
    let (place, repository, fake) = begin(ForgeKind::Gitea);
    let forge = fake.forge(TOKEN);
    place.foreign("M 100644 inline x\ndata 1\nx");
    repository.snapshot().unwrap();
    place.git(&["update-ref", "refs/heads/main", "main^"]);
    let told = repository.propose(place.put("shop", 2), &forge);
    assert!(matches!(told, Err(Error::Rewritten { is: Some(_), .. })), "{told:?}");
    assert_eq!(repository.propose(place.put("shop", 2), &forge).unwrap().outcome, Outcome::Opened);
    let empty = Place::new();
    let told = empty.open("cache").propose(empty.put("shop", 2), &forge);
    assert!(matches!(told, Err(Error::Barred { .. })), "{told:?}");
    assert_eq!(empty.git(&["for-each-ref"]), "");
}

#[test]
fn the_command_proposes() {
    let (place, repository_, fake) = begin(ForgeKind::GitHub);
    drop(repository_);
    let folder = place.folder.path();
    std::fs::write(folder.join("shop.yaml"), place.webapp("shop", 2).text()).unwrap();
    std::fs::write(folder.join("new.yaml"), place.webapp("new", 1).text()).unwrap();
    let run = |args: &str, token: &str| {
        let mut command = support::trefoil(folder);
        let forge = format!("--forge github --forge-api {} --forge-repository {}", fake.api(), repository(fake.kind));
        let line = args.replace("FORGE", &format!("--pull-request {forge}"));
        command.args(line.split(' ')).args(["--repo", "releases.git", "-o", "json"]);
        command.env("TREFOIL_FORGE_TOKEN", token).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap()
    };
    let output = run("apply -f shop.yaml -f new.yaml --atomic --job deploy-1 FORGE", TOKEN);
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = |i: usize, key: &str| rows[i][key].as_str().unwrap().to_owned();
    let words: Vec<String> =
        (0..2).map(|i| format!("{} {} {}", row(i, "release"), row(i, "effect"), row(i, "outcome"))).collect();
    assert_eq!(words, ["acme/webapp/shop updated opened", "acme/webapp/new created opened"]);
    assert_eq!(
        (row(0, "branch"), row(0, "url")),
        ("proposals/deploy-1".into(), "https://forge.example/acme/releases/pull/1".into())
    );
    assert_eq!(fake.state().pulls[0].title, "Change 2 releases");

    let dry = run("delete acme/webapp/shop --dry-run FORGE", TOKEN);
    assert_eq!((dry.status.code(), fake.state().pulls.len()), (Some(0), 1));
    assert_eq!(run("delete acme/webapp/shop --job d FORGE", TOKEN).status.code(), Some(0));
    assert_eq!(fake.state().pulls[1].title, "Delete webapp shop of acme");
    fake.state().pulls[1].state = "closed";
    let closed = run("delete acme/webapp/shop --job d FORGE", TOKEN);
    assert_eq!(closed.status.code(), Some(1), "{closed:?}");
    assert!(String::from_utf8_lossy(&closed.stderr).contains("pull/2 was closed"), "{closed:?}");

    let denied = run("delete acme/webapp/shop FORGE", "wr0ng");
    assert_eq!(denied.status.code(), Some(1), "{denied:?}");
    assert!(!format!("{denied:?}").contains("wr0ng"), "{denied:?}");
    fake.state().refuse = Some(503);
    assert_eq!(run("delete acme/webapp/shop FORGE", TOKEN).status.code(), Some(3));
    let unknown = run("delete acme/webapp/shop --pull-request", TOKEN);
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
    assert_eq!(run("delete acme/webapp/shop --forge github", TOKEN).status.code(), Some(2));
}

/// Whoever can fork a repository can call a branch as they like.
#[test]
fn a_fork_s_branch_is_not_ours() {
    for kind in KINDS {
        let (place, repository, fake) = begin(kind);
        let (branch, base) = ("proposals/order-7".to_owned(), "main".to_owned());
        let (title, body, head) = ("Mine".to_owned(), String::new(), "1".repeat(40));
        fake.state().pulls.push(Pull { number: 1, branch, base, title, body, state: "open", head, fork: true });
        let proposed = repository.propose(order(place.put("shop", 2)), &fake.forge(TOKEN)).unwrap();
        assert_eq!((proposed.outcome, proposed.pull.map(|pull| pull.number)), (Outcome::Opened, Some(2)), "{kind:?}");
        assert_eq!(fake.state().pulls[0].title, "Mine");
    }
}
