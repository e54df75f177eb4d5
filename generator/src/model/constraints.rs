//! The second book: every constraint at every place where it is used.

use super::{Bounds, Check, Map, Notes, Object, Place, Pointer, Rest, Schema, Service, Shape, Size, Text, Types};

/// What kind of thing a constraint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Decides what is valid.
    Constraint,
    /// A default.
    Default,
    /// For people: text, order, hints.
    Note,
}

/// A line of the book. Each target's ledger answers it exactly once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Constraint {
    pub used_at: Place,
    /// The schema that says it; for a rule or a pattern, its own pointer.
    pub at: Pointer,
    /// In the words of JSON Schema 2020-12, or `x-ui.…`.
    pub keyword: &'static str,
    pub class: Class,
}

/// All constraints of a service, in the order of the document.
///
/// A recursive type is walked once on each path; where it comes again stands `$ref`.
pub fn constraints(service: &Service) -> Vec<Constraint> {
    let mut walk = Walk { types: &service.types, out: Vec::new(), open: Vec::new() };
    walk.schema(&service.values, &Place::root());
    walk.out
}

/// The keyword under which a rule stands in the books.
pub fn rule_keyword(check: &Check) -> &'static str {
    match check {
        Check::AllOf(_) => "allOf",
        Check::AnyOf(_) => "anyOf",
        Check::OneOf(_) => "oneOf",
        Check::Not(_) => "not",
        Check::If { .. } => "if",
        Check::DependentRequired { .. } => "dependentRequired",
        Check::DependentSchema { .. } => "dependentSchemas",
        Check::Contains { .. } => "contains",
        Check::MultipleOf(_) => "multipleOf",
        Check::Tuple { .. } => "prefixItems",
        Check::Keys(_) => "propertyNames",
        Check::KeyPatterns(_) => "patternProperties",
        Check::Cel(_) => "x-kubernetes-validations",
        Check::Opaque(_) => "opaque",
    }
}

struct Walk<'a> {
    types: &'a Types,
    out: Vec<Constraint>,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Schema, place: &Place) {
        self.notes(schema, place);
        if schema.default.is_some() {
            self.push(place, &schema.at, "default", Class::Default);
        }
        if schema.nullable {
            self.rule(place, &schema.at, "nullable");
        }
        self.shape(schema, place);
        for rule in &schema.rules {
            self.rule(place, &rule.at, rule_keyword(&rule.check));
        }
    }

    fn shape(&mut self, schema: &'a Schema, place: &Place) {
        let at = &schema.at;
        match &schema.shape {
            Shape::Anything => {}
            Shape::Named(name) => self.named(schema, name, place),
            Shape::Choice(_) => self.rule(place, at, "enum"),
            Shape::Union(branches) => {
                self.rule(place, at, "union");
                for branch in branches {
                    self.schema(branch, place);
                }
            }
            Shape::Nothing | Shape::Boolean => self.rule(place, at, "type"),
            Shape::Integer(bounds) | Shape::Number(bounds) => {
                self.rule(place, at, "type");
                self.bounds(place, at, bounds);
            }
            Shape::Text(text) => {
                self.rule(place, at, "type");
                self.text(place, at, text);
            }
            Shape::List(list) => {
                self.rule(place, at, "type");
                self.size(place, at, list.size, ["minItems", "maxItems"]);
                if list.unique {
                    self.rule(place, at, "uniqueItems");
                }
                self.schema(&list.item, &place.each());
            }
            Shape::Map(Map { key, value, size }) => {
                self.rule(place, at, "type");
                self.size(place, at, *size, ["minProperties", "maxProperties"]);
                if key.is_some() {
                    self.rule(place, at, "propertyNames");
                }
                self.schema(value, &place.each());
            }
            Shape::Object(object) => {
                self.rule(place, at, "type");
                self.object(place, at, object);
            }
        }
    }

    fn named(&mut self, schema: &'a Schema, name: &'a str, place: &Place) {
        match self.types.get(name) {
            Some(target) if !self.open.contains(&name) => {
                self.open.push(name);
                self.schema(target, place);
                self.open.pop();
            }
            _ => self.rule(place, &schema.at, "$ref"),
        }
    }

    fn object(&mut self, place: &Place, at: &Pointer, object: &'a Object) {
        self.size(place, at, object.size, ["minProperties", "maxProperties"]);
        self.rule(place, at, "additionalProperties");
        for field in &object.fields {
            let inner = place.field(&field.name);
            if field.required {
                self.rule(&inner, at, "required");
            }
            self.schema(&field.schema, &inner);
        }
        if let Rest::Of(rest) = &object.rest {
            self.schema(rest, &place.each());
        }
    }

    fn bounds(&mut self, place: &Place, at: &Pointer, bounds: &Bounds) {
        if bounds.min.is_some() {
            self.rule(place, at, "minimum");
        }
        if bounds.max.is_some() {
            self.rule(place, at, "maximum");
        }
    }

    fn text(&mut self, place: &Place, at: &Pointer, text: &Text) {
        if text.min.is_some() {
            self.rule(place, at, "minLength");
        }
        if text.max.is_some() {
            self.rule(place, at, "maxLength");
        }
        for pattern in &text.patterns {
            self.rule(place, &pattern.at, "pattern");
        }
        if text.format.is_some() {
            self.rule(place, at, "format");
        }
    }

    fn size(&mut self, place: &Place, at: &Pointer, size: Size, [min, max]: [&'static str; 2]) {
        if size.min.is_some() {
            self.rule(place, at, min);
        }
        if size.max.is_some() {
            self.rule(place, at, max);
        }
    }

    fn notes(&mut self, schema: &Schema, place: &Place) {
        for keyword in note_keywords(schema) {
            self.push(place, &schema.at, keyword, Class::Note);
        }
    }

    fn rule(&mut self, place: &Place, at: &Pointer, keyword: &'static str) {
        self.push(place, at, keyword, Class::Constraint);
    }

    fn push(&mut self, place: &Place, at: &Pointer, keyword: &'static str, class: Class) {
        self.out.push(Constraint { used_at: place.clone(), at: at.clone(), keyword, class });
    }
}

/// The notes that a place has, in the order in which the books list them.
pub fn note_keywords(schema: &Schema) -> impl Iterator<Item = &'static str> {
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
    [
        (schema.title.is_some(), "title"),
        (schema.doc.is_some(), "description"),
        (!examples.is_empty(), "examples"),
        (*deprecated, "deprecated"),
        (order.is_some(), "x-ui.order"),
        (page.is_some(), "x-ui.page"),
        (*advanced, "x-ui.advanced"),
        (*hidden, "x-ui.hidden"),
        (*platform_owned, "x-ui.platformOwned"),
        (*secret, "x-ui.secretRef"),
        (*immutable, "x-ui.immutable"),
        (entity.is_some(), "x-ui.entityRef"),
        (!suggestions.is_empty(), "x-ui.suggestions"),
        (widget.is_some(), "x-ui.widget"),
    ]
    .into_iter()
    .filter_map(|(there, keyword)| there.then_some(keyword))
}

/// The constraints of one part of a service, as if it stood at `place`.
pub(super) fn constraints_below(types: &Types, open: &[String], schema: &Schema, place: &Place) -> Vec<Constraint> {
    let open = open.iter().filter_map(|name| types.get_key_value(name)).map(|(name, _)| name.as_str()).collect();
    let mut walk = Walk { types, out: Vec::new(), open };
    walk.schema(schema, place);
    walk.out
}
