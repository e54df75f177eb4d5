//! Text in, files and ledger out.
//!
//! No I/O, no clock, no environment: the same input always gives the same bytes. A schema is [`lower`]ed once; every target is a
//! function from the model to files and a book.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod chart;
mod defaults;
mod definition;
mod diagnostic;
mod editor;
mod json;
pub mod ledger;
mod lower;
mod mark;
pub mod model;
pub mod parallel;
mod pattern;
mod rust;
mod shared;
mod template;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use manifest::contract::{Contract, ContractError};
use manifest::defaults::Defaults;
use manifest::name::ServiceName;
use manifest::platform::Platform;
use serde_json::Value;

pub use diagnostic::{Code, Diagnostic, Location, Severity, Span, line_column};
use ledger::{Book, Outcome, Target};
pub use lower::{Fate, Lowered};
use model::{Owned, Service};

/// What a service is made from.
#[derive(Clone, Debug)]
pub struct Source {
    pub service: ServiceName,
    /// `schemas/<service>/values.schema.json`, relative to the repository; diagnostics name it.
    pub path: String,
    pub text: String,
    /// The values of the smallest good release (`examples/ok/minimal.yaml`).
    pub sample: Option<Value>,
    /// What people begin a release with (`flavors/<name>.yaml`), by name.
    pub flavors: BTreeMap<String, Value>,
}

/// A platform repository, as far as the generator reads it.
#[derive(Clone, Debug)]
pub struct Inputs {
    pub platform: Platform,
    /// In any order: the output doesn't depend on it.
    pub sources: Vec<Source>,
    /// `charts/lib/_lib.tpl`.
    pub library: String,
}

/// Everything that a platform repository's schemas become.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Sorted by path; empty if a diagnostic is an error.
    pub files: Vec<File>,
    /// The services that could be lowered, by name.
    pub services: Vec<Made>,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
}

/// A service with its books.
#[derive(Clone, Debug)]
pub struct Made {
    pub service: Service,
    pub defaults: Defaults,
    /// In the order of [`TARGETS`].
    pub targets: Vec<(Target, Emission)>,
}

/// Makes everything: reads the sources, lowers each, emits each for each target, adds what all services share.
pub fn generate(inputs: &Inputs) -> Output {
    let mut sources: Vec<&Source> = inputs.sources.iter().collect();
    sources.sort_by(|a, b| a.service.cmp(&b.service));
    let (repository, mut problems) = lower::read(&inputs.sources);
    let mut output = Output::default();
    let work = |source: &&Source| {
        let lowered = lower::lower(source, &repository, &inputs.platform);
        (lowered.diagnostics, lowered.service.map(|service| make(service, &inputs.platform)))
    };
    for (source, (diagnostics, made)) in sources.iter().zip(parallel::each(&sources, work)) {
        output.diagnostics.extend(problems.remove(&source.service).unwrap_or_default());
        output.diagnostics.extend(diagnostics);
        if let Some(made) = made {
            output.diagnostics.extend(made.targets.iter().flat_map(|(_, emission)| emission.diagnostics.iter().cloned()));
            output.services.push(made);
        }
    }
    output.diagnostics.sort_by(|a, b| a.location.cmp(&b.location));
    if output.diagnostics.iter().all(|diagnostic| diagnostic.severity < Severity::Error) {
        let emitted =
            output.services.iter().flat_map(|made| &made.targets).flat_map(|(_, emission)| emission.files.iter().cloned());
        output.files.extend(emitted);
        output.files.extend(shared::files(&output.services, inputs));
        output.files.sort();
    }
    output
}

impl Made {
    /// Whether the target is given for the service.
    pub fn gives(&self, target: Target) -> bool {
        self.targets.iter().any(|(known, emission)| *known == target && emission.not_given.is_none())
    }
}

/// Lowers one source on its own, with the others at hand for its references.
pub fn lower(source: &Source, inputs: &Inputs) -> Lowered {
    let (repository, mut problems) = lower::read(&inputs.sources);
    let mut lowered = lower::lower(source, &repository, &inputs.platform);
    let mut diagnostics = problems.remove(&source.service).unwrap_or_default();
    diagnostics.append(&mut lowered.diagnostics);
    Lowered { diagnostics, ..lowered }
}

/// Emits a service for every target.
pub fn make(service: Service, platform: &Platform) -> Made {
    let views = Views { whole: &service, release: model::release(&service) };
    let targets = TARGETS.iter().map(|emitter| (emitter.target, (emitter.emit)(&views, platform))).collect();
    Made { defaults: defaults::defaults(&service), targets, service }
}

/// What a release of the service has to be.
///
/// # Errors
/// If no validator can be made of a schema.
pub fn contract(made: &Made, platform: &Platform) -> Result<Contract, ContractError> {
    let views = Views { whole: &made.service, release: model::release(&made.service) };
    Contract::new(terms::terms(&views, platform), &made.service.bundle.schema, made.defaults.clone())
}

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Relative to the repository's root, with `/`.
    pub path: String,
    /// Shared by the service's emission and the whole output.
    pub content: Arc<str>,
}

/// What a target makes of a service.
#[derive(Clone, Debug, Default)]
pub struct Emission {
    pub files: Vec<File>,
    pub book: Book,
    pub diagnostics: Vec<Diagnostic>,
    /// Why the target can't be given for this service; then there are no files.
    pub not_given: Option<String>,
}

/// A service in both views.
pub struct Views<'a> {
    /// What the chart accepts.
    pub whole: &'a Service,
    /// What a release holds.
    pub release: Owned,
}

/// A target: its name and its function.
pub struct Emitter {
    pub target: Target,
    pub emit: fn(&Views<'_>, &Platform) -> Emission,
}

/// All of them. Siblings: each walks the model and answers every constraint in the arm that prints or declines it.
pub const TARGETS: &[Emitter] = &[
    Emitter { target: Target::Rust, emit: rust::emit },
    Emitter { target: Target::Helm, emit: chart::emit },
    Emitter { target: Target::Kro, emit: definition::emit },
    Emitter { target: Target::Backstage, emit: template::emit },
    Emitter { target: Target::Editor, emit: editor::emit },
];

impl Owned {
    /// A book that begins with what the release view leaves to the platform.
    pub(crate) fn book(&self) -> Book {
        let mut book = Book::default();
        for (constraint, why) in &self.moved {
            book.enter(&constraint.used_at, &constraint.at, constraint.keyword, Outcome::Moved((*why).to_owned()));
        }
        book
    }
}
