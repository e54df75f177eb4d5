//! The crate around the modules.

use manifest::platform::Platform;

use crate::File;
use crate::mark::mark;
use crate::model::Service;

/// `Cargo.toml`, `lib.rs` for the services that have a module, and the platform's settings.
pub(crate) fn crate_files(services: &[&Service], platform: &Platform) -> Vec<File> {
    let mut names: Vec<_> =
        services.iter().map(|service| (service.name.as_str(), service.name.module(), service.kind.as_str())).collect();
    names.sort_unstable();
    let file = |path: &str, content: String| File { path: format!("generated/{path}"), content: content.into() };
    let settings = serde_json::to_string(platform).unwrap_or_default();
    vec![file("Cargo.toml", cargo(&names)), file("src/lib.rs", lib(&names)), file("src/platform.json", settings + "\n")]
}

fn cargo(names: &[(&str, String, &str)]) -> String {
    let all = names.iter().map(|(name, ..)| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let features = names.iter().map(|(name, ..)| format!("{name} = []\n")).collect::<String>();
    format!(
        "# {}\n\
         [package]\nname = \"generated\"\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
         license.workspace = true\npublish.workspace = true\n\n\
         [features]\ndefault = [{all}]\n{features}\n\
         [dependencies]\nmanifest.workspace = true\nserde.workspace = true\nserde_json.workspace = true\n\n\
         [lints]\nworkspace = true\n",
        mark("schemas/")
    )
}

fn lib(names: &[(&str, String, &str)]) -> String {
    let mut text =
        format!("//! {}\n//!\n//! Typed values of every service, each behind a feature of its name.\n", mark("schemas/"));
    for (name, module, kind) in names {
        text.push_str(&format!(
            "\n/// The values of a release of `{name}`: [`{module}::{kind}`].\n#[rustfmt::skip]\n#[cfg(feature = {name:?})]\npub mod {module};\n"
        ));
    }
    text.push_str(
        "\n/// The settings that all of this was generated with: a `manifest::Platform` as JSON.\n\
         pub const PLATFORM: &str = include_str!(\"platform.json\");\n",
    );
    text.push_str(
        "\n/// The contract of every service that is compiled in, by the service's name.\n\
         #[rustfmt::skip]\npub const CONTRACTS: &[(&str, ::manifest::contract::Load)] = &[\n",
    );
    for (name, module, kind) in names {
        text.push_str(&format!(
            "    #[cfg(feature = {name:?})]\n    ({name:?}, ::manifest::Contract::of::<{module}::{kind}>),\n"
        ));
    }
    text.push_str("];\n");
    text
}
