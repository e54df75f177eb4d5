//! The sentences of the books and of the form.

use crate::ledger::Outcome;

pub(super) const CHECKS: &str = "the checks of the pull request hold it, and so does the API";
pub(super) const PICKED: &str = "the tenant is picked among those of the catalog";
pub(super) const REWRITES: &str = "the portal's picker would rewrite a name of the field's own pattern; it is typed";
pub(super) const HIDDEN: &str = "not in the form; the manifest and the API take it";
pub(super) const FREE: &str = "the form can't edit free content; use the manifest";
pub(super) const MAPS: &str = "the form can't edit a map of anything but scalars; use the manifest";
pub(super) const RECURSION: &str = "the form can't nest without end; use the manifest";
pub(super) const CHOICES: &str = "the form can't offer a choice of objects, lists and null; use the manifest";
pub(super) const VARIANTS: &str = "the form can't tell these variants apart; use the manifest";
pub(super) const ODD: &str = "a template can't tell the name from a word of JavaScript; use the manifest";
pub(super) const NOTHING: &str = "no value is possible; the form doesn't offer it";
pub(super) const NEEDED: &str = "the form can't edit something that is required in it; use the manifest";
pub(super) const NAMED_ONLY: &str = "the form offers only the named fields";
pub(super) const PRECISION: &str = "browsers round integers above 2^53";
pub(super) const LATER: &str = "on the last page under its object's title, unless a rule or a question ties it to its neighbours";
pub(super) const TOP_ONLY: &str = "only the fields of the top level have pages";

pub(super) fn moved(text: &str) -> Outcome {
    Outcome::Moved(text.to_owned())
}

pub(super) fn rewritten(text: &str) -> Outcome {
    Outcome::Rewritten(text.to_owned())
}

pub(super) fn stricter(text: &str) -> Outcome {
    Outcome::Stricter(text.to_owned())
}

pub(super) fn lost(text: &str) -> Outcome {
    Outcome::Lost(text.to_owned())
}

/// `cpuLimit` as people write it: `CPU limit`.
pub(super) fn humanize(name: &str) -> String {
    const UPPER: &[&str] = &[
        "api", "cidr", "cpu", "dns", "gid", "http", "https", "id", "ip", "json", "oidc", "pvc", "s3", "sql", "ssh", "ssl", "tcp",
        "tls", "ttl", "udp", "ui", "uid", "uri", "url", "yaml",
    ];
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let starts = words.is_empty() || (c.is_uppercase() && !before.is_uppercase());
        match c {
            '_' | '-' | '.' | '/' | ' ' => {}
            c if starts || matches!(before, '_' | '-' | '.' | '/' | ' ') => words.push(c.to_lowercase().collect()),
            c => words.last_mut().into_iter().for_each(|word| word.extend(c.to_lowercase())),
        }
        before = c;
    }
    for word in &mut words {
        if UPPER.contains(&word.as_str()) {
            *word = word.to_uppercase();
        }
    }
    let text = words.join(" ");
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => name.to_owned(),
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn alternatives(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
