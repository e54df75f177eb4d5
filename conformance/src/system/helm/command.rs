//! The command itself, for a sample: it must say what its library says, and the chart's templates must be able to render what it accepts.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Helm, messages};
use crate::install;
use crate::subject::Subject;
use crate::system::Answer;

/// Shows what the values are to templates.
const TEMPLATE: &str = "templates/trefoil-audit.yaml";
const SHOWN: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: trefoil-audit\ndata:\n  values: {{ .Values | toJson | toJson }}\n";

/// Runs `helm template` for documents that the library has judged, and returns how the two differ.
///
/// # Errors
/// If the command isn't installed or can't be run.
pub(super) fn differences(
    helm: &Helm,
    subject: &Subject,
    documents: &[&Value],
    answers: &[Answer],
) -> anyhow::Result<Vec<String>> {
    ensure!(documents.len() == answers.len(), "{} documents have {} answers", documents.len(), answers.len());
    let chart = helm.chart(subject);
    let template = chart.join(TEMPLATE);
    std::fs::create_dir_all(chart.join("templates"))
        .and_then(|()| std::fs::write(&template, SHOWN))
        .context("the chart can't be written")?;
    let mut out = Vec::new();
    for (document, answer) in documents.iter().zip(answers) {
        if let Some(what) = differs(&said(helm, &chart, document)?, answer) {
            out.push(format!("{document}: {what}"));
        }
    }
    Ok(out)
}

/// The values that the templates see, or the error.
fn said(helm: &Helm, chart: &Path, document: &Value) -> anyhow::Result<Result<Value, String>> {
    let (file, home) = (helm.charts.path().join("sample-values.yaml"), helm.charts.path().join("home"));
    std::fs::write(&file, manifest::yaml::write(document)).context("the sample's values can't be written")?;
    let mut command = Command::new(install::need(helm.major.command())?);
    command.args(["template", "audit"]).arg(chart).arg("--values").arg(&file).args(["--show-only", TEMPLATE]);
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        // Nothing that a person has set up changes the verdict.
        command.env(variable, &home);
    }
    let output = command.output().with_context(|| format!("{} can't be run", helm.major.command()))?;
    if !output.status.success() {
        return Ok(Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let shown = manifest::yaml::read_all(&text).map_err(|error| anyhow::anyhow!("`helm template` wrote no YAML: {error}"))?;
    let values = shown.iter().find_map(|object| object["data"]["values"].as_str()).context("`helm template` shows no values")?;
    Ok(Ok(serde_json::from_str(values).context("the values that `helm template` shows are no JSON")?))
}

fn differs(said: &Result<Value, String>, answer: &Answer) -> Option<String> {
    match said {
        Ok(values) if !answer.accepted => {
            Some(format!("the command accepts it with {values}, the library says: {}", answer.messages.join("; ")))
        }
        Ok(values) => {
            let kept = answer.kept.as_ref().filter(|kept| *kept != values)?;
            Some(format!("the command's values are {values}, the library's {kept}"))
        }
        Err(error) if answer.accepted => Some(format!("the library accepts it, the command says: {error}")),
        Err(error) => {
            // The order of what Go keeps in maps is another each time.
            let sorted = |messages: &[String]| {
                let mut lines: Vec<String> = messages.iter().flat_map(|message| message.lines()).map(letters).collect();
                lines.sort();
                lines
            };
            let told = messages(error.trim_start_matches("Error: "));
            (sorted(&told) != sorted(&answer.messages))
                .then(|| format!("the command says {told:?}, the library {:?}", answer.messages))
        }
    }
}

/// The characters of a line in order of the alphabet: names are listed in any order.
fn letters(line: &str) -> String {
    let mut letters: Vec<char> = line.chars().collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}
