//! A model as text: one line for each place.

use generator::model::{Bounds, Check, Notes, Object, Rest, Rule, Schema, Service, Shape, Size, Text};
use generator::{Diagnostic, Severity, line_column};

/// The values, place by place, then the named types.
pub(crate) fn service(service: &Service) -> String {
    let mut out = String::new();
    place(&service.values, "/", "", &mut out);
    for (name, schema) in &service.types {
        place(schema, &format!("#{name}"), "", &mut out);
    }
    for (property, child) in &service.children {
        out.push_str(&format!("child {property}: {child}\n"));
    }
    out
}

/// `line:column severity code message`, and the help below.
pub(crate) fn diagnostics(diagnostics: &[Diagnostic], text: &str) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let (line, column) = line_column(text, diagnostic.location.as_ref().map_or(0, |location| location.span.start));
        let severity = match diagnostic.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        out.push_str(&format!("{line}:{column} {severity} {} {}\n", diagnostic.code.as_str(), diagnostic.message));
        if let Some(help) = &diagnostic.help {
            out.push_str(&format!("    help: {help}\n"));
        }
        for (location, message) in &diagnostic.related {
            let (line, column) = line_column(text, location.span.start);
            out.push_str(&format!("    {line}:{column} {message}\n"));
        }
    }
    out
}

fn place(schema: &Schema, at: &str, required: &str, out: &mut String) {
    let words = [&schema.title, &schema.doc].into_iter().flatten().map(|text| format!(" {text:?}")).collect::<String>();
    let default = schema.default.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    out.push_str(&format!("{at}{required} {}{default}{words}{}\n", own(schema), notes(&schema.notes)));
    for rule in &schema.rules {
        out.push_str(&format!("    {}\n", self::rule(rule)));
    }
    let below = if at.ends_with('/') { at.to_owned() } else { format!("{at}/") };
    match &schema.shape {
        Shape::Object(object) => {
            for field in &object.fields {
                place(&field.schema, &format!("{below}{}", field.name), if field.required { "!" } else { "" }, out);
            }
            if let Rest::Of(rest) = &object.rest {
                place(rest, &format!("{below}*"), "", out);
            }
        }
        Shape::List(list) => place(&list.item, &format!("{below}*"), "", out),
        Shape::Map(map) => place(&map.value, &format!("{below}*"), "", out),
        Shape::Union(branches) => {
            for (index, branch) in branches.iter().enumerate() {
                place(branch, &format!("{at}|{index}"), "", out);
            }
        }
        _ => {}
    }
}

/// Shape and limits, without what stands below.
fn own(schema: &Schema) -> String {
    let shape = match &schema.shape {
        Shape::Anything => "anything".to_owned(),
        Shape::Nothing => "nothing".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::Integer(bounds) => format!("integer{}", self::bounds(bounds)),
        Shape::Number(bounds) => format!("number{}", self::bounds(bounds)),
        Shape::Text(text) => self::text(text),
        Shape::Choice(values) => format!("choice {}", values.iter().map(ToString::to_string).collect::<Vec<_>>().join("|")),
        Shape::List(list) => format!("list{}{}", size(list.size), if list.unique { " unique" } else { "" }),
        Shape::Map(map) => {
            format!("map{}{}", size(map.size), map.key.as_ref().map(|key| format!(" of {}", self::text(key))).unwrap_or_default())
        }
        Shape::Object(object) => format!("object{}{}", rest(object), size(object.size)),
        Shape::Union(_) => "union".to_owned(),
        Shape::Named(name) => format!("#{name}"),
    };
    let null = if schema.nullable { " or null" } else { "" };
    let implied = if schema.implied { " (implied)" } else { "" };
    format!("{shape}{null}{implied}")
}

fn rest(object: &Object) -> &'static str {
    match object.rest {
        Rest::Closed => " closed",
        Rest::Unsaid => "",
        Rest::Open => " open",
        Rest::Of(_) => " open to *",
    }
}

fn bounds(bounds: &Bounds) -> String {
    let limit = |bound: &generator::model::Bound| format!("{}{}", bound.value, if bound.exclusive { "(" } else { "" });
    match (&bounds.min, &bounds.max) {
        (None, None) => String::new(),
        (min, max) => {
            let max = max.as_ref().map(|bound| format!("{}{}", if bound.exclusive { ")" } else { "" }, bound.value));
            format!(" {}..{}", min.as_ref().map(limit).unwrap_or_default(), max.unwrap_or_default())
        }
    }
}

fn text(text: &Text) -> String {
    let length = size(Size { min: text.min, max: text.max });
    let patterns = text.patterns.iter().map(|pattern| format!(" /{}/", pattern.source)).collect::<String>();
    format!("text{length}{patterns}{}", text.format.as_ref().map(|format| format!(" {format}")).unwrap_or_default())
}

fn size(size: Size) -> String {
    match (size.min, size.max) {
        (None, None) => String::new(),
        (min, max) => {
            format!(" [{}..{}]", min.map(|n| n.to_string()).unwrap_or_default(), max.map(|n| n.to_string()).unwrap_or_default())
        }
    }
}

fn notes(notes: &Notes) -> String {
    let Notes {
        order,
        page,
        advanced,
        hidden,
        platform_owned,
        secret,
        immutable,
        entity,
        suggestions,
        widget,
        examples,
        deprecated,
    } = notes;
    let mut words = Vec::new();
    words.extend(order.map(|order| format!("order={order}")));
    words.extend(page.as_ref().map(|page| format!("page={page}")));
    for (flag, word) in [
        (advanced, "advanced"),
        (hidden, "hidden"),
        (platform_owned, "platformOwned"),
        (secret, "secretRef"),
        (immutable, "immutable"),
        (deprecated, "deprecated"),
    ] {
        words.extend(flag.then(|| word.to_owned()));
    }
    words.extend(entity.as_ref().map(|entity| {
        format!("entity={}{}", entity.kind, entity.of_type.as_ref().map(|of| format!("/{of}")).unwrap_or_default())
    }));
    words.extend((!suggestions.is_empty()).then(|| format!("suggestions={}", serde_json::json!(suggestions))));
    words.extend(widget.map(|widget| format!("widget={}", widget.word())));
    words.extend((!examples.is_empty()).then(|| format!("examples={}", serde_json::json!(examples))));
    if words.is_empty() { String::new() } else { format!(" {{{}}}", words.join(" ")) }
}

fn rule(rule: &Rule) -> String {
    let of = |schemas: &[Schema]| schemas.iter().map(inline).collect::<Vec<_>>().join(" | ");
    let check = match &rule.check {
        Check::AllOf(schemas) => format!("all of {}", of(schemas)),
        Check::AnyOf(schemas) => format!("any of {}", of(schemas)),
        Check::OneOf(schemas) => format!("one of {}", of(schemas)),
        Check::Not(schema) => format!("not {}", inline(schema)),
        Check::If { condition, then, otherwise } => {
            let then = then.as_ref().map(|schema| format!(" then {}", inline(schema))).unwrap_or_default();
            let otherwise = otherwise.as_ref().map(|schema| format!(" else {}", inline(schema))).unwrap_or_default();
            format!("if {}{then}{otherwise}", inline(condition))
        }
        Check::DependentRequired { key, needs } => format!("{key} needs {}", needs.join(", ")),
        Check::DependentSchema { key, schema } => format!("{key} needs {}", inline(schema)),
        Check::Contains { item, min, max } => {
            format!("contains{} {}", size(Size { min: Some(*min), max: *max }), inline(item))
        }
        Check::MultipleOf(number) => format!("multiple of {number}"),
        Check::Tuple { items, rest } => {
            format!("tuple {}{}", of(items), rest.as_ref().map(|rest| format!(" then {}", inline(rest))).unwrap_or_default())
        }
        Check::Keys(key) => format!("keys {}", text(key)),
        Check::KeyPatterns(patterns) => patterns
            .iter()
            .map(|(pattern, schema)| format!("keys /{}/ {}", pattern.source, inline(schema)))
            .collect::<Vec<_>>()
            .join(", "),
        Check::Cel(rule) => format!("cel {rule}"),
        Check::Opaque(keyword) => format!("opaque {keyword}"),
    };
    let message = rule.message.as_ref().map(|message| format!(" {message:?}")).unwrap_or_default();
    format!("{check}{message} @{}", rule.at)
}

/// A condition in one line.
fn inline(schema: &Schema) -> String {
    let below = match &schema.shape {
        Shape::Object(object) => {
            let fields = object
                .fields
                .iter()
                .map(|field| format!("{}{}: {}", field.name, if field.required { "!" } else { "" }, inline(&field.schema)));
            let rest = match &object.rest {
                Rest::Of(rest) => Some(format!("*: {}", inline(rest))),
                _ => None,
            };
            format!(" {{{}}}", fields.chain(rest).collect::<Vec<_>>().join(", "))
        }
        Shape::List(list) => format!(" of {}", inline(&list.item)),
        Shape::Map(map) => format!(" to {}", inline(&map.value)),
        Shape::Union(branches) => format!(" {}", branches.iter().map(inline).collect::<Vec<_>>().join("|")),
        _ => String::new(),
    };
    let rules = schema.rules.iter().map(|rule| format!(" & {}", self::rule(rule))).collect::<String>();
    format!("({}{below}{rules})", own(schema))
}
