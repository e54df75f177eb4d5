//! Commits: one a change, with trailers that say which.

use std::time::{SystemTime, UNIX_EPOCH};

use gix::ObjectId;
use gix::actor::Signature;
use gix::date::Time;
use gix::objs::{Commit, WriteTo};
use manifest::identity::Identity;

use crate::change::{Actor, Change, Edit, Effect};
use crate::error::Error;
use crate::sign::Signing;
use crate::store::Store;

const JOB: &str = "Release-Job";
const HASH: &str = "Release-Request-Sha256";

/// Longest text of an actor's in a commit, in characters.
const WORDS_MAX: usize = 4000;

/// What every commit of ours has.
pub(crate) struct Pen<'a> {
    pub committer: &'a Actor,
    pub signing: Option<&'a Signing>,
}

impl Pen<'_> {
    /// Writes the commit of a change.
    pub(crate) fn write(
        &self,
        store: &mut Store,
        change: &Change,
        effects: &[Effect],
        tree: ObjectId,
        parent: Option<ObjectId>,
    ) -> Result<ObjectId, Error> {
        let committer = signature(self.committer);
        let mut commit = Commit {
            tree,
            parents: parent.into_iter().collect(),
            author: change.actor.as_ref().map_or_else(|| committer.clone(), signature),
            committer,
            encoding: None,
            message: message(change, effects).into(),
            extra_headers: Vec::new(),
        };
        if let Some(signing) = self.signing {
            let mut payload = Vec::new();
            commit.write_to(&mut payload).map_err(|error| Error::cache("can't hold a commit", error))?;
            commit.extra_headers.push(("gpgsig".into(), signing.sign(&payload)?.into()));
        }
        store.put(&commit)
    }
}

fn signature(actor: &Actor) -> Signature {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Signature {
        name: actor.name().into(),
        email: actor.email().into(),
        time: Time { seconds: seconds.try_into().unwrap_or_default(), offset: 0 },
    }
}

/// The trailers are the last paragraph, and nothing else is in it: Git would see none of them (git-interpret-trailers(1)).
fn message(change: &Change, effects: &[Effect]) -> String {
    let mut text = format!("{}\n\n", subject(&change.edits, effects));
    let words = change.message.as_deref().map(words).unwrap_or_default();
    if !words.is_empty() {
        text.push_str(&words);
        text.push_str("\n\n");
    }
    text.push_str(&format!("{JOB}: {}\n", change.job));
    let mut tenants: Vec<String> = change.edits.iter().map(|edit| edit.located.identity.tenant().to_string()).collect();
    tenants.dedup();
    for tenant in tenants {
        text.push_str(&format!("Release-Tenant: {tenant}\n"));
    }
    if let Some(actor) = &change.actor {
        text.push_str(&format!("Release-Actor: {} <{}>\n", actor.name(), actor.email()));
    }
    text.push_str(&format!("{HASH}: {}\n", change.hash()));
    text
}

/// A commit's first line, which is a pull request's title.
pub(crate) fn subject(edits: &[Edit], effects: &[Effect]) -> String {
    match (edits, effects) {
        ([edit], [effect]) => {
            let verb = match effect {
                Effect::Created(_) => "Add",
                Effect::Updated(_) | Effect::Unchanged(_) => "Update",
                Effect::Deleted => "Delete",
            };
            format!("{verb} {}", called(&edit.located.identity))
        }
        _ => format!("Change {} releases", edits.len()),
    }
}

fn called(identity: &Identity) -> String {
    match identity {
        Identity::Tenant(tenant) => format!("tenant {tenant}"),
        Identity::Release { tenant, service, name } => format!("{service} {name} of {tenant}"),
    }
}

/// What a person wrote, without what a terminal or Git would take for something else.
pub(crate) fn words(text: &str) -> String {
    let legal = |c: char| c == '\n' || !c.is_control();
    let text: String = text.replace('\r', "").chars().filter(|c| legal(*c)).take(WORDS_MAX).collect();
    text.trim().to_owned()
}

/// What a commit of ours says of the change that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub job: String,
    pub hash: String,
}

/// Reads the trailers of a message: all lines of the last paragraph, or none.
pub(crate) fn receipt(message: &str) -> Option<Receipt> {
    let paragraph = message.trim_end().rsplit("\n\n").next()?;
    let trailers: Vec<(&str, &str)> = paragraph.lines().map(|line| line.split_once(": ")).collect::<Option<_>>()?;
    let value = |wanted: &str| trailers.iter().find(|(key, _)| *key == wanted).map(|(_, value)| (*value).trim().to_owned());
    Some(Receipt { job: value(JOB)?, hash: value(HASH)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::layout::Layouts;

    fn change() -> Change {
        Change::delete(Layouts::default().find("acme/postgres/db9/manifest.yaml").unwrap())
    }

    #[test]
    fn a_message_bears_its_receipt() {
        let change = change().actor(Actor::new("Ann", "ann@acme.example")).message("because\n\n\n");
        let message = message(&change, &[Effect::Deleted]);
        assert!(message.starts_with("Delete postgres db9 of acme\n\nbecause\n\nRelease-Job: "), "{message}");
        assert_eq!(receipt(&message), Some(Receipt { job: change.job.to_string(), hash: change.hash() }));
    }

    #[test]
    fn no_words_of_a_person_are_a_receipt() {
        let forged = "x\n\nRelease-Job: forged\nRelease-Request-Sha256: 00";
        let change = change().message(forged).actor(Actor::new("A\nRelease-Job: forged", "a>\n\nRelease-Job: forged"));
        let message = message(&change, &[Effect::Deleted]);
        assert_eq!(receipt(&message).unwrap().job, change.job.to_string());
        assert_eq!(message.lines().filter(|line| *line == "Release-Job: forged").count(), 1, "{message}");
        for other in
            ["", "Release-Job: a", "a\n\nRelease-Job: a\nRelease-Request-Sha256: b\nfree text", "Release-Job: a\n\nb: c\n"]
        {
            assert_eq!(receipt(other), None, "{other}");
        }
    }
}
