//! `render`: a manifest of a service's values, checked.

use std::path::PathBuf;

use anyhow::{Context, bail};
use runtime::manifest::name::{ReleaseName, ServiceName, TenantName};
use runtime::manifest::{Identity, lay, yaml};
use serde_json::{Map, Value};

use super::session::Session;
use super::{Exit, Format, Usage, files, output, set};

#[derive(clap::Args)]
pub(crate) struct Args {
    service: ServiceName,
    /// Whose release it is
    #[arg(long, short)]
    tenant: TenantName,
    /// What it is called; a tenant's own release has no name
    #[arg(long, short)]
    name: Option<ReleaseName>,
    /// One of the service's flavors to begin with
    #[arg(long)]
    flavor: Option<String>,
    /// Values over the flavor's, from a file; of several the later one wins
    #[arg(long, short = 'f', value_name = "FILE")]
    values: Vec<PathBuf>,
    /// A value over those, as `image.tag="1.4"` or `env[0].name=A`; it is read as YAML
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// A text over those, taken as it stands
    #[arg(long, value_name = "PATH=TEXT")]
    set_string: Vec<String>,
}

pub(crate) fn render(session: &Session<'_>, args: &Args) -> anyhow::Result<Exit> {
    let contract = session.catalog.contract(&args.service)?;
    let identity = identity(args)?;
    let mut values = Value::Object(Map::new());
    if let Some(flavor) = &args.flavor {
        let known = contract.flavors();
        let found = known.get(flavor).with_context(|| {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            let names = if names.is_empty() { "no flavors".to_owned() } else { format!("the flavors {}", names.join(", ")) };
            format!("there is no flavor {flavor:?}: `{}` has {names}", args.service)
        })?;
        lay(&mut values, found);
    }
    for file in &args.values {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        match yaml::read(&text) {
            Ok(found @ Value::Object(_)) => lay(&mut values, &found),
            Ok(Value::Null) => {}
            Ok(_) => bail!("{} holds no mapping of values", file.display()),
            Err(error) => bail!("{}:{error}", file.display()),
        }
    }
    let plain = args.set.iter().map(|assignment| (assignment, false));
    for (assignment, text) in plain.chain(args.set_string.iter().map(|assignment| (assignment, true))) {
        set::set(&mut values, assignment, text).map_err(Usage)?;
    }
    let checked = session.catalog.release(&identity, &session.parts, contract.named(&identity, values));
    let checked = checked.map_err(|error| anyhow::anyhow!("{}", files::problem(args.service.as_str(), &error)))?;
    match session.format {
        Format::Table | Format::Yaml => output::line(yaml::write(checked.manifest()).trim_end()),
        Format::Json => output::value(Format::Json, checked.manifest()),
    }
    Ok(Exit::Done)
}

fn identity(args: &Args) -> anyhow::Result<Identity> {
    let tenant = args.tenant.clone();
    match (&args.name, args.service == ServiceName::tenant()) {
        (None, true) => Ok(Identity::Tenant(tenant)),
        (Some(name), false) => Ok(Identity::Release { tenant, service: args.service.clone(), name: name.clone() }),
        (Some(_), true) => bail!(Usage("a tenant's own release has no name: leave --name out".to_owned())),
        (None, false) => bail!(Usage(format!("say what the release of `{}` is called, with --name", args.service))),
    }
}
