//! Notes: words, order, pages, and how a field is edited.

use serde_json::{Value, json};

use super::super::part::Part;
use super::super::words::*;
use super::{Form, Level, plain, scalar};
use crate::ledger::Outcome;
use crate::model::{Notes, Place, Schema, Shape, Widget};

impl<'a> Form<'a> {
    pub(super) fn notes(&mut self, schema: &'a Schema, place: &Place, level: Level, part: &mut Part) {
        let Notes {
            order,
            page,
            advanced,
            hidden,
            platform_owned,
            secret,
            immutable,
            entity,
            suggestions,
            widget,
            examples,
            deprecated,
        } = &schema.notes;
        let input = input(schema.resolve(self.types));
        let mut note = |there: bool, keyword, outcome: Outcome| {
            if there {
                self.enter(place, &schema.at, keyword, outcome);
            }
        };
        let paged = if level == Level::Top { Outcome::Kept } else { lost(TOP_ONLY) };
        note(schema.title.is_some(), "title", Outcome::Kept);
        note(schema.doc.is_some(), "description", Outcome::Kept);
        note(
            !examples.is_empty(),
            "examples",
            if input.typed() { rewritten("the first one stands in the empty input") } else { lost("only inputs show examples") },
        );
        note(*deprecated, "deprecated", rewritten("in the description"));
        note(order.is_some(), "x-ui.order", if level == Level::Root { lost("the whole has no place") } else { Outcome::Kept });
        note(page.is_some(), "x-ui.page", paged.clone());
        note(*advanced, "x-ui.advanced", if level == Level::Second { rewritten(LATER) } else { paged });
        note(*hidden, "x-ui.hidden", lost("only a field can be hidden"));
        note(*platform_owned, "x-ui.platformOwned", lost("only a field can be left to the platform"));
        note(*secret, "x-ui.secretRef", rewritten("a reference to the Secret"));
        note(*immutable, "x-ui.immutable", Outcome::Kept);
        note(
            entity.is_some(),
            "x-ui.entityRef",
            if input == Input::Text { Outcome::Kept } else { lost("only text can name an entity") },
        );
        note(
            !suggestions.is_empty(),
            "x-ui.suggestions",
            if input.typed() { Outcome::Kept } else { lost("only inputs have suggestions") },
        );
        note(
            widget.is_some(),
            "x-ui.widget",
            if widget.is_some_and(|w| input.takes(w)) { Outcome::Kept } else { lost("it doesn't fit the type") },
        );

        let keywords = &mut part.keywords;
        if let Some(title) = &schema.title {
            keywords.insert("title".into(), json!(title));
        }
        let doc = schema.doc.as_deref().or_else(|| keywords.get("description").and_then(Value::as_str)).map(str::to_owned);
        match (doc, *deprecated) {
            (Some(doc), true) => keywords.insert("description".into(), json!(format!("Deprecated. {doc}"))),
            (None, true) => keywords.insert("description".into(), json!("Deprecated.")),
            (Some(doc), false) => keywords.insert("description".into(), json!(doc)),
            (None, false) => None,
        };
        if let (true, Some(example)) = (input.typed(), examples.first()) {
            keywords.insert("ui:placeholder".into(), json!(plain(example)));
        }
        let likely = [examples.as_slice(), suggestions.as_slice(), schema.default.as_slice()];
        if let Some(likely) = likely.into_iter().find(|values| !values.is_empty()) {
            scalar::explain(keywords, likely);
        }
        if input.typed() && !suggestions.is_empty() {
            keywords.insert("examples".into(), json!(suggestions));
        }
        if let Some(widget) = widget.filter(|widget| input.takes(*widget)) {
            keywords.insert("ui:widget".into(), json!(widget.word()));
        }
        if let (Some(entity), Input::Text) = (entity, input) {
            scalar::picker(keywords, entity);
        }
        if *immutable && self.edit {
            keywords.insert("ui:disabled".into(), json!(true));
        }
    }
}

/// What kind of input a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Text,
    Number,
    Boolean,
    Choice,
    Other,
}

impl Input {
    fn typed(self) -> bool {
        matches!(self, Input::Text | Input::Number)
    }

    fn takes(self, widget: Widget) -> bool {
        match widget {
            Widget::Textarea => self == Input::Text,
            Widget::Radio => matches!(self, Input::Choice | Input::Boolean),
            Widget::Updown => self == Input::Number,
        }
    }
}

fn input(schema: &Schema) -> Input {
    match &schema.shape {
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
