//! The command line: what can be said, and who does it.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::report::Format;
use crate::session::{Exit, Session};
use crate::{accept, bench, conformance, explain, generate, helm, new, survey, validate};

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing is wrong
  1  problems were found, and all of them are reported
  2  the command line can't be understood
  3  a program that a check needs isn't there; the checks that don't need it have run
  4  a file or folder can't be read or written";

/// Makes and checks everything that a platform repository's schemas become.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version, after_help = EXIT_CODES)]
struct Cli {
    /// The platform repository; without it, the nearest folder above that has `schemas/` or `platform.toml`
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// How problems are reported: for people, programs, GitHub's annotations or code scanning
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show notes too
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Begin a service: a starter of that name, `blank`, or a chart that exists
    New(new::Args),
    /// Make everything that follows from the schemas, and remove what no longer does
    Generate(generate::Args),
    /// Check schemas, examples, flavors, values, accepted losses and whether the generated files are fresh
    Validate(validate::Args),
    /// Show what became of every constraint of a service in every target
    Explain(explain::Args),
    /// Write down that a service's losses are accepted
    Accept(accept::Args),
    /// Run `helm lint` over every chart
    Lint,
    /// Run `helm template` over every chart and print what it renders
    Template,
    /// `validate`, then `lint`
    All(validate::Args),
    /// Put every schema below a folder through all targets, and show what they give to independent readers
    Survey(survey::Args),
    /// Measure how fast this is beside other programs
    Bench(bench::Args),
    /// Show generated documents to the real systems, and hold their verdicts against the ledger (`audit --help`)
    #[command(disable_help_flag = true)]
    Audit(conformance::Args),
    /// Say, offline, what each system will say of a service's values (`try --help`)
    #[command(disable_help_flag = true)]
    Try(conformance::Args),
    /// Start the real platform on this machine, with all services (`lab --help`)
    #[command(disable_help_flag = true)]
    Lab(conformance::Args),
    /// Remove what Helm downloads and builds
    Clean,
    /// Print a shell's completions
    Completions {
        /// The shell
        shell: Shell,
    },
}

pub(crate) fn run() -> Exit {
    let cli = Cli::parse();
    let Some(command) = cli.command else {
        return help();
    };
    if let Command::Completions { shell } = command {
        clap_complete::generate(shell, &mut Cli::command(), "xtask", &mut std::io::stdout());
        return Exit::Done;
    }
    let mut session = match Session::open(cli.root, cli.format, cli.verbose) {
        Ok(session) => session,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Exit::Usage;
        }
    };
    let result = match command {
        Command::New(args) => new::run(&mut session, &args),
        Command::Generate(args) => generate::run(&mut session, &args),
        Command::Validate(args) => validate::run(&mut session, &args),
        Command::Explain(args) => explain::run(&mut session, &args),
        Command::Accept(args) => accept::run(&mut session, &args),
        Command::Lint => helm::lint(&mut session),
        Command::Template => helm::template(&mut session),
        Command::All(args) => validate::run(&mut session, &args).and_then(|first| Ok(first.worse(helm::lint(&mut session)?))),
        Command::Survey(args) => survey::run(&mut session, &args),
        Command::Bench(args) => bench::run(&mut session, &args),
        Command::Audit(args) => conformance::run(&session, "audit", &args),
        Command::Try(args) => conformance::run(&session, "try", &args),
        Command::Lab(args) => conformance::run(&session, "lab", &args),
        Command::Clean => helm::clean(&mut session),
        Command::Completions { .. } => Ok(Exit::Done),
    };
    session.finish(result)
}

/// `cargo xtask` alone lists the commands.
fn help() -> Exit {
    match Cli::command().print_help() {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Io,
    }
}
