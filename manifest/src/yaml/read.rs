//! The reader: serde-saphyr with its limits set, and a visitor that takes only what JSON can hold.

use serde::de::{self, Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Options, SnippetMode};
use std::fmt;
use std::ops::Range;

/// Text that is not YAML, or YAML that JSON can't hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// Line, 1-based; 1 if the reader didn't say.
    pub line: usize,
    /// Column in characters, 1-based; 1 if the reader didn't say.
    pub column: usize,
    /// The token in bytes of the text, if the reader said.
    pub span: Option<Range<usize>>,
}

/// Reads one document; no document, or an empty one, is `null`.
///
/// Integral floats (`1e3`, `1.0`) become integers, as kubectl makes them.
///
/// # Errors
/// If the text is not YAML, has several documents, a key twice, a key that is no string, a tag of an application, a number that is
/// none (`.nan`, `.inf`), or is nested or expands beyond reason.
pub fn read(text: &str) -> Result<Value, Error> {
    let document: Json = serde_saphyr::from_str_with_options(text, options()).map_err(|error| place(&error, text))?;
    Ok(document.0)
}

/// Reads all documents of a text; empty ones are left out.
///
/// # Errors
/// As [`read`], for the first document that has something wrong.
pub fn read_all(text: &str) -> Result<Vec<Value>, Error> {
    let documents: Vec<Json> = serde_saphyr::from_multiple_with_options(text, options()).map_err(|error| place(&error, text))?;
    Ok(documents.into_iter().map(|Json(value)| value).filter(|value| !value.is_null()).collect())
}

/// Comments are not kept at all, so a file of ten thousand comments (opentelemetry-demo's values) meets no limit for them.
/// The depth is that at which serde_json stops too.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 128,
        },
        emit_comments: false,
        legacy_octal_numbers: true,
        duplicate_keys: DuplicateKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// Some errors of the scanner have no place, or one behind the text.
fn place(error: &serde_saphyr::Error, text: &str) -> Error {
    let location = error.location();
    let position = |number: fn(&serde_saphyr::Location) -> u64| {
        location.as_ref().and_then(|location| usize::try_from(number(location)).ok()).filter(|&n| n > 0 && n <= text.len() + 1)
    };
    let span = location.and_then(|location| {
        let start = usize::try_from(location.span().byte_offset()?).ok()?;
        let end = start + usize::try_from(location.span().byte_len()?).ok()?;
        text.get(start..end).map(|_| start..end)
    });
    Error {
        message: message(error),
        line: position(serde_saphyr::Location::line).unwrap_or(1),
        column: position(serde_saphyr::Location::column).unwrap_or(1),
        span,
    }
}

/// The reader's own words, without the place and the source lines that it adds.
fn message(error: &serde_saphyr::Error) -> String {
    let text = error.render_with_options(serde_saphyr::render_options! { snippets: SnippetMode::Off });
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Json)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(small), _) => Ok(small.into()),
            (_, Ok(positive)) => Ok(positive.into()),
            _ => self.visit_f64(value as f64),
        }
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        match u64::try_from(value) {
            Ok(value) => Ok(value.into()),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        match integer(value).or_else(|| Number::from_f64(value)) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(E::custom(format_args!("{value} is not a number that JSON can hold"))),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(Key(key)) = entries.next_key()? {
            let Json(value) = entries.next_value()?;
            if map.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("the key {key:?} stands twice")));
            }
        }
        Ok(Value::Object(map))
    }
}

/// `1e3` and `1.0` as integers; none for a float that is no integer, or none that JSON's integers can hold.
pub(crate) fn integer(value: f64) -> Option<Number> {
    let signed = value as i64;
    let unsigned = value as u64;
    // The casts saturate: at 2⁶³ and 2⁶⁴ the way back is equal although the value is one too large.
    if signed as f64 == value && signed != i64::MAX {
        Some(signed.into())
    } else if unsigned as f64 == value && unsigned != u64::MAX {
        Some(unsigned.into())
    } else {
        None
    }
}

struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(AnyValue)? {
            Value::String(key) => Ok(Key(key)),
            Value::Array(_) | Value::Object(_) => Err(D::Error::custom("a key must be a string: found a list or a map")),
            Value::Bool(key) => {
                let words = if key { "`y`, `yes`, `on`" } else { "`n`, `no`, `off`" };
                Err(D::Error::custom(format_args!(
                    "a key must be a string: found {key}, which is also what {words} mean; put the key in quotes"
                )))
            }
            other => Err(D::Error::custom(format_args!("a key must be a string: found {other}; put the key in quotes"))),
        }
    }
}
