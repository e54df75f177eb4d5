//! What is printed: tables for people, JSON and YAML for programs.

use std::io::{IsTerminal, Write};

use runtime::manifest::yaml;
use runtime::{BlobId, Effect};
use serde_json::{Value, json};

use super::Format;

/// Prints rows with a heading, or the same as a list of objects whose keys are the heading's words.
pub(crate) fn rows(format: Format, heading: &[&str], rows: &[Vec<Value>]) {
    match format {
        Format::Table => table(heading, rows),
        Format::Json | Format::Yaml => {
            let object = |row: &Vec<Value>| {
                let fields = heading.iter().zip(row).map(|(key, value)| ((*key).to_owned(), value.clone()));
                Value::Object(fields.collect())
            };
            value(format, &json!(rows.iter().map(object).collect::<Vec<_>>()));
        }
    }
}

/// Prints a value: JSON, or YAML.
pub(crate) fn value(format: Format, value: &Value) {
    match format {
        Format::Json => line(&format!("{value:#}")),
        Format::Table | Format::Yaml => line(yaml::write(value).trim_end()),
    }
}

fn table(heading: &[&str], rows: &[Vec<Value>]) {
    let shown = |value: &Value| match value {
        Value::String(text) if is_id(text) => text[..SHORT].to_owned(),
        Value::String(text) => clean(text),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let mut cells: Vec<Vec<String>> = vec![heading.iter().map(|word| word.to_uppercase()).collect()];
    cells.extend(rows.iter().map(|row| row.iter().map(shown).collect()));
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    for row in &cells {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(padded.join("   ").trim_end());
    }
}

/// What happened to a release, and what it is now.
pub(crate) fn effect(effect: Effect) -> (&'static str, Option<BlobId>) {
    match effect {
        Effect::Created(blob) => ("created", Some(blob)),
        Effect::Updated(blob) => ("updated", Some(blob)),
        Effect::Unchanged(blob) => ("unchanged", Some(blob)),
        Effect::Deleted => ("deleted", None),
    }
}

/// How much of an object's id people are shown.
const SHORT: usize = 12;

fn is_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What others wrote can't steer the terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A line on standard output. A reader that went away, as `head` does, is no error.
pub(crate) fn line(text: &str) {
    writeln!(std::io::stdout(), "{text}").ok();
}

/// What a person at a terminal wants to know beside the answer.
pub(crate) fn aside(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}
