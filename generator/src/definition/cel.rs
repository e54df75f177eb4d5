//! A schema as a condition of the Common Expression Language, over the untyped object that an admission policy sees.
//!
//! Every condition is total: a value of another type makes it false, never an error, because `&&` and `||` of CEL swallow the
//! error of one side when the other side decides.

mod format;
mod on;
mod words;

use std::cell::Cell;

use super::form::{Form, form};
use crate::defaults::missing;
use crate::model::{Check, Object, Rest, Schema, Shape, Size, Text, Types};

pub(super) use format::format_check;
pub(super) use on::{On, implied, kind};
pub(super) use words::{
    PAIRWISE, all, any, bound, each, every, get, guarded, has, is_reserved, is_type, known, literal, one_of, re2, size, text,
    unique,
};
use words::{limits, multiple, own_rule, short};

/// A condition's parts, all of which must hold; or why CEL can't say it.
pub(super) type Parts = Result<Vec<String>, String>;

/// How schemas are turned into conditions.
pub(super) struct Cel<'a> {
    pub types: &'a Types,
    /// The dialect asserts formats.
    pub formats: bool,
    /// Schemas that one condition may still visit.
    budget: Cell<usize>,
}

/// Schemas in one condition; far above what people write, far below what the API server's parser refuses.
const BUDGET: usize = 4000;
/// Characters of one condition: cel-go refuses expressions of more than 100,000.
const LONGEST: usize = 60_000;
/// Items of a tuple's rest that are written out one by one.
const UNROLLED: u64 = 32;

impl<'a> Cel<'a> {
    pub(super) fn new(types: &'a Types, formats: bool) -> Cel<'a> {
        Cel { types, formats, budget: Cell::new(BUDGET) }
    }

    /// The rule as one condition.
    pub(super) fn rule(&self, check: &'a Check, on: &On<'a>) -> Result<String, String> {
        self.budget.set(BUDGET);
        short(all(&self.check(check, on)?))
    }

    /// The shape as one condition, without the rules.
    pub(super) fn shape_of(&self, schema: &'a Schema, on: &On<'a>) -> Result<String, String> {
        self.budget.set(BUDGET);
        short(all(&self.shape(schema, on)?))
    }

    fn holds(&self, schema: &'a Schema, on: &On<'a>) -> Parts {
        match self.budget.get().checked_sub(1) {
            Some(left) => self.budget.set(left),
            None => return Err("the condition is too long for CEL".to_owned()),
        }
        let mut parts = self.shape(schema, on)?;
        for rule in &schema.rules {
            parts.extend(self.check(&rule.check, on)?);
        }
        if let Some(other) = implied(schema, &on.x).filter(|_| !on.is_typed(schema, self.types)) {
            parts = guarded(&[other], parts);
        }
        if schema.nullable {
            parts = guarded(&[format!("{} == null", on.x)], parts);
        }
        Ok(parts)
    }

    fn shape(&self, schema: &'a Schema, on: &On<'a>) -> Parts {
        let x = &on.x;
        let mut parts = Vec::new();
        if !schema.implied && !on.is_typed(schema, self.types) {
            parts.extend(is_type(&schema.shape, x));
        }
        match &schema.shape {
            Shape::Anything | Shape::Boolean => {}
            Shape::Nothing => parts.push("false".to_owned()),
            Shape::Integer(bounds) | Shape::Number(bounds) => parts.extend(limits(bounds, x)),
            Shape::Text(limits) => parts.extend(self.text(limits, x)?),
            Shape::Choice(values) => parts.push(one_of(values, x)),
            Shape::List(list) => {
                parts.extend(size(list.size, x));
                if list.unique {
                    parts.push(unique(x));
                }
                let item = on.item(self.types);
                parts.extend(each(x, &item, self.holds(&list.item, &item)?));
            }
            Shape::Map(map) => {
                parts.extend(size(map.size, x));
                let key = on.variable();
                let mut inner = match &map.key {
                    Some(limits) => self.text(limits, &key)?,
                    None => Vec::new(),
                };
                inner.extend(self.holds(&map.value, &on.value(&key, self.types))?);
                parts.extend(every(x, &key, inner));
            }
            Shape::Object(object) => parts.extend(self.object(object, on)?),
            Shape::Union(branches) => parts.push(any(&self.branches(branches, on)?)),
            Shape::Named(name) => parts.extend(self.named(name, on)?),
        }
        Ok(parts)
    }

    fn named(&self, name: &'a str, on: &On<'a>) -> Parts {
        match self.types.get(name) {
            Some(target) if !on.open.contains(&name) => {
                let mut on = on.clone();
                on.open.push(name);
                self.holds(target, &on)
            }
            _ => Err("CEL has no recursion".to_owned()),
        }
    }

    fn object(&self, object: &'a Object, on: &On<'a>) -> Parts {
        let mut parts = size(object.size, &on.x);
        for field in &object.fields {
            let (there, inner) = self.field(&field.name, on);
            let holds = self.holds(&field.schema, &inner)?;
            match (there.as_str(), field.required) {
                ("true", _) => parts.extend(holds),
                (_, true) => parts.extend([vec![there], holds].concat()),
                (there, false) => parts.extend(guarded(&[format!("!{there}")], holds)),
            }
        }
        parts.extend(self.rest(object, on)?);
        Ok(parts)
    }

    /// What the keys that aren't among the fields must be.
    pub(super) fn rest(&self, object: &'a Object, on: &On<'a>) -> Parts {
        let key = on.variable();
        Ok(match &object.rest {
            Rest::Closed => every(&on.x, &key, vec![known(object, &key)]),
            Rest::Of(rest) => {
                let inner = self.holds(rest, &on.value(&key, self.types))?;
                every(&on.x, &key, guarded(&[known(object, &key)], inner))
            }
            Rest::Unsaid | Rest::Open => Vec::new(),
        })
    }

    /// Whether a field is there, and its value; in an untyped object a default counts as if it were written.
    fn field(&self, name: &str, on: &On<'a>) -> (String, On<'a>) {
        let base = on.base.and_then(|base| base.resolve(self.types).object()).and_then(|object| object.field(name));
        let typed = on.typed && on.base.is_some_and(|base| form(base, self.types, &[]) == Form::Struct);
        let (mut there, mut x) = (has(&on.x, name), get(&on.x, name));
        if let Some(default) = base.filter(|_| !typed).and_then(|field| missing(&field.schema, self.types)) {
            x = format!("({there} ? {x} : dyn({}))", literal(&default));
            there = "true".to_owned();
        }
        (there, On { x, base: base.map(|field| &field.schema), typed, before: None, ..on.clone() })
    }

    fn check(&self, check: &'a Check, on: &On<'a>) -> Parts {
        let x = &on.x;
        Ok(match check {
            Check::AllOf(branches) => self.branches(branches, on)?,
            Check::AnyOf(branches) => vec![any(&self.branches(branches, on)?)],
            Check::OneOf(branches) => vec![format!("[{}].exists_one(b, b)", self.branches(branches, on)?.join(", "))],
            Check::Not(schema) => vec![format!("!({})", all(&self.holds(schema, on)?))],
            Check::If { condition, then, otherwise } => {
                let side = |schema: &'a Option<Box<Schema>>| match schema {
                    Some(schema) => self.holds(schema, on).map(|parts| all(&parts)),
                    None => Ok("true".to_owned()),
                };
                let condition = all(&self.holds(condition, on)?);
                let (then, otherwise) = (side(then)?, side(otherwise)?);
                match otherwise.as_str() {
                    "true" => vec![format!("(!({condition}) || {then})")],
                    otherwise => vec![format!("(({condition}) ? ({then}) : ({otherwise}))")],
                }
            }
            Check::DependentRequired { key, needs } => {
                let there = needs.iter().map(|need| self.field(need, on).0).collect();
                guarded(&[on.unless("map", self.types), vec![format!("!{}", self.field(key, on).0)]].concat(), there)
            }
            Check::DependentSchema { key, schema } => {
                let guards = [on.unless("map", self.types), vec![format!("!{}", self.field(key, on).0)]].concat();
                guarded(&guards, self.holds(schema, on)?)
            }
            Check::Contains { item, min, max } => {
                let at = on.item(self.types);
                let inner = all(&self.holds(item, &at)?);
                let found = format!("{x}.filter({}, {inner}).size()", at.x);
                let mut parts = Vec::new();
                match (min, max) {
                    (0, _) => {}
                    (1, None) => parts.push(format!("{x}.exists({}, {inner})", at.x)),
                    (min, _) => parts.push(format!("{found} >= {min}")),
                }
                parts.extend(max.map(|max| format!("{found} <= {max}")));
                guarded(&on.unless("list", self.types), parts)
            }
            Check::MultipleOf(step) => guarded(&on.unless_number(self.types), vec![multiple(step, on, self.types)]),
            Check::Tuple { items, rest } => self.tuple(items, rest.as_deref(), on)?,
            Check::Keys(limits) => {
                let key = on.variable();
                guarded(&on.unless("map", self.types), every(x, &key, self.text(limits, &key)?))
            }
            Check::KeyPatterns(patterns) => {
                let key = on.variable();
                let mut parts = Vec::new();
                for (pattern, schema) in patterns {
                    let matches = re2(pattern, &key)?;
                    let inner = self.holds(schema, &on.value(&key, self.types))?;
                    parts.extend(every(x, &key, guarded(&[format!("!{matches}")], inner)));
                }
                guarded(&on.unless("map", self.types), parts)
            }
            Check::Cel(rule) => vec![own_rule(rule, on)?],
            Check::Opaque(keyword) => return Err(format!("CEL has no counterpart of `{keyword}`")),
        })
    }

    fn branches(&self, branches: &'a [Schema], on: &On<'a>) -> Parts {
        branches.iter().map(|branch| self.holds(branch, on).map(|parts| all(&parts))).collect()
    }

    fn tuple(&self, items: &'a [Schema], rest: Option<&'a Schema>, on: &On<'a>) -> Parts {
        let x = &on.x;
        let mut parts = Vec::new();
        for (index, schema) in items.iter().enumerate() {
            let item = on.item_at(format!("{x}[{index}]"), self.types);
            parts.extend(guarded(&[format!("size({x}) <= {index}")], self.holds(schema, &item)?));
        }
        let first = items.len() as u64;
        let most = on.base.and_then(|base| match &base.resolve(self.types).shape {
            Shape::List(list) => list.size.max,
            _ => None,
        });
        match (rest, most) {
            (None, _) => {}
            (Some(Schema { shape: Shape::Nothing, .. }), _) => parts.push(format!("size({x}) <= {first}")),
            (Some(schema), Some(most)) if most <= first + UNROLLED => {
                for index in first..most {
                    let item = on.item_at(format!("{x}[{index}]"), self.types);
                    parts.extend(guarded(&[format!("size({x}) <= {index}")], self.holds(schema, &item)?));
                }
            }
            (Some(_), _) => return Err("CEL can't tell the first items of a long list from the others".to_owned()),
        }
        Ok(guarded(&on.unless("list", self.types), parts))
    }

    /// What a string must be.
    pub(super) fn text(&self, limits: &Text, x: &str) -> Parts {
        let mut parts = size(Size { min: limits.min, max: limits.max }, x);
        for pattern in &limits.patterns {
            parts.push(re2(pattern, x)?);
        }
        if let Some(name) = limits.format.as_deref().filter(|_| self.formats) {
            parts.push(format_check(name, x).ok_or_else(|| format!("CEL doesn't know the format `{name}`"))?);
        }
        Ok(parts)
    }
}
