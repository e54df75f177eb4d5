//! The model means what the author wrote: a schema and the model that was made of it give the same verdict on every document.
//!
//! `SEED=<n>` repeats a run; a disagreement prints its seed and the smallest document that shows it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod support;

use std::path::Path;

use generator::lower;
use generator::model::{Rest, Schema, Service, Shape};
use jsonschema::{PatternOptions, Registry, Validator};
use serde_json::Value;
use support::random::Random;
use support::schema::{BUNDLE, print, without_id};
use support::{all_cases, corpus, own, repository, values};

/// Documents made from nothing, for each schema, and changes of each.
const DOCUMENTS: usize = 40;
const CHANGES: usize = 12;

#[test]
fn model_and_source_give_the_same_verdict() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121);
    let only = std::env::var("ONLY").ok();
    let (mut wrong, mut valid, mut invalid) = (Vec::new(), 0, 0);
    for path in [all_cases(), own(), corpus()].concat() {
        if only.as_ref().is_some_and(|only| !path.to_string_lossy().contains(only.as_str())) {
            continue;
        }
        let (source, inputs) = repository(&path);
        let Some(service) = lower(&source, &inputs).service else { continue };
        let (author, model) = validators(&service);
        let mut random = Random(seed);
        for document in documents(&service, &path, &author, &mut random) {
            let verdict = author.is_valid(&document);
            *(if verdict { &mut valid } else { &mut invalid }) += 1;
            if model.is_valid(&document) != verdict {
                wrong.push(format!(
                    "{} (seed {seed}): {}",
                    path.display(),
                    explained(smallest(document, &author, &model), &author, &model)
                ));
                break;
            }
        }
    }
    println!("{valid} valid and {invalid} invalid documents, {} schemas in disagreement", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(only.is_some() || valid > invalid / 8, "too few valid documents: {valid} of {}", valid + invalid);
}

fn validators(service: &Service) -> (Validator, Validator) {
    let bundle = without_id(&service.bundle.schema);
    let formats = bundle["$schema"].as_str().unwrap_or_default().contains("draft-0");
    let options = || {
        let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        options
            .should_ignore_unknown_formats(true)
            .without_content_media_type_support("application/json")
            .without_content_encoding_support("base64")
            .should_validate_formats(formats)
    };
    let registry = Registry::new().add(BUNDLE, bundle.clone()).unwrap().prepare().unwrap();
    let model = print(service);
    let model = options().with_registry(&registry).build(&model).unwrap_or_else(|error| panic!("{error}: {model:#}"));
    (options().build(&bundle).unwrap(), model)
}

fn documents(service: &Service, path: &Path, author: &Validator, random: &mut Random) -> Vec<Value> {
    let mut words = Vec::new();
    names(&service.values, &mut words);
    service.types.values().for_each(|schema| names(schema, &mut words));
    let mut out: Vec<Value> = seed(path).into_iter().collect();
    out.extend((0..DOCUMENTS).map(|_| values::value(&service.values, &service.types, random, 0)));
    for index in 0..out.len() {
        // A change of a valid document shows more than one of a document that is wrong elsewhere.
        let changes = if author.is_valid(&out[index]) { 4 * CHANGES } else { CHANGES / 4 };
        for _ in 0..changes {
            let mut document = out[index].clone();
            values::change(&mut document, &words, random);
            if random.once_in(4) {
                values::change(&mut document, &words, random);
            }
            out.push(document);
        }
    }
    out
}

/// The values that stand beside a public chart's schema.
fn seed(path: &Path) -> Option<Value> {
    let name = path.file_name()?.to_string_lossy().replace(".schema.json", ".yaml");
    let text = std::fs::read_to_string(path.parent()?.parent()?.join("values").join(name)).ok()?;
    manifest::yaml::read(&text).ok()
}

fn names(schema: &Schema, out: &mut Vec<String>) {
    match &schema.shape {
        Shape::Object(object) => {
            for field in &object.fields {
                out.push(field.name.clone());
                names(&field.schema, out);
            }
            if let Rest::Of(rest) = &object.rest {
                names(rest, out);
            }
        }
        Shape::List(list) => names(&list.item, out),
        Shape::Map(map) => names(&map.value, out),
        Shape::Union(branches) => branches.iter().for_each(|branch| names(branch, out)),
        _ => {}
    }
}

/// Takes away whatever isn't needed for the disagreement.
fn smallest(document: Value, author: &Validator, model: &Validator) -> Value {
    let disagree = |document: &Value| author.is_valid(document) != model.is_valid(document);
    let mut best = document;
    loop {
        let next = smaller(&best).into_iter().find(|candidate| disagree(candidate));
        match next {
            Some(next) => best = next,
            None => return best,
        }
    }
}

fn smaller(value: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let mut without = items.clone();
                without.remove(index);
                out.push(Value::Array(without));
                out.extend(smaller(item).into_iter().map(|item| {
                    let mut items = items.clone();
                    items[index] = item;
                    Value::Array(items)
                }));
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let mut without = members.clone();
                without.shift_remove(key);
                out.push(Value::Object(without));
                out.extend(smaller(member).into_iter().map(|member| {
                    let mut members = members.clone();
                    members.insert(key.clone(), member);
                    Value::Object(members)
                }));
            }
        }
        _ => {}
    }
    out
}

fn explained(document: Value, author: &Validator, model: &Validator) -> String {
    let errors = |validator: &Validator| match validator.iter_errors(&document).next() {
        Some(error) => format!("refuses it: {error} (at {}, by {})", error.instance_path(), error.schema_path()),
        None => "admits it".to_owned(),
    };
    format!("{document}\n    the author {}\n    the model {}", errors(author), errors(model))
}
