//! Damaged and hostile manifests: refused with a reason, or read as exactly what they say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use manifest::layout::Parts;
use runtime::manifest;
use support::catalog;
use support::random::Random;

const GOOD: &str = "\
apiVersion: services.example.org/v1alpha1
kind: Webapp
metadata:
  name: acme-tenant-shop-webapp
  namespace: acme-tenant
  labels:
    app.kubernetes.io/instance: acme-tenant-shop-webapp
    services.example.org/service: webapp
    services.example.org/tenant: acme
spec:
  values:
    tenant: acme
    name: shop
    image:
      repository: ghcr.io/acme/shop
      tag: \"1.4\"
    env:
      - name: MODE
        value: \"no\"
";

/// Bytes and words that YAML, Git and paths take for something.
const ODD: &[&str] = &[
    "\n",
    "\n---\n",
    ": ",
    "- ",
    "\t",
    "\"",
    "'",
    "|",
    ">",
    "&a ",
    "*a",
    "!!binary ",
    "#",
    "{",
    "}",
    "[",
    "]",
    "null",
    "~",
    "no",
    "1_000",
    "0x1F",
    "..",
    "/",
    "\\",
    "\0",
    "\u{200c}",
    "\u{feff}",
    "é",
    "\u{2028}",
    "\r",
    "%YAML 1.1",
    "<<",
    "?",
    ",",
    "@",
    "`",
    "\u{85}",
    "9",
    "-",
    "_",
];

#[test]
fn damaged_manifests() {
    let catalog = catalog();
    let count: u64 = std::env::var("CASES").ok().map_or(3_000, |text| text.parse().unwrap());
    let (mut taken, mut refused) = (0, 0);
    for case in 0..count {
        let mut random = Random(case);
        let mut text: Vec<char> = GOOD.chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len() as u64) as usize;
            match random.below(3) {
                0 => drop(text.remove(at)),
                1 => drop(text.splice(at..at, ODD[random.below(ODD.len() as u64) as usize].chars())),
                _ => text.swap(at, random.below(at as u64 + 1) as usize),
            }
        }
        let text: String = text.into_iter().collect();
        match catalog.read(&text, &Parts::new()) {
            Ok(checked) => {
                taken += 1;
                // Its path is that of its names, and what is written reads as what was read.
                let located = checked.located().clone();
                assert_eq!(catalog.layouts.find(located.path.as_str()).unwrap(), located, "case {case}: {text:?}");
                let again = catalog.file(located, checked.text()).unwrap();
                assert_eq!(again, checked, "case {case}: {text:?}");
                assert_eq!(manifest::yaml::read_all(checked.text()).unwrap().len(), 1, "case {case}: {text:?}");
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    println!("{taken} read, {refused} refused");
    assert!(taken > count / 100 && refused > count / 4, "{taken} read, {refused} refused");
}

/// Texts that are made to cost more than they weigh, and to smuggle (GIA-F36).
#[test]
fn hostile_manifests() {
    let catalog = catalog();
    let laughs: String = (1..30).map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", "))).collect();
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let smuggled = "MODE\\n---\\nkind: ClusterRoleBinding";
    for text in [
        format!("a0: &a0 x\n{laughs}{GOOD}"),
        GOOD.replace("spec:", &format!("x: {deep}\nspec:")),
        format!("{GOOD}---\nkind: ClusterRoleBinding\n"),
        GOOD.replace("name: MODE", &format!("name: \"{smuggled}\"")),
        GOOD.replace("name: acme-tenant-shop-webapp", "name: acme-tenant-../../etc-webapp"),
        GOOD.replace("name: acme-tenant-shop-webapp", "name: --force-tenant-shop-webapp"),
        GOOD.replace("    name: shop", &format!("    name: shop\n    x: {}", "y".repeat(2 << 20))),
        GOOD.replace("kind: Webapp", "kind: Secret"),
        GOOD.replace("kind: Webapp", "kind: [Webapp]"),
        String::new(),
        "- a\n".to_owned(),
        "\u{feff}".to_owned(),
    ] {
        let begun = std::time::Instant::now();
        assert!(catalog.read(&text, &Parts::new()).is_err(), "{:.200}", text);
        assert!(begun.elapsed().as_secs() < 20, "{:.200}", text);
    }
    // A text of several lines stays the text of one value.
    let lines = catalog.read(&GOOD.replace("value: \"no\"", "value: \"a\\n---\\nkind: X\""), &Parts::new()).unwrap();
    assert_eq!(manifest::yaml::read_all(lines.text()).unwrap().len(), 1);
    assert_eq!(lines.manifest()["spec"]["values"]["env"][0]["value"], "a\n---\nkind: X");
}
