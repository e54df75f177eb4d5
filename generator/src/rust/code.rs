//! From the reduced schema to a formatted module.

use std::collections::BTreeMap;

use quote::format_ident;
use schemars08::schema::RootSchema;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprLit, Field, File, Ident, ItemStruct, Lit, LitStr, Meta, parse_quote};
use typify::{TypeSpace, TypeSpaceSettings};

use super::reduced::Reduced;
use crate::mark::{mark, source};
use crate::model::Service;
use crate::parallel;

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the reduced schema can't be read: {0}")]
    Schema(#[from] serde_json::Error),
    #[error("typify can't take the reduced schema: {0}")]
    Typify(#[from] typify::Error),
    #[error("typify's code can't be read: {0}")]
    Syntax(#[from] syn::Error),
    #[error("typify made no type of the root")]
    NoRoot,
    #[error("typify panicked")]
    Panic,
    #[error("no thread for typify: {0}")]
    Thread(#[from] std::io::Error),
}

/// The module of a service.
pub(super) fn module(service: &Service, reduced: &Reduced) -> Result<String, Error> {
    let kind = service.kind.as_str();
    // typify has panics for what it doesn't support.
    let code = parallel::deep(|| types(reduced, kind))?.unwrap_or(Err(Error::Panic))?;
    Ok(format!("{}\n{code}\n{}", head(service), model(service, kind)))
}

fn types(reduced: &Reduced, kind: &str) -> Result<String, Error> {
    let Reduced { schema, renamed, root, .. } = reduced;
    let schema: RootSchema = serde_json::from_value(schema.clone())?;
    let mut settings = TypeSpaceSettings::default();
    settings.with_struct_builder(false).with_map_type("::std::collections::BTreeMap");
    let mut types = TypeSpace::new(&settings);
    types.add_root_schema(schema)?;
    let mut file: File = syn::parse2(types.to_stream())?;
    if !file.items.iter().any(|item| matches!(item, syn::Item::Struct(item) if item.ident == root)) {
        return Err(Error::NoRoot);
    }
    Finish::new(renamed, root, kind).visit_file_mut(&mut file);
    Ok(prettyplease::unparse(&file))
}

/// The module of a service that typify doesn't take: its values stay JSON.
pub(super) fn untyped(service: &Service) -> String {
    let name = format_ident!("{}", service.kind.as_str());
    let file: File = parse_quote! {
        #[doc = " The values of a release, as JSON."]
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(transparent)]
        pub struct #name(pub ::serde_json::Value);
    };
    format!("{}\n{}\n{}", head(service), prettyplease::unparse(&file), model(service, service.kind.as_str()))
}

fn head(service: &Service) -> String {
    let title = service.title.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "//! {}\n//!\n//! {title}: the values of the service `{}`.\n\
         #![allow(missing_docs, unreachable_pub, reason = \"a schema need not describe everything\")]\n\
         #![allow(clippy::all, clippy::pedantic, clippy::restriction, reason = \"generated code\")]\n\
         #![allow(rustdoc::all, reason = \"descriptions are the author's text, not Markdown for rustdoc\")]\n",
        mark(&source(&service.name)),
        service.name
    )
}

fn model(service: &Service, root: &str) -> String {
    let (root, name) = (format_ident!("{root}"), service.name.as_str());
    let embedded = |file: &str| format!("{}/{file}.json", service.name.module());
    let (schema, defaults, release) = (embedded("schema"), embedded("defaults"), embedded("release"));
    let file: File = parse_quote! {
        impl ::manifest::valid::Model for #root {
            const SERVICE: &'static str = #name;
            const RELEASE: &'static str = include_str!(#release);

            fn validator() -> &'static ::manifest::valid::Validator {
                static VALIDATOR: ::std::sync::LazyLock<::manifest::valid::Validator> = ::std::sync::LazyLock::new(|| {
                    let schema = ::serde_json::from_str(include_str!(#schema)).expect("the generator wrote it");
                    let defaults = ::serde_json::from_str(include_str!(#defaults)).expect("the generator wrote it");
                    ::manifest::valid::Validator::new(&schema, defaults).expect("the generator made this validator before")
                });
                &VALIDATOR
            }
        }
    };
    prettyplease::unparse(&file)
}

/// Gives fields their properties' names, the root the service's kind as its name, and comments their text alone.
struct Finish<'a> {
    renamed: &'a BTreeMap<(String, String), String>,
    root: &'a str,
    kind: &'a str,
    /// What each line of a comment is made from: parsing one anew takes longer than all the rest.
    doc: Attribute,
}

impl VisitMut for Finish<'_> {
    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        let name = item.ident.to_string();
        for field in &mut item.fields {
            self.rename(&name, field);
        }
        visit_mut::visit_item_struct_mut(self, item);
    }

    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        // `AB` is a kind, and `Ab` what typify makes of it.
        if *ident == self.root && self.root != self.kind {
            *ident = Ident::new(self.kind, ident.span());
        }
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let text: Vec<String> =
            attributes.iter().filter_map(doc).flat_map(|doc| doc.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        // typify appends the schema that it saw, which isn't the author's.
        let text = text.iter().take_while(|line| !line.trim_start().starts_with("<details><summary>JSON schema"));
        let mut lines: Vec<_> = text.map(|line| line.trim().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
        let docs: Vec<_> = lines
            .iter()
            .map(|line| if line.is_empty() { self.doc_line(line) } else { self.doc_line(&format!(" {line}")) })
            .collect();
        attributes.splice(0..0, docs);
    }
}

impl<'a> Finish<'a> {
    fn new(renamed: &'a BTreeMap<(String, String), String>, root: &'a str, kind: &'a str) -> Finish<'a> {
        Finish { renamed, root, kind, doc: parse_quote!(#[doc = ""]) }
    }

    fn doc_line(&self, line: &str) -> Attribute {
        let mut attribute = self.doc.clone();
        if let Meta::NameValue(meta) = &mut attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &mut meta.value
        {
            *text = LitStr::new(line, text.span());
        }
        attribute
    }

    fn rename(&self, name: &str, field: &mut Field) {
        let Some(ident) = &field.ident else { return };
        // typify adds `_` to a keyword.
        let ident = ident.to_string();
        let key = (name.to_owned(), ident.strip_suffix('_').unwrap_or(&ident).to_owned());
        if let Some(property) = self.renamed.get(&key) {
            field.attrs.push(parse_quote!(#[serde(rename = #property)]));
        }
    }
}

fn doc(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
