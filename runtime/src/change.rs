//! What is to become of releases, and what became of them.

use manifest::layout::{Located, ReleasePath};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::checked::Checked;
use crate::error::Error;
use crate::id::{BlobId, CommitId, JobId};
use crate::precondition::Precondition;

/// A change: one commit, whole or not at all.
#[derive(Clone, Debug)]
pub struct Change {
    pub(crate) edits: Vec<Edit>,
    pub(crate) job: JobId,
    pub(crate) since: Since,
    pub(crate) actor: Option<Actor>,
    pub(crate) message: Option<String>,
}

/// What happens to one release.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub located: Located,
    /// `None`: it is deleted.
    pub text: Option<String>,
    pub precondition: Precondition,
}

/// Since when the change may be in the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It was never sent.
    New,
    /// It was first sent when this was the branch's head.
    Head(Option<CommitId>),
    /// It may have been sent, nobody knows when. If its id is a ULID, the branch is looked through back to a day before the id was made, and
    /// otherwise whole.
    Unknown,
}

/// Who asks for a change: the author of its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
    email: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Landed {
    /// Its first release.
    pub path: ReleasePath,
    /// The commit that has it; for [`Effect::Unchanged`] the head that was looked at.
    pub commit: CommitId,
    /// What happened, in the order of the change's releases.
    pub effects: Vec<(ReleasePath, Effect)>,
    /// Whether it was already there under its job's id.
    pub again: bool,
}

/// What happened to one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "effect", content = "blob")]
pub enum Effect {
    /// It is new.
    Created(BlobId),
    /// It is another.
    Updated(BlobId),
    /// It already was so.
    Unchanged(BlobId),
    /// It is gone.
    Deleted,
}

impl Change {
    /// Creates or replaces a release.
    #[must_use]
    pub fn put(release: impl Into<Checked>) -> Change {
        Change::of(Edit::put(release.into()))
    }

    /// Removes a release.
    #[must_use]
    pub fn delete(located: Located) -> Change {
        Change::of(Edit { located, text: None, precondition: Precondition::Any })
    }

    fn of(edit: Edit) -> Change {
        Change { edits: vec![edit], job: JobId::new(), since: Since::New, actor: None, message: None }
    }

    /// Several changes as one: a single commit, under the first one's job, actor and message. A release that two of them are about is
    /// changed by both, in this order.
    #[must_use]
    pub fn together(changes: impl IntoIterator<Item = Change>) -> Option<Change> {
        let mut changes = changes.into_iter();
        let mut first = changes.next()?;
        changes.for_each(|change| first.edits.extend(change.edits));
        Some(first)
    }

    /// Only if each of its releases is in this state.
    #[must_use]
    pub fn when(mut self, precondition: Precondition) -> Change {
        self.edits.iter_mut().for_each(|edit| edit.precondition = precondition);
        self
    }

    /// Under this id; it lands once, however often it is sent.
    #[must_use]
    pub fn job(mut self, job: JobId, since: Since) -> Change {
        (self.job, self.since) = (job, since);
        self
    }

    /// On behalf of somebody.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Change {
        self.actor = Some(actor);
        self
    }

    /// With words of the actor's in the commit.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Change {
        self.message = Some(message.into());
        self
    }

    /// The id it lands under.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.job
    }

    /// Its first release. There is one: a change is made of one, or of others.
    pub(crate) fn path(&self) -> &ReleasePath {
        self.edits[0].path()
    }

    /// What makes it the same change when it is sent again: its releases and their conditions.
    pub(crate) fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for edit in &self.edits {
            let text = edit.text.as_deref();
            let state = format!("{}\0{:?}\0{}\0", edit.path(), edit.precondition, text.map_or(-1, |text| text.len() as i64));
            hasher.update(state.as_bytes());
            hasher.update(text.unwrap_or_default().as_bytes());
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Edit {
    fn put(checked: Checked) -> Edit {
        let (located, text) = checked.into_parts();
        Edit { located, text: Some(text), precondition: Precondition::Any }
    }

    pub(crate) fn path(&self) -> &ReleasePath {
        &self.located.path
    }

    /// Whether the release is in the state that the change is made for.
    pub(crate) fn allow(&self, found: Option<BlobId>) -> Result<(), Error> {
        let fits = match self.precondition {
            Precondition::Any => true,
            Precondition::Is(blob) => found == Some(blob),
            Precondition::Absent => found.is_none(),
        };
        match (fits, &self.text, found) {
            (false, ..) => Err(Error::Precondition { path: self.path().clone(), expected: self.precondition, found }),
            (true, None, None) => Err(Error::NotFound { path: self.path().clone() }),
            (true, ..) => Ok(()),
        }
    }
}

impl Effect {
    pub(crate) fn between(before: Option<BlobId>, after: Option<BlobId>) -> Effect {
        match (before, after) {
            (_, None) => Effect::Deleted,
            (None, Some(blob)) => Effect::Created(blob),
            (Some(old), Some(new)) if old == new => Effect::Unchanged(new),
            (Some(_), Some(blob)) => Effect::Updated(blob),
        }
    }
}

impl Actor {
    /// Somebody, as Git writes them; what would end the line or the address is left out.
    #[must_use]
    pub fn new(name: &str, email: &str) -> Actor {
        let clean = |text: &str| -> String {
            let legal = |c: &char| !c.is_control() && !matches!(c, '<' | '>');
            text.chars().filter(legal).take(200).collect::<String>().trim().to_owned()
        };
        Actor { name: clean(name), email: clean(email) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }
}

impl Landed {
    /// What happened to its first release.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effects.first().map_or(Effect::Deleted, |(_, effect)| *effect)
    }
}
