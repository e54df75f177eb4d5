//! `charts/<service>/values.yaml` against the chart's schema, as Helm does it.

use generator::File;
use manifest::lay;
use manifest::valid::Violation;
use serde_json::Value;

use super::judge::{Judge, diagnostic};
use crate::repository::{self, Absence};
use crate::session::Session;

pub(super) fn check(session: &mut Session, judge: &Judge<'_>, files: &[File]) {
    let chart = format!("charts/{}", judge.made.service.name);
    let file = format!("{chart}/values.yaml");
    // That it isn't there was found when the generated files were compared.
    let Some(text) = repository::text(session, &file, Absence::Fine) else { return };
    let values = match manifest::yaml::read(&text) {
        Ok(Value::Null) => Value::Object(Default::default()),
        Ok(values) => values,
        Err(error) => return session.report.push(repository::yaml_error(&file, &text, error)),
    };
    let violations = violations(judge, &values, minimal(files, &chart).as_ref());
    session.report.extend(violations.iter().map(|violation| diagnostic(&file, &text, &violation.pointer, violation)));
}

/// Values alone may lack what every release has to give; with the smallest one over them they are whole.
fn violations(judge: &Judge<'_>, values: &Value, minimal: Option<&Value>) -> Vec<Violation> {
    let alone = judge.contract.chart(values);
    if alone.is_empty() {
        return alone;
    }
    match minimal {
        Some(minimal) => {
            let mut whole = values.clone();
            lay(&mut whole, minimal);
            judge.contract.chart(&whole)
        }
        None => alone.into_iter().filter(|violation| violation.keyword != "required").collect(),
    }
}

/// The smallest release in the chart's own words.
fn minimal(files: &[File], chart: &str) -> Option<Value> {
    let path = format!("{chart}/ci/minimal-values.yaml");
    let file = files.iter().find(|file| file.path == path)?;
    manifest::yaml::read(&file.content).ok().filter(Value::is_object)
}
