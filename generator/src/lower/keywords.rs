//! The first book: every keyword of a schema is consumed once, into a shape, a rule, a note or a diagnostic.

use crate::json::{Json, Member, Node};
use crate::model::Pointer;

/// What stands behind a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// No schema.
    Plain,
    /// One schema.
    One,
    /// A list of schemas.
    Many,
    /// An object whose values are schemas.
    Named,
    /// A schema or a list of them (`items` up to 2019-09).
    OneOrMany,
    /// An object whose values are schemas or lists of names (`dependencies` up to draft-07).
    NamedOrNames,
}

/// Every keyword of draft-04 to 2020-12, and the annotations of other tools that are read or kept.
const KNOWN: &[(&str, Holds)] = &[
    ("$anchor", Holds::Plain),
    ("$comment", Holds::Plain),
    ("$defs", Holds::Named),
    ("$dynamicAnchor", Holds::Plain),
    ("$dynamicRef", Holds::Plain),
    ("$id", Holds::Plain),
    ("$recursiveAnchor", Holds::Plain),
    ("$recursiveRef", Holds::Plain),
    ("$ref", Holds::Plain),
    ("$schema", Holds::Plain),
    ("$vocabulary", Holds::Plain),
    ("additionalItems", Holds::One),
    ("additionalProperties", Holds::One),
    ("allOf", Holds::Many),
    ("anyOf", Holds::Many),
    ("const", Holds::Plain),
    ("contains", Holds::One),
    ("contentEncoding", Holds::Plain),
    ("contentMediaType", Holds::Plain),
    ("contentSchema", Holds::One),
    ("default", Holds::Plain),
    ("definitions", Holds::Named),
    ("dependencies", Holds::NamedOrNames),
    ("dependentRequired", Holds::Plain),
    ("dependentSchemas", Holds::Named),
    ("deprecated", Holds::Plain),
    ("description", Holds::Plain),
    ("else", Holds::One),
    ("enum", Holds::Plain),
    ("examples", Holds::Plain),
    ("exclusiveMaximum", Holds::Plain),
    ("exclusiveMinimum", Holds::Plain),
    ("format", Holds::Plain),
    ("id", Holds::Plain),
    ("if", Holds::One),
    ("items", Holds::OneOrMany),
    ("maxContains", Holds::Plain),
    ("maxItems", Holds::Plain),
    ("maxLength", Holds::Plain),
    ("maxProperties", Holds::Plain),
    ("maximum", Holds::Plain),
    ("minContains", Holds::Plain),
    ("minItems", Holds::Plain),
    ("minLength", Holds::Plain),
    ("minProperties", Holds::Plain),
    ("minimum", Holds::Plain),
    ("multipleOf", Holds::Plain),
    ("not", Holds::One),
    ("oneOf", Holds::Many),
    ("pattern", Holds::Plain),
    ("patternProperties", Holds::Named),
    ("prefixItems", Holds::Many),
    ("properties", Holds::Named),
    ("propertyNames", Holds::One),
    ("readOnly", Holds::Plain),
    ("required", Holds::Plain),
    ("then", Holds::One),
    ("title", Holds::Plain),
    ("type", Holds::Plain),
    ("unevaluatedItems", Holds::One),
    ("unevaluatedProperties", Holds::One),
    ("uniqueItems", Holds::Plain),
    ("writeOnly", Holds::Plain),
    ("x-ui", Holds::Plain),
];

/// Annotations of other tools without the prefix `x-`: OpenAPI's, and the form dialects of Bitnami and Onyxia.
const FOREIGN: &[&str] = &[
    "discriminator",
    "example",
    "externalDocs",
    "form",
    "hidden",
    "listEnum",
    "markdownDescription",
    "nullable",
    "render",
    "sliderExtremity",
    "sliderExtremitySemantic",
    "sliderMax",
    "sliderMin",
    "sliderRangeId",
    "sliderStep",
    "sliderUnit",
    "tsType",
    "useRegionSliderConfig",
    "xml",
];

/// What became of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It is in the model: as shape, rule, default or note.
    Modelled,
    /// It names, refers or comments, and did its work in lowering.
    Structural,
    /// It has no effect there; a diagnostic says so.
    Ignored,
    /// Nobody knows it; a diagnostic says so.
    Unknown,
}

/// What a keyword holds. `None`: no dialect knows it.
pub(crate) fn holds(keyword: &str) -> Option<Holds> {
    KNOWN.binary_search_by_key(&keyword, |(name, _)| name).ok().and_then(|index| KNOWN.get(index)).map(|(_, holds)| *holds)
}

/// Whether another tool's annotation.
pub(crate) fn is_foreign(keyword: &str) -> bool {
    keyword.starts_with("x-") || FOREIGN.contains(&keyword)
}

/// The known keyword that is meant, probably.
pub(crate) fn nearest(keyword: &str) -> Option<&'static str> {
    let lower = keyword.to_lowercase();
    KNOWN
        .iter()
        .map(|(name, _)| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), *name))
        .min()
        .filter(|(distance, name)| *distance <= 2.min(name.len() / 3))
        .map(|(_, name)| name)
}

/// A schema object while its keywords are consumed.
pub(crate) struct Keywords<'n> {
    members: &'n [Member],
    fates: Vec<Option<Fate>>,
}

impl<'n> Keywords<'n> {
    pub(crate) fn new(node: &'n Node) -> Keywords<'n> {
        let members = node.members();
        Keywords { members, fates: vec![None; members.len()] }
    }

    /// Looks without consuming.
    pub(crate) fn peek(&self, key: &str) -> Option<&'n Node> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Consumes a keyword for the model.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'n Node> {
        self.consume(key, Fate::Modelled).map(|member| &member.value)
    }

    /// Consumes a keyword, whatever becomes of it.
    pub(crate) fn consume(&mut self, key: &str, fate: Fate) -> Option<&'n Member> {
        let index = self.members.iter().position(|member| member.key == key)?;
        let slot = self.fates.get_mut(index)?;
        *slot = Some(slot.map_or(fate, |earlier| earlier.min(fate)));
        self.members.get(index)
    }

    /// The keywords that nobody consumed.
    pub(crate) fn rest(&self) -> Vec<&'n Member> {
        self.members.iter().zip(&self.fates).filter(|(_, fate)| fate.is_none()).map(|(member, _)| member).collect()
    }

    /// Each keyword with its fate; what is left counts as unknown.
    pub(crate) fn fates(&self) -> impl Iterator<Item = (&'n str, Fate)> + '_ {
        self.members.iter().zip(&self.fates).map(|(member, fate)| (member.key.as_str(), fate.unwrap_or(Fate::Unknown)))
    }
}

/// Calls `visit` with every schema below (and with) `node`, and with its pointer. This walk knows nothing of lowering; the first book
/// is held against it.
pub(crate) fn each_schema<'n>(node: &'n Node, at: &Pointer, visit: &mut impl FnMut(&'n Node, &Pointer)) {
    visit(node, at);
    for member in node.members() {
        let at = at.join(&member.key);
        each_below(&member.key, &member.value, &at, visit);
    }
}

/// As [`each_schema`], for what stands behind one keyword.
pub(crate) fn each_below<'n>(keyword: &str, value: &'n Node, at: &Pointer, visit: &mut impl FnMut(&'n Node, &Pointer)) {
    let many = |items: &'n [Node], visit: &mut _| {
        for (index, item) in items.iter().enumerate() {
            each_schema(item, &at.join(&index.to_string()), visit);
        }
    };
    match (holds(keyword), &value.json) {
        (Some(Holds::One | Holds::OneOrMany), Json::Object(_) | Json::Bool(_)) => each_schema(value, at, visit),
        (Some(Holds::Many | Holds::OneOrMany), Json::List(items)) => many(items, visit),
        (Some(Holds::Named | Holds::NamedOrNames), Json::Object(members)) => {
            for member in members {
                if matches!(member.value.json, Json::Object(_) | Json::Bool(_)) {
                    each_schema(&member.value, &at.join(&member.key), visit);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(FOREIGN.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_keyword_has_a_case() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lower");
        let files = ["ok", "err"]
            .iter()
            .flat_map(|kind| std::fs::read_dir(folder.join(kind)).unwrap())
            .map(|entry| entry.unwrap().path());
        let cases: String = files
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        let words = KNOWN.iter().map(|(word, _)| *word).chain(super::super::notes::WORDS.iter().copied());
        let without: Vec<&str> = words.filter(|word| !cases.contains(&format!("\"{word}\":"))).collect();
        assert!(without.is_empty(), "no case shows {without:?}");
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        assert_eq!(nearest("maximun"), Some("maximum"));
        assert_eq!(nearest("MinLength"), Some("minLength"));
        assert_eq!(nearest("propertys"), Some("properties"));
        assert_eq!(nearest("livenessProbe"), None);
    }
}
