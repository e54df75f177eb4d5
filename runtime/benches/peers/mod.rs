//! What others do: one request after the other, each in a clone with a work tree.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A turn of a Python service, if there can be one.
pub(crate) fn python(url: &str, folder: &Path, most: usize, time: Duration) -> Option<impl FnMut() -> (Vec<f64>, f64) + use<>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/gitpython.py");
    let known =
        Command::new("python3").args(["-c", "import git"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let mut command = Command::new("python3");
    command.arg(script).arg(url).arg(folder);
    let mut child = known.then(|| command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())?;
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut answer = move || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    };
    answer();
    let mut ask = move |what: &str| -> f64 {
        writeln!(input, "{what}").unwrap();
        answer().parse().unwrap()
    };
    Some(move || {
        ask("reset");
        ask("go");
        requests(most, time, || ask("go"))
    })
}

/// A turn of the command line's `add`, `commit` and `push`.
pub(crate) fn command_line(url: &str, folder: &Path, most: usize, time: Duration) -> impl FnMut() -> (Vec<f64>, f64) + use<> {
    let folder = folder.to_owned();
    let clone = Command::new("git").args(["clone", "--quiet", "--config", "gc.auto=0", url]).arg(&folder).status().unwrap();
    assert!(clone.success());
    let mut number = 0;
    move || {
        let run = |args: &[&str]| {
            let status =
                Command::new("git").current_dir(&folder).args(["-c", "user.name=b", "-c", "user.email=b@x"]).args(args).status();
            assert!(status.unwrap().success(), "{args:?}");
        };
        run(&["fetch", "--quiet"]);
        run(&["reset", "--quiet", "--hard", "origin/main"]);
        let mut request = || {
            number += 1;
            let begun = Instant::now();
            let path = format!("bench/webapp/cli-{number}/manifest.yaml");
            std::fs::create_dir_all(folder.join(&path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(&path), format!("kind: Webapp\nspec: {{name: cli-{number}}}\n{}", "#".repeat(300)))
                .unwrap();
            run(&["add", "--", &path]);
            run(&["commit", "--quiet", "-m", "x"]);
            run(&["push", "--quiet", "origin", "HEAD:main"]);
            begun.elapsed().as_secs_f64()
        };
        request();
        requests(most, time, request)
    }
}

/// Requests until there were so many, or so much time has passed.
fn requests(most: usize, time: Duration, mut request: impl FnMut() -> f64) -> (Vec<f64>, f64) {
    let mut times: Vec<f64> = Vec::new();
    let begun = Instant::now();
    while times.len() < most && begun.elapsed() < time {
        times.push(request());
    }
    let whole = times.iter().sum();
    (times, whole)
}
