//! What the API server's answer says of a document.

use anyhow::bail;
use serde_json::Value;

use crate::plane::Response;
use crate::system::Answer;

/// Stands before the message of an admission policy.
const POLICY: &str = " denied request: ";

/// Stands before keys that the schema doesn't know, or that are there twice.
const STRICT: &str = "strict decoding error: ";

/// Says that rules weren't asked because of other violations, which are said.
const NOT_ASKED: &str = "some validation rules were not checked";

/// # Errors
/// If the answer is no verdict.
pub(super) fn read(response: &Response) -> anyhow::Result<Answer> {
    match response.status {
        200..300 => {
            let kept = response.body["spec"]["values"].clone();
            Ok(Answer { accepted: true, kept: Some(kept), ..Answer::default() })
        }
        _ if response.untyped() => Ok(Answer { messages: untyped(&response.message()), ..Answer::default() }),
        400 | 403 | 413 | 422 => Ok(Answer { messages: messages(&response.body), ..Answer::default() }),
        status => bail!("the API server gave no verdict, but status {status}: {}", response.message()),
    }
}

/// One for each violation.
fn messages(status: &Value) -> Vec<String> {
    let whole = status["message"].as_str().unwrap_or_default();
    if let Some((_, said)) = whole.split_once(POLICY) {
        return split(said, "; ", &["spec.", "metadata."]);
    }
    if let Some((_, said)) = whole.split_once(STRICT) {
        return split(said, ", ", &["unknown field ", "duplicate field "]);
    }
    let causes = status["details"]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let said: Vec<String> = causes.iter().filter_map(cause).collect();
    if said.is_empty() { vec![whole.to_owned()] } else { said }
}

/// Of several violations each has a line of its own.
fn untyped(text: &str) -> Vec<String> {
    match text.split_once("errors:\n") {
        Some((_, lines)) => lines.lines().map(|line| line.trim().to_owned()).collect(),
        None => vec![text.split_once("): ").map_or(text, |(_, said)| said).to_owned()],
    }
}

fn cause(cause: &Value) -> Option<String> {
    let message = cause["message"].as_str().filter(|message| !message.contains(NOT_ASKED))?;
    Some(match cause["field"].as_str() {
        Some(field) if !matches!(field, "" | "<nil>") => format!("{field}: {message}"),
        _ => message.to_owned(),
    })
}

/// Splits where what follows the separator begins as a message does: a message may hold the separator itself.
fn split(text: &str, separator: &str, beginnings: &[&str]) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for part in text.split(separator) {
        let begins = beginnings.iter().any(|beginning| part.starts_with(beginning));
        match messages.last_mut() {
            Some(last) if !begins => {
                last.push_str(separator);
                last.push_str(part);
            }
            _ => messages.push(part.to_owned()),
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(body: Value) -> Vec<String> {
        read(&Response { status: 422, body }).unwrap().messages
    }

    #[test]
    fn a_policy_joins_its_messages() {
        let message = "webapps.services.example.org \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: \
                       spec.values.image: one of these must hold: `tag` is given; or `digest` is given; spec.values.env: no";
        let said = said(json!({ "message": message }));
        assert_eq!(
            said,
            ["spec.values.image: one of these must hold: `tag` is given; or `digest` is given", "spec.values.env: no"]
        );
    }

    #[test]
    fn causes_name_their_field() {
        let causes = json!([
            { "field": "spec.values.port", "message": "Invalid value: 1" },
            { "field": "<nil>", "message": "Invalid value: null: some validation rules were not checked because …" },
        ]);
        assert_eq!(said(json!({ "message": "…", "details": { "causes": causes } })), ["spec.values.port: Invalid value: 1"]);
    }

    #[test]
    fn unknown_keys_are_told_apart() {
        let message = "Webapp in version \"v1\" cannot be handled as a Webapp: strict decoding error: \
                       unknown field \"spec.values.a, b\", unknown field \"spec.values.c\"";
        assert_eq!(
            said(json!({ "message": message })),
            ["unknown field \"spec.values.a, b\"", "unknown field \"spec.values.c\""]
        );
    }

    #[test]
    fn an_applied_object_of_other_types_is_refused() {
        let text = "failed to create typed patch object (acme-tenant/x; example.org/v1, Kind=Blank): ";
        let said = |rest: &str| {
            let read = read(&Response { status: 500, body: json!({ "message": format!("{text}{rest}") }) }).unwrap();
            assert!(!read.accepted);
            read.messages
        };
        assert_eq!(said(".spec.values.a: expected string"), [".spec.values.a: expected string"]);
        assert_eq!(said("errors:\n  .spec.a: one\n  .spec.b: two"), [".spec.a: one", ".spec.b: two"]);
        assert!(read(&Response { status: 500, body: json!({ "message": "etcd is gone" }) }).is_err());
    }

    #[test]
    fn a_missing_api_is_no_verdict() {
        assert!(read(&Response { status: 404, body: json!({}) }).is_err());
    }
}
