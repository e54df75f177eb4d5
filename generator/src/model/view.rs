//! What a tenant sees of a service: the release view.

use super::constraints::{Constraint, constraints_below};
use super::{Check, Field, Notes, Object, Pattern, Place, Pointer, Rest, Schema, Service, Shape, Text, Types};
use serde_json::Value;

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

/// One of the two words of a reference to a Secret.
pub(crate) struct SecretPart {
    pub name: &'static str,
    pub doc: &'static str,
    pub pattern: &'static str,
}

/// What Kubernetes takes for the name of a Secret, and for a key in one. A HelmRelease with another key is refused, after the
/// release was admitted.
pub(crate) const SECRET_PARTS: [SecretPart; 2] = [
    SecretPart { name: "name", doc: "Name of the Secret", pattern: "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$" },
    SecretPart { name: "key", doc: "Key in the Secret", pattern: "^[A-Za-z0-9._-]+$" },
];
/// The longest name, and the longest key.
pub(crate) const SECRET_PART_MAX: u64 = 253;

/// The reference to a Secret that stands in a release for a secret value.
pub(crate) fn secret_reference(schema: &Schema) -> Schema {
    let text = |part: &SecretPart| {
        let pattern = Pattern {
            at: schema.at.clone(),
            source: part.pattern.to_owned(),
            re2: Some(part.pattern.to_owned()),
            ecma: Some(part.pattern.to_owned()),
        };
        let text = Text { min: Some(1), max: Some(SECRET_PART_MAX), patterns: vec![pattern], format: None };
        Field {
            name: part.name.to_owned(),
            required: true,
            schema: Schema { doc: Some(part.doc.to_owned()), ..Schema::new(schema.at.clone(), Shape::Text(text)) },
        }
    };
    let object = Object { fields: SECRET_PARTS.iter().map(text).collect(), rest: Rest::Closed, size: Default::default() };
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
            Shape::Object(object) => self.object(object, &schema.at, place, book),
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
            Shape::Named(_) | Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) => {}
            Shape::Number(_) | Shape::Text(_) | Shape::Choice(_) => {}
        }
        let kept = kept_back(schema, self.types);
        out.rules.retain(|rule| {
            let why = kept.iter().find(|path| asks_for(&rule.check, path)).map(|path| path.why);
            if let Some(why) = why.filter(|_| book) {
                let keyword = super::rule_keyword(&rule.check);
                let constraint =
                    Constraint { used_at: place.clone(), at: rule.at.clone(), keyword, class: super::Class::Constraint };
                self.moved.push((constraint, why));
            }
            why.is_none()
        });
        for value in out.default.iter_mut().chain(&mut out.notes.examples) {
            kept.iter().for_each(|path| path.cut(value));
        }
        out
    }

    fn object(&mut self, object: &mut Object, at: &Pointer, place: &Place, book: bool) {
        let fields = std::mem::take(&mut object.fields);
        for field in fields {
            let inner = place.field(&field.name);
            if field.schema.notes.platform_owned {
                if book && field.required {
                    let keyword = "required";
                    let constraint =
                        Constraint { used_at: inner.clone(), at: at.clone(), keyword, class: super::Class::Constraint };
                    self.moved.push((constraint, PLATFORM));
                }
                self.note(&field.schema, &inner, PLATFORM, book);
            } else {
                let schema = self.schema(&field.schema, &inner, book);
                object.fields.push(Field { schema, ..field });
            }
        }
        if let Rest::Of(rest) = &mut object.rest {
            **rest = self.schema(rest, &place.each(), book);
        }
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
            self.moved
                .extend(constraints_below(self.types, &self.open, schema, place).into_iter().map(|constraint| (constraint, why)));
        }
    }
}

/// A field somewhere below that a release doesn't hold, or holds as a reference only.
struct Path {
    fields: Vec<String>,
    why: &'static str,
}

impl Path {
    /// Takes the field out of a value; a secret as well, as its value isn't the release's.
    fn cut(&self, value: &mut Value) {
        let Some((last, before)) = self.fields.split_last() else { return };
        let object = before.iter().try_fold(value, |value, field| value.get_mut(field));
        if let Some(Value::Object(members)) = object {
            members.shift_remove(last);
        }
    }
}

/// What is kept back of the fields of a schema, at any depth.
fn kept_back(schema: &Schema, types: &Types) -> Vec<Path> {
    let mut out = Vec::new();
    if !schema.rules.is_empty() || schema.default.is_some() || !schema.notes.examples.is_empty() {
        below(schema, types, &mut Vec::new(), &mut out, 0);
    }
    out
}

fn below(schema: &Schema, types: &Types, path: &mut Vec<String>, out: &mut Vec<Path>, depth: usize) {
    let Some(object) = schema.resolve(types).object().filter(|_| depth < 8) else { return };
    for field in &object.fields {
        path.push(field.name.clone());
        let notes = &field.schema.notes;
        if notes.platform_owned || notes.secret {
            out.push(Path { fields: path.clone(), why: if notes.platform_owned { PLATFORM } else { SECRET } });
        } else {
            below(&field.schema, types, path, out, depth + 1);
        }
        path.pop();
    }
}

/// Whether a rule on an object asks for the field. That a secret is there can be asked of its reference as well.
fn asks_for(check: &Check, path: &Path) -> bool {
    let owned = path.why == PLATFORM;
    let (Some(first), nested) = (path.fields.first(), path.fields.len() > 1) else { return false };
    match check {
        Check::AllOf(_) | Check::AnyOf(_) | Check::OneOf(_) | Check::Not(_) | Check::If { .. } => {
            check.schemas().into_iter().any(|schema| says(schema, &path.fields, path))
        }
        Check::DependentRequired { key, needs } => owned && !nested && (key == first || needs.contains(first)),
        Check::DependentSchema { key, schema } => owned && !nested && key == first || says(schema, &path.fields, path),
        Check::Contains { .. } | Check::MultipleOf(_) | Check::Tuple { .. } | Check::Keys(_) => false,
        Check::KeyPatterns(_) | Check::Opaque(_) => false,
        Check::Cel(rule) => rule.contains(&format!("self.{}", path.fields.join("."))),
    }
}

/// Whether a condition says something of what stands at `fields`.
fn says(schema: &Schema, fields: &[String], path: &Path) -> bool {
    let below = match fields {
        [] => path.why == PLATFORM || !matches!(schema.shape, Shape::Anything) || !schema.rules.is_empty(),
        [first, rest @ ..] => {
            schema.object().and_then(|object| object.field(first)).is_some_and(|field| says(&field.schema, rest, path))
        }
    };
    let here = Path { fields: fields.to_vec(), why: path.why };
    below || !fields.is_empty() && schema.rules.iter().any(|rule| asks_for(&rule.check, &here))
}
