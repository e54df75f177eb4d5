//! `diff`: what differs in values, not in text.

use runtime::manifest::pointer::escape;
use serde_json::{Value, json};

use super::session::{Session, called};
use super::{Exit, Files, Format, files, output, read};

/// One place that differs.
#[derive(Debug, PartialEq)]
struct Difference {
    place: String,
    branch: Option<Value>,
    given: Option<Value>,
}

pub(crate) fn diff(session: &Session<'_>, args: &Files) -> anyhow::Result<Exit> {
    let given = files::read(session, &args.files)?;
    let snapshot = read::snapshot(session)?;
    let mut exit = Exit::Done;
    let mut reports = Vec::new();
    for one in given {
        let located = one.checked.located();
        let name = called(&located.identity);
        let there = snapshot.get(&located.path)?;
        let there = there.map(|(_, text)| session.catalog.manifest_of(located, &text)).transpose()?;
        let mut differences = Vec::new();
        compare(there.as_ref(), Some(one.checked.manifest()), "", &mut differences);
        if !differences.is_empty() {
            exit = Exit::Refused;
        }
        match session.format {
            Format::Table => print(&name, there.is_none(), &differences),
            Format::Json | Format::Yaml => {
                let differences: Vec<Value> = differences
                    .into_iter()
                    .map(|found| json!({ "place": found.place, "branch": found.branch, "given": found.given }))
                    .collect();
                reports.push(json!({ "release": name, "new": there.is_none(), "differences": differences }));
            }
        }
    }
    if session.format != Format::Table {
        output::value(session.format, &json!(reports));
    }
    Ok(exit)
}

fn print(name: &str, new: bool, differences: &[Difference]) {
    match (new, differences.is_empty()) {
        (true, _) => return output::line(&format!("{name}: new")),
        (false, true) => return output::line(&format!("{name}: the same")),
        (false, false) => output::line(&format!("{name}:")),
    }
    for found in differences {
        let place = output::clean(&found.place);
        output::line(&match (&found.branch, &found.given) {
            (Some(branch), Some(given)) => format!("  ~ {place}: {branch} → {given}"),
            (None, Some(given)) => format!("  + {place}: {given}"),
            (Some(branch), None) => format!("  - {place}: {branch}"),
            (None, None) => continue,
        });
    }
}

/// Objects key by key; everything else whole, lists too: their items have no names.
fn compare(branch: Option<&Value>, given: Option<&Value>, place: &str, out: &mut Vec<Difference>) {
    match (branch, given) {
        (Some(Value::Object(branch)), Some(Value::Object(given))) => {
            for (key, value) in branch {
                compare(Some(value), given.get(key), &format!("{place}/{}", escape(key)), out);
            }
            for (key, value) in given.iter().filter(|(key, _)| !branch.contains_key(*key)) {
                compare(None, Some(value), &format!("{place}/{}", escape(key)), out);
            }
        }
        (branch, given) if branch == given => {}
        (branch, given) => {
            out.push(Difference { place: place.to_owned(), branch: branch.cloned(), given: given.cloned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs() {
        let (branch, given) = (json!({ "a": { "b": 1, "c": [1] }, "d": 2 }), json!({ "a": { "c": [1, 2], "b": 1 }, "e/f": {} }));
        let mut found = Vec::new();
        compare(Some(&branch), Some(&given), "", &mut found);
        let said: Vec<String> = found.iter().map(|found| format!("{} {:?}", found.place, found.given)).collect();
        assert_eq!(said, ["/a/c Some(Array [Number(1), Number(2)])", "/d None", "/e~1f Some(Object {})"]);
        found.clear();
        compare(Some(&branch), Some(&json!({ "d": 2, "a": { "c": [1], "b": 1 } })), "", &mut found);
        assert_eq!(found, []);
    }
}
