//! The programs that Trefoil is measured beside, as `scripts/install-peers` installs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::contest::{Program, Run};
use super::fixture::Repository;

/// Programs that make types from a JSON Schema, called with their defaults.
const GENERATORS: [(&str, &str, &str); 3] = [
    (
        "datamodel-codegen, Python",
        "python/bin/datamodel-codegen",
        "--input values.schema.json --input-file-type jsonschema --output values.py",
    ),
    (
        "quicktype, Rust",
        "node_modules/.bin/quicktype",
        "--telemetry disable --src-lang schema --lang rust --out values.rs values.schema.json",
    ),
    ("json-schema-to-typescript", "node_modules/.bin/json2ts", "--input values.schema.json --output values.d.ts"),
];

/// Where peers are installed.
pub(super) fn folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    cache.unwrap_or_default().join("trefoil/peers")
}

pub(super) fn generators<'a>(peers: &'a Path, schema: &'a str) -> impl Iterator<Item = Program<'a>> {
    GENERATORS.iter().map(move |(name, program, arguments)| {
        Program::new(*name, move || {
            let program = peers.join(program);
            let folder = Repository::new()?;
            folder.write("values.schema.json", schema)?;
            let mut command = Command::new(&program);
            command.args(arguments.split(' ')).current_dir(folder.path());
            Ok(program.is_file().then_some(Run { commands: vec![command], folder: Some(folder) }))
        })
    })
}

/// ajv-cli, once for each chart: by `npx --yes ajv-cli`, as a Makefile does it, and directly.
pub(super) fn validators<'a>(peers: &'a Path, repository: &'a Path, services: &'a [String]) -> [Program<'a>; 2] {
    // npx is kept from asking the registry, which a Makefile's does: the network isn't measured.
    let npx = ["npx", "--offline", "--yes", "ajv-cli"].map(PathBuf::from).to_vec();
    let direct = vec![peers.join("node_modules/.bin/ajv")];
    [("npx ajv-cli for each chart", npx), ("ajv-cli for each chart", direct)].map(|(name, words)| {
        Program::new(name, move || {
            let commands = services.iter().map(|service| {
                let chart = repository.join("charts").join(service);
                let mut words = words.iter();
                let mut command = Command::new(words.next().map_or(Path::new("npx"), PathBuf::as_path));
                // npx finds the installed program from here.
                command.args(words).current_dir(peers).env("npm_config_update_notifier", "false");
                // The strict mode refuses keywords that aren't JSON Schema's, such as `x-ui`.
                command.args(["validate", "--spec=draft2020", "--strict=false", "-s"]).arg(chart.join("values.schema.json"));
                command.arg("-d").arg(chart.join("ci/minimal-values.yaml"));
                command
            });
            let run = Run { commands: commands.collect(), folder: None };
            Ok(peers.join("node_modules/.bin/ajv").is_file().then_some(run))
        })
    })
}
