//! Backstage's scaffolder: its input check and its dry run, in the generation of nunjitsu and in that of nunjucks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use generator::ledger::Target;
use manifest::platform::PullRequest;
use serde_json::{Value, json};

use super::ajv::is_rounded;
use super::{Answer, Refused, System};
use crate::driver::Driver;
use crate::form_data::{form_data, pages};
use crate::install::npm;
use crate::subject::{Subject, View};

/// Which scaffolder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    Current,
    /// The template engine runs in an isolate of its own.
    Previous,
}

impl Generation {
    /// The system's name, which is the program's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Generation::Current => "backstage",
            Generation::Previous => "backstage-previous",
        }
    }
}

/// Dry runs after which the backend is started anew: each leaves some megabytes behind, which it never gives back.
const DRY_RUNS: usize = 500;

/// The scaffolder's backend with the templates of all services.
pub(crate) struct Scaffolder {
    generation: Generation,
    program: PathBuf,
    log: PathBuf,
    /// The hosts of the releases, by their kind, which the backend is started with.
    hosts: Value,
    driver: Option<Driver>,
    /// The questions that load the templates.
    templates: Vec<Value>,
    /// Dry runs since the backend was started.
    dry_runs: usize,
    pages: BTreeMap<String, Vec<Value>>,
}

/// A file of a pull request.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub path: String,
    pub manifest: String,
}

impl Scaffolder {
    /// The installed program; its log goes into the folder.
    pub(crate) fn new(generation: Generation, program: &Path, logs: &Path) -> Scaffolder {
        let log = logs.join(format!("{}.log", generation.name()));
        let program = program.to_owned();
        let (hosts, driver, templates, dry_runs) = (json!({}), None, Vec::new(), 0);
        Scaffolder { generation, program, log, hosts, driver, templates, dry_runs, pages: BTreeMap::new() }
    }

    /// Starts the backend, without templates.
    fn start(&mut self) -> anyhow::Result<()> {
        // The one before it ends first: both together take twice the memory.
        self.driver = None;
        let mut node = Command::new("node");
        // The isolate of the previous generation asks for it.
        node.arg("--no-node-snapshot").arg("drive.mjs").arg(self.hosts.to_string()).current_dir(&self.program);
        self.driver = Some(Driver::start(self.generation.name(), node, &self.log)?);
        self.dry_runs = 0;
        Ok(())
    }

    /// Starts the backend anew, with the templates that it had.
    fn restart(&mut self) -> anyhow::Result<()> {
        self.start()?;
        let templates = std::mem::take(&mut self.templates);
        self.driver()?.ask(&templates)?;
        self.templates = templates;
        Ok(())
    }

    /// Dry runs of these questions, some at a time.
    fn dry_run(&mut self, questions: &[Value]) -> anyhow::Result<Vec<Value>> {
        let mut answers = Vec::new();
        for questions in questions.chunks(DRY_RUNS) {
            if self.dry_runs + questions.len() > DRY_RUNS {
                self.restart()?;
            }
            answers.extend(self.driver()?.ask(questions)?);
            self.dry_runs += questions.len();
        }
        Ok(answers)
    }

    fn driver(&mut self) -> anyhow::Result<&mut Driver> {
        self.driver.as_mut().context("the scaffolder isn't prepared")
    }

    /// What the template makes of what a form posts: the file of the pull request.
    ///
    /// # Errors
    /// If the form can't say the document, or the scaffolder refuses it.
    pub(crate) fn render(&mut self, subject: &Subject, document: &Value) -> anyhow::Result<Rendered> {
        let pages = self.pages.get(subject.name()).context("the scaffolder doesn't know the service")?;
        let values = form_data(subject, pages, document).map_err(|why| anyhow::anyhow!("the form can't say it: {why}"))?;
        let question = json!({ "ask": subject.name(), "values": values });
        let said = self.dry_run(&[question])?.pop().context("the scaffolder gave no answer")?;
        let answer = Answer::read(&said)?;
        ensure!(answer.accepted, "the scaffolder refuses it: {}", answer.messages.join("; "));
        let text = |key: &str| said[key].as_str().with_context(|| format!("the template makes no {key}"));
        Ok(Rendered { path: format!("{}/manifest.yaml", text("folder")?), manifest: text("manifest")?.to_owned() })
    }

    /// Why a service can't be asked about, if it can't.
    fn take(&mut self, subject: &Subject) -> anyhow::Result<Option<String>> {
        if !subject.gives(Target::Backstage) {
            return Ok(Some("there are no templates for it".to_owned()));
        }
        let folder = format!("software-templates/{}/", subject.name());
        let skeleton = |(path, text): (&String, &String)| {
            let path = path.strip_prefix(&folder).filter(|path| path.starts_with("skeleton/"))?;
            Some((path.to_owned(), Value::from(text.as_str())))
        };
        let files: serde_json::Map<String, Value> = subject.files.iter().filter_map(skeleton).collect();
        let template = subject.file(&format!("{folder}template.yaml"))?;
        let load = json!({ "load": subject.name(), "template": template, "files": files });
        let mut questions = vec![load.clone()];
        if self.generation == Generation::Current {
            questions.extend(subject.files.iter().filter(|(path, _)| is_template(path, &folder)).map(entity));
        }
        match pages(subject) {
            Ok(pages) => drop(self.pages.insert(subject.name().to_owned(), pages)),
            Err(error) => return Ok(Some(format!("{error:#}"))),
        }
        self.templates.push(load);
        self.said_of(&questions)
    }

    /// What it makes of values that a form posts.
    ///
    /// # Errors
    /// If the program fails.
    pub(crate) fn make(&mut self, subject: &Subject, posted: &[Value]) -> anyhow::Result<Vec<Answer>> {
        let questions: Vec<Value> = posted.iter().map(|values| json!({ "ask": subject.name(), "values": values })).collect();
        self.dry_run(&questions)?.iter().map(read).collect()
    }

    /// What is wrong with files, if something is.
    fn said_of(&mut self, questions: &[Value]) -> anyhow::Result<Option<String>> {
        let mut wrong = Vec::new();
        for answer in self.driver()?.ask(questions)? {
            wrong.extend(Answer::read(&answer)?.messages);
        }
        Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
    }
}

/// Whether every template of the list is one of these services'.
fn lists_only(registry: &str, subjects: &[Subject]) -> bool {
    let Ok(list) = manifest::yaml::read(registry) else { return true };
    let targets = list["spec"]["targets"].as_array().into_iter().flatten().filter_map(Value::as_str);
    targets
        .filter_map(|target| target.trim_start_matches("./").split('/').next())
        .all(|service| subjects.iter().any(|subject| subject.name() == service))
}

fn is_template(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|file| !file.contains('/') && file.ends_with(".yaml"))
}

fn entity((path, text): (&String, &String)) -> Value {
    json!({ "entity": text, "path": path })
}

impl System for Scaffolder {
    fn name(&self) -> &'static str {
        self.generation.name()
    }

    fn version(&self) -> String {
        format!("Backstage scaffolder {}", npm::version(&self.program, "@backstage/plugin-scaffolder-backend"))
    }

    fn view(&self) -> View {
        View::Release
    }

    fn target(&self) -> Option<Target> {
        Some(Target::Backstage)
    }

    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        let hosts = |service: PullRequest| -> BTreeSet<&str> {
            let ours = subjects.iter().filter(|subject| subject.platform.portal.pull_request == service);
            ours.map(|subject| subject.platform.releases.host.as_str()).collect()
        };
        self.hosts = json!({ "github": hosts(PullRequest::Github), "gitlab": hosts(PullRequest::Gitlab) });
        self.templates.clear();
        self.start()?;
        let mut refused = Vec::new();
        let mut refuse = |subject: &Subject, why: Option<String>| {
            refused.extend(why.map(|why| Refused { service: subject.name().to_owned(), why }));
        };
        for subject in subjects {
            refuse(subject, self.take(subject)?);
        }
        // The list of all templates is judged when all are there.
        let mut judged = BTreeMap::new();
        let current = self.generation == Generation::Current;
        for subject in subjects.iter().filter(|_| current) {
            let Some(registry) = subject.files.get_key_value("software-templates/all.yaml") else { continue };
            // Where only some services are asked about, the list names templates that aren't shown.
            if !lists_only(registry.1, subjects) {
                continue;
            }
            if !judged.contains_key(registry.1) {
                judged.insert(registry.1, self.said_of(&[entity(registry)])?);
            }
            refuse(subject, judged.get(registry.1).cloned().flatten());
        }
        Ok(refused)
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let pages = self.pages.get(subject.name()).context("the scaffolder doesn't know the service")?;
        let data = |document: &&Value| match is_rounded(document) {
            true => Err("JavaScript rounds integers above 2^53".to_owned()),
            false => form_data(subject, pages, document),
        };
        let posted: Vec<Result<Value, String>> = documents.iter().map(data).collect();
        let asked: Vec<Value> = posted.iter().flatten().cloned().collect();
        let mut answers = self.make(subject, &asked)?.into_iter();
        let answer = |posted| match posted {
            Err(why) => Ok(Answer::unasked(why)),
            Ok(_) => answers.next().context("the scaffolder gave too few answers"),
        };
        posted.into_iter().map(answer).collect()
    }
}

/// What was rendered is the release; a manifest that can't be read is as good as none.
fn read(said: &Value) -> anyhow::Result<Answer> {
    let mut answer = Answer::read(said)?;
    if !answer.accepted {
        return Ok(answer);
    }
    match said["manifest"].as_str().map(manifest::yaml::read) {
        Some(Ok(mut manifest)) => answer.kept = Some(manifest["spec"]["values"].take()),
        Some(Err(error)) => {
            answer.accepted = false;
            answer.messages.push(format!("manifest: {error}"));
        }
        None => {
            answer.accepted = false;
            answer.messages.push("manifest: none was rendered".to_owned());
        }
    }
    Ok(answer)
}
