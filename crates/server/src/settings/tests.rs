use std::path::Path;

use secrecy::ExposeSecret;

use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let file = std::env::temp_dir().join(format!("clientele-settings-{}.toml", std::process::id()));
    std::fs::write(&file, "").unwrap();
    Settings::load(Some(&file), variables, Vec::new())
}

#[test]
fn the_environment_reaches_every_kind_of_value() {
    let settings = load(&[
        ("CLIENTELE_HTTP__LISTEN", "0.0.0.0:9000"),
        ("CLIENTELE_AUTH__BCRYPT_COST", "10"),
        ("CLIENTELE_SIGNUP__VERIFY_STAFF", "true"),
        ("CLIENTELE_SIGNUP__STAFF", "closed"),
        ("CLIENTELE_ADMIN_EMAIL", "a@example.com"),
        ("CLIENTELE_ADMIN_PASSWORD", "123456789012"),
        ("DATABASE_URL", "postgres://localhost/x"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(settings.http.listen.port(), 9000);
    assert_eq!(settings.auth.bcrypt_cost, 10);
    assert!(settings.signup.verify_staff);
    assert_eq!(settings.signup.staff, StaffSignup::Closed);
    assert_eq!(settings.database.url.expose_secret(), "postgres://localhost/x");
}

#[test]
fn a_wrong_setting_is_named_with_what_is_allowed() {
    for (name, value, words) in [
        ("CLIENTELE_COLOUR", "red", &["colour", "http", "auth"][..]),
        ("CLIENTELE_DELIVERY__PHONE_PREFIXES", "+998,00998", &["delivery.phone_prefixes", "00998", "+998"]),
        ("CLIENTELE_LIMITS__CODES_PER_HOUR", "-1", &["limits.codes_per_hour"]),
        ("CLIENTELE_LIMITS__NEW_CONTACTS_PER_ADDRESS", "1000001", &["limits.new_contacts_per_address", "0"]),
        ("CLIENTELE_HTTP__LISTENN", "x", &["http.listenn", "listen"]),
        ("CLIENTELE_SIGNUP__STAFF", "maybe", &["signup.staff", "approval", "open", "closed"]),
        ("CLIENTELE_AUTH__BCRYPT_COST", "99", &["auth.bcrypt_cost", "99", "15"]),
        ("CLIENTELE_AUTH__BCRYPT_COST", "many", &["auth.bcrypt_cost"]),
        ("CLIENTELE_HTTP__LISTEN", "here", &["http.listen"]),
        ("CLIENTELE_AUTH__MASTER_KEY", "fifteen letters", &["auth.master_key", "15", "16"]),
        ("CLIENTELE_HTTP__BODY_TIMEOUT", "0", &["http.body_timeout", "1"]),
        ("CLIENTELE_HTTP__WORKERS", "513", &["http.workers", "1 to 512"]),
        ("CLIENTELE_DATABASE__STATEMENT_CACHE", "0", &["database.statement_cache", "1 to 10000"]),
        ("CLIENTELE_METRICS__LISTEN", "here", &["metrics.listen", "off"]),
        ("DATABASE_URL", "oracle://x/y", &["database.url", "sqlite:", "postgres:", "mysql:"]),
        ("DATABASE_URL", "postgres://x", &["database.url"]),
        ("CLIENTELE_HTTP", "x", &["http is a section"]),
        ("CLIENTELE_", "x", &["CLIENTELE_ names no setting"]),
    ] {
        let message = load(&[(name, value)]).unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn an_admin_is_named_whole_or_not_at_all() {
    let check = |variables: &[_]| load(variables).unwrap().first_admin();
    let email = ("CLIENTELE_ADMIN_EMAIL", "a@example.com");
    let password = ("CLIENTELE_ADMIN_PASSWORD", "correct horse battery");
    assert!(check(&[]).is_ok());
    assert!(check(&[email, password]).is_ok());
    for wrong in [&[email][..], &[password], &[("CLIENTELE_ADMIN_EMAIL", "a"), password]] {
        let message = check(wrong).unwrap_err().to_string();
        assert!(message.contains("admin_email"), "{message}");
    }
    for wrong in ["short", "password1234"] {
        let message = check(&[email, ("CLIENTELE_ADMIN_PASSWORD", wrong)]).unwrap_err().to_string();
        assert!(message.starts_with("admin_password: "), "{message}");
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = std::env::temp_dir().join(format!("clientele-layers-{}.toml", std::process::id()));
    std::fs::write(&file, "[log]\nlevel = \"warn\"\nformat = \"json\"\n[http]\nlisten = \"127.0.0.1:1\"").unwrap();
    let variables = [("CLIENTELE_LOG__LEVEL", "error"), ("CLIENTELE_HTTP__LISTEN", "127.0.0.1:2")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let flags = vec![("http.listen", "127.0.0.1:3".to_owned())];
    let settings = Settings::load(Some(&file), variables, flags).unwrap();
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.log.level, "error");
    assert_eq!(settings.http.listen.port(), 3);
}

#[test]
fn what_is_shown_has_every_key_and_no_secret() {
    let settings = load(&[
        ("CLIENTELE_ADMIN_PASSWORD", "sesame-1"),
        ("CLIENTELE_AUTH__MASTER_KEY", "sesame-2 sesame-2"),
        ("DATABASE_URL", "postgres://ann:sesame-3@db/x?password=sesame-4"),
        ("CLIENTELE_TELEMETRY__OTLP_ENDPOINT", "https://ann:sesame-5@traces:4318/?key=sesame-6"),
    ]);
    let shown = settings.unwrap().shown();
    assert!(shown.iter().any(|(key, value)| key == "auth.bcrypt_cost" && *value == 12));
    assert!(shown.iter().any(|(key, value)| key == "auth.master_key" && value == "(set)"));
    assert!(shown.iter().any(|(key, value)| key == "database.url" && value == "postgres://ann:…@db/x?…"));
    assert!(!format!("{shown:?}").contains("sesame"), "{shown:?}");
}

#[test]
fn each_channel_has_its_gateways_and_these_their_settings() {
    let smtp = ("CLIENTELE_DELIVERY__SMTP__URL", "smtps://ann:sesame@mail.example.com");
    let from = ("CLIENTELE_DELIVERY__SMTP__FROM", "Example <codes@example.com>");
    let sid = ("CLIENTELE_DELIVERY__TWILIO__ACCOUNT_SID", "AC1");
    let token = ("CLIENTELE_DELIVERY__TWILIO__AUTH_TOKEN", "sesame");
    let number = ("CLIENTELE_DELIVERY__TWILIO__FROM", "+15005550006");
    let url = ("CLIENTELE_DELIVERY__WEBHOOK__URL", "https://example.com/sesame");
    let secret = ("CLIENTELE_DELIVERY__WEBHOOK__SECRET", "whsec_c2VzYW1l");
    let (email, phone) = ("CLIENTELE_DELIVERY__EMAIL", "CLIENTELE_DELIVERY__PHONE");
    let whatsapp = "CLIENTELE_DELIVERY__WHATSAPP";
    let settings =
        load(&[(email, "smtp"), smtp, from, (phone, "twilio"), sid, token, number, (whatsapp, "webhook"), url, secret]);
    let printed = format!("{:?}", settings.unwrap().delivery.gateways().unwrap());
    assert!(!printed.contains("sesame") && !printed.contains("c2Vz"), "{printed}");
    for (variables, words) in [
        (&[(email, "twilio")][..], &["delivery.email", "twilio", "log, smtp, webhook"][..]),
        (&[(phone, "smtp")], &["delivery.phone", "smtp", "log, twilio, webhook"]),
        (&[(whatsapp, "pigeon")], &["delivery.whatsapp", "log, twilio, webhook"]),
        (&[(email, "smtp"), from], &["delivery.smtp.url is missing", "delivery.email = smtp"]),
        (&[(email, "smtp"), smtp], &["delivery.smtp.from is missing"]),
        (&[(phone, "twilio"), token, number], &["delivery.twilio.account_sid is missing", "delivery.phone"]),
        (&[(phone, "twilio"), sid, number], &["delivery.twilio.auth_token is missing"]),
        (&[(whatsapp, "twilio"), sid, token], &["delivery.twilio.from is missing", "delivery.whatsapp"]),
        (&[(phone, "webhook"), secret], &["delivery.webhook.url is missing"]),
        (&[(phone, "webhook"), url], &["delivery.webhook.secret is missing"]),
        (&[("CLIENTELE_DELIVERY__SMTP__URL", "mail.example.com")], &["delivery.smtp.url", "smtps://"]),
        (&[("CLIENTELE_DELIVERY__SMTP__FROM", "codes")], &["delivery.smtp.from", "codes@example.com"]),
        (&[("CLIENTELE_DELIVERY__TWILIO__BASE_URL", "twilio")], &["delivery.twilio.base_url", "https://"]),
        (&[("CLIENTELE_DELIVERY__WEBHOOK__SECRET", "whsec_!")], &["delivery.webhook.secret", "whsec_"]),
        (&[("CLIENTELE_DELIVERY__PIGEON", "yes")], &["delivery.pigeon", "whatsapp"]),
    ] {
        let message = load(variables).unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn lists_have_commas_between_their_items() {
    let settings = load(&[
        ("CLIENTELE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1"),
        ("CLIENTELE_HTTP__CORS_ORIGINS", "https://app.example.com,http://localhost:3000"),
    ])
    .unwrap();
    assert_eq!((settings.http.trusted_proxies.len(), settings.http.cors_origins.len()), (2, 2));
    assert!(load(&[("CLIENTELE_HTTP__TRUSTED_PROXIES", "")]).unwrap().http.trusted_proxies.is_empty());
    for (name, value, words) in [
        ("CLIENTELE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8,proxy", &["http.trusted_proxies", "proxy", "10.0.0.0/8"]),
        ("CLIENTELE_HTTP__CORS_ORIGINS", "app.example.com", &["http.cors_origins", "app.example.com", "https://"]),
        ("CLIENTELE_LIMITS__PER_USER", "0", &["limits.per_user", "1", "100000"]),
        ("CLIENTELE_LIMITS__ENABLED", "perhaps", &["limits.enabled", "true", "false"]),
    ] {
        let message = load(&[(name, value)]).unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn a_secret_may_come_from_a_file() {
    let file = std::env::temp_dir().join(format!("clientele-secret-{}", std::process::id()));
    std::fs::write(&file, "open sesame, open sesame\n").unwrap();
    let settings = load(&[("CLIENTELE_AUTH__MASTER_KEY_FILE", file.to_str().unwrap())]).unwrap();
    assert_eq!(settings.auth.master_key.unwrap().expose_secret(), "open sesame, open sesame");
    let missing = load(&[("CLIENTELE_AUTH__MASTER_KEY_FILE", "/nowhere/at/all")]).unwrap_err().to_string();
    assert!(missing.starts_with("CLIENTELE_AUTH__MASTER_KEY_FILE: cannot read /nowhere/at/all: "), "{missing}");
    std::fs::write(&file, "\r\n").unwrap();
    let empty = load(&[("DATABASE_URL_FILE", file.to_str().unwrap())]).unwrap_err().to_string();
    assert!(empty.starts_with("DATABASE_URL_FILE: ") && empty.ends_with(" is empty"), "{empty}");
}

#[test]
fn an_empty_variable_is_not_set() {
    let names = Settings::default().shown().into_iter();
    let names = names.map(|(key, _)| format!("CLIENTELE_{}", key.replace('.', "__").to_uppercase()));
    for name in names.chain(["DATABASE_URL".to_owned()]) {
        for empty in ["", "\r", "\n", "\r\n"] {
            for name in [name.clone(), format!("{name}_FILE")] {
                let settings = load(&[(&name, empty)]).unwrap();
                assert_eq!(settings.shown(), Settings::default().shown(), "{name}={empty:?}");
                settings.first_admin().unwrap();
            }
        }
    }
    let key = [("CLIENTELE_AUTH__MASTER_KEY", "open sesame, open sesame"), ("CLIENTELE_AUTH__MASTER_KEY_FILE", "")];
    assert!(load(&key).unwrap().auth.master_key.is_some(), "only one of them is set");
}

#[test]
fn line_ends_at_the_end_are_no_part_of_a_value() {
    let file = std::env::temp_dir().join(format!("clientele-crlf-{}", std::process::id()));
    std::fs::write(&file, "whsec_c2VzYW1l\r\n").unwrap();
    for end in ["\r", "\n", "\r\n", "\r\r\n\n"] {
        let with_end = |text: &str| format!("{text}{end}");
        let settings = load(&[
            ("DATABASE_URL", &with_end("sqlite:data/x.db")),
            ("CLIENTELE_AUTH__BCRYPT_COST", &with_end("11")),
            ("CLIENTELE_SIGNUP__STAFF", &with_end("open")),
            ("CLIENTELE_LOG__LEVEL", &with_end("warn")),
            ("CLIENTELE_ADMIN_PASSWORD", &with_end(" a password ")),
            ("CLIENTELE_DELIVERY__WEBHOOK__SECRET_FILE", &with_end(file.to_str().unwrap())),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.database.url.expose_secret(), "sqlite:data/x.db");
        assert_eq!((settings.auth.bcrypt_cost, settings.log.level.as_str()), (11, "warn"));
        assert_eq!(settings.signup.staff, StaffSignup::Open);
        assert_eq!(settings.admin_password.unwrap().expose_secret(), " a password ", "spaces are");
        assert!(settings.delivery.webhook.secret.is_some());
    }
    let flags = vec![("database.url", "sqlite:data/x.db\r".to_owned())];
    let settings = Settings::load(Some(Path::new("/dev/null")), Vec::new(), flags).unwrap();
    assert_eq!(settings.database.url.expose_secret(), "sqlite:data/x.db");
}

#[test]
fn an_unknown_key_is_named_as_it_was_written() {
    for (name, words) in [
        ("CLIENTELE_NO__SUCH_KEY", &["unknown setting CLIENTELE_NO__SUCH_KEY ", "auth, "][..]),
        ("CLIENTELE_HTTP__LISTENN", &["unknown setting CLIENTELE_HTTP__LISTENN ", "listen, "]),
        ("CLIENTELE_DELIVERY__SMTP__URI", &["unknown setting CLIENTELE_DELIVERY__SMTP__URI ", "from, url"]),
        ("CLIENTELE_HTTP__LISTEN__PORT", &["unknown setting CLIENTELE_HTTP__LISTEN__PORT ", "listen, "]),
        ("CLIENTELE_PORT", &["unknown setting CLIENTELE_PORT "]),
    ] {
        let message = load(&[(name, "8080")]).unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
    let file = std::env::temp_dir().join(format!("clientele-unknown-{}.toml", std::process::id()));
    for (text, key) in [
        ("[no]\nsuch_key = 1", "no.such_key"),
        ("[delivery.smtp]\nuri = \"sesame\"", "delivery.smtp.uri"),
        ("colour = \"sesame\"", "colour"),
        ("[http.listen]\nport = 1", "http.listen.port"),
    ] {
        std::fs::write(&file, text).unwrap();
        let message = Settings::load(Some(&file), Vec::new(), Vec::new()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("unknown setting {key} in ")), "{message}");
        assert!(!message.contains("sesame"), "{message}");
    }
}

#[test]
fn variables_of_kubernetes_are_ignored() {
    let variables = [
        ("CLIENTELE_PORT", "tcp://10.3.104.46:8080"),
        ("CLIENTELE_PORT_8080_TCP_ADDR", "10.3.104.46"),
        ("CLIENTELE_API_SERVICE_HOST", "10.3.104.46"),
        ("CLIENTELE_HTTP__LISTEN", "127.0.0.1:9"),
    ];
    assert_eq!(load(&variables).unwrap().http.listen.port(), 9);
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let expected = ["CLIENTELE_API_SERVICE_HOST", "CLIENTELE_PORT", "CLIENTELE_PORT_8080_TCP_ADDR"];
    assert_eq!(ignored(&variables), expected);
}

#[test]
fn the_form_of_the_log_is_known_though_the_rest_is_wrong() {
    let file = std::env::temp_dir().join(format!("clientele-form-{}.toml", std::process::id()));
    std::fs::write(&file, "colour = 1\n[log]\nformat = \"json\"").unwrap();
    let of = |environment: &str, flag: Option<&str>| {
        let environment = [("CLIENTELE_LOG__FORMAT".to_owned(), environment.to_owned())];
        let flags: Vec<_> = flag.into_iter().map(|flag| ("log.format", flag.to_owned())).collect();
        log_format(Some(&file), &environment, &flags)
    };
    assert_eq!(of("", None), LogFormat::Json);
    assert_eq!(of("pretty", None), LogFormat::Pretty);
    assert_eq!(of("pretty", Some("json")), LogFormat::Json);
    assert_eq!(of("json\r", Some("pretty")), LogFormat::Pretty);
    assert_eq!(log_format(Some(Path::new("/nowhere")), &[], &[]), LogFormat::Pretty);
}

proptest::proptest! {
    /// A message about a wrong URL never shows its password.
    #[test]
    fn no_password_is_shown_in_whatever_malformed_url_it_stands(
        scheme in "postgres|postgresql|mysql|mariadb|smtp|smtps|http|https|POSTGRES|oracle|sqlite|",
        slashes in "://|:|:/|//|:///|::",
        user in "ann|ann@example\\.com|a%40b||ann:",
        before in "[#/?@:%&=+ \\[\\]\\\\0-9a-z]{0,4}",
        after in "[#/?@:%&=+ \\[\\]\\\\0-9a-z]{0,4}",
        at in "@|",
        host in "db|db:5432|[::1]|example\\.com:x|",
        tail in "/people|/people\\?sslmode=require|\\?tls=required|/x\\?password=sesame&key=sesame|#sesame|",
    ) {
        // Without it, the password is a host, a port or a path, which nobody can tell from one.
        let at = if at.is_empty() && !before.contains(['#', '?']) { "@" } else { &at };
        let url = format!("{scheme}{slashes}{user}:{before}sesame{after}{at}{host}{tail}");
        for name in [
            "CLIENTELE_DATABASE__URL",
            "CLIENTELE_DELIVERY__SMTP__URL",
            "CLIENTELE_DELIVERY__TWILIO__BASE_URL",
            "CLIENTELE_DELIVERY__WEBHOOK__URL",
            "CLIENTELE_TELEMETRY__OTLP_ENDPOINT",
            "CLIENTELE_HTTP__CORS_ORIGINS",
        ] {
            if name.ends_with("DATABASE__URL") && scheme == "sqlite" {
                continue;
            }
            let told = match load(&[(name, &url)]) {
                Ok(settings) => format!("{}{:?}{:?}", crate::cli::config::text(&settings), settings.warnings(), settings),
                Err(error) => error.to_string(),
            };
            proptest::prop_assert!(!told.contains("sesame"), "{name}={url}: {told}");
        }
    }
}

#[test]
fn a_value_and_a_file_for_it_are_one_too_many() {
    for name in ["CLIENTELE_AUTH__MASTER_KEY", "DATABASE_URL"] {
        let file = format!("{name}_FILE");
        for variables in [[(name, "x"), (&file, "y")], [(&file, "y"), (name, "x")]] {
            let message = load(&variables).unwrap_err().to_string();
            assert_eq!(message, format!("{name} and {file} are both set: give one of them"));
        }
    }
}

#[test]
fn what_is_wrong_in_a_file_is_told_without_the_value() {
    let file = std::env::temp_dir().join(format!("clientele-wrong-{}.toml", std::process::id()));
    for (text, expected) in [
        ("[auth]\nmaster_key = 7700770077007700", "auth.master_key: expected a string"),
        ("[delivery.twilio]\nauth_token = [\"7700\"]", "delivery.twilio.auth_token: expected a string"),
        ("http = 7700", "http is a section: name one of the settings in it"),
        ("[auth]\nbcrypt_cost = [7700]", "auth.bcrypt_cost: expected a number"),
        ("[limits]\nenabled = [7700]", "limits.enabled: expected true or false"),
        ("[http]\ncors_origins = 7700", "http.cors_origins: expected a list"),
    ] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(Settings::load(Some(&file), Vec::new(), Vec::new()).unwrap_err().to_string(), expected);
    }
}
