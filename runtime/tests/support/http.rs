//! A server of smart HTTP around the real `git http-backend`, which can be made to swallow answers and to kill what it runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::random::Random;

/// What goes wrong, in parts of a hundred of all pushes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    /// The push is done, and the answer is lost.
    pub swallow: u64,
    /// `git receive-pack` is killed at a random moment.
    pub kill: u64,
    /// The longest time until it is killed, in milliseconds.
    pub within: u64,
    /// Who doesn't say this user and password is refused.
    pub credentials: Option<&'static str>,
}

pub(crate) struct Server {
    address: SocketAddr,
    closing: Arc<AtomicBool>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub pushes: AtomicU32,
    pub swallowed: AtomicU32,
    pub killed: AtomicU32,
    /// Locks that a killed process left, and that the server removed as its operator would.
    pub locks: AtomicU32,
    /// Held by every push, and alone by whoever removes locks.
    gate: RwLock<()>,
}

pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A header, by its name in small letters; empty if it isn't there.
    pub(crate) fn header(&self, wanted: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == wanted).map_or("", |(_, value)| value.as_str())
    }
}

impl Server {
    /// Serves the bare repositories in a folder until it is dropped.
    pub(crate) fn start(folder: &Path, trouble: Trouble, seed: u64) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (closing, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let (done, counted, folder) = (Arc::clone(&closing), Arc::clone(&counts), folder.to_owned());
        std::thread::spawn(move || {
            let mut number = seed;
            for stream in listener.incoming() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let (folder, counts, random) = (folder.clone(), Arc::clone(&counted), number);
                if let Ok(stream) = stream {
                    std::thread::spawn(move || answer(stream, &folder, trouble, &counts, Random(random)));
                }
            }
        });
        Server { address, closing, counts }
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        TcpStream::connect(self.address).ok();
    }
}

/// Answers the requests of one connection; whatever goes wrong with it ends it.
fn answer(stream: TcpStream, folder: &Path, trouble: Trouble, counts: &Counts, mut random: Random) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    while let Some(request) = read(&mut reader, &mut stream) {
        if let Some(credentials) = trouble.credentials
            && request.header("authorization") != format!("Basic {}", BASE64_STANDARD.encode(credentials))
        {
            let text = "HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=\"releases\"\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(text.as_bytes()).ok()?;
            continue;
        }
        let pushes = request.path.ends_with("/git-receive-pack") && request.method == "POST";
        let chance = random.below(100);
        let kill = (pushes && chance < trouble.kill).then(|| Duration::from_micros(random.below(trouble.within * 1000)));
        let output = backend(&request, folder, kill, counts)?;
        if pushes {
            counts.pushes.fetch_add(1, Ordering::Relaxed);
            if chance >= trouble.kill && chance < trouble.kill + trouble.swallow {
                counts.swallowed.fetch_add(1, Ordering::Relaxed);
                return None;
            }
        }
        respond(&mut stream, &output)?;
    }
    None
}

pub(crate) fn read(reader: &mut BufReader<TcpStream>, stream: &mut TcpStream) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(':') {
            Some((key, value)) => headers.push((key.to_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let header = |wanted: &str| headers.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
    if header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let mut body = Vec::new();
    if header("transfer-encoding") == Some("chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let length = u64::from_str_radix(line.trim(), 16).ok()?;
            reader.by_ref().take(length).read_to_end(&mut body).ok()?;
            let mut end = [0; 2];
            reader.read_exact(&mut end).ok()?;
            if length == 0 {
                break;
            }
        }
    } else if let Some(length) = header("content-length") {
        reader.by_ref().take(length.parse().ok()?).read_to_end(&mut body).ok()?;
    }
    Some(Request { method, path, query, headers, body })
}

/// Runs a request; after a kill, what an operator does then.
fn backend(request: &Request, folder: &Path, kill: Option<Duration>, counts: &Counts) -> Option<Vec<u8>> {
    let (output, killed) = {
        let _push = counts.gate.read().unwrap();
        run(request, folder, kill)
    };
    if killed {
        let _alone = counts.gate.write().unwrap();
        counts.killed.fetch_add(1, Ordering::Relaxed);
        let repository = folder.join(request.path.trim_start_matches('/').split('/').next()?);
        counts.locks.fetch_add(unlock(&repository), Ordering::Relaxed);
    }
    (!output.is_empty()).then_some(output)
}

/// The program itself, as a web server runs it: `git http-backend` would be one process more.
static BACKEND: LazyLock<PathBuf> = LazyLock::new(|| {
    let output = Command::new("git").arg("--exec-path").output().unwrap();
    Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("git-http-backend")
});

/// Runs `git http-backend` (CGI, RFC 3875), and returns when all that it started has ended; with `kill` all of that is killed after that
/// time.
fn run(request: &Request, folder: &Path, kill: Option<Duration>) -> (Vec<u8>, bool) {
    let mut command = Command::new(&*BACKEND);
    command
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "somebody")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if kill.is_some() {
        command.stderr(Stdio::piped()).process_group(0);
    }
    let mut child = command.spawn().unwrap();
    let group = child.id();
    let killer = kill.map(|after| {
        std::thread::spawn(move || {
            std::thread::sleep(after);
            Command::new("kill").args(["-9", "--", &format!("-{group}")]).stderr(Stdio::null()).status().unwrap().success()
        })
    });
    let mut input = child.stdin.take().unwrap();
    let mut output = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(&request.body).ok());
        child.stdout.take().unwrap().read_to_end(&mut output).ok();
    });
    if let Some(mut end) = child.stderr.take() {
        // Whatever was started holds the other end, so that this one ends with the last of them.
        end.read_to_end(&mut Vec::new()).ok();
    }
    child.wait().ok();
    (output, killer.is_some_and(|killer| killer.join().unwrap()))
}

/// What whoever runs the server does after its processes were killed: removes the locks that no process holds any more, of the branch
/// and of HEAD.
pub(crate) fn unlock(repository: &Path) -> u32 {
    let mut removed = 0;
    let mut folders: Vec<PathBuf> = vec![repository.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && entry.file_name() != "objects" {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "lock") && std::fs::remove_file(&path).is_ok() {
                removed += 1;
            }
        }
    }
    removed
}

fn respond(stream: &mut TcpStream, output: &[u8]) -> Option<()> {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let body = &output[end + 4..];
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let headers: String = head.lines().filter(|line| !line.starts_with("Status: ")).map(|line| format!("{line}\r\n")).collect();
    let text = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[text.as_bytes(), body].concat()).ok()?;
    stream.flush().ok()
}
