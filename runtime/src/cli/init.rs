//! `init-repo`: a releases repository that people can work in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use runtime::manifest::layout::Content;
use runtime::manifest::name::TenantName;
use runtime::manifest::yaml;
use runtime::{Remote, Repository};
use serde_json::{Map, Value, json};

use super::session::Session;
use super::{Exit, Usage, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    folder: PathBuf,
    /// Who owns a tenant's releases, as the Git service calls them: `acme=@example-org/acme`
    #[arg(long = "owner", value_name = "TENANT=OWNER", value_parser = owner)]
    owners: Vec<(TenantName, String)>,
    /// Who owns everything else
    #[arg(long, value_name = "OWNER", default_value = "")]
    platform_owner: String,
    /// Leave it empty: no files for people
    #[arg(long)]
    bare: bool,
}

fn owner(text: &str) -> Result<(TenantName, String), String> {
    let (tenant, owner) = text.split_once('=').ok_or("expected TENANT=OWNER")?;
    let tenant = TenantName::parse(tenant).map_err(|error| error.to_string())?;
    let right = owner.contains('@') && !owner.chars().any(|c| c.is_control() || c == '#');
    right
        .then(|| (tenant, owner.to_owned()))
        .ok_or_else(|| "expected an owner as @user, @organisation/team or an address".to_owned())
}

pub(crate) fn init(session: &Session<'_>, args: &Args) -> anyhow::Result<Exit> {
    let (folder, branch) = (&args.folder, session.branch());
    if folder.exists() {
        bail!("{} is already there", folder.display());
    }
    // The name of the branch is checked before anything is made.
    Remote::parse(&folder.to_string_lossy(), branch).map_err(|error| Usage(error.to_string()))?;
    let files = if args.bare { BTreeMap::new() } else { files(session, args)? };
    Repository::init(folder, branch, &files)?;
    output::line(&format!(
        "{} is made: a repository for releases, with the branch {branch} and {} files",
        folder.display(),
        files.len()
    ));
    Ok(Exit::Done)
}

fn files(session: &Session<'_>, args: &Args) -> anyhow::Result<BTreeMap<String, String>> {
    let catalog = &session.catalog;
    let mut files = BTreeMap::new();
    let mut bound = Map::new();
    for service in catalog.services() {
        let layouts = &catalog.layouts;
        // A file of values alone is no manifest.
        let Some(glob) = layouts.glob(service).filter(|_| layouts.content(service) == Some(Content::Manifest)) else { continue };
        let path = format!("schemas/{service}.schema.json");
        bound.insert(format!("./{path}"), glob.into());
        files.insert(path, format!("{:#}\n", catalog.contract(service)?.schema()));
    }
    let settings = json!({ "yaml.schemas": bound });
    files.insert(".vscode/settings.json".to_owned(), format!("{settings:#}\n"));
    files.insert(".vscode/extensions.json".to_owned(), format!("{:#}\n", json!({ "recommendations": ["redhat.vscode-yaml"] })));
    files.insert(".github/workflows/validate.yaml".to_owned(), workflow(session));
    files.insert("CODEOWNERS".to_owned(), owners(args));
    files.insert("README.md".to_owned(), readme(session).context("README can't be made")?);
    Ok(files)
}

fn workflow(session: &Session<'_>) -> String {
    let platform = session.catalog.platform.repository.url();
    let branch = &session.catalog.platform.repository.branch;
    let run = |name: &str, run: String| json!({ "name": name, "run": run });
    let install = format!("cargo install --locked --git {platform} --branch {branch} runtime");
    let steps: Vec<Value> = vec![
        json!({ "uses": "actions/checkout@v4" }),
        run("The platform's own checks", install),
        run("Every release is valid, and where it belongs", "trefoil validate --folder .".to_owned()),
    ];
    yaml::write(&json!({
        "name": "validate",
        "on": { "pull_request": {}, "push": { "branches": [session.branch()] } },
        "permissions": { "contents": "read" },
        "jobs": { "validate": { "runs-on": "ubuntu-latest", "steps": steps } },
    }))
}

/// The last line that matches counts, so tenants come after everything else.
fn owners(args: &Args) -> String {
    let mut text = "# Who is asked about a change: the last line that matches a path counts.\n".to_owned();
    match args.platform_owner.as_str() {
        "" => text.push_str("# * @organisation/platform-team\n"),
        owner => text.push_str(&format!("* {owner}\n")),
    }
    for (tenant, owner) in &args.owners {
        text.push_str(&format!("/{tenant}/ {owner}\n"));
    }
    if args.owners.is_empty() {
        text.push_str("# /acme/ @organisation/acme\n");
    }
    text
}

fn readme(session: &Session<'_>) -> anyhow::Result<String> {
    let catalog = &session.catalog;
    let mut rows = String::new();
    for service in catalog.services() {
        if let Some(glob) = catalog.layouts.glob(service) {
            rows.push_str(&format!("| `{service}` | `{glob}` |\n"));
        }
    }
    Ok(format!(
        "# Releases\n\nEach file is one release of a managed service; the branch `{}` is what runs. The platform is {}.\n\n\
         | service | where |\n| --- | --- |\n{rows}\n\
         Editors complete and check manifests by `schemas/` (Visual Studio Code with the extension that it recommends here; others read the same \
         schemas). `trefoil validate --folder .` says what CI will say.\n",
        session.branch(),
        catalog.platform.repository.url()
    ))
}
