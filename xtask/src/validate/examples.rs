//! Examples and flavors: what a schema is for, and what it is to refuse.

use generator::{Code, Diagnostic, Location, Severity, Span};
use manifest::lay;
use manifest::valid::Violation;
use serde_json::Value;

use super::judge::{Judge, diagnostic};
use crate::repository::{self, Absence};
use crate::session::Session;

/// How a bad example begins.
const EXPECT: &str = "# expect:";

pub(super) fn check(session: &mut Session, judge: &Judge<'_>) {
    let folder = format!("schemas/{}", judge.made.service.name);
    for file in repository::yaml_files(session, &format!("{folder}/examples/ok")) {
        if let Some((text, values)) = read(session, &file) {
            let violations = judge.contract.values(&values);
            session.report.extend(violations.iter().map(|violation| diagnostic(&file, &text, &violation.pointer, violation)));
        }
    }
    for file in repository::yaml_files(session, &format!("{folder}/examples/err")) {
        if let Some((text, values)) = read(session, &file) {
            session.report.extend(bad(judge, &file, &text, &values));
        }
    }
    for file in repository::yaml_files(session, &format!("{folder}/flavors")) {
        if let Some((text, values)) = read(session, &file) {
            session.report.extend(flavor(judge, &file, &text, &values));
        }
    }
}

fn read(session: &mut Session, file: &str) -> Option<(String, Value)> {
    let text = repository::text(session, file, Absence::Error)?;
    match manifest::yaml::read(&text) {
        Ok(values) => Some((text, values)),
        Err(error) => {
            session.report.push(repository::yaml_error(file, &text, error));
            None
        }
    }
}

/// A bad example has to fail where and how its first line says.
fn bad(judge: &Judge<'_>, file: &str, text: &str, values: &Value) -> Option<Diagnostic> {
    let first = text.lines().next().unwrap_or_default();
    let location = Location { file: file.to_owned(), span: Span { start: 0, end: first.len() } };
    let unexpected = |message: String| Some(Diagnostic::new(Severity::Error, Code::Example, Some(location.clone()), message));
    let Some((pointer, keyword)) = expectation(first) else {
        let message = format!("a bad example begins with `{EXPECT} <pointer> <keyword>`, as `{EXPECT} /replicas maximum`");
        return unexpected(message);
    };
    let shown = if pointer.is_empty() { "\"\"" } else { &pointer };
    let found = judge.contract.values(values);
    if found.is_empty() {
        return unexpected(format!("this example is valid, and `{keyword}` at {shown} was to refuse it"));
    }
    // The chart's schema says it in the author's words, the release view's perhaps in others.
    let says = |violation: &Violation| violation.pointer == pointer && violation.keyword == keyword;
    if found.iter().any(says) || judge.contract.chart(values).iter().any(says) {
        return None;
    }
    let found: Vec<String> =
        found.iter().map(|violation| format!("`{}` at {:?}", violation.keyword, violation.pointer)).collect();
    unexpected(format!("`{keyword}` at {shown} was to refuse this example, and what refuses it is {}", found.join(", ")))
}

/// `# expect: /replicas maximum`; the document itself has the empty pointer, written `""` or left out.
fn expectation(line: &str) -> Option<(String, String)> {
    let expectation = line.trim_end().strip_prefix(EXPECT)?.trim();
    let (pointer, keyword) = expectation.rsplit_once(char::is_whitespace).unwrap_or(("", expectation));
    let pointer = pointer.trim();
    if keyword.is_empty() || keyword.starts_with('/') {
        return None;
    }
    let pointer = match pointer.starts_with('"') {
        true => serde_json::from_str(pointer).ok()?,
        false => pointer.to_owned(),
    };
    (pointer.is_empty() || pointer.starts_with('/')).then(|| (pointer, keyword.to_owned()))
}

/// A flavor, laid over the smallest release, is a good release, and it leaves the identity alone.
fn flavor(judge: &Judge<'_>, file: &str, text: &str, values: &Value) -> Vec<Diagnostic> {
    let place = |pointer: &str| Location { file: file.to_owned(), span: crate::locate::yaml(text, pointer) };
    let Value::Object(members) = values else {
        let message = "a flavor is a mapping of values";
        return vec![Diagnostic::new(Severity::Error, Code::Values, Some(place("")), message)];
    };
    let whole = judge.sample().map(|sample| {
        let mut whole = sample.clone();
        lay(&mut whole, values);
        whole
    });
    // Without a sample nothing can be said of what is missing.
    let counts = |violation: &Violation| whole.is_some() || violation.keyword != "required";
    let violations = judge.contract.values(whole.as_ref().unwrap_or(values));
    let mut out: Vec<Diagnostic> =
        violations.iter().filter(|v| counts(v)).map(|violation| diagnostic(file, text, &violation.pointer, violation)).collect();
    for key in ["tenant", "name"].into_iter().filter(|key| members.contains_key(*key)) {
        let message = format!("a flavor is for every release, and `{key}` is one release's own");
        out.push(Diagnostic::new(Severity::Error, Code::Values, Some(place(&format!("/{key}"))), message));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::expectation;

    #[test]
    fn expectations() {
        let some = |pointer: &str, keyword: &str| Some((pointer.to_owned(), keyword.to_owned()));
        assert_eq!(expectation("# expect: /replicas maximum"), some("/replicas", "maximum"));
        assert_eq!(expectation("# expect: \"\" required"), some("", "required"));
        assert_eq!(expectation("# expect:  required"), some("", "required"));
        assert_eq!(expectation("# expect: \"/a b/c\" type\r"), some("/a b/c", "type"));
        for bad in ["", "# expect:", "# expect: /replicas", "# expect: replicas maximum", "replicas: 3"] {
            assert_eq!(expectation(bad), None, "{bad}");
        }
    }
}
