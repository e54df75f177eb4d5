//! Whose release it is, and which: as questions of the form and as expressions of the template engine.

use manifest::identity::{HELM_RELEASE_MAX, Identity};
use manifest::name::{GRAMMAR, ReleaseName, ServiceName, TenantName};
use manifest::platform::Platform;
use serde_json::{Map, Value, json};

use super::form::{NAME, TENANT, put};
use super::words::alternatives;
use crate::model::{Service, Shape};

/// Names that stand for what the form asks. [`Identity`] makes everything else of them, so that nothing is said twice.
const ANY_TENANT: &str = "qqtenantqq";
const ANY_NAME: &str = "qqnameqq";

/// What the templates of one service know of a release's identity.
pub(super) struct Who<'a> {
    pub platform: &'a Platform,
    /// A release nobody has, with the names above.
    pub anyone: Identity,
    /// The keys of the questions; a service may have fields of these names that are something else.
    pub tenant: String,
    /// `None`: a tenant's own release has no name beside the tenant's.
    pub name: Option<String>,
}

impl<'a> Who<'a> {
    pub(super) fn new(service: &'a Service, platform: &'a Platform) -> Option<Who<'a>> {
        let tenant = TenantName::parse(ANY_TENANT).ok()?;
        let key = |wish: &str, other: &str| {
            let field = service.values.object().and_then(|object| object.field(wish));
            let ours = field.is_none_or(|field| matches!(field.schema.resolve(&service.types).shape, Shape::Text(_)));
            if ours { wish.to_owned() } else { other.to_owned() }
        };
        let is_tenant = service.name == ServiceName::tenant();
        let anyone = if is_tenant {
            Identity::Tenant(tenant)
        } else {
            Identity::Release { tenant, service: service.name.clone(), name: ReleaseName::parse(ANY_NAME).ok()? }
        };
        Some(Who { platform, anyone, tenant: key(TENANT, "releaseTenant"), name: (!is_tenant).then(|| key(NAME, "releaseName")) })
    }

    /// `text`, which is made of [`Who::anyone`], as an expression of the skeleton: `values.tenant + "-tenant"`.
    pub(super) fn expression(&self, text: &str) -> String {
        let parts = split(text).into_iter().map(|part| match part {
            Part::Tenant => "values.tenant".to_owned(),
            Part::Name => "values.name".to_owned(),
            Part::Text(text) => Value::from(text).to_string(),
        });
        parts.collect::<Vec<_>>().join(" + ")
    }

    /// `text` as a string of a step, in which expressions are embedded.
    pub(super) fn step(&self, text: &str) -> String {
        let parts = split(text).into_iter().map(|part| match part {
            Part::Tenant => format!("${{{{ {} }}}}", self.tenant_expression()),
            Part::Name => format!("${{{{ parameters.{} }}}}", self.name.as_deref().unwrap_or_default()),
            Part::Text(text) => text.to_owned(),
        });
        parts.collect()
    }

    /// The tenant's short name in a step. The form posts the catalog's reference to the tenant's entity, whose name is that of the
    /// tenant's object; what the platform puts around the short name is taken off at the very ends, without regular
    /// expressions, which not every engine runs.
    pub(super) fn tenant_expression(&self) -> String {
        let tenant = &self.tenant;
        if self.name.is_none() {
            return format!("parameters.{tenant}");
        }
        let (before, after) = self.platform.naming.tenant.split_once("{tenant}").unwrap_or_default();
        let mut expression = format!("(\"/\" + (parameters.{tenant} | parseEntityRef | pick(\"name\")) + \"/\")");
        for (found, kept) in [(format!("/{before}"), "/"), (format!("{after}/"), "/")] {
            if found != kept {
                expression.push_str(&format!(" | replace({}, {})", Value::from(found), Value::from(kept)));
            }
        }
        expression.push_str(" | replace(\"/\", \"\")");
        expression
    }

    /// The folder of the release in its repository: `<tenant>/<service>/<name>`.
    pub(super) fn folder(&self) -> String {
        let path = self.anyone.path();
        path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or(path)
    }

    /// `shop webapp in acme tenant`.
    pub(super) fn words(&self) -> String {
        match &self.anyone {
            Identity::Tenant(tenant) => format!("{tenant} tenant"),
            Identity::Release { tenant, service, name } => format!("{name} {service} in {tenant} tenant"),
        }
    }

    /// The questions. `known` are the fields of the same name, as the schema describes them.
    pub(super) fn questions(&self, known: &Map<String, Value>, longest_child: usize) -> Map<String, Value> {
        let mut questions = Map::new();
        let own = known.get(&self.tenant).cloned();
        match &self.name {
            None => {
                questions.insert(self.tenant.clone(), self.named(own, "Tenant", "The tenant's short name.", longest_child));
            }
            Some(name) => {
                questions.insert(self.tenant.clone(), picker(own));
                let own = known.get(name).cloned();
                questions.insert(
                    name.clone(),
                    self.named(own, "Name", "Unique among the tenant's releases of this service.", longest_child),
                );
            }
        }
        questions
    }

    /// A name: the grammar of all names, and as long as the names that are made of it may be.
    fn named(&self, known: Option<Value>, title: &str, doc: &str, longest_child: usize) -> Value {
        let mut question = json!({ "title": title, "description": doc });
        for (key, value) in known.iter().filter_map(Value::as_object).flatten() {
            put(&mut question, key, value.clone());
        }
        let pattern = match question.get("pattern").and_then(Value::as_str) {
            Some(own) if own != GRAMMAR => format!("^(?=[\\s\\S]*?(?:{own}))(?:{GRAMMAR})"),
            _ => GRAMMAR.to_owned(),
        };
        let room = self.room(longest_child);
        let max = question.get("maxLength").and_then(Value::as_u64).map_or(room, |max| max.min(room));
        put(&mut question, "type", json!("string"));
        put(&mut question, "pattern", json!(pattern));
        put(&mut question, "maxLength", json!(max));
        let mut letters = "lower-case letters, digits and single hyphens, beginning with a letter".to_owned();
        if let Some(example) = question.get("ui:placeholder").and_then(Value::as_str) {
            letters = format!("{letters}, like {}", alternatives(&[example.to_owned()]));
        }
        put(&mut question, "errorMessage", json!({ "pattern": letters }));
        question
    }

    /// How many characters are left for the name beside the shortest tenant.
    fn room(&self, longest_child: usize) -> u64 {
        let whole = self.anyone.metadata_name(self.platform).len();
        let chosen = match &self.anyone {
            Identity::Tenant(tenant) => tenant.as_str().len(),
            Identity::Release { tenant, name, .. } => tenant.as_str().len() + name.as_str().len(),
        };
        let fixed = whole.saturating_sub(chosen);
        let tenant = usize::from(self.name.is_some());
        HELM_RELEASE_MAX.saturating_sub(longest_child + fixed + tenant).max(1) as u64
    }
}

/// Tenants are components of the system `tenant`.
fn picker(known: Option<Value>) -> Value {
    let word =
        |key: &str, otherwise: &str| known.as_ref().and_then(|known| known.get(key)).cloned().unwrap_or_else(|| json!(otherwise));
    json!({
        "title": word("title", "Tenant"),
        "description": word("description", "The tenant that it belongs to."),
        "type": "string",
        "ui:field": "EntityPicker",
        "ui:options": { "catalogFilter": { "kind": "Component", "spec.system": "tenant" }, "allowArbitraryValues": false },
    })
}

enum Part<'t> {
    Tenant,
    Name,
    Text(&'t str),
}

fn split(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (index, outer) in text.split(ANY_TENANT).enumerate() {
        if index > 0 {
            parts.push(Part::Tenant);
        }
        for (index, inner) in outer.split(ANY_NAME).enumerate() {
            if index > 0 {
                parts.push(Part::Name);
            }
            if !inner.is_empty() {
                parts.push(Part::Text(inner));
            }
        }
    }
    parts
}
