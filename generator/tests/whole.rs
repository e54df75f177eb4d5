//! This repository's services and starters through all targets: the three books balance, and the same input gives the same bytes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use generator::ledger::balance;
use generator::{Inputs, Severity, Source, generate, lower};
use manifest::name::ServiceName;
use manifest::platform::Platform;

const SERVICES: &[(&str, &str)] = &[
    ("tenant", "schemas/tenant"),
    ("webapp", "schemas/webapp"),
    ("blank", "starters/blank/schema"),
    ("postgres", "starters/postgres/schema"),
    ("redis", "starters/redis/schema"),
    ("full-stack", "starters/full-stack/schema"),
];

fn inputs() -> Inputs {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path: String| std::fs::read_to_string(root.join(path)).unwrap();
    let sources = SERVICES.iter().map(|(name, folder)| Source {
        service: ServiceName::parse(name).unwrap(),
        path: format!("{folder}/values.schema.json"),
        text: read(format!("{folder}/values.schema.json")),
        sample: Some(manifest::yaml::read(&read(format!("{folder}/examples/ok/minimal.yaml"))).unwrap()),
        flavors: Default::default(),
    });
    Inputs { platform: Platform::default(), sources: sources.collect(), library: read("charts/lib/_lib.tpl".to_owned()) }
}

#[test]
fn the_three_books_balance() {
    let inputs = inputs();
    let output = generate(&inputs);
    assert_eq!(output.services.len(), SERVICES.len());
    for made in &output.services {
        for (target, emission) in &made.targets {
            assert_eq!(emission.not_given, None, "{} {target:?}", made.service.name);
            let imbalance = balance(&made.service, *target, &emission.book);
            assert!(imbalance.is_empty(), "{} {target:?}: {imbalance:?}", made.service.name);
            assert!(!emission.book.entries.is_empty());
        }
    }
    for source in &inputs.sources {
        let lowered = lower(source, &inputs);
        let consumed: Vec<_> = lowered.keywords.keys().collect();
        assert_eq!(consumed, lowered.found.iter().collect::<Vec<_>>(), "{}", source.path);
    }
}

#[test]
fn our_own_schemas_have_no_warnings() {
    let loud: Vec<_> =
        generate(&inputs()).diagnostics.into_iter().filter(|diagnostic| diagnostic.severity > Severity::Note).collect();
    assert!(loud.is_empty(), "{loud:?}");
}

#[test]
fn the_same_input_gives_the_same_bytes_in_any_order() {
    let inputs = inputs();
    let first = generate(&inputs).files;
    assert!(first.windows(2).all(|pair| pair[0].path < pair[1].path), "sorted, and no path twice");
    let mut sources = inputs.sources.clone();
    for _ in 0..sources.len() {
        sources.rotate_left(1);
        assert!(generate(&Inputs { sources: sources.clone(), ..inputs.clone() }).files == first);
    }
    sources.reverse();
    assert!(generate(&Inputs { sources, ..inputs }).files == first);
}

/// MSF-F50.
#[test]
fn a_setting_changes_every_file_that_it_concerns() {
    let inputs = inputs();
    let platform = Platform::read("[api]\ngroup = \"cloud.acme.test\"\n[releases]\nowner = \"acme\"\n").unwrap();
    let changed = generate(&Inputs { platform, ..inputs.clone() }).files;
    let all: String = changed.iter().map(|file| &*file.content).collect();
    assert!(all.contains("cloud.acme.test"));
    // The page of settings shows the defaults themselves.
    let left: Vec<&str> = changed
        .iter()
        .filter(|file| !file.path.starts_with("docs/"))
        .filter(|file| file.content.contains("services.example.org") || file.content.contains("owner=example-org&repo=releases"))
        .map(|file| file.path.as_str())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
