//! What the admission policy checks, and the book of it.
//!
//! [`Checks::untyped`] walks what the API holds as an `object`: there the policy checks everything, types too.

use super::cel::{self, Cel, On};
use super::spot::Spot;
use super::words;
use crate::defaults::missing;
use crate::ledger::{Book, Outcome};
use crate::model::{
    Bounds, Field, List, Map, Object, Pointer, Rest, Rule, Schema, Shape, Size, Text, note_keywords, rule_keyword,
};

/// Where the ledger says that a rule went.
pub(super) const POLICY: &str = "the admission policy";
const DEFAULT: &str = "the chart's values.yaml has it";
/// The chart's values.yaml has the defaults of fixed places only.
const UNFILLED: &str = "nothing fills in an item of a list or a map that the API holds as an object";

/// One thing that the policy checks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    /// Holds where all is well.
    pub condition: String,
    /// What is wrong otherwise, with the place.
    pub message: String,
}

/// The policy's checks while they are collected.
pub(super) struct Checks<'a> {
    pub cel: Cel<'a>,
    pub book: Book,
    pub problems: Vec<Problem>,
    /// The named types that we are inside of.
    pub open: Vec<&'a str>,
    /// Nothing is checked here for itself; what the book says instead.
    verdict: Option<Outcome>,
}

impl<'a> Checks<'a> {
    pub(super) fn new(cel: Cel<'a>, book: Book) -> Checks<'a> {
        Checks { cel, book, problems: Vec::new(), open: Vec::new(), verdict: None }
    }

    /// Enters a constraint that the API's own schema answers.
    pub(super) fn enter(&mut self, spot: &Spot, at: &Pointer, keyword: &'static str, outcome: Outcome) {
        let outcome = self.verdict.clone().unwrap_or(outcome);
        self.book.enter(&spot.place, at, keyword, outcome);
    }

    /// Enters a constraint that the policy checks, by the condition and what is wrong where it doesn't hold.
    pub(super) fn check(
        &mut self,
        spot: &Spot,
        at: &Pointer,
        keyword: &'static str,
        condition: Result<String, String>,
        wrong: &str,
    ) {
        let outcome = match condition {
            Ok(condition) => {
                let said = self.say(spot, condition, wrong);
                self.book.say(&spot.place, at, keyword, said);
                Outcome::Moved(POLICY.to_owned())
            }
            Err(why) => Outcome::Lost(why),
        };
        self.enter(spot, at, keyword, outcome);
    }

    /// Checks without a line of the book, and returns the sentence.
    pub(super) fn say(&mut self, spot: &Spot, condition: String, wrong: &str) -> String {
        let message = format!("{}: {wrong}", spot.path);
        if self.verdict.is_none() && condition != "true" {
            self.problems.push(Problem { condition: spot.everywhere(condition), message: message.clone() });
        }
        message
    }

    /// Books everything below, `place` included, with one outcome.
    pub(super) fn all_below(&mut self, schema: &'a Schema, spot: &Spot, outcome: Outcome) {
        let outer = self.verdict.take();
        self.verdict = Some(outer.clone().unwrap_or(outcome));
        self.untyped(schema, spot);
        self.verdict = outer;
    }

    /// What only the policy knows the type of.
    pub(super) fn untyped(&mut self, schema: &'a Schema, spot: &Spot) {
        self.notes(schema, spot);
        if schema.default.is_some() {
            let outcome = match spot.is_many() {
                true => Outcome::Lost(UNFILLED.to_owned()),
                false => Outcome::Moved(DEFAULT.to_owned()),
            };
            self.enter(spot, &schema.at, "default", outcome);
        }
        if schema.nullable {
            self.enter(spot, &schema.at, "nullable", Outcome::Moved(POLICY.to_owned()));
        }
        self.shape(schema, spot);
        for rule in &schema.rules {
            self.rule(rule, schema, spot);
        }
    }

    /// What is inside of what the API holds as an `object`.
    pub(super) fn inside(&mut self, schema: &'a Schema, spot: &Spot) {
        self.shape(schema, spot);
    }

    /// A rule, wherever it stands.
    pub(super) fn rule(&mut self, rule: &'a Rule, schema: &'a Schema, spot: &Spot) {
        let on = spot.on(schema);
        let wrong = rule.message.clone().unwrap_or_else(|| words::rule(&rule.check, self.cel.types));
        let condition = self.cel.rule(&rule.check, &on).map(|condition| self.unless_null(schema, spot, condition));
        self.check(spot, &rule.at, rule_keyword(&rule.check), condition, &wrong);
    }

    /// In an untyped object a null stays where the schema admits it, and no rule is asked.
    fn unless_null(&self, schema: &Schema, spot: &Spot, condition: String) -> String {
        match (schema.nullable || spot.null) && !spot.typed {
            true => format!("{} == null || {condition}", spot.x),
            false => condition,
        }
    }

    fn shape(&mut self, schema: &'a Schema, spot: &Spot) {
        let at = &schema.at;
        match &schema.shape {
            Shape::Anything => {}
            Shape::Named(name) => self.named(schema, name, spot),
            Shape::Choice(values) => {
                let condition = self.unless_null(schema, spot, cel::one_of(values, &spot.x));
                self.check(spot, at, "enum", Ok(condition), &words::choice(values));
            }
            Shape::Union(branches) => self.union(schema, branches, spot),
            Shape::Nothing => self.check(spot, at, "type", Ok("false".to_owned()), "must not be given"),
            Shape::Boolean => self.kind(schema, spot),
            Shape::Integer(bounds) | Shape::Number(bounds) => {
                self.kind(schema, spot);
                self.bounds(schema, bounds, spot);
            }
            Shape::Text(text) => {
                self.kind(schema, spot);
                self.text(schema, text, spot);
            }
            Shape::List(list) => {
                self.kind(schema, spot);
                self.list(schema, list, spot);
            }
            Shape::Map(map) => {
                self.kind(schema, spot);
                self.map(schema, map, spot);
            }
            Shape::Object(object) => {
                self.kind(schema, spot);
                self.object(schema, object, spot);
            }
        }
    }

    fn named(&mut self, schema: &'a Schema, name: &'a str, spot: &Spot) {
        match self.cel.types.get(name) {
            Some(target) if !self.open.contains(&name) => {
                self.open.push(name);
                // A null that the place admits must not meet the type's own test.
                self.untyped(target, &spot.behind(schema.nullable));
                self.open.pop();
            }
            _ => self.enter(spot, &schema.at, "$ref", Outcome::Lost(RECURSION.to_owned())),
        }
    }

    fn union(&mut self, schema: &'a Schema, branches: &'a [Schema], spot: &Spot) {
        let on = On { open: self.open.clone(), ..spot.on(schema) };
        let whole = self.cel.shape_of(schema, &on).map(|condition| self.unless_null(schema, spot, condition));
        let below = match &whole {
            Ok(_) => Outcome::Moved(POLICY.to_owned()),
            Err(why) => Outcome::Lost(why.clone()),
        };
        self.check(spot, &schema.at, "union", whole, &words::union(branches, self.cel.types));
        for branch in branches {
            self.all_below(branch, spot, below.clone());
        }
    }

    fn kind(&mut self, schema: &Schema, spot: &Spot) {
        if spot.typed {
            return self.enter(spot, &schema.at, "type", assured(schema));
        }
        if schema.implied {
            let outcome = Outcome::Rewritten("the keywords of a type leave other types alone".to_owned());
            return self.enter(spot, &schema.at, "type", outcome);
        }
        let test = cel::is_type(&schema.shape, &spot.x).unwrap_or_else(|| "true".to_owned());
        let condition = self.unless_null(schema, spot, test);
        self.check(spot, &schema.at, "type", Ok(condition), words::kind(&schema.shape, schema.nullable || spot.null));
    }

    /// A condition that asks nothing of a value of another type.
    fn of_kind(&self, schema: &Schema, spot: &Spot, condition: String) -> String {
        match (spot.typed, cel::kind(&schema.shape)) {
            (true, _) | (_, None) => condition,
            (false, Some("int" | "double")) => format!("type({0}) != int && type({0}) != double || {condition}", spot.x),
            (false, Some(kind)) => format!("type({}) != {kind} || {condition}", spot.x),
        }
    }

    fn bounds(&mut self, schema: &Schema, bounds: &Bounds, spot: &Spot) {
        for (limit, keyword, side) in [(&bounds.min, "minimum", '>'), (&bounds.max, "maximum", '<')] {
            if let Some(limit) = limit {
                let condition = self.of_kind(schema, spot, cel::bound(limit, &spot.x, side));
                self.check(spot, &schema.at, keyword, Ok(condition), &words::limit(limit, side));
            }
        }
    }

    fn text(&mut self, schema: &Schema, text: &Text, spot: &Spot) {
        self.sizes(schema, Size { min: text.min, max: text.max }, ["minLength", "maxLength"], "characters", spot);
        for pattern in &text.patterns {
            let condition = cel::re2(pattern, &spot.x).map(|condition| self.of_kind(schema, spot, condition));
            self.check(spot, &pattern.at, "pattern", condition, &words::pattern(pattern));
        }
        if let Some(name) = &text.format {
            self.format(schema, name, spot);
        }
    }

    /// A format: checked where the dialect asserts it.
    pub(super) fn format(&mut self, schema: &Schema, name: &str, spot: &Spot) {
        if !self.cel.formats {
            let outcome = Outcome::Rewritten("the schema's dialect takes a format for a hint".to_owned());
            return self.enter(spot, &schema.at, "format", outcome);
        }
        let condition = cel::format_check(name, &spot.x)
            .map(|condition| self.of_kind(schema, spot, condition))
            .ok_or_else(|| "CEL doesn't know the format".to_owned());
        self.check(spot, &schema.at, "format", condition, &format!("must be in the format `{name}`"));
    }

    /// The least and the greatest size.
    pub(super) fn sizes(&mut self, schema: &Schema, size: Size, keywords: [&'static str; 2], of: &str, spot: &Spot) {
        let [min, max] = keywords;
        if size.min.is_some() {
            let condition = cel::all(&cel::size(Size { max: None, ..size }, &spot.x));
            let condition = self.of_kind(schema, spot, condition);
            self.check(spot, &schema.at, min, Ok(condition), &words::size("at least", size.min, of));
        }
        if size.max.is_some() {
            let condition = cel::all(&cel::size(Size { min: None, ..size }, &spot.x));
            let condition = self.of_kind(schema, spot, condition);
            self.check(spot, &schema.at, max, Ok(condition), &words::size("at most", size.max, of));
        }
    }

    fn list(&mut self, schema: &'a Schema, list: &'a List, spot: &Spot) {
        self.sizes(schema, list.size, ["minItems", "maxItems"], "items", spot);
        if list.unique {
            self.unique(schema, list, spot);
        }
        self.untyped(&list.item, &spot.item(false));
    }

    /// Items that differ, checked pair by pair.
    pub(super) fn unique(&mut self, schema: &Schema, list: &List, spot: &Spot) {
        let condition = self.of_kind(schema, spot, cel::unique(&spot.x));
        let said = self.say(spot, condition, "no item may stand twice");
        self.book.say(&spot.place, &schema.at, "uniqueItems", said);
        let outcome = match list.size.max {
            Some(max) if max <= PAIRS => Outcome::Moved(POLICY.to_owned()),
            _ => Outcome::Stricter("the admission policy can't compare more than some 400 items with each other".to_owned()),
        };
        self.enter(spot, &schema.at, "uniqueItems", outcome);
    }

    fn map(&mut self, schema: &'a Schema, map: &'a Map, spot: &Spot) {
        self.map_itself(schema, map, spot);
        self.untyped(&map.value, &spot.value(false, |_| None));
    }

    /// Size and keys of a map.
    pub(super) fn map_itself(&mut self, schema: &'a Schema, map: &'a Map, spot: &Spot) {
        self.sizes(schema, map.size, ["minProperties", "maxProperties"], "entries", spot);
        if let Some(key) = &map.key {
            let condition = self.cel.text(key, "key").map(|parts| cel::all(&cel::every(&spot.x, "key", parts)));
            let condition = condition.map(|condition| self.of_kind(schema, spot, condition));
            self.check(spot, &schema.at, "propertyNames", condition, &words::keys(key));
        }
    }

    fn object(&mut self, schema: &'a Schema, object: &'a Object, spot: &Spot) {
        self.sizes(schema, object.size, ["minProperties", "maxProperties"], "entries", spot);
        match &object.rest {
            Rest::Closed => {
                let condition = cel::all(&cel::every(&spot.x, "key", vec![cel::known(object, "key")]));
                let condition = self.of_kind(schema, spot, condition);
                self.check(spot, &schema.at, "additionalProperties", Ok(condition), &words::closed(object));
            }
            Rest::Unsaid | Rest::Open => self.enter(spot, &schema.at, "additionalProperties", Outcome::Kept),
            Rest::Of(_) => self.enter(spot, &schema.at, "additionalProperties", Outcome::Moved(POLICY.to_owned())),
        }
        for field in &object.fields {
            let inner = spot.field(&field.name, false);
            if field.required {
                self.required(schema, field, spot, &inner);
            }
            self.untyped(&field.schema, &inner);
        }
        if let Rest::Of(rest) = &object.rest {
            self.untyped(rest, &spot.value(false, |key| Some(cel::known(object, key))));
        }
    }

    fn required(&mut self, schema: &Schema, field: &Field, spot: &Spot, inner: &Spot) {
        let filled = missing(&field.schema, self.cel.types).is_some();
        if filled && !inner.is_many() {
            return self.enter(inner, &schema.at, "required", Outcome::Rewritten("the default fills it in".to_owned()));
        }
        let condition = self.of_kind(schema, spot, cel::has(&spot.x, &field.name));
        let said = self.say(spot, condition, &format!("{} is required", words::quoted(&field.name)));
        self.book.say(&inner.place, &schema.at, "required", said);
        let outcome = if filled { Outcome::Stricter(UNFILLED.to_owned()) } else { Outcome::Moved(POLICY.to_owned()) };
        self.enter(inner, &schema.at, "required", outcome);
    }

    fn notes(&mut self, schema: &Schema, spot: &Spot) {
        for keyword in note_keywords(schema) {
            let outcome = match keyword {
                "x-ui.immutable" if spot.is_many() || self.verdict.is_some() => Outcome::Lost(words::MANY.to_owned()),
                "x-ui.immutable" => {
                    self.immutable(spot, spot.same());
                    Outcome::Moved(POLICY.to_owned())
                }
                "title" | "description" | "deprecated" => {
                    Outcome::Lost("what the API holds as an object has no descriptions".to_owned())
                }
                keyword => words::note(keyword),
            };
            self.book.enter(&spot.place, &schema.at, keyword, outcome);
        }
    }

    /// What is there stays as it is.
    pub(super) fn immutable(&mut self, spot: &Spot, condition: String) {
        let message = format!("{}: can't be changed once the release is made", spot.path);
        self.problems.push(Problem { condition, message });
    }
}

/// The type of a place that the API has a type for.
pub(super) fn assured(schema: &Schema) -> Outcome {
    match schema.implied {
        true => Outcome::Stricter("the API gives it the type that its keywords imply".to_owned()),
        false => Outcome::Kept,
    }
}

/// Items that are compared with each other within the API server's limit for one expression.
const PAIRS: u64 = 400;

/// Why a recursion ends.
pub(super) const RECURSION: &str = "a type that holds itself is checked to its first repetition";
