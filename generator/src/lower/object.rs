//! Objects: fields, maps, and what is said of other keys.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::diagnostic::{Code, Diagnostic, Location, Severity};
use crate::json::{Json, Member, Node};
use crate::model::{Check, Field, Map, Object, Pattern, Pointer, Rest, Rule, Schema, Shape, Size, Text};

use super::Lowering;
use super::documents::{Target, target};
use super::keywords::Keywords;
use super::schema::shown;

impl<'d> Lowering<'d> {
    pub(super) fn object(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        let size = Size {
            min: self.count(keywords, "minProperties").filter(|min| *min > 0),
            max: self.count(keywords, "maxProperties"),
        };
        let mut fields = self.fields(document, keywords, at);
        let required = self.required(keywords);
        let composed =
            ["allOf", "anyOf", "oneOf", "if", "$ref", "dependentSchemas", "not"].iter().any(|word| keywords.peek(word).is_some());
        let mut rest = self.rest(document, keywords, at, composed, out);
        let patterns = self.key_patterns(document, keywords, at);
        let names = self.key_names(document, keywords, at, out);
        self.dependents(document, keywords, at, out);

        let plain = fields.is_empty() && required.is_empty();
        match patterns {
            // Exactly one pattern and nothing else: a map whose keys match.
            Some(mut patterns) if plain && patterns.len() == 1 && (matches!(rest, Rest::Closed) || any_key(&patterns)) => {
                let any = any_key(&patterns);
                if let Some((pattern, value)) = patterns.pop() {
                    let mut key = names.unwrap_or_default();
                    key.patterns.extend(Some(pattern).filter(|_| !any));
                    let key = (key != Text::default()).then_some(key);
                    out.shape = Shape::Map(Map { key, value: Box::new(value), size });
                    return;
                }
            }
            Some(patterns) => {
                let opaque = |word: &str| Rule { at: at.join(word), check: Check::Opaque(word.to_owned()), message: None };
                let any = any_key(&patterns);
                let by_pattern = Rule { at: at.join("patternProperties"), check: Check::KeyPatterns(patterns), message: None };
                match rest {
                    // No key is another.
                    Rest::Closed if any => out.rules.push(by_pattern),
                    // Keys that match are admitted, so the object isn't closed; that others are refused is a rule of its own.
                    Rest::Closed => out.rules.extend([opaque("additionalProperties"), by_pattern]),
                    // What is said of the other keys isn't said of those that match: nothing but a validator keeps them apart.
                    Rest::Of(_) => out.rules.extend([opaque("additionalProperties"), opaque("patternProperties")]),
                    Rest::Unsaid | Rest::Open => out.rules.push(by_pattern),
                }
                if matches!(rest, Rest::Closed | Rest::Of(_)) {
                    rest = Rest::Open;
                }
            }
            None => {}
        }
        if plain && !matches!(rest, Rest::Closed) {
            let value = match rest {
                Rest::Of(value) => value,
                Rest::Unsaid | Rest::Open | Rest::Closed => {
                    Box::new(Schema::new(at.join("additionalProperties"), Shape::Anything))
                }
            };
            out.shape = Shape::Map(Map { key: names, value, size });
            return;
        }
        if let Some(names) = names {
            out.rules.push(Rule { at: at.join("propertyNames"), check: Check::Keys(names), message: None });
        }
        for (name, node) in required {
            match fields.iter_mut().find(|field| field.name == name) {
                Some(field) => field.required = true,
                None => {
                    if matches!(rest, Rest::Closed) {
                        let message =
                            format!("`{name}` is required, and `additionalProperties: false` refuses it: nothing conforms");
                        self.report(Severity::Warning, Code::Unsatisfiable, node.span, message);
                    }
                    let place = at.join("required").join(&name);
                    let schema = match &rest {
                        Rest::Of(schema) => (**schema).clone(),
                        Rest::Closed => Schema::new(place, Shape::Nothing),
                        Rest::Unsaid | Rest::Open => Schema::new(place, Shape::Anything),
                    };
                    fields.push(Field { name, required: true, schema });
                }
            }
        }
        // A stable sort: what has no order keeps its place after what has one.
        fields.sort_by_key(|field| field.schema.notes.order.unwrap_or(i64::MAX));
        out.shape = Shape::Object(Object { fields, rest, size });
    }

    fn fields(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer) -> Vec<Field> {
        let Some(node) = keywords.take("properties") else { return Vec::new() };
        if !node.is_object() {
            self.report(
                Severity::Error,
                Code::KeywordType,
                node.span,
                format!("`properties` must be an object, found {}", shown(node)),
            );
        }
        let place = at.join("properties");
        let mut fields = Vec::with_capacity(node.members().len());
        for member in node.members() {
            let schema = self.schema(document, &member.value, &place.join(&member.key));
            if document == 0
                && at.as_str().is_empty()
                && let Some(Target::Service(service, "")) =
                    member.value.get("$ref").and_then(Node::text).map(|text| target(text, None))
            {
                self.children.push((member.key.clone(), service));
            }
            fields.push(Field { name: member.key.clone(), required: false, schema });
        }
        if document == 0 {
            self.collisions(node);
        }
        fields
    }

    /// Names that are one identifier whatever becomes of case and punctuation.
    fn collisions(&mut self, properties: &'d Node) {
        let mut known = HashMap::<String, &Member>::new();
        for member in properties.members() {
            let word: String = member.key.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
            match known.entry(word) {
                Entry::Occupied(first) => {
                    let first = first.get();
                    let message =
                        format!("`{}` and `{}` are one word in Rust, where the second one gets a number", first.key, member.key);
                    let diagnostic =
                        Diagnostic::new(Severity::Note, Code::NameCollision, self.reports.at(member.key_span), message);
                    let earlier = Location { file: self.reports.path.to_owned(), span: first.key_span };
                    self.reports.push(diagnostic.related(earlier, "first here"));
                }
                Entry::Vacant(place) => _ = place.insert(member),
            }
        }
    }

    fn required(&mut self, keywords: &mut Keywords<'d>) -> Vec<(String, &'d Node)> {
        let Some(node) = keywords.take("required") else { return Vec::new() };
        let Json::List(items) = &node.json else {
            self.required_flag(node);
            return Vec::new();
        };
        let mut names: Vec<(String, &Node)> = Vec::new();
        for item in items {
            match item.text() {
                Some(name) if names.iter().all(|(known, _)| known != name) => names.push((name.to_owned(), item)),
                Some(_) => {}
                None => self.report(
                    Severity::Error,
                    Code::KeywordType,
                    item.span,
                    format!("expected a property name, found {}", shown(item)),
                ),
            }
        }
        names
    }

    /// `required: true` at the property itself was draft-03.
    pub(super) fn required_flag(&mut self, node: &'d Node) {
        let message = format!("`required` must be an array of property names, found {}", shown(node));
        let help = "list the name in the `required` of the object that holds the property".to_owned();
        self.report_help(Severity::Error, Code::KeywordType, node.span, message, Some(help));
    }

    fn rest(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer, composed: bool, out: &mut Schema) -> Rest {
        let preserve =
            keywords.peek("x-kubernetes-preserve-unknown-fields").is_some_and(|node| matches!(node.json, Json::Bool(true)));
        if preserve {
            keywords.take("x-kubernetes-preserve-unknown-fields");
        }
        if let Some(node) = keywords.take("additionalProperties") {
            // Nothing is left for it to judge.
            if self.dialect.knows("unevaluatedProperties")
                && let Some(rest) = keywords.take("unevaluatedProperties")
            {
                self.visit(document, "unevaluatedProperties", rest, &at.join("unevaluatedProperties"));
            }
            let schema = self.schema(document, node, &at.join("additionalProperties"));
            return match schema.shape {
                Shape::Nothing => Rest::Closed,
                Shape::Anything if schema.rules.is_empty() => Rest::Open,
                _ => Rest::Of(Box::new(schema)),
            };
        }
        if self.dialect.knows("unevaluatedProperties")
            && let Some(node) = keywords.take("unevaluatedProperties")
        {
            let place = at.join("unevaluatedProperties");
            let schema = self.schema(document, node, &place);
            match schema.shape {
                // Nothing else evaluates properties here: it means what `additionalProperties` would.
                Shape::Nothing if !composed => return Rest::Closed,
                Shape::Anything if schema.rules.is_empty() => return Rest::Open,
                _ => out.rules.push(Rule { at: place, check: Check::Opaque("unevaluatedProperties".to_owned()), message: None }),
            }
        }
        match keywords.peek("properties") {
            _ if preserve => Rest::Open,
            Some(node) if !node.members().is_empty() && self.conditions == 0 => {
                let message = "the object doesn't say `additionalProperties`: JSON Schema admits a misspelt key here, the Kubernetes API doesn't";
                let help = "say `\"additionalProperties\": false`, or `true` if other keys are meant".to_owned();
                let span = crate::Span { start: node.span.start, end: node.span.start + 1 };
                self.report_help(Severity::Note, Code::OpenByOmission, span, message, Some(help));
                Rest::Unsaid
            }
            _ => Rest::Unsaid,
        }
    }

    fn key_patterns(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer) -> Option<Vec<(Pattern, Schema)>> {
        let node = keywords.take("patternProperties").filter(|node| !node.members().is_empty())?;
        let place = at.join("patternProperties");
        let mut patterns = Vec::new();
        for member in node.members() {
            let at = place.join(&member.key);
            if member.key == "^.*$" {
                let message = "`^.*$` is read as any key; to Helm, a key with a line break in it is another";
                self.report(Severity::Note, Code::IneffectiveKeyword, member.key_span, message);
            }
            let pattern = self.key_pattern(&member.key, member.key_span, &at);
            patterns.push((pattern, self.schema(document, &member.value, &at)));
        }
        Some(patterns)
    }

    fn dependents(&mut self, document: usize, keywords: &mut Keywords<'d>, at: &Pointer, out: &mut Schema) {
        for word in ["dependentRequired", "dependentSchemas", "dependencies"] {
            if !self.dialect.knows(word) {
                continue;
            }
            let Some(node) = keywords.take(word) else { continue };
            if !node.is_object() {
                self.report(
                    Severity::Error,
                    Code::KeywordType,
                    node.span,
                    format!("`{word}` must be an object, found {}", shown(node)),
                );
            }
            for member in node.members() {
                let place = at.join(word).join(&member.key);
                let key = member.key.clone();
                let check = match &member.value.json {
                    Json::List(names) if word != "dependentSchemas" => {
                        Check::DependentRequired { key, needs: names.iter().filter_map(Node::text).map(str::to_owned).collect() }
                    }
                    _ if word == "dependentRequired" => {
                        let message =
                            format!("`{}` must be an array of property names, found {}", member.key, shown(&member.value));
                        self.report(Severity::Error, Code::KeywordType, member.value.span, message);
                        continue;
                    }
                    _ => Check::DependentSchema { key, schema: Box::new(self.condition(document, &member.value, &place)) },
                };
                out.rules.push(Rule { at: place, check, message: None });
            }
        }
    }
}

/// `.*` and its like: the pattern says nothing of the key.
fn any_key(patterns: &[(Pattern, Schema)]) -> bool {
    patterns.iter().all(|(pattern, _)| matches!(pattern.source.as_str(), ".*" | "^.*$" | "" | "^.*" | ".*$"))
}
