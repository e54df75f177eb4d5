//! Numbers, texts and choices: types with markers, and what markers can't say.

use manifest::valid::is_carried;
use serde_json::Value;

use super::{Line, Printer};
use crate::definition::checks::POLICY;
use crate::definition::form::Form;
use crate::definition::marker::{self, marker};
use crate::definition::spot::Spot;
use crate::definition::{cel, words};
use crate::ledger::Outcome;
use crate::model::{Bound, Bounds, Schema, Text};

impl Printer<'_, '_> {
    pub(super) fn bounds(&mut self, schema: &Schema, bounds: &Bounds, whole: bool, spot: &Spot, mut line: Line) -> Line {
        for (limit, keyword, side) in [(&bounds.min, "minimum", '>'), (&bounds.max, "maximum", '<')] {
            let Some(limit) = limit else { continue };
            match limit_marker(limit, whole, side) {
                Limit::Exact(text) => {
                    line.markers.push(marker(keyword, &text));
                    self.checks.enter(spot, &schema.at, keyword, Outcome::Kept);
                }
                Limit::Next(text) => {
                    line.markers.push(marker(keyword, &text));
                    let outcome = Outcome::Rewritten("as the nearest integer that is allowed".to_owned());
                    self.checks.enter(spot, &schema.at, keyword, outcome);
                }
                Limit::Policy => {
                    let condition = cel::bound(limit, &spot.x, side);
                    self.checks.check(spot, &schema.at, keyword, Ok(condition), &words::limit(limit, side));
                }
            }
        }
        line
    }

    pub(super) fn text(&mut self, schema: &Schema, text: &Text, spot: &Spot, mut line: Line) -> Line {
        for (limit, keyword) in [(text.min, "minLength"), (text.max, "maxLength")] {
            if let Some(limit) = limit {
                line.markers.push(marker(keyword, &limit.min(i64::MAX as u64).to_string()));
                self.checks.enter(spot, &schema.at, keyword, Outcome::Kept);
            }
        }
        let mut printed = false;
        for pattern in &text.patterns {
            match &pattern.re2 {
                Some(re2) if re2.is_empty() => {
                    let outcome = Outcome::Rewritten("the empty pattern asks nothing".to_owned());
                    self.checks.enter(spot, &pattern.at, "pattern", outcome);
                }
                Some(re2) if !printed && is_carried(re2) => {
                    printed = true;
                    line.markers.push(marker("pattern", re2));
                    self.checks.enter(spot, &pattern.at, "pattern", Outcome::Kept);
                }
                _ => {
                    let condition = cel::re2(pattern, &spot.x);
                    self.checks.check(spot, &pattern.at, "pattern", condition, &words::pattern(pattern));
                }
            }
        }
        if let Some(format) = &text.format {
            self.checks.format(schema, format, spot);
        }
        line
    }

    pub(super) fn choice(&mut self, schema: &Schema, values: &[Value], spot: &Spot) -> Line {
        let (kind, values, mixed) = match self.form(schema) {
            Form::Scalar(kind) => (kind, values.to_vec(), false),
            Form::Open => ("object", values.to_vec(), false),
            _ => {
                let (kind, values) = commonest(values, schema.default.as_ref());
                (kind, values, true)
            }
        };
        let mut line = Line::of(kind);
        if matches!(kind, "string" | "integer") && values.iter().all(marker::in_enum) {
            let words: Vec<_> =
                values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            line.markers.push(marker("enum", &words.join(",")));
            self.checks.enter(spot, &schema.at, "enum", choice_outcome(mixed, Outcome::Kept));
        } else {
            let said = self.checks.say(spot, cel::one_of(&values, &spot.x), &words::choice(&values));
            self.checks.book.say(&spot.place, &schema.at, "enum", said);
            self.checks.enter(spot, &schema.at, "enum", choice_outcome(mixed, Outcome::Moved(POLICY.to_owned())));
        }
        line
    }
}

/// How a limit can be said.
enum Limit {
    Exact(String),
    /// Of integers: the nearest one inside.
    Next(String),
    Policy,
}

/// The API server compares integers, also in a `float`, with the limit cut to an integer, so a marker is right for whole limits only.
fn limit_marker(limit: &Bound, whole: bool, side: char) -> Limit {
    const EXACT: i64 = 1 << 53;
    let step = match (side, limit.exclusive) {
        (_, false) => 0,
        ('>', true) => 1,
        (_, true) => -1,
    };
    match (limit.value.as_i64(), limit.value.as_f64()) {
        (Some(value), _) if value.unsigned_abs() < EXACT.unsigned_abs() && step == 0 => Limit::Exact(value.to_string()),
        (Some(value), _) if value.unsigned_abs() < EXACT.unsigned_abs() && whole => Limit::Next((value + step).to_string()),
        (None, Some(value)) if whole && value.abs() < EXACT as f64 => {
            // Between two integers, being exclusive makes no difference; on one, it does.
            let inside = if side == '>' { value.ceil() } else { value.floor() };
            let on_it = if inside == value { step as f64 } else { 0.0 };
            Limit::Next(format!("{}", inside + on_it))
        }
        _ => Limit::Policy,
    }
}

fn choice_outcome(mixed: bool, outcome: Outcome) -> Outcome {
    match mixed {
        true => Outcome::Stricter("the API has one type for each field".to_owned()),
        false => outcome,
    }
}

/// The values of one type: the default's, else the first that is there of string, integer, boolean.
pub(super) fn commonest(values: &[Value], default: Option<&Value>) -> (&'static str, Vec<Value>) {
    type Is = fn(&Value) -> bool;
    const KINDS: [(&str, Is); 5] = [
        ("string", Value::is_string),
        ("integer", Value::is_i64),
        ("float", Value::is_number),
        ("boolean", Value::is_boolean),
        ("object", Value::is_object),
    ];
    let of = |is: Is| values.iter().filter(|value| is(value)).cloned().collect::<Vec<_>>();
    let wanted = KINDS.iter().find(|(_, is)| default.is_some_and(is));
    let found = wanted.or_else(|| KINDS.iter().find(|(_, is)| values.iter().any(is)));
    found.map_or(("object", Vec::new()), |(kind, is)| (*kind, of(*is)))
}
