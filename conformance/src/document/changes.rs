//! Changes of a release: those that it may make, and those that its immutable fields forbid.

use generator::model::{Schema, Shape};
use serde_json::{Value, json};

use super::place_in::{reach, set};
use super::spots::{Spot, Step, spots};
use crate::place::split;
use crate::random::Random;
use crate::referee::Referee;
use crate::sample::{Fill, sample};
use crate::subject::View;

/// A good release, what it can be changed to, and what it can't.
pub(crate) struct Release<'a> {
    pub values: &'a Value,
    pub changes: Vec<Change>,
    /// A release that says nothing is as good.
    pub may_be_empty: bool,
}

/// What a release is changed to. It would be a good release by itself.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub what: String,
    pub document: Value,
    /// The field that forbids it, as messages name it; `None`: nothing does.
    pub forbidden_by: Option<String>,
}

/// How many values are thought of for a field.
const THOUGHTS: usize = 40;

/// A release with these values.
pub(crate) fn release<'a>(referee: &Referee<'_>, values: &'a Value, random: &mut Random) -> Release<'a> {
    let may_be_empty = referee.rule(View::Release, &json!({})).valid();
    Release { values, changes: changes(referee, values, random), may_be_empty }
}

/// The same again, another value of a field that can change, and for each immutable field
/// another value, one where there was none, none where there was one. What isn't there and has a default has the default's value.
fn changes(referee: &Referee<'_>, base: &Value, random: &mut Random) -> Vec<Change> {
    let service = &referee.owned.service;
    let (fixed, free): (Vec<Spot<'_>>, Vec<Spot<'_>>) =
        spots(service).into_iter().filter(is_one).partition(|spot| spot.schema.notes.immutable);
    let mut out = vec![Change { what: "the same again".to_owned(), document: base.clone(), forbidden_by: None }];
    let can_change = |spot: &&Spot<'_>| is_scalar(spot.schema) && !fixed.iter().any(|fixed| below(spot, fixed));
    let mut thoughts = free.iter().filter(can_change);
    out.extend(thoughts.find_map(|spot| {
        let document = other(referee, base, spot, random)?;
        Some(Change { what: format!("another value at {}", spot.place), document, forbidden_by: None })
    }));
    for spot in &fixed {
        let pointer = spot.place.to_string();
        let before = referee.effective(base).pointer(&pointer).cloned();
        if let Some(document) = other(referee, base, spot, random) {
            let what = if before.is_some() { "another value at" } else { "a value where there was none at" };
            out.push(Change { what: format!("{what} {pointer}"), document, forbidden_by: named(&pointer) });
        }
        let mut without = base.clone();
        set(&mut without, &pointer, None);
        if without != *base && referee.rule(View::Release, &without).valid() {
            let stays = referee.effective(&without).pointer(&pointer) == before.as_ref();
            let (what, forbidden_by) = if stays { (", its default,", None) } else { ("", named(&pointer)) };
            out.push(Change { what: format!("no value any more{what} at {pointer}"), document: without, forbidden_by });
        }
    }
    out
}

/// The fields that can't change once a release is made.
pub(crate) fn immutable(referee: &Referee<'_>) -> Vec<String> {
    let all = spots(&referee.owned.service);
    all.iter().filter(|spot| is_one(spot) && spot.schema.notes.immutable).map(|spot| spot.place.to_string()).collect()
}

/// A good document in which the place has another value.
fn other(referee: &Referee<'_>, base: &Value, spot: &Spot<'_>, random: &mut Random) -> Option<Value> {
    let service = &referee.owned.service;
    let before = referee.effective(base).pointer(&spot.place.to_string()).cloned();
    (0..THOUGHTS).find_map(|_| {
        let (mut document, pointer) = reach(service, spot, base.clone(), Fill::Least, random)?;
        let value = sample(spot.schema, &service.types, Fill::Least, random);
        set(&mut document, &pointer, Some(value));
        let changed = referee.effective(&document).pointer(&pointer) != before.as_ref();
        (changed && referee.rule(View::Release, &document).valid()).then_some(document)
    })
}

/// Whether a document has the place at most once. Of an item or an entry nobody can say which one it was.
fn is_one(spot: &Spot<'_>) -> bool {
    !spot.way.is_empty() && spot.way.iter().all(|step| matches!(step, Step::Field(_)))
}

fn is_scalar(schema: &Schema) -> bool {
    matches!(schema.shape, Shape::Boolean | Shape::Integer(_) | Shape::Number(_) | Shape::Text(_) | Shape::Choice(_))
}

fn below(spot: &Spot<'_>, other: &Spot<'_>) -> bool {
    spot.way.starts_with(&other.way)
}

/// `/persistence/size` as `spec.values.persistence.size:`; of a name that messages may put into brackets, the name alone.
fn named(pointer: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '/';
    match pointer.chars().all(plain) {
        true => Some(format!("spec.values{}:", pointer.replace('/', "."))),
        false => split(pointer).map(|(_, key)| key),
    }
}
