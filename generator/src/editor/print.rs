//! A model's schema as JSON Schema, draft-07.

use manifest::defaults::{Defaults, Node};
use manifest::valid::Validator;
use serde_json::{Map, Value, json};

use crate::ledger::{Book, Outcome, kept_by_the_api};
use crate::model::{
    Bound, Bounds, Check, Object, Pattern, Place, Pointer, Rest, Rule, Schema, Service, Shape, Size, Text, Types, note_keywords,
    rule_keyword,
};

/// The values' schema; its references lead to `#/definitions/…`.
pub(crate) struct Printed {
    pub values: Value,
    pub definitions: Map<String, Value>,
}

/// Prints the service's values, and enters into the book what became of each constraint.
pub(crate) fn print(service: &Service, book: &mut Book) -> Printed {
    let mut printer = Printer {
        types: &service.types,
        formats: super::asserts_formats(&service.bundle),
        book,
        open: Vec::new(),
        definitions: Map::new(),
        defaults: Defaults { root: Node::default(), ..crate::defaults::defaults(service) },
    };
    let values = printer.schema(&service.values, &Place::root());
    let definitions = printer.definitions;
    Printed { values: Value::Object(values), definitions }
}

type Keywords = Map<String, Value>;

struct Printer<'a, 'b> {
    types: &'a Types,
    formats: bool,
    book: &'b mut Book,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
    definitions: Map<String, Value>,
    /// Those of the named types; the root changes with the question.
    defaults: Defaults,
}

impl<'a> Printer<'a, '_> {
    fn schema(&mut self, schema: &'a Schema, place: &Place) -> Keywords {
        let at = &schema.at;
        for keyword in note_keywords(schema) {
            self.enter(place, at, keyword, note(keyword, place));
        }
        if schema.default.is_some() {
            self.enter(place, at, "default", Outcome::Kept);
        }
        if schema.nullable {
            self.enter(place, at, "nullable", Outcome::Kept);
        }
        let mut out = self.shape(schema, place);
        // Beside a `$ref`, draft-07 reads nothing.
        if out.contains_key("$ref") {
            out = keywords(json!({ "allOf": [out] }));
        }
        for rule in &schema.rules {
            let outcome = self.rule(&mut out, rule, schema, Some(schema));
            self.enter(place, &rule.at, rule_keyword(&rule.check), outcome);
        }
        if schema.nullable {
            out = or_null(out);
        }
        annotate(&mut out, schema);
        out
    }

    fn shape(&mut self, schema: &'a Schema, place: &Place) -> Keywords {
        let at = &schema.at;
        let said = if schema.implied { Outcome::Stricter("the type is taken as said".into()) } else { Outcome::Kept };
        match &schema.shape {
            Shape::Anything => Keywords::new(),
            Shape::Nothing => {
                self.enter(place, at, "type", Outcome::Kept);
                keywords(json!({ "not": {} }))
            }
            Shape::Named(name) => self.named(schema, name, place),
            Shape::Choice(values) => {
                self.enter(place, at, "enum", Outcome::Kept);
                choice(values)
            }
            Shape::Union(branches) => {
                self.enter(place, at, "union", Outcome::Kept);
                let branches: Vec<_> = branches.iter().map(|branch| self.schema(branch, place)).collect();
                keywords(json!({ "anyOf": branches }))
            }
            Shape::Boolean => {
                self.enter(place, at, "type", said);
                keywords(json!({ "type": "boolean" }))
            }
            Shape::Integer(bounds) => {
                self.enter(place, at, "type", said);
                self.bounds(place, at, bounds);
                numeric("integer", bounds)
            }
            Shape::Number(bounds) => {
                self.enter(place, at, "type", said);
                self.bounds(place, at, bounds);
                numeric("number", bounds)
            }
            Shape::Text(text) => {
                self.enter(place, at, "type", said);
                self.text(place, at, text);
                string(text, self.formats)
            }
            Shape::List(list) => {
                self.enter(place, at, "type", said);
                self.size(place, at, list.size, ["minItems", "maxItems"]);
                if list.unique {
                    self.enter(place, at, "uniqueItems", Outcome::Kept);
                }
                let item = self.schema(&list.item, &place.each());
                let mut out = array(list.size, list.unique);
                say(&mut out, "items", item);
                out
            }
            Shape::Map(map) => {
                self.enter(place, at, "type", said);
                self.size(place, at, map.size, ["minProperties", "maxProperties"]);
                if let Some(key) = &map.key {
                    self.enter(place, at, "propertyNames", key_outcome(key));
                }
                let value = self.schema(&map.value, &place.each());
                let mut out = sized("object", map.size);
                if let Some(key) = &map.key {
                    say(&mut out, "propertyNames", names(key));
                }
                // An empty schema is said, too: editors would flag an unknown key otherwise.
                out.insert("additionalProperties".to_owned(), if value.is_empty() { json!(true) } else { Value::Object(value) });
                out
            }
            Shape::Object(object) => {
                self.enter(place, at, "type", said);
                self.object(schema, object, place)
            }
        }
    }

    fn named(&mut self, schema: &'a Schema, name: &'a str, place: &Place) -> Keywords {
        let Some(target) = self.types.get(name) else {
            self.enter(place, &schema.at, "$ref", Outcome::Lost("the type doesn't exist".into()));
            return Keywords::new();
        };
        if self.open.contains(&name) {
            self.enter(place, &schema.at, "$ref", Outcome::Kept);
        } else {
            self.open.push(name);
            // At a later use the walk is for the book of that place; the definition is the same.
            let definition = self.schema(target, place);
            self.definitions.entry(name).or_insert(Value::Object(definition));
            self.open.pop();
        }
        reference(name)
    }

    fn object(&mut self, schema: &'a Schema, object: &'a Object, place: &Place) -> Keywords {
        let at = &schema.at;
        self.size(place, at, object.size, ["minProperties", "maxProperties"]);
        let outcome = match &object.rest {
            Rest::Closed | Rest::Open | Rest::Of(_) => Outcome::Kept,
            Rest::Unsaid => Outcome::Stricter("the Kubernetes API refuses the key as well".into()),
        };
        self.enter(place, at, "additionalProperties", outcome);
        let mut properties = Keywords::new();
        let mut required = Vec::new();
        for field in &object.fields {
            let inner = place.field(&field.name);
            match (field.required, self.laid(&field.schema)) {
                (true, None) => {
                    required.push(field.name.as_str());
                    self.enter(&inner, at, "required", Outcome::Kept);
                }
                // An editor judges what is written, and nobody has to write a default.
                (true, Some(_)) => {
                    self.enter(&inner, at, "required", Outcome::Rewritten("its default is laid under the release".into()))
                }
                (false, _) => {}
            }
            properties.insert(field.name.clone(), Value::Object(self.schema(&field.schema, &inner)));
        }
        let rest = match &object.rest {
            Rest::Closed | Rest::Unsaid => json!(false),
            // With patterns beside it, the rule that closes an object stands among the rules.
            Rest::Open => json!(!closed_beside_patterns(schema)),
            Rest::Of(rest) => Value::Object(self.schema(rest, &place.each())),
        };
        let mut out = sized("object", object.size);
        fields(&mut out, &required, properties);
        out.insert("additionalProperties".to_owned(), rest);
        out
    }

    /// What the effective document has where the field isn't written.
    fn laid(&mut self, schema: &Schema) -> Option<Value> {
        const FIELD: &str = "field";
        self.defaults.root.fields.insert(FIELD.to_owned(), crate::defaults::node(schema));
        self.defaults.effective(&json!({})).get(FIELD).cloned()
    }

    /// Whether a printed condition admits the value; `None`: it can't be told yet.
    fn admits(&self, condition: &Value, value: &Value) -> Option<bool> {
        let whole = json!({ "$schema": super::DRAFT, "definitions": self.definitions, "allOf": [condition] });
        Some(Validator::new(&whole, Defaults::default()).ok()?.check(value).is_empty())
    }

    /// Adds a rule to what is said of its place.
    fn rule(&mut self, out: &mut Keywords, rule: &'a Rule, schema: &'a Schema, on: Option<&'a Schema>) -> Outcome {
        let mut outcome = Outcome::Kept;
        match &rule.check {
            Check::AllOf(branches) => {
                let branches = branches.iter().map(|branch| self.condition(branch, on)).collect();
                self.all(out, branches);
            }
            Check::AnyOf(branches) => {
                let branches: Vec<_> = branches.iter().map(|branch| self.condition(branch, on)).collect();
                add(out, json!({ "anyOf": branches }));
            }
            Check::OneOf(branches) => {
                let branches: Vec<_> = branches.iter().map(|branch| self.condition(branch, on)).collect();
                add(out, json!({ "oneOf": branches }));
            }
            Check::Not(inner) => add(out, json!({ "not": self.condition(inner, on) })),
            Check::If { condition, then, otherwise } => {
                let mut keywords = keywords(json!({ "if": self.condition(condition, on) }));
                for (word, schema) in [("then", then), ("else", otherwise)] {
                    if let Some(schema) = schema {
                        keywords.insert(word.to_owned(), self.condition(schema, on));
                    }
                }
                add(out, Value::Object(keywords));
            }
            Check::DependentRequired { key, needs } => depend(out, key, json!(needs)),
            Check::DependentSchema { key, schema } => {
                let schema = self.condition(schema, on);
                depend(out, key, schema);
            }
            Check::Contains { item, min, max } => match (min, max) {
                (0, None) => {}
                (1, None) => add(out, json!({ "contains": self.condition(item, None) })),
                (0, Some(0)) => add(out, json!({ "not": { "contains": self.condition(item, None) } })),
                _ => {
                    if *min > 0 {
                        add(out, json!({ "contains": self.condition(item, None) }));
                    }
                    outcome = Outcome::Lost("draft-07 doesn't count the items that `contains` finds".into());
                }
            },
            Check::MultipleOf(number) => add(out, json!({ "multipleOf": number })),
            Check::Tuple { items, rest } => {
                let items: Vec<_> = items.iter().map(|item| self.condition(item, None)).collect();
                let mut keywords = keywords(json!({ "items": items }));
                if let Some(rest) = rest {
                    keywords.insert("additionalItems".to_owned(), self.condition(rest, None));
                }
                add(out, Value::Object(keywords));
            }
            Check::Keys(key) => {
                add(out, json!({ "propertyNames": names(key) }));
                outcome = key_outcome(key);
            }
            Check::KeyPatterns(patterns) => {
                for (pattern, value) in patterns {
                    let value = self.condition(value, None);
                    match expression(pattern) {
                        Some(pattern) => key_pattern(out, pattern, value),
                        None => outcome = unreadable(),
                    }
                }
            }
            Check::Cel(_) => outcome = Outcome::Lost("JSON Schema knows no CEL".into()),
            Check::Opaque(keyword) if keyword == "additionalProperties" && closed_beside_patterns(schema) => {}
            Check::Opaque(_) => outcome = Outcome::Lost("only the chart's own schema says it".into()),
        }
        outcome
    }

    fn all(&mut self, out: &mut Keywords, branches: Vec<Value>) {
        for branch in branches {
            also(out, branch);
        }
    }

    /// A schema inside a rule: it says of the value only what it names, so nothing is entered and nothing is closed by omission.
    ///
    /// `on` is what the model says of the same place, if that is known.
    fn condition(&mut self, schema: &'a Schema, on: Option<&'a Schema>) -> Value {
        let on = on.map(|on| on.resolve(self.types));
        let mut out = self.condition_shape(schema, on);
        if out.contains_key("$ref") && !schema.rules.is_empty() {
            out = keywords(json!({ "allOf": [out] }));
        }
        for rule in &schema.rules {
            self.rule(&mut out, rule, schema, on);
        }
        Value::Object(if schema.nullable { or_null(out) } else { out })
    }

    fn condition_shape(&mut self, schema: &'a Schema, on: Option<&'a Schema>) -> Keywords {
        let mut out = match &schema.shape {
            Shape::Anything => Keywords::new(),
            Shape::Nothing => keywords(json!({ "not": {} })),
            Shape::Boolean => keywords(json!({ "type": "boolean" })),
            Shape::Integer(bounds) => numeric("integer", bounds),
            Shape::Number(bounds) => numeric("number", bounds),
            Shape::Text(text) => string(text, self.formats),
            Shape::Choice(values) => choice(values),
            Shape::Union(branches) => {
                let branches: Vec<_> = branches.iter().map(|branch| self.condition(branch, on)).collect();
                keywords(json!({ "anyOf": branches }))
            }
            Shape::Named(name) => self.condition_named(name),
            Shape::List(list) => {
                let mut out = array(list.size, list.unique);
                if let Value::Object(item) = self.condition(&list.item, None) {
                    say(&mut out, "items", item);
                }
                out
            }
            Shape::Map(map) => {
                let mut out = sized("object", map.size);
                if let Some(key) = &map.key {
                    say(&mut out, "propertyNames", names(key));
                }
                if let Value::Object(value) = self.condition(&map.value, None) {
                    say(&mut out, "additionalProperties", value);
                }
                out
            }
            Shape::Object(object) => {
                let mut out = sized("object", object.size);
                self.condition_fields(&mut out, object, on.and_then(Schema::object));
                match &object.rest {
                    Rest::Unsaid => {}
                    Rest::Open if closed_beside_patterns(schema) => {
                        _ = out.insert("additionalProperties".to_owned(), json!(false))
                    }
                    Rest::Open => {}
                    Rest::Closed => _ = out.insert("additionalProperties".to_owned(), json!(false)),
                    Rest::Of(rest) => _ = out.insert("additionalProperties".to_owned(), self.condition(rest, None)),
                }
                out
            }
        };
        if schema.implied {
            out.remove("type");
        }
        out
    }

    /// Without a change for effective documents, the condition is made to say the same of what was written: a field that is
    /// absent counts as its default.
    fn condition_fields(&mut self, out: &mut Keywords, object: &'a Object, on: Option<&'a Object>) {
        let mut properties = Keywords::new();
        let mut required = Vec::new();
        for field in &object.fields {
            let on = on.and_then(|on| on.field(&field.name)).map(|field| &field.schema);
            let value = self.condition(&field.schema, on);
            let laid = on.and_then(|on| self.laid(on));
            let admitted = laid.and_then(|laid| self.admits(&value, &laid));
            if admitted.map_or(field.required, |admitted| !admitted) {
                required.push(field.name.as_str());
            }
            // Unless other keys are refused, a field of which nothing is said need not be named.
            if value != json!({}) || object.rest != Rest::Unsaid {
                properties.insert(field.name.clone(), value);
            }
        }
        fields(out, &required, properties);
    }

    /// A named type in a condition: its own definition closes objects that the author left open, and this one doesn't.
    fn condition_named(&mut self, name: &'a str) -> Keywords {
        // No type's name has a hyphen in it.
        let key = format!("{name}-condition");
        if !self.definitions.contains_key(&key)
            && let Some(target) = self.types.get(name)
        {
            self.definitions.insert(key.clone(), Value::Null);
            let definition = self.condition(target, None);
            self.definitions.insert(key.clone(), definition);
        }
        if self.definitions.contains_key(&key) { reference(&key) } else { Keywords::new() }
    }

    fn bounds(&mut self, place: &Place, at: &Pointer, bounds: &Bounds) {
        if bounds.min.is_some() {
            self.enter(place, at, "minimum", Outcome::Kept);
        }
        if bounds.max.is_some() {
            self.enter(place, at, "maximum", Outcome::Kept);
        }
    }

    fn text(&mut self, place: &Place, at: &Pointer, text: &Text) {
        if text.min.is_some() {
            self.enter(place, at, "minLength", Outcome::Kept);
        }
        if text.max.is_some() {
            self.enter(place, at, "maxLength", Outcome::Kept);
        }
        for pattern in &text.patterns {
            self.enter(place, &pattern.at, "pattern", pattern_outcome(pattern));
        }
        if let Some(format) = &text.format {
            let outcome = match super::asserted(format, self.formats) {
                Ok(()) => Outcome::Kept,
                Err(why) => Outcome::Lost(why.into()),
            };
            self.enter(place, at, "format", outcome);
        }
    }

    fn size(&mut self, place: &Place, at: &Pointer, size: Size, [min, max]: [&'static str; 2]) {
        if size.min.is_some() {
            self.enter(place, at, min, Outcome::Kept);
        }
        if size.max.is_some() {
            self.enter(place, at, max, Outcome::Kept);
        }
    }

    fn enter(&mut self, place: &Place, at: &Pointer, keyword: &'static str, outcome: Outcome) {
        self.book.enter(place, at, keyword, outcome);
    }
}

fn note(keyword: &str, place: &Place) -> Outcome {
    match keyword {
        "title" | "description" | "examples" | "deprecated" => Outcome::Kept,
        "x-ui.suggestions" => Outcome::Rewritten("as examples".into()),
        "x-ui.secretRef" => Outcome::Rewritten("as a reference with name and key".into()),
        _ => kept_by_the_api(keyword, place).unwrap_or(Outcome::Lost("editors have no forms".into())),
    }
}

fn annotate(out: &mut Keywords, schema: &Schema) {
    let notes = &schema.notes;
    let mut head = Keywords::new();
    let mut put = |key: &str, value: Option<Value>| head.extend(value.map(|value| (key.to_owned(), value)));
    put("title", schema.title.as_ref().map(|title| json!(title)));
    put("description", schema.doc.as_ref().map(|doc| json!(doc)));
    put("deprecated", notes.deprecated.then(|| json!(true)));
    put("deprecationMessage", notes.deprecated.then(|| json!("deprecated")));
    put("default", schema.default.clone());
    let mut examples = notes.examples.clone();
    examples.extend(notes.suggestions.iter().filter(|value| !notes.examples.contains(value)).cloned());
    put("examples", (!examples.is_empty()).then(|| json!(examples)));
    head.extend(std::mem::take(out));
    *out = head;
}

/// The rule that refuses what no pattern admits: it closes the object as `additionalProperties: false` beside the patterns.
fn closed_beside_patterns(schema: &Schema) -> bool {
    let has = |test: fn(&Check) -> bool| schema.rules.iter().any(|rule| test(&rule.check));
    has(|check| matches!(check, Check::KeyPatterns(_)))
        && has(|check| matches!(check, Check::Opaque(word) if word == "additionalProperties"))
}

fn keywords(value: Value) -> Keywords {
    match value {
        Value::Object(map) => map,
        _ => Keywords::new(),
    }
}

/// Says a keyword, unless its schema says nothing.
fn say(out: &mut Keywords, keyword: &str, schema: Keywords) {
    if !schema.is_empty() {
        out.insert(keyword.to_owned(), Value::Object(schema));
    }
}

/// Adds keywords; where one of them is taken, all of them in a schema of their own.
fn add(out: &mut Keywords, more: Value) {
    match more {
        // `else` would join another `if`, and `additionalItems` speaks of the `items` beside it.
        Value::Object(more) if more.keys().all(|key| !out.contains_key(key)) && !out.contains_key("$ref") => out.extend(more),
        more => also(out, more),
    }
}

/// Adds a schema to `allOf`.
fn also(out: &mut Keywords, schema: Value) {
    match out.get_mut("allOf") {
        Some(Value::Array(all)) => all.push(schema),
        _ => _ = out.insert("allOf".to_owned(), json!([schema])),
    }
}

fn depend(out: &mut Keywords, key: &str, needs: Value) {
    match out.get_mut("dependencies") {
        Some(Value::Object(known)) if !known.contains_key(key) => _ = known.insert(key.to_owned(), needs),
        _ => add(out, json!({ "dependencies": { key: needs } })),
    }
}

/// In the same schema as `additionalProperties`, which spares the keys that match.
fn key_pattern(out: &mut Keywords, pattern: &str, value: Value) {
    match out.get_mut("patternProperties") {
        Some(Value::Object(known)) => match known.get_mut(pattern) {
            Some(schema) => *schema = json!({ "allOf": [schema, value] }),
            None => _ = known.insert(pattern.to_owned(), value),
        },
        _ => _ = out.insert("patternProperties".to_owned(), json!({ pattern: value })),
    }
}

fn or_null(out: Keywords) -> Keywords {
    match out.get("type") {
        // Other keywords say nothing of `null`, but for these.
        Some(Value::String(of))
            if ["enum", "const", "not", "allOf", "anyOf", "oneOf", "if"].iter().all(|word| !out.contains_key(*word)) =>
        {
            let both = json!([of, "null"]);
            let mut out = out;
            out.insert("type".to_owned(), both);
            out
        }
        _ if out.is_empty() => out,
        _ => keywords(json!({ "anyOf": [out, { "type": "null" }] })),
    }
}

fn choice(values: &[Value]) -> Keywords {
    match values {
        [one] => keywords(json!({ "const": one })),
        values => keywords(json!({ "enum": values })),
    }
}

fn fields(out: &mut Keywords, required: &[&str], properties: Keywords) {
    if !required.is_empty() {
        out.insert("required".to_owned(), json!(required));
    }
    say(out, "properties", properties);
}

fn numeric(of: &str, bounds: &Bounds) -> Keywords {
    let mut out = keywords(json!({ "type": of }));
    for (bound, inclusive, exclusive) in
        [(&bounds.min, "minimum", "exclusiveMinimum"), (&bounds.max, "maximum", "exclusiveMaximum")]
    {
        if let Some(Bound { value, exclusive: strict }) = bound {
            out.insert((if *strict { exclusive } else { inclusive }).to_owned(), json!(value));
        }
    }
    out
}

fn string(text: &Text, formats: bool) -> Keywords {
    let mut out = keywords(json!({ "type": "string" }));
    limits(&mut out, text);
    if let Some(format) = text.format.as_ref().filter(|_| formats) {
        out.insert("format".to_owned(), json!(format));
    }
    out
}

fn names(key: &Text) -> Keywords {
    let mut out = Keywords::new();
    limits(&mut out, key);
    out
}

fn limits(out: &mut Keywords, text: &Text) {
    out.extend(text.min.map(|min| ("minLength".to_owned(), json!(min))));
    out.extend(text.max.map(|max| ("maxLength".to_owned(), json!(max))));
    for pattern in text.patterns.iter().filter_map(expression) {
        add(out, json!({ "pattern": pattern }));
    }
}

fn array(size: Size, unique: bool) -> Keywords {
    let mut out = keywords(json!({ "type": "array" }));
    out.extend(size.min.map(|min| ("minItems".to_owned(), json!(min))));
    out.extend(size.max.map(|max| ("maxItems".to_owned(), json!(max))));
    out.extend(unique.then(|| ("uniqueItems".to_owned(), json!(true))));
    out
}

fn sized(of: &str, size: Size) -> Keywords {
    let mut out = keywords(json!({ "type": of }));
    out.extend(size.min.map(|min| ("minProperties".to_owned(), json!(min))));
    out.extend(size.max.map(|max| ("maxProperties".to_owned(), json!(max))));
    out
}

fn reference(name: &str) -> Keywords {
    keywords(json!({ "$ref": format!("#/definitions/{name}") }))
}

/// The text for editors, whose engine is ECMAScript, and for our own validation, which refuses what RE2 can't read.
fn expression(pattern: &Pattern) -> Option<&str> {
    pattern.re2.as_ref().and(pattern.ecma.as_deref())
}

fn pattern_outcome(pattern: &Pattern) -> Outcome {
    match expression(pattern) {
        Some(text) if text == pattern.source => Outcome::Kept,
        Some(_) => Outcome::Rewritten("in the words of ECMAScript".into()),
        None => unreadable(),
    }
}

fn key_outcome(key: &Text) -> Outcome {
    key.patterns.iter().map(pattern_outcome).find(|outcome| *outcome != Outcome::Kept).unwrap_or(Outcome::Kept)
}

fn unreadable() -> Outcome {
    Outcome::Lost("ECMAScript or RE2 can't read the regular expression".into())
}
