//! Secrets: the release names them, Flux reads them, and the chart gets the values as its schema wants them.

use serde_json::{Value, json};

use crate::model::{Rest, Schema, Service, Shape, Types};

/// The fields, from the root, that hold a reference to a Secret; or why Flux can't put the Secrets' values there.
pub(super) fn secrets(service: &Service) -> Result<Vec<Vec<String>>, String> {
    let mut found = Vec::new();
    collect(&service.values, &service.types, &mut Vec::new(), &mut Vec::new(), &mut found)?;
    Ok(found)
}

fn collect<'a>(
    schema: &'a Schema,
    types: &'a Types,
    path: &mut Vec<String>,
    open: &mut Vec<&'a str>,
    found: &mut Vec<Vec<String>>,
) -> Result<(), String> {
    if schema.notes.secret {
        found.push(path.clone());
        return Ok(());
    }
    match &schema.shape {
        Shape::Object(object) => {
            for field in &object.fields {
                path.push(field.name.clone());
                collect(&field.schema, types, path, open, found)?;
                path.pop();
            }
            match &object.rest {
                Rest::Of(rest) => nowhere(rest, types, open),
                Rest::Closed | Rest::Unsaid | Rest::Open => Ok(()),
            }
        }
        Shape::Named(name) if !open.contains(&name.as_str()) => {
            open.push(name);
            let result = types.get(name).map_or(Ok(()), |target| collect(target, types, path, open, found));
            open.pop();
            result
        }
        Shape::List(list) => nowhere(&list.item, types, open),
        Shape::Map(map) => nowhere(&map.value, types, open),
        Shape::Union(branches) => branches.iter().try_for_each(|branch| nowhere(branch, types, open)),
        Shape::Anything | Shape::Nothing | Shape::Boolean | Shape::Integer(_) => Ok(()),
        Shape::Number(_) | Shape::Text(_) | Shape::Choice(_) | Shape::Named(_) => Ok(()),
    }
}

/// Flux puts a Secret's value at one fixed place.
fn nowhere<'a>(schema: &'a Schema, types: &'a Types, open: &mut Vec<&'a str>) -> Result<(), String> {
    let mut found = Vec::new();
    collect(schema, types, &mut Vec::new(), open, &mut found)?;
    match found.is_empty() {
        true => Ok(()),
        false => Err("a secret stands in a list or a map, where Flux can't put its value".to_owned()),
    }
}

/// What the HelmRelease gets as `values`: the release's, without the references.
pub(super) fn values(secrets: &[Vec<String>]) -> Value {
    match secrets {
        [] => json!("${schema.spec.values}"),
        secrets => {
            let paths: Vec<_> = secrets.iter().map(Vec::as_slice).collect();
            json!(format!("${{{}}}", without("json.unmarshal(json.marshal(schema.spec.values))", &paths, 0)))
        }
    }
}

/// The map that `x` gives, without what stands at the paths.
fn without(x: &str, paths: &[&[String]], depth: usize) -> String {
    let (key, value) = (format!("k{depth}"), format!("v{depth}"));
    let (mut gone, mut inner) = (Vec::new(), Vec::<(&String, Vec<&[String]>)>::new());
    for path in paths {
        match path {
            [] => {}
            [last] => gone.push(format!("{key} != {}", quoted(last))),
            [first, rest @ ..] => match inner.iter_mut().find(|(name, _)| *name == first) {
                Some((_, paths)) => paths.push(rest),
                None => inner.push((first, vec![rest])),
            },
        }
    }
    let new = inner.iter().fold(value.clone(), |otherwise, (name, paths)| {
        format!("{key} == {} ? dyn({}) : dyn({otherwise})", quoted(name), without(&value, paths, depth + 1))
    });
    let filter = if gone.is_empty() { "true".to_owned() } else { gone.join(" && ") };
    format!("{x}.transformMap({key}, {value}, {filter}, {new})")
}

/// Where Flux reads the values of the Secrets that the release names.
pub(super) fn values_from(secrets: &[Vec<String>]) -> Value {
    let entry = |path: &Vec<String>| {
        let mut x = "schema.spec.values".to_owned();
        let mut there = Vec::new();
        for name in path {
            x = format!("{x}.{}", escaped(name));
            there.push(format!("has({x})"));
        }
        let target: Vec<_> = path.iter().map(|name| name.replace('.', "\\.")).collect();
        let target = quoted(&target.join("."));
        format!(
            "({} ? [{{\"kind\": \"Secret\", \"name\": {x}.name, \"valuesKey\": {x}.key, \"targetPath\": {target}, \"literal\": true}}] : [])",
            there.join(" && ")
        )
    };
    json!(format!("${{{}}}", secrets.iter().map(entry).collect::<Vec<_>>().join(" + ")))
}

/// KRO finds the end of an expression by braces, and knows only these quotes.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A property's name in KRO's expressions (kubernetes/apiserver, `pkg/cel/escaping.go`).
fn escaped(name: &str) -> String {
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_left_out_of_the_values() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            values(&[path("token"), path("auth.password")]),
            "${json.unmarshal(json.marshal(schema.spec.values)).transformMap(k0, v0, k0 != \"token\", \
             k0 == \"auth\" ? dyn(v0.transformMap(k1, v1, k1 != \"password\", v1)) : dyn(v0))}"
        );
        assert_eq!(
            values_from(&[path("my-token")]),
            "${(has(schema.spec.values.my__dash__token) ? [{\"kind\": \"Secret\", \"name\": schema.spec.values.my__dash__token.name, \
             \"valuesKey\": schema.spec.values.my__dash__token.key, \"targetPath\": \"my-token\", \"literal\": true}] : [])}"
        );
    }
}
