//! The defaults inside a schema.

use manifest::pointer::escape;
use serde_json::Value;

/// Defaults under a node, and the definitions that it refers to.
#[derive(Default)]
pub(super) struct Found {
    pub(super) places: Vec<String>,
    pub(super) references: Vec<String>,
}

pub(super) fn defaults_below(node: &Value, at: &str, with_own: bool) -> Found {
    let mut found = Found::default();
    search(node, at, with_own, true, &mut found);
    found
}

/// `schema`: the node is a schema, not a map of schemas by name, where `default` would be a name.
fn search(node: &Value, at: &str, own: bool, schema: bool, found: &mut Found) {
    match node {
        Value::Object(members) => {
            for (key, member) in members {
                let inner = format!("{at}/{}", escape(key));
                match key.as_str() {
                    "default" if schema && own => found.places.push(at.to_owned()),
                    "$ref" if schema => {
                        let target = member.as_str().and_then(|text| text.strip_prefix('#'));
                        found.references.extend(target.map(str::to_owned));
                    }
                    "default" | "enum" | "const" | "examples" | "$defs" | "definitions" if schema => {}
                    "properties" | "patternProperties" | "dependentSchemas" if schema => {
                        search(member, &inner, true, false, found)
                    }
                    _ => search(member, &inner, true, true, found),
                }
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| search(item, &format!("{at}/{number}"), true, true, found));
        }
        _ => {}
    }
}
