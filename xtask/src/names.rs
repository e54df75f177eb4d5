//! What derives from a service's name, and who has it already.

use std::collections::{BTreeSet, HashMap};

use generator::{Code, Diagnostic, Severity};
use manifest::identity::{Identity, suffix_clash};
use manifest::name::{Kind, ReleaseName, ServiceName, TenantName};
use manifest::platform::Platform;

/// Everything that forbids `new` beside the services that are there.
pub(crate) fn check(new: &ServiceName, others: &[ServiceName], platform: &Platform) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> =
        others.iter().filter(|other| *other != new).filter_map(|other| clash(new, other, platform)).collect();
    out.extend(too_long(new, platform));
    out
}

/// Every two services that can't stand side by side.
pub(crate) fn clashes(services: &[ServiceName], platform: &Platform) -> Vec<Diagnostic> {
    let (mut kinds, mut plurals) = (HashMap::new(), HashMap::new());
    let names: HashMap<&str, usize> = services.iter().enumerate().map(|(at, service)| (service.as_str(), at)).collect();
    let mut pairs = BTreeSet::new();
    for (at, service) in services.iter().enumerate() {
        for (known, key) in [(&mut kinds, Kind::of(service).lower()), (&mut plurals, platform.plural(service))] {
            let earlier: &mut Vec<usize> = known.entry(key).or_default();
            pairs.extend(earlier.iter().map(|earlier| (*earlier, at)));
            earlier.push(at);
        }
        // What `suffix_clash` says of two, asked of all: only what stands behind a dash can be another's name.
        let name = service.as_str();
        let ends = name.match_indices('-').filter_map(|(dash, _)| names.get(name.get(dash + 1..)?));
        pairs.extend(ends.map(|other| (at.min(*other), at.max(*other))));
    }
    let service = |at: usize| services.get(at);
    pairs.into_iter().filter_map(|(one, other)| clash(service(one)?, service(other)?, platform)).collect()
}

fn clash(new: &ServiceName, other: &ServiceName, platform: &Platform) -> Option<Diagnostic> {
    let (kind, plural) = (Kind::of(new), platform.plural(new));
    let message = if kind.lower() == Kind::of(other).lower() {
        format!("the service `{new}` would have the kind {kind}, which the service `{other}` has")
    } else if plural == platform.plural(other) {
        format!("the service `{new}` would have the plural {plural:?}, which the service `{other}` has")
    } else if suffix_clash(new, other) {
        format!(
            "the services `{new}` and `{other}` can't stand side by side: one ends in the other's name, so a release's object \
             name could be read both ways"
        )
    } else {
        return None;
    };
    Some(Diagnostic::new(Severity::Error, Code::NameTaken, None, message).help("one of them needs another name"))
}

/// Whether even the shortest tenant and release leave no room for the service's name.
fn too_long(new: &ServiceName, platform: &Platform) -> Option<Diagnostic> {
    let (tenant, name) = (TenantName::parse("a").ok()?, ReleaseName::parse("a").ok()?);
    let shortest = match *new == ServiceName::tenant() {
        true => Identity::Tenant(tenant),
        false => Identity::Release { tenant, service: new.clone(), name },
    };
    let error = shortest.check(platform, 0).err()?;
    Some(Diagnostic::new(Severity::Error, Code::Name, None, format!("the service `{new}` could have no release: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_at_once_clash_as_two_by_two() {
        let names = ["a-my-db", "cat", "cats", "db", "full-stack", "fullstack", "my-db", "mydb", "stack", "webapp"];
        let services: Vec<ServiceName> = names.iter().map(|name| ServiceName::parse(name).unwrap()).collect();
        // Without a plural of its own it would clash by that, too.
        let platform = Platform::read("[plurals]\nfullstack = \"others\"\n").unwrap();
        let pairs = services.iter().enumerate().flat_map(|(at, one)| services.iter().skip(at + 1).map(move |two| (one, two)));
        let two_by_two: Vec<String> =
            pairs.filter_map(|(one, two)| clash(one, two, &platform)).map(|diagnostic| diagnostic.message).collect();
        let found: Vec<String> = clashes(&services, &platform).into_iter().map(|diagnostic| diagnostic.message).collect();
        assert_eq!(found, two_by_two);
        for reason in ["the kind", "the plural", "side by side"] {
            assert!(found.iter().any(|message| message.contains(reason)), "nothing clashes by {reason}: {found:#?}");
        }
    }
}
