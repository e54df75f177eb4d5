//! What `platform.toml` may say, beyond its types; and the place of what is wrong.

use std::ops::Range;
use toml::de::{DeTable, DeValue};

use super::{Platform, PlatformError, between};
use crate::layout::Layouts;
use crate::name::NAME_MAX;
use crate::nearest;

/// A mistake in the TOML itself, a key that doesn't exist, or a value of another type.
pub(super) fn toml_error(text: &str, error: &toml::de::Error) -> PlatformError {
    let message = error.message();
    // serde's own words: "unknown field `grup`, expected one of `group`, `version`"; so for variants.
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown ").then(|| quoted.next()).flatten();
    let help = unknown.and_then(|unknown| nearest(unknown, quoted)).map(|meant| format!("did you mean `{meant}`?"));
    at(text, error.span().unwrap_or(0..0), message.to_owned(), help)
}

/// Checks every setting; the first wrong one in the order of [`Platform`]'s fields is reported.
pub(super) fn validate(platform: &Platform, text: &str) -> Result<(), PlatformError> {
    for (key, value, check) in settings(platform) {
        if let Err(expected) = check(value) {
            let message = format!("`{}` is {value:?}: expected {expected}", key.join("."));
            return Err(at(text, span(text, &key), message, None));
        }
    }
    let layouts = Layouts::new(&platform.releases.layouts);
    let layouts =
        layouts.map_err(|error| at(text, span(text, &["releases", "layouts"]), format!("`releases.layouts`: {error}"), None))?;
    let Some(application) = &platform.argo_cd.application else { return Ok(()) };
    let wrong = |problem| {
        let message =
            format!("`argo-cd.application` {problem}: expected a name as `releases` or `{{tenant}}-{{service}}-{{name}}`");
        at(text, span(text, &["argo-cd", "application"]), message, None)
    };
    layouts.check(application).map_err(wrong)
}

type Check = fn(&str) -> Result<(), &'static str>;

/// Every text setting with its key and what it must be.
fn settings(platform: &Platform) -> Vec<(Vec<&str>, &str, Check)> {
    let Platform {
        api,
        repository,
        releases,
        naming,
        namespaces,
        chart_source,
        helm_release,
        portal,
        plurals,
        admission: _,
        argo_cd,
        flux,
    } = platform;
    let mut settings: Vec<(Vec<&str>, &str, Check)> = vec![
        (vec!["api", "group"], &api.group, group),
        (vec!["api", "version"], &api.version, version),
        (vec!["repository", "host"], &repository.host, host),
        (vec!["repository", "owner"], &repository.owner, owner),
        (vec!["repository", "name"], &repository.name, repository_name),
        (vec!["repository", "branch"], &repository.branch, branch),
        (vec!["releases", "host"], &releases.host, host),
        (vec!["releases", "owner"], &releases.owner, owner),
        (vec!["releases", "name"], &releases.name, repository_name),
        (vec!["releases", "branch"], &releases.branch, branch),
        (vec!["naming", "release"], &naming.release, release_template),
        (vec!["naming", "tenant"], &naming.tenant, tenant_template),
        (vec!["namespaces", "platform"], &namespaces.platform, label),
        (vec!["namespaces", "tenant"], &namespaces.tenant, tenant_template),
        (vec!["chart-source", "name"], &chart_source.name, label),
        (vec!["chart-source", "namespace"], &chart_source.namespace, label),
        (vec!["chart-source", "interval"], &chart_source.interval, duration),
        (vec!["helm-release", "api-version"], &helm_release.api_version, api_version),
        (vec!["helm-release", "interval"], &helm_release.interval, duration),
        (vec!["helm-release", "chart-interval"], &helm_release.chart_interval, duration),
        (vec!["helm-release", "timeout"], &helm_release.timeout, duration),
        (vec!["portal", "owner"], &portal.owner, entity),
        (vec!["portal", "annotation-prefix"], &portal.annotation_prefix, domain),
        (vec!["portal", "lifecycle"], &portal.lifecycle, line),
        (vec!["argo-cd", "project"], &argo_cd.project, object),
        (vec!["flux", "namespace"], &flux.namespace, label),
    ];
    let url: Check = match chart_source.kind {
        super::ChartSourceKind::GitRepository => git_url,
        super::ChartSourceKind::OciRepository => oci_url,
    };
    settings.extend(flux.kustomizations.iter().map(|name| {
        let check: Check = object;
        (vec!["flux", "kustomizations"], name.as_str(), check)
    }));
    let optional: [(Vec<&str>, &Option<String>, Check); 6] = [
        (vec!["chart-source", "url"], &chart_source.url, url),
        (vec!["helm-release", "service-account"], &helm_release.service_account, label),
        (vec!["portal", "system-type"], &portal.system_type, line),
        (vec!["portal", "commit-author-name"], &portal.commit_author_name, line),
        (vec!["portal", "commit-author-email"], &portal.commit_author_email, email),
        (vec!["argo-cd", "namespace"], &argo_cd.namespace, label),
    ];
    settings.extend(optional.into_iter().filter_map(|(key, value, check)| Some((key, value.as_deref()?, check))));
    settings.extend(plurals.iter().map(|(service, plural)| {
        let check: Check = plural_name;
        (vec!["plurals", service.as_str()], plural.as_str(), check)
    }));
    settings
}

fn at(text: &str, span: Range<usize>, message: String, help: Option<String>) -> PlatformError {
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    PlatformError { message, help, line, column, span }
}

/// Where the value of a key stands; the beginning of the text if it is a default.
fn span(text: &str, key: &[&str]) -> Range<usize> {
    find(text, key).unwrap_or(0..0)
}

fn find(text: &str, key: &[&str]) -> Option<Range<usize>> {
    let root = DeTable::parse(text).ok()?;
    let (last, tables) = key.split_last()?;
    let mut table = root.get_ref();
    for name in tables {
        match table.get(*name)?.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return None,
        }
    }
    Some(table.get(*last)?.span())
}

fn ensure(right: bool, expected: &'static str) -> Result<(), &'static str> {
    if right { Ok(()) } else { Err(expected) }
}

/// A DNS-1123 label.
fn label(text: &str) -> Result<(), &'static str> {
    let right = !text.is_empty() && text.len() <= NAME_MAX && has_only(text, "-") && trimmed(text, "-");
    ensure(right, "lower-case letters, digits and inner hyphens, at most 63 characters")
}

/// A DNS-1123 subdomain: the name of most objects.
fn object(text: &str) -> Result<(), &'static str> {
    let right = text.len() <= 253 && text.split('.').all(|part| label(part).is_ok());
    ensure(right, "lower-case letters, digits, inner dots and hyphens")
}

fn domain(text: &str) -> Result<(), &'static str> {
    let right = text.len() <= 253 && text.contains('.') && text.split('.').all(|part| label(part).is_ok());
    ensure(right, "a domain name, as `platform.example.org`")
}

/// KRO puts the group into a label's value, which has at most 63 characters.
fn group(text: &str) -> Result<(), &'static str> {
    let right = domain(text).is_ok() && text.len() <= NAME_MAX;
    ensure(right, "a domain name of at most 63 characters, as `services.example.org`")
}

/// The versions that Kubernetes can order: `v1`, `v2beta1`.
fn version(text: &str) -> Result<(), &'static str> {
    let number = |text: &str| text.starts_with(|c: char| ('1'..='9').contains(&c)) && text.chars().all(|c| c.is_ascii_digit());
    let right = text.strip_prefix('v').is_some_and(|rest| {
        let parts = rest.split_once("alpha").or_else(|| rest.split_once("beta"));
        parts.map_or_else(|| number(rest), |(major, minor)| number(major) && number(minor))
    });
    ensure(right, "an API version, as `v1alpha1`, `v1beta2` or `v1`")
}

fn api_version(text: &str) -> Result<(), &'static str> {
    let right = text.split_once('/').is_some_and(|(group, right)| domain(group).is_ok() && version(right).is_ok());
    ensure(right, "a group and a version, as `helm.toolkit.fluxcd.io/v2`")
}

fn host(text: &str) -> Result<(), &'static str> {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let right = name.split('.').all(|part| label(part).is_ok()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    ensure(right, "a host, as `github.com`, without a scheme and in lower case")
}

fn owner(text: &str) -> Result<(), &'static str> {
    ensure(text.split('/').all(is_segment), "an owner, as `example-org`, or `group/subgroup`")
}

fn repository_name(text: &str) -> Result<(), &'static str> {
    ensure(is_segment(text), "a repository's name: letters, digits, `.`, `_` and `-`, not at the beginning")
}

/// A segment of an address that means nothing to a shell, to Git or to a URL.
fn is_segment(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(known) && !text.ends_with('.')
}

/// Stricter than `git check-ref-format`: no branch that a shell, an option parser or a URL could misread.
fn branch(text: &str) -> Result<(), &'static str> {
    let right = text.split('/').all(|part| is_segment(part) && !part.contains("..") && !part.ends_with(".lock"));
    ensure(right, "a branch, as `main` or `release/1.0`")
}

/// `{tenant}…{name}…{service}`: each once, in this order, with a separator between them that begins and ends with a hyphen.
fn release_template(text: &str) -> Result<(), &'static str> {
    let (after_tenant, before_service) = (between(text, "{tenant}", "{name}"), between(text, "{name}", "{service}"));
    let whole = format!("{{tenant}}{after_tenant}{{name}}{before_service}{{service}}");
    let separates = |text: &str| text.starts_with('-') && text.ends_with('-') && has_only(text, "-");
    let right = text == whole && separates(after_tenant) && separates(before_service);
    ensure(
        right,
        "`{tenant}`, `{name}` and `{service}`, each once and in this order, with lower-case letters, digits and hyphens \
         between them that begin and end with a hyphen, as `{tenant}-tenant-{name}-{service}`",
    )
}

fn tenant_template(text: &str) -> Result<(), &'static str> {
    let right = text.split_once("{tenant}").is_some_and(|(before, after)| {
        let before_fits = before.is_empty() || before.starts_with(|c: char| c.is_ascii_lowercase()) && before.ends_with('-');
        let after_fits = after.is_empty() || after.starts_with('-') && trimmed(&after[1..], "-") && after.len() > 1;
        before_fits && after_fits && has_only(before, "-") && has_only(after, "-")
    });
    ensure(right, "`{tenant}` once, set off by hyphens from lower-case letters, digits and hyphens, as `{tenant}-tenant`")
}

/// Flux' durations, without fractions: `^([0-9]+(ms|s|m|h))+$`.
fn duration(text: &str) -> Result<(), &'static str> {
    let mut rest = text;
    let mut right = !text.is_empty();
    while right && !rest.is_empty() {
        let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let next = ["ms", "s", "m", "h"].iter().find_map(|known| unit.strip_prefix(known));
        right = unit.len() < rest.len() && next.is_some();
        rest = next.unwrap_or_default();
    }
    ensure(right, "a duration, as `10m` or `1h30m`")
}

fn entity(text: &str) -> Result<(), &'static str> {
    let right = text.split_once(':').is_some_and(|(kind, rest)| {
        let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
        label(kind).is_ok() && label(namespace).is_ok() && is_segment(name)
    });
    ensure(right, "a catalog reference, as `group:default/platform-team`")
}

fn git_url(text: &str) -> Result<(), &'static str> {
    let right = is_address(text, &["https://", "http://", "ssh://"]);
    ensure(right, "an address that begins with `https://`, `http://` or `ssh://`, without blanks")
}

fn oci_url(text: &str) -> Result<(), &'static str> {
    ensure(is_address(text, &["oci://"]), "an address that begins with `oci://`, without blanks")
}

fn is_address(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && !"\"'\\`<>{}|^".contains(c)))
}

fn email(text: &str) -> Result<(), &'static str> {
    let right = text.split_once('@').is_some_and(|(name, host)| {
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"<>@\"".contains(c));
        plain(name) && plain(host)
    });
    ensure(right, "an e-mail address")
}

fn line(text: &str) -> Result<(), &'static str> {
    let right = !text.trim().is_empty() && text.trim() == text && !text.chars().any(char::is_control);
    ensure(right, "one line of text, without blanks around it")
}

fn plural_name(text: &str) -> Result<(), &'static str> {
    let right = label(text).is_ok() && text.starts_with(|c: char| c.is_ascii_lowercase());
    ensure(right, "the name of a resource, as `databases`")
}

fn has_only(text: &str, also: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c))
}

fn trimmed(text: &str, of: &str) -> bool {
    !text.starts_with(|c| of.contains(c)) && !text.ends_with(|c| of.contains(c))
}
