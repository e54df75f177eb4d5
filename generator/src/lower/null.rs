//! Whether `null` conforms: it stands beside the shape (`nullable`), so whatever joins schemas has to know.

use serde_json::Value;

use crate::model::{Check, Rule, Schema, Shape, Types};

/// Whether `null` conforms. `None`: it can't be told, inside a recursion or beside a rule that only a validator can judge.
pub(super) fn admits_null(schema: &Schema, types: &Types) -> Option<bool> {
    admits(schema, types, 0)
}

/// `nullable` means that `null` conforms whatever the rules say; where they refuse it, the place isn't nullable.
pub(super) fn settle(schema: &mut Schema, types: &Types) {
    if schema.nullable && rules_admit(&schema.rules, types, 0) == Some(false) {
        schema.nullable = false;
    }
}

/// Settles what had to wait for a type that holds itself: now all are known.
pub(super) fn settle_recursive(values: &mut Schema, types: &mut Types) {
    if types.is_empty() {
        return;
    }
    let known = types.clone();
    settle_below(values, &known);
    types.values_mut().for_each(|schema| settle_below(schema, &known));
}

fn settle_below(schema: &mut Schema, types: &Types) {
    settle(schema, types);
    let asked = schema.rules.iter_mut().flat_map(|rule| rule.check.schemas_mut());
    asked.chain(schema.shape.schemas_mut()).for_each(|inner| settle_below(inner, types));
}

fn admits(schema: &Schema, types: &Types, depth: usize) -> Option<bool> {
    if depth > 64 {
        return None;
    }
    if schema.nullable {
        return Some(true);
    }
    let by_shape = match &schema.shape {
        Shape::Anything => true,
        Shape::Nothing => false,
        Shape::Choice(values) => values.contains(&Value::Null),
        Shape::Union(branches) => schema.implied || any(branches, types, depth)?,
        Shape::Named(name) => admits(types.get(name)?, types, depth + 1)?,
        Shape::Boolean | Shape::Integer(_) | Shape::Number(_) | Shape::Text(_) => schema.implied,
        Shape::List(_) | Shape::Map(_) | Shape::Object(_) => schema.implied,
    };
    if by_shape { rules_admit(&schema.rules, types, depth) } else { Some(false) }
}

fn rules_admit(rules: &[Rule], types: &Types, depth: usize) -> Option<bool> {
    let mut unsure = false;
    for rule in rules {
        match rule_admits(&rule.check, types, depth) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => unsure = true,
        }
    }
    (!unsure).then_some(true)
}

fn rule_admits(check: &Check, types: &Types, depth: usize) -> Option<bool> {
    let one = |schema: &Schema| admits(schema, types, depth + 1);
    match check {
        Check::AllOf(branches) => {
            let verdicts: Vec<_> = branches.iter().map(one).collect();
            if verdicts.contains(&Some(false)) {
                Some(false)
            } else {
                verdicts.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
            }
        }
        Check::AnyOf(branches) => any(branches, types, depth),
        Check::OneOf(branches) => {
            let verdicts: Option<Vec<bool>> = branches.iter().map(one).collect();
            verdicts.map(|verdicts| verdicts.into_iter().filter(|verdict| *verdict).count() == 1)
        }
        Check::Not(schema) => one(schema).map(|verdict| !verdict),
        Check::If { condition, then, otherwise } => {
            let branch = if one(condition)? { then } else { otherwise };
            branch.as_ref().map_or(Some(true), |schema| one(schema))
        }
        // They speak of numbers, arrays or objects only.
        Check::DependentRequired { .. } | Check::DependentSchema { .. } | Check::Contains { .. } | Check::MultipleOf(_) => {
            Some(true)
        }
        Check::Tuple { .. } | Check::Keys(_) | Check::KeyPatterns(_) | Check::Cel(_) => Some(true),
        Check::Opaque(keyword) => (!keyword.starts_with('$')).then_some(true),
    }
}

fn any(branches: &[Schema], types: &Types, depth: usize) -> Option<bool> {
    let mut unsure = false;
    for branch in branches {
        match admits(branch, types, depth + 1) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unsure = true,
        }
    }
    (!unsure).then_some(false)
}
