//! The report for programs.

use serde_json::{Map, Value, json};

use super::Summary;
use crate::verdict::Tally;

/// Versions, what was asked and seen by system and service, and each disagreement whole.
pub(super) fn document(summary: &Summary<'_>) -> Value {
    let findings = summary.findings;
    let systems: Map<String, Value> = summary
        .versions
        .iter()
        .map(|(name, version)| ((*name).to_owned(), json!({ "version": version, "services": {} })))
        .collect();
    let mut systems = Value::Object(systems);
    for ((system, service), tally) in &findings.tallies {
        systems[*system]["services"][service] = counts(tally);
    }
    let disagreements: Vec<Value> = findings
        .disagreements
        .iter()
        .map(|found| {
            json!({
                "service": found.service,
                "system": found.system,
                "kind": format!("{:?}", found.kind).to_lowercase(),
                "why": found.why,
                "what": found.what,
                "document": found.document,
                "verdicts": found.verdicts.iter().map(|(system, accepted, messages)| json!({ "system": system, "accepted": accepted, "messages": messages })).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "seed": summary.seed,
        "documents": findings.documents,
        "systems": systems,
        "notAsked": summary.not_asked.iter().map(|(name, why)| json!({ "system": name, "why": why })).collect::<Vec<_>>(),
        "disagreements": disagreements,
        "refused": findings.refused.iter().map(|(system, refused)| json!({ "system": system, "service": refused.service, "why": refused.why })).collect::<Vec<_>>(),
        "differences": findings.differences.iter().map(|(system, service, what)| json!({ "system": system, "service": service, "what": what })).collect::<Vec<_>>(),
        "unreached": findings.unreached,
    })
}

fn counts(tally: &Tally) -> Value {
    let explained: Map<String, Value> =
        tally.explained.iter().map(|(how, count)| (how.words().to_owned(), json!(count))).collect();
    let seen: Vec<Value> = tally
        .seen
        .iter()
        .map(|(constraint, [refused, accepted])| {
            json!({ "at": constraint.used_at.to_string(), "keyword": constraint.keyword, "refused": refused, "accepted": accepted })
        })
        .collect();
    json!({
        "asked": tally.asked,
        "agreed": tally.agreed,
        "explained": explained,
        "disagreed": tally.disagreed,
        "notPut": tally.unasked,
        "broken": seen,
    })
}
