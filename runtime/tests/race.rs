//! Races: every acknowledged change is there, every lost race was told so, and the log is a legal order of what was acknowledged.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use runtime::{BlobId, Change, Effect, Error, Precondition, Remote, Repository, Settings};
use support::Place;
use support::http::{Server, Trouble};
use support::random::Random;

const PROCESSES: u64 = 8;
const WORK: &str = "TREFOIL_TEST_WORK";

/// One of the racing processes: reads a counter, writes it one higher if nobody else has, and says what became of it.
#[test]
#[ignore = "another test starts it"]
fn racer() {
    let Some(work) = std::env::var_os(WORK).map(PathBuf::from) else { return };
    let number: u64 = std::env::var("RACER").unwrap().parse().unwrap();
    let rounds: u64 = std::env::var("ROUNDS").unwrap().parse().unwrap();
    let place = Place::at(&work);
    let remote = Remote::parse(&std::fs::read_to_string(work.join("url")).unwrap(), "main").unwrap();
    let settings = Settings { configured: false, ..Settings::new(remote, work.join(format!("cache-{number}"))) };
    let repository = Repository::open(settings).unwrap();
    let mut random = Random(number);
    for round in 0..rounds {
        // Mostly one that all of them want, sometimes one of its own.
        if random.below(4) == 0 {
            let landed = repository.apply(Change::put(place.image(&format!("own-{number}-{round}"), "1"))).unwrap();
            println!("own {} {}", landed.commit, landed.path);
            continue;
        }
        let name = if random.below(2) == 0 { "counter" } else { "tally" };
        let found = repository.get(&place.locate(name).path).unwrap();
        let (precondition, value) = match &found {
            None => (Precondition::Absent, 0),
            Some((blob, text)) => (Precondition::Is(*blob), tag(text)),
        };
        match repository.apply(Change::put(place.image(name, &(value + 1).to_string())).when(precondition)) {
            Ok(landed) => {
                let (Effect::Created(blob) | Effect::Updated(blob)) = landed.effect() else { panic!("{landed:?}") };
                println!("won {name} {} {} {blob} {}", value + 1, landed.commit, basis(found.map(|(blob, _)| blob)));
            }
            Err(Error::Precondition { .. }) => println!("lost {name}"),
            Err(error) => panic!("{error}"),
        }
    }
}

fn basis(blob: Option<BlobId>) -> String {
    blob.map_or_else(|| "none".to_owned(), |blob| blob.to_string())
}

fn tag(text: &str) -> u64 {
    let manifest = runtime::manifest::yaml::read(text).unwrap();
    manifest["spec"]["values"]["image"]["tag"].as_str().unwrap().parse().unwrap()
}

fn race(rounds: u64, work: &Path) -> Vec<Vec<String>> {
    let start = |number: u64| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "racer", "--ignored", "--nocapture"])
            .env(WORK, work)
            .env("RACER", number.to_string())
            .env("ROUNDS", rounds.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let racers: Vec<_> = (0..PROCESSES).map(start).collect();
    let mut said = Vec::new();
    for racer in racers {
        let output = racer.wait_with_output().unwrap();
        assert!(output.status.success());
        let words = |line: &str| line.split(' ').map(str::to_owned).collect();
        let known = |line: &&str| ["own ", "won ", "lost "].iter().any(|word| line.starts_with(word));
        said.extend(String::from_utf8(output.stdout).unwrap().lines().filter(known).map(words).collect::<Vec<Vec<String>>>());
    }
    said
}

#[test]
fn a_race_has_one_winner_at_a_time() {
    let rounds = std::env::var("ROUNDS").ok().map_or(5, |rounds| rounds.parse().unwrap());
    let place = Place::new();
    place.git(&["config", "http.receivepack", "true"]);
    let server = Server::start(place.folder.path(), Trouble { swallow: 5, ..Trouble::default() }, 7);
    std::fs::write(place.folder.path().join("url"), server.url("releases.git")).unwrap();
    let said = race(rounds, place.folder.path());
    let of = |word: &str| said.iter().filter(|line| line[0] == word).collect::<Vec<_>>();
    let (own, won, lost) = (of("own"), of("won"), of("lost"));
    println!("{} of its own, {} won, {} lost", own.len(), won.len(), lost.len());
    assert_eq!(said.len() as u64, PROCESSES * rounds);
    // Each acknowledged change is one commit, and there is no other.
    let log: Vec<String> = place.git(&["rev-list", "--reverse", "main"]).lines().map(str::to_owned).collect();
    let mut commits: Vec<&String> = own.iter().map(|line| &line[1]).chain(won.iter().map(|line| &line[3])).collect();
    commits.sort();
    let mut sorted: Vec<&String> = log.iter().collect();
    sorted.sort();
    assert_eq!(commits, sorted);
    for line in &own {
        assert!(!place.git(&["ls-tree", "main", &line[2]]).is_empty(), "{line:?}");
    }
    // In the log's order each winner began with what the one before it had left.
    let order = |commit: &String| log.iter().position(|other| other == commit).unwrap();
    let mut chains: BTreeMap<&str, Vec<&&Vec<String>>> = BTreeMap::new();
    won.iter().for_each(|line| chains.entry(&line[1]).or_default().push(line));
    for (name, chain) in &mut chains {
        chain.sort_by_key(|line| order(&line[3]));
        let mut before = "none";
        for (i, line) in chain.iter().enumerate() {
            assert_eq!(line[2], (i + 1).to_string(), "{name}");
            assert_eq!(line[5], before, "{name}");
            before = &line[4];
        }
        let there = place.git(&["rev-parse", &format!("main:acme/webapp/{name}/manifest.yaml")]);
        assert_eq!(there, before);
    }
    assert_eq!(place.git(&["fsck", "--strict", "--no-dangling"]), "");
}
