//! Who says whether a document is valid: the service's contract.

use generator::{Code, Diagnostic, Location, Made, Severity};
use manifest::contract::{Contract, ContractError, IDENTITY};
use manifest::platform::Platform;
use manifest::valid::Violation;
use serde_json::Value;

use crate::session::Session;
use crate::{locate, repository};

/// A service and its contract.
pub(super) struct Judge<'a> {
    pub(super) made: &'a Made,
    pub(super) contract: Contract,
}

impl<'a> Judge<'a> {
    /// A schema that can't be used is reported.
    pub(super) fn new(session: &mut Session, made: &'a Made, platform: &Platform) -> Option<Judge<'a>> {
        match generator::contract(made, platform) {
            Ok(contract) => Some(Judge { made, contract }),
            Err(error) => {
                session.report.push(unusable(session, made, &error));
                None
            }
        }
    }

    /// The best sample there is, or nothing.
    pub(super) fn sample(&self) -> Option<&Value> {
        self.made.service.sample.as_ref()
    }
}

fn unusable(session: &Session, made: &Made, error: &ContractError) -> Diagnostic {
    let file = repository::schema_path(&made.service.name);
    let text = std::fs::read_to_string(session.root.join(&file)).unwrap_or_default();
    let pointer = match error {
        ContractError::Schema(error) => error.pointer.as_str(),
        ContractError::Json { .. } => "",
    };
    let location = Location { span: locate::json(&text, pointer), file };
    Diagnostic::new(Severity::Error, Code::Invalid, Some(location), error.to_string())
}

/// A violation in a YAML file.
pub(super) fn diagnostic(file: &str, text: &str, pointer: &str, violation: &Violation) -> Diagnostic {
    let location = Location { file: file.to_owned(), span: locate::yaml(text, pointer) };
    let code = if violation.keyword == IDENTITY { Code::Manifest } else { Code::Values };
    let shown = if pointer.is_empty() { "the document" } else { pointer };
    let message = format!("{shown}: {} ({})", violation.message, violation.keyword);
    let mut diagnostic = Diagnostic::new(Severity::Error, code, Some(location), message);
    diagnostic.help = violation.nearest.as_ref().map(|nearest| format!("did you mean {nearest:?}?"));
    diagnostic
}
