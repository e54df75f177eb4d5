//! Releases a second over smart HTTP on this machine, beside GitPython and the git command line, in one run.
//!
//! `cargo bench --profile dev -p runtime --bench delivery [-- FILES...]`: repositories of 1,000, 10,000 and 100,000 files, or of those named.
//! What is compared takes turns, and what is printed are ratios to GitPython in the same run. It needs `python3` with the package
//! GitPython; without it, ratios are to the git command line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use runtime::{Change, Remote, Repository, Settings, Transport};
use support::http::{Server, Trouble};
use support::{Place, feed};

/// Requests of one turn, for each way: it ends after this many, or this time.
const TURN: (usize, Duration) = (12, Duration::from_secs(6));
const ROUNDS: usize = 5;
const CALLERS: usize = 64;

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    for files in sizes {
        size(files);
    }
}

/// One way to put releases into Git: its name, and a turn of it, which returns the seconds of each request and of the whole turn.
struct Way<'a> {
    name: String,
    turn: Box<dyn FnMut(usize) -> (Vec<f64>, f64) + 'a>,
}

fn size(files: usize) {
    let place = Place::new();
    place.git(&["config", "http.receivepack", "true"]);
    place.git(&["config", "gc.auto", "0"]);
    fill(&place.bare(), files);
    let server = Server::start(place.folder.path(), Trouble::default(), 1);
    let url = server.url("releases.git");
    let open = |name: &str, transport| {
        let remote = Remote::parse(&url, "main").unwrap();
        let settings = Settings { configured: false, transport, ..Settings::new(remote, place.folder.path().join(name)) };
        let repository = Repository::open(settings).unwrap();
        repository.snapshot().unwrap();
        repository
    };
    let (default, direct) = (open("default", Transport::Push), open("direct", Transport::Direct));
    let python = python(&url, &place.folder.path().join("python"));
    let number = AtomicUsize::new(0);
    let next = || format!("bench-{}", number.fetch_add(1, Ordering::Relaxed));
    let mut ways = Vec::new();
    if let Some(python) = python {
        ways.push(Way { name: "GitPython".to_owned(), turn: Box::new(peer(python)) });
    }
    ways.push(Way { name: "git command line".to_owned(), turn: Box::new(command_line(&url, &place.folder.path().join("cli"))) });
    for (name, repository) in [("Trefoil", &default), ("Trefoil, direct", &direct)] {
        let (place, next) = (&place, &next);
        let alone = move |_| turn(1, repository, place, next);
        let together = move |_| turn(CALLERS, repository, place, next);
        ways.push(Way { name: name.to_owned(), turn: Box::new(alone) });
        ways.push(Way { name: format!("{name}, {CALLERS} callers"), turn: Box::new(together) });
    }
    let mut seen: Vec<(Vec<f64>, Vec<f64>)> = ways.iter().map(|_| Default::default()).collect();
    for round in 0..ROUNDS {
        for (way, (rates, each)) in ways.iter_mut().zip(&mut seen) {
            let (times, whole) = (way.turn)(round);
            rates.push(times.len() as f64 / whole);
            each.extend(times);
        }
    }
    let peer = median(&seen[0].0);
    let mut out = format!("\n{files} files, smart HTTP, {ROUNDS} rounds in turn; ratios to {}\n", ways[0].name);
    let _ = writeln!(out, "{:<32} {:>10} {:>9} {:>9} {:>9} {:>9}", "", "releases/s", "best", "p50 ms", "p99 ms", "ratio");
    for (way, (rates, each)) in ways.iter().zip(&mut seen) {
        each.sort_by(f64::total_cmp);
        let at = |part: f64| each[((each.len() - 1) as f64 * part) as usize] * 1000.0;
        let best = rates.iter().copied().fold(0.0, f64::max);
        let rate = median(rates);
        let _ =
            writeln!(out, "{:<32} {rate:>10.1} {best:>9.1} {:>9.1} {:>9.1} {:>8.1}×", way.name, at(0.5), at(0.99), rate / peer);
    }
    println!("{out}");
}

fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// So many callers at once, each with several releases of its own.
fn turn(callers: usize, repository: &Repository, place: &Place, next: &(impl Fn() -> String + Sync)) -> (Vec<f64>, f64) {
    let each = if callers == 1 { TURN.0 } else { 6 };
    // What is checked before a change is sent is the same for every way.
    let changes: Vec<Vec<Change>> =
        (0..callers).map(|_| (0..each).map(|_| Change::put(place.image(&next(), "1"))).collect()).collect();
    // Others have pushed since its last turn.
    repository.snapshot().unwrap();
    let begun = Instant::now();
    let times = std::thread::scope(|scope| {
        let threads: Vec<_> = changes
            .into_iter()
            .map(|changes| {
                scope.spawn(move || {
                    let mut times = Vec::new();
                    for change in changes {
                        let begun = Instant::now();
                        repository.apply(change).unwrap();
                        times.push(begun.elapsed().as_secs_f64());
                    }
                    times
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    (times, begun.elapsed().as_secs_f64())
}

/// A repository of so many files, each in a folder of its own, as tenants' releases lie.
fn fill(bare: &Path, files: usize) {
    let mut text = String::from("commit refs/heads/main\ncommitter bench <bench@example.org> 1700000000 +0000\ndata 4\nfill\n");
    for file in 0..files {
        let content = format!("kind: Webapp\nspec:\n  values:\n    name: app-{file}\n{}", "#".repeat(300));
        let path = format!("tenant-{:04}/webapp/app-{file}/manifest.yaml", file / 50);
        let _ = write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len());
    }
    feed(bare, &["fast-import", "--quiet"], text.as_bytes());
}

/// Starts the Python service, if there can be one.
fn python(url: &str, folder: &Path) -> Option<std::process::Child> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/gitpython.py");
    let known =
        Command::new("python3").args(["-c", "import git"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let mut command = Command::new("python3");
    command.arg(script).arg(url).arg(folder);
    known.then(|| command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
}

/// A turn of a program that waits for a line with the number of requests, and prints the seconds of each.
fn peer(mut child: std::process::Child) -> impl FnMut(usize) -> (Vec<f64>, f64) + use<> {
    use std::io::Write as _;
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    move |_| {
        let mut ask = |what: &str| -> f64 {
            writeln!(input, "{what}").unwrap();
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line.trim().parse().unwrap()
        };
        // Others have pushed since its last turn.
        ask("pull");
        let mut times: Vec<f64> = Vec::new();
        let begun = Instant::now();
        while times.len() < TURN.0 && begun.elapsed() < TURN.1 {
            times.push(ask("go"));
        }
        let whole = times.iter().sum();
        (times, whole)
    }
}

/// A clone with a work tree, and the command line's `add`, `commit` and `push`.
fn command_line(url: &str, folder: &Path) -> impl FnMut(usize) -> (Vec<f64>, f64) + use<> {
    let folder = folder.to_owned();
    let status = Command::new("git").args(["clone", "--quiet", url]).arg(&folder).status().unwrap();
    assert!(status.success());
    let mut number = 0;
    move |_| {
        let run = |args: &[&str]| {
            let status =
                Command::new("git").current_dir(&folder).args(["-c", "user.name=b", "-c", "user.email=b@x"]).args(args).status();
            assert!(status.unwrap().success(), "{args:?}");
        };
        // Others have pushed since its last turn.
        run(&["pull", "--quiet", "--rebase"]);
        let mut times: Vec<f64> = Vec::new();
        let all = Instant::now();
        while times.len() < TURN.0 && all.elapsed() < TURN.1 {
            number += 1;
            let begun = Instant::now();
            let path = format!("bench/webapp/cli-{number}/manifest.yaml");
            std::fs::create_dir_all(folder.join(&path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(&path), format!("kind: Webapp\nspec: {{name: cli-{number}}}\n{}", "#".repeat(300)))
                .unwrap();
            run(&["add", "--", &path]);
            run(&["commit", "--quiet", "-m", "x"]);
            run(&["push", "--quiet", "origin", "HEAD:main"]);
            times.push(begun.elapsed().as_secs_f64());
        }
        let whole = times.iter().sum();
        (times, whole)
    }
}
