//! `--pull-request`: a change is proposed instead of landed.

use std::path::PathBuf;

use clap::ValueEnum;
use runtime::{BlobId, Change, Forge, ForgeKind, Outcome, Proposed, Remote, Repository, Token};
use serde_json::{Value, json};

use super::session::Session;
use super::{Exit, Usage, exit_of, output};

/// Where the forge's token is, if no file is named.
const TOKEN: &str = "TREFOIL_FORGE_TOKEN";

#[derive(clap::Args)]
#[command(next_help_heading = "Pull requests")]
pub(crate) struct PullArgs {
    /// Push the change to a branch of its own, and open a pull request. The forge's token is in the variable TREFOIL_FORGE_TOKEN or in a
    /// file
    #[arg(long, conflicts_with = "wait")]
    pub pull_request: bool,
    /// What kind of forge the repository is at; known for github.com, gitlab.com and codeberg.org
    #[arg(long, value_name = "KIND", requires = "pull_request")]
    forge: Option<Kind>,
    /// Where the forge's API is, as https://host/api/v4; without it at the repository's host
    #[arg(long, value_name = "URL", requires = "pull_request")]
    forge_api: Option<String>,
    /// The repository at the forge: owner/name; without it what the repository's address says
    #[arg(long, value_name = "NAME", requires = "pull_request")]
    forge_repository: Option<String>,
    /// A file with the forge's token
    #[arg(long, value_name = "FILE", requires = "pull_request")]
    forge_token_file: Option<PathBuf>,
    /// Certificates (PEM) that the forge is known by, if not the usual ones
    #[arg(long, value_name = "FILE", requires = "pull_request")]
    forge_certificates: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "lowercase")]
enum Kind {
    GitHub,
    GitLab,
    Gitea,
}

/// Proposes changes, one after the other, each with a pull request of its own.
pub(crate) fn propose(
    session: &Session<'_>,
    repository: &Repository,
    names: &[String],
    changes: Vec<Change>,
    args: &PullArgs,
) -> anyhow::Result<Exit> {
    let forge = forge(&repository.settings().remote, args)?;
    let mut rows = Vec::new();
    let mut exit = Exit::Done;
    // Each change is about one release, or the only one is about all of them.
    let each = (names.len() / changes.len().max(1)).max(1);
    for (names, change) in names.chunks(each).zip(changes) {
        match repository.propose(change, &forge) {
            Ok(proposed) => {
                rows.extend(of(names, &proposed));
                if proposed.outcome == Outcome::Closed {
                    let url = proposed.pull.map(|pull| pull.url).unwrap_or_default();
                    eprintln!("error: {url} was closed: propose the change again as another job, or reopen it");
                    exit = Exit::Refused;
                }
            }
            Err(error) => {
                eprintln!("error: {error}");
                exit = exit.and(exit_of(&error.into()));
            }
        }
    }
    if !rows.is_empty() {
        output::rows(session.format, &["release", "effect", "blob", "commit", "outcome", "branch", "url"], &rows);
    }
    Ok(exit)
}

/// A row for each release of a proposal; its effect may not be known any more.
fn of(names: &[String], proposed: &Proposed) -> Vec<Vec<Value>> {
    let row = |(i, name): (usize, &String)| {
        let effect = proposed.effects.get(i).map(|(_, effect)| output::effect(*effect));
        let (word, blob): (Option<&str>, Option<BlobId>) = effect.map_or((None, None), |(word, blob)| (Some(word), blob));
        let url = proposed.pull.as_ref().map(|pull| &pull.url);
        let branch = (proposed.outcome != Outcome::Unchanged).then_some(&proposed.branch);
        vec![json!(name), json!(word), json!(blob), json!(proposed.commit), json!(proposed.outcome), json!(branch), json!(url)]
    };
    names.iter().enumerate().map(row).collect()
}

fn forge(remote: &Remote, args: &PullArgs) -> anyhow::Result<Forge> {
    let token = match &args.forge_token_file {
        Some(file) => Token::from_file(file),
        None => Token::from_variable(TOKEN),
    };
    let wanted = format!("the forge asks for a token: set {TOKEN}, or name a file with --forge-token-file");
    let token = token.map_err(|error| Usage(format!("{wanted}: {error}")))?;
    let kind = args.forge.map(|kind| match kind {
        Kind::GitHub => ForgeKind::GitHub,
        Kind::GitLab => ForgeKind::GitLab,
        Kind::Gitea => ForgeKind::Gitea,
    });
    let mut forge = match (kind, &args.forge_api, &args.forge_repository) {
        (Some(kind), Some(api), Some(repository)) => Forge::at(kind, api.clone(), repository.clone(), token),
        _ => Forge::of(remote, kind, token)
            .map_err(|error| Usage(format!("{error}; tell it with --forge, --forge-api and --forge-repository")))?,
    };
    if let Some(api) = &args.forge_api {
        forge.api.clone_from(api);
    }
    if let Some(repository) = &args.forge_repository {
        forge.repository.clone_from(repository);
    }
    forge.certificates.clone_from(&args.forge_certificates);
    Ok(forge)
}
