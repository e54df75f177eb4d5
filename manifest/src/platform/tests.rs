use super::*;

#[test]
fn nothing_is_a_complete_platform() {
    let platform = Platform::read("").unwrap();
    assert_eq!(platform, Platform::default());
    assert_eq!(platform.api_version(), "services.example.org/v1alpha1");
    assert_eq!(platform.chart_source_url(), "https://github.com/example-org/platform");
    assert_eq!(platform.naming.after_tenant(), "-tenant-");
    assert_eq!(platform.naming.before_service(), "-");
}

#[test]
fn what_is_written_wins() {
    let text = r#"
        [api]
        group = "services.acme.com"
        [chart-source]
        kind = "OCIRepository"
        [repository]
        host = "git.acme.com:8443"
        owner = "acme/platform"
        [portal]
        pull-request = "gitlab"
        [plurals]
        full-stack = "stacks"
    "#;
    let platform = Platform::read(text).unwrap();
    assert_eq!(platform.api_version(), "services.acme.com/v1alpha1");
    assert_eq!(platform.chart_source_url(), "oci://ghcr.io/acme/platform/charts");
    assert_eq!(platform.repository.url(), "https://git.acme.com:8443/acme/platform/platform");
    assert_eq!(platform.portal.pull_request, PullRequest::Gitlab);
    let plural = |name: &str| platform.plural(&ServiceName::parse(name).unwrap());
    assert_eq!(plural("full-stack"), "stacks");
    assert_eq!(plural("message-proxy"), "messageproxies");
}

#[test]
fn every_setting_survives_writing_and_reading() {
    let mut platform = Platform::default();
    platform.chart_source.url = Some("ssh://git@example.org/charts".to_owned());
    platform.helm_release.service_account = Some("flux".to_owned());
    platform.portal.commit_author_email = Some("bot@example.org".to_owned());
    platform.admission.failure_policy = FailurePolicy::Ignore;
    platform.argo_cd.application = Some("{tenant}-{service}-{name}".to_owned());
    platform.argo_cd.operation = Operation::Sync;
    let text = toml::to_string(&platform).unwrap();
    assert_eq!(Platform::read(&text).unwrap(), platform);
}

#[test]
fn an_error_points_at_its_token() {
    let rows = [
        ("[api]\ngrup = \"x.org\"\n", "grup", 2, 1),
        ("[apis]\n", "apis", 1, 2),
        ("[api]\n  group = 7\n", "7", 2, 11),
        ("[helm-release]\nretries = -1\n", "-1", 2, 11),
        ("# ü\n[portal]\npull-request = \"gitea\"", "\"gitea\"", 3, 16),
        ("[naming]\nrelease = \"{name}-{tenant}\"", "\"{name}-{tenant}\"", 2, 11),
        ("portal = { owner = 'ü', lifecycle = 'x' }", "'ü'", 1, 20),
        ("repository.host = 'https://github.com'", "'https://github.com'", 1, 19),
        ("[plurals]\nDb = 'dbs'\n", "Db", 2, 1),
        ("[plurals]\ndb = 'Dbs'\n", "'Dbs'", 2, 6),
        ("[argo-cd]\napplication = '{Region}-x'\n", "'{Region}-x'", 2, 15),
        ("[argo-cd]\napplication = 'a{tenant'\n", "'a{tenant'", 2, 15),
        ("[argo-cd]\napplication = '{region}-x'\n", "'{region}-x'", 2, 15),
        ("[argo-cd]\napplication = ''\n", "''", 2, 15),
        ("[flux]\nkustomizations = ['A']\n", "['A']", 2, 18),
    ];
    for (text, token, line, column) in rows {
        let error = Platform::read(text).unwrap_err();
        assert_eq!(&text[error.span.clone()], token, "{text}: {error}");
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
    }
    let broken = Platform::read("[api]\ngroup = \n").unwrap_err();
    assert_eq!((broken.line, broken.column), (2, 9), "{broken}");
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    let help = |text: &str| Platform::read(text).unwrap_err().help;
    assert_eq!(help("[api]\ngrup = 'x.org'").as_deref(), Some("did you mean `group`?"));
    assert_eq!(help("[chart_source]\n").as_deref(), Some("did you mean `chart-source`?"));
    assert_eq!(help("[admission]\nfailure-policy = 'fail'").as_deref(), Some("did you mean `Fail`?"));
    assert_eq!(help("[zebra]\n"), None);
}

#[test]
fn templates_name_each_part_once_and_in_order() {
    let reads = |key: &str, value: &str| Platform::read(&format!("{key} = \"{value}\"")).is_ok();
    for good in ["{tenant}-{name}-{service}", "{tenant}--{name}--{service}", "{tenant}-a1-b-{name}-x-{service}"] {
        assert!(reads("naming.release", good), "{good}");
    }
    let bad = [
        "",
        "{tenant}",
        "{tenant}{name}{service}",
        "{tenant}-{service}-{name}",
        "{tenant}-{name}-{service}-{name}",
        "x-{tenant}-{name}-{service}",
        "{tenant}x{name}-{service}",
        "{tenant}-X-{name}-{service}",
        "{tenant}.{name}.{service}",
        "{tenant}-{nme}-{service}",
        "{tenant}-{tenant}-{name}-{service}",
        "{tenant}-x{name}-{service}",
    ];
    for bad in bad {
        assert!(!reads("naming.release", bad), "{bad}");
    }
    for key in ["naming.tenant", "namespaces.tenant"] {
        for good in ["{tenant}", "{tenant}-tenant", "team-{tenant}", "t-{tenant}-x"] {
            assert!(reads(key, good), "{key}: {good}");
        }
        for bad in [
            "",
            "tenant",
            "{tenant}tenant",
            "{tenant}-",
            "-{tenant}",
            "9-{tenant}",
            "{tenant}-{tenant}",
            "{tenant}-A",
            "{tenant}-x-",
        ] {
            assert!(!reads(key, bad), "{key}: {bad}");
        }
    }
}

#[test]
fn values_that_could_mean_something_elsewhere_are_refused() {
    let rows = [
        ("api.group", "services.acme.com", &["acme", "Acme.com", "a..b", "-a.b", "a.b ", ""][..]),
        ("api.version", "v2beta1", &["1", "v", "v0", "v1alpha", "v1gamma1", "v1beta1beta1", "V1"]),
        ("repository.branch", "release/1.0", &["", "-x", "a..b", "a b", "a/", "/a", "x.lock", "a~1", "@{u}", "a//b"]),
        ("releases.owner", "group/sub", &["", "../x", "a b", "-o", "a//b", "a?x"]),
        ("releases.name", "my.repo_1", &["", "a/b", "..", "-x", "a#b"]),
        ("releases.host", "git.acme.com:8443", &["", "https://github.com", "a b", "GitHub.com", "a:99999", "a:0", "a/b"]),
        (
            "chart-source.url",
            "https://git.acme.com/x.git",
            &["", "git.acme.com", "oci://x", "https://", "https://a b", "file:///x"],
        ),
        ("chart-source.interval", "1h30m", &["", "10", "m", "10 m", "1d", "-1m", "1m "]),
        ("helm-release.api-version", "helm.toolkit.fluxcd.io/v2", &["v2", "/v2", "a.b/v"]),
        ("helm-release.service-account", "flux", &["", "Flux", "a/b"]),
        ("portal.owner", "user:bob", &["", "bob", "group:", "group:a/b/c", "group: x"]),
        ("portal.lifecycle", "production", &["", " x", "a\\nb"]),
        ("portal.commit-author-email", "a@b.org", &["", "a", "a@", "a@b@c", "a <b@c>"]),
        ("namespaces.platform", "platform-system", &["", "Platform", "a.b", "-a", "a-"]),
    ];
    for (key, good, bad) in rows {
        let read = |value: &str| Platform::read(&format!("{key} = \"{value}\""));
        assert_eq!(read(good).err(), None, "{key} = {good:?}");
        for bad in bad {
            assert!(read(bad).is_err(), "{key} = {bad:?}");
        }
    }
    let oci = "chart-source = { kind = 'OCIRepository', url = 'oci://ghcr.io/acme/charts' }";
    assert!(Platform::read(oci).is_ok());
}

#[test]
fn the_schema_documents_every_setting_and_admits_the_defaults() {
    let schema = Platform::json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let defaults = serde_json::to_value(Platform::default()).unwrap();
    assert!(validator.is_valid(&defaults));
    assert!(!validator.is_valid(&serde_json::json!({"api": {"grup": "x"}})));

    let mut undocumented = Vec::new();
    let mut settings = 0;
    for (section, schema) in schema["definitions"].as_object().unwrap() {
        for (key, setting) in schema["properties"].as_object().into_iter().flatten() {
            settings += 1;
            if setting["description"].as_str().is_none_or(str::is_empty) {
                undocumented.push(format!("{section}.{key}"));
            }
        }
    }
    assert!(undocumented.is_empty(), "{undocumented:?}");
    assert!(settings > 30, "{settings}");
}

#[test]
fn a_release_s_application() {
    let located = Layouts::default().find("acme/webapp/shop/manifest.yaml").unwrap();
    let named = |text: &str| {
        let platform = Platform::read(text).unwrap();
        platform.argo_cd.application(&located, &platform)
    };
    assert_eq!(named(""), "acme-tenant-shop-webapp");
    assert_eq!(named("argo-cd.application = '{tenant}-{service}-{name}'"), "acme-webapp-shop");
    assert_eq!(named("argo-cd.application = '{namespace}.{app}'"), "acme.shop");
    assert_eq!(named("argo-cd.application = 'releases'"), "releases");
    let layouts = "releases.layouts = [{ path = '{region}/{namespace}/{service}/{app}.yaml', content = 'values' }]\n";
    let platform =
        Platform::read(&format!("{layouts}argo-cd.application = '{{region}}-{{namespace}}-{{service}}-{{app}}'")).unwrap();
    let located = platform.layouts().find("dev/fintech/tyk/payments-api.yaml").unwrap();
    // KPB-22.
    assert_eq!(platform.argo_cd.application(&located, &platform), "dev-fintech-tyk-payments-api");
}
