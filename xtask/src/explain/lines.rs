//! Where a place appears in what was made of it.

use generator::Made;
use manifest::pointer::unescape;
use serde::Serialize;

/// More lines than this of one file help nobody.
const PER_FILE: usize = 4;

/// A line of a generated file that names the place.
#[derive(Serialize)]
pub(super) struct Appearance {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) text: String,
}

/// The lines whose key, or field, has the last name of the place.
pub(super) fn find(made: &Made, at: &str) -> Vec<Appearance> {
    let named = at.rsplit('/').find(|step| !step.is_empty() && *step != "*" && step.parse::<usize>().is_err());
    let Some(name) = named.map(unescape) else { return Vec::new() };
    let files = made.targets.iter().flat_map(|(_, emission)| &emission.files).filter(|file| !file.path.starts_with("ledger/"));
    let mut out = Vec::new();
    for file in files {
        let lines = file.content.lines().enumerate().filter(|(_, line)| names(line, &name));
        let found =
            lines.take(PER_FILE).map(|(at, line)| Appearance { file: file.path.clone(), line: at + 1, text: line.to_owned() });
        out.extend(found);
    }
    out
}

/// Whether a line is that of the key: in YAML or JSON, or a field of a Rust struct in either spelling.
fn names(line: &str, name: &str) -> bool {
    let line = line.trim_start().trim_start_matches("# ").trim_start_matches("- ");
    let key = |key: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    key(name)
        || key(&format!("\"{name}\""))
        || line.contains(&format!("rename = \"{name}\""))
        || line.starts_with(&format!("pub {name}:"))
}
