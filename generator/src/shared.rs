//! What all services share: registries, the crate of models, settings for editors, reference pages.

use manifest::platform::Platform;
use serde_json::Value;

use crate::ledger::Target;
use crate::mark::mark;
use crate::model::Service;
use crate::{Code, File, Inputs, Made, chart, definition, editor, ledger, parallel, rust, template};

/// The files that aren't any single service's, and those that need more than the model.
pub(crate) fn files(services: &[Made], inputs: &Inputs) -> Vec<File> {
    let models: Vec<&Service> = services.iter().map(|made| &made.service).collect();
    let given = |target: Target| -> Vec<&Service> {
        services.iter().filter(|made| made.gives(target)).map(|made| &made.service).collect()
    };
    let mut files = vec![
        template::registry(&given(Target::Backstage), &inputs.platform),
        platform_schema(),
        settings_page(),
        diagnostics_page(),
    ];
    files.extend(definition::source(&inputs.platform));
    files.extend(rust::crate_files(&given(Target::Rust), &inputs.platform));
    files.extend(editor::shared(&models, &inputs.platform));
    let own = |made: &Made| {
        let ledger = File { path: format!("ledger/{}.json", made.service.name), content: ledger::file(made).into() };
        [chart::library(&made.service.name, &inputs.library), ledger]
    };
    files.extend(parallel::each(services, own).into_iter().flatten());
    files
}

/// The JSON Schema of `platform.toml`, for editors.
fn platform_schema() -> File {
    let mut schema = Platform::json_schema();
    if let Some(members) = schema.as_object_mut() {
        members.insert("$comment".to_owned(), mark("the settings' own type").into());
    }
    let content = serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n";
    File { path: "docs/platform.schema.json".to_owned(), content: content.into() }
}

/// Every setting of `platform.toml`, with its default.
fn settings_page() -> File {
    let schema = Platform::json_schema();
    let mut content = format!("<!-- {} -->\n# Settings of a fork: `platform.toml`\n\n", mark("the settings' own type"));
    content.push_str(
        "Write down what is different for you, then run `cargo xtask generate`: every file that it concerns follows.\n",
    );
    content.push_str("`docs/platform.schema.json` gives completion in editors that read TOML schemas.\n");
    for (section, entry) in members(&schema, "properties") {
        let section_schema = resolved(&schema, entry);
        content.push_str(&format!("\n## `[{section}]`\n\n{}\n", text(entry, "description")));
        let settings = members(section_schema, "properties");
        if settings.is_empty() {
            continue;
        }
        content.push_str("\n| setting | default | |\n| --- | --- | --- |\n");
        for (name, setting) in settings {
            let default = setting.get("default").filter(|default| !default.is_null());
            let default = default.map_or("not set".to_owned(), |default| format!("`{default}`"));
            let description = text(setting, "description").replace('\n', " ").replace('|', "\\|");
            content.push_str(&format!("| `{name}` | {default} | {description} |\n"));
        }
    }
    File { path: "docs/settings.md".to_owned(), content: content.into() }
}

fn members<'a>(schema: &'a Value, key: &str) -> Vec<(&'a String, &'a Value)> {
    schema.get(key).and_then(Value::as_object).map(|members| members.iter().collect()).unwrap_or_default()
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let direct = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"));
    let pointer = direct.and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Every code with its meaning.
fn diagnostics_page() -> File {
    let mut content = format!("<!-- {} -->\n# Diagnostics\n\n", mark("the list of codes"));
    content.push_str("Each problem has a stable code. `generate` and `new` stop at errors; `validate` refuses warnings as well; notes inform.\n\n");
    content.push_str("| code | meaning |\n| --- | --- |\n");
    for code in Code::ALL {
        content.push_str(&format!("| `{}` | {} |\n", code.as_str(), code.meaning().trim().replace('|', "\\|")));
    }
    File { path: "docs/diagnostics.md".to_owned(), content: content.into() }
}
