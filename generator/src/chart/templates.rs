//! Named templates: the platform's names, and the library that each chart gets a copy of.

use manifest::name::ServiceName;
use manifest::platform::Platform;

use crate::File;
use crate::mark::mark;

/// `_platform.tpl`: what depends on the fork's settings.
pub(crate) fn platform_templates(platform: &Platform) -> String {
    let mut text = comment("platform.toml");
    let naming = &platform.naming;
    for (name, says, body) in [
        ("apiVersion", "The services' API: group and version.", platform.api_version()),
        ("group", "The services' API group.", platform.api.group.clone()),
        ("namespace", "The namespace of the tenants' own releases.", platform.namespaces.platform.clone()),
        (
            "tenantNamespace",
            "dict \"tenant\" string: the namespace of a tenant's releases.",
            actions(&platform.namespaces.tenant),
        ),
        ("tenantName", "dict \"tenant\" string: the name of a tenant's own object.", actions(&naming.tenant)),
        (
            "releaseName",
            "dict \"tenant\" string \"name\" string \"service\" string: the name of a release's object.",
            actions(&naming.release),
        ),
    ] {
        text.push_str(&format!("\n{{{{- /* {says} */}}}}\n{{{{- define \"platform.{name}\" -}}}}\n{body}\n{{{{- end }}}}\n"));
    }
    text
}

/// A chart's copy of the shared library.
pub(crate) fn library(service: &ServiceName, text: &str) -> File {
    let path = format!("charts/{service}/templates/_lib.tpl");
    File { path, content: format!("{}{text}", comment("charts/lib/_lib.tpl")).into() }
}

fn comment(source: &str) -> String {
    format!("{{{{- /* {} */ -}}}}\n", mark(source))
}

/// `{tenant}-tenant` with Helm's actions in place of the placeholders.
fn actions(template: &str) -> String {
    ["tenant", "name", "service"]
        .iter()
        .fold(template.to_owned(), |text, word| text.replace(&format!("{{{word}}}"), &format!("{{{{ .{word} }}}}")))
}
