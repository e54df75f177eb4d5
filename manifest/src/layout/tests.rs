use super::*;
use crate::name::{ReleaseName, TenantName};
use crate::random::for_seeds;

fn settings(services: &[&str], path: &str) -> LayoutSettings {
    let services = services.iter().map(|service| ServiceName::parse(service).unwrap()).collect();
    LayoutSettings { services, path: path.to_owned(), content: Content::Manifest }
}

fn layouts(of: &[(&[&str], &str)]) -> Result<Layouts, LayoutError> {
    Layouts::new(&of.iter().map(|(services, path)| settings(services, path)).collect::<Vec<_>>())
}

fn release(tenant: &str, service: &str, name: &str) -> Identity {
    Identity::Release {
        tenant: TenantName::parse(tenant).unwrap(),
        service: ServiceName::parse(service).unwrap(),
        name: ReleaseName::parse(name).unwrap(),
    }
}

fn parts(of: &[(&str, &str)]) -> Parts {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The layouts that are in use elsewhere: MSF-12 and 13, KPB-19, GIA-33, 34 and 36.
#[test]
fn known_layouts() {
    let default = Layouts::default();
    for path in ["acme/manifest.yaml", "acme/postgres/db9/manifest.yaml"] {
        let found = default.find(path).unwrap();
        assert_eq!(found.identity, Identity::from_path(path).unwrap());
        assert_eq!(default.locate(&found.identity, &Parts::new()).unwrap(), found);
    }
    let kpb = layouts(&[(&["tyk"], "{region}/{namespace}/{app}.yaml")]).unwrap();
    let there = kpb.locate(&release("fintech", "tyk", "payments-api"), &parts(&[("region", "dev")])).unwrap();
    assert_eq!(there.path.as_str(), "dev/fintech/payments-api.yaml");
    assert_eq!(kpb.find("dev/fintech/payments-api.yaml").unwrap(), there);
    let gia = layouts(&[
        (&["namespace"], "tenants/{tenant}/{cluster}/namespace/{name}/manifest.yaml"),
        (&["vm"], "tenants/{tenant}/{name}/manifest.yaml"),
    ])
    .unwrap();
    let found = gia.find("tenants/tenant1/cluster-a/namespace/dev-namespace/manifest.yaml").unwrap();
    assert_eq!(found.identity, release("tenant1", "namespace", "dev-namespace"));
    assert_eq!(found.parts, parts(&[("cluster", "cluster-a")]));
    assert_eq!(gia.find("tenants/tenant1/dev-vm/manifest.yaml").unwrap().identity, release("tenant1", "vm", "dev-vm"));
    let certificates = layouts(&[(&["certificate"], "tenants/{tenant}/certs/{name}.yaml")]).unwrap();
    assert_eq!(certificates.find("tenants/a/certs/b.yaml").unwrap().identity, release("a", "certificate", "b"));
}

#[test]
fn layouts_that_cannot_be() {
    for (path, says) in [
        ("{name}/manifest.yaml", "no {tenant}"),
        ("{tenant}/{service}/manifest.yaml", "no {name}"),
        ("{tenant}/{name}/manifest.yaml", "no {service}"),
        ("{tenant}/{service}/{name}-{region}.yaml", "which a name may have"),
        ("{tenant}{service}/{name}.yaml", "nothing between"),
        ("{tenant}/{service}/{name}", "doesn't end in `.yaml`"),
        ("/{tenant}/{service}/{name}.yaml", "empty folder"),
        ("{tenant}/../{service}/{name}.yaml", "begins as what Git"),
        (".git/{tenant}/{service}/{name}.yaml", "begins as what Git"),
        ("git~1/{tenant}/{service}/{name}.yaml", "has '~'"),
        ("{tenant}/{service}/{Name}/{name}.yaml", "isn't a word"),
        ("{tenant}/{service}/{name}/{name}.yaml", "has {name} twice"),
        ("{tenant}/{service}/{name.yaml", "without its"),
        ("Releases/{tenant}/{service}/{name}.yaml", "has 'R'"),
    ] {
        let error = layouts(&[(&[], path)]).unwrap_err();
        assert!(error.to_string().contains(says), "{path}: {error}");
    }
    for (one, other) in [
        ((&["a"][..], "{tenant}/{name}.yaml"), (&["b"][..], "{tenant}/{name}.yaml")),
        ((&["a"][..], "{tenant}/x/{name}.yaml"), (&["b"][..], "{tenant}/{region}/{name}.yaml")),
        // A virtual machine `certs`, and a certificate `manifest`.
        ((&["vm"][..], "t/{tenant}/{name}/manifest.yaml"), (&["certificate"][..], "t/{tenant}/certs/{name}.yaml")),
        ((&["a"][..], "{tenant}/a-{name}.yaml"), (&["b"][..], "{tenant}/a{name}.yaml")),
        ((&["a"][..], "releases/{tenant}/{name}.yaml"), (&["b"][..], "{region}/{tenant}/{name}.yaml")),
    ] {
        let error = layouts(&[one, other]).unwrap_err();
        assert!(matches!(error, LayoutError::Collision { .. }), "{one:?} {other:?} {error}");
    }
}

/// MSF-F49, and the attacks that no file of ours can be.
#[test]
fn nobodys_paths() {
    let layouts = Layouts::default();
    for path in [
        "",
        "/",
        "manifest.yaml",
        "a/b/manifest.yaml",
        "a/b/c/d/manifest.yaml",
        "a/tenant/b/manifest.yaml",
        "../a/manifest.yaml",
        "a/../manifest.yaml",
        "/a/manifest.yaml",
        "a//b/manifest.yaml",
        "A/manifest.yaml",
        "a/manifest.yml",
        "a/Manifest.yaml",
        ".git/manifest.yaml",
        "a/.git/b/manifest.yaml",
        "a/b/c/manifest.yaml/",
        "a\\b\\c\\manifest.yaml",
        "con/manifest.yaml",
        "a/postgres/com1/manifest.yaml",
        "é/manifest.yaml",
        "a\n/manifest.yaml",
        "a\0/manifest.yaml",
        "-a/manifest.yaml",
        "git~1/manifest.yaml",
        "a./manifest.yaml",
        "a /manifest.yaml",
    ] {
        assert!(matches!(layouts.find(path), Err(LayoutError::Nobodys { .. })), "{path:?}");
    }
    let device = layouts.locate(&release("acme", "postgres", "nul"), &Parts::new());
    assert!(matches!(device, Err(LayoutError::Device { .. })), "{device:?}");
}

#[test]
fn parts_are_names() {
    let layouts = layouts(&[(&["tyk"], "{region}/{namespace}/{app}.yaml")]).unwrap();
    let identity = release("fintech", "tyk", "a");
    assert!(matches!(layouts.locate(&identity, &Parts::new()), Err(LayoutError::Part { .. })));
    for bad in ["..", "a/b", "", "A", ".git", "a b", "a\n"] {
        let found = layouts.locate(&identity, &parts(&[("region", bad)]));
        assert!(matches!(found, Err(LayoutError::Part { .. })), "{bad:?} {found:?}");
    }
}

/// Whatever the layout and the names: a path leads back to the release that it is of, and to no other.
#[test]
fn the_inverse_is_one() {
    let all = [
        layouts(&[(&[], "{tenant}/{service}/{name}/manifest.yaml")]).unwrap(),
        layouts(&[(&[], "x-{tenant}-y/{service}.{name}_{region}-dir.yaml")]).unwrap(),
        layouts(&[(&["a"], "{tenant}/a/{name}.yaml"), (&[], "{tenant}/{region}/{service}/{name}-yaml.yaml")]).unwrap(),
    ];
    let words = ["a", "b", "a-b", "y", "x-a-y", "dir", "a-dir", "a-dir-dir", "yaml", "a-yaml", "a-yaml-yaml", "b1"];
    for layouts in &all {
        let seen = std::cell::RefCell::new(std::collections::BTreeMap::new());
        for_seeds(3000, |random| {
            let identity = release(random.pick(&words), random.pick(&words), random.pick(&words));
            let located = layouts.locate(&identity, &parts(&[("region", random.pick(&words))])).map_err(|e| e.to_string())?;
            let found = layouts.find(located.path.as_str()).map_err(|e| e.to_string())?;
            let mut seen = seen.borrow_mut();
            let before = seen.entry(located.path.clone()).or_insert_with(|| located.clone());
            (found == located && *before == located)
                .then_some(())
                .ok_or_else(|| format!("{located:?} is also {before:?} or {found:?}"))
        });
    }
}

/// Damaged paths are refused, or lead to the release of just that path.
#[test]
fn damaged_paths() {
    let layouts = Layouts::default();
    let odd =
        ["/", ".", "..", "\\", "\0", "\n", " ", "-", "_", "~", "é", "\u{200c}", "{", "A", "0", "git", ".git", "manifest.yaml"];
    for_seeds(20_000, |random| {
        let mut path: Vec<char> = "acme/postgres/db9/manifest.yaml".chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(path.len());
            match random.once_in(2) {
                true => drop(path.splice(at..at, random.pick(&odd).chars())),
                false => drop(path.remove(at)),
            }
        }
        let path: String = path.into_iter().collect();
        match layouts.find(&path) {
            Ok(located) if located.path.as_str() != path || Identity::from_path(&path).is_err() => {
                Err(format!("{path:?} leads to {located:?}"))
            }
            _ => Ok(()),
        }
    });
}
