//! Validation of a document against its schema, and the proof that it took place.

mod carried;
mod known;
mod message;
mod parts;

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

use crate::defaults::Defaults;

pub use carried::{is_carried, uncarried};
pub use parts::{Refused, refused};

/// A schema ready to judge documents: Helm 4's verdicts, without network or disk.
pub struct Validator {
    schema: jsonschema::Validator,
    bundle: Value,
    defaults: Defaults,
}

/// A schema that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the schema can't be used: {message}, at {pointer:?}")]
pub struct BundleError {
    /// The place in the schema, a JSON pointer.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
    #[source]
    source: Box<jsonschema::ValidationError<'static>>,
}

/// One way in which a document breaks its schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The place in the effective document, a JSON pointer; empty is the document itself.
    pub pointer: String,
    /// The keyword that is broken, as `maximum`.
    pub keyword: String,
    /// The place of the keyword in the schema, a JSON pointer.
    pub schema_pointer: String,
    /// The value at `pointer`, whole. It and the message may hold what somebody put there by mistake, a password: what must not
    /// show that, a log, takes `pointer` and `keyword`.
    pub found: Value,
    /// What was found and what was expected; long values are cut.
    pub message: String,
    /// The known property or admitted value that was probably meant.
    pub nearest: Option<String>,
}

/// All ways in which a document breaks its schema; shown one a line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Invalid {
    /// At least one, sorted by place.
    pub violations: Vec<Violation>,
}

/// A service's typed values; implemented by generated code.
pub trait Model: Sized + DeserializeOwned {
    /// The service's name.
    const SERVICE: &'static str;

    /// What the generator knows of its releases: a [`crate::contract::Terms`] as JSON.
    const RELEASE: &'static str;

    /// The service's validator, compiled once.
    fn validator() -> &'static Validator;
}

/// A document that was validated: only [`Valid::new`] makes one.
///
/// Written out is [`Valid::raw`], never the typed value: types may not hold all that the schema admits.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid<T> {
    raw: Value,
    effective: Value,
    typed: T,
}

/// How Helm 4 judges, offline.
fn options<'a>() -> jsonschema::ValidationOptions<'a> {
    jsonschema::options()
        .offline()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .should_ignore_unknown_formats(true)
        // Up to draft-07 it would decode strings; Helm doesn't.
        .without_content_media_type_support("application/json")
        .without_content_encoding_support("base64")
}

impl Validator {
    /// Makes a validator of a schema whose references are bundled, and of its defaults.
    ///
    /// The draft is that of `$schema`, 2020-12 without one; formats are asserted up to draft 7; patterns have no look-around.
    ///
    /// # Errors
    /// If the schema breaks its metaschema, has a pattern that RE2 hasn't, or refers to something outside.
    pub fn new(bundle: &Value, defaults: Defaults) -> Result<Validator, BundleError> {
        let schema = options().build(bundle).map_err(|source| BundleError {
            pointer: source.instance_path().to_string(),
            message: message::text(&source),
            source: Box::new(source),
        })?;
        Ok(Validator { schema, bundle: bundle.clone(), defaults })
    }

    /// The document with the schema's defaults under it. `1.0` is `1` in it, as it is for Helm in every draft, and in YAML.
    #[must_use]
    pub fn effective(&self, raw: &Value) -> Value {
        let mut effective = self.defaults.effective(raw);
        whole(&mut effective);
        effective
    }

    /// All violations of the effective document, sorted by place; none means that `raw` is valid.
    #[must_use]
    pub fn check(&self, raw: &Value) -> Vec<Violation> {
        self.violations(&self.effective(raw))
    }

    fn violations(&self, effective: &Value) -> Vec<Violation> {
        let errors = self.schema.iter_errors(effective);
        let mut violations: Vec<_> = errors.flat_map(|error| message::violations(&error, &self.bundle)).collect();
        violations.sort_by(|a, b| message::place(a).cmp(&message::place(b)));
        violations
    }
}

/// Makes integers of integral floats: draft-04 and Rust's types tell them apart, Helm doesn't.
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(integer) = number.as_f64().and_then(crate::yaml::integer) {
                *number = integer;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole),
        Value::Object(members) => members.values_mut().for_each(whole),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl<T: Model> Valid<T> {
    /// Validates `raw`, as it is, with the schema's defaults under it.
    ///
    /// # Errors
    /// All violations; or, as one of the keyword `model`, that the Rust type can't hold a document that the schema admits.
    pub fn new(raw: Value) -> Result<Self, Invalid> {
        let validator = T::validator();
        let effective = validator.effective(&raw);
        let violations = validator.violations(&effective);
        if !violations.is_empty() {
            return Err(Invalid { violations });
        }
        match T::deserialize(&effective) {
            Ok(typed) => Ok(Valid { raw, effective, typed }),
            Err(error) => Err(Invalid { violations: vec![message::unheld(T::SERVICE, effective, &error)] }),
        }
    }
}

impl<T> Valid<T> {
    /// The document as it was written.
    #[must_use]
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    /// The document with the schema's defaults under it.
    #[must_use]
    pub fn effective(&self) -> &Value {
        &self.effective
    }

    /// The effective document as a Rust type.
    #[must_use]
    pub fn typed(&self) -> &T {
        &self.typed
    }

    /// The document as it was written.
    #[must_use]
    pub fn into_raw(self) -> Value {
        self.raw
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("defaults", &self.defaults).finish_non_exhaustive()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "(root)" } else { &self.pointer };
        write!(f, "{place}: {} ({})", self.message, self.keyword)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.violations.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
