//! Programs and files of Go modules. Each program is a module of its own with a committed lock file, since what they depend on conflicts.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A program of a module below `programs/`.
pub(super) struct Package {
    /// The module's folder.
    pub folder: &'static str,
    /// The package with the program.
    pub package: &'static str,
    /// For the linker, beside what keeps the program small.
    pub ldflags: &'static str,
}

/// A folder of a module that is wanted as it is.
pub(super) struct Files {
    /// Of the folder that they are put into.
    pub name: &'static str,
    /// With the version.
    pub module: &'static str,
    /// In the module.
    pub folder: &'static str,
}

/// The package of a driver of ours: the module's own.
pub(super) const OWN: &str = ".";

/// The module that our drivers share.
const SHARED: &str = "answer";

impl Package {
    /// Changes with everything that the program is made of.
    pub(super) fn key(&self) -> anyhow::Result<String> {
        let mut hash = Sha256::new();
        add(&mut hash, &[self.package.as_bytes(), self.ldflags.as_bytes(), version()?.as_bytes()]);
        add_files(&mut hash, &folder_of_files(self.folder)?)?;
        if self.package == OWN {
            add_files(&mut hash, &folder_of_files(SHARED)?)?;
        }
        Ok(hex(&hash.finalize()))
    }

    /// Builds the program as `into`.
    pub(super) fn build(&self, into: &Path) -> anyhow::Result<()> {
        let mut command = tool();
        command.arg("build").arg("-o").arg(into).arg("-ldflags").arg(format!("-s -w {}", self.ldflags)).arg(self.package);
        // What the lock file doesn't say isn't taken, and the result doesn't depend on where it is built.
        command.current_dir(folder(self.folder)).env("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false");
        run(command).map(drop)
    }
}

/// Changes with the modules that the files are of.
pub(super) fn key_of_files(files: &[Files]) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    for files in files {
        add(&mut hash, &[files.name, files.module, files.folder].map(str::as_bytes));
    }
    add_files(&mut hash, &folder_of_files(SUMS)?)?;
    Ok(hex(&hash.finalize()))
}

/// The folder with the checksums of the modules that only files are taken of.
const SUMS: &str = "crds";

/// Copies the files into folders of their names.
pub(super) fn copy(wanted: &[Files], into: &Path) -> anyhow::Result<()> {
    let sums = std::fs::read_to_string(folder(SUMS).join("go.sum")).context("the modules' checksums can't be read")?;
    for files in wanted {
        let mut command = tool();
        command.args(["mod", "download", "-json", files.module]).current_dir(into).env("GOFLAGS", "-mod=mod");
        let said: Value = serde_json::from_slice(&run(command)?.stdout).context("Go said no JSON of a module")?;
        let line = format!("{} {}", files.module.replace('@', " "), said["Sum"].as_str().unwrap_or_default());
        ensure!(sums.lines().any(|known| known == line), "{} is not what it was: its checksum is {}", files.module, said["Sum"]);
        let from = Path::new(said["Dir"].as_str().context("Go doesn't say where a module is")?).join(files.folder);
        let to = into.join(files.name);
        std::fs::create_dir(&to).with_context(|| format!("{} can't be made", to.display()))?;
        for entry in std::fs::read_dir(&from).with_context(|| format!("{} has no {}", files.module, files.folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                // Not a copy of the file itself, which is read-only in Go's cache.
                let text = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
                std::fs::write(to.join(path.file_name().unwrap_or_default()), text).context("the cache can't be written")?;
            }
        }
    }
    Ok(())
}

/// A folder of `programs/`.
pub(super) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs").join(name)
}

/// Go, which isn't to get another version of itself, and shows nothing of this machine to what it builds.
fn tool() -> Command {
    let mut command = Command::new("go");
    command.env("GOTOOLCHAIN", "local").env("GOWORK", "off").env("CGO_ENABLED", "0");
    command
}

fn run(mut command: Command) -> anyhow::Result<Output> {
    let output = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("Go is not on the path: install Go 1.26 or newer"),
        output => output.context("Go can't be run")?,
    };
    if !output.status.success() {
        // With `-json` the reason is a part of the answer.
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if let Some(error) = answer["Error"].as_str() {
            bail!("Go failed: {error}");
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("go: downloading")).collect();
        bail!("Go failed: {}", lines[lines.len().saturating_sub(3)..].join("; "));
    }
    Ok(output)
}

/// Asked once.
fn version() -> anyhow::Result<&'static str> {
    static VERSION: OnceLock<String> = OnceLock::new();
    if let Some(known) = VERSION.get() {
        return Ok(known);
    }
    let mut command = tool();
    command.args(["env", "GOVERSION"]);
    let said = String::from_utf8_lossy(&run(command)?.stdout).trim().to_owned();
    Ok(VERSION.get_or_init(|| said))
}

fn folder_of_files(name: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = folder(name);
    let entries = std::fs::read_dir(&folder).with_context(|| format!("{} can't be read", folder.display()))?;
    let mut files: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

fn add_files(hash: &mut Sha256, files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        let content = std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
        add(hash, &[file.file_name().unwrap_or_default().as_encoded_bytes(), &content]);
    }
    Ok(())
}

/// With their lengths, so that nothing moves from one part into the next unseen.
fn add(hash: &mut Sha256, parts: &[&[u8]]) {
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
