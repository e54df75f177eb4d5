//! The command line: `cargo xtask audit`, `cargo xtask try`, `cargo xtask lab`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};
use serde_json::Value;

use crate::audit::{Extent, Questions, audit};
use crate::chain;
use crate::fault::{self, Fate};
use crate::foretell;
use crate::install;
use crate::lab;
use crate::report;
use crate::roster::{self, Entry, Ground};
use crate::subject::{self, Taken};
use crate::system::System;
use crate::system::kro::Release;

/// Something disagrees, or a fault survived.
pub(crate) const DISAGREES: u8 = 1;
/// A system that is required isn't there.
pub(crate) const MISSING: u8 = 3;
/// A program failed, or a file can't be read.
pub(crate) const FAILED: u8 = 4;

const EXIT_CODES: &str = "\
Exit codes:
  0  everything that was asked agrees with the ledger
  1  something disagrees; each with its document and the command that repeats it
  2  the command line can't be understood
  3  a system that `--require` wants isn't installed
  4  a program failed, or a file can't be read or written";

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show generated documents, good ones and broken ones, to the real systems, and hold their verdicts against the ledger
    Audit(AuditArgs),
    /// Say, offline, what each system will say of a release's values, and in which words
    Try {
        /// The service
        service: String,
        /// The values
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
    },
    /// Start the whole platform on this machine, without containers, and follow a repository of releases
    Lab(LabArgs),
}

#[derive(Args)]
struct LabArgs {
    /// The repository to follow; without it, a new one
    #[arg(long, value_name = "DIR")]
    releases: Option<PathBuf>,
    /// End when the first revision is applied and its releases are settled
    #[arg(long)]
    once: bool,
    /// The release of KRO
    #[arg(long, default_value = "0.9.4", value_parser = kro)]
    kro: Release,
}

#[derive(Args)]
struct AuditArgs {
    /// Get the real programs that are asked, pinned, into the user's cache, and stop
    #[arg(long)]
    install: bool,
    /// Only these systems or groups of them, as helm,kro,backstage,form,rust
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Fail if a system isn't installed
    #[arg(long)]
    require: bool,
    /// Only these services
    #[arg(long, value_delimiter = ',')]
    services: Vec<String>,
    /// Audit every `*.schema.json` below a folder instead of this repository's services
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// The release of KRO
    #[arg(long, default_value = "0.9.4", value_parser = kro)]
    kro: Release,
    /// The same seed asks the same questions
    #[arg(long, default_value_t = 20_261_121)]
    seed: u64,
    /// Documents of each service: at least so many if its schema gives them
    #[arg(long, default_value_t = 450)]
    documents: usize,
    /// Documents of each service: at most so many
    #[arg(long, default_value_t = 2000)]
    most: usize,
    /// Ask about this document of the one service only
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// Put each kind of fault so many times into what is generated, and report those that nothing sees
    #[arg(long, value_name = "TIMES", num_args = 0..=1, default_missing_value = "1")]
    faults: Option<usize>,
    /// Walk the chain instead: form, manifest, commit, Flux, KRO, Helm, objects; a change, a refused change, a removal
    #[arg(long)]
    chain: bool,
    /// Write a report, Markdown and JSON, into a folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

fn kro(text: &str) -> Result<Release, String> {
    match text {
        "0.9.4" => Ok(Release::V094),
        "0.9.3" => Ok(Release::V093),
        other => Err(format!("KRO {other} isn't pinned: 0.9.4 and 0.9.3 are")),
    }
}

/// Runs a command.
///
/// # Errors
/// If a program fails, or a file can't be read or written.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let root = std::env::current_dir().context("there is no current folder")?;
    match Cli::parse().command {
        Command::Audit(args) if args.install => get(&args),
        Command::Audit(args) if args.chain => walk(&root, &args),
        Command::Audit(args) if args.faults.is_some() => faults(&root, &args),
        Command::Audit(args) => ask(&root, &args),
        Command::Try { service, file } => foretell::run(&root, &service, &file),
        Command::Lab(args) => follow(&root, &args),
    }
}

fn follow(root: &Path, args: &LabArgs) -> anyhow::Result<ExitCode> {
    if !installed(lab::programs().chain([args.kro.program()])) {
        return Ok(ExitCode::from(MISSING));
    }
    let subjects = subject::repository(root, true)?;
    lab::lab(root, args.kro, &subjects, args.releases.as_deref(), args.once)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether all these programs are there; else it says which aren't.
fn installed(programs: impl Iterator<Item = &'static str>) -> bool {
    let missing: Vec<&str> = programs.filter(|name| install::path(name).is_none()).collect();
    if !missing.is_empty() {
        eprintln!("error: not installed: {}; `cargo xtask audit --install` gets them", missing.join(", "));
    }
    missing.is_empty()
}

fn walk(root: &Path, args: &AuditArgs) -> anyhow::Result<ExitCode> {
    if !installed(chain::programs().chain([args.kro.program()])) {
        return Ok(ExitCode::from(MISSING));
    }
    // A composite needs the definitions of its parts, whichever services are walked.
    taken(root, args)?;
    let all = subject::repository(root, true)?;
    let steps = chain::chain(root, &Ground::new(root, args.kro)?, &all, &args.services, |step| println!("{step}"))?;
    let failed = steps.iter().filter(|step| step.failure.is_some()).count();
    println!("{} steps, {failed} failed", steps.len());
    crate::cluster::STAND_INS.iter().for_each(|stand_in| println!("note: {stand_in}"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(DISAGREES) })
}

fn get(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let mut programs: Vec<&str> = roster::wanted(&args.only)?.iter().flat_map(|entry| entry.needs(args.kro)).collect();
    if args.only.is_empty() || args.chain {
        programs.extend(chain::programs());
    }
    programs.sort_unstable();
    programs.dedup();
    let report = install::install(&programs)?;
    eprintln!("{} were there, {} were made", report.there.len(), report.made.len());
    for (name, why) in &report.missing {
        eprintln!("{name} can't be had: {why}");
    }
    Ok(if report.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(MISSING) })
}

fn ask(root: &Path, args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let Taken { subjects, refused } = taken(root, args)?;
    for (file, why) in &refused {
        eprintln!("not audited, since it is refused: {file}: {}", report::short(why));
    }
    let entries = roster::wanted(&args.only)?;
    let (there, missing): (Vec<&Entry>, Vec<&Entry>) = entries.into_iter().partition(|entry| entry.missing(args.kro).is_none());
    for entry in &missing {
        eprintln!("{}: not asked: {}", entry.name, entry.missing(args.kro).unwrap_or_default());
    }
    if args.require && !missing.is_empty() {
        eprintln!("error: systems that are required aren't installed; `cargo xtask audit --install` gets them");
        return Ok(ExitCode::from(MISSING));
    }
    ensure!(!there.is_empty(), "no system is installed: `cargo xtask audit --install` gets them");
    let questions = match &args.document {
        Some(file) => Questions::Given(values(file)?),
        None => Questions::Made(extent(args)),
    };
    ensure!(args.document.is_none() || subjects.len() == 1, "--document is of one service: name it with --services");
    let ground = Ground::new(root, args.kro)?;
    let mut systems = start(&there, &ground)?;
    let findings = audit(&subjects, &mut systems, &questions)?;
    let versions: Vec<(&str, String)> = systems.iter().map(|system| (system.name(), system.version())).collect();
    let not_asked: Vec<(&str, String)> =
        missing.iter().map(|entry| (entry.name, entry.missing(args.kro).unwrap_or_default())).collect();
    let targets = systems.iter().map(|system| (system.name(), system.target())).collect();
    let again = args.corpus.as_ref().map_or_else(String::new, |folder| format!("--corpus {} ", folder.display()));
    let summary =
        report::Summary { again, seed: args.seed, versions, targets, not_asked, findings: &findings, subjects: &subjects };
    summary.keep(&ground.logs.join("disagreements"))?;
    print!("{}", summary.text());
    if let Some(folder) = &args.report {
        summary.write(folder, &ground.pictures())?;
    }
    // Whose words were never seen can't be foretold to the letter.
    let foretold = findings.misses() == 0 || args.corpus.is_some();
    Ok(if findings.clean() && foretold { ExitCode::SUCCESS } else { ExitCode::from(DISAGREES) })
}

/// The values in a file.
///
/// # Errors
/// If it can't be read, or holds no object.
pub(crate) fn values(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let values = manifest::yaml::read(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    ensure!(values.is_object(), "{} has to hold an object: the values of a release", file.display());
    Ok(values)
}

fn start(entries: &[&Entry], ground: &Ground) -> anyhow::Result<Vec<Box<dyn System>>> {
    entries.iter().map(|entry| entry.start(ground)).collect()
}

fn extent(args: &AuditArgs) -> Extent {
    Extent { seed: args.seed, least: args.documents, most: args.most.max(1) }
}

fn taken(root: &Path, args: &AuditArgs) -> anyhow::Result<Taken> {
    let Taken { mut subjects, refused } = match &args.corpus {
        Some(folder) => subject::corpus(folder)?,
        None => Taken { subjects: subject::repository(root, true)?, refused: Vec::new() },
    };
    if !args.services.is_empty() {
        let known: Vec<String> = subjects.iter().map(|subject| subject.name().to_owned()).collect();
        let unknown = args.services.iter().find(|name| !known.contains(name));
        ensure!(
            unknown.is_none(),
            "there is no service `{}`: there are {}",
            unknown.map_or("", String::as_str),
            known.join(", ")
        );
        subjects.retain(|subject| args.services.iter().any(|name| name == subject.name()));
    }
    Ok(Taken { subjects, refused })
}

fn faults(root: &Path, args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let Taken { subjects, .. } = taken(root, args)?;
    let ground = Ground::new(root, args.kro)?;
    let entries = roster::wanted(&args.only)?;
    let mut fates: Vec<Fate> = Vec::new();
    for group in ["rust", "helm", "kro", "backstage"] {
        let there: Vec<&Entry> = entries.iter().copied().filter(|entry| entry.group == group).collect();
        let there: Vec<&Entry> = there.into_iter().filter(|entry| entry.missing(args.kro).is_none()).take(1).collect();
        if there.is_empty() {
            eprintln!("{group}: not asked: it isn't installed, or isn't wanted");
            continue;
        }
        let times = args.faults.unwrap_or(1);
        fates.extend(fault::try_faults(&subjects, group, || start(&there, &ground), extent(args), times)?);
    }
    let survived = fates.iter().filter(|fate| fate.seen.is_none()).count();
    for fate in &fates {
        match &fate.seen {
            Some(seen) => println!("seen: {} ({}, {}): {}", fate.fault.name, fate.service, fate.place, report::short(seen)),
            None => println!("SURVIVED: {} ({}, {})", fate.fault.name, fate.service, fate.place),
        }
    }
    println!("{} faults of {} kinds, seed {}: {survived} survived", fates.len(), fault::FAULTS.len(), args.seed);
    Ok(if survived == 0 { ExitCode::SUCCESS } else { ExitCode::from(DISAGREES) })
}
