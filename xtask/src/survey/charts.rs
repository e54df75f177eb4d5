//! Helm as the reader of the chart's schema and the judge of the chart's own values.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use generator::Made;
use generator::ledger::Target;
use manifest::valid::Validator;
use serde_json::Value;

use super::row::{Row, Verdict};

pub(super) struct Helm {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Helm {
    /// Helm from `$HELM` or the path.
    pub(super) fn find() -> Option<Helm> {
        let program = std::env::var_os("HELM").map_or_else(|| PathBuf::from("helm"), PathBuf::from);
        let runs = Command::new(&program).arg("version").output().is_ok_and(|output| output.status.success());
        let folder = tempfile::tempdir().ok()?;
        runs.then_some(Helm { program, folder })
    }

    /// Shows Helm the chart's schema with the chart's own values (with none, where there are none).
    pub(super) fn read(&self, row: &mut Row, made: &Made, values: Option<&str>) -> anyhow::Result<()> {
        let Some(schema) = Row::file(made, Target::Helm, "/values.schema.json") else { return Ok(()) };
        let chart = self.folder.path().join("chart");
        std::fs::create_dir_all(chart.join("templates")).context("the chart for Helm can't be written")?;
        for (name, content) in [
            ("Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n"),
            ("templates/empty.yaml", ""),
            ("values.yaml", values.unwrap_or("{}")),
            ("values.schema.json", schema),
        ] {
            std::fs::write(chart.join(name), content).context("the chart for Helm can't be written")?;
        }
        let output =
            Command::new(&self.program).args(["template", "survey"]).arg(&chart).output().context("Helm can't be run")?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let about_values = said.contains("values don't meet the specifications");
        let invalid_schema =
            said.contains("is not valid against metaschema") || said.contains("failed to compile") || said.contains("jsonschema");
        let helm: Verdict = if output.status.success() { Ok(()) } else { Err(said.clone()) };
        if helm.is_err() && (!about_values || invalid_schema) {
            row.read(Target::Helm, Err(format!("Helm: {said}")));
            return Ok(());
        }
        let Some(values) = values else { return Ok(()) };
        let ours = match manifest::yaml::read(values) {
            Ok(values) => judge(made, &without_nulls(values)),
            Err(error) => Err(format!("values.yaml: {error}")),
        };
        row.values = Some((helm, ours));
        Ok(())
    }
}

fn judge(made: &Made, values: &Value) -> Verdict {
    let validator = Validator::new(&made.service.bundle.schema, made.defaults.clone()).map_err(|error| error.to_string())?;
    match validator.check(values).first() {
        Some(violation) => Err(format!("{}: {}", violation.pointer, violation.message)),
        None => Ok(()),
    }
}

/// A chart's values as Helm 4.2 and later shows them to the schema: `null` removes a key. In lists it stays.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Null => Value::Object(serde_json::Map::new()),
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        other => other,
    }
}
