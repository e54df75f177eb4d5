//! Which JSON Schema a document is written in.

use crate::json::Node;

/// The dialects that differ in what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dialect {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    Draft2020,
}

/// What `$schema` says.
pub(crate) enum Declared {
    /// A dialect.
    As(Dialect),
    /// Nothing, or a URL without version: Helm 4 reads 2020-12.
    Nothing,
    /// Something that isn't known.
    Unknown(String),
}

impl Dialect {
    /// The URL of the dialect's meta-schema, in its canonical spelling.
    pub(crate) fn url(self) -> &'static str {
        match self {
            Dialect::Draft4 => "http://json-schema.org/draft-04/schema#",
            Dialect::Draft6 => "http://json-schema.org/draft-06/schema#",
            Dialect::Draft7 => "http://json-schema.org/draft-07/schema#",
            Dialect::Draft2019 => "https://json-schema.org/draft/2019-09/schema",
            Dialect::Draft2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// Keywords beside `$ref` count (JSON Schema 2019-09, core §8.2.4.1).
    pub(crate) fn ref_has_siblings(self) -> bool {
        self >= Dialect::Draft2019
    }

    /// `format` is asserted: Helm's and our validator's behaviour, not the specification's.
    pub(crate) fn asserts_formats(self) -> bool {
        self <= Dialect::Draft7
    }

    /// Whether a `$schema` says another dialect.
    pub(crate) fn is_not(self, schema: &Node) -> bool {
        !matches!(schema.text().map(named), Some(Declared::As(dialect)) if dialect == self)
    }

    /// The dialect knows the keyword, as far as Trefoil knows keywords.
    pub(crate) fn knows(self, keyword: &str) -> bool {
        match keyword {
            "$anchor"
            | "$defs"
            | "dependentRequired"
            | "dependentSchemas"
            | "maxContains"
            | "minContains"
            | "unevaluatedItems"
            | "unevaluatedProperties" => self >= Dialect::Draft2019,
            "prefixItems" | "$dynamicRef" | "$dynamicAnchor" => self >= Dialect::Draft2020,
            "if" | "then" | "else" => self >= Dialect::Draft7,
            "const" | "contains" | "propertyNames" => self >= Dialect::Draft6,
            "additionalItems" => self <= Dialect::Draft2019,
            "$recursiveRef" | "$recursiveAnchor" => self == Dialect::Draft2019,
            // 2019-09 dropped `dependencies` from the specification; Helm's validator and ours go on reading it.
            _ => true,
        }
    }
}

/// Reads `$schema`.
pub(crate) fn declared(root: &Node) -> Declared {
    root.get("$schema").and_then(Node::text).map_or(Declared::Nothing, named)
}

fn named(url: &str) -> Declared {
    let bare = url.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('#');
    match bare {
        "json-schema.org/draft-04/schema" => Declared::As(Dialect::Draft4),
        "json-schema.org/draft-06/schema" => Declared::As(Dialect::Draft6),
        "json-schema.org/draft-07/schema" => Declared::As(Dialect::Draft7),
        "json-schema.org/draft/2019-09/schema" => Declared::As(Dialect::Draft2019),
        "json-schema.org/draft/2020-12/schema" => Declared::As(Dialect::Draft2020),
        "json-schema.org/schema" => Declared::Nothing,
        _ => Declared::Unknown(url.to_owned()),
    }
}
