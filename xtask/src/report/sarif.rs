//! SARIF 2.1.0 (OASIS), as code scanning reads it.

use generator::{Code, Diagnostic, Location};
use serde_json::{Value, json};

use super::{Report, severity};

pub(super) fn print(report: &Report, diagnostics: &[&Diagnostic]) -> String {
    let rules: Vec<Value> = Code::ALL
        .iter()
        .map(|code| json!({ "id": code.as_str(), "shortDescription": { "text": code.meaning().trim() } }))
        .collect();
    let results: Vec<Value> = diagnostics.iter().map(|diagnostic| result(report, diagnostic)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "Trefoil", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

fn result(report: &Report, diagnostic: &Diagnostic) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}\n\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": Code::ALL.iter().position(|code| *code == diagnostic.code),
        "level": severity(diagnostic),
        "message": { "text": message },
        "locations": diagnostic.location.iter().map(|l| place(report, l)).collect::<Vec<_>>(),
    });
    if !diagnostic.related.is_empty() {
        let related = diagnostic.related.iter().map(|(location, sentence)| {
            let mut place = place(report, location);
            place["message"] = json!({ "text": sentence });
            place
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn place(report: &Report, location: &Location) -> Value {
    let region = report.region(location);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&location.file), "uriBaseId": "%SRCROOT%" },
        "region": {
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        },
    } })
}

/// A relative path as a URI reference (RFC 3986): only its unreserved characters and `/` stand for themselves.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
