//! Releases a second over smart HTTP on this machine, beside GitPython and the git command line, in one run.
//!
//! `cargo bench --profile dev -p runtime --bench delivery [-- FILES... WORD]`: repositories of 1,000, 10,000 and 100,000 files, or of
//! those named; with a word, only the ways whose name has it. What is compared takes turns, each of which begins with the same
//! repository, and what is printed are ratios to GitPython in the same run. It needs `python3` with the package GitPython; without it,
//! ratios are to the git command line.
//!
//! The remote is as `git init --bare` makes it, but for garbage collection, which would begin in the middle of somebody's turn.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark")]

#[path = "peers/mod.rs"]
mod peers;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use manifest::identity::Identity;
use manifest::layout::Parts;
use runtime::{Change, Remote, Repository, Settings, Transport, manifest};
use serde_json::json;
use support::http::{Server, Trouble};
use support::{Place, git};

/// Requests of one turn, for each caller: it ends after this many, or this time.
const ALONE: usize = 12;
const EACH: usize = 24;
const TURN: Duration = Duration::from_secs(6);
const ROUNDS: usize = 5;
const CALLERS: usize = 64;

/// Files of one tenant.
const TENANT: usize = 50;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [task, folder, url, transport] = &args[..]
        && task == "memory"
    {
        return memory(Path::new(folder), url, transport);
    }
    let sizes: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    let word = args.iter().find(|arg| arg.parse::<usize>().is_err()).map_or("", String::as_str);
    for files in sizes {
        size(files, word);
    }
}

/// One way to put releases into Git: its name, and a turn of it, which returns the seconds of each request and of the whole turn.
struct Way<'a> {
    name: String,
    turn: Box<dyn FnMut() -> (Vec<f64>, f64) + 'a>,
}

/// What was measured of a way.
#[derive(Default)]
struct Seen {
    rates: Vec<f64>,
    times: Vec<f64>,
    pushes: u32,
}

fn size(files: usize, word: &str) {
    let base = Base::new(files);
    let server = Server::start(base.place.folder.path(), Trouble::default(), 1);
    let url = server.url("releases.git");
    let folder = |name: &str| base.place.folder.path().join(name);
    let (default, direct) = (open(&url, &folder("default"), Transport::Push), open(&url, &folder("direct"), Transport::Direct));
    let next = Next { place: &base.place, tenants: files.div_ceil(TENANT), number: AtomicUsize::new(0) };
    let mut ways = Vec::new();
    if let Some(turn) = peers::python(&url, &folder("python"), ALONE, TURN) {
        ways.push(Way { name: "GitPython".to_owned(), turn: Box::new(turn) });
    }
    let turn = peers::command_line(&url, &folder("cli"), ALONE, TURN);
    ways.push(Way { name: "git command line".to_owned(), turn: Box::new(turn) });
    for (name, repository) in [("Trefoil", &default), ("Trefoil, direct", &direct)] {
        let next = &next;
        ways.push(Way { name: name.to_owned(), turn: Box::new(move || turn_of(1, ALONE, repository, next)) });
        let turn = move || turn_of(CALLERS, EACH, repository, next);
        ways.push(Way { name: format!("{name}, {CALLERS} callers"), turn: Box::new(turn) });
    }
    ways.retain(|way| way.name.contains(word));
    let mut seen: Vec<Seen> = ways.iter().map(|_| Seen::default()).collect();
    for _ in 0..ROUNDS {
        for (way, seen) in ways.iter_mut().zip(&mut seen) {
            base.restore();
            let pushes = || server.counts().pushes.load(Ordering::Relaxed);
            let before = pushes();
            let (times, whole) = (way.turn)();
            // The first one was for warming up.
            seen.pushes += pushes() - before - 1;
            seen.rates.push(times.len() as f64 / whole);
            seen.times.extend(times);
        }
    }
    let names: Vec<&str> = ways.iter().map(|way| way.name.as_str()).collect();
    println!("{}", table(files, &names, &mut seen));
    for transport in ["push", "direct"] {
        base.restore();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["memory", &folder(&format!("{transport}-memory")).to_string_lossy(), &url, transport])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        println!("{files} files, {transport}: {}", String::from_utf8_lossy(&child.stdout).trim());
    }
}

fn table(files: usize, names: &[&str], seen: &mut [Seen]) -> String {
    let peer = median(&seen[0].rates);
    let mut out = format!("\n{files} files, smart HTTP, {ROUNDS} rounds in turn; ratios to {}\n", names[0]);
    let head = ["releases/s", "best", "p50 ms", "p99 ms", "a push", "ratio"];
    let _ = write!(out, "{:<32}", "");
    head.iter().for_each(|title| out.push_str(&format!(" {title:>10}")));
    for (name, Seen { rates, times, pushes }) in names.iter().zip(seen) {
        times.sort_by(f64::total_cmp);
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize] * 1000.0;
        let best = rates.iter().copied().fold(0.0, f64::max);
        let (rate, batch) = (median(rates), times.len() as f64 / f64::from(*pushes));
        let (p50, p99, ratio) = (at(0.5), at(0.99), rate / peer);
        let _ = write!(out, "\n{name:<32} {rate:>10.1} {best:>10.1} {p50:>10.1} {p99:>10.1} {batch:>10.1} {ratio:>9.1}×");
    }
    out
}

fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn open(url: &str, cache: &Path, transport: Transport) -> Repository {
    let remote = Remote::parse(url, "main").unwrap();
    let repository = Repository::open(Settings { configured: false, transport, ..Settings::new(remote, cache) }).unwrap();
    repository.snapshot().unwrap();
    repository
}

/// Makes changes, each of a new release of one of the tenants that are there.
struct Next<'a> {
    place: &'a Place,
    tenants: usize,
    number: AtomicUsize,
}

impl Next<'_> {
    fn change(&self) -> Change {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        // Neighbours in time are none in the tree.
        let tenant = format!("tenant-{:04}", number * 7919 % self.tenants);
        let path = format!("{tenant}/webapp/bench-{number}/manifest.yaml");
        let values =
            json!({ "tenant": tenant, "name": format!("bench-{number}"), "image": { "repository": "nginx", "tag": "1" } });
        let identity = Identity::from_path(&path).unwrap();
        Change::put(self.place.catalog.release(&identity, &Parts::new(), values).unwrap())
    }
}

/// So many callers at once, each with several releases of its own.
fn turn_of(callers: usize, each: usize, repository: &Repository, next: &Next<'_>) -> (Vec<f64>, f64) {
    // What is checked before a change is sent is the same for every way.
    let changes: Vec<Vec<Change>> = (0..callers).map(|_| (0..each).map(|_| next.change()).collect()).collect();
    // The branch is another since its last turn.
    repository.snapshot().unwrap();
    repository.apply(next.change()).unwrap();
    let begun = Instant::now();
    let times = std::thread::scope(|scope| {
        let threads: Vec<_> = changes
            .into_iter()
            .map(|changes| {
                scope.spawn(move || {
                    let mut times = Vec::new();
                    for change in changes {
                        let sent = Instant::now();
                        repository.apply(change).unwrap();
                        times.push(sent.elapsed().as_secs_f64());
                        if begun.elapsed() > TURN {
                            break;
                        }
                    }
                    times
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    (times, begun.elapsed().as_secs_f64())
}

/// A process that does nothing but land releases, and says how much memory it took at most: that of the benchmark has the server in it.
fn memory(cache: &Path, url: &str, transport: &str) {
    let place = Place::at(cache);
    let transport = if transport == "direct" { Transport::Direct } else { Transport::Push };
    let peak = || -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    };
    let before = peak();
    let repository = open(url, cache, transport);
    let next = Next { place: &place, tenants: 20, number: AtomicUsize::new(0) };
    let (times, _) = turn_of(CALLERS, EACH, &repository, &next);
    println!(
        "{} releases in a process of its own took {} MB at most, {} before the first",
        times.len(),
        peak() >> 10,
        before >> 10
    );
}

/// A remote to which every turn returns.
struct Base {
    place: Place,
    head: String,
    packs: Vec<PathBuf>,
}

impl Base {
    /// A repository of so many files, each in a folder of its own, as tenants' releases lie.
    fn new(files: usize) -> Base {
        let place = Place::at(&tempfile::tempdir().unwrap().keep());
        let bare = place.bare();
        let made = Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(&bare).status();
        assert!(made.unwrap().success());
        place.git(&["config", "http.receivepack", "true"]);
        place.git(&["config", "receive.autogc", "false"]);
        fill(&bare, files);
        let packs = std::fs::read_dir(bare.join("objects/pack")).unwrap().map(|entry| entry.unwrap().path()).collect();
        Base { head: git(&bare, &["rev-parse", "main"]), packs, place }
    }

    /// Takes away what was pushed.
    fn restore(&self) {
        self.place.git(&["update-ref", "refs/heads/main", &self.head]);
        for folder in std::fs::read_dir(self.place.bare().join("objects")).unwrap().map(|entry| entry.unwrap().path()) {
            if !folder.ends_with("pack") && !folder.ends_with("info") {
                std::fs::remove_dir_all(folder).unwrap();
            }
        }
        for pack in std::fs::read_dir(self.place.bare().join("objects/pack")).unwrap().map(|entry| entry.unwrap().path()) {
            if !self.packs.contains(&pack) {
                std::fs::remove_file(pack).unwrap();
            }
        }
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        std::fs::remove_dir_all(self.place.folder.path()).ok();
    }
}

fn fill(bare: &Path, files: usize) {
    use std::io::Write;
    let mut command = Command::new("git");
    let mut child = command.arg("--git-dir").arg(bare).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = std::io::BufWriter::new(child.stdin.take().unwrap());
    input.write_all(b"commit refs/heads/main\ncommitter bench <bench@example.org> 1700000000 +0000\ndata 4\nfill\n").unwrap();
    for file in 0..files {
        let content = format!("kind: Webapp\nspec:\n  values:\n    name: app-{file}\n{}", "#".repeat(300));
        let path = format!("tenant-{:04}/webapp/app-{file}/manifest.yaml", file / TENANT);
        write!(input, "M 100644 inline {path}\ndata {}\n{content}\n", content.len()).unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}
