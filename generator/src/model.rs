//! What a schema means: the one thing that every target is made from.
//!
//! Pure data, without a word of any target. Dialects, references and spellings have been settled by [`crate::lower`]; order,
//! names and defaults are final. Two models are equal if they mean the same and stand in the same places.

mod constraints;
mod view;
mod withheld;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use manifest::name::{Kind, ServiceName};
use manifest::pointer::escape;
use serde_json::{Number, Value};

pub use manifest::Place;

pub use constraints::{Class, Constraint, constraints, note_keywords, rule_keyword};
pub use view::{Owned, release};
pub(crate) use view::{SECRET_PART_MAX, SECRET_PARTS, SecretPart};
pub use withheld::{Withheld, withheld};

/// A service as its schema describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub name: ServiceName,
    pub kind: Kind,
    /// The resource's name in the Kubernetes API, lower case.
    pub plural: String,
    pub title: String,
    pub doc: Option<String>,
    /// The root. Its shape is an [`Shape::Object`] wherever a target is given.
    pub values: Schema,
    /// Schemas that are used by name: shared ones and recursive ones. In order of first use.
    pub types: Types,
    pub bundle: Bundle,
    /// Services that this one is composed of: property name and service, in order of the properties.
    pub children: Vec<(String, ServiceName)>,
    /// The values of the smallest good release, with which a chart is linted and rendered.
    pub sample: Option<Value>,
    /// Values that people begin a release with, by name.
    pub flavors: BTreeMap<String, Value>,
}

impl Service {
    /// How many characters a composite's longest child has more in its object's name: a child is a release of its own service, called
    /// by this release's name and the property, as `shop-db` of `shop`.
    pub fn longest_child(&self) -> usize {
        let own = self.name.as_str().len();
        let added = |(property, child): &(String, ServiceName)| (1 + property.len() + child.as_str().len()).saturating_sub(own);
        self.children.iter().map(added).max().unwrap_or_default()
    }
}

/// Named schemas. A name is an upper camel case identifier, unique in the service.
pub type Types = IndexMap<String, Schema>;

/// The author's own text with references to other services brought inside: copied whole where a JSON Schema is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// A whole JSON Schema document; no reference leads out of it, and `$schema` is declared.
    pub schema: Value,
}

/// One place of the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Where it is written: a JSON pointer into the source, as `/properties/replicas`.
    pub at: Pointer,
    pub title: Option<String>,
    pub doc: Option<String>,
    pub shape: Shape,
    /// `null` conforms beside what shape and rules say.
    pub nullable: bool,
    /// The source says nothing of the JSON type; the shape follows from its other keywords.
    pub implied: bool,
    pub default: Option<Value>,
    /// What isn't a shape.
    pub rules: Vec<Rule>,
    pub notes: Notes,
}

/// Which JSON values there can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Any JSON value.
    Anything,
    /// No value at all (the schema `false`).
    Nothing,
    Boolean,
    Integer(Bounds),
    Number(Bounds),
    Text(Text),
    /// One of these values, in the author's order. Never empty, `null` not among others (see [`Schema::nullable`]).
    Choice(Vec<Value>),
    List(List),
    /// Keys are free (within `key`), values alike.
    Map(Map),
    Object(Object),
    /// Branches that differ in JSON type, or objects that differ in a constant tag.
    Union(Vec<Schema>),
    /// An entry of [`Service::types`].
    Named(String),
}

/// Limits of a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    pub min: Option<Bound>,
    pub max: Option<Bound>,
}

/// One limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    pub value: Number,
    /// The limit itself is outside.
    pub exclusive: bool,
}

/// Limits of a string; lengths in Unicode code points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    pub min: Option<u64>,
    pub max: Option<u64>,
    /// All of them must match somewhere in the string.
    pub patterns: Vec<Pattern>,
    pub format: Option<String>,
}

/// A regular expression, parsed once and printed for each engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// The pointer of the schema that says it.
    pub at: Pointer,
    /// As the author wrote it.
    pub source: String,
    /// For RE2 (Helm, Kubernetes). `None`: RE2 can't say it.
    pub re2: Option<String>,
    /// For ECMAScript, with and without the flag `u`. `None`: it can't say it.
    pub ecma: Option<String>,
}

/// An array.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    pub item: Box<Schema>,
    pub size: Size,
    pub unique: bool,
}

/// A map.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// What a key must be. `None`: any string.
    pub key: Option<Text>,
    pub value: Box<Schema>,
    pub size: Size,
}

/// An object with known fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// In the order of the form and the documentation.
    pub fields: Vec<Field>,
    pub rest: Rest,
    pub size: Size,
}

/// A property.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub required: bool,
    pub schema: Schema,
}

/// What an object says of keys that aren't among its fields.
#[derive(Clone, Debug, PartialEq)]
pub enum Rest {
    /// Refused.
    Closed,
    /// The author doesn't say: JSON Schema admits them, the Kubernetes API doesn't.
    Unsaid,
    /// Admitted, explicitly.
    Open,
    /// Admitted if their value conforms.
    Of(Box<Schema>),
}

/// How many items or properties there can be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    pub min: Option<u64>,
    pub max: Option<u64>,
}

/// A condition that isn't a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The pointer of the keyword that says it, as `/properties/backup/if`.
    pub at: Pointer,
    pub check: Check,
    /// The author's own sentence, for people.
    pub message: Option<String>,
}

/// What a rule asks. The schemas in it are conditions: they say of the value only what they name.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    AllOf(Vec<Schema>),
    AnyOf(Vec<Schema>),
    OneOf(Vec<Schema>),
    Not(Box<Schema>),
    If {
        condition: Box<Schema>,
        then: Option<Box<Schema>>,
        otherwise: Option<Box<Schema>>,
    },
    /// Where `key` is present, `needs` must be.
    DependentRequired {
        key: String,
        needs: Vec<String>,
    },
    /// Where `key` is present, the object must conform.
    DependentSchema {
        key: String,
        schema: Box<Schema>,
    },
    /// So many items conform.
    Contains {
        item: Box<Schema>,
        min: u64,
        max: Option<u64>,
    },
    MultipleOf(Number),
    /// The first items one by one, then the others (`None`: anything).
    Tuple {
        items: Vec<Schema>,
        rest: Option<Box<Schema>>,
    },
    /// Every key conforms.
    Keys(Text),
    /// The value of every key that matches conforms.
    KeyPatterns(Vec<(Pattern, Schema)>),
    /// A rule of the Common Expression Language, on `self` (`x-kubernetes-validations`).
    Cel(String),
    /// Only a JSON Schema validator can judge it; the keyword.
    Opaque(String),
}

impl Check {
    /// The schemas that it asks with.
    pub fn schemas(&self) -> Vec<&Schema> {
        match self {
            Check::AllOf(branches) | Check::AnyOf(branches) | Check::OneOf(branches) => branches.iter().collect(),
            Check::Not(schema) | Check::DependentSchema { schema, .. } | Check::Contains { item: schema, .. } => vec![schema],
            Check::If { condition, then, otherwise } => {
                [Some(condition), then.as_ref(), otherwise.as_ref()].into_iter().flatten().map(|schema| &**schema).collect()
            }
            Check::Tuple { items, rest } => items.iter().chain(rest.as_deref()).collect(),
            Check::KeyPatterns(patterns) => patterns.iter().map(|(_, schema)| schema).collect(),
            Check::DependentRequired { .. } | Check::MultipleOf(_) | Check::Keys(_) | Check::Cel(_) | Check::Opaque(_) => {
                Vec::new()
            }
        }
    }
}

impl Check {
    /// The same, to be changed.
    pub(crate) fn schemas_mut(&mut self) -> Vec<&mut Schema> {
        match self {
            Check::AllOf(branches) | Check::AnyOf(branches) | Check::OneOf(branches) => branches.iter_mut().collect(),
            Check::Not(schema) | Check::DependentSchema { schema, .. } | Check::Contains { item: schema, .. } => vec![schema],
            Check::If { condition, then, otherwise } => {
                [Some(condition), then.as_mut(), otherwise.as_mut()].into_iter().flatten().map(|schema| &mut **schema).collect()
            }
            Check::Tuple { items, rest } => items.iter_mut().chain(rest.as_deref_mut()).collect(),
            Check::KeyPatterns(patterns) => patterns.iter_mut().map(|(_, schema)| schema).collect(),
            Check::DependentRequired { .. } | Check::MultipleOf(_) | Check::Keys(_) | Check::Cel(_) | Check::Opaque(_) => {
                Vec::new()
            }
        }
    }
}

impl Shape {
    /// The schemas of what it holds, and of its alternatives.
    pub(crate) fn schemas_mut(&mut self) -> Vec<&mut Schema> {
        match self {
            Shape::List(list) => vec![&mut list.item],
            Shape::Map(map) => vec![&mut map.value],
            Shape::Union(branches) => branches.iter_mut().collect(),
            Shape::Object(object) => {
                let rest = match &mut object.rest {
                    Rest::Of(rest) => Some(&mut **rest),
                    Rest::Closed | Rest::Unsaid | Rest::Open => None,
                };
                object.fields.iter_mut().map(|field| &mut field.schema).chain(rest).collect()
            }
            Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) | Shape::Number(_) => Vec::new(),
            Shape::Text(_) | Shape::Choice(_) | Shape::Named(_) => Vec::new(),
        }
    }
}

/// What the portal and the API need to know of a place beyond its values. Without effect on what is valid, but for
/// `platform_owned` and `secret`: see [`release`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes {
    /// Lower comes first.
    pub order: Option<i64>,
    /// The title of the form's page.
    pub page: Option<String>,
    pub advanced: bool,
    /// In the API, not in the form.
    pub hidden: bool,
    /// Set by the platform, out of the tenants' reach.
    pub platform_owned: bool,
    /// The release holds a reference `{name, key}` to a Secret instead of the value.
    pub secret: bool,
    /// Can't change once the release is made.
    pub immutable: bool,
    pub entity: Option<EntityRef>,
    /// Proposals; other values are as good.
    pub suggestions: Vec<Value>,
    pub widget: Option<Widget>,
    pub examples: Vec<Value>,
    pub deprecated: bool,
}

/// Which entities of the catalog a field can name.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRef {
    /// As `Group`.
    pub kind: String,
    /// The entity's `spec.type`.
    pub of_type: Option<String>,
}

/// How a field is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Widget {
    Textarea,
    Radio,
    Updown,
}

impl Widget {
    pub const ALL: [Widget; 3] = [Widget::Textarea, Widget::Radio, Widget::Updown];

    /// The word in `x-ui` and in a Backstage form.
    pub fn word(self) -> &'static str {
        match self {
            Widget::Textarea => "textarea",
            Widget::Radio => "radio",
            Widget::Updown => "updown",
        }
    }
}

impl Schema {
    /// A place of which nothing is said.
    pub fn new(at: Pointer, shape: Shape) -> Schema {
        Schema {
            at,
            title: None,
            doc: None,
            shape,
            nullable: false,
            implied: false,
            default: None,
            rules: Vec::new(),
            notes: Notes::default(),
        }
    }

    /// The fields, if the shape is an object.
    pub fn object(&self) -> Option<&Object> {
        match &self.shape {
            Shape::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The schema behind the names, with this place's own words kept out: what its shape really is.
    pub fn resolve<'a>(&'a self, types: &'a Types) -> &'a Schema {
        let mut schema = self;
        // A name leads to another name at most as often as there are names.
        for _ in 0..=types.len() {
            match &schema.shape {
                Shape::Named(name) => match types.get(name) {
                    Some(target) => schema = target,
                    None => break,
                },
                _ => break,
            }
        }
        schema
    }
}

impl Object {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A JSON pointer (RFC 6901) into a schema's source; the root is the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Arc<str>);

impl Pointer {
    pub fn root() -> Pointer {
        Pointer::default()
    }

    /// The pointer one step further down.
    pub fn join(&self, step: &str) -> Pointer {
        Pointer(below(&self.0, step))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes text that is already in a pointer's form.
    pub fn from_text(text: impl Into<String>) -> Pointer {
        Pointer(Arc::from(text.into()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

/// A pointer one step further down.
fn below(pointer: &str, step: &str) -> Arc<str> {
    Arc::from(format!("{pointer}/{}", escape(step)))
}
