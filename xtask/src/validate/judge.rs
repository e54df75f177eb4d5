//! Who says whether a document is valid: the chart's schema, and the release view's.

use generator::{Code, Diagnostic, Location, Made, Severity};
use manifest::platform::Platform;
use manifest::valid::{BundleError, Validator, Violation, uncarried};
use serde_json::{Map, Value, json};

use super::withheld::Withheld;
use crate::session::Session;
use crate::{laid, locate, repository};

/// Where a manifest holds the values.
const VALUES: &str = "/spec/values";

/// A service's two validators.
pub(super) struct Judge<'a> {
    pub(super) made: &'a Made,
    chart: Validator,
    manifest: Validator,
    /// What a release doesn't hold as the chart wants it.
    withheld: Withheld,
}

impl<'a> Judge<'a> {
    /// A schema that can't be used is reported.
    pub(super) fn new(session: &mut Session, made: &'a Made, platform: &Platform) -> Option<Judge<'a>> {
        let chart = Validator::new(&made.service.bundle.schema, made.defaults.clone());
        let schema = generator::manifest_schema(&made.service, platform);
        let manifest = Validator::new(&schema, laid::defaults(&schema));
        match (chart, manifest) {
            (Ok(chart), Ok(manifest)) => Some(Judge { made, chart, manifest, withheld: Withheld::of(&made.service) }),
            (Err(error), _) | (_, Err(error)) => {
                session.report.push(unusable(session, made, &error));
                None
            }
        }
    }

    /// What the chart's own schema says.
    pub(super) fn chart(&self, values: &Value) -> Vec<Violation> {
        self.chart.check(values)
    }

    /// What is wrong with a release's values.
    pub(super) fn release(&self, values: &Value) -> Vec<Violation> {
        let violations = self.manifest(&json!({ "spec": { "values": values } })).into_iter();
        violations.filter_map(|violation| Some(Violation { pointer: inside(&violation.pointer)?, ..violation })).collect()
    }

    /// What is wrong with a manifest: what the release view says of it, and what the chart will say of its values.
    pub(super) fn manifest(&self, manifest: &Value) -> Vec<Violation> {
        let mut out = self.manifest.check(manifest);
        if let Some(values) = manifest.pointer(VALUES) {
            out.extend(uncarried(values).into_iter().map(|(pointer, c)| not_carried(values, &pointer, c)));
            for violation in self.chart.check(values).into_iter().filter(|violation| !self.withheld.explains(violation)) {
                let violation = Violation { pointer: format!("{VALUES}{}", violation.pointer), ..violation };
                // One mistake, one message: the release view's, if it has one for the place.
                if !out.iter().any(|said| said.pointer == violation.pointer) {
                    out.push(violation);
                }
            }
        }
        out
    }

    /// The best sample there is, or nothing.
    pub(super) fn sample(&self) -> Option<&Value> {
        self.made.service.sample.as_ref()
    }
}

fn not_carried(values: &Value, pointer: &str, c: char) -> Violation {
    Violation {
        pointer: format!("{VALUES}{pointer}"),
        keyword: "characters".to_owned(),
        schema_pointer: String::new(),
        found: values.pointer(pointer).cloned().unwrap_or_default(),
        message: format!("it has the character U+{:04X}, which the Kubernetes API can't pass on to the chart", u32::from(c)),
        nearest: None,
    }
}

/// A place in a manifest as one in its values.
fn inside(pointer: &str) -> Option<String> {
    pointer.strip_prefix(VALUES).filter(|rest| rest.is_empty() || rest.starts_with('/')).map(str::to_owned)
}

fn unusable(session: &Session, made: &Made, error: &BundleError) -> Diagnostic {
    let file = repository::schema_path(&made.service.name);
    let text = std::fs::read_to_string(session.root.join(&file)).unwrap_or_default();
    let location = Location { span: locate::json(&text, &error.pointer), file };
    Diagnostic::new(Severity::Error, Code::Invalid, Some(location), error.to_string())
}

/// A violation in a YAML file.
pub(super) fn diagnostic(file: &str, text: &str, pointer: &str, violation: &Violation) -> Diagnostic {
    let location = Location { file: file.to_owned(), span: locate::yaml(text, pointer) };
    let shown = if pointer.is_empty() { "the document" } else { pointer };
    let message = format!("{shown}: {} ({})", violation.message, violation.keyword);
    let mut diagnostic = Diagnostic::new(Severity::Error, Code::Values, Some(location), message);
    diagnostic.help = violation.nearest.as_ref().map(|nearest| format!("did you mean {nearest:?}?"));
    diagnostic
}

/// `over` laid over `under`: objects are joined, anything else is replaced.
pub(super) fn lay(under: &Value, over: &Value) -> Value {
    let (Value::Object(low), Value::Object(high)) = (under, over) else {
        return over.clone();
    };
    let mut out: Map<String, Value> = low.clone();
    for (key, value) in high {
        let value = low.get(key).map_or_else(|| value.clone(), |below| lay(below, value));
        out.insert(key.clone(), value);
    }
    Value::Object(out)
}
