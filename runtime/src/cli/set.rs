//! Arguments that are more than a word: `--set a.b[0]=1`, `--as`, `--sign`, `--part`.

use std::path::PathBuf;

use runtime::manifest::yaml;
use runtime::{Actor, Signing};
use serde_json::{Map, Value};

/// The longest list that `--set` makes by naming an item of it.
const ITEMS: usize = 1000;

pub(crate) fn part(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// The id of an object, or its first digits.
pub(crate) fn id(text: &str) -> Result<String, String> {
    let right = (7..=40).contains(&text.len()) && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    right.then(|| text.to_owned()).ok_or_else(|| "expected an id, or its first digits: 7 to 40 of 0-9 and a-f".to_owned())
}

/// `Ann Example <ann@example.org>`.
pub(crate) fn actor(text: &str) -> Result<Actor, String> {
    let expected = "expected NAME <ADDRESS>";
    let (name, rest) = text.split_once('<').ok_or(expected)?;
    let address = rest.strip_suffix('>').ok_or(expected)?;
    match name.trim().is_empty() || !address.contains('@') || address.contains(['<', '>']) || text.chars().any(char::is_control) {
        true => Err(expected.to_owned()),
        false => Ok(Actor::new(name, address)),
    }
}

pub(crate) fn signing(text: &str) -> Result<Signing, String> {
    match text.split_once(':') {
        Some(("ssh", file)) if !file.is_empty() => Ok(Signing::Ssh(PathBuf::from(file))),
        Some(("gpg", key)) if !key.is_empty() && !key.starts_with('-') => Ok(Signing::Gpg(key.to_owned())),
        _ => Err("expected ssh:FILE or gpg:KEY".to_owned()),
    }
}

/// One step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
}

/// Sets a value at a path as Helm's `--set` writes it: `a.b[0].c=1`, a dot in a key as `\.`. The value is read as YAML, or with `text`
/// taken as it stands.
pub(crate) fn set(values: &mut Value, assignment: &str, text: bool) -> Result<(), String> {
    let (path, value) = cut(assignment).ok_or_else(|| format!("{assignment:?} has no `=`: expected a.b[0]=value"))?;
    let steps = steps(path)?;
    let value = match text {
        true => Value::String(value.to_owned()),
        false => yaml::read(value).map_err(|error| format!("{assignment:?}: {}", error.message))?,
    };
    let mut at = values;
    for (i, step) in steps.iter().enumerate() {
        at = into(at, step).map_err(|what| format!("{assignment:?}: step {} of the path is {what} already", i + 1))?;
    }
    *at = value;
    Ok(())
}

fn into<'a>(at: &'a mut Value, step: &Step) -> Result<&'a mut Value, &'static str> {
    if at.is_null() {
        *at = match step {
            Step::Key(_) => Value::Object(Map::new()),
            Step::Item(_) => Value::Array(Vec::new()),
        };
    }
    match (at, step) {
        (Value::Object(fields), Step::Key(key)) => Ok(fields.entry(key.clone()).or_insert(Value::Null)),
        (Value::Array(items), Step::Item(item)) => {
            while items.len() <= *item {
                items.push(Value::Null);
            }
            Ok(&mut items[*item])
        }
        (Value::Object(_), Step::Item(_)) => Err("a mapping"),
        (Value::Array(_), Step::Key(_)) => Err("a list"),
        _ => Err("a plain value"),
    }
}

/// At the first `=` that isn't escaped.
fn cut(assignment: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (i, c) in assignment.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '=' if !escaped => return Some((&assignment[..i], &assignment[i + 1..])),
            _ => escaped = false,
        }
    }
    None
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let wrong = |what: &str| format!("{path:?} {what}: expected a path as a.b[0].c");
    let mut out = Vec::new();
    let mut key = String::new();
    let mut chars = path.chars().peekable();
    // After an item no key has to come.
    let mut wants_key = true;
    while let Some(c) = chars.next() {
        match c {
            '\\' => key.push(chars.next().ok_or_else(|| wrong("ends with a backslash"))?),
            '.' | '[' => {
                if !key.is_empty() {
                    out.push(Step::Key(std::mem::take(&mut key)));
                } else if wants_key {
                    return Err(wrong("has an empty step"));
                }
                wants_key = c == '.';
                if c == '[' {
                    let digits: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    let item = digits.parse().ok().filter(|item| *item < ITEMS);
                    out.push(Step::Item(item.ok_or_else(|| wrong("has no number from 0 to 999 in its brackets"))?));
                    if chars.peek().is_some_and(|next| !matches!(next, '.' | '[')) {
                        return Err(wrong("goes on after its brackets"));
                    }
                }
            }
            c => key.push(c),
        }
    }
    match key.is_empty() {
        false => out.push(Step::Key(key)),
        true if wants_key => return Err(wrong("has an empty step")),
        true => {}
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn assignments() {
        let mut values = json!({ "image": { "tag": "1" }, "env": [{ "name": "A" }] });
        for assignment in
            ["replicas=3", "image.tag=\"2\"", "env[0].value=x=y", "env[1].name=B", r"labels.a\.b/c=yes", "off=null", "l=[1, a]"]
        {
            set(&mut values, assignment, false).unwrap();
        }
        let expected = json!({ "image": { "tag": "2" }, "env": [{ "name": "A", "value": "x=y" }, { "name": "B" }], "replicas": 3,
            "labels": { "a.b/c": true }, "off": null, "l": [1, "a"] });
        assert_eq!(values, expected);
        set(&mut values, "image.tag=0123", true).unwrap();
        assert_eq!(values["image"]["tag"], "0123");
        for bad in [
            "a",
            "=1",
            ".a=1",
            "a.=1",
            "a..b=1",
            "a[x]=1",
            "a[1000]=1",
            "a[0]b=1",
            "image[0]=1",
            "env.a=1",
            "replicas.a=1",
            "a=[",
            "a\\",
        ] {
            let before = values.clone();
            assert!(set(&mut values.clone(), bad, false).is_err(), "{bad}");
            assert_eq!(values, before);
        }
    }

    #[test]
    fn people_and_keys() {
        assert_eq!(actor("Ann Example <ann@example.org>").unwrap().email(), "ann@example.org");
        for bad in ["Ann", "<a@b>", "Ann <a>", "Ann <a@b", "A\nB <a@b>", "A <a@b> <c@d>"] {
            assert!(actor(bad).is_err(), "{bad}");
        }
        assert!(signing("ssh:/k").is_ok() && signing("gpg:ABC").is_ok());
        for bad in ["", "ssh:", "gpg:--output", "x509:a"] {
            assert!(signing(bad).is_err(), "{bad}");
        }
    }
}
