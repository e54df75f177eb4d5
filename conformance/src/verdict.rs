//! What was seen, held against what the ledger says.

use std::collections::{BTreeMap, BTreeSet};

use generator::ledger::{Entry, Habit, MERGED, Outcome, Target};
use generator::model::{Constraint, Place};
use serde_json::Value;

use crate::document::Case;
use crate::place::split;
use crate::referee::{Fault, Law, Referee, Ruling};
use crate::subject::View;
use crate::system::Answer;

/// How a verdict and the ledger can disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A good document is refused, and no `Stricter` entry says so.
    Refused,
    /// A broken document is accepted, and the ledger doesn't call what it breaks lost.
    Accepted,
    /// What came back isn't what was sent, plus defaults.
    Altered,
    /// The referee finds a fault that no entry of the ledger speaks of.
    Unbooked,
}

impl Kind {
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Kind::Refused => "refuses a good document, and no `stricter` entry says so",
            Kind::Accepted => "accepts a broken document, and the ledger doesn't call it lost",
            Kind::Altered => "alters a document",
            Kind::Unbooked => "is asked about a fault that no entry of the ledger speaks of",
        }
    }
}

/// What one answer comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Agreed,
    /// As the ledger says: a stricture, a loss, or a habit of the system that it names.
    Explained(Explanation),
    Disagreed(Kind, String),
}

/// Why a verdict that isn't the referee's is right all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Explanation {
    Stricter,
    Lost,
    /// Something else that the ledger names enforces it.
    Elsewhere,
    /// Kubernetes and Helm take a null away where the schema has none, before anything is checked.
    NullIsAbsent,
}

impl Explanation {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Explanation::Stricter => "stricter, as the ledger says",
            Explanation::Lost => "lost, as the ledger says",
            Explanation::Elsewhere => "enforced elsewhere, as the ledger says",
            Explanation::NullIsAbsent => "null taken as absent",
        }
    }
}

/// Holds one answer against the ledger.
pub(crate) fn judge(referee: &Referee<'_>, target: Option<Target>, view: View, case: &Case, answer: &Answer) -> Verdict {
    let Some((document, ruling)) = case.shown(view) else { return Verdict::Agreed };
    let Some(target) = target else { return same(ruling, answer) };
    match (ruling.valid(), answer.accepted) {
        (true, true) => match altered(referee, target, document, answer) {
            Some(how) => Verdict::Disagreed(Kind::Altered, how),
            None => Verdict::Agreed,
        },
        (true, false) => match stricture(referee, target, document, answer) {
            true => Verdict::Explained(Explanation::Stricter),
            false => Verdict::Disagreed(Kind::Refused, answer.messages.join("; ")),
        },
        (false, false) => Verdict::Agreed,
        (false, true) => accepted(referee, target, view, document, &ruling.faults, answer),
    }
}

/// Another referee has to say the same.
fn same(ruling: &Ruling, answer: &Answer) -> Verdict {
    match (ruling.faults.first(), answer.accepted) {
        (None, false) => Verdict::Disagreed(Kind::Refused, answer.messages.join("; ")),
        (Some(fault), true) => Verdict::Disagreed(Kind::Accepted, fault.to_string()),
        _ => Verdict::Agreed,
    }
}

fn accepted(referee: &Referee<'_>, target: Target, view: View, document: &Value, faults: &[Fault], answer: &Answer) -> Verdict {
    let mut explanation = Explanation::Lost;
    for fault in faults {
        match claim(referee, target, fault) {
            Claim::Enforced => {
                return match null_is_absent(referee, target, view, document, answer) {
                    true => Verdict::Explained(Explanation::NullIsAbsent),
                    false => Verdict::Disagreed(Kind::Accepted, fault.to_string()),
                };
            }
            Claim::Unbooked => {
                return Verdict::Disagreed(Kind::Unbooked, fault.to_string());
            }
            Claim::Elsewhere => explanation = Explanation::Elsewhere,
            Claim::Lost => {}
        }
    }
    Verdict::Explained(explanation)
}

/// What a target's book claims of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Enforced,
    Elsewhere,
    Lost,
    Unbooked,
}

fn claim(referee: &Referee<'_>, target: Target, fault: &Fault) -> Claim {
    match fault.source {
        Law::Schema => {}
        Law::View if target == Target::Backstage => return Claim::Elsewhere,
        Law::View => return Claim::Enforced,
        Law::Identity => return habit(Habit::Identity, target),
        Law::Characters => return habit(Habit::Characters, target),
    }
    let claims: BTreeSet<&str> = fault
        .blamed
        .iter()
        .flat_map(|constraint| referee.outcomes(target, constraint).into_iter().map(move |outcome| (constraint, outcome)))
        .map(|(constraint, outcome)| word(referee, target, constraint, outcome))
        .collect();
    if claims.contains("enforced") {
        Claim::Enforced
    } else if claims.contains("elsewhere") {
        Claim::Elsewhere
    } else if claims.contains("lost") {
        Claim::Lost
    } else {
        Claim::Unbooked
    }
}

/// Whether the target refuses what has this fault, by its book.
pub(crate) fn is_enforced(referee: &Referee<'_>, target: Target, fault: &Fault) -> bool {
    matches!(claim(referee, target, fault), Claim::Enforced | Claim::Unbooked)
}

/// The release API's own laws are none of the schema's: where a target hasn't them, the API has.
fn habit(habit: Habit, target: Target) -> Claim {
    match habit.outcome(target) {
        Some(Outcome::Stricter(_)) => Claim::Enforced,
        Some(_) | None => Claim::Elsewhere,
    }
}

fn word(referee: &Referee<'_>, target: Target, constraint: &Constraint, outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Lost(_) => "lost",
        // The pull request's checks and the API hold what a template can't.
        Outcome::Moved(_) if target == Target::Backstage => "elsewhere",
        Outcome::Moved(_) if referee.owned.moved.iter().any(|(moved, _)| moved == constraint) => match target {
            Target::Kro | Target::Backstage | Target::Editor => "elsewhere",
            Target::Rust | Target::Helm => "enforced",
        },
        Outcome::Kept | Outcome::Rewritten(_) | Outcome::Moved(_) | Outcome::Stricter(_) => "enforced",
    }
}

/// Whether a `Stricter` entry speaks of a place that the document has, and that the answer names.
fn stricture(referee: &Referee<'_>, target: Target, document: &Value, answer: &Answer) -> bool {
    let Some(book) = referee.book(target) else { return false };
    let mut pointers = crate::place::pointers(document);
    pointers.push(String::new());
    let said = answer.messages.join("\n");
    let here = |place: &Place, key: &str| pointers.iter().any(|pointer| place.is_at(pointer) && names(&said, pointer, key));
    book.entries.iter().filter(|entry| matches!(entry.outcome, Outcome::Stricter(_))).any(|entry| {
        let place = &entry.used_at;
        // What is missing isn't in the document; what it is missing from is.
        let missing = place.parent().zip(split(place.as_str())).filter(|_| entry.keyword == "required");
        here(place, "") || missing.is_some_and(|(parent, (_, key))| here(&parent, &key))
    })
}

/// Whether a message speaks of a place: of the key that is missing there, or of its last key, or of what holds it.
fn names(said: &str, pointer: &str, missing: &str) -> bool {
    if !missing.is_empty() {
        return said.contains(missing);
    }
    // Why a Rust type can't hold a document, serde says without the place.
    if said.ends_with("(model)") {
        return true;
    }
    let mut rest = pointer;
    while let Some((parent, step)) = split(rest) {
        if step.parse::<usize>().is_err() {
            return said.contains(&step);
        }
        rest = parent;
    }
    true
}

/// Whether the system took away the nulls that the schema doesn't admit, so that the document is a good one without them.
fn null_is_absent(referee: &Referee<'_>, target: Target, view: View, document: &Value, answer: &Answer) -> bool {
    if Habit::NullIsAbsent.outcome(target).is_none() {
        return false;
    }
    let without = without_nulls(document);
    without != *document && referee.rule(view, &without).valid() && altered(referee, target, &without, answer).is_none()
}

/// What came back and isn't what was sent with its defaults; `None` if it is, or if nothing came back.
fn altered(referee: &Referee<'_>, target: Target, sent: &Value, answer: &Answer) -> Option<String> {
    let kept = answer.kept.as_ref()?;
    let effective = match Habit::NullIsAbsent.outcome(target) {
        Some(_) => referee.effective(&without_nulls(sent)),
        None => referee.effective(sent),
    };
    // A null says that nothing is there, and a type doesn't tell empty from absent.
    let alike = |value: &Value| match target {
        Target::Rust => without_empty(&without_nulls(value)),
        Target::Backstage => without_empty(value),
        Target::Helm | Target::Kro | Target::Editor => without_nulls(value),
    };
    let (sent, kept, effective) = (alike(sent), alike(kept), alike(&effective));
    lacks(&sent, &kept, "").map(|at| format!("{} isn't what was sent", shown(&at))).or_else(|| {
        let more = lacks(&kept, &effective, "").filter(|at| at != "/global" && !is_merged(referee, target, at));
        more.map(|at| format!("{} is neither sent nor a default", shown(&at)))
    })
}

/// Whether the place is in an object to whose default the system adds what is written, as the ledger says.
fn is_merged(referee: &Referee<'_>, target: Target, pointer: &str) -> bool {
    let merged = |entry: &&Entry| entry.keyword == "default" && entry.outcome.detail() == Some(MERGED);
    let entries = referee.book(target).into_iter().flat_map(|book| &book.entries);
    entries.filter(merged).any(|entry| entry.used_at.encloses(pointer))
}

/// The first place whose value in `part` isn't in `whole`.
fn lacks(part: &Value, whole: &Value, at: &str) -> Option<String> {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().find_map(|(key, value)| {
            let at = format!("{at}/{}", manifest::pointer::escape(key));
            whole.get(key).map_or(Some(at.clone()), |inner| lacks(value, inner, &at))
        }),
        (Value::Array(part), Value::Array(whole)) if part.len() == whole.len() => {
            part.iter().zip(whole).enumerate().find_map(|(index, (part, whole))| lacks(part, whole, &format!("{at}/{index}")))
        }
        (Value::Number(part), Value::Number(whole)) if part.as_f64() == whole.as_f64() => None,
        (part, whole) => (part != whole).then(|| at.to_owned()),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), without_nulls(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let inner = members.iter().map(|(key, value)| (key.clone(), without_empty(value)));
            let empty = |value: &Value| {
                value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
            };
            Value::Object(inner.filter(|(_, value)| !empty(value)).collect())
        }
        Value::Array(items) => items.iter().map(without_empty).collect(),
        other => other.clone(),
    }
}

fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}

/// What was seen of each constraint in one system: how many documents that break it, and only what this breaks, were refused, and so on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub asked: usize,
    pub agreed: usize,
    pub explained: BTreeMap<Explanation, usize>,
    pub disagreed: usize,
    /// Documents that can't be put to the system, by the reason.
    pub unasked: BTreeMap<String, usize>,
    /// The constraints that a broken document was about, with how often the document was refused and accepted.
    pub seen: BTreeMap<Constraint, [usize; 2]>,
    /// The constraints that were broken together with others.
    pub together: BTreeSet<Constraint>,
    /// Documents of which the system said otherwise than was foretold.
    pub misses: Vec<(Value, String)>,
}

impl Tally {
    pub(crate) fn enter(&mut self, view: View, case: &Case, answer: &Answer, verdict: &Verdict) {
        self.asked += 1;
        match verdict {
            Verdict::Agreed => self.agreed += 1,
            Verdict::Explained(how) => *self.explained.entry(*how).or_default() += 1,
            Verdict::Disagreed(..) => self.disagreed += 1,
        }
        let Some((_, ruling)) = case.shown(view) else { return };
        // Where several things are wrong, the refusal says nothing of each.
        if let [fault] = ruling.faults.as_slice() {
            for constraint in &fault.blamed {
                self.seen.entry(constraint.clone()).or_default()[usize::from(answer.accepted)] += 1;
            }
        }
        self.together.extend(ruling.faults.iter().flat_map(|fault| fault.blamed.iter().cloned()));
    }
}
