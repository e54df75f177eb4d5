//! The release view: what of a service a release holds. `UPDATE=1` rewrites the goldens of `tests/view`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use generator::model::{Class, Constraint, Service, constraints, release};
use generator::{Severity, lower};
use serde_json::{Value, json};
use support::random::Random;
use support::{all_cases, corpus, files, golden, own, render, repository};

#[test]
fn the_view_holds_what_is_expected() {
    let mut wrong = Vec::new();
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/view"), ".json") {
        let (source, inputs) = repository(&path);
        let lowered = lower(&source, &inputs);
        assert!(lowered.diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Note), "{}", path.display());
        let view = release(&lowered.service.unwrap());
        let moved: String = view
            .moved
            .iter()
            .map(|(constraint, why)| format!("moved {} {}: {why}\n", constraint.used_at, constraint.keyword))
            .collect();
        wrong.extend(golden(&path.with_extension("txt"), &format!("{}{moved}", render::service(&view.service))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever is the platform's or secret: each constraint of the whole is in the view, or was noted as moved. `SEED=<n>` repeats a run.
#[test]
fn nothing_is_lost_between_the_views() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121);
    let mut random = Random(seed);
    let mut wrong = Vec::new();
    for path in [all_cases(), own(), corpus()].concat() {
        let (mut source, mut inputs) = repository(&path);
        let Ok(mut schema) = serde_json::from_str::<Value>(&source.text) else { continue };
        mark(&mut schema, &mut random);
        source.text = schema.to_string();
        inputs.sources[0] = source.clone();
        if let Some(service) = lower(&source, &inputs).service
            && let Some(lost) = lost(&service)
        {
            wrong.push(format!("{} (seed {seed}): {lost:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Makes some of the properties the platform's, and some secret.
fn mark(value: &mut Value, random: &mut Random) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, random)),
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                for property in properties.values_mut().filter_map(Value::as_object_mut) {
                    match random.below(12) {
                        0 => _ = property.insert("x-ui".to_owned(), json!({ "platformOwned": true })),
                        1 => _ = property.insert("x-ui".to_owned(), json!({ "secretRef": true })),
                        _ => {}
                    }
                }
            }
            members.values_mut().for_each(|member| mark(member, random));
        }
        _ => {}
    }
}

fn lost(service: &Service) -> Option<Constraint> {
    let view = release(service);
    let mut answered = BTreeMap::<(String, String, &str), usize>::new();
    let key = |constraint: &Constraint| (constraint.used_at.to_string(), constraint.at.to_string(), constraint.keyword);
    for constraint in constraints(&view.service).iter().chain(view.moved.iter().map(|(constraint, _)| constraint)) {
        *answered.entry(key(constraint)).or_default() += 1;
    }
    constraints(service).into_iter().filter(|constraint| constraint.class == Class::Constraint).find(|constraint| {
        let count = answered.entry(key(constraint)).or_default();
        *count = count.wrapping_sub(1);
        *count == usize::MAX
    })
}
