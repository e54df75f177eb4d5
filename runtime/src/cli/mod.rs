//! The command line: what it takes, and what it answers with.

mod apply;
mod differ;
mod files;
mod init;
mod output;
mod propose;
mod read;
mod render;
mod session;
mod set;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use runtime::JobId;
use runtime::sync::SyncError;

use session::Session;

const EXITS: &str = "Exit codes:
  0  done; `diff`: nothing differs
  1  refused: invalid, in conflict, not there; `diff`: something differs; `status`, --wait: not as it should be
  2  wrong usage
  3  a server can't be reached, or whether the change has landed isn't known: send it again, with the same --job";

/// Releases of managed services into Git: none lost, none twice.
#[derive(Parser)]
#[command(name = "trefoil", version, after_help = EXITS, max_term_width = 120)]
pub(crate) struct Args {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Repository")]
pub(crate) struct Common {
    /// The releases repository: a folder, https://host/path, ssh://user@host/path or user@host:path. Without it the bare repository
    /// `releases.git` in this folder, which is made if it isn't there
    #[arg(long, global = true, env = "TREFOIL_REPO", value_name = "ADDRESS")]
    pub repo: Option<String>,
    /// Its branch; without it that of the platform's settings
    #[arg(long, global = true, env = "TREFOIL_BRANCH", value_name = "NAME")]
    pub branch: Option<String>,
    /// The platform's settings; without it those that the services were generated with
    #[arg(long, global = true, env = "TREFOIL_PLATFORM", value_name = "FILE")]
    pub platform: Option<PathBuf>,
    /// More services than are compiled in: a folder with `<service>/{schema,defaults,release}.json`, as `generate` writes them into
    /// `generated/src`
    #[arg(long, global = true, env = "TREFOIL_SCHEMAS", value_name = "DIR")]
    pub schemas: Option<PathBuf>,
    /// What was fetched is kept here; it can be deleted at any time
    #[arg(long, global = true, env = "TREFOIL_CACHE", value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// How commits reach it: `push` is what `git` does, with whatever it can reach; `direct` is one request to a server of smart HTTP
    #[arg(long, global = true, env = "TREFOIL_TRANSPORT", value_name = "WAY", default_value = "push")]
    pub transport: Way,
    /// How many seconds a remote that can't be reached is tried
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30)]
    pub patience: u64,
    /// Parts of the path that aren't in the release's names, where the layout has them
    #[arg(long = "part", global = true, value_name = "KEY=VALUE", value_parser = set::part)]
    pub parts: Vec<(String, String)>,
    /// How to print
    #[arg(long, short, global = true, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Yaml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    Push,
    Direct,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create or replace releases; all of them are checked before anything is written
    Apply(ApplyArgs),
    /// Show a release
    Get {
        /// `<tenant>`, or `<tenant>/<service>/<name>`
        release: String,
    },
    /// List releases
    List {
        /// Only this tenant's
        #[arg(long, short)]
        tenant: Option<String>,
        /// Only this service's
        #[arg(long, short)]
        service: Option<String>,
    },
    /// Show in which values manifests differ from the branch
    Diff {
        #[command(flatten)]
        files: Files,
    },
    /// Remove releases
    Delete {
        /// `<tenant>`, or `<tenant>/<service>/<name>`
        #[arg(required = true)]
        releases: Vec<String>,
        /// Only if the release's content has this id, or one that begins so
        #[arg(long, value_name = "BLOB", value_parser = set::id)]
        if_match: Option<String>,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Show what happened to a release, the newest first
    History {
        /// `<tenant>`, or `<tenant>/<service>/<name>`
        release: String,
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Make a release what it was before
    Rollback {
        /// `<tenant>`, or `<tenant>/<service>/<name>`
        release: String,
        /// What it was after this commit of its history, or one that begins so; without it what it was before its last change
        #[arg(long, value_name = "COMMIT", value_parser = set::id)]
        to: Option<String>,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Show what has become of releases in the cluster
    Status {
        /// `<tenant>`, or `<tenant>/<service>/<name>`
        #[arg(required = true)]
        releases: Vec<String>,
        #[command(flatten)]
        sync: status::Args,
    },
    /// Print the manifest of a release, checked, without a repository
    Render(render::Args),
    /// Check manifests; without files, all releases of the branch
    Validate {
        /// A manifest, a folder of manifests wherever they lie, or `-` for standard input
        #[arg(long = "filename", short = 'f', value_name = "FILE", conflicts_with = "folder")]
        files: Vec<PathBuf>,
        /// A checkout of a releases repository: each file has to be what its path says
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Make a releases repository that is ready for people: editor schemas, a CI workflow, CODEOWNERS, README
    InitRepo(init::Args),
    /// Print completions for a shell
    Completions { shell: Shell },
}

#[derive(clap::Args)]
pub(crate) struct Files {
    /// A manifest, a folder of manifests, or `-` for standard input
    #[arg(long = "filename", short = 'f', value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub files: Files,
    /// All of them in one commit, or none
    #[arg(long)]
    pub atomic: bool,
    /// Only if the release's content has this id, or one that begins so
    #[arg(long, value_name = "BLOB", value_parser = set::id, conflicts_with = "create_only")]
    pub if_match: Option<String>,
    /// Only releases that aren't there yet
    #[arg(long)]
    pub create_only: bool,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(clap::Args)]
pub(crate) struct WriteArgs {
    /// Show what would happen, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// An id of your own for this change: sent again under it, it lands once
    #[arg(long, value_name = "ID")]
    pub job: Option<JobId>,
    /// Words for the commit
    #[arg(long, short)]
    pub message: Option<String>,
    /// On whose behalf; without it whom `git` is configured for
    #[arg(long = "as", env = "TREFOIL_ACTOR", value_name = "NAME <ADDRESS>", value_parser = set::actor)]
    pub actor: Option<runtime::Actor>,
    /// Sign commits: `ssh:FILE` or `gpg:KEY`
    #[arg(long, env = "TREFOIL_SIGN", value_name = "KEY", value_parser = set::signing)]
    pub sign: Option<runtime::Signing>,
    #[command(flatten)]
    pub sync: status::Args,
    #[command(flatten)]
    pub pull: propose::PullArgs,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Refused = 1,
    Usage = 2,
    Again = 3,
}

impl Exit {
    /// How both together end: what can be sent again doesn't hide what can't.
    pub(crate) fn and(self, other: Exit) -> Exit {
        match (self, other) {
            (Exit::Refused, _) | (_, Exit::Done) => self,
            _ => other,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// A request that can't be meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub String);

/// How a command that failed ends.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    let own = error.downcast_ref::<runtime::Error>().is_some_and(runtime::Error::is_transient);
    let others = error.downcast_ref::<SyncError>().is_some_and(SyncError::is_transient);
    match own || others {
        true => Exit::Again,
        false if error.is::<Usage>() => Exit::Usage,
        false => Exit::Refused,
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<Exit> {
    let session = |write: Option<&WriteArgs>| Session::new(&args.common, write);
    match &args.command {
        Command::Apply(apply) => apply::apply(&session(Some(&apply.write))?, apply),
        Command::Get { release } => read::get(&session(None)?, release),
        Command::List { tenant, service } => read::list(&session(None)?, tenant.as_deref(), service.as_deref()),
        Command::Diff { files } => differ::diff(&session(None)?, files),
        Command::Delete { releases, if_match, write } => {
            apply::delete(&session(Some(write))?, releases, if_match.as_deref(), write)
        }
        Command::History { release, limit } => read::history(&session(None)?, release, *limit),
        Command::Rollback { release, to, write } => apply::rollback(&session(Some(write))?, release, to.as_deref(), write),
        Command::Status { releases, sync } => status::status(&session(None)?, releases, sync),
        Command::Render(render) => render::render(&session(None)?, render),
        Command::Validate { files, folder } => match folder {
            Some(folder) => read::validate_folder(&session(None)?, folder),
            None => read::validate(&session(None)?, files),
        },
        Command::InitRepo(init) => init::init(&session(None)?, init),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Args::command(), "trefoil", &mut std::io::stdout());
            Ok(Exit::Done)
        }
    }
}
