//! A schema's text becomes a [`Service`]: the only place where JSON Schema is read.
//!
//! Dialects, references, spellings and foreign annotations are settled here, names and order are decided, and every keyword is
//! consumed once ([`keywords`]). Nothing in here panics, whatever the text; what can't be understood is a [`Diagnostic`] at its token.

mod array;
mod bundle;
mod compose;
mod dialect;
mod documents;
mod extent;
mod keys;
mod keywords;
mod meet;
mod notes;
mod null;
mod number;
mod object;
mod reference;
mod schema;
mod tell;
mod values;
mod verify;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;
use manifest::name::{ServiceName, title};
use manifest::platform::Platform;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Location, Severity, Span};
use crate::json::Node;
use crate::model::{Bundle, Object, Pointer, Rest, Schema, Service, Shape, Types};
use crate::{Source, json};
use dialect::{Declared, Dialect};
pub(crate) use documents::Repository;
use documents::{Document, child_view};
pub use keywords::Fate;

/// What lowering makes of a source.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// `None`: there is an error among the diagnostics.
    pub service: Option<Service>,
    pub diagnostics: Vec<Diagnostic>,
    /// The first book: what became of each keyword, by the pointer of its schema.
    pub keywords: BTreeMap<(Pointer, String), Fate>,
    /// Each keyword that a walk knowing nothing of lowering finds.
    pub found: BTreeSet<(Pointer, String)>,
}

/// Reads the sources; a source that isn't JSON is left out, with its diagnostics.
pub(crate) fn read(sources: &[Source]) -> (Repository, BTreeMap<ServiceName, Vec<Diagnostic>>) {
    let mut repository = Repository::new();
    let mut diagnostics = BTreeMap::<ServiceName, Vec<Diagnostic>>::new();
    for source in sources {
        let location = |span| Some(Location { file: source.path.clone(), span });
        match json::parse(&source.text) {
            Ok(document) => {
                for (later, earlier, key) in document.duplicates {
                    let message = format!("the key `{key}` stands twice in this object; the last one counts");
                    let diagnostic = Diagnostic::new(Severity::Warning, Code::JsonDuplicate, location(later), message)
                        .related(Location { file: source.path.clone(), span: earlier }, "first here");
                    diagnostics.entry(source.service.clone()).or_default().push(diagnostic);
                }
                repository.insert(source.service.clone(), Document { service: source.service.clone(), root: document.root });
            }
            Err(error) => {
                let diagnostic = Diagnostic::new(Severity::Error, error.code, location(error.span), error.message);
                diagnostics.entry(source.service.clone()).or_default().push(diagnostic);
            }
        }
    }
    (repository, diagnostics)
}

/// Lowers one source of the repository.
pub(crate) fn lower(source: &Source, repository: &Repository, platform: &Platform) -> Lowered {
    let mut reports = Reports { path: &source.path, diagnostics: Vec::new(), seen: HashSet::new() };
    let Some(own) = repository.get(&source.service) else {
        return Lowered { service: None, diagnostics: Vec::new(), keywords: BTreeMap::new(), found: BTreeSet::new() };
    };
    let documents = gather(own, repository);
    let dialect = settle_dialect(&own.root, &mut reports);
    let mut lowering = Lowering {
        documents: &documents,
        dialect,
        reports,
        book: BTreeMap::new(),
        open: Vec::new(),
        done: HashMap::new(),
        type_names: HashMap::new(),
        types: IndexMap::new(),
        never_null: HashSet::new(),
        children: Vec::new(),
        steps: 0,
        nesting: 0,
        conditions: 0,
        settled: HashSet::new(),
        entered: None,
    };
    let (mut values, (bundle, names)) = lowering.document(own);
    root_fields(&mut values, &lowering.types);
    if let Some(excess) = extent::excess(&values, &lowering.types) {
        let span = Span { start: own.root.span.start, end: own.root.span.start + 1 };
        lowering.report(Severity::Error, Code::JsonDepth, span, excess);
        // Nothing may walk it any more.
        values.shape = Shape::Anything;
        values.rules.clear();
    }
    let used = used(&values, &lowering.types);
    lowering.types.retain(|name, _| used.contains(name));
    null::settle_recursive(&mut values, &mut lowering.types);
    let found = found(&own.root);
    let Lowering { mut reports, book, types, children, .. } = lowering;
    let kind = platform.kind(&source.service);
    let mut service = Service {
        name: source.service.clone(),
        kind,
        plural: platform.plural(&source.service),
        title: values.title.clone().unwrap_or_else(|| title(&source.service)),
        doc: values.doc.clone(),
        values,
        types,
        bundle: Bundle { schema: bundle },
        children,
        sample: source.sample.clone(),
        flavors: source.flavors.clone(),
    };
    verify::verify(&mut service, &names, &own.root, &mut reports);
    reports.diagnostics.sort_by(|a, b| a.location.cmp(&b.location));
    let failed = reports.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Lowered { service: (!failed).then_some(service), diagnostics: reports.diagnostics, keywords: book, found }
}

/// The root stands for itself, not by name; and if it has no properties, it is an object whose fields aren't known yet.
fn root_fields(values: &mut Schema, types: &Types) {
    if matches!(values.shape, Shape::Named(_)) {
        let target = values.resolve(types).clone();
        let own = std::mem::replace(values, target);
        values.title = own.title.or(values.title.take());
        values.doc = own.doc.or(values.doc.take());
        values.default = own.default.or(values.default.take());
    }
    if let Shape::Map(map) = &values.shape
        && map.key.is_none()
    {
        let rest = match map.value.shape {
            Shape::Anything if map.value.rules.is_empty() => Rest::Unsaid,
            _ => Rest::Of(map.value.clone()),
        };
        values.shape = Shape::Object(Object { fields: Vec::new(), rest, size: map.size });
    }
}

/// The named types that the values hold, directly or through another.
fn used(values: &Schema, types: &Types) -> HashSet<String> {
    let mut used = HashSet::new();
    let mut pending = vec![values];
    while let Some(schema) = pending.pop() {
        match &schema.shape {
            Shape::Named(name) if used.insert(name.clone()) => pending.extend(types.get(name)),
            Shape::List(list) => pending.push(&list.item),
            Shape::Map(map) => pending.push(&map.value),
            Shape::Union(branches) => pending.extend(branches),
            Shape::Object(object) => {
                pending.extend(object.fields.iter().map(|field| &field.schema));
                if let Rest::Of(rest) = &object.rest {
                    pending.push(rest);
                }
            }
            _ => {}
        }
        pending.extend(schema.rules.iter().flat_map(|rule| rule.check.schemas()));
    }
    used
}

/// A document with what it needs of the others, in the order of first reference; its own comes first.
fn gather(own: &Document, repository: &Repository) -> Vec<Document> {
    let mut documents = vec![Document { service: own.service.clone(), root: own.root.clone() }];
    let mut index = 0;
    while let Some(document) = documents.get(index) {
        for service in documents::referred(&document.root) {
            if !documents.iter().any(|known| known.service == service)
                && let Some(child) = repository.get(&service)
            {
                documents.push(Document { service, root: child_view(&child.root) });
            }
        }
        index += 1;
    }
    documents
}

fn settle_dialect(root: &Node, reports: &mut Reports<'_>) -> Dialect {
    let span = root.get("$schema").map_or(Span { start: root.span.start, end: root.span.start + 1 }, |node| node.span);
    match dialect::declared(root) {
        Declared::As(dialect) => dialect,
        // Not a text: that is reported where the keyword is read.
        Declared::Nothing if root.get("$schema").is_some_and(|node| node.text().is_none()) => Dialect::Draft2020,
        Declared::Nothing => {
            let message = "`$schema` names no version: it is read as 2020-12, as Helm 4 does";
            let help = format!("declare the dialect: \"$schema\": \"{}\"", Dialect::Draft2020.url());
            reports.push(Diagnostic::new(Severity::Note, Code::Dialect, reports.at(span), message).help(help));
            Dialect::Draft2020
        }
        Declared::Unknown(url) => {
            let message = format!("`{url}` isn't a dialect of JSON Schema that Trefoil reads; expected draft-04 to 2020-12");
            reports.push(Diagnostic::new(Severity::Error, Code::Dialect, reports.at(span), message));
            Dialect::Draft2020
        }
    }
}

/// The schemas of a document, by a walk that knows nothing of lowering: each that stands where a schema can stand, or that a reference
/// makes one.
fn all_schemas(root: &Node) -> Vec<(&Node, Pointer)> {
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    let mut pending = vec![(root, Pointer::root())];
    while let Some((node, at)) = pending.pop() {
        keywords::each_schema(node, &at, &mut |node, at| {
            if !seen.insert(at.clone()) {
                return;
            }
            out.push((node, at.clone()));
            let id = root.get("$id").or_else(|| root.get("id")).and_then(Node::text);
            let local = node.get("$ref").and_then(Node::text).map(|text| documents::target(text, id));
            if let Some(documents::Target::Here(fragment)) = local {
                pending.extend(documents::follow(root, fragment));
            }
        });
    }
    out
}

/// The keywords of a document.
fn found(root: &Node) -> BTreeSet<(Pointer, String)> {
    let keywords = |(node, at): (&Node, Pointer)| {
        node.members().iter().map(move |member| (at.clone(), member.key.clone())).collect::<Vec<_>>()
    };
    all_schemas(root).into_iter().flat_map(keywords).collect()
}

/// Diagnostics of one file, each once.
struct Reports<'a> {
    path: &'a str,
    diagnostics: Vec<Diagnostic>,
    seen: HashSet<(Code, Span, String)>,
}

impl Reports<'_> {
    fn at(&self, span: Span) -> Option<Location> {
        Some(Location { file: self.path.to_owned(), span })
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        let span = diagnostic.location.as_ref().map(|location| location.span).unwrap_or_default();
        if self.seen.insert((diagnostic.code, span, diagnostic.message.clone())) {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// The state of lowering one service.
struct Lowering<'d> {
    documents: &'d [Document],
    dialect: Dialect,
    reports: Reports<'d>,
    book: BTreeMap<(Pointer, String), Fate>,
    /// The reference targets that are being lowered, outermost first.
    open: Vec<Pointer>,
    /// The reference targets that were lowered.
    done: HashMap<Pointer, Schema>,
    /// The targets that are used by name.
    type_names: HashMap<Pointer, String>,
    types: IndexMap<String, Schema>,
    /// Recursive types whose source says a JSON type, and not `null`: known before they are complete.
    never_null: HashSet<String>,
    children: Vec<(String, ServiceName)>,
    /// Schemas lowered so far: a document of nested references can't take for ever.
    steps: usize,
    /// Schemas that we are inside of.
    nesting: usize,
    /// Conditions that we are inside of.
    conditions: usize,
    /// Schemas that lead to no endless chain of references.
    settled: HashSet<*const Node>,
    /// The reference of the service's own document through which another one was entered.
    entered: Option<Span>,
}

/// Schemas inside schemas, counted through references; the deepest public chart has 14.
const MAX_NESTING: usize = 100;

/// More schemas than this, counted at each use, aren't lowered; the largest public chart needs a tenth.
const MAX_STEPS: usize = 400_000;

impl<'d> Lowering<'d> {
    fn document(&mut self, own: &'d Document) -> (Schema, (Value, bundle::Names)) {
        let root = self.documents.first().map_or(&own.root, |document| &document.root);
        self.open.push(Pointer::root());
        let values = self.schema(0, root, &Pointer::root());
        self.open.pop();
        if let Some(name) = self.type_names.get(&Pointer::root()) {
            self.types.insert(name.clone(), values.clone());
        }
        self.unused_definitions(root);
        let bundle = bundle::bundle(self.documents, self.dialect);
        (values, bundle)
    }

    /// Definitions that nobody refers to are lowered for their diagnostics and books only.
    fn unused_definitions(&mut self, root: &'d Node) {
        let pending: Vec<_> = all_schemas(root).into_iter().filter(|(node, _)| !node.members().is_empty()).collect();
        let types = self.types.clone();
        for (node, at) in pending {
            let visited = node.members().first().is_some_and(|member| self.book.contains_key(&(at.clone(), member.key.clone())));
            if !visited {
                self.schema(0, node, &at);
            }
        }
        self.types = types;
    }

    fn report(&mut self, severity: Severity, code: Code, span: Span, message: impl Into<String>) {
        self.report_help(severity, code, span, message, None);
    }

    fn report_help(&mut self, severity: Severity, code: Code, span: Span, message: impl Into<String>, help: Option<String>) {
        let message = message.into();
        let (span, message) = match self.entered {
            None => (span, message),
            // The other service's own diagnostics say the rest.
            Some(span) if severity == Severity::Error => (span, format!("in the schema that this refers to: {message}")),
            Some(_) => return,
        };
        let mut diagnostic = Diagnostic::new(severity, code, self.reports.at(span), message);
        diagnostic.help = help;
        self.reports.push(diagnostic);
    }

    /// Notes the fate of a schema's keywords in the first book.
    fn close(&mut self, document: usize, at: &Pointer, keywords: &keywords::Keywords<'d>) {
        if document == 0 {
            for (key, fate) in keywords.fates() {
                self.book.entry((at.clone(), key.to_owned())).or_insert(fate);
            }
        }
    }

    /// Consumes what stands behind a keyword that has no effect there.
    fn ignore(&mut self, document: usize, keyword: &str, value: &'d Node, at: &Pointer) {
        if document != 0 {
            return;
        }
        let book = &mut self.book;
        keywords::each_below(keyword, value, at, &mut |node, at| {
            for member in node.members() {
                book.entry((at.clone(), member.key.clone())).or_insert(Fate::Ignored);
            }
        });
    }
}
