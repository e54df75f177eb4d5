//! Secrets: the release names them, Flux reads them, and the chart gets the values as its schema wants them.

use serde_json::{Value, json};

use super::cel::is_reserved;
use super::form::{Form, form};
use crate::model::{Object, Rest, Schema, Service, Shape, Types};

/// The longest `targetPath` of a HelmRelease (fluxcd/helm-controller, `config/crd/bases`).
const LONGEST: usize = 250;

/// An object with references to Secrets somewhere inside.
#[derive(Debug)]
pub(super) struct Holder {
    /// The API knows its fields; otherwise it is an `object`, and these are the ones with secrets only.
    typed: bool,
    fields: Vec<(String, Part)>,
}

#[derive(Debug)]
enum Part {
    /// A reference.
    Secret,
    /// References are inside.
    Holder(Holder),
    /// Neither.
    Plain,
}

/// The references of a service, if it has any; or why Flux can't put the Secrets' values there.
pub(super) fn secrets(service: &Service) -> Result<Option<Holder>, String> {
    let mut search = Search { types: &service.types, open: Vec::new() };
    let Part::Holder(root) = search.part(&service.values, Within::Root)? else { return Ok(None) };
    references(&root).iter().try_for_each(Reference::fits)?;
    Ok(Some(root))
}

/// What a place stands in.
#[derive(Clone, Copy)]
enum Within {
    /// It is the root, which has a type of its own whatever it says of other keys.
    Root,
    /// A type with fields.
    Typed,
    /// Something whose content the API doesn't know.
    Open,
}

struct Search<'a> {
    types: &'a Types,
    /// The named types that we are inside of.
    open: Vec<&'a str>,
}

impl<'a> Search<'a> {
    fn part(&mut self, schema: &'a Schema, within: Within) -> Result<Part, String> {
        if schema.notes.secret {
            return Ok(Part::Secret);
        }
        match &schema.shape {
            Shape::Object(object) => self.object(schema, object, within),
            Shape::Named(name) if !self.open.contains(&name.as_str()) => {
                self.open.push(name);
                let part = self.types.get(name).map_or(Ok(Part::Plain), |target| self.part(target, within));
                self.open.pop();
                part
            }
            Shape::List(list) => self.nowhere(&list.item),
            Shape::Map(map) => self.nowhere(&map.value),
            Shape::Union(branches) => branches.iter().try_fold(Part::Plain, |_, branch| self.nowhere(branch)),
            Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) => Ok(Part::Plain),
            Shape::Number(_) | Shape::Text(_) | Shape::Choice(_) | Shape::Named(_) => Ok(Part::Plain),
        }
    }

    fn object(&mut self, schema: &'a Schema, object: &'a Object, within: Within) -> Result<Part, String> {
        let typed = match within {
            Within::Root => true,
            Within::Typed => form(schema, self.types, &self.open) == Form::Struct,
            Within::Open => false,
        };
        let inside = if typed { Within::Typed } else { Within::Open };
        let mut fields = Vec::new();
        for field in &object.fields {
            if form(&field.schema, self.types, &self.open) != Form::Gone {
                fields.push((field.name.clone(), self.part(&field.schema, inside)?));
            }
        }
        if let Rest::Of(rest) = &object.rest {
            self.nowhere(rest)?;
        }
        if fields.iter().all(|(_, part)| matches!(part, Part::Plain)) {
            return Ok(Part::Plain);
        }
        if !typed {
            fields.retain(|(_, part)| !matches!(part, Part::Plain));
        }
        Ok(Part::Holder(Holder { typed, fields }))
    }

    /// Flux puts a Secret's value at one fixed place.
    fn nowhere(&mut self, schema: &'a Schema) -> Result<Part, String> {
        match self.part(schema, Within::Open)? {
            Part::Plain => Ok(Part::Plain),
            Part::Secret | Part::Holder(_) => {
                Err("a secret stands in a list or a map, where Flux can't put its value".to_owned())
            }
        }
    }
}

/// What the HelmRelease gets as `values`: the release's, without the references.
pub(super) fn values(secrets: Option<&Holder>) -> Value {
    match secrets {
        None => json!("${schema.spec.values}"),
        Some(root) => json!(format!("${{{}}}", without(root, &At::root(), 0))),
    }
}

/// An expression of KRO, and what it knows of the value.
struct At {
    x: String,
    /// Its keys are as people wrote them; KRO escapes the names of the fields that it has types for.
    raw: bool,
}

impl At {
    fn root() -> At {
        At { x: "schema.spec.values".to_owned(), raw: false }
    }

    /// The same value, where `holder` or a name needs the keys as they are. The way through JSON makes doubles of integers,
    /// so only what has no other name takes it.
    fn reaching(&self, holder: &Holder, name: &str) -> At {
        match (holder.typed && !self.raw, escaped(name)) {
            (true, Some(_)) => At { x: self.x.clone(), raw: false },
            (true, None) => At { x: format!("json.unmarshal(json.marshal({}))", self.x), raw: true },
            (false, _) if self.raw => At { x: self.x.clone(), raw: true },
            // KRO takes an `object` for a type without fields.
            (false, _) => At { x: format!("dyn({})", self.x), raw: true },
        }
    }

    /// The field, if it is there.
    fn maybe(&self, name: &str) -> String {
        match escaped(name).filter(|_| !self.raw) {
            Some(name) => format!("{}.?{name}", self.x),
            None => format!("{}[?{}]", self.x, quoted(name)),
        }
    }

    /// The condition that the field is there.
    fn has(&self, name: &str) -> String {
        match escaped(name).filter(|_| !self.raw) {
            Some(name) => format!("has({}.{name})", self.x),
            None => format!("{} in {}", quoted(name), self.x),
        }
    }

    fn field(&self, name: &str) -> At {
        let x = match escaped(name).filter(|_| !self.raw) {
            Some(name) => format!("{}.{name}", self.x),
            None => format!("{}[{}]", self.x, quoted(name)),
        };
        At { x, raw: self.raw }
    }
}

/// The object without the references in it.
fn without(holder: &Holder, at: &At, depth: usize) -> String {
    match holder.typed {
        true => picked(holder, at, depth),
        false => filtered(holder, &format!("dyn({})", at.x), depth),
    }
}

/// Its fields one by one, all of which are known. To filter the whole would give KRO's names for them.
fn picked(holder: &Holder, at: &At, depth: usize) -> String {
    let entry = |(name, part): &(String, Part)| {
        let at = at.reaching(holder, name);
        let (key, found, value) = (quoted(name), at.maybe(name), format!("v{depth}"));
        match part {
            Part::Secret => None,
            Part::Plain => Some(format!("?{key}: {found}")),
            Part::Holder(inner) => {
                let inner = without(inner, &At { x: value.clone(), raw: at.raw }, depth + 1);
                Some(format!("?{key}: {found}.optMap({value}, {inner})"))
            }
        }
    };
    format!("{{{}}}", holder.fields.iter().filter_map(entry).collect::<Vec<_>>().join(", "))
}

/// All of its keys but the references; nobody knows which there are.
fn filtered(holder: &Holder, x: &str, depth: usize) -> String {
    let (key, value) = (format!("k{depth}"), format!("v{depth}"));
    let (mut gone, mut new) = (Vec::new(), value.clone());
    for (name, part) in &holder.fields {
        match part {
            Part::Plain => {}
            Part::Secret => gone.push(format!("{key} != {}", quoted(name))),
            Part::Holder(inner) => {
                new = format!("{key} == {} ? dyn({}) : dyn({new})", quoted(name), filtered(inner, &value, depth + 1));
            }
        }
    }
    let filter = if gone.is_empty() { "true".to_owned() } else { gone.join(" && ") };
    format!("{x}.transformMap({key}, {value}, {filter}, {new})")
}

/// A place that names a Secret.
struct Reference {
    /// The conditions that it is there.
    there: Vec<String>,
    at: At,
    path: Vec<String>,
}

impl Reference {
    /// Flux reads the names of a path as `helm --set` does.
    fn target(&self) -> String {
        self.path.iter().map(|name| name.replace('.', "\\.")).collect::<Vec<_>>().join(".")
    }

    fn fits(&self) -> Result<(), String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        match self.path.iter().all(|name| !name.is_empty() && name.chars().all(fits)) && self.target().len() <= LONGEST {
            true => Ok(()),
            false => Err(format!("Flux can't put a secret's value at {}", quoted(&self.path.join(".")))),
        }
    }

    fn entry(&self) -> String {
        let Reference { there, at: At { x, .. }, .. } = self;
        format!(
            "({} ? [{{\"kind\": \"Secret\", \"name\": {x}.name, \"valuesKey\": {x}.key, \"targetPath\": {}, \"literal\": true}}] : [])",
            there.join(" && "),
            quoted(&self.target())
        )
    }
}

fn references(root: &Holder) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(root, &Reference { there: Vec::new(), at: At::root(), path: Vec::new() }, &mut found);
    found
}

fn collect(holder: &Holder, to: &Reference, found: &mut Vec<Reference>) {
    for (name, part) in &holder.fields {
        let at = to.at.reaching(holder, name);
        let there = [to.there.clone(), vec![at.has(name)]].concat();
        let path = [to.path.clone(), vec![name.clone()]].concat();
        let reference = Reference { there, at: at.field(name), path };
        match part {
            Part::Plain => {}
            Part::Secret => found.push(reference),
            Part::Holder(inner) => collect(inner, &reference, found),
        }
    }
}

/// Where Flux reads the values of the Secrets that the release names.
pub(super) fn values_from(secrets: &Holder) -> Value {
    let entries: Vec<_> = references(secrets).iter().map(Reference::entry).collect();
    json!(format!("${{{}}}", entries.join(" + ")))
}

/// KRO finds the end of an expression by braces, and knows only these quotes.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A property's name in KRO's expressions, if it has one (kubernetes/apiserver, `pkg/cel/escaping.go`).
fn escaped(name: &str) -> Option<String> {
    if is_reserved(name) {
        return Some(format!("__{name}__"));
    }
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(known) {
        return None;
    }
    let name = name.replace("__", "__underscores__").replace('.', "__dot__");
    Some(name.replace('-', "__dash__").replace('/', "__slash__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &str) -> (String, Part) {
        (name.to_owned(), Part::Plain)
    }

    fn secret(name: &str) -> (String, Part) {
        (name.to_owned(), Part::Secret)
    }

    fn holder(typed: bool, fields: Vec<(String, Part)>) -> Holder {
        Holder { typed, fields }
    }

    fn from(root: &Holder) -> String {
        let entries = values_from(root);
        entries.as_str().unwrap().replace(", \"literal\": true", "").replace("\"kind\": \"Secret\", ", "")
    }

    #[test]
    fn references_are_left_out_of_the_values() {
        let auth = holder(true, vec![secret("password"), plain("max-age")]);
        let root = holder(true, vec![secret("my-token"), plain("n"), ("auth".to_owned(), Part::Holder(auth))]);
        assert_eq!(
            values(Some(&root)),
            "${{?\"n\": schema.spec.values.?n, \
             ?\"auth\": schema.spec.values.?auth.optMap(v0, {?\"max-age\": v0.?max__dash__age})}}"
        );
        assert_eq!(
            from(&root),
            "${(has(schema.spec.values.my__dash__token) ? [{\"name\": schema.spec.values.my__dash__token.name, \
             \"valuesKey\": schema.spec.values.my__dash__token.key, \"targetPath\": \"my-token\"}] : []) + \
             (has(schema.spec.values.auth) && has(schema.spec.values.auth.password) ? \
             [{\"name\": schema.spec.values.auth.password.name, \
             \"valuesKey\": schema.spec.values.auth.password.key, \"targetPath\": \"auth.password\"}] : [])}"
        );
    }

    #[test]
    fn names_that_kro_has_no_words_for_are_reached_through_json() {
        let root = holder(true, vec![plain("in"), plain("max age"), secret("1st")]);
        assert_eq!(
            values(Some(&root)),
            "${{?\"in\": schema.spec.values.?__in__, ?\"max age\": json.unmarshal(json.marshal(schema.spec.values))[?\"max age\"]}}"
        );
        let x = "json.unmarshal(json.marshal(schema.spec.values))";
        assert_eq!(
            from(&root),
            format!(
                "${{(\"1st\" in {x} ? [{{\"name\": {x}[\"1st\"].name, \"valuesKey\": {x}[\"1st\"].key, \"targetPath\": \"1st\"}}] : [])}}"
            )
        );
    }

    #[test]
    fn an_object_that_nobody_knows_the_keys_of_keeps_the_others() {
        let open = holder(false, vec![secret("my-pw")]);
        let root = holder(true, vec![("db".to_owned(), Part::Holder(open))]);
        assert_eq!(
            values(Some(&root)),
            "${{?\"db\": schema.spec.values.?db.optMap(v0, dyn(v0).transformMap(k1, v1, k1 != \"my-pw\", v1))}}"
        );
        let x = "dyn(schema.spec.values.db)";
        assert_eq!(
            from(&root),
            format!(
                "${{(has(schema.spec.values.db) && \"my-pw\" in {x} ? [{{\"name\": {x}[\"my-pw\"].name, \
                 \"valuesKey\": {x}[\"my-pw\"].key, \"targetPath\": \"db.my-pw\"}}] : [])}}"
            )
        );
    }

    #[test]
    fn a_place_that_flux_has_no_path_to_is_refused() {
        let fits = |name: &str| references(&holder(true, vec![secret(name)])).iter().all(|reference| reference.fits().is_ok());
        assert!(fits("a.b/c-d_e"));
        assert!(!fits("pass word") && !fits("a=b") && !fits("") && !fits(&"x".repeat(251)));
    }
}
