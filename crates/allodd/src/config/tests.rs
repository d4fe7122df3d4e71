use super::*;

fn problem(text: &str) -> String {
    Config::parse(text).unwrap_err().to_string()
}

#[test]
fn an_unknown_key_is_an_error_that_names_its_line_and_the_nearest_key() {
    let text = "domain = \"localhost\"\nretention_day = 3\n";
    assert_eq!(problem(text), "line 2: there is no key `retention_day`; did you mean `retention_days`?");
    let text = "domain = \"localhost\"\n\n[limits]\nconnection_per_address = 3\n";
    let nearest =
        "line 4: there is no key `limits.connection_per_address`; did you mean `limits.connections_per_address`?";
    assert_eq!(problem(text), nearest);
}

#[test]
fn an_unknown_section_and_a_key_in_the_wrong_section_are_told() {
    assert!(problem("domain = \"localhost\"\n[tsl]\nkey = \"x\"\n").contains("there is no key `tsl`"));
    assert!(problem("domain = \"localhost\"\nblob_mib = 3\n").ends_with("did you mean `quotas.blob_mib`?"));
}

#[test]
fn the_generated_file_says_what_the_defaults_are() {
    let text = keys::document(&[("domain", "\"localhost\"".to_owned())]);
    let from_file = Config::parse(&text).unwrap();
    let bare = Config::parse("domain = \"localhost\"").unwrap();
    assert_eq!(format!("{from_file:?}"), format!("{bare:?}"));
}

#[test]
fn each_key_in_the_generated_file_can_be_set() {
    // Every documented default stands in the file behind `#`; without the `#` the file must say the same.
    let text = keys::document(&[("domain", "\"localhost\"".to_owned())]);
    let set: Vec<&str> =
        text.lines().map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line)).collect();
    let set = set.join("\n");
    for key in keys::KEYS {
        assert!(set.lines().any(|line| line.starts_with(&format!("{} = ", key.name))), "{}", key.path());
    }
    Config::parse(&set).unwrap();
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let with = |line: &str| problem(&format!("domain = \"localhost\"\n{line}\n"));
    assert!(with("retention_days = 0").contains("`retention_days`"));
    assert!(with("public_url = \"chat.example\"").contains("https://"));
    assert!(with("[metrics]\nlisten = \"0.0.0.0:9480\"").contains("this machine alone"));
    assert!(with("[tls]\nkey = \"key.pem\"").contains("both"));
    assert!(problem("listen = \"127.0.0.1:1\"").contains("domain"));
}

#[test]
fn links_lead_to_where_the_server_is() {
    let url = |text: &str| Config::parse(text).unwrap().public_url();
    assert_eq!(url("domain = \"localhost\""), "http://localhost:8480");
    assert_eq!(url("domain = \"a.example\"\npublic_url = \"https://chat.a.example/\""), "https://chat.a.example");
}
