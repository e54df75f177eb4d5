//! Backstage's form in a browser: what can be typed into it, what it refuses and where, and what it hands over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use generator::ledger::Target;
use serde_json::{Value, json};

use super::ajv::is_rounded;
use super::scaffolder::Scaffolder;
use super::{Answer, Refused, System};
use crate::driver::Driver;
use crate::form_data::{form_data, pages};
use crate::install::npm;
use crate::subject::{Subject, View};

/// Browser pages side by side. They share the machine's cores with the browser itself.
const PAGES: usize = 2;

/// Documents of a service: a person's minutes.
const DOCUMENTS: usize = 60;

/// The wizard, and the scaffolder that makes manifests of what it posts.
pub(crate) struct Form {
    driver: Driver,
    scaffolder: Scaffolder,
    version: String,
    pages: BTreeMap<String, Vec<Value>>,
    pictures: Option<PathBuf>,
    /// What it did so far.
    pub(crate) count: Count,
}

/// How documents reached the form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    pub typed: usize,
    /// A widget couldn't be worked by the driver, and a link filled the form in.
    pub prefilled: Vec<String>,
    /// The form doesn't offer such a value.
    pub by_widgets: usize,
    /// Errors of the page and of its console.
    pub defects: Vec<String>,
}

impl Form {
    /// Starts the installed program in a browser; its log goes into the folder. Pictures of each page of each form, as the
    /// smallest good release of each service fills it in, go into `pictures`.
    ///
    /// # Errors
    /// If there is no browser, or it doesn't start.
    pub(crate) fn start(program: &Path, scaffolder: Scaffolder, logs: &Path, pictures: Option<PathBuf>) -> anyhow::Result<Form> {
        let settings = json!({ "chromium": chromium()?, "pages": PAGES });
        let mut node = Command::new("node");
        node.arg("drive.mjs").arg(settings.to_string()).current_dir(program);
        let driver = Driver::start("form", node, &logs.join("form.log"))?;
        if let Some(pictures) = &pictures {
            std::fs::create_dir_all(pictures).with_context(|| format!("{} can't be made", pictures.display()))?;
        }
        let version = npm::version(program, "@backstage/plugin-scaffolder");
        Ok(Form { driver, scaffolder, version, pages: BTreeMap::new(), pictures, count: Count::default() })
    }

    /// What the driver says of one document, and what it posted.
    fn read(&mut self, said: &Value) -> anyhow::Result<(Answer, Option<Value>)> {
        if let Some(why) = said["unasked"].as_str() {
            return Ok((Answer::unasked(why), None));
        }
        let mut answer = Answer::read(said)?;
        match said["how"].as_str() {
            Some("widgets") => self.count.by_widgets += 1,
            Some("prefilled") => self.count.prefilled.push(said["untyped"].as_str().unwrap_or_default().to_owned()),
            _ => self.count.typed += 1,
        }
        let defects: Vec<String> = said["defects"].as_array().into_iter().flatten().map(|defect| defect.to_string()).collect();
        if !defects.is_empty() {
            answer.accepted = false;
            answer.messages.extend(defects.iter().cloned());
            self.count.defects.extend(defects);
        }
        let posted = answer.accepted.then(|| said["posted"].clone());
        Ok((answer, posted))
    }
}

/// The browser: what `CHROMIUM` names, or that of the system.
///
/// # Errors
/// If there is none, with what to do.
pub(crate) fn chromium() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(PathBuf::from(named));
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    for name in ["chromium", "chromium-browser", "google-chrome"] {
        if let Some(found) = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()) {
            return Ok(found);
        }
    }
    bail!("no browser is installed: `apt-get install chromium`, or name one in CHROMIUM")
}

impl System for Form {
    fn name(&self) -> &'static str {
        "form"
    }

    fn version(&self) -> String {
        format!("Backstage form {}", self.version)
    }

    fn view(&self) -> View {
        View::Release
    }

    fn target(&self) -> Option<Target> {
        Some(Target::Backstage)
    }

    fn at_most(&self) -> usize {
        DOCUMENTS
    }

    fn prepare(&mut self, subjects: &[Subject]) -> anyhow::Result<Vec<Refused>> {
        let refused = self.scaffolder.prepare(subjects)?;
        for subject in subjects.iter().filter(|subject| subject.gives(Target::Backstage)) {
            let template = subject.file(&format!("software-templates/{}/template.yaml", subject.name()))?;
            self.driver.ask(&[json!({ "load": subject.name(), "template": template })])?;
            self.pages.insert(subject.name().to_owned(), pages(subject)?);
        }
        Ok(refused)
    }

    fn ask(&mut self, subject: &Subject, documents: &[&Value]) -> anyhow::Result<Vec<Answer>> {
        let pages = self.pages.get(subject.name()).context("the form doesn't know the service")?;
        let data = |document: &&Value| match is_rounded(document) {
            true => Err("JavaScript rounds integers above 2^53".to_owned()),
            false => form_data(subject, pages, document),
        };
        let values: Vec<Result<Value, String>> = documents.iter().map(data).collect();
        let mut questions: Vec<Value> = Vec::new();
        for values in values.iter().flatten() {
            questions.push(json!({ "ask": subject.name(), "values": values }));
        }
        let sample = subject.source.sample.as_ref().and_then(|sample| form_data(subject, pages, sample).ok());
        if let (Some(sample), Some(pictures)) = (sample, &self.pictures) {
            let picture = json!({ "ask": subject.name(), "values": sample, "pictures": pictures.join(subject.name()) });
            self.driver.ask(&[picture])?;
        }
        let mut said = self.driver.ask(&questions)?.into_iter();
        let mut answers = Vec::new();
        for values in values {
            match values {
                Err(why) => answers.push((Answer::unasked(why), None)),
                Ok(_) => answers.push(self.read(&said.next().context("the form gave too few answers")?)?),
            }
        }
        let posted: Vec<Value> = answers.iter().filter_map(|(_, posted)| posted.clone()).collect();
        let mut rendered = self.scaffolder.make(subject, &posted)?.into_iter();
        for (answer, _) in answers.iter_mut().filter(|(_, posted)| posted.is_some()) {
            // What the form posts, the scaffolder has to take.
            *answer = rendered.next().context("the scaffolder gave too few answers")?;
        }
        Ok(answers.into_iter().map(|(answer, _)| answer).collect())
    }
}
