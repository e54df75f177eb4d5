//! Commands that write: `apply`, `delete`, `rollback`.

use anyhow::{Context, bail};
use runtime::manifest::layout::Located;
use runtime::manifest::layout::ReleasePath;
use runtime::sync::{Follower, Status};
use runtime::{Change, Checked, CommitId, Effect, Error, Landed, Precondition, Repository, Since, Snapshot};
use serde_json::json;

use super::session::{Session, called, myself};
use super::{ApplyArgs, Exit, Usage, WriteArgs, exit_of, files, output, propose};

/// A change, and what people call what it is about.
struct Wanted {
    located: Located,
    /// `None`: it is deleted.
    checked: Option<Checked>,
    precondition: Precondition,
}

pub(crate) fn apply(session: &Session<'_>, args: &ApplyArgs) -> anyhow::Result<Exit> {
    let given = files::read(session, &args.files.files)?;
    if args.if_match.is_some() && given.len() > 1 {
        bail!(Usage(format!("--if-match is about one release, and there are {}", given.len())));
    }
    let repository = session.repository()?;
    let precondition = match (&args.if_match, args.create_only) {
        (Some(id), _) => matching(&repository.snapshot()?, given[0].checked.located(), id)?,
        (None, true) => Precondition::Absent,
        (None, false) => Precondition::Any,
    };
    let wanted = given.into_iter().map(|given| Wanted {
        located: given.checked.located().clone(),
        checked: Some(given.checked),
        precondition,
    });
    write(session, repository, wanted.collect(), &args.write, args.atomic)
}

/// The condition that a release's content has an id that begins so.
fn matching(snapshot: &Snapshot, located: &Located, id: &str) -> anyhow::Result<Precondition> {
    let found = snapshot.get(&located.path)?.map(|(blob, _)| blob);
    match found {
        Some(blob) if blob.to_string().starts_with(id) => Ok(Precondition::Is(blob)),
        Some(blob) => bail!("{} is {blob}, and the change is for {id}", located.path),
        None => bail!("{} isn't there, and the change is for {id}", located.path),
    }
}

pub(crate) fn delete(
    session: &Session<'_>,
    releases: &[String],
    if_match: Option<&str>,
    args: &WriteArgs,
) -> anyhow::Result<Exit> {
    if if_match.is_some() && releases.len() > 1 {
        bail!(Usage(format!("--if-match is about one release, and there are {}", releases.len())));
    }
    let located: Vec<Located> = releases.iter().map(|release| session.locate(release)).collect::<anyhow::Result<_>>()?;
    let repository = session.repository()?;
    let precondition = match if_match {
        Some(id) => matching(&repository.snapshot()?, &located[0], id)?,
        None => Precondition::Any,
    };
    let wanted = located.into_iter().map(|located| Wanted { located, checked: None, precondition });
    write(session, repository, wanted.collect(), args, false)
}

pub(crate) fn rollback(session: &Session<'_>, release: &str, to: Option<&str>, args: &WriteArgs) -> anyhow::Result<Exit> {
    let located = session.locate(release)?;
    let repository = session.repository()?;
    let snapshot = repository.snapshot()?;
    let current = snapshot.get(&located.path)?;
    let events = snapshot.history(&located.path, if to.is_some() { usize::MAX } else { 2 })?;
    let event = match to {
        Some(id) => events.iter().find(|event| event.commit.to_string().starts_with(id)),
        None => events.get(1),
    };
    let event = event.with_context(|| match to {
        Some(id) => {
            format!("no commit that begins with {id} is about {release}: `trefoil history {release}` lists those that are")
        }
        None => format!("{release} has never been anything else"),
    })?;
    let before = snapshot.at(event.commit)?.get(&located.path)?;
    let (_, text) = before.with_context(|| format!("{release} wasn't there after {}", event.commit))?;
    // The service may ask for something else by now.
    let checked = session.catalog.file(located.clone(), &text);
    let from = format!("{release} after {}", event.commit);
    let checked = checked.map_err(|error| anyhow::anyhow!("{}", files::problem(&from, &error)))?;
    let precondition = current.map_or(Precondition::Absent, |(blob, _)| Precondition::Is(blob));
    write(session, repository, vec![Wanted { located, checked: Some(checked), precondition }], args, false)
}

fn write(
    session: &Session<'_>,
    repository: Repository,
    wanted: Vec<Wanted>,
    args: &WriteArgs,
    atomic: bool,
) -> anyhow::Result<Exit> {
    if args.job.is_some() && wanted.len() > 1 && !atomic {
        bail!(Usage("--job is about one change: give it with one release, or with --atomic".to_owned()));
    }
    let releases: Vec<Located> = wanted.iter().map(|wanted| wanted.located.clone()).collect();
    let mut changes: Vec<Change> = wanted.into_iter().map(|wanted| change(wanted, args)).collect();
    if atomic {
        changes = Change::together(changes).into_iter().collect();
    }
    if args.dry_run {
        let snapshot = repository.snapshot()?;
        let foreseen = changes.iter().map(|change| snapshot.foresee(change).map(|effects| (effects, None))).collect();
        output::aside("nothing is written");
        return report(session, &releases, foreseen, None);
    }
    if args.pull.pull_request {
        let names: Vec<String> = releases.iter().map(|located| called(&located.identity)).collect();
        return propose::propose(session, &repository, &names, changes, &args.pull);
    }
    let pending: Vec<_> = changes.into_iter().map(|change| repository.send(change)).collect();
    let done = |landed: Landed| (landed.effects, Some(landed.commit));
    let results = pending.into_iter().map(|pending| pending.wait().map(done)).collect();
    for error in repository.told() {
        eprintln!("warning: the change is in the branch, and its follower couldn't be told: {error}");
    }
    drop(repository);
    let deadline = args.sync.deadline();
    let ask = |follower: &Follower, located: &Located, effect, commit| {
        let goal = follower.goal(effect == Effect::Deleted);
        args.sync.status(session, follower, located, (commit, goal), deadline)
    };
    match session.follower.as_ref().filter(|_| args.sync.wait) {
        Some(follower) => {
            report(session, &releases, results, Some(&|located, effect, commit| ask(follower, located, effect, commit)))
        }
        None => report(session, &releases, results, None),
    }
}

fn change(wanted: Wanted, args: &WriteArgs) -> Change {
    let mut change = match wanted.checked {
        Some(checked) => Change::put(checked),
        None => Change::delete(wanted.located),
    };
    change = change.when(wanted.precondition);
    if let Some(job) = &args.job {
        change = change.job(job.clone(), Since::Unknown);
    }
    if let Some(actor) = args.actor.clone().or_else(myself) {
        change = change.actor(actor);
    }
    match &args.message {
        Some(message) => change.message(message),
        None => change,
    }
}

/// What happened to releases, and in which commit.
type Done = (Vec<(ReleasePath, Effect)>, Option<CommitId>);

/// Asks what has become of a release, and how the command ends with that.
type Ask<'a> = &'a dyn Fn(&Located, Effect, CommitId) -> (Status, Exit);

fn report(
    session: &Session<'_>,
    releases: &[Located],
    results: Vec<Result<Done, Error>>,
    ask: Option<Ask<'_>>,
) -> anyhow::Result<Exit> {
    let mut rows = Vec::new();
    let mut exit = Exit::Done;
    let mut releases = releases.iter();
    for result in results {
        match result {
            Ok((effects, commit)) => {
                for ((_, effect), located) in effects.iter().zip(&mut releases) {
                    let (word, blob) = output::effect(*effect);
                    let mut row = vec![json!(called(&located.identity)), json!(word), json!(blob), json!(commit)];
                    if let Some((ask, commit)) = ask.zip(commit) {
                        eprintln!("{} is {word} in {commit}", called(&located.identity));
                        let (status, ends) = ask(located, *effect, commit);
                        row.extend([json!(status.state), json!(status.reason)]);
                        exit = exit.and(ends);
                    }
                    rows.push(row);
                }
            }
            Err(error) => {
                releases.next();
                eprintln!("error: {error}");
                exit = exit.and(exit_of(&error.into()));
            }
        }
    }
    if !rows.is_empty() {
        let heading = ["release", "effect", "blob", "commit", "state", "reason"];
        output::rows(session.format, &heading[..rows[0].len()], &rows);
    }
    Ok(exit)
}
