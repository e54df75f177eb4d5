//! GitHub's workflow commands (docs.github.com, "Workflow commands for GitHub Actions").

use generator::{Diagnostic, Severity};

use super::Report;

pub(super) fn print(report: &Report, diagnostics: &[&Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| line(report, diagnostic)).collect()
}

fn line(report: &Report, diagnostic: &Diagnostic) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(location) = &diagnostic.location {
        let region = report.region(location);
        properties.push(format!("file={}", property(&location.file)));
        properties.push(format!("line={}", region.line));
        properties.push(format!("endLine={}", region.end_line));
        // GitHub ignores columns that span lines.
        if region.line == region.end_line {
            properties.push(format!("col={}", region.column));
            properties.push(format!("endColumn={}", region.end_column));
        }
    }
    properties.push(format!("title={}", property(diagnostic.code.as_str())));
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    format!("::{command} {}::{}\n", properties.join(","), data(&message))
}

/// As `escapeData` of actions/toolkit (`packages/core/src/command.ts`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As `escapeProperty` there.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
