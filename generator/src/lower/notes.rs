//! What a schema says to people: standard annotations, `x-ui`, and the form dialects of other tools as aliases.

use serde_json::Value;

use crate::diagnostic::{Code, Severity};
use crate::json::{Json, Node};
use crate::model::{EntityRef, Notes, Schema, Widget};

use super::Lowering;
use super::keywords::Keywords;
use super::schema::shown;

/// The words of `x-ui`.
pub(crate) const WORDS: &[&str] =
    &["order", "page", "advanced", "hidden", "platformOwned", "secretRef", "immutable", "entityRef", "suggestions", "widget"];

/// Whether a keyword annotates: it counts beside `$ref` in every dialect.
pub(super) fn is_note(keyword: &str) -> bool {
    matches!(keyword, "title" | "description" | "default" | "examples" | "deprecated" | "readOnly" | "writeOnly" | "x-ui")
        || super::keywords::is_foreign(keyword)
}

/// `notes`, and where they are silent, `base`.
pub(super) fn over(notes: Notes, base: Notes) -> Notes {
    Notes {
        order: notes.order.or(base.order),
        page: notes.page.or(base.page),
        advanced: notes.advanced || base.advanced,
        hidden: notes.hidden || base.hidden,
        platform_owned: notes.platform_owned || base.platform_owned,
        secret: notes.secret || base.secret,
        immutable: notes.immutable || base.immutable,
        entity: notes.entity.or(base.entity),
        suggestions: if notes.suggestions.is_empty() { base.suggestions } else { notes.suggestions },
        widget: notes.widget.or(base.widget),
        examples: if notes.examples.is_empty() { base.examples } else { notes.examples },
        deprecated: notes.deprecated || base.deprecated,
    }
}

impl<'d> Lowering<'d> {
    pub(super) fn notes(&mut self, keywords: &mut Keywords<'d>, out: &mut Schema) {
        let text =
            |lowering: &mut Self, word: &str, node: &'d Node| lowering.string(node, word).filter(|text| !text.trim().is_empty());
        if let Some(node) = keywords.take("title") {
            out.title = text(self, "title", node);
        }
        if let Some(node) = keywords.take("description") {
            out.doc = text(self, "description", node);
        }
        if let Some(node) = keywords.take("default") {
            out.default = Some(node.to_value());
        }
        if let Some(node) = keywords.take("examples") {
            match &node.json {
                Json::List(items) => out.notes.examples = items.iter().map(Node::to_value).collect(),
                _ => self.report(
                    Severity::Warning,
                    Code::KeywordType,
                    node.span,
                    format!("`examples` must be an array, found {}", shown(node)),
                ),
            }
        }
        out.notes.deprecated |= self.flag(keywords, "deprecated");
        out.notes.platform_owned |= self.flag(keywords, "readOnly");
        out.notes.secret |= self.flag(keywords, "writeOnly");
        self.aliases(keywords, &mut out.notes);
        let ui = keywords.take("x-ui");
        if let Some(node) = ui {
            self.ui(node, &mut out.notes);
        }
        if out.at.as_str().is_empty() && (out.notes.platform_owned || out.notes.secret) {
            (out.notes.platform_owned, out.notes.secret) = (false, false);
            let span = ui.or(keywords.peek("readOnly")).or(keywords.peek("writeOnly")).map(|node| node.span).unwrap_or_default();
            self.report(
                Severity::Warning,
                Code::Ui,
                span,
                "the root belongs to the release: neither the platform's nor a secret as a whole",
            );
        }
    }

    fn flag(&mut self, keywords: &mut Keywords<'d>, word: &str) -> bool {
        let Some(node) = keywords.take(word) else { return false };
        match node.json {
            Json::Bool(flag) => flag,
            _ => {
                self.report(
                    Severity::Warning,
                    Code::KeywordType,
                    node.span,
                    format!("`{word}` must be true or false, found {}", shown(node)),
                );
                false
            }
        }
    }

    /// What other tools call the same thing: OpenAPI's `example`, Bitnami's and Onyxia's form hints.
    fn aliases(&mut self, keywords: &mut Keywords<'d>, notes: &mut Notes) {
        let is_true = |node: &Node| matches!(node.json, Json::Bool(true));
        if keywords.peek("hidden").is_some_and(is_true) && keywords.take("hidden").is_some() {
            notes.hidden = true;
        }
        if let Some(node) = keywords.peek("example").filter(|_| notes.examples.is_empty()) {
            keywords.take("example");
            notes.examples.push(node.to_value());
        }
        let widget = match keywords.peek("render").and_then(Node::text) {
            Some("textArea" | "textarea") => Some(Widget::Textarea),
            Some("slider") => Some(Widget::Updown),
            _ => None,
        };
        if widget.is_some() && keywords.take("render").is_some() {
            notes.widget = widget;
        }
        if let Some(Json::List(items)) = keywords.peek("listEnum").map(|node| &node.json) {
            keywords.take("listEnum");
            notes.suggestions = items.iter().map(Node::to_value).collect();
        }
        for word in ["x-onyxia", "x-form"] {
            let hidden = |node: &Node| ["hidden", "readonly"].iter().any(|key| node.get(key).is_some_and(is_true));
            if keywords.peek(word).is_some_and(hidden) && keywords.take(word).is_some() {
                notes.hidden = true;
            }
        }
    }

    fn ui(&mut self, node: &'d Node, notes: &mut Notes) {
        if !node.is_object() {
            self.report(Severity::Warning, Code::Ui, node.span, format!("`x-ui` must be an object, found {}", shown(node)));
        }
        for member in node.members() {
            let value = &member.value;
            let flag = match value.json {
                Json::Bool(flag) => Some(flag),
                _ => None,
            };
            let understood = match member.key.as_str() {
                "advanced" => flag.map(|flag| notes.advanced = flag),
                "hidden" => flag.map(|flag| notes.hidden = flag),
                "platformOwned" => flag.map(|flag| notes.platform_owned = flag),
                "secretRef" => flag.map(|flag| notes.secret = flag),
                "immutable" => flag.map(|flag| notes.immutable = flag),
                "order" => integer(value).map(|order| notes.order = Some(order)),
                "page" => value.text().filter(|page| !page.trim().is_empty()).map(|page| notes.page = Some(page.to_owned())),
                "entityRef" => entity(value).map(|entity| notes.entity = Some(entity)),
                "suggestions" => scalars(value).map(|values| notes.suggestions = values),
                "widget" => Widget::ALL
                    .into_iter()
                    .find(|widget| Some(widget.word()) == value.text())
                    .map(|widget| notes.widget = Some(widget)),
                word => {
                    let near = WORDS.iter().min_by_key(|known| strsim::damerau_levenshtein(known, word));
                    let help = near
                        .filter(|near| strsim::damerau_levenshtein(near, word) <= 3)
                        .map(|near| format!("did you mean `{near}`?"));
                    let message = format!("`{word}` isn't a word of `x-ui`; expected one of {}", WORDS.join(", "));
                    self.report_help(Severity::Warning, Code::Ui, member.key_span, message, help);
                    continue;
                }
            };
            if understood.is_none() {
                let expected = match member.key.as_str() {
                    "order" => "an integer",
                    "page" => "a title",
                    "entityRef" => "an object {kind, type}, as {\"kind\": \"Group\"}",
                    "suggestions" => "an array of strings, numbers or booleans",
                    "widget" => "one of textarea, radio, updown",
                    _ => "true or false",
                };
                self.report(
                    Severity::Warning,
                    Code::Ui,
                    value.span,
                    format!("`{}` must be {expected}, found {}", member.key, shown(value)),
                );
            }
        }
    }
}

fn integer(node: &Node) -> Option<i64> {
    match &node.json {
        Json::Number(number) => number.as_i64(),
        _ => None,
    }
}

fn scalars(node: &Node) -> Option<Vec<Value>> {
    match &node.json {
        Json::List(items) => items
            .iter()
            .map(|item| matches!(item.json, Json::Text(_) | Json::Number(_) | Json::Bool(_)).then(|| item.to_value()))
            .collect(),
        _ => None,
    }
}

fn entity(node: &Node) -> Option<EntityRef> {
    let known = node.members().iter().all(|member| matches!(member.key.as_str(), "kind" | "type"));
    let kind = node.get("kind").and_then(Node::text).filter(|kind| !kind.is_empty() && known)?;
    Some(EntityRef { kind: kind.to_owned(), of_type: node.get("type").and_then(Node::text).map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_a_case() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
        let without: Vec<&&str> = WORDS.iter().filter(|word| !folder.join(format!("{word}.txt")).is_file()).collect();
        assert!(without.is_empty(), "no case shows what these words do: {without:?}");
    }
}
