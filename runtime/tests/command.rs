//! The command as its users see it: README's walk, errors, and what programs read.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::{said, stranger};
use tempfile::TempDir;

struct Shell(TempDir);

impl Shell {
    fn new() -> Shell {
        Shell(tempfile::tempdir().unwrap())
    }

    fn run(&self, line: &str) -> Output {
        let line = line.replace("cargo trefoil", env!("CARGO_BIN_EXE_trefoil"));
        let mut shell = Command::new("sh");
        stranger(&mut shell, self.0.path());
        shell.args(["-c", &line]).output().unwrap()
    }

    fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, line: &str, code: i32, says: &str) {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(code), "{line}: {}", said(&output));
        assert!(said(&output).contains(says), "{line} doesn't say {says:?}: {}", said(&output));
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} -o json"))).unwrap()
    }
}

const RENDER: &str = "cargo trefoil render webapp -t acme -n shop --set image.repository=nginx --set-string image.tag=1.4";

/// Ids of objects, which differ in every run.
fn without_ids(text: &str) -> String {
    let is_id = |word: &&str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = |line: &str| line.split(' ').map(|word| if is_id(&word) { "<id>" } else { word }).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readme_s_walk() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- walk:begin -->\n```console\n").unwrap();
    let (walk, _) = rest.split_once("```\n<!-- walk:end -->").unwrap();
    let shell = Shell::new();
    let mut steps = 0;
    for step in walk.split("$ ").filter(|step| !step.is_empty()) {
        let (line, expected) = step.split_once('\n').unwrap();
        let output = shell.run(line);
        let found = said(&output);
        // What is shown to people wraps nowhere, so neither does README.
        assert_eq!(without_ids(found.trim_end()), without_ids(expected.trim_end()), "$ {line}");
        steps += 1;
    }
    assert_eq!(steps, 7);
    assert!(shell.ok("cargo trefoil get acme/webapp/shop").contains("tag: \"1.4\""));
}

#[test]
fn programs_read_json() {
    let shell = Shell::new();
    shell.ok(&format!("{RENDER} > shop.yaml"));
    let applied = shell.json("cargo trefoil apply -f shop.yaml --as 'Ann <ann@acme.example>'");
    assert_eq!((applied[0]["release"].as_str(), applied[0]["effect"].as_str()), (Some("acme/webapp/shop"), Some("created")));
    let got = shell.json("cargo trefoil get acme/webapp/shop");
    assert_eq!(got["blob"], applied[0]["blob"]);
    assert_eq!(got["manifest"]["spec"]["values"]["image"]["tag"], "1.4");
    assert_eq!(shell.json("cargo trefoil list --tenant acme")[0]["path"], "acme/webapp/shop/manifest.yaml");
    assert_eq!(shell.json("cargo trefoil list --tenant globex"), serde_json::json!([]));
    let history = shell.json("cargo trefoil history acme/webapp/shop");
    assert_eq!((history[0]["author"].as_str(), &history[0]["commit"]), (Some("Ann <ann@acme.example>"), &applied[0]["commit"]));
    let blob = applied[0]["blob"].as_str().unwrap();
    shell.ok(&format!("cargo trefoil delete acme/webapp/shop --if-match {}", &blob[..8]));
    assert_eq!(shell.json("cargo trefoil list"), serde_json::json!([]));
}

#[test]
fn a_job_lands_once_from_the_command_line() {
    let shell = Shell::new();
    shell.ok(&format!("{RENDER} > shop.yaml"));
    let first = shell.json("cargo trefoil apply -f shop.yaml --job deploy-17");
    shell.ok(&format!("{RENDER} --set replicas=3 > other.yaml"));
    shell.ok("cargo trefoil apply -f other.yaml");
    assert_eq!(shell.json("cargo trefoil apply -f shop.yaml --job deploy-17"), first);
    shell.refused("cargo trefoil apply -f other.yaml --job deploy-17", 1, "give each change an id of its own");
    assert_eq!(shell.ok("git --git-dir releases.git rev-list --count main").trim(), "2");
}

#[test]
fn many_at_once() {
    let shell = Shell::new();
    for name in ["a", "b", "c"] {
        shell.ok(&format!("mkdir -p all; {RENDER} -n {name} > all/{name}.yaml").replace("-n shop ", ""));
    }
    shell.refused("cargo trefoil apply -f all --dry-run", 1, "`trefoil apply` makes it");
    shell.ok("cargo trefoil init-repo releases.git --bare");
    assert_eq!(shell.ok("cargo trefoil apply -f all --dry-run").matches("created").count(), 3);
    assert_eq!(shell.ok("cargo trefoil list").lines().count(), 1);
    assert_eq!(shell.ok("cargo trefoil apply -f all --atomic").matches("created").count(), 3);
    assert_eq!(shell.ok("git --git-dir releases.git rev-list --count main").trim(), "1");
    shell.refused("cargo trefoil apply -f all --create-only --atomic", 1, "a release that isn't there yet");
    assert!(
        shell.ok("for f in all/*.yaml; do cat $f; echo ---; done | cargo trefoil apply -f -").matches("unchanged").count() == 3
    );
    assert_eq!(shell.ok("cargo trefoil validate"), "3 releases are valid\n");
}

/// Nothing is written, the place is named, and what was expected.
#[test]
fn what_is_refused() {
    let shell = Shell::new();
    shell.ok(&format!("{RENDER} > shop.yaml"));
    let good = std::fs::read_to_string(shell.0.path().join("shop.yaml")).unwrap();
    for (from, to, says) in [
        ("kind: Webapp", "kind: Webap", "did you mean `webapp`?"),
        ("  name: acme-tenant-shop-webapp", "  name: shop", "is not of the form `{tenant}-tenant-{name}-{service}`"),
        ("    name: shop", "    name: other", "/spec/values/name: it is \"other\", and has to be \"shop\""),
        ("    name: shop", "    name: shop\n    replcas: 2", "did you mean \"replicas\"?"),
        ("spec:", "spec: [", "bad.yaml:"),
        ("kind: Webapp", "kind: Webapp\nkind: Webapp", "kind"),
        ("namespace: acme-tenant", "namespace: kube-system", "/metadata/namespace"),
    ] {
        shell.write("bad.yaml", &good.replace(from, to));
        shell.refused("cargo trefoil apply -f shop.yaml -f bad.yaml", 1, says);
    }
    shell.refused("cargo trefoil apply -f shop.yaml -f shop.yaml", 1, "is in shop.yaml already");
    shell.refused("cargo trefoil apply -f none.yaml", 1, "none.yaml can't be read");
    shell.refused("cargo trefoil get acme/webapp", 2, "`<tenant>/<service>/<name>`");
    shell.refused("cargo trefoil get acme/../x", 2, "the service name");
    shell.refused("cargo trefoil --repo 'ext::sh -c id' list", 2, "helper program");
    shell.refused("cargo trefoil --branch=-f apply -f shop.yaml", 2, "begins with a hyphen");
    shell.refused("cargo trefoil --repo https://a:hunter2@host/r list", 2, "password");
    shell.refused("cargo trefoil apply -f shop.yaml --job 'a b'", 2, "not a job's id");
    shell.refused("cargo trefoil render webapp -t acme -n shop --flavor huge", 1, "the flavors large, medium, small");
    assert!(!shell.0.path().join("releases.git").exists());
    shell.refused("cargo trefoil get acme/webapp/shop", 1, "there is no releases.git");
    shell.ok("cargo trefoil init-repo releases.git --bare");
    shell.refused("cargo trefoil get acme/webapp/shop", 1, "isn't there");
    shell.refused("cargo trefoil delete acme/webapp/shop", 1, "isn't there");
    shell.refused("cargo trefoil --repo none.git list", 1, "there is no repository none.git");
}

#[test]
fn a_remote_that_is_gone_is_another_matter() {
    let shell = Shell::new();
    shell.ok(&format!("{RENDER} > shop.yaml"));
    shell.ok("mkdir empty.git");
    shell.refused("cargo trefoil --repo empty.git apply -f shop.yaml", 1, "does not appear to be a git repository");
    shell.refused("cargo trefoil --repo http://127.0.0.1:1/r.git apply -f shop.yaml --patience 1", 3, "nothing was changed");
}

/// Git itself verifies what was signed.
#[test]
fn signed_commits() {
    let shell = Shell::new();
    shell.ok(&format!("{RENDER} > shop.yaml"));
    shell.ok("ssh-keygen -q -t ed25519 -N '' -f key");
    shell.ok("cargo trefoil apply -f shop.yaml --sign ssh:key");
    shell.ok("echo \"trefoil@localhost $(cat key.pub)\" > signers");
    let verify = "git --git-dir releases.git -c gpg.format=ssh -c gpg.ssh.allowedSignersFile=signers verify-commit -v main";
    let output = shell.run(verify);
    assert!(
        output.status.success() && said(&output).contains("Good \"git\" signature for trefoil@localhost"),
        "{}",
        said(&output)
    );
    shell.refused("cargo trefoil delete acme/webapp/shop --sign ssh:none", 1, "can't be signed");
    assert_eq!(shell.ok("git --git-dir releases.git rev-list --count main").trim(), "1");
}

/// A service that isn't compiled in, from the files that `generate` writes.
#[test]
fn services_from_a_folder() {
    let shell = Shell::new();
    let generated = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated/src/webapp");
    for name in ["schema", "defaults", "release"] {
        let text = std::fs::read_to_string(generated.join(format!("{name}.json"))).unwrap();
        let text = text.replace("\"service\":\"webapp\"", "\"service\":\"shopapp\"").replace("-webapp$", "-shopapp$");
        shell.write(&format!("more/shopapp/{name}.json"), &text.replace("\"const\":\"Webapp\"", "\"const\":\"Shopapp\""));
    }
    let render = format!("{} --schemas more", RENDER.replace("webapp", "shopapp"));
    shell.ok(&format!("{render} > shop.yaml && cargo trefoil --schemas more apply -f shop.yaml"));
    assert!(shell.ok("cargo trefoil --schemas more list").contains("acme/shopapp/shop"));
    shell.refused("cargo trefoil apply -f shop.yaml", 1, "no service has the kind \"Shopapp\"");
    shell.refused("cargo trefoil --schemas . list", 1, "has no service");
}

#[test]
fn a_repository_for_people() {
    let shell = Shell::new();
    shell.ok("cargo trefoil init-repo releases.git --owner acme=@example/acme --platform-owner @example/platform");
    shell.ok(&format!("{RENDER} > shop.yaml && cargo trefoil apply -f shop.yaml && git clone -q releases.git checkout"));
    assert_eq!(shell.ok("cargo trefoil validate --folder checkout"), "1 release is valid\n");
    assert_eq!(shell.ok("cargo trefoil validate"), "1 release is valid\n");
    let read = |path: &str| std::fs::read_to_string(shell.0.path().join("checkout").join(path)).unwrap();
    let settings: Value = serde_json::from_str(&read(".vscode/settings.json")).unwrap();
    assert_eq!(settings["yaml.schemas"]["./schemas/webapp.schema.json"], "*/webapp/*/manifest.yaml");
    assert!(serde_json::from_str::<Value>(&read("schemas/webapp.schema.json")).unwrap()["properties"]["spec"].is_object());
    assert!(read("CODEOWNERS").ends_with("* @example/platform\n/acme/ @example/acme\n"));
    let workflow = runtime::manifest::yaml::read(&read(".github/workflows/validate.yaml")).unwrap();
    assert_eq!(workflow["jobs"]["validate"]["steps"][2]["run"], "trefoil validate --folder .");
    assert!(read("README.md").contains("| `webapp` | `*/webapp/*/manifest.yaml` |"));
    shell.ok("sed -i.bak 's/replicas: .*//; s/tag: .*/tga: x/' checkout/acme/webapp/shop/manifest.yaml && mkdir -p checkout/a/b && touch checkout/a/b/manifest.yaml");
    shell.refused("cargo trefoil validate --folder checkout", 1, "acme/webapp/shop/manifest.yaml: /spec/values/image");
    shell.refused("cargo trefoil validate --folder checkout", 1, "\"a/b/manifest.yaml\" is nobody's");
    shell.refused("cargo trefoil init-repo releases.git", 1, "is already there");
    shell.refused("cargo trefoil init-repo other --owner acme", 2, "expected TENANT=OWNER");
    shell.write("platform.toml", "api.grup = \"x\"\n");
    shell.refused("cargo trefoil --platform platform.toml list", 1, "platform.toml:1:");
}

/// A service with a secret field; its three files are what the generator makes of one.
fn database(shell: &Shell) {
    let name = serde_json::json!({ "type": "string", "minLength": 1, "maxLength": 30 });
    let values = |password: Value| {
        serde_json::json!({
            "type": "object", "additionalProperties": false, "required": ["tenant", "name", "password"],
            "properties": { "tenant": name, "name": name, "password": password },
        })
    };
    let chart = values(serde_json::json!({ "type": "string", "minLength": 8, "pattern": "^[a-z]+$" }));
    let part = serde_json::json!({ "type": "string", "minLength": 1, "maxLength": 253 });
    let reference = serde_json::json!({
        "type": "object", "additionalProperties": false, "required": ["name", "key"], "properties": { "name": part, "key": part },
    });
    let schema = serde_json::json!({ "properties": { "spec": { "properties": { "values": values(reference) } } } });
    let terms = serde_json::json!({
        "service": "database", "schema": schema, "defaults": { "root": {} }, "secrets": ["/password"], "platform": [],
        "says": { "tenant": true, "name": true },
    });
    shell.write("more/database/schema.json", &chart.to_string());
    shell.write("more/database/defaults.json", &serde_json::json!({ "root": {} }).to_string());
    shell.write("more/database/release.json", &terms.to_string());
}

#[test]
fn secrets_stay_out_of_git() {
    let shell = Shell::new();
    database(&shell);
    let render = "cargo trefoil --schemas more render database -t acme -n db9";
    shell.ok(&format!("{render} --set password.name=db9-credentials --set password.key=password > good.yaml"));
    shell.ok("cargo trefoil --schemas more apply -f good.yaml");
    let good = std::fs::read_to_string(shell.0.path().join("good.yaml")).unwrap();
    let (head, _) = good.split_once("    password:").unwrap();
    let before = shell.ok("git --git-dir releases.git rev-parse main");
    // A value, one that the chart's schema would refuse, too, and one where a part of the reference belongs.
    for secret in
        ["password: hunter2horse", "password: HUNTER2", "password: [hunter2]", "password: {name: a, key: b, value: hunter2}"]
    {
        shell.write("bad.yaml", &format!("{head}    {secret}\n"));
        for line in ["apply -f bad.yaml", "diff -f bad.yaml", "validate -f bad.yaml", "apply -f bad.yaml --dry-run -o json"] {
            let output = shell.run(&format!("cargo trefoil --schemas more {line}"));
            let said = said(&output);
            assert_eq!(output.status.code(), Some(1), "{line}: {said}");
            assert!(said.contains("password") && !said.to_lowercase().contains("hunter2"), "{line} of {secret}: {said}");
        }
    }
    shell.refused(&format!("{render} --set password=hunter2horse"), 1, "it is secret, and Git never forgets");
    assert_eq!(shell.ok("git --git-dir releases.git rev-parse main"), before);
    assert_eq!(shell.ok("git --git-dir releases.git fsck --lost-found"), "");
}
