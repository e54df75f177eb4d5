//! The programs in JavaScript: each is a folder with its packages locked, made ready once in the user's cache.
//!
//! Packages are installed for a lock file and a version of Node, and a program is a folder beside them that links to them: a change
//! of a driver costs no installation. Both appear whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

/// A program, named as its folder.
struct Program {
    name: &'static str,
    /// Another folder whose files it has as well.
    with: Option<&'static str>,
    /// A script that makes the rest of the program's files.
    build: Option<&'static str>,
}

const PROGRAMS: &[Program] = &[
    Program { name: "ajv", with: None, build: None },
    Program { name: "backstage", with: Some("scaffolder"), build: None },
    Program { name: "backstage-previous", with: Some("scaffolder"), build: None },
    Program { name: "form", with: None, build: Some("build.mjs") },
];

/// What decides which packages there are.
const PACKAGES: &[&str] = &[".npmrc", "package-lock.json", "package.json"];

/// Makes a program ready, and says where it is. What is there already is taken as it is.
///
/// # Errors
/// If node or npm isn't there, or the packages can't be had, with npm's own reason.
pub(crate) fn install(name: &str) -> anyhow::Result<PathBuf> {
    let plan = Plan::new(name)?;
    if plan.program.is_dir() {
        return Ok(plan.program);
    }
    std::fs::create_dir_all(&plan.cache).with_context(|| format!("{} can't be made", plan.cache.display()))?;
    if !plan.packages.is_dir() {
        say(name, "installing its packages with npm, which takes minutes");
        let start = Instant::now();
        appear(&plan.cache, &plan.packages, |folder| plan.write_packages(folder))?;
        say(name, &format!("packages installed in {} s", start.elapsed().as_secs()));
    }
    let start = Instant::now();
    appear(&plan.cache, &plan.program, |folder| plan.write_program(folder))?;
    say(name, &format!("ready after {} s", start.elapsed().as_secs()));
    Ok(plan.program)
}

/// Where a program is, if it is installed as it is now.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    Plan::new(name).ok().map(|plan| plan.program).filter(|program| program.is_dir())
}

/// The version of a package that an installed program has.
pub(crate) fn version(program: &Path, package: &str) -> String {
    let text = std::fs::read_to_string(program.join("node_modules").join(package).join("package.json")).unwrap_or_default();
    let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    said["version"].as_str().unwrap_or("of an unknown version").to_owned()
}

/// What a program is made of, and where it belongs.
struct Plan {
    name: &'static str,
    files: BTreeMap<String, Vec<u8>>,
    build: Option<&'static str>,
    cache: PathBuf,
    packages: PathBuf,
    program: PathBuf,
}

impl Plan {
    fn new(name: &str) -> anyhow::Result<Plan> {
        let program =
            PROGRAMS.iter().find(|program| program.name == name).with_context(|| format!("no program is named {name}"))?;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
        let mut files = BTreeMap::new();
        for folder in [Some(program.name), program.with].into_iter().flatten() {
            read(&sources.join(folder), &mut files)?;
        }
        let node = node()?;
        let cache = cache()?;
        let locked = files.iter().filter(|(path, _)| PACKAGES.contains(&path.as_str()));
        let packages = cache.join(format!("{}-packages-{}", program.name, digest(locked, &node)));
        let whole = cache.join(format!("{}-{}", program.name, digest(files.iter(), &node)));
        Ok(Plan { name: program.name, files, build: program.build, cache, packages, program: whole })
    }

    fn write_packages(&self, folder: &Path) -> anyhow::Result<()> {
        self.write(folder, |path| PACKAGES.contains(&path))?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"]).current_dir(folder);
        if let (Some(headers), None) = (headers(), std::env::var_os("npm_config_nodedir")) {
            npm.env("npm_config_nodedir", headers);
        }
        let output = npm.output().context("npm can't be started: is it installed?")?;
        ensure!(
            output.status.success(),
            "npm can't install the packages of {} (where no compiled module can be had, a C++ compiler, make and Python 3 are needed):\n{}",
            self.name,
            tail(&output),
        );
        Ok(())
    }

    fn write_program(&self, folder: &Path) -> anyhow::Result<()> {
        self.write(folder, |_| true)?;
        std::os::unix::fs::symlink(self.packages.join("node_modules"), folder.join("node_modules"))?;
        if let Some(script) = self.build {
            let output = Command::new("node").arg(script).current_dir(folder).output().context("node can't be started")?;
            ensure!(output.status.success(), "{script} of {} failed:\n{}", self.name, tail(&output));
        }
        Ok(())
    }

    fn write(&self, folder: &Path, which: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        for (path, content) in self.files.iter().filter(|(path, _)| which(path)) {
            std::fs::write(folder.join(path), content).with_context(|| format!("{path} of {} can't be written", self.name))?;
        }
        Ok(())
    }
}

/// Fills a folder beside `to`, then moves it there. Who comes second finds it there, and takes that.
fn appear(cache: &Path, to: &Path, fill: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix(".installing-").tempdir_in(cache)?;
    fill(folder.path())?;
    match std::fs::rename(folder.path(), to) {
        Ok(()) => {
            let _moved_away = folder.keep();
            Ok(())
        }
        Err(_) if to.is_dir() => Ok(()),
        Err(error) => Err(error).with_context(|| format!("{} can't be made", to.display())),
    }
}

/// The files of a folder; a program has no folders in it.
fn read(folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// The first twelve digits of a digest of some files and of the node that runs them.
fn digest<'f>(files: impl Iterator<Item = (&'f String, &'f Vec<u8>)>, node: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(node);
    for (path, content) in files {
        digest.update(path);
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(content);
    }
    digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Node's version and the kind of machine: compiled modules are for both.
fn node() -> anyhow::Result<String> {
    let output = Command::new("node").args(["-p", "process.version + process.platform + process.arch"]).output();
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Ok(output) => bail!("node doesn't run:\n{}", tail(&output)),
        Err(_) => bail!("node isn't there: install Node.js 20 or a later one, with npm"),
    }
}

/// Node's own headers, if they were installed with it: then nothing has to be got to compile a module.
fn headers() -> Option<PathBuf> {
    let output = Command::new("node").args(["-p", "process.execPath"]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let prefix = path.parent()?.parent()?;
    prefix.join("include/node/node_version.h").is_file().then(|| prefix.to_owned())
}

fn cache() -> anyhow::Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set: there is no place for programs")?.join("trefoil/audit"))
}

/// The last of what a program said.
fn tail(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    let lines: Vec<&str> = said.lines().collect();
    lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n")
}

fn say(name: &str, what: &str) {
    eprintln!("{name}: {what}");
}
