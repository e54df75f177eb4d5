//! The three templates: what each does, and what people see of it.

use manifest::platform::{Platform, PullRequest};
use serde_json::{Value, json};

use super::form::put;
use super::identity::Who;
use crate::model::Service;

/// What a template does to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Edit,
    Delete,
}

impl Operation {
    pub(super) const ALL: [Operation; 3] = [Operation::Create, Operation::Edit, Operation::Delete];

    /// The file in the service's folder.
    pub(super) fn file(self) -> &'static str {
        match self {
            Operation::Create => "template.yaml",
            Operation::Edit => "edit.yaml",
            Operation::Delete => "delete.yaml",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Operation::Create => "create",
            Operation::Edit => "edit",
            Operation::Delete => "delete",
        }
    }
}

/// A `Template`. No service's name has a dot, so no two templates have one name.
pub(super) fn template(
    operation: Operation,
    service: &Service,
    who: &Who<'_>,
    platform: &Platform,
    parameters: Vec<Value>,
) -> Value {
    let (name, title) = match operation {
        Operation::Create => (service.name.to_string(), service.title.clone()),
        Operation::Edit => (format!("{}.edit", service.name), format!("{}: edit", service.title)),
        Operation::Delete => (format!("{}.delete", service.name), format!("{}: delete", service.title)),
    };
    let mut metadata = json!({ "name": name, "title": title });
    put(&mut metadata, "description", json!(description(operation, service)));
    put(&mut metadata, "tags", json!([service.name.as_str(), operation.verb()]));
    json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": metadata,
        "spec": {
            "owner": platform.portal.owner,
            "type": "service",
            "lifecycle": platform.portal.lifecycle,
            "presentation": { "buttonLabels": { "createButtonText": "Open pull request" } },
            "parameters": parameters,
            "steps": steps(operation, who, platform),
            "output": { "links": [{ "title": "Pull request", "url": link(platform) }] },
        },
    })
}

fn description(operation: Operation, service: &Service) -> String {
    let doc = service.doc.clone().unwrap_or_else(|| service.title.clone());
    match operation {
        Operation::Create => doc,
        Operation::Edit => format!(
            "Changes a release of {}. The form replaces the whole manifest: open it by a link that fills in the values that the release \
             has now (`?formData=`), or fill in all of it.",
            service.title
        ),
        Operation::Delete => format!(
            "Deletes a release of {}, with everything that belongs to it, once the pull request is merged.",
            service.title
        ),
    }
}

fn steps(operation: Operation, who: &Who<'_>, platform: &Platform) -> Vec<Value> {
    let mut values = json!({ "tenant": format!("${{{{ {} }}}}", who.tenant_expression()) });
    if let Some(name) = &who.name {
        put(&mut values, "name", json!(format!("${{{{ parameters.{name} }}}}")));
    }
    put(&mut values, "params", json!("${{ parameters }}"));
    let manifest = json!({
        "id": "manifest",
        "name": "Write the manifest",
        "action": "fetch:template",
        "input": { "url": "./skeleton", "values": values },
    });
    let publish = json!({
        "id": "publish",
        "name": "Open the pull request",
        "action": action(platform.portal.pull_request),
        "input": pull_request(operation, who, platform),
    });
    match (operation, platform.portal.pull_request) {
        (Operation::Create | Operation::Edit, _) => vec![manifest, publish],
        // The files that are deleted are named, so there is nothing to write.
        (Operation::Delete, PullRequest::Github) => vec![publish],
        // The files that are deleted are those that lie there.
        (Operation::Delete, PullRequest::Gitlab) => vec![manifest, publish],
    }
}

fn action(service: PullRequest) -> &'static str {
    match service {
        PullRequest::Github => "publish:github:pull-request",
        PullRequest::Gitlab => "publish:gitlab:merge-request",
    }
}

/// What a reviewer sees of a name that is taken, where nothing else does.
const TAKEN: &str = "This adds a manifest. If it changes one, the name is taken: close it, and choose another name.";

/// Each operation has a branch of its own: a release may be edited while the pull request that creates it is open.
fn pull_request(operation: Operation, who: &Who<'_>, platform: &Platform) -> Value {
    let releases = &platform.releases;
    let verb = operation.verb();
    let sentence = who.step(&format!("{verb} {}", who.words()));
    let mut input = json!({
        "repoUrl": format!("{}?owner={}&repo={}", releases.host, releases.owner, releases.name),
        "branchName": who.step(&format!("{verb} {}", who.words()).replace(' ', "-")),
        "targetBranchName": releases.branch,
        "title": sentence,
        "description": sentence,
        "targetPath": who.step(&who.folder()),
    });
    match platform.portal.pull_request {
        PullRequest::Github => {
            let author = |of_user: &str, setting: &Option<String>| match setting {
                Some(setting) => format!("${{{{ {of_user} or {} }}}}", Value::from(setting.as_str())),
                None => format!("${{{{ {of_user} }}}}"),
            };
            put(&mut input, "gitAuthorName", json!(author("user.entity.metadata.name", &platform.portal.commit_author_name)));
            put(
                &mut input,
                "gitAuthorEmail",
                json!(author("user.entity.spec.profile.email", &platform.portal.commit_author_email)),
            );
            match operation {
                // The action lays its files over the branch, and knows no "only if it isn't there" (MSF-F18).
                Operation::Create => put(&mut input, "description", json!(format!("{sentence}\n\n{TAKEN}"))),
                Operation::Edit => put(&mut input, "update", json!(true)),
                Operation::Delete => put(&mut input, "filesToDelete", json!(["manifest.yaml"])),
            }
        }
        PullRequest::Gitlab => {
            // The action has no author; the merge request names the person.
            put(&mut input, "description", json!(format!("{sentence}\n\nRequested by ${{{{ user.entity.metadata.name }}}}.")));
            put(
                &mut input,
                "commitAction",
                json!(match operation {
                    Operation::Create => "create",
                    Operation::Edit => "update",
                    Operation::Delete => "delete",
                }),
            );
        }
    }
    input
}

fn link(platform: &Platform) -> &'static str {
    match platform.portal.pull_request {
        PullRequest::Github => "${{ steps.publish.output.remoteUrl }}",
        PullRequest::Gitlab => "${{ steps.publish.output.mergeRequestUrl }}",
    }
}
