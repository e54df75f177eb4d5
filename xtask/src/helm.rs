//! What needs Helm: `lint` and `template`. And `clean`, which removes what Helm leaves.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::Context;
use generator::{Code, Diagnostic, Location, Severity};

use crate::locate;
use crate::progress::Progress;
use crate::repository::{self, Absence};
use crate::session::{Exit, Session};

/// Names the program, where it isn't `helm` on the path.
const VARIABLE: &str = "HELM";

pub(crate) fn lint(session: &mut Session) -> anyhow::Result<Exit> {
    let charts = charts(session);
    let own = check_charts(session, &charts);
    each(session, "lint", &charts, |helm, folder, values| {
        let mut command = Command::new(helm);
        command.arg("lint").arg(folder).args(values);
        command
    })
    .map(|exit| exit.worse(own))
}

pub(crate) fn template(session: &mut Session) -> anyhow::Result<Exit> {
    let charts = charts(session);
    let own = check_charts(session, &charts);
    each(session, "template", &charts, |helm, folder, values| {
        let name = format!("test-{}", folder.file_name().unwrap_or_default().to_string_lossy());
        let mut command = Command::new(helm);
        command.arg("template").arg(name).arg(folder).args(values);
        command
    })
    .map(|exit| exit.worse(own))
}

/// Removes `charts/*/charts`, where `Chart.yaml` says how to get it again, and `charts/*/Chart.lock`.
pub(crate) fn clean(session: &mut Session) -> anyhow::Result<Exit> {
    let mut gone = 0;
    for chart in charts(session) {
        let folder = session.root.join("charts").join(&chart);
        let (downloads, lock) = (folder.join("charts"), folder.join("Chart.lock"));
        if downloads.is_dir() && has_dependencies(session, &chart) {
            std::fs::remove_dir_all(&downloads).with_context(|| format!("{} can't be removed", downloads.display()))?;
            gone += 1;
        }
        if lock.is_file() {
            std::fs::remove_file(&lock).with_context(|| format!("{} can't be removed", lock.display()))?;
            gone += 1;
        }
    }
    for entry in std::fs::read_dir(&session.root).context("the repository can't be read")?.filter_map(Result::ok) {
        // Left by a run that was killed while it wrote.
        if entry.file_name().to_string_lossy().starts_with(".xtask-") && entry.path().is_dir() {
            std::fs::remove_dir_all(entry.path()).with_context(|| format!("{} can't be removed", entry.path().display()))?;
            gone += 1;
        }
    }
    session.say(format!("{gone} files and folders removed"));
    Ok(session.unless_errors())
}

/// The folders of charts, sorted.
fn charts(session: &mut Session) -> Vec<String> {
    let folders = repository::folders(session, "charts");
    folders.into_iter().filter(|chart| session.root.join("charts").join(chart).join("Chart.yaml").is_file()).collect()
}

/// What can be said of the charts without Helm.
fn check_charts(session: &mut Session, charts: &[String]) -> Exit {
    for chart in charts {
        let file = format!("charts/{chart}/Chart.yaml");
        let Some(text) = repository::text(session, &file, Absence::Error) else { continue };
        let found = match manifest::yaml::read(&text) {
            Ok(found) => found,
            Err(error) => {
                session.report.push(repository::yaml_error(&file, &text, error));
                continue;
            }
        };
        for (key, wanted) in [("name", chart.as_str()), ("apiVersion", "v2")] {
            if found[key].as_str() != Some(wanted) {
                let location = Location { file: file.clone(), span: locate::yaml(&text, &format!("/{key}")) };
                let message = format!("`{key}` is {}, and has to be {wanted:?}", found[key]);
                session.report.push(Diagnostic::new(Severity::Error, Code::Values, Some(location), message));
            }
        }
    }
    session.unless_errors()
}

fn has_dependencies(session: &mut Session, chart: &str) -> bool {
    let found = repository::yaml(session, &format!("charts/{chart}/Chart.yaml"));
    found.is_some_and(|chart| chart["dependencies"].as_array().is_some_and(|list| !list.is_empty()))
}

/// Runs Helm over every chart; one that fails doesn't keep the others from being checked.
fn each(
    session: &mut Session,
    task: &str,
    charts: &[String],
    command: impl Fn(&Path, &Path, &[OsString]) -> Command,
) -> anyhow::Result<Exit> {
    let Some(helm) = find() else {
        let message = format!("`{task}` needs the program `helm`, which isn't on the path");
        let help = format!("install Helm 3 or 4, or name it in ${VARIABLE}");
        session.report.push(Diagnostic::new(Severity::Error, Code::ProgramMissing, None, message).help(help));
        return Ok(Exit::ProgramMissing);
    };
    let mut progress = Progress::new(session.format);
    for chart in charts {
        progress.step(&format!("helm {task} charts/{chart}"));
        let folder = session.root.join("charts").join(chart);
        if has_dependencies(session, chart) && !folder.join("charts").is_dir() {
            let mut build = Command::new(&helm);
            build.args(["dependency", "build"]).arg(&folder);
            if !succeeded(session, chart, "dependency build", run(&mut build)?) {
                continue;
            }
        }
        let minimal = folder.join("ci/minimal-values.yaml");
        let values: Vec<OsString> =
            if minimal.is_file() { vec!["--values".into(), minimal.into_os_string()] } else { Vec::new() };
        let output = run(&mut command(&helm, &folder, &values))?;
        let rendered = String::from_utf8_lossy(&output.stdout).into_owned();
        if succeeded(session, chart, task, output) {
            match task {
                "template" => session.say(rendered.trim_end()),
                _ => session.say(format!("charts/{chart}: helm {task} has nothing to say")),
            }
        }
    }
    Ok(session.unless_errors())
}

fn run(command: &mut Command) -> anyhow::Result<Output> {
    command.output().with_context(|| format!("{} can't be run", command.get_program().to_string_lossy()))
}

fn succeeded(session: &mut Session, chart: &str, task: &str, output: Output) -> bool {
    if output.status.success() {
        return true;
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let said: Vec<&str> = said.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let message = format!("`helm {task}` fails for charts/{chart}: {}", said.join("; "));
    session.report.push(Diagnostic::new(Severity::Error, Code::ProgramFailed, None, message));
    false
}

/// `$HELM`, or the first `helm` on the path.
fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let name = format!("helm{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}
