//! Pushing over smart HTTP in one request: a pack of what is new, and the reference's old and new value, which the server compares and
//! swaps (gitprotocol-http(5), gitprotocol-pack(5)).

use gix::ObjectId;

use crate::credential::Credential;
use crate::git::{Git, Pushed, is_race};
use crate::pack::{New, pack};
use crate::remote::redacted;
use crate::rest::agent;

/// The longest answer that is read, in bytes.
const ANSWER: u64 = 1 << 20;

pub(crate) struct Direct {
    agent: ureq::Agent,
    git: Git,
    url: String,
    reference: String,
    /// What the remote has asked for.
    credential: Option<Credential>,
}

impl Direct {
    /// To the remote of `git`, which knows its credentials.
    pub(crate) fn new(git: &Git) -> Direct {
        let config = agent(git.remote.url(), git.timeout).build();
        let url = format!("{}/git-receive-pack", git.remote.url().trim_end_matches('/'));
        Direct { agent: config.into(), git: git.clone(), url, reference: git.remote.reference(), credential: None }
    }

    /// Makes the remote's branch `new` if it is `old`.
    pub(crate) fn push(&mut self, old: Option<ObjectId>, new: ObjectId, objects: &[New]) -> Pushed {
        let body = match request(&self.reference, old, new, objects) {
            Ok(body) => body,
            Err(error) => return Pushed::Failed { reason: error.to_string(), sent: false },
        };
        let sent = self.send_known(&body);
        let mut response = match sent {
            Ok(response) => response,
            Err(error @ (ureq::Error::HostNotFound | ureq::Error::ConnectionFailed)) => {
                return Pushed::Failed { reason: redacted(&error.to_string()), sent: false };
            }
            Err(error) => return unknown(redacted(&error.to_string())),
        };
        match response.status().as_u16() {
            200 => {}
            status @ (401 | 403 | 404) => return Pushed::Barred(format!("it answers {status} to a push")),
            status => return unknown(format!("the remote answers {status} to a push")),
        }
        match response.body_mut().with_config().limit(ANSWER).read_to_vec() {
            Ok(answer) => report(&answer, &self.reference),
            Err(error) => unknown(redacted(&error.to_string())),
        }
    }

    /// Sends it, with other credentials if those that are known are none any more.
    fn send_known(&mut self, body: &[u8]) -> Sent {
        let status = |sent: &Sent| sent.as_ref().map(|response| response.status().as_u16()).ok();
        let first = self.send(body);
        if status(&first) != Some(401) {
            return first;
        }
        if let Some(old) = self.credential.take() {
            old.judge(&self.git, false);
        }
        self.credential = Credential::of(&self.git);
        let Some(credential) = self.credential.clone() else { return first };
        let again = self.send(body);
        match status(&again) {
            Some(200) => credential.judge(&self.git, true),
            Some(401) => {
                credential.judge(&self.git, false);
                self.credential = None;
            }
            _ => {}
        }
        again
    }

    fn send(&self, body: &[u8]) -> Sent {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/x-git-receive-pack-request")
            .header("Accept", "application/x-git-receive-pack-result");
        if let Some(credential) = &self.credential {
            request = request.header("Authorization", credential.basic());
        }
        request.send(body)
    }
}

type Sent = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

fn unknown(reason: String) -> Pushed {
    Pushed::Failed { reason, sent: true }
}

/// One command, and the pack.
fn request(reference: &str, old: Option<ObjectId>, new: ObjectId, objects: &[New]) -> std::io::Result<Vec<u8>> {
    let old = old.unwrap_or_else(|| ObjectId::null(gix::hash::Kind::Sha1));
    let command = format!("{} {} {reference}\0report-status atomic agent=trefoil", old.to_hex(), new.to_hex());
    let mut body = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
    body.extend_from_slice(&pack(objects)?.bytes);
    Ok(body)
}

/// Reads `report-status`. Whatever doesn't speak of our reference says nothing of what became of it.
fn report(answer: &[u8], reference: &str) -> Pushed {
    let mut rest = answer;
    while let Some((length, tail)) = rest.split_at_checked(4) {
        let length = std::str::from_utf8(length).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let Some(length) = length else { break };
        let Some((line, tail)) = length.checked_sub(4).map_or(Some((&[][..], tail)), |length| tail.split_at_checked(length))
        else {
            break;
        };
        rest = tail;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        if line.strip_prefix("ok ") == Some(reference) {
            return Pushed::Landed;
        }
        if let Some(reason) = line.strip_prefix("ng ").and_then(|rest| rest.strip_prefix(reference)) {
            let reason = redacted(reason.trim());
            return match reason.as_str() {
                reason if is_race(reason) => Pushed::Lost,
                "unpacker error" => unknown(reason),
                _ => Pushed::Declined(reason),
            };
        }
    }
    unknown("the remote's answer says nothing of the branch".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports() {
        let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
        let answer = |text: &str| format!("{}{}0000", line("unpack ok\n"), line(text));
        let read = |text: &str| report(answer(text).as_bytes(), "refs/heads/main");
        assert_eq!(read("ok refs/heads/main\n"), Pushed::Landed);
        assert_eq!(read("ng refs/heads/main failed to update ref\n"), Pushed::Lost);
        assert_eq!(
            read("ng refs/heads/main pre-receive hook declined\n"),
            Pushed::Declined("pre-receive hook declined".to_owned())
        );
        for other in ["ok refs/heads/other\n", "ng refs/heads/main unpacker error\n", "x\n"] {
            assert!(matches!(read(other), Pushed::Failed { sent: true, .. }), "{other}");
        }
        for broken in ["", "0", "zzzz", "0fff", "0001"] {
            assert!(matches!(report(broken.as_bytes(), "refs/heads/main"), Pushed::Failed { sent: true, .. }), "{broken}");
        }
    }
}
