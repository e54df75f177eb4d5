//! How a place of the model is edited and written: a piece of the form together with the piece of the skeleton that prints what
//! the form posts for it.

use serde_json::{Map, Value, json};

/// A place in the form and in the skeleton.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// JSON Schema (draft 7) with the `ui:` keys of a Backstage form, but for the keywords that the other fields hold.
    pub keywords: Map<String, Value>,
    /// What the fields of an object are, but for those that depend on a question.
    pub properties: Map<String, Value>,
    pub required: Vec<String>,
    /// Questions, each with what appears at which answer.
    pub dependencies: Map<String, Value>,
    /// Rules on an object.
    pub conditions: Vec<Condition>,
    /// Only what is named here is admitted.
    pub closed: bool,
    /// Optional fields that can't be left alone: a question must come before each.
    pub traps: Vec<String>,
    /// What the form posts for it if nobody touches it.
    pub untouched: Option<Value>,
    pub body: Body,
}

/// How the skeleton prints a value.
#[derive(Clone, Debug, Default)]
pub(super) enum Body {
    /// As it is, on one line.
    #[default]
    Whole,
    List(Box<Body>),
    Map(Box<Body>),
    Object(Fields),
    /// An object whose fields depend on the text in one of them.
    Tagged {
        tag: String,
        branches: Vec<(Value, Fields)>,
    },
}

/// The fields of an object, in the order of the schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub entries: Vec<Entry>,
    /// How the values of other keys are printed; `None`: they aren't.
    pub rest: Option<Box<Body>>,
}

/// One field.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub presence: Presence,
    pub body: Body,
    /// Another question of the form decides whether there is a value at all. A value that was typed before the answer changed
    /// is posted nevertheless.
    pub gate: Option<Gate>,
}

/// A question that isn't in the values, and the answer with which the field is there.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub key: String,
    pub answer: Value,
}

/// When a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// The form doesn't go on without it.
    Always,
    /// Whenever it was posted.
    Defined,
    /// If something is in it: empty means the same as absent.
    Filled,
    /// It must be there; if nothing was posted, as this empty literal.
    OrEmpty(&'static str),
}

/// A rule on an object, in JSON Schema.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// The fields that it speaks of.
    pub fields: Vec<String>,
    pub check: Check,
}

/// What a rule becomes.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// `if` and `then`, and `else`.
    If(Map<String, Value>),
    /// What must not be, with the sentence that people read. A form would draw `anyOf` and `oneOf` as a choice of variants; of
    /// `not` it draws nothing.
    Not(Value, String),
}

impl Part {
    pub(super) fn new(keywords: Value, body: Body) -> Part {
        let keywords = match keywords {
            Value::Object(keywords) => keywords,
            _ => Map::new(),
        };
        Part { keywords, body, ..Part::default() }
    }

    /// The fields, if it is an object with fields.
    pub(super) fn fields(&self) -> Option<&Fields> {
        match &self.body {
            Body::Object(fields) => Some(fields),
            Body::Whole | Body::List(_) | Body::Map(_) | Body::Tagged { .. } => None,
        }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        if let Some(fields) = self.fields_mut() {
            fields.entries.push(entry);
        }
    }

    fn fields_mut(&mut self) -> Option<&mut Fields> {
        match &mut self.body {
            Body::Object(fields) => Some(fields),
            Body::Whole | Body::List(_) | Body::Map(_) | Body::Tagged { .. } => None,
        }
    }

    /// The whole schema, and what else is known of the place.
    pub(super) fn finish(self) -> Finished {
        let order = (!self.dependencies.is_empty()).then(|| json!(self.order()));
        // What comes from a dependency would be unknown to `additionalProperties`.
        let names = (self.closed && order.is_some()).then(|| json!({ "enum": self.names() }));
        let closed = self.closed && names.is_none();
        let mut schema = self.keywords;
        if !self.properties.is_empty() {
            schema.insert("properties".into(), Value::Object(self.properties));
        }
        if !self.required.is_empty() {
            schema.insert("required".into(), json!(self.required));
        }
        if let Some(order) = order {
            schema.insert("dependencies".into(), Value::Object(self.dependencies));
            schema.entry("ui:order").or_insert(order);
        }
        if closed {
            schema.insert("additionalProperties".into(), json!(false));
        }
        schema.extend(names.map(|names| ("propertyNames".to_owned(), names)));
        put_conditions(&mut schema, self.conditions.iter().map(|condition| &condition.check));
        Finished { schema: Value::Object(schema), body: self.body, untouched: self.untouched }
    }

    /// All that an object may hold.
    fn names(&self) -> Vec<&String> {
        let named = self.fields().into_iter().flat_map(|fields| &fields.entries).map(|entry| &entry.name);
        let mut names: Vec<&String> = self.properties.keys().collect();
        names.extend(named.filter(|name| !self.properties.contains_key(*name)));
        names
    }

    /// The fields as people see them: what a question brings comes right after it. A form refuses an order without `*`.
    fn order(&self) -> Vec<&str> {
        let entries = || self.fields().into_iter().flat_map(|fields| &fields.entries);
        let mut order = Vec::new();
        for key in self.properties.keys() {
            order.push(key.as_str());
            let brought = entries().filter(|entry| entry.gate.as_ref().is_some_and(|gate| gate.key == *key));
            order.extend(brought.map(|entry| entry.name.as_str()));
        }
        order.push("*");
        order
    }

    /// Lets the field of each answer appear only with that answer to the question `key`.
    pub(super) fn gate(&mut self, key: &str, question: Value, answers: &[(Value, Option<String>)], index: usize) {
        let mut branches = Vec::new();
        for (answer, field) in answers {
            let mut properties = Map::from_iter([(key.to_owned(), json!({ "enum": [answer] }))]);
            let mut branch = Map::new();
            if let Some(field) = field {
                properties.extend(self.properties.shift_remove(field).map(|schema| (field.clone(), schema)));
                branch.insert("required".into(), json!([field]));
                self.close_gate(field, key, answer);
            }
            branch.insert("properties".into(), Value::Object(properties));
            branches.push(Value::Object(branch));
        }
        if let Some(Value::Object(untouched)) = &mut self.untouched {
            for field in answers.iter().filter_map(|(_, field)| field.as_ref()) {
                untouched.shift_remove(field);
            }
            untouched.extend(question.get("default").map(|answer| (key.to_owned(), answer.clone())));
        }
        let index = index.min(self.properties.len());
        self.properties.shift_insert(index, key.to_owned(), question);
        self.dependencies.insert(key.to_owned(), json!({ "oneOf": branches }));
    }

    fn close_gate(&mut self, field: &str, key: &str, answer: &Value) {
        let Some(fields) = self.fields_mut() else { return };
        for entry in fields.entries.iter_mut().filter(|entry| entry.name == field) {
            entry.gate = Some(Gate { key: key.to_owned(), answer: answer.clone() });
        }
    }
}

/// A place that nothing is added to any more.
pub(super) struct Finished {
    pub schema: Value,
    pub body: Body,
    pub untouched: Option<Value>,
}

impl Finished {
    /// Whether an optional object, list or map can't be left alone: untouched, the form would refuse it.
    pub(super) fn is_trap(&self) -> bool {
        // The form makes so many items by itself.
        let items = self.schema.get("minItems").and_then(Value::as_u64).is_some_and(|min| min > 0);
        match (&self.untouched, &self.body) {
            (_, Body::Whole) => false,
            (untouched, Body::List(_)) => items && untouched.as_ref().and_then(Value::as_array).is_none_or(Vec::is_empty),
            (untouched, Body::Map(_) | Body::Object(_) | Body::Tagged { .. }) => {
                let empty = Value::Object(Map::new());
                let untouched = untouched.as_ref().unwrap_or(&empty);
                lacks(&self.schema, untouched).unwrap_or_else(|| {
                    jsonschema::draft7::new(&self.schema).map_or(true, |validator| !validator.is_valid(untouched))
                })
            }
        }
    }
}

/// Whether a schema refuses a document for what isn't in it: what is there are defaults, which conform to their own places.
/// `None`: only a validator can tell.
pub(super) fn lacks(schema: &Value, document: &Value) -> Option<bool> {
    let Value::Object(members) = schema else { return Some(*schema == json!(false)) };
    let known = members.get("properties").and_then(Value::as_object);
    any(members.iter().map(|(keyword, value)| match keyword.as_str() {
        "required" => {
            let mut names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            document.as_object().map(|document| names.any(|name| !document.contains_key(name)))
        }
        "properties" => {
            let inner = known.into_iter().flatten().filter_map(|(name, schema)| Some((schema, document.get(name)?)));
            any(inner.map(|(schema, document)| lacks(schema, document)))
        }
        "items" => any(document.as_array().into_iter().flatten().map(|item| lacks(value, item))),
        "additionalProperties" | "propertyNames" => {
            let named = |key| known.is_some_and(|known| known.contains_key(key));
            document.as_object().is_none_or(|document| document.keys().all(named)).then_some(false)
        }
        "minProperties" | "not" | "anyOf" | "oneOf" | "allOf" | "if" | "dependencies" | "contains" | "minItems" => None,
        _ => Some(false),
    }))
}

/// Whether one is so; `None`: perhaps.
fn any(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut sure = true;
    for verdict in verdicts {
        match verdict {
            Some(true) => return Some(true),
            Some(false) => {}
            None => sure = false,
        }
    }
    sure.then_some(false)
}

impl Body {
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Body::Whole)
    }
}

impl Fields {
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

impl Entry {
    /// A JSON Schema for the object around it: the field will be written.
    pub(super) fn is_there(&self) -> Value {
        let mut schema = json!({ "required": [self.name] });
        let mut properties = Map::new();
        match (&self.body, self.presence) {
            (_, Presence::OrEmpty(_)) => return json!({}),
            (Body::List(_), Presence::Filled) => {
                properties.insert(self.name.clone(), json!({ "minItems": 1 }));
            }
            (Body::Map(_), Presence::Filled) => {
                properties.insert(self.name.clone(), json!({ "minProperties": 1 }));
            }
            (Body::Object(fields), Presence::Filled) if !fields.certain() => {
                let any: Vec<Value> = fields.entries.iter().map(Entry::is_there).collect();
                let something = if any.is_empty() { json!(false) } else { json!({ "anyOf": any }) };
                properties.insert(self.name.clone(), something);
            }
            (
                Body::Whole | Body::List(_) | Body::Map(_) | Body::Object(_) | Body::Tagged { .. },
                Presence::Always | Presence::Defined | Presence::Filled,
            ) => {}
        }
        if let Some(gate) = &self.gate {
            properties.insert(gate.key.clone(), json!({ "const": gate.answer }));
        }
        if let (false, Some(schema)) = (properties.is_empty(), schema.as_object_mut()) {
            schema.insert("properties".into(), Value::Object(properties));
        }
        schema
    }
}

impl Fields {
    /// Something of it is printed whenever the object was posted.
    pub(super) fn certain(&self) -> bool {
        self.entries.iter().any(|entry| entry.gate.is_none() && matches!(entry.presence, Presence::Always | Presence::OrEmpty(_)))
    }
}

/// Adds the checks to a schema that has none yet.
pub(super) fn put_conditions<'a>(schema: &mut Map<String, Value>, checks: impl Iterator<Item = &'a Check>) {
    let (mut ifs, mut nots, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for check in checks {
        match check {
            Check::If(parts) => ifs.push(parts.clone()),
            Check::Not(refused, message) => {
                nots.push(refused.clone());
                if !messages.contains(message) {
                    messages.push(message.clone());
                }
            }
        }
    }
    if let (1, Some(only)) = (ifs.len(), ifs.first()) {
        schema.extend(only.clone());
    } else if !ifs.is_empty() {
        schema.insert("allOf".into(), ifs.into_iter().map(Value::Object).collect());
    }
    if !nots.is_empty() {
        let refused = match (nots.len(), nots.first()) {
            (1, Some(only)) => only.clone(),
            _ => json!({ "anyOf": nots }),
        };
        schema.insert("not".into(), refused);
        let mut said = match schema.get("errorMessage") {
            Some(Value::Object(said)) => said.clone(),
            _ => Map::new(),
        };
        said.insert("not".into(), Value::String(messages.join("; ")));
        schema.insert("errorMessage".into(), Value::Object(said));
    }
}
