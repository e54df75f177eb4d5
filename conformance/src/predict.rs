//! What each system will say, told without asking it: the referee finds what is wrong, the ledger says who minds, and each system's own
//! way of putting things is written down here. The audit holds every prediction against what the system really says.

mod words;

use generator::ledger::{Entry, Habit, Outcome, Target};
use manifest::pointer::escape;
use manifest::valid::Violation;
use serde_json::Value;

use crate::document::Case;
use crate::referee::{Fault, Law, Referee};
use crate::subject::View;
use crate::system::Answer;
use crate::verdict::is_enforced;

/// What a system is expected to say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prediction {
    pub accepted: bool,
    /// Parts of its messages; none where its words aren't foretold.
    pub words: Vec<String>,
}

/// The system and the book that a prediction is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of<'s> {
    pub system: &'s str,
    pub target: Option<Target>,
    pub view: View,
}

/// What a system will say of a document. `None`: it isn't shown such ones, or the ledger leaves it open.
pub(crate) fn predict(referee: &Referee<'_>, of: Of<'_>, case: &Case) -> Option<Prediction> {
    let (document, ruling) = case.shown(of.view)?;
    let Some(target) = of.target else { return Some(said(referee, of, document, &ruling.faults.iter().collect::<Vec<_>>())) };
    let (shown, ruling) = match (Habit::NullIsAbsent.outcome(target), target) {
        (_, Target::Helm) => {
            let values = coalesced(&referee.chart_values(), document);
            let ruling = referee.rule_as_it_is(&values);
            (values, ruling)
        }
        (Some(_), _) => {
            let shown = without_typed_nulls(referee, target, document, "");
            let ruling = referee.rule(of.view, &shown);
            (shown, ruling)
        }
        (None, _) => (document.clone(), ruling.clone()),
    };
    let minded: Vec<&Fault> = ruling.faults.iter().filter(|fault| is_enforced(referee, target, fault)).collect();
    // What the form leaves to others it may mind as well.
    let open = target == Target::Backstage && minded.is_empty() && !ruling.faults.is_empty();
    if minded.is_empty() && matches!(target, Target::Kro | Target::Editor) && is_too_strict(referee, target, &shown) {
        return Some(Prediction { accepted: false, words: Vec::new() });
    }
    (!open).then(|| said(referee, of, &shown, &minded))
}

/// Whether a stricture of the ledger, as that on keys of an object that was left open, refuses a good document.
fn is_too_strict(referee: &Referee<'_>, target: Target, document: &Value) -> bool {
    let strict = |entry: &Entry| matches!(entry.outcome, Outcome::Stricter(_));
    let entries: Vec<&Entry> =
        referee.book(target).into_iter().flat_map(|book| &book.entries).filter(|entry| strict(entry)).collect();
    let is_of = |violation: &Violation| {
        entries.iter().any(|entry| entry.keyword == violation.keyword && entry.used_at.is_at(&violation.pointer))
    };
    !entries.is_empty() && referee.contract().values(document).iter().any(is_of)
}

/// Values over a chart's, as Helm lays them (`pkg/chart/common/util/coalesce.go`): a null takes a value of the chart away, and stays where
/// there is none.
fn coalesced(chart: &Value, written: &Value) -> Value {
    let (Value::Object(under), Value::Object(over)) = (chart, written) else { return written.clone() };
    let mut out = under.clone();
    for (key, value) in over {
        match (under.get(key), value) {
            (Some(_), Value::Null) => _ = out.shift_remove(key),
            (Some(below), value) => _ = out.insert(key.clone(), coalesced(below, value)),
            (None, value) => _ = out.insert(key.clone(), value.clone()),
        }
    }
    Value::Object(out)
}

/// Without the nulls at places to which the API gives a type; what it holds as a mere object stays as it is.
fn without_typed_nulls(referee: &Referee<'_>, target: Target, value: &Value, at: &str) -> Value {
    let untyped =
        |entry: &Entry| matches!(entry.keyword, "type" | "union") && entry.outcome.detail().is_some() && entry.used_at.is_at(at);
    if !at.is_empty() && referee.book(target).into_iter().flat_map(|book| &book.entries).any(untyped) {
        return value.clone();
    }
    let inner = |step: &str, value: &Value| without_typed_nulls(referee, target, value, &format!("{at}/{}", escape(step)));
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(key, value)| (key.clone(), inner(key, value))).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| inner(&index.to_string(), item)).collect(),
        other => other.clone(),
    }
}

fn said(referee: &Referee<'_>, of: Of<'_>, document: &Value, faults: &[&Fault]) -> Prediction {
    let words = match of.system {
        "helm4" | "helm3" => words::helm(faults),
        "kro" => words::kubernetes(referee, document, faults),
        "rust" => faults.iter().map(|fault| words::ours(fault)).collect(),
        _ => Vec::new(),
    };
    Prediction { accepted: faults.is_empty(), words }
}

/// What the system said otherwise than was foretold; `None`: all of it came true.
pub(crate) fn miss(prediction: &Prediction, answer: &Answer) -> Option<String> {
    if prediction.accepted != answer.accepted {
        let word = |accepted| if accepted { "accepts" } else { "refuses" };
        return Some(format!("foretold that it {} it, and it {} it", word(prediction.accepted), word(answer.accepted)));
    }
    let said = answer.messages.join("\n");
    let missing = prediction.words.iter().find(|words| !said.contains(words.as_str()))?;
    Some(format!("foretold {missing:?}, and it says {said:?}"))
}

/// Whether a fault is one of the schema's.
fn of_schema(fault: &Fault) -> bool {
    fault.source == Law::Schema
}
