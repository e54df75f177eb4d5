//! A platform repository in a temporary folder, and the program run on it.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, unreachable_pub, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

pub const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Alpha",
  "description": "A service for tests.",
  "type": "object",
  "additionalProperties": false,
  "required": ["tenant", "name"],
  "properties": {
    "tenant": { "title": "Tenant", "description": "Whose it is.", "type": "string", "minLength": 1, "maxLength": 30 },
    "name": { "title": "Name", "description": "Which it is.", "type": "string", "minLength": 1, "maxLength": 30 },
    "replicas": { "title": "Replicas", "description": "How many.", "type": "integer", "minimum": 1, "maximum": 5, "default": 2 },
    "size": { "title": "Size", "description": "How big.", "type": "string", "enum": ["small", "large"], "default": "small" }
  }
}
"#;

pub struct Repo {
    folder: TempDir,
}

pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Repo {
    /// Without anything in it.
    pub fn empty() -> Repo {
        Repo { folder: tempfile::tempdir().unwrap() }
    }

    /// With the service `alpha`, generated and in order.
    pub fn alpha() -> Repo {
        let repo = Repo::empty();
        repo.service("alpha");
        repo.ok(&["generate"]);
        repo.ok(&["accept", "alpha", "--reason", "only a test"]);
        repo.ok(&["generate"]);
        repo
    }

    /// The hand-written files of a service.
    pub fn service(&self, name: &str) {
        self.write(&format!("schemas/{name}/values.schema.json"), SCHEMA);
        self.write(&format!("schemas/{name}/examples/ok/minimal.yaml"), "tenant: acme\nname: one\n");
        self.write(
            &format!("charts/{name}/Chart.yaml"),
            &format!("apiVersion: v2\nname: {name}\ndescription: A test\ntype: application\nversion: 0.1.0\n"),
        );
        self.write(
            &format!("charts/{name}/templates/configmap.yaml"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  replicas: {{ .Values.replicas | quote }}\n",
        );
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        self.write(path, &text.replace(from, to));
    }

    pub fn remove(&self, path: &str) {
        let path = self.path().join(path);
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    /// Everything in the repository and its content.
    pub fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let files = walkdir::WalkDir::new(self.path()).into_iter().map(Result::unwrap);
        files
            .map(|entry| {
                let name = entry.path().strip_prefix(self.path()).unwrap().to_string_lossy().into_owned();
                let content = if entry.file_type().is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
                (name, content)
            })
            .collect()
    }

    pub fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, &[])
    }

    /// With variables of the environment that are paths.
    pub fn run_with(&self, args: &[&str], variables: &[(&str, &Path)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--root").arg(self.path()).args(args).env_remove("HELM");
        command.envs(variables.iter().copied());
        Run::of(command.output().unwrap())
    }

    pub fn ok(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, 0, "{args:?}\n{}{}", run.stdout, run.stderr);
        run
    }

    /// The command fails with that code and says that, and the repository is as it was.
    pub fn refuses(&self, args: &[&str], code: i32, says: &str) -> Run {
        let before = self.tree();
        let run = self.run(args);
        assert_eq!(run.code, code, "{args:?}\n{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(says), "{args:?} doesn't say {says:?}:\n{}", run.stderr);
        assert!(self.tree() == before, "{args:?} changed the repository");
        run
    }
}

impl Run {
    pub fn of(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
