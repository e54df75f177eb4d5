//! `bench`: how fast Trefoil is beside others. Ours and the peers take turns in one run, and what counts is their ratio.
//!
//! Every measurement starts its programs anew. Ours is this very program: what is measured is what `cargo xtask` builds.

mod contest;
mod fixture;
mod peers;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow};
use serde_json::json;

use crate::progress::Progress;
use crate::report::Format;
use crate::session::{Exit, Session};
use contest::{Contest, Program, Run};
use fixture::Repository;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Generate for the median and the largest `*.schema.json` below this folder; without it, for the repository's `webapp`
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// How often each program runs, after a first time that isn't counted; from 3 on, a single stall isn't the median
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(3..))]
    runs: u16,
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["generate", "scale", "validate"])]
    only: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// One service, beside programs that make types from a schema
    Generate,
    /// 10, 100 and 1,000 services
    Scale,
    /// Charts' values, beside ajv-cli as a Makefile calls it and called directly
    Validate,
}

const HEAD: &str = "\
Measured is the wall time of whole processes, from start to end; nothing stays running between two runs. The programs of a
table take turns: each runs once uncounted, then as often as `--runs` says. Files are in the system's cache, what is written
goes to new temporary folders, and programs that would use the network are told not to. Ratios are those of medians. Times
depend on the machine and on what else it does; the ratios within a table can be compared, unless a row is marked uneven.";

pub(crate) fn run(session: &mut Session, args: &Args) -> anyhow::Result<Exit> {
    let ours = std::env::current_exe().context("this program's own path can't be found")?;
    let bench = Bench { session, ours, peers: peers::folder(), runs: args.runs.into() };
    session.say(HEAD);
    let mut contests = Vec::new();
    for part in [Part::Generate, Part::Scale, Part::Validate].iter().filter(|part| args.only.contains(part)) {
        contests.extend(match part {
            Part::Generate => bench.generate(args.corpus.as_deref())?,
            Part::Scale => vec![bench.scale()?],
            Part::Validate => vec![bench.validate(&fixture::six())?, bench.validate(&["webapp".to_owned()])?],
        });
    }
    if session.format == Format::Json {
        println!("{}", json!({"runs": args.runs, "tables": contests}));
    }
    Ok(if contests.iter().all(Contest::ours_ran) { Exit::Done } else { Exit::Problems })
}

struct Bench<'a> {
    session: &'a Session,
    ours: PathBuf,
    /// Where the peers are installed.
    peers: PathBuf,
    runs: usize,
}

impl Bench<'_> {
    fn generate(&self, corpus: Option<&Path>) -> anyhow::Result<Vec<Contest>> {
        let mut contests = Vec::new();
        for (which, schema) in fixture::schemas(&self.session.root, corpus)? {
            let ours = || {
                let repository = Repository::new()?;
                repository.add("measured", &schema, None)?;
                Ok(Some(Run { commands: vec![self.xtask(&repository, "generate")], folder: Some(repository) }))
            };
            let mut programs = vec![Program::new("xtask generate", ours)];
            programs.extend(peers::generators(&self.peers, &schema));
            let title = format!("generate: {which}.\nOurs makes all targets, each peer the types of one language");
            contests.push(self.hold(title, programs, Contest::beside_ours)?);
        }
        Ok(contests)
    }

    fn scale(&self) -> anyhow::Result<Contest> {
        const SIZES: [usize; 3] = [10, 100, 1000];
        let (schema, sample) = &fixture::webapp(&self.session.root)?;
        let programs = SIZES.map(|size| {
            Program::new(format!("xtask generate, {size} services"), move || {
                let repository = Repository::new()?;
                for name in fixture::names().take(size) {
                    repository.add(&name, schema, Some(sample))?;
                }
                Ok(Some(Run { commands: vec![self.xtask(&repository, "generate")], folder: Some(repository) }))
            })
        });
        let title = "scale: copies of the service `webapp` under other names";
        self.hold(title.to_owned(), programs.into(), |contest| contest.growth(&SIZES))
    }

    fn validate(&self, services: &[String]) -> anyhow::Result<Contest> {
        let repository = Repository::of(&self.session.root, services)?;
        let accepts = services.iter().map(|service| {
            let mut command = self.xtask(&repository, "accept");
            command.arg(service);
            command
        });
        let commands = accepts.chain([self.xtask(&repository, "generate")]).collect();
        let prepared = Run { commands, folder: None }.time();
        prepared.map_err(|why| anyhow!("the services to validate can't be prepared: {why}"))?;
        let ours = || Ok(Some(Run { commands: vec![self.xtask(&repository, "validate")], folder: None }));
        let mut programs = vec![Program::new("xtask validate", ours)];
        programs.extend(peers::validators(&self.peers, repository.path(), services));
        let title = format!(
            "validate: {}, our own as a stand-in for another platform's charts.\nThe peers check each chart's values against its \
             schema; ours also checks examples, flavors, accepted losses and freshness",
            services.join(", ")
        );
        self.hold(title, programs, Contest::beside_ours)
    }

    /// Measures one table, adds the ratios, and prints it.
    fn hold(&self, title: String, programs: Vec<Program<'_>>, compare: impl Fn(&mut Contest)) -> anyhow::Result<Contest> {
        let mut contest = contest::measure(title, &programs, self.runs, Progress::new(self.session.format))?;
        compare(&mut contest);
        self.session.say(contest.to_text());
        Ok(contest)
    }

    fn xtask(&self, repository: &Repository, task: &str) -> Command {
        let mut command = Command::new(&self.ours);
        command.arg("--root").arg(repository.path()).arg(task);
        command
    }
}
