//! What pull requests say, and what forges say. Words of people are shown as they are and do nothing: no mention, no link, no command.

use manifest::layout::ReleasePath;

use crate::change::{Change, Effect};
use crate::rest::Answer;

/// How many releases are listed.
const LISTED: usize = 200;

/// Before the hash of what was asked for.
const REQUEST: &str = "Request ";

/// A pull request's text.
pub(crate) fn body(change: &Change, effects: &[(ReleasePath, Effect)]) -> String {
    let mut lines = Vec::new();
    for (path, effect) in effects.iter().take(LISTED) {
        let verb = match effect {
            Effect::Created(_) => "Creates",
            Effect::Updated(_) => "Updates",
            Effect::Unchanged(_) => "Leaves as it is",
            Effect::Deleted => "Deletes",
        };
        lines.push(format!("- {verb} {}", code(path.as_str())));
    }
    if effects.len() > LISTED {
        lines.push(format!("- and {} more", effects.len() - LISTED));
    }
    lines.push(String::new());
    if let Some(actor) = &change.actor {
        lines.push(format!("Asked for by {}", code(&format!("{} <{}>", actor.name(), actor.email()))));
    }
    let said = change.message.as_deref().map(crate::commit::words).unwrap_or_default();
    let said: Vec<String> = said.lines().map(code).filter(|line| !line.is_empty()).collect();
    if !said.is_empty() {
        // No line of theirs begins a line, where GitLab looks for commands.
        lines.push(format!("\n> {}\n", said.join("\\\n> ")));
    }
    lines.push(format!("Job {}\n", code(change.id().as_str())));
    lines.push(format!("{REQUEST}{}", code(&change.hash())));
    lines.join("\n")
}

/// The hash in a pull request's text, if nobody took it out.
pub(crate) fn request_in(body: &str) -> Option<&str> {
    let hash = body.lines().find_map(|line| line.trim_end().strip_prefix(REQUEST)?.strip_prefix('`')?.strip_suffix('`'))?;
    (hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

/// A code span: its fence is longer than any in the text (CommonMark 0.31, 6.1).
fn code(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A forge's answer in its own words. GitHub says under `errors` what is wrong, and only that something is under `message`.
pub(super) fn said(answer: &Answer) -> String {
    let errors = answer.body["errors"].as_array().into_iter().flatten();
    let details: Vec<&str> = errors.filter_map(|error| error.as_str().or_else(|| error["message"].as_str())).collect();
    let details: String = details.join("; ").chars().filter(|c| !c.is_control()).take(500).collect();
    match details.is_empty() {
        true => answer.words(),
        false => format!("{}: {details}", answer.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Actor;
    use manifest::layout::Layouts;
    use serde_json::{Value, json};

    #[test]
    fn words_of_people_do_nothing() {
        let located = Layouts::default().find("acme/postgres/db9/manifest.yaml").unwrap();
        let path = located.path.clone();
        let forged = format!("Request `{}`", "0".repeat(64));
        let change = Change::delete(located)
            .actor(Actor::new("@everyone `x", "a@b.example"))
            .message(format!("/merge\n```\n@acme [x](https://x.example)\n\n{forged}"));
        let text = body(&change, &[(path, Effect::Deleted)]);
        assert_eq!(request_in(&text), Some(change.hash().as_str()));
        let expected = format!(
            "- Deletes `acme/postgres/db9/manifest.yaml`\n\nAsked for by `` @everyone `x <a@b.example> ``\n\n> `/merge`\\\n> ```` ``` ````\\\n\
             > `@acme [x](https://x.example)`\\\n> `` {forged} ``\n\nJob `{}`\n\nRequest `{}`",
            change.id(),
            change.hash()
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn forges_are_quoted() {
        let answer = |status, body| said(&Answer { status, body });
        let github =
            json!({ "message": "Validation Failed", "errors": [{ "message": "A pull request already exists for acme:x." }] });
        assert_eq!(answer(422, github), "it answers 422: Validation Failed: A pull request already exists for acme:x.");
        assert_eq!(answer(409, json!({ "message": ["exists: !1"] })), "it answers 409: [\"exists: !1\"]");
        assert_eq!(answer(502, Value::Null), "it answers 502");
    }
}
