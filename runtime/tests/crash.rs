//! Kills, at any moment: what was acknowledged is there, and nothing is there twice.
//!
//! `KILLS` says how many (12 if it isn't set), `SEED` repeats a run.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runtime::{Change, CommitId, JobId, Remote, Repository, Settings, Since, Transport};
use support::Place;
use support::http::{Server, Trouble, unlock};
use support::random::Random;

/// Callers of one process.
const CALLERS: usize = 6;

/// Where a process is told what to do.
const WORK: &str = "TREFOIL_TEST_WORK";

/// Set for a process that pushes over HTTP by itself.
const DIRECT: &str = "TREFOIL_TEST_DIRECT";

/// Set for a process that serves the remote, too.
const SERVES: &str = "TREFOIL_TEST_SERVES";

/// The process that is killed: lands the jobs of a folder as a job table would have them landed, several at a time. What it has to
/// remember it writes down before it goes on.
#[test]
#[ignore = "another test starts it"]
fn worker() {
    let Some(work) = std::env::var_os(WORK).map(PathBuf::from) else { return };
    let place = Place::at(&work);
    let server = std::env::var_os(SERVES).map(|_| Server::start(&work, Trouble::default(), 1));
    let url = server.as_ref().map(|server| server.url("releases.git"));
    let url = url.unwrap_or_else(|| fs::read_to_string(work.join("url")).unwrap());
    let remote = Remote::parse(&url, "main").unwrap();
    let transport = if std::env::var_os(DIRECT).is_some() { Transport::Direct } else { Transport::Push };
    let patience = Duration::from_secs(60);
    let settings = Settings { configured: false, patience, transport, ..Settings::new(remote, work.join("cache")) };
    let repository = Repository::open(settings).unwrap();
    let jobs: Vec<String> = lines(&work.join("jobs"));
    let done: Vec<String> =
        lines(&work.join("done")).iter().filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect();
    let open: Vec<&String> = jobs.iter().filter(|job| !done.contains(job)).collect();
    let bases: BTreeMap<String, String> = lines(&work.join("bases"))
        .iter()
        .filter_map(|line| line.split_once(' '))
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect();
    let head = repository.snapshot().unwrap().head();
    let (ledger, basis) = (Mutex::new(append(&work.join("done"))), Mutex::new(append(&work.join("bases"))));
    println!("ready");
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while let Some(line) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let [job, name, tag] = parts(line);
                    // Every third job relies on its id alone.
                    let since = match tag.parse::<u32>().unwrap() % 3 {
                        0 => Since::Unknown,
                        _ => match bases.get(*line) {
                            Some(base) => Since::Head(base.parse::<CommitId>().ok()),
                            None => {
                                let base = head.map_or_else(|| "none".to_owned(), |head| head.to_string());
                                note(&basis, &format!("{line} {base}"));
                                Since::Head(head)
                            }
                        },
                    };
                    let change = Change::put(place.image(name, tag)).job(job.parse::<JobId>().unwrap(), since);
                    let landed = repository.apply(change).unwrap();
                    note(&ledger, &format!("{line} {}", landed.commit));
                }
            });
        }
    });
}

/// `<job>:<name>:<tag>`.
fn parts(line: &str) -> [&str; 3] {
    line.split(':').collect::<Vec<_>>().try_into().unwrap()
}

fn lines(path: &Path) -> Vec<String> {
    // A line that was being written when the process was killed was never acknowledged.
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
}

fn append(path: &Path) -> File {
    // Such a line is ended, so that the next one stands alone.
    let whole = fs::read_to_string(path).map_or(true, |text| text.is_empty() || text.ends_with('\n'));
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    if !whole {
        file.write_all(b"\n").unwrap();
    }
    file
}

fn note(file: &Mutex<File>, line: &str) {
    let mut file = file.lock().unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
    file.sync_data().unwrap();
}

/// What is killed, and how often.
struct Campaign {
    place: Place,
    random: Random,
    kills: u64,
    killed: u64,
    total: usize,
    lives: u32,
}

impl Campaign {
    fn new() -> Campaign {
        let number = |name: &str, other: u64| std::env::var(name).ok().map_or(other, |text| text.parse().unwrap());
        let (kills, seed) = (number("KILLS", 12), number("SEED", 20_261_121));
        println!("SEED={seed} KILLS={kills}");
        let place = Place::new();
        place.git(&["config", "http.receivepack", "true"]);
        Campaign { place, random: Random(seed), kills, killed: 0, total: 0, lives: 0 }
    }

    fn work(&self) -> &Path {
        self.place.folder.path()
    }

    /// Starts a process until all of them that are to be killed have been, and all there was to do is done; `prepare` makes it different,
    /// and `kill` ends it.
    fn run(&mut self, prepare: impl Fn(&mut Command), mut kill: impl FnMut(&Campaign, &mut Child)) {
        loop {
            let acknowledged = lines(&self.work().join("done")).iter().filter(|line| !line.is_empty()).count();
            let open = lines(&self.work().join("jobs")).len().saturating_sub(acknowledged);
            if self.killed < self.kills && open < 40 {
                // There is always more to do than a life is long.
                let mut jobs = append(&self.work().join("jobs"));
                for _ in 0..60 {
                    // Several change the same release, each in its own way: one that lands late undoes another.
                    writeln!(jobs, "{}:app-{}:{}", JobId::new(), self.total % 20, self.total).unwrap();
                    self.total += 1;
                }
            }
            if self.killed >= self.kills && open == 0 {
                return;
            }
            self.lives += 1;
            let mut worker = Command::new(std::env::current_exe().unwrap());
            worker.args(["--exact", "worker", "--ignored", "--nocapture"]).env(WORK, self.work()).stdout(Stdio::piped());
            if self.random.below(2) == 0 {
                worker.env(DIRECT, "1");
            }
            prepare(&mut worker);
            let mut worker = worker.spawn().unwrap();
            let mut output = BufReader::new(worker.stdout.take().unwrap());
            if self.killed < self.kills {
                // Now and then before it has begun to write; mostly while it does.
                if self.random.below(8) > 0 {
                    let mut line = String::new();
                    while !line.contains("ready") {
                        line.clear();
                        assert!(output.read_line(&mut line).unwrap() > 0, "the worker failed");
                    }
                }
                std::thread::sleep(Duration::from_micros(self.random.below(250_000)));
                kill(self, &mut worker);
                self.killed += u64::from(!worker.wait().unwrap().success());
            } else {
                std::io::copy(&mut output, &mut std::io::sink()).unwrap();
                assert!(worker.wait().unwrap().success());
            }
        }
    }

    /// Holds what the branch has, by its trailers, against what was asked for and what was acknowledged.
    fn check(&self) {
        let log =
            self.place.git(&["log", "--reverse", "--format=%H %(trailers:key=Release-Job,valueonly,separator=%x2C)", "main"]);
        let mut landed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in log.lines() {
            let (commit, job) = line.split_once(' ').unwrap();
            landed.entry(job).or_default().push(commit);
        }
        let jobs = lines(&self.work().join("jobs"));
        for line in &jobs {
            let [job, name, tag] = parts(line);
            let commits = landed.get(job).map(Vec::as_slice).unwrap_or_default();
            assert_eq!(commits.len(), 1, "the change of {name} to {tag} is in the branch {} times", commits.len());
            let text = self.place.git(&["show", &format!("{}:acme/webapp/{name}/manifest.yaml", commits[0])]);
            assert_eq!(text, self.place.image(name, tag).text().trim_end());
        }
        assert_eq!(landed.len(), jobs.len());
        for line in lines(&self.work().join("done")).iter().filter(|line| !line.is_empty()) {
            let Some((line, commit)) = line.split_once(' ') else { continue };
            let [job, ..] = parts(line);
            assert_eq!(landed[job], [commit], "what was acknowledged isn't what is there");
        }
        let files = self.place.git(&["ls-tree", "-r", "--name-only", "main"]);
        assert_eq!(files.lines().count(), self.total.min(20));
        assert_eq!(self.place.git(&["fsck", "--strict", "--no-dangling"]), "");
    }
}

#[test]
fn kills_lose_nothing_and_repeat_nothing() {
    let mut campaign = Campaign::new();
    let trouble = Trouble { swallow: 15, kill: 25, within: 60, credentials: None };
    let server = Server::start(campaign.work(), trouble, campaign.random.0);
    fs::write(campaign.work().join("url"), server.url("releases.git")).unwrap();
    campaign.run(|_| {}, |_, worker| worker.kill().unwrap());
    let count = |counter: &std::sync::atomic::AtomicU32| counter.load(Ordering::Relaxed);
    let counts = server.counts();
    println!(
        "{} jobs, {} lives, {} writers killed, {} pushes, {} receive-packs killed ({} locks left), {} answers swallowed",
        campaign.total,
        campaign.lives,
        campaign.killed,
        count(&counts.pushes),
        count(&counts.killed),
        count(&counts.locks),
        count(&counts.swallowed)
    );
    campaign.check();
}

/// The writer, its `git`, the server and its `receive-pack` at one moment: what was acknowledged until then is in the repository as it
/// lies on the disk.
#[test]
fn everything_killed_at_once() {
    let mut campaign = Campaign::new();
    let mut acknowledged = 0;
    let alone = |worker: &mut Command| {
        worker.env(SERVES, "1").process_group(0);
    };
    campaign.run(alone, |campaign, worker| {
        let group = worker.id();
        let killed = Command::new("kill").args(["-9", "--", &format!("-{group}")]).status().unwrap();
        assert!(killed.success());
        while is_alive(group) {
            std::thread::yield_now();
        }
        // As whoever starts the server again does it.
        unlock(&campaign.place.bare());
        let there: BTreeSet<String> = campaign.place.git(&["rev-list", "main"]).lines().map(str::to_owned).collect();
        let done = lines(&campaign.work().join("done"));
        acknowledged =
            done.iter().filter_map(|line| line.split_once(' ')).inspect(|(_, commit)| assert!(there.contains(*commit))).count();
    });
    println!("{} jobs, killed {} times; {acknowledged} acknowledged before the last time", campaign.total, campaign.killed);
    assert!(acknowledged > 0);
    campaign.check();
}

/// Whether some process of a group is there, and not only its remains.
fn is_alive(group: u32) -> bool {
    let output = Command::new("ps").args(["-A", "-o", "pgid=", "-o", "stat="]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.trim().split_once(' '))
        .any(|(id, state)| id == group.to_string() && !state.trim().starts_with('Z'))
}
