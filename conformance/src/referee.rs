//! Who is right: the author's own schema, on the effective document.
//!
//! In the release view the document is first completed as the platform would: secret values stand where references are, and what
//! the platform owns and has to give is there. So the referee of both views is the same schema, and never one that was made from it.

mod complete;

use std::fmt;

use generator::ledger::{Book, Outcome, Target};
use generator::model::{self, Constraint, Owned, Withheld};
use manifest::contract::Contract;
use manifest::defaults::Defaults;
use manifest::valid::{Validator, uncarried};
use serde_json::Value;

use crate::object::identity;
use crate::random::Random;
use crate::subject::{Subject, View};
use complete::Complete;

/// A service's referee.
pub(crate) struct Referee<'a> {
    subject: &'a Subject,
    chart: Validator,
    /// The same without defaults: for who lays his own.
    bare: Validator,
    pub owned: Owned,
    constraints: Vec<Constraint>,
    withheld: Withheld,
    contract: Contract,
}

/// What the referee says of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ruling {
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// A JSON pointer into the document.
    pub pointer: String,
    pub keyword: String,
    pub message: String,
    /// What holds the mistake: the same as `pointer`, or the object that lacks a field or has one too many.
    pub holder: String,
    /// The field that is missing, or one too many.
    pub name: Option<String>,
    /// What stands at the holder, and the keyword's own value, as far as the schema has it there.
    pub found: Value,
    pub limit: Value,
    /// The constraints that say so. None: the schema's own words don't lead to any, or it is no constraint of the schema.
    pub blamed: Vec<Constraint>,
    pub source: Law,
}

/// Where a fault's law comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    /// The author's schema.
    Schema,
    /// The release view: what the platform owns isn't the release's to say, and a secret is a reference.
    View,
    /// The identity, which a release's name and place follow from.
    Identity,
    /// Characters that the API can't pass on.
    Characters,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{pointer}: {} ({})", self.message, self.keyword)
    }
}

impl Fault {
    /// Nothing yet.
    fn of(source: Law) -> Fault {
        Fault {
            pointer: String::new(),
            keyword: String::new(),
            message: String::new(),
            holder: String::new(),
            name: None,
            found: Value::Null,
            limit: Value::Null,
            blamed: Vec::new(),
            source,
        }
    }
}

impl Ruling {
    pub(crate) fn valid(&self) -> bool {
        self.faults.is_empty()
    }
}

impl<'a> Referee<'a> {
    /// # Errors
    /// If the author's schema can't be used.
    pub(crate) fn new(subject: &'a Subject) -> anyhow::Result<Referee<'a>> {
        let service = &subject.made.service;
        let chart = Validator::new(&service.bundle.schema, subject.made.defaults.clone())?;
        let bare = Validator::new(&service.bundle.schema, Defaults::default())?;
        let owned = model::release(service);
        let (constraints, withheld) = (model::constraints(service), model::withheld(service));
        let contract = generator::contract(&subject.made, &subject.platform)?;
        Ok(Referee { subject, chart, bare, owned, constraints, withheld, contract })
    }

    /// What a releases repository refuses of a release, the strictures of the API among it.
    pub(crate) fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Whether there is anything that a release doesn't say as the chart wants it.
    pub(crate) fn views_differ(&self) -> bool {
        self.withheld != Withheld::default()
    }

    pub(crate) fn rule(&self, view: View, document: &Value) -> Ruling {
        match view {
            View::Whole => Ruling { faults: self.schema_faults(&self.chart, document) },
            View::Release => self.release(document),
        }
    }

    /// The document with the defaults of the whole schema under it.
    pub(crate) fn effective(&self, document: &Value) -> Value {
        self.chart.effective(document)
    }

    /// A release's document as its chart gets it: a sample of a value for each reference, and of what the platform has to give.
    pub(crate) fn complete(&self, release: &Value) -> Value {
        let service = &self.subject.made.service;
        let mut complete = Complete { types: &service.types, random: Random(1) };
        complete.value(&service.values, release)
    }

    fn release(&self, document: &Value) -> Ruling {
        let mut faults = self.schema_faults(&self.chart, &self.complete(document));
        for pointer in crate::place::pointers(document) {
            let fault = |keyword: &str, message: &str| Fault {
                pointer: pointer.clone(),
                keyword: keyword.to_owned(),
                message: message.to_owned(),
                ..Fault::of(Law::View)
            };
            if self.withheld.platform.iter().any(|place| place.is_at(&pointer)) {
                faults.push(fault("x-ui.platformOwned", "the platform sets it"));
            }
            let secret = self.withheld.secrets.iter().any(|place| place.is_at(&pointer));
            if secret && !document.pointer(&pointer).is_some_and(is_reference) {
                faults.push(fault("x-ui.secretRef", "a reference to a Secret goes here: name and key"));
            }
        }
        let carried = uncarried(document).into_iter().map(|(pointer, c)| Fault {
            pointer,
            keyword: "characters".to_owned(),
            message: format!("the character U+{:04X} can't be passed on", u32::from(c)),
            ..Fault::of(Law::Characters)
        });
        faults.extend(carried);
        if faults.is_empty()
            && let Err(message) = identity(self.subject, document)
        {
            let pointer = if document.get("name").is_some() { "/name" } else { "/tenant" };
            let keyword = "identity".to_owned();
            faults.push(Fault { pointer: pointer.to_owned(), keyword, message, ..Fault::of(Law::Identity) });
        }
        Ruling { faults }
    }

    /// What is wrong with a chart's values as they are, without defaults.
    pub(crate) fn rule_as_it_is(&self, values: &Value) -> Ruling {
        Ruling { faults: self.schema_faults(&self.bare, values) }
    }

    /// The chart's values, to which Helm adds a document.
    pub(crate) fn chart_values(&self) -> Value {
        let path = format!("charts/{}/values.yaml", self.subject.name());
        let text = self.subject.files.get(&path).map_or("", String::as_str);
        manifest::yaml::read(text).unwrap_or_default()
    }

    fn schema_faults(&self, validator: &Validator, document: &Value) -> Vec<Fault> {
        let violations = validator.check(document).into_iter();
        violations
            .map(|violation| {
                let name = named(&violation);
                let missing = name.as_ref().filter(|_| violation.keyword == "required");
                let missing = missing.map(|name| format!("{}/{}", violation.pointer, manifest::pointer::escape(name)));
                let at = missing.as_deref().unwrap_or(&violation.pointer);
                let blamed = self.blamed(at, &violation.pointer, &violation.keyword, &violation.schema_pointer);
                Fault {
                    pointer: at.to_owned(),
                    limit: limit(&self.subject.made.service.bundle.schema, &violation.schema_pointer),
                    keyword: violation.keyword,
                    message: violation.message,
                    holder: violation.pointer,
                    name,
                    found: violation.found,
                    blamed,
                    source: Law::Schema,
                }
            })
            .collect()
    }

    /// The constraints that a violation breaks: first those of its own keyword and place, else rules around the place.
    fn blamed(&self, at: &str, instance: &str, keyword: &str, schema_pointer: &str) -> Vec<Constraint> {
        let own = |constraint: &&Constraint| {
            let place = &constraint.used_at;
            let same = match constraint.keyword {
                "opaque" => constraint.at.as_str().ends_with(&format!("/{keyword}")),
                booked => same_keyword(keyword, booked),
            };
            same && (place.is_at(at) || place.is_at(instance))
        };
        let own: Vec<Constraint> = self.constraints.iter().filter(own).cloned().collect();
        // A condition's branch says `required` where the rule stands: it is the rule that is broken.
        let rule = |constraint: &&Constraint| {
            RULES.contains(&constraint.keyword)
                && constraint.used_at.encloses(instance)
                && within_rule(schema_pointer, constraint.keyword)
        };
        let rules: Vec<Constraint> = self.constraints.iter().filter(rule).cloned().collect();
        match (rules.is_empty(), own.is_empty()) {
            (false, _) => rules,
            (true, false) => own,
            // The model says it in other words: a choice instead of a `const`, a union instead of types.
            (true, true) => {
                let here = |constraint: &&Constraint| {
                    constraint.class == model::Class::Constraint
                        && (constraint.used_at.is_at(at) || constraint.used_at.is_at(instance))
                };
                self.constraints.iter().filter(here).cloned().collect()
            }
        }
    }

    /// What a target's book says of a constraint.
    pub(crate) fn outcomes<'b>(&'b self, target: Target, constraint: &Constraint) -> Vec<&'b Outcome> {
        let Some(book) = self.book(target) else { return Vec::new() };
        let asked = (&constraint.used_at, &constraint.at, constraint.keyword);
        let entries = book.entries.iter().filter(|entry| (&entry.used_at, &entry.at, entry.keyword) == asked);
        entries.map(|entry| &entry.outcome).collect()
    }

    pub(crate) fn book(&self, target: Target) -> Option<&Book> {
        self.subject.made.targets.iter().find(|(known, _)| *known == target).map(|(_, emission)| &emission.book)
    }
}

/// What stands at a place of the schema that was reached through references.
fn limit(schema: &Value, way: &str) -> Value {
    let mut at = schema;
    for step in way.split('/').skip(1) {
        let step = manifest::pointer::unescape(step);
        let next = match at {
            Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ if step == "$ref" => {
                let target = at["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
                target.and_then(|target| schema.pointer(target))
            }
            _ => at.get(&step),
        };
        let Some(next) = next else { return Value::Null };
        at = next;
    }
    at.clone()
}

const RULES: &[&str] = &[
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "dependentRequired",
    "dependentSchemas",
    "contains",
    "prefixItems",
    "propertyNames",
    "patternProperties",
    "opaque",
];

/// Whether a place in the schema lies inside of such a rule.
fn within_rule(schema_pointer: &str, rule: &str) -> bool {
    schema_pointer.split('/').any(|step| match step {
        "then" | "else" | "if" => rule == "if",
        "dependencies" => matches!(rule, "dependentRequired" | "dependentSchemas"),
        "items" | "additionalItems" | "prefixItems" => rule == "prefixItems",
        step => step == rule,
    })
}

/// Whether the validator's word for a keyword is that of the books.
fn same_keyword(said: &str, booked: &str) -> bool {
    match said {
        "exclusiveMinimum" => booked == "minimum",
        "exclusiveMaximum" => booked == "maximum",
        "type" => matches!(booked, "type" | "union" | "nullable" | "enum"),
        "enum" | "const" => matches!(booked, "enum" | "union"),
        "anyOf" | "oneOf" => matches!(booked, "union" | "enum" | "type" | "anyOf" | "oneOf"),
        "unevaluatedProperties" => booked == "additionalProperties",
        "additionalItems" | "items" => booked == "prefixItems",
        "dependencies" => matches!(booked, "dependentRequired" | "dependentSchemas"),
        said => said == booked,
    }
}

/// The field that a violation misses, or finds too many.
fn named(violation: &manifest::valid::Violation) -> Option<String> {
    let rest = violation.message.strip_prefix("the property ")?;
    let name = match violation.keyword.as_str() {
        "required" => rest.strip_suffix(" is missing")?,
        "additionalProperties" | "unevaluatedProperties" => rest.split(" is not known").next()?,
        _ => return None,
    };
    serde_json::from_str(name).ok()
}

/// Whether a value is what a release holds for a secret: the rule of Kubernetes for the names of Secrets and of their keys.
fn is_reference(value: &Value) -> bool {
    let part = |key: &str, good: fn(char) -> bool| {
        let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
        !text.is_empty() && text.len() <= 253 && text.chars().all(good)
    };
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    value.as_object().is_some_and(|members| members.len() == 2)
        && part("name", inner)
        && edge(name.chars().next())
        && edge(name.chars().last())
        && part("key", |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}
