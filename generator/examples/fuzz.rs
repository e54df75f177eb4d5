//! Breaks the generator, or tries to: changed schemas go through every emitter. `fuzz [--seed N] [--seconds S] [--slow S]
//! [--corpus DIR]`.
//!
//! Held for each input: no panic, no more than `slow` seconds (2), the first book whole, each target's book balanced, the model's verdicts those
//! of the source, and for some inputs the same bytes again. A finding is printed with the smallest input that shows it; the input at
//! work is kept in a file, for the case of a stack that overflows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a tool for developers")]

#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::panic;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use generator::{Inputs, Source, generate, ledger, lower};
use jsonschema::{PatternOptions, Registry};
use serde_json::Value;
use support::random::Random;

/// The stack of a program's main thread.
const STACK: usize = 8 << 20;

static PANIC: Mutex<String> = Mutex::new(String::new());

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let argument =
        |name: &str| arguments.iter().position(|known| known == name).and_then(|index| arguments.get(index + 1)).cloned();
    let seed: u64 = argument("--seed").and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let slow = argument("--slow").and_then(|slow| slow.parse().ok()).unwrap_or(2);
    let seconds: u64 = argument("--seconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    let last = std::env::temp_dir().join(format!("trefoil-fuzz-{}.json", std::process::id()));
    panic::set_hook(Box::new(|info| *PANIC.lock().unwrap() = info.location().map(ToString::to_string).unwrap_or_default()));

    let mut files = [support::all_cases(), support::own()].concat();
    if let Some(corpus) = argument("--corpus") {
        files.extend(support::files(&PathBuf::from(corpus), ".json"));
    }
    let (_, inputs) = support::repository(&files[0]);
    let seeds: Vec<String> =
        files.iter().map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()).collect();
    let mut fuzz =
        Fuzz { inputs, last: last.clone(), executions: 0, lowered: 0, slowest: Duration::ZERO, slow: Duration::from_secs(slow) };
    let mut findings = BTreeMap::new();
    let mut random = Random(seed);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        let text = mutate::changed(&seeds, &mut random);
        if let Some(finding) = fuzz.run(&text)
            && !findings.contains_key(&finding)
        {
            let smallest = fuzz.smallest(&text, &finding);
            println!("{finding}\n{smallest}\n");
            findings.insert(finding, smallest);
        }
    }
    let Fuzz { executions, lowered, slowest, .. } = fuzz;
    println!(
        "seed {seed}: {executions} executions in {:.0?}, {lowered} with a model, slowest {slowest:.0?}, {} findings",
        start.elapsed(),
        findings.len()
    );
    _ = std::fs::remove_file(last);
    std::process::exit(i32::from(!findings.is_empty()));
}

struct Fuzz {
    inputs: Inputs,
    last: PathBuf,
    executions: u64,
    lowered: u64,
    slowest: Duration,
    slow: Duration,
}

impl Fuzz {
    /// What is wrong with an input, in a word that doesn't depend on the input.
    fn run(&mut self, text: &str) -> Option<String> {
        self.executions += 1;
        _ = std::fs::write(&self.last, text);
        let mut inputs = self.inputs.clone();
        inputs.sources[0].text = text.to_owned();
        // What nothing refers to needn't be made again; services refer to services.
        let all: String = inputs.sources.iter().map(|source| source.text.as_str()).collect();
        let mut index = 0;
        inputs.sources.retain(|source| {
            index += 1;
            let named = format!("../{}/", source.service);
            index == 1 || text.contains(&named) || source.text.len() < 1000 && text.contains("../") && all.contains(&named)
        });
        let slow = self.slow;
        let again = self.executions.is_multiple_of(16);
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || check(&inputs, again, slow));
        match thread.unwrap().join() {
            Ok((time, model, finding)) => {
                self.slowest = self.slowest.max(time);
                self.lowered += u64::from(model);
                finding
            }
            Err(_) => Some(format!("panic at {}", PANIC.lock().unwrap())),
        }
    }

    /// Takes away what the finding doesn't need.
    fn smallest(&mut self, text: &str, finding: &str) -> String {
        let Ok(mut best) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
        if self.run(&best.to_string()).as_deref() != Some(finding) {
            return text.to_owned();
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            let next = mutate::smaller(&best).into_iter().find(|candidate| {
                start.elapsed() < Duration::from_secs(20) && self.run(&candidate.to_string()).as_deref() == Some(finding)
            });
            match next {
                Some(next) => best = next,
                None => break,
            }
        }
        best.to_string()
    }
}

/// The time that it took, whether there is a model, and what is wrong.
fn check(inputs: &Inputs, again: bool, slow: Duration) -> (Duration, bool, Option<String>) {
    let start = Instant::now();
    let output = generate(inputs);
    let mut time = start.elapsed();
    if time > slow {
        // The machine may be busy.
        let start = Instant::now();
        generate(inputs);
        time = time.min(start.elapsed());
    }
    let own: &Source = &inputs.sources[0];
    let lowered = lower(own, inputs);
    let model = lowered.service.is_some();
    let finding = || {
        if time > slow {
            return Some("slow".to_owned());
        }
        if let Some((at, keyword)) = lowered.found.iter().find(|key| !lowered.keywords.contains_key(*key)) {
            return model.then(|| format!("{keyword} isn't consumed").replace(at.as_str(), ""));
        }
        if let Some((_, keyword)) = lowered.keywords.keys().find(|key| !lowered.found.contains(*key)) {
            return model.then(|| format!("{keyword} is consumed and isn't there"));
        }
        for made in &output.services {
            for (target, emission) in made.targets.iter().filter(|(_, emission)| emission.not_given.is_none()) {
                let imbalance = ledger::balance(&made.service, *target, &emission.book);
                if let Some(missing) = imbalance.missing.first() {
                    return Some(format!("{}: no answer to {}", target.as_str(), missing.keyword));
                }
                if let Some(unasked) = imbalance.unasked.first() {
                    return Some(format!("{}: unasked answer to {}", target.as_str(), unasked.keyword));
                }
            }
        }
        if again && generate(inputs).files != output.files {
            return Some("not the same bytes again".to_owned());
        }
        lowered.service.as_ref().and_then(disagreement)
    };
    (time, model, finding())
}

/// Whether the model and its source disagree on a few documents.
fn disagreement(service: &generator::model::Service) -> Option<String> {
    let bundle = support::schema::without_id(&service.bundle.schema);
    let formats = bundle["$schema"].as_str().unwrap_or_default().contains("draft-0");
    let options = || {
        let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        options
            .should_ignore_unknown_formats(true)
            .without_content_media_type_support("application/json")
            .without_content_encoding_support("base64")
            .should_validate_formats(formats)
    };
    let registry = Registry::new().add(support::schema::BUNDLE, bundle.clone()).ok()?.prepare().ok()?;
    let author = options().build(&bundle).ok()?;
    let Ok(model) = options().with_registry(&registry).build(&support::schema::print(service)) else {
        return Some("the model can't be printed as a schema".to_owned());
    };
    let mut random = Random(7);
    for _ in 0..12 {
        let mut document = support::values::value(&service.values, &service.types, &mut random, 0);
        for _ in 0..3 {
            if author.is_valid(&document) != model.is_valid(&document) {
                let who = if author.is_valid(&document) { "the source" } else { "the model" };
                return Some(format!("only {who} admits a document"));
            }
            support::values::change(&mut document, &[], &mut random);
        }
    }
    None
}
