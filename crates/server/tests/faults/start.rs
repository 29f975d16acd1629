//! A start that fails: one clear line, the right exit code, and nothing listens.

use std::net::{TcpListener, TcpStream};

use persistence::testing::TestDatabase;

use crate::process::{EMAIL, PASSWORD, Program, address_of_ones_own};
use crate::proxy::Port;

#[test]
fn an_unknown_key_is_refused_with_what_is_allowed() {
    let program = Program::new();
    for (name, value, words) in [
        ("CLIENTELE_COLOUR", "red", &["colour", "http", "auth"][..]),
        ("CLIENTELE_HTTP__LISTENN", "127.0.0.1:0", &["http.listenn", "listen"]),
        ("CLIENTELE_AUTH__BCRYPT_COST", "99", &["auth.bcrypt_cost", "99", "4 to 15"]),
        ("CLIENTELE_SIGNUP__STAFF", "maybe", &["signup.staff", "approval", "open", "closed"]),
        ("CLIENTELE_LOG__LEVEL", "loud", &["log.level", "info"]),
        ("CLIENTELE_LOG__LEVEL", "info,api=loud", &["log.level", "info"]),
        ("CLIENTELE_LOG__FORMAT", "xml", &["log.format", "pretty", "json"]),
        ("CLIENTELE_HTTP__LISTEN", "here", &["http.listen", "127.0.0.1:8080"]),
        ("CLIENTELE_AUTH__MASTER_KEY_FILE", "/nowhere", &["CLIENTELE_AUTH__MASTER_KEY_FILE", "/nowhere"]),
        ("CLIENTELE_NO__SUCH_KEY", "x", &["CLIENTELE_NO__SUCH_KEY"]),
        ("CLIENTELE_HTTP_PORT", "8080", &["CLIENTELE_HTTP_PORT"]),
        ("DATABASE_URL", "postgres://ann:se#sesame@db/x", &["database.url", "percent-encoded"]),
        ("CLIENTELE_ADMIN_EMAIL", EMAIL, &["admin_email", "admin_password"]),
        ("DATABASE_URL", "oracle://ann:sesame@db/x", &["database.url", "oracle", "sqlite:", "postgres:", "mysql:"]),
    ] {
        let wrong = Program::new().with(name, value);
        for words_said in [&["serve"][..], &[], &["config", "check"]] {
            let done = wrong.run(words_said);
            done.failed(2, words);
            assert!(!done.stderr().contains("sesame"));
        }
    }
    let named = Program::new().with("CLIENTELE_ADMIN_EMAIL", EMAIL).with("CLIENTELE_ADMIN_PASSWORD", "short");
    for words_said in [&["serve"][..], &["config", "check"]] {
        named.run(words_said).failed(2, &["admin_password", "at least 12 characters"]);
    }
    for (text, words) in [
        ("[http]\nport = 1", &["http.port in clientele.toml", "listen"][..]),
        ("[no]\nsuch_key = 1", &["no.such_key in clientele.toml"]),
        ("colour = 1", &["colour"]),
        ("[auth]\npassword_min_length = \"x\"", &["auth.password_min_length"]),
        ("[auth", &["clientele.toml, line 1"]),
        ("[auth]\nmaster_key = \"sesame, sesame", &["clientele.toml, line 2"]),
        ("[auth]\nmaster_key = 7700770077007700", &["auth.master_key: expected a string"]),
    ] {
        program.folder.write("clientele.toml", text);
        let done = program.run(&["serve"]);
        done.failed(2, words);
        assert!(!done.stderr().contains("sesame") && !done.stderr().contains("7700"), "{}", done.stderr());
    }
}

#[test]
fn a_settings_file_that_is_named_must_be_there() {
    Program::new().run(&["--config", "mine.toml", "serve"]).failed(2, &["mine.toml"]);
}

#[test]
fn an_occupied_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    Program::new().with("CLIENTELE_HTTP__LISTEN", &address).run(&["serve"]).failed(1, &["http.listen", &address]);
    Program::new().with("CLIENTELE_METRICS__LISTEN", &address).run(&["serve"]).failed(1, &["metrics.listen", &address]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let program = Program::new();
    // Root may write everywhere but below a file.
    program.folder.write("data", "");
    program.run(&["serve"]).failed(1, &["database.url", "data"]);
    let proc = Program::new().with("DATABASE_URL", "sqlite:/proc/clientele/people.db");
    proc.run(&["serve"]).failed(1, &["database.url", "/proc/clientele"]);
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let program = Program::new();
    std::fs::create_dir(program.folder.path().join("data")).unwrap();
    program.folder.write("data/clientele.db", &"not a database ".repeat(100));
    program.run(&["serve"]).failed(1, &["database.url", "not a database"]);
}

#[test]
fn a_database_that_is_not_there_is_said_so() {
    let nobody = Port::reserve();
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://ann:sesame@{}/clientele", nobody.address());
        let done = Program::new().with("DATABASE_URL", &url).run(&["serve"]);
        done.failed(1, &["database.url"]);
        assert!(!done.stderr().contains("sesame"));
    }
}

#[test]
fn a_database_that_does_not_exist_on_the_server_is_named() {
    for variable in ["TEST_POSTGRES_URL", "TEST_MARIADB_URL"] {
        let Ok(server) = std::env::var(variable) else { continue };
        let (server, _) = server.rsplit_once('/').unwrap();
        let url = format!("{server}/clientele_of_nobody");
        Program::new().with("DATABASE_URL", &url).run(&["serve"]).failed(1, &["database.url", "clientele_of_nobody"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_left_alone() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await, TestDatabase::mariadb().await] {
        let Some(database) = database else { continue };
        let program = Program::on(&database);
        assert_eq!(program.run(&["migrate", "up"]).code(), Some(0));
        database.run("INSERT INTO seaql_migrations VALUES ('m29990101_000001_wings', 0)").await;
        let keys: [&[&str]; 2] = [&["keys", "list"], &["keys", "rotate"]];
        for words in [&["serve"][..], &["migrate", "up"], &["migrate", "down", "--yes"]].into_iter().chain(keys) {
            program.run(words).failed(1, &["m29990101_000001_wings"]);
        }
        let status = program.run(&["migrate", "status"]);
        assert_eq!(status.code(), Some(0));
        assert!(status.stdout().contains("unknown  m29990101_000001_wings"), "{}", status.stdout());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_another_migration_says_so_and_does_not_listen() {
    for database in [TestDatabase::postgres().await, TestDatabase::mariadb().await].into_iter().flatten() {
        let lock = if database.url().starts_with("postgres") {
            format!("SELECT pg_advisory_lock({})", 0x636c_6965_6e74_i64)
        } else {
            "DO GET_LOCK(CONCAT('clientele.', MD5(DATABASE())), 1)".to_owned()
        };
        let held = database.hold(&lock).await;
        let address = address_of_ones_own();
        let mut app = Program::on(&database).with("CLIENTELE_HTTP__LISTEN", &address).start();
        app.until_it_says("waiting for another process that migrates").await;
        assert!(TcpStream::connect(&address).is_err(), "somebody listens and answers nobody");
        let other = Program::on(&database).start();
        other.until_it_says("waiting for another process that migrates").await;
        other.signal("TERM");
        let (status, stderr) = other.wait();
        assert_eq!(status.code(), Some(0), "a start that is not done can be ended: {stderr}");
        held.release().await;
        app.until_it_listens();
        assert_eq!(reqwest::get(app.url("/health/ready")).await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_key_is_said_so() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await, TestDatabase::mariadb().await] {
        let Some(database) = database else { continue };
        let program = Program::on(&database).with("CLIENTELE_AUTH__MASTER_KEY", "open sesame, said Ali Baba");
        let made = program.run_with_input(&["admin", "create", "--email", EMAIL], PASSWORD);
        assert_eq!(made.code(), Some(0), "{}", made.stderr());
        let wrong = program.with("CLIENTELE_AUTH__MASTER_KEY", "open barley, said his brother");
        wrong.run(&["serve"]).failed(2, &["master_key"]);
        wrong.without("CLIENTELE_AUTH__MASTER_KEY").run(&["serve"]).failed(2, &["master_key"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kubernetes_and_compose_put_into_the_environment_does_no_harm() {
    let program = Program::new()
        .with("CLIENTELE_PORT", "tcp://10.3.104.46:8080")
        .with("CLIENTELE_PORT_8080_TCP_PROTO", "tcp")
        .with("CLIENTELE_SERVICE_HOST", "10.3.104.46")
        .with("CLIENTELE_API_SERVICE_PORT_HTTP", "8080")
        .with("CLIENTELE_LOG__LEVEL", "")
        .with("CLIENTELE_AUTH__MASTER_KEY", "")
        .with("CLIENTELE_AUTH__MASTER_KEY_FILE", "")
        .with("CLIENTELE_ADMIN_PASSWORD", "")
        .with("DATABASE_URL", "sqlite:data/people.db\r\n");
    assert_eq!(program.run(&["config", "check"]).code(), Some(0));
    let app = program.serve();
    app.until_it_says("CLIENTELE_SERVICE_HOST").await;
    let log = app.stderr();
    let told: Vec<_> = log.lines().filter(|line| line.contains("CLIENTELE_")).collect();
    let [line] = told[..] else { panic!("{told:?}") };
    for name in ["CLIENTELE_PORT,", "CLIENTELE_PORT_8080_TCP_PROTO", "CLIENTELE_API_SERVICE_PORT_HTTP"] {
        assert!(line.contains(name), "{line}");
    }
    assert!(program.folder.path().join("data/people.db").exists(), "by its name without the line end");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hardly_meant_for_production_is_a_warning_each() {
    let program = Program::new()
        .with("CLIENTELE_HTTP__TRUSTED_PROXIES", "0.0.0.0/0,::/0")
        .with("CLIENTELE_LIMITS__ENABLED", "false");
    let secret = program.folder.write("master_key", "open sesame, open sesame");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let program = program.with("CLIENTELE_AUTH__MASTER_KEY_FILE", secret.to_str().unwrap());
    let expected = [
        "http.trusted_proxies: 0.0.0.0/0 ",
        "http.trusted_proxies: ::/0 ",
        "limits.enabled: ",
        "auth.bcrypt_cost: 4 ",
        "CLIENTELE_AUTH__MASTER_KEY_FILE: ",
    ];
    let app = program.serve();
    app.until_it_says(expected[4]).await;
    let log = app.stderr();
    let checked = program.run(&["config", "check"]).stdout();
    for warning in expected {
        assert_eq!(log.lines().filter(|line| line.contains("WARN") && line.contains(warning)).count(), 1, "{log}");
        let line = format!("# warning: {warning}");
        assert_eq!(checked.lines().filter(|text| text.starts_with(&line)).count(), 1, "{checked}");
    }
    assert!(!log.contains("sesame") && !checked.contains("sesame"), "{log}{checked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_without_a_template_is_a_warning() {
    for (template, warns) in [("", true), ("HX0123456789abcdef0123456789abcdef", false)] {
        let program = Program::new()
            .with("CLIENTELE_DELIVERY__WHATSAPP", "twilio")
            .with("CLIENTELE_DELIVERY__TWILIO__ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef")
            .with("CLIENTELE_DELIVERY__TWILIO__AUTH_TOKEN", "sesame")
            .with("CLIENTELE_DELIVERY__TWILIO__FROM", "+998901234567")
            .with("CLIENTELE_DELIVERY__TWILIO__WHATSAPP_CONTENT_SID", template);
        let app = program.serve();
        app.signal("TERM");
        let (_, log) = app.wait();
        assert_eq!(log.contains("63016"), warns, "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_master_key_is_a_warning() {
    for database in [TestDatabase::postgres().await, TestDatabase::mariadb().await].into_iter().flatten() {
        let app = Program::on(&database).serve();
        app.until_it_says("auth.master_key: not set").await;
        assert!(!app.stderr().contains("database.url: "), "it is on this computer: {}", app.stderr());
    }
}
