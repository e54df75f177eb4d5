//! What follows the branch: whom to tell of a push, and what becomes of releases.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ValueEnum;
use runtime::manifest::Platform;
use runtime::manifest::layout::Located;
use runtime::sync::{ArgoCd, Flux, Follower, Goal, Kube, Status};
use runtime::{CommitId, Repository, Token};
use serde_json::json;

use super::session::{Session, called};
use super::{Exit, Usage, output};

#[derive(clap::Args)]
#[command(next_help_heading = "What follows the branch")]
pub(crate) struct Args {
    /// Whom to tell of a push, and to ask what becomes of it; the platform's settings say how it calls the releases
    #[arg(long, env = "TREFOIL_SYNC", value_name = "SYSTEM")]
    pub sync: Option<System>,
    /// Wait until the release is healthy, or gone if it is deleted
    #[arg(long)]
    pub wait: bool,
    /// How many seconds to wait
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
    /// Argo CD's server
    #[arg(long, env = "ARGOCD_SERVER", value_name = "ADDRESS")]
    pub argocd_server: Option<String>,
    /// The token for Argo CD; without it that of the variable ARGOCD_AUTH_TOKEN
    #[arg(long, value_name = "FILE")]
    pub argocd_token_file: Option<PathBuf>,
    /// The certificates by which Argo CD's server is known, if not by the usual ones
    #[arg(long, value_name = "FILE")]
    pub argocd_certificates: Option<PathBuf>,
    /// The cluster in which Flux is; without it that of ~/.kube/config, or of the pod
    #[arg(long, env = "KUBECONFIG", value_name = "FILE")]
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

impl Args {
    /// Who follows the branch, if that is said.
    pub(crate) fn follower(&self, platform: &Platform) -> anyhow::Result<Option<Follower>> {
        Ok(match self.sync {
            None if self.wait => bail!(Usage("say who is waited for, with --sync argo-cd or --sync flux".to_owned())),
            None => None,
            Some(System::ArgoCd) => {
                let server = self.argocd_server.as_deref();
                let server =
                    server.ok_or_else(|| Usage("say where Argo CD is, with --argocd-server or ARGOCD_SERVER".to_owned()))?;
                let token = match &self.argocd_token_file {
                    Some(file) => Token::from_file(file)?,
                    None => Token::from_variable("ARGOCD_AUTH_TOKEN")
                        .context("Argo CD asks for a token: set the variable, or give --argocd-token-file")?,
                };
                Some(Follower::ArgoCd(ArgoCd::new(server, &token, self.argocd_certificates.as_deref(), platform)?))
            }
            Some(System::Flux) => {
                let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".kube/config")).filter(|file| file.is_file());
                let kube = match (&self.kube_proxy, self.kubeconfig.clone().or_else(home)) {
                    (Some(address), _) => Kube::proxy(address)?,
                    (None, Some(file)) => Kube::of_config(&file)?,
                    (None, None) => Kube::of_pod().context("say in which cluster Flux is, with --kubeconfig or --kube-proxy")?,
                };
                Some(Follower::Flux(Flux::new(kube, platform)))
            }
        })
    }

    /// Where a release stands; with `--wait`, once it is there or can't be.
    pub(crate) fn status(
        &self,
        follower: &Follower,
        repository: &Repository,
        located: &Located,
        commit: CommitId,
        goal: Goal,
    ) -> anyhow::Result<Status> {
        let mut lineage = repository.lineage(commit);
        if !self.wait {
            return Ok(follower.status(located, &mut lineage)?);
        }
        let limit = Duration::from_secs(self.timeout);
        let tell = |status: &Status| output::aside(&format!("{}: {}", called(&located.identity), output::clean(&status.reason)));
        Ok(follower.wait(located, &mut lineage, goal, limit, tell)?)
    }
}

pub(crate) fn status(session: &Session<'_>, releases: &[String], args: &Args) -> anyhow::Result<Exit> {
    let Some(follower) = args.follower(&session.catalog.platform)? else {
        bail!(Usage("say who is asked, with --sync argo-cd or --sync flux".to_owned()));
    };
    let located: Vec<Located> = releases.iter().map(|release| session.locate(release)).collect::<anyhow::Result<_>>()?;
    let repository = session.repository()?;
    let snapshot = repository.snapshot()?;
    let (mut rows, mut exit) = (Vec::new(), Exit::Done);
    for (name, located) in releases.iter().zip(&located) {
        // What was made of it last is what has to be there.
        let event = snapshot.history(&located.path, 1)?.into_iter().next();
        let event = event.with_context(|| format!("{name} isn't there, and never was"))?;
        let goal = follower.goal(event.blob.is_none());
        let status = args.status(&follower, &repository, located, event.commit, goal)?;
        if !goal.is_reached(status.state) {
            exit = Exit::Refused;
        }
        rows.push(vec![json!(name), json!(status.state), json!(event.commit), json!(status.reason)]);
    }
    output::rows(session.format, &["release", "state", "commit", "reason"], &rows);
    Ok(exit)
}
