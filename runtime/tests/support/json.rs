//! A server of JSON for the tests' fakes of other systems: each says what it answers.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::http::{Request, read};

/// A status and a body; `None` closes the connection instead.
pub(crate) type Answer = Option<(u16, Value)>;

/// It ends when it is dropped.
pub(crate) struct Json {
    address: SocketAddr,
    closing: Arc<AtomicBool>,
}

impl Json {
    pub(crate) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Json {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let closing = Arc::new(AtomicBool::new(false));
        let (done, answer) = (Arc::clone(&closing), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let answer = Arc::clone(&answer);
                if let Ok(stream) = stream {
                    std::thread::spawn(move || serve(stream, &*answer));
                }
            }
        });
        Json { address, closing }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Answers the requests of one connection; whatever goes wrong with it ends it.
fn serve(mut stream: TcpStream, answer: &(impl Fn(&Request) -> Answer + ?Sized)) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    while let Some(request) = read(&mut reader, &mut stream) {
        let (status, body) = answer(&request)?;
        let body = body.to_string();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    }
    None
}

impl Drop for Json {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        TcpStream::connect(self.address).ok();
    }
}
