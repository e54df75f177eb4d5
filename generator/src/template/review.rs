//! The form's last page, which lists what will be posted: by title, and of several rows with the same title only the last.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Gives every row a name of its own, and a map one row.
pub(super) fn name_rows(pages: &mut [Value]) {
    let mut uses = BTreeMap::new();
    for page in pages.iter_mut() {
        fields(page, &mut Vec::new(), &mut |title, _, _| *uses.entry(title.to_owned()).or_insert(0) += 1);
    }
    for page in pages.iter_mut() {
        fields(page, &mut Vec::new(), &mut |title, around, field| {
            if is_map(field) {
                review(field, "explode", json!(false));
            }
            if uses.get(title).is_some_and(|uses| *uses > 1) && !around.is_empty() {
                review(field, "name", json!(format!("{} > {title}", around.join(" > "))));
            }
        });
    }
}

/// Calls `each` with the title of each row, those of the objects around it, and its schema.
fn fields(schema: &mut Value, around: &mut Vec<String>, each: &mut impl FnMut(&str, &[String], &mut Map<String, Value>)) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut() {
            let Some(title) = property.get("title").and_then(Value::as_str).map(str::to_owned) else { continue };
            if property.get("properties").is_some() {
                around.push(title);
                fields(property, around, each);
                around.pop();
            } else if let Some(property) = property.as_object_mut() {
                each(&title, around, property);
            }
        }
    }
    for dependency in schema.get_mut("dependencies").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        for branch in dependency.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
            fields(branch, around, each);
        }
    }
}

fn is_map(field: &Map<String, Value>) -> bool {
    field.get("additionalProperties").is_some_and(Value::is_object)
}

fn review(field: &mut Map<String, Value>, option: &str, value: Value) {
    let own = field.entry("ui:backstage").or_insert_with(|| json!({ "review": {} }));
    if let Some(Value::Object(options)) = own.get_mut("review") {
        options.insert(option.to_owned(), value);
    }
}
