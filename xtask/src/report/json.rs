//! For programs: one object, the problems in file order.

use generator::{Diagnostic, Location};
use serde::Serialize;

use super::{Counts, Region, Report, severity};

#[derive(Serialize)]
struct Document<'a> {
    diagnostics: Vec<Item<'a>>,
    counts: Counts,
}

#[derive(Serialize)]
struct Item<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    #[serde(flatten)]
    region: Region,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
}

pub(super) fn print(report: &Report, diagnostics: &[&Diagnostic], counts: Counts) -> String {
    let place = |location: &Location| report.region(location);
    let items = diagnostics.iter().map(|diagnostic| Item {
        severity: severity(diagnostic),
        code: diagnostic.code.as_str(),
        message: &diagnostic.message,
        location: diagnostic.location.as_ref().map(|l| Place { file: &l.file, region: place(l) }),
        related: diagnostic
            .related
            .iter()
            .map(|(l, message)| Related { place: Place { file: &l.file, region: place(l) }, message })
            .collect(),
        help: diagnostic.help.as_deref(),
    });
    let document = Document { diagnostics: items.collect(), counts };
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}
