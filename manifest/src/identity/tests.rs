use super::*;
use crate::random::{Random, for_seeds};
use std::collections::HashMap;

fn release(tenant: &str, name: &str, service: &str) -> Identity {
    Identity::Release {
        tenant: TenantName::parse(tenant).unwrap(),
        service: ServiceName::parse(service).unwrap(),
        name: ReleaseName::parse(name).unwrap(),
    }
}

fn tenant(name: &str) -> Identity {
    Identity::Tenant(TenantName::parse(name).unwrap())
}

#[test]
fn all_follows_from_the_identity() {
    let platform = Platform::default();
    let db = release("acme", "db9", "postgres");
    assert_eq!(db.path(), "acme/postgres/db9/manifest.yaml");
    assert_eq!(db.metadata_name(&platform), "acme-tenant-db9-postgres");
    assert_eq!(db.namespace(&platform), "acme-tenant");
    let labels: Vec<(String, String)> = db.labels(&platform).into_iter().collect();
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        labels,
        [
            label("app.kubernetes.io/instance", "acme-tenant-db9-postgres"),
            label("services.example.org/service", "postgres"),
            label("services.example.org/tenant", "acme"),
        ]
    );

    let acme = tenant("acme");
    assert_eq!(acme.path(), "acme/manifest.yaml");
    assert_eq!(acme.metadata_name(&platform), "acme-tenant");
    assert_eq!(acme.namespace(&platform), "platform-system");
    assert_eq!(acme.service().as_str(), "tenant");
}

/// MSF-F49.
#[test]
fn paths_are_read_back_and_nothing_else_is() {
    for identity in [tenant("acme"), release("acme", "db9", "full-stack")] {
        assert_eq!(Identity::from_path(&identity.path()), Ok(identity));
    }
    let error = |path: &str| Identity::from_path(path).unwrap_err();
    for (path, expected) in [("manifest.yaml", 0), ("a/b/manifest.yaml", 2), ("a/b/c/d/manifest.yaml", 4)] {
        assert!(matches!(error(path), IdentityError::Depth { depth, .. } if depth == expected), "{path}");
    }
    for path in ["", "acme", "acme/values.yaml", "acme/manifest.yml", "acme/manifest.yaml/"] {
        assert!(matches!(error(path), IdentityError::File { .. }), "{path}");
    }
    for path in ["../manifest.yaml", "/manifest.yaml", "/a/b/manifest.yaml", "a/Postgres/x/manifest.yaml", "a//x/manifest.yaml"] {
        assert!(matches!(error(path), IdentityError::Name { .. }), "{path}");
    }
    assert!(matches!(error("acme/tenant/x/manifest.yaml"), IdentityError::TenantInTenant { .. }));
}

/// MSF-F45.
#[test]
fn the_object_s_name_has_53_characters_less_what_a_child_adds() {
    let platform = Platform::default();
    // "acme-tenant-" and "-postgres" have 21 characters.
    assert_eq!(release("acme", &"n".repeat(32), "postgres").check(&platform, 0), Ok(()));
    let error = release("acme", &"n".repeat(33), "postgres").check(&platform, 0).unwrap_err();
    assert!(matches!(&error, IdentityError::TooLong { length: 54, max: 53, over: 1, room: 32, .. }), "{error:?}");
    assert!(error.to_string().contains("has 54 characters, 1 more than the 53"), "{error}");
    assert!(error.to_string().contains("at most 32 are left"), "{error}");

    assert_eq!(release("acme", &"n".repeat(28), "postgres").check(&platform, 4), Ok(()));
    assert!(release("acme", &"n".repeat(29), "postgres").check(&platform, 4).is_err());
    assert_eq!(tenant(&"t".repeat(46)).check(&platform, 0), Ok(()));
    assert!(tenant(&"t".repeat(47)).check(&platform, 0).is_err());
    // A tenant too long for any name leaves no room.
    let error = release(&"t".repeat(60), "db", "postgres").check(&platform, 0).unwrap_err();
    assert!(matches!(error, IdentityError::TooLong { room: 0, .. }), "{error:?}");
}

/// MSF-F46.
#[test]
fn names_that_could_be_read_in_two_ways_are_refused() {
    let platform = Platform::default();
    let twins = [
        (release("a-tenant-b", "c", "db"), release("a", "b-tenant-c", "db")),
        (release("a-tenant", "b", "db"), release("a", "tenant-b", "db")),
    ];
    for (one, other) in twins {
        assert_eq!(one.metadata_name(&platform), other.metadata_name(&platform));
        assert!(matches!(one.check(&platform, 0), Err(IdentityError::Ambiguous { part: "tenant name", .. })));
        assert!(matches!(other.check(&platform, 0), Err(IdentityError::Ambiguous { part: "release name", .. })));
    }
    assert!(matches!(tenant("a-tenant").check(&platform, 0), Err(IdentityError::Ambiguous { .. })));
    let fine = [release("tenant", "b", "db"), release("tenants-a", "b", "db"), release("a", "b", "tenant-db")];
    for identity in fine.into_iter().chain([tenant("tenant"), tenant("a-tenants")]) {
        assert_eq!(identity.check(&platform, 0), Ok(()), "{identity:?}");
    }
}

#[test]
fn a_tenant_gets_no_namespace_of_the_platform_s() {
    let mut platform = Platform::default();
    platform.namespaces.tenant = "{tenant}".to_owned();
    for taken in ["platform-system", "kube-system", "default"] {
        assert!(matches!(tenant(taken).check(&platform, 0), Err(IdentityError::NamespaceTaken { .. })), "{taken}");
    }
    assert_eq!(tenant("acme").check(&platform, 0), Ok(()));
}

#[test]
fn settings_that_were_never_read_are_an_error_not_a_panic() {
    let mut platform = Platform::default();
    platform.naming.release = "{name}".to_owned();
    assert_eq!(release("a", "b", "db").check(&platform, 0), Err(IdentityError::Template));
}

/// No two accepted releases share an object's name, nor two accepted tenants; with the default settings not even one of each.
#[test]
fn accepted_identities_have_different_names() {
    let services = ["db", "tenant-x", "web", "b-tenant"];
    for_seeds(60, |random| {
        let mut platform = Platform::default();
        let standard = random.once_in(3);
        if !standard {
            let mut separator = || random.pick(&["-tenant-", "-", "--", "-t-", "-a-a-"]).to_owned();
            platform.naming.release = format!("{{tenant}}{}{{name}}{}{{service}}", separator(), separator());
        }
        let mut seen: HashMap<(bool, String), Identity> = HashMap::new();
        for _ in 0..600 {
            let identity = match random.once_in(6) {
                true => tenant(&word(random)),
                false => release(&word(random), &word(random), random.pick(&services)),
            };
            if identity.check(&platform, 0).is_err() {
                continue;
            }
            let name = identity.metadata_name(&platform);
            let alone = standard || matches!(identity, Identity::Tenant(_));
            match seen.insert((alone, name), identity.clone()) {
                Some(other) if other != identity => {
                    return Err(format!("{}: {identity:?} and {other:?}", platform.naming.release));
                }
                _ => {}
            }
        }
        if seen.len() < 5 {
            return Err(format!("{}: only {} accepted", platform.naming.release, seen.len()));
        }
        Ok(())
    });
}

/// Few letters and the separator's own words, so that collisions would happen.
fn word(random: &mut Random) -> String {
    let parts: Vec<&str> = (0..=random.below(4)).map(|_| random.pick(&["a", "b", "t", "tenant", "db"])).collect();
    parts.join("-")
}

#[test]
fn services_of_which_one_ends_in_the_other_clash() {
    let clash = |a: &str, b: &str| suffix_clash(&ServiceName::parse(a).unwrap(), &ServiceName::parse(b).unwrap());
    assert!(clash("db", "my-db") && clash("my-db", "db") && clash("a-b-c", "b-c"));
    assert!(!clash("db", "mydb") && !clash("db", "db") && !clash("db-my", "db"));
}
