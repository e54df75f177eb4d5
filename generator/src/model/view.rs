//! What a tenant sees of a service: the release view.

use super::constraints::{Constraint, constraints_below};
use super::{Check, Field, Notes, Object, Place, Pointer, Rest, Rule, Schema, Service, Shape, Text, Types};

/// A service without what the platform keeps to itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned {
    /// The release view: platform-owned fields are gone, a secret is a reference `{name, key}`.
    pub service: Service,
    /// The constraints that went with them, with the reason.
    pub moved: Vec<(Constraint, &'static str)>,
}

const PLATFORM: &str = "the platform sets it in the chart's values";
const SECRET: &str = "the Secret holds the value; the release refers to it";

/// Makes the release view: what form, Kubernetes API, editor and releases repository speak of.
pub fn release(service: &Service) -> Owned {
    let mut view = View { types: &service.types, moved: Vec::new(), open: Vec::new() };
    let values = view.schema(&service.values, &Place::root(), true);
    let types = service.types.iter().map(|(name, schema)| (name.clone(), view.schema(schema, &Place::root(), false))).collect();
    let service = Service { values, types, ..service.clone() };
    Owned { service, moved: view.moved }
}

/// The reference to a Secret that stands in a release for a secret value.
pub(crate) fn secret_reference(schema: &Schema) -> Schema {
    let text = |name: &str, max, doc: &str| Field {
        name: name.to_owned(),
        required: true,
        schema: Schema {
            doc: Some(doc.to_owned()),
            ..Schema::new(schema.at.clone(), Shape::Text(Text { min: Some(1), max: Some(max), ..Text::default() }))
        },
    };
    let object = Object {
        fields: vec![text("name", 253, "Name of the Secret"), text("key", 253, "Key in the Secret")],
        rest: Rest::Closed,
        size: Default::default(),
    };
    Schema {
        title: schema.title.clone(),
        doc: schema.doc.clone(),
        notes: Notes { examples: Vec::new(), suggestions: Vec::new(), widget: None, ..schema.notes.clone() },
        ..Schema::new(schema.at.clone(), Shape::Object(object))
    }
}

struct View<'a> {
    types: &'a Types,
    moved: Vec<(Constraint, &'static str)>,
    /// The named types that we are inside of.
    open: Vec<String>,
}

impl View<'_> {
    /// `book`: note what goes. Named types are visited once for themselves, without; what they lose is noted at each use.
    fn schema(&mut self, schema: &Schema, place: &Place, book: bool) -> Schema {
        if schema.notes.secret {
            self.note(schema, place, SECRET, book);
            return secret_reference(schema);
        }
        let mut out = schema.clone();
        match &mut out.shape {
            Shape::Object(object) => {
                let gone = self.object(object, &schema.at, place, book);
                out.rules.retain(|rule| {
                    let keep = !gone.iter().any(|name| mentions(rule, name));
                    if !keep && book {
                        let keyword = super::rule_keyword(&rule.check);
                        let constraint = Constraint { used_at: place.clone(), at: rule.at.clone(), keyword, class: super::Class::Constraint };
                        self.moved.push((constraint, PLATFORM));
                    }
                    keep
                });
            }
            Shape::List(list) => *list.item = self.schema(&list.item, &place.each(), book),
            Shape::Map(map) => *map.value = self.schema(&map.value, &place.each(), book),
            Shape::Union(branches) => {
                for branch in branches {
                    *branch = self.schema(branch, place, book);
                }
            }
            Shape::Named(name) if book => {
                let name = name.clone();
                self.inside(&name, place);
            }
            _ => {}
        }
        out
    }

    fn object(&mut self, object: &mut Object, at: &Pointer, place: &Place, book: bool) -> Vec<String> {
        let mut gone = Vec::new();
        let fields = std::mem::take(&mut object.fields);
        for field in fields {
            let inner = place.field(&field.name);
            if field.schema.notes.platform_owned {
                if book && field.required {
                    let constraint = Constraint {
                        used_at: inner.clone(),
                        at: at.clone(),
                        keyword: "required",
                        class: super::Class::Constraint,
                    };
                    self.moved.push((constraint, PLATFORM));
                }
                self.note(&field.schema, &inner, PLATFORM, book);
                gone.push(field.name);
            } else {
                let schema = self.schema(&field.schema, &inner, book);
                object.fields.push(Field { schema, ..field });
            }
        }
        if let Rest::Of(rest) = &mut object.rest {
            **rest = self.schema(rest, &place.each(), book);
        }
        gone
    }

    /// What a use of a named type loses.
    fn inside(&mut self, name: &str, place: &Place) {
        let types = self.types;
        let Some(schema) = types.get(name).filter(|_| !self.open.iter().any(|open| open == name)) else { return };
        self.open.push(name.to_owned());
        self.schema(schema, place, true);
        self.open.pop();
    }

    fn note(&mut self, schema: &Schema, place: &Place, why: &'static str, book: bool) {
        if book {
            self.moved.extend(constraints_below(self.types, schema, place).into_iter().map(|constraint| (constraint, why)));
        }
    }
}

/// Whether a rule on an object asks for the field `name`.
fn mentions(rule: &Rule, name: &str) -> bool {
    let any = |schemas: &[Schema]| schemas.iter().any(|schema| names(schema, name));
    match &rule.check {
        Check::AllOf(branches) | Check::AnyOf(branches) | Check::OneOf(branches) => any(branches),
        Check::Not(schema) => names(schema, name),
        Check::If { condition, then, otherwise } => {
            names(condition, name) || [then, otherwise].into_iter().flatten().any(|schema| names(schema, name))
        }
        Check::DependentRequired { key, needs } => key == name || needs.iter().any(|need| need == name),
        Check::DependentSchema { key, schema } => key == name || names(schema, name),
        Check::Contains { .. } | Check::MultipleOf(_) | Check::Tuple { .. } | Check::Keys(_) => false,
        Check::KeyPatterns(_) | Check::Opaque(_) => false,
        Check::Cel(rule) => rule.contains(&format!("self.{name}")),
    }
}

fn names(schema: &Schema, name: &str) -> bool {
    schema.object().is_some_and(|object| object.field(name).is_some()) || schema.rules.iter().any(|rule| mentions(rule, name))
}
