//! What follows the branch: whom to tell of a push, and what becomes of releases.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::ValueEnum;
use runtime::manifest::Platform;
use runtime::manifest::layout::Located;
use runtime::sync::{ArgoCd, Flux, Follower, Goal, Kube, Lineage, State, Status};
use runtime::{CommitId, Error, Token};
use serde_json::json;

use super::session::{Session, called};
use super::{Exit, Usage, exit_of, output};

#[derive(clap::Args)]
#[command(next_help_heading = "What follows the branch")]
pub(crate) struct Args {
    /// Whom to tell of a push, and to ask what becomes of it; the platform's settings say how it calls the releases [env: TREFOIL_SYNC]
    #[arg(long, value_name = "SYSTEM")]
    pub sync: Option<System>,
    /// Wait until the releases are healthy, or gone if they are deleted
    #[arg(long)]
    pub wait: bool,
    /// How many seconds to wait for all of them
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
    /// Argo CD's server [env: ARGOCD_SERVER]
    #[arg(long, value_name = "ADDRESS")]
    pub argocd_server: Option<String>,
    /// The token for Argo CD; without it that of the variable ARGOCD_AUTH_TOKEN
    #[arg(long, value_name = "FILE")]
    pub argocd_token_file: Option<PathBuf>,
    /// The certificates by which Argo CD's server is known, if not by the usual ones
    #[arg(long, value_name = "FILE")]
    pub argocd_certificates: Option<PathBuf>,
    /// The cluster in which Flux is; without it that of ~/.kube/config, or of the pod [env: KUBECONFIG]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The address of a `kubectl proxy` instead
    #[arg(long, value_name = "ADDRESS")]
    pub kube_proxy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    ArgoCd,
    Flux,
}

/// What is said in the environment, where nothing is as good as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

impl Args {
    /// Who follows the branch, if that is said.
    pub(crate) fn follower(&self, platform: &Platform) -> anyhow::Result<Option<Follower>> {
        let said = || variable("TREFOIL_SYNC").map(|text| System::from_str(&text, false));
        let system = match self.sync {
            Some(system) => Some(system),
            None => said().transpose().map_err(|_| Usage("TREFOIL_SYNC is neither argo-cd nor flux".to_owned()))?,
        };
        match system {
            None if self.wait => bail!(Usage("say who is waited for, with --sync argo-cd or --sync flux".to_owned())),
            None => Ok(None),
            Some(System::ArgoCd) => Ok(Some(Follower::ArgoCd(self.argo_cd(platform)?))),
            Some(System::Flux) => Ok(Some(Follower::Flux(Flux::new(self.kube()?, platform)))),
        }
    }

    fn argo_cd(&self, platform: &Platform) -> anyhow::Result<ArgoCd> {
        let server = self.argocd_server.clone().or_else(|| variable("ARGOCD_SERVER"));
        let server = server.ok_or_else(|| Usage("say where Argo CD is, with --argocd-server or ARGOCD_SERVER".to_owned()))?;
        let token = match &self.argocd_token_file {
            Some(file) => Token::from_file(file),
            None => Token::from_variable("ARGOCD_AUTH_TOKEN"),
        };
        let wanted = "Argo CD asks for a token: set ARGOCD_AUTH_TOKEN, or name a file with --argocd-token-file";
        let token = token.map_err(|error| Usage(format!("{wanted}: {error}")))?;
        Ok(ArgoCd::new(&server, &token, self.argocd_certificates.as_deref(), platform)?)
    }

    fn kube(&self) -> anyhow::Result<Kube> {
        // As kubectl reads it: the first that is there.
        let listed = || {
            let text = variable("KUBECONFIG")?;
            let files: Vec<PathBuf> = std::env::split_paths(&text).collect();
            files.iter().find(|file| file.is_file()).or(files.first()).cloned()
        };
        let home = || Some(PathBuf::from(variable("HOME")?).join(".kube/config")).filter(|file| file.is_file());
        Ok(match (&self.kube_proxy, self.kubeconfig.clone().or_else(listed).or_else(home)) {
            (Some(address), _) => Kube::proxy(address)?,
            (None, Some(file)) => Kube::of_config(&file)?,
            (None, None) => Kube::of_pod().context("say in which cluster Flux is, with --kubeconfig or --kube-proxy")?,
        })
    }

    /// Until when is waited.
    pub(crate) fn deadline(&self) -> Instant {
        let now = Instant::now();
        // Beyond what a clock can say is never.
        now.checked_add(Duration::from_secs(self.timeout)).unwrap_or(now + Duration::from_secs(u64::from(u32::MAX)))
    }

    /// Where a release stands with respect to a commit; with `--wait`, once it is there or can't be. Nobody needs the cache meanwhile, so that
    /// it isn't held.
    pub(crate) fn status(
        &self,
        session: &Session<'_>,
        follower: &Follower,
        located: &Located,
        (commit, goal): (CommitId, Goal),
        deadline: Instant,
    ) -> (Status, Exit) {
        let has = |revision| session.plain().map_err(|error| branch(&error))?.has(revision, commit);
        let mut lineage = Lineage::new(has);
        let name = called(&located.identity);
        let status = match self.wait {
            false => follower.status(located, &mut lineage),
            true => {
                let tell = |status: &Status| eprintln!("{name}: {}", output::clean(&status.reason));
                follower.wait(located, &mut lineage, goal, deadline.saturating_duration_since(Instant::now()), tell)
            }
        };
        match status {
            Ok(status) if goal.is_reached(status.state) => (status, Exit::Done),
            Ok(status) => (status, Exit::Refused),
            Err(error) => {
                let status = Status::new(State::Unknown, error.to_string());
                (status, exit_of(&error.into()))
            }
        }
    }
}

/// Why the branch can't be read.
fn branch(error: &anyhow::Error) -> Error {
    Error::Unreachable { reason: format!("{error:#}") }
}

pub(crate) fn status(session: &Session<'_>, releases: &[String], args: &Args) -> anyhow::Result<Exit> {
    let Some(follower) = args.follower(&session.catalog.platform)? else {
        bail!(Usage("say who is asked, with --sync argo-cd or --sync flux".to_owned()));
    };
    let located: Vec<Located> = releases.iter().map(|release| session.locate(release)).collect::<anyhow::Result<_>>()?;
    let snapshot = session.repository()?.snapshot()?;
    let (mut rows, mut exit, deadline) = (Vec::new(), Exit::Done, args.deadline());
    for (name, located) in releases.iter().zip(&located) {
        // What was made of it last is what has to be there.
        let event = snapshot.history(&located.path, 1)?.into_iter().next();
        let event = event.with_context(|| format!("{name} isn't there, and never was"))?;
        let goal = follower.goal(event.blob.is_none());
        let (status, ends) = args.status(session, &follower, located, (event.commit, goal), deadline);
        exit = exit.and(ends);
        rows.push(vec![json!(name), json!(status.state), json!(event.commit), json!(status.reason)]);
    }
    output::rows(session.format, &["release", "state", "commit", "reason"], &rows);
    Ok(exit)
}
