use super::*;

fn service_error(text: &str) -> String {
    ServiceName::parse(text).unwrap_err().to_string()
}

#[test]
fn names_are_labels_that_begin_with_a_letter() {
    for good in ["a", "postgres", "full-stack", "api2-db", "a-2b", "x1", &"a".repeat(63)] {
        assert_eq!(TenantName::parse(good).unwrap().as_str(), good);
        assert_eq!(ReleaseName::parse(good).unwrap().to_string(), good);
    }
    let bad = [
        "",
        "-",
        "a-",
        "-a",
        "a--b",
        "3scale",
        "A",
        "a_b",
        "a.b",
        "a b",
        "a/b",
        "../../../evil",
        "--help",
        "my svc: [x]",
        "a\"b",
        "redis\nevil: true",
        "ä",
        "a\0",
        "a\n",
        &"a".repeat(64),
    ];
    for bad in bad {
        assert!(TenantName::parse(bad).is_err(), "{bad:?}");
        assert!(ReleaseName::parse(bad).is_err(), "{bad:?}");
        assert!(ServiceName::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn messages_say_what_was_found_and_what_to_write() {
    assert_eq!(service_error(""), format!("the service name is empty: expected {GRAMMAR}"));
    assert_eq!(service_error("mySQL"), "the service name \"mySQL\" has upper-case letters: write \"mysql\"");
    assert_eq!(
        service_error("3scale"),
        format!("the service name \"3scale\" begins with a digit: it must begin with a letter ({GRAMMAR})")
    );
    assert_eq!(
        service_error("full--stack"),
        format!("the service name \"full--stack\" has two hyphens in a row: expected {GRAMMAR}")
    );
    assert_eq!(
        service_error("redis\nevil: true"),
        format!("the service name \"redis\\nevil: true\" has '\\n': expected {GRAMMAR}")
    );
    let long = "a".repeat(31);
    assert_eq!(service_error(&long), format!("the service name {long:?} has 31 characters: at most 30 are possible"));
    assert!(service_error(&"ä".repeat(9999)).len() < 300);
}

#[test]
fn lower_case_is_suggested_only_if_it_is_a_name() {
    assert!(matches!(ServiceName::parse("Redis"), Err(NameError::UpperCase { lower, .. }) if lower == "redis"));
    assert!(matches!(ServiceName::parse("My SQL"), Err(NameError::Grammar { .. })));
    assert!(matches!(ServiceName::parse("Redis-"), Err(NameError::Grammar { .. })));
}

#[test]
fn names_that_the_layout_rust_or_kro_take_are_refused() {
    for taken in ["lib", "shared", "all", "default", "type", "self", "crate", "super", "async", "gen", "std", "serde-json"] {
        assert!(matches!(ServiceName::parse(taken), Err(NameError::Reserved { .. })), "{taken}");
    }
    for misread in ["dns", "ids", "https", "d-n-s", "mpls"] {
        assert!(matches!(ServiceName::parse(misread), Err(NameError::Plural { .. })), "{misread}");
    }
    assert!(service_error("dns").contains("\"dnsDNSes\""));
    for fine in ["aws", "tls", "dns-zone", "library", "type-system", "match-maker", "lib-x", "tenant"] {
        assert!(ServiceName::parse(fine).is_ok(), "{fine}");
    }
    // Tenants are folders and labels only.
    assert!(TenantName::parse("dns").is_ok() && ReleaseName::parse("all").is_ok());
}

#[test]
fn kind_title_and_module_follow_from_the_service() {
    let rows = [
        ("postgres", "Postgres", "Postgres", "postgres"),
        ("full-stack", "FullStack", "Full Stack", "full_stack"),
        ("api2-db", "Api2Db", "Api2 Db", "api2_db"),
        ("a-b-c", "ABC", "A B C", "a_b_c"),
    ];
    for (name, kind, shown, module) in rows {
        let name = ServiceName::parse(name).unwrap();
        assert_eq!(Kind::of(&name).as_str(), kind);
        assert_eq!(Kind::parse(kind).unwrap(), Kind::of(&name));
        assert_eq!(title(&name), shown);
        assert_eq!(name.module(), module);
    }
    assert_eq!(Kind::parse("FullStack").unwrap().lower(), "fullstack");
    for bad in ["", "postgres", "Full-Stack", "9a", "Ä", &"A".repeat(60)] {
        assert!(Kind::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn serde_checks_too() {
    let name: ServiceName = serde_json::from_str("\"full-stack\"").unwrap();
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"full-stack\"");
    let error = serde_json::from_str::<TenantName>("\"../x\"").unwrap_err().to_string();
    assert!(error.starts_with("the tenant name \"../x\" has '.'"), "{error}");
}
