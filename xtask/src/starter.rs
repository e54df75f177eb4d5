//! What a service begins with: the starters in the binary.

use include_dir::{Dir, DirEntry, include_dir};
use manifest::name::ServiceName;
use serde_json::Value;

static STARTERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../starters");

/// The starter for a name that has none of its own.
pub(crate) const BLANK: &str = "blank";

/// The hand-written files of a service that isn't on disk yet.
pub(crate) struct Draft {
    pub(crate) service: ServiceName,
    /// Where it comes from, for people.
    pub(crate) origin: String,
    /// Paths relative to the repository.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// What the values of an adopted chart meant.
    pub(crate) values: Option<Value>,
}

impl Draft {
    /// A file's text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let (_, content) = self.files.iter().find(|(found, _)| found == path)?;
        std::str::from_utf8(content).ok()
    }
}

/// All starters' names and descriptions.
pub(crate) fn list() -> Vec<(String, String)> {
    let folder = |dir: &Dir<'_>| dir.path().to_string_lossy().into_owned();
    let mut all: Vec<_> = STARTERS.dirs().map(|dir| (folder(dir), description(&folder(dir)))).collect();
    all.sort();
    all
}

pub(crate) fn exists(name: &str) -> bool {
    list().iter().any(|(found, _)| found == name)
}

/// The chart's own description.
fn description(name: &str) -> String {
    let chart = STARTERS.get_file(format!("{name}/chart/Chart.yaml")).and_then(|file| file.contents_utf8());
    let chart = chart.and_then(|text| manifest::yaml::read(text).ok()).unwrap_or(Value::Null);
    chart["description"].as_str().unwrap_or_default().to_owned()
}

/// A starter's files under a service's name.
pub(crate) fn draft(starter: &str, service: &ServiceName) -> Option<Draft> {
    STARTERS.get_dir(starter)?;
    let mut files = Vec::new();
    for (part, target) in [("schema", format!("schemas/{service}")), ("chart", format!("charts/{service}"))] {
        let part = format!("{starter}/{part}");
        if let Some(dir) = STARTERS.get_dir(&part) {
            collect(dir, &part, &target, &mut files);
        }
    }
    for (path, content) in files.iter_mut().filter(|(path, _)| path.ends_with("/Chart.yaml")) {
        if path.matches('/').count() == 2
            && let Ok(text) = std::str::from_utf8(content)
        {
            *content = rename_chart(text, service).into_bytes();
        }
    }
    files.sort();
    Some(Draft { service: service.clone(), origin: format!("the starter `{starter}`"), files, values: None })
}

fn collect(dir: &Dir<'_>, from: &str, to: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(dir, from, to, files),
            DirEntry::File(file) => {
                let path = file.path().to_string_lossy().replace('\\', "/");
                let rest = path.strip_prefix(from).unwrap_or(&path);
                files.push((format!("{to}{rest}"), file.contents().to_vec()));
            }
        }
    }
}

/// `Chart.yaml` with another name, comments and all: a checked name is the same in every YAML style.
pub(crate) fn rename_chart(text: &str, service: &ServiceName) -> String {
    let rename = |line: &str| match line.starts_with("name:") {
        true => format!("name: {service}{}", if line.ends_with('\n') { "\n" } else { "" }),
        false => line.to_owned(),
    };
    text.split_inclusive('\n').map(rename).collect()
}

/// The services whose schemas this one refers to.
pub(crate) fn children(schema: &str) -> Vec<ServiceName> {
    let mut out = Vec::new();
    if let Ok(schema) = serde_json::from_str::<Value>(schema) {
        references(&schema, &mut out);
    }
    out.sort();
    out.dedup();
    out
}

fn references(value: &Value, out: &mut Vec<ServiceName>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix("../"));
            out.extend(target.and_then(|text| ServiceName::parse(text.split('/').next()?).ok()));
            members.values().for_each(|member| references(member, out));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, out)),
        _ => {}
    }
}
