//! The writer's part of a proposal: its branch. The base is read, and never moved.

use std::time::Instant;

use gix::ObjectId;
use gix::objs::{CommitRefIter, Kind};
use manifest::layout::ReleasePath;

use crate::change::{Change, Effect, Since};
use crate::direct::Direct;
use crate::error::Error;
use crate::git::{Git, Pushed};
use crate::id::CommitId;
use crate::queue::{Proposal, Staged, Standing};
use crate::remote::Remote;
use crate::scan::{From, scan};
use crate::settings::Transport;
use crate::store::PROPOSED;
use crate::tree;
use crate::writer::{Writer, pause};

/// How a try to stage ended.
enum Tried {
    Done(Option<Staged>),
    /// The branch isn't what it was thought to be.
    Lost,
    /// There is no answer, or none that says anything of the branch.
    Failed {
        reason: String,
        sent: bool,
    },
}

impl Writer {
    /// Stages a proposal, and tells its caller.
    pub(crate) fn stage(&mut self, proposal: Proposal) {
        let staged = self.staged(&proposal);
        // Whoever doesn't wait any more doesn't want to know.
        proposal.reply.send(staged).ok();
    }

    fn staged(&mut self, proposal: &Proposal) -> Result<Option<Staged>, Error> {
        let begun = Instant::now();
        let (mut tries, mut unknown) = (0, false);
        loop {
            let reason = match self.try_to_stage(proposal) {
                Ok(Tried::Done(staged)) => return Ok(staged),
                Ok(Tried::Lost) => None,
                Ok(Tried::Failed { reason, sent }) => {
                    unknown |= sent;
                    Some(reason)
                }
                Err(Error::Unreachable { reason }) => Some(reason),
                Err(error) => return Err(error),
            };
            tries += 1;
            if begun.elapsed() >= self.settings.patience {
                let job = proposal.change.id().clone();
                return Err(match reason {
                    Some(reason) if unknown => Error::Unknown { job, reason },
                    Some(reason) => Error::Unreachable { reason },
                    None => Error::Contended { tries },
                });
            }
            pause(100, tries, 2_000);
        }
    }

    /// Looks where the proposal is, and pushes it if it is nowhere, or if somebody has since changed its releases.
    fn try_to_stage(&mut self, Proposal { change, branch, push, .. }: &Proposal) -> Result<Tried, Error> {
        let seen = self.refresh()?;
        if let Some(was) = seen.rewritten {
            return Err(Error::Rewritten { was: CommitId(was), is: seen.head.map(CommitId) });
        }
        let remote = Remote::parse(self.settings.remote.url(), branch);
        let remote = remote.map_err(|error| Error::cache("can't name the branch", error))?;
        let git = Git { remote, ..self.git.clone() };
        let old = self.fetched(&git)?;

        if let Some(commit) = self.find(change, seen.head, old.is_some())? {
            let landed = self.landed(change, commit)?;
            return Ok(staged(landed.commit, landed.effects, Standing::Landed));
        }
        if let Some(old) = old {
            let commit = self.find(change, Some(old), true)?;
            let commit = commit.ok_or_else(|| Error::Branch { branch: branch.clone(), job: change.id().clone() })?;
            // What others have put on top of it is theirs, and stays.
            if !push || commit != old || self.is_current(change, commit, seen.head)? {
                let kept = self.landed(change, commit)?;
                return Ok(staged(kept.commit, kept.effects, Standing::Kept));
            }
        } else if !push {
            return Ok(Tried::Done(None));
        }

        // The first branch of an empty repository becomes its default.
        let Some(head) = seen.head else {
            let reason = format!("it has no branch {}, which the pull request would be for", self.settings.remote.branch());
            return Err(Error::Barred { reason });
        };
        let root = self.store.tree_of(head)?;
        self.store.begin();
        let (made, _) = self.commit(change, Some(root), Some(head))?;
        let new = made.commit.0;
        if new == head {
            return Ok(staged(made.commit, made.effects, Standing::Unchanged));
        }
        let pushed = match self.settings.transport {
            Transport::Direct => Direct::new(&git).push(old, new, &self.store.new_objects()),
            Transport::Push => {
                self.store.write()?;
                git.push(old, new)
            }
        };
        match pushed {
            Pushed::Landed => Ok(staged(made.commit, made.effects, Standing::Pushed)),
            Pushed::Lost => Ok(Tried::Lost),
            Pushed::Declined(reason) => Err(Error::Declined { reason }),
            Pushed::Barred(reason) => Err(Error::Barred { reason }),
            Pushed::Failed { reason, sent } => Ok(Tried::Failed { reason, sent }),
        }
    }

    /// The proposal's branch as the remote has it.
    fn fetched(&self, git: &Git) -> Result<Option<ObjectId>, Error> {
        let reference = format!("{PROPOSED}/{}", std::process::id());
        let found = self.fetch(git, &reference)?;
        self.store.drop_reference(&reference)?;
        Ok(found)
    }

    /// The change's commit in a branch. A change that was never sent is in none, unless its own branch tells otherwise.
    fn find(&self, change: &Change, head: Option<ObjectId>, was_sent: bool) -> Result<Option<ObjectId>, Error> {
        let from = match change.since {
            Since::New if !was_sent => return Ok(None),
            Since::Head(head) => head.map_or(From::Beginning, |head| From::After(head.0)),
            Since::New | Since::Unknown => From::made(change.id().made()),
        };
        let Some(head) = head else { return Ok(None) };
        match scan(&self.store, head, from, self.settings.committer.email())?.remove(change.id().as_str()) {
            None => Ok(None),
            Some((commit, receipt)) if receipt.hash == change.hash() => Ok(Some(commit)),
            Some((commit, _)) => Err(Error::JobReused { job: change.id().clone(), commit: CommitId(commit) }),
        }
    }

    /// Whether the base still has what the commit was made on: its parent, and the same content of each release.
    fn is_current(&mut self, change: &Change, commit: ObjectId, head: Option<ObjectId>) -> Result<bool, Error> {
        let bytes = self.store.read(commit, Kind::Commit)?;
        let parent = CommitRefIter::from_bytes(&bytes, gix::hash::Kind::Sha1).parent_ids().next();
        let (Some(parent), Some(head)) = (parent, head) else { return Ok(parent == head) };
        if !self.store.descends(head, parent)? {
            return Ok(false);
        }
        let (then, now) = (self.store.tree_of(parent)?, self.store.tree_of(head)?);
        for edit in &change.edits {
            if tree::find(&mut self.store, Some(then), edit.path())? != tree::find(&mut self.store, Some(now), edit.path())? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn staged(commit: CommitId, effects: Vec<(ReleasePath, Effect)>, standing: Standing) -> Tried {
    Tried::Done(Some(Staged { commit, effects, standing }))
}
