//! A model's meaning as JSON Schema 2020-12, the whole view, exactly: what isn't said is open, what is implied has no type.

use generator::model::{Bound, Bounds, Check, Object, Rest, Rule, Schema, Service, Shape, Size, Text};
use serde_json::{Map, Value, json};

/// The name under which the author's own schema is known to what is printed.
pub(crate) const BUNDLE: &str = "trefoil:bundle";

/// Prints the model. A rule that only a validator can judge leads back into the bundle.
pub(crate) fn print(service: &Service) -> Value {
    let dialect = service.bundle.schema["$schema"].as_str().unwrap_or_default();
    let printer = Printer { formats: dialect.contains("draft-0"), bundle: &service.bundle.schema };
    let types: Map<String, Value> = service.types.iter().map(|(name, schema)| (name.clone(), printer.schema(schema))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [printer.schema(&service.values)],
        "$defs": types,
    })
}

/// The author's schema without its address, so that it is known by ours.
pub(crate) fn without_id(bundle: &Value) -> Value {
    let mut bundle = bundle.clone();
    if let Value::Object(members) = &mut bundle {
        members.shift_remove("$id");
        members.shift_remove("id");
    }
    bundle
}

struct Printer<'a> {
    formats: bool,
    bundle: &'a Value,
}

impl Printer<'_> {
    fn schema(&self, schema: &Schema) -> Value {
        let mut all = vec![self.shape(schema)];
        all.extend(schema.rules.iter().map(|rule| self.rule(rule)));
        let body = if all.len() == 1 { all.remove(0) } else { json!({ "allOf": all }) };
        if schema.nullable { json!({ "anyOf": [{ "type": "null" }, body] }) } else { body }
    }

    fn shape(&self, schema: &Schema) -> Value {
        let typed = |of: &str, members: Value| match (schema.implied, members) {
            (false, Value::Object(mut members)) => {
                members.insert("type".to_owned(), json!(of));
                Value::Object(members)
            }
            (_, members) => members,
        };
        match &schema.shape {
            Shape::Anything => json!(true),
            Shape::Nothing => json!(false),
            Shape::Boolean => typed("boolean", json!({})),
            Shape::Integer(bounds) => typed("integer", limits(bounds)),
            Shape::Number(bounds) => typed("number", limits(bounds)),
            Shape::Text(text) => typed("string", self.text(text)),
            Shape::Choice(values) => json!({ "enum": values }),
            Shape::List(list) => {
                let mut out = size(list.size, "minItems", "maxItems");
                out.insert("items".to_owned(), self.schema(&list.item));
                out.insert("uniqueItems".to_owned(), json!(list.unique));
                typed("array", Value::Object(out))
            }
            Shape::Map(map) => {
                let mut out = size(map.size, "minProperties", "maxProperties");
                out.insert("additionalProperties".to_owned(), self.schema(&map.value));
                out.extend(map.key.as_ref().map(|key| ("propertyNames".to_owned(), self.text(key))));
                typed("object", Value::Object(out))
            }
            Shape::Object(object) => typed("object", Value::Object(self.object(object))),
            Shape::Union(branches) => {
                let branches: Vec<Value> = branches.iter().map(|branch| self.schema(branch)).collect();
                if schema.implied { json!({ "allOf": branches }) } else { json!({ "anyOf": branches }) }
            }
            Shape::Named(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        }
    }

    fn object(&self, object: &Object) -> Map<String, Value> {
        let mut out = size(object.size, "minProperties", "maxProperties");
        let properties: Map<String, Value> =
            object.fields.iter().map(|field| (field.name.clone(), self.schema(&field.schema))).collect();
        let required: Vec<&str> = object.fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
        out.insert("properties".to_owned(), Value::Object(properties));
        out.insert("required".to_owned(), json!(required));
        match &object.rest {
            Rest::Closed => _ = out.insert("additionalProperties".to_owned(), json!(false)),
            Rest::Unsaid | Rest::Open => {}
            Rest::Of(rest) => _ = out.insert("additionalProperties".to_owned(), self.schema(rest)),
        }
        out
    }

    fn text(&self, text: &Text) -> Value {
        let mut out = size(Size { min: text.min, max: text.max }, "minLength", "maxLength");
        let patterns: Vec<Value> =
            text.patterns.iter().map(|pattern| json!({ "pattern": pattern.re2.as_ref().unwrap_or(&pattern.source) })).collect();
        if !patterns.is_empty() {
            out.insert("allOf".to_owned(), json!(patterns));
        }
        out.extend(text.format.as_ref().filter(|_| self.formats).map(|format| ("format".to_owned(), json!(format))));
        Value::Object(out)
    }

    fn rule(&self, rule: &Rule) -> Value {
        let of = |schemas: &[Schema]| schemas.iter().map(|schema| self.schema(schema)).collect::<Vec<_>>();
        match &rule.check {
            Check::AllOf(schemas) => json!({ "allOf": of(schemas) }),
            Check::AnyOf(schemas) => json!({ "anyOf": of(schemas) }),
            Check::OneOf(schemas) => json!({ "oneOf": of(schemas) }),
            Check::Not(schema) => json!({ "not": self.schema(schema) }),
            Check::If { condition, then, otherwise } => {
                let part = |schema: &Option<Box<Schema>>| schema.as_ref().map_or(json!(true), |schema| self.schema(schema));
                json!({ "if": self.schema(condition), "then": part(then), "else": part(otherwise) })
            }
            Check::DependentRequired { key, needs } => json!({ "dependentRequired": { key: needs } }),
            Check::DependentSchema { key, schema } => json!({ "dependentSchemas": { key: self.schema(schema) } }),
            Check::Contains { item, min, max } => {
                let mut out = json!({ "contains": self.schema(item), "minContains": min });
                if let Some(max) = max {
                    out["maxContains"] = json!(max);
                }
                out
            }
            Check::MultipleOf(number) => json!({ "multipleOf": number }),
            Check::Tuple { items, rest } => {
                json!({ "prefixItems": of(items), "items": rest.as_ref().map_or(json!(true), |rest| self.schema(rest)) })
            }
            Check::Keys(key) => json!({ "propertyNames": self.text(key) }),
            Check::KeyPatterns(patterns) => {
                let mut all = Vec::new();
                for (pattern, schema) in patterns {
                    all.push(json!({ "patternProperties": { (pattern.re2.as_ref().unwrap_or(&pattern.source)): self.schema(schema) } }));
                }
                json!({ "allOf": all })
            }
            Check::Cel(_) => json!(true),
            Check::Opaque(_) => {
                let place = rule.at.as_str();
                let place = place.rfind('/').map_or("", |end| &place[..end]);
                json!({ "$ref": format!("{BUNDLE}#{}", self.fragment(place)) })
            }
        }
    }

    /// A pointer of the model as a fragment of the bundle.
    fn fragment(&self, pointer: &str) -> String {
        let place = match pointer.strip_prefix("../").and_then(|rest| rest.split_once("/values.schema.json#")) {
            Some((service, pointer)) => {
                let defs = if self.bundle["$defs"].get(service).is_some() { "$defs" } else { "definitions" };
                format!("/{defs}/{service}{pointer}")
            }
            None => pointer.to_owned(),
        };
        place.bytes().fold(String::new(), |out, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b'$' => {
                out + &char::from(byte).to_string()
            }
            byte => out + &format!("%{byte:02X}"),
        })
    }
}

fn limits(bounds: &Bounds) -> Value {
    let mut out = Map::new();
    for (bound, inclusive, exclusive) in
        [(&bounds.min, "minimum", "exclusiveMinimum"), (&bounds.max, "maximum", "exclusiveMaximum")]
    {
        if let Some(Bound { value, exclusive: strict }) = bound {
            out.insert((if *strict { exclusive } else { inclusive }).to_owned(), json!(value));
        }
    }
    Value::Object(out)
}

fn size(size: Size, min: &str, max: &str) -> Map<String, Value> {
    let mut out = Map::new();
    out.extend(size.min.map(|count| (min.to_owned(), json!(count))));
    out.extend(size.max.map(|count| (max.to_owned(), json!(count))));
    out
}
