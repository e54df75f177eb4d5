//! Notes: words, order, pages, and how a field is edited.

use serde_json::{Value, json};

use super::super::part::Part;
use super::super::words::*;
use super::{Form, Level, plain, scalar};
use crate::ledger::Outcome;
use crate::model::{Notes, Place, Schema, Shape, Widget, note_keywords};

impl<'a> Form<'a> {
    pub(super) fn notes(&mut self, schema: &'a Schema, place: &Place, level: Level, part: &mut Part) {
        let notes = &schema.notes;
        let input = input(schema.resolve(self.types));
        for keyword in note_keywords(schema) {
            self.enter(place, &schema.at, keyword, outcome(keyword, notes, level, input));
        }

        let keywords = &mut part.keywords;
        if let Some(title) = &schema.title {
            keywords.insert("title".into(), json!(title));
        }
        let doc = schema.doc.as_deref().or_else(|| keywords.get("description").and_then(Value::as_str)).map(str::to_owned);
        match (doc, notes.deprecated) {
            (Some(doc), true) => keywords.insert("description".into(), json!(format!("Deprecated. {doc}"))),
            (None, true) => keywords.insert("description".into(), json!("Deprecated.")),
            (Some(doc), false) => keywords.insert("description".into(), json!(doc)),
            (None, false) => None,
        };
        if let (true, Some(example)) = (input.typed(), notes.examples.first()) {
            keywords.insert("ui:placeholder".into(), json!(plain(example)));
        }
        let likely = [notes.examples.as_slice(), notes.suggestions.as_slice(), schema.default.as_slice()];
        if let Some(likely) = likely.into_iter().find(|values| !values.is_empty()) {
            scalar::explain(keywords, likely);
        }
        if input.typed() && !notes.suggestions.is_empty() {
            keywords.insert("examples".into(), json!(notes.suggestions));
        }
        if let Some(widget) = notes.widget.filter(|widget| input.takes(*widget)) {
            keywords.insert("ui:widget".into(), json!(widget.word()));
        }
        if let (Some(entity), Input::Name) = (&notes.entity, input) {
            scalar::picker(keywords, entity);
        }
        if notes.immutable && self.edit {
            keywords.insert("ui:disabled".into(), json!(true));
        }
    }
}

/// What becomes of a note in a form.
fn outcome(keyword: &str, notes: &Notes, level: Level, input: Input) -> Outcome {
    let paged = if level == Level::Top { Outcome::Kept } else { lost(TOP_ONLY) };
    match keyword {
        "title" | "description" | "x-ui.immutable" => Outcome::Kept,
        "examples" if input.typed() => rewritten("the first one stands in the empty input"),
        "examples" => lost("only inputs show examples"),
        "deprecated" => rewritten("in the description"),
        "x-ui.order" if level == Level::Root => lost("the whole has no place"),
        "x-ui.order" => Outcome::Kept,
        "x-ui.page" => paged,
        "x-ui.advanced" if level == Level::Second => rewritten(LATER),
        "x-ui.advanced" => paged,
        "x-ui.hidden" => lost("only a field can be hidden"),
        "x-ui.platformOwned" => lost("only a field can be left to the platform"),
        "x-ui.secretRef" => rewritten("a reference to the Secret"),
        "x-ui.entityRef" if input == Input::Name => Outcome::Kept,
        "x-ui.entityRef" if input == Input::Text => lost(REWRITES),
        "x-ui.entityRef" => lost("only text can name an entity"),
        "x-ui.suggestions" if input.typed() => Outcome::Kept,
        "x-ui.suggestions" => lost("only inputs have suggestions"),
        "x-ui.widget" if notes.widget.is_some_and(|widget| input.takes(widget)) => Outcome::Kept,
        "x-ui.widget" => lost("it doesn't fit the type"),
        _ => lost("forms don't know it"),
    }
}

/// What kind of input a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Text,
    /// Text of no pattern, which can name anything.
    Name,
    Number,
    Boolean,
    Choice,
    Other,
}

impl Input {
    fn typed(self) -> bool {
        matches!(self, Input::Text | Input::Name | Input::Number)
    }

    fn takes(self, widget: Widget) -> bool {
        match widget {
            Widget::Textarea => matches!(self, Input::Text | Input::Name),
            Widget::Radio => matches!(self, Input::Choice | Input::Boolean),
            Widget::Updown => self == Input::Number,
        }
    }
}

fn input(schema: &Schema) -> Input {
    match &schema.shape {
        Shape::Text(text) if text.patterns.is_empty() => Input::Name,
        Shape::Text(_) => Input::Text,
        Shape::Integer(_) | Shape::Number(_) => Input::Number,
        Shape::Boolean => Input::Boolean,
        Shape::Choice(_) => Input::Choice,
        Shape::Anything
        | Shape::Nothing
        | Shape::List(_)
        | Shape::Map(_)
        | Shape::Object(_)
        | Shape::Union(_)
        | Shape::Named(_) => Input::Other,
    }
}
