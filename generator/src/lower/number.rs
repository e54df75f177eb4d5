//! Numbers and their limits.

use std::cmp::Ordering;

use serde_json::Number;

use crate::model::{Bound, Bounds};

pub(super) fn both(x: &Bounds, y: &Bounds) -> Bounds {
    let pick = |x: &Option<Bound>, y: &Option<Bound>, lower| match (x, y) {
        (Some(x), Some(y)) => Some(tighter(x.clone(), y.clone(), lower)),
        (x, y) => x.clone().or_else(|| y.clone()),
    };
    Bounds { min: pick(&x.min, &y.min, true), max: pick(&x.max, &y.max, false) }
}

/// The bound that admits less.
pub(super) fn tighter(x: Bound, y: Bound, lower: bool) -> Bound {
    let x_is_tighter = match compare(&x.value, &y.value) {
        Ordering::Equal => x.exclusive,
        order => order.is_gt() == lower,
    };
    if x_is_tighter { x } else { y }
}

/// The same bound for integers: whole, and inclusive.
pub(super) fn whole(bound: Bound, lower: bool) -> Bound {
    if let Some(value) = bound.value.as_i64() {
        let step = match (bound.exclusive, lower) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => -1,
        };
        return match value.checked_add(step) {
            Some(value) => Bound { value: value.into(), exclusive: false },
            None => bound,
        };
    }
    let value = float(&bound.value);
    if value.fract() == 0.0 {
        return bound;
    }
    let value = if lower { value.ceil() } else { value.floor() };
    match Number::from_f64(value) {
        Some(number) => Bound { value: canonical(&number), exclusive: false },
        None => bound,
    }
}

/// Integral floats as integers, as far as they are exact.
pub(super) fn canonical(number: &Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => {
            Number::from(float as i64)
        }
        _ => number.clone(),
    }
}

/// Whether a number lies within.
pub(super) fn inside(number: &Number, bounds: &Bounds) -> bool {
    let min = bounds.min.as_ref().is_none_or(|min| match compare(number, &min.value) {
        Ordering::Equal => !min.exclusive,
        order => order.is_gt(),
    });
    let max = bounds.max.as_ref().is_none_or(|max| match compare(number, &max.value) {
        Ordering::Equal => !max.exclusive,
        order => order.is_lt(),
    });
    min && max
}

/// Whether so many are allowed.
pub(super) fn within(count: usize, min: Option<u64>, max: Option<u64>) -> bool {
    let count = count as u64;
    min.is_none_or(|min| count >= min) && max.is_none_or(|max| count <= max)
}

/// Whether an integer; `1.0` is one (JSON Schema 2020-12, validation §6.1.1).
pub(super) fn is_whole(number: &Number) -> bool {
    !number.is_f64() || float(number).fract() == 0.0
}

/// Integers exactly, others as floats.
fn compare(x: &Number, y: &Number) -> Ordering {
    match (x.as_i128(), y.as_i128()) {
        (Some(x), Some(y)) => x.cmp(&y),
        _ => float(x).partial_cmp(&float(y)).unwrap_or(Ordering::Equal),
    }
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}
