//! The commands, and their exit codes.

use serde_json::{Value, json};

use crate::process::{EMAIL, PASSWORD, Program};

#[test]
fn help_explains_every_command() {
    let program = Program::new();
    let help = program.run(&["--help"]);
    assert_eq!(help.code(), Some(0));
    for word in [
        "serve",
        "migrate",
        "keys",
        "admin",
        "config",
        "openapi",
        "completions",
        "health",
        "import",
        "export",
        "backup",
        "--listen",
        "Exit codes",
    ] {
        assert!(help.stdout().contains(word), "no {word} in {}", help.stdout());
    }
    for words in [&["dance"][..], &["migrate"], &["serve", "--wings"], &["admin", "create"], &["--listen", "here"]] {
        let done = program.run(words);
        assert_eq!(done.code(), Some(2), "{words:?}");
        assert!(done.stderr().contains("Usage") || done.stderr().contains("--help"), "{}", done.stderr());
    }
    program.run(&["migrate", "down"]).failed(2, &["--yes"]);
    program.run(&["migrate", "fresh"]).failed(2, &["--yes"]);
}

#[test]
fn the_document_and_the_completions_need_no_settings() {
    let program = Program::new().with("CLIENTELE_COLOUR", "red");
    let document: Value = serde_json::from_str(&program.run(&["openapi"]).stdout()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for shell in ["bash", "zsh", "fish"] {
        assert!(program.run(&["completions", shell]).stdout().contains("clientele"), "{shell}");
    }
}

#[test]
fn a_reader_who_has_heard_enough_is_no_error() {
    let program = Program::new();
    let keys = ["keys", "list"];
    for words in [&["openapi"][..], &["completions", "bash"], &["config", "check"], &["migrate", "up"], &keys] {
        let done = program.run_unheard(words);
        assert_eq!((done.code(), done.stderr().as_str()), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn the_settings_are_shown_without_secrets() {
    let program = Program::new()
        .with("DATABASE_URL", "postgres://ann:sesame-1@db/x")
        .with("CLIENTELE_AUTH__MASTER_KEY", "sesame-2 sesame-2 sesame-2");
    let done = program.run(&["config", "check", "--log-level", "warn"]);
    assert_eq!(done.code(), Some(0), "{}", done.stderr());
    let text = done.stdout();
    assert!(text.starts_with("ok\n"), "{text}");
    for line in
        ["auth.bcrypt_cost = 4", "log.level = \"warn\"", "auth.master_key = \"(set)\"", "# admin_email is not set"]
    {
        assert!(text.lines().any(|shown| shown == line), "no {line} in {text}");
    }
    assert!(!text.contains("sesame"), "{text}");
    assert!(!program.folder.path().join("data").exists(), "nothing is touched");
}

#[test]
fn a_flag_wins() {
    let program = Program::new().with("CLIENTELE_LOG__FORMAT", "json");
    let text = program.run(&["--log-format", "pretty", "--listen", "127.0.0.1:81", "config", "check"]).stdout();
    assert!(text.contains("log.format = \"pretty\"") && text.contains("http.listen = \"127.0.0.1:81\""), "{text}");
    let plain = Program::new();
    plain.run(&["--database-url", "oracle:x", "config", "check"]).failed(2, &["database.url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_made_and_let_back_in() {
    let program = Program::new();
    let create = |password| program.run_with_input(&["admin", "create", "--email", "Admin@Example.com "], password);
    create("short\n").failed(2, &["password", "12"]);
    program.run_with_input(&["admin", "create", "--email", "x"], PASSWORD).failed(2, &["--email"]);
    let made = create(&format!("{PASSWORD}\n"));
    assert_eq!((made.code(), made.stdout().trim()), (Some(0), "admin@example.com is a new admin"), "{}", made.stderr());

    let app = program.serve();
    let client = reqwest::Client::new();
    let sign_in = async |password: &str| {
        let body = json!({ "email": EMAIL, "password": password });
        let answer = client.post(app.url("/auth/signin")).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, signed_in) = sign_in(PASSWORD).await;
    assert_eq!(status, 200, "{signed_in}");
    assert_eq!(signed_in["user"]["role"], "admin");

    let again = program
        .settings
        .iter()
        .fold(Program::new(), |program, (name, value)| program.with(name, value))
        .with("CLIENTELE_ADMIN_PASSWORD", "another horse battery")
        .with("DATABASE_URL", &format!("sqlite:{}/data/clientele.db", program.folder.path().display()));
    let recovered = again.run(&["admin", "create", "--email", EMAIL]);
    assert_eq!(recovered.code(), Some(0), "{}", recovered.stderr());
    let me = client.get(app.url("/users/me")).bearer_auth(signed_in["access_token"].as_str().unwrap());
    assert_eq!(me.send().await.unwrap().status(), 401, "the old session is over");
    assert_eq!(sign_in(PASSWORD).await.0, 401);
    assert_eq!(sign_in("another horse battery").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_keys_are_listed_and_revoked() {
    let program = Program::new();
    program.run_with_input(&["admin", "create", "--email", EMAIL], &format!("{PASSWORD}\n"));
    let app = program.serve();
    let client = reqwest::Client::new();
    let post = async |path: &str, token: &str, body: Value| {
        let answer = client.post(app.url(path)).bearer_auth(token).json(&body).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    let signed_in = post("/auth/signin", "", json!({ "email": EMAIL, "password": PASSWORD })).await;
    let token = signed_in["access_token"].as_str().unwrap();
    let made = post("/auth/keys", token, json!({ "name": "nightly report", "scopes": ["read_user"] })).await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    // The command is another instance, whose changes count at once for those who ask for the present.
    let request = || client.get(app.url("/users/me")).bearer_auth(key).header("cache-control", "no-cache");
    let me = async || request().send().await.unwrap().status();
    assert_eq!(me().await, 200);

    let list = program.run(&["keys", "api", "list"]);
    let owner = signed_in["user"]["id"].as_str().unwrap();
    assert_eq!(list.code(), Some(0), "{}", list.stderr());
    let line = list.stdout().lines().find(|line| line.starts_with(id)).map(ToOwned::to_owned);
    let line = line.unwrap_or_else(|| panic!("{}", list.stdout()));
    assert!(line.contains(owner) && line.ends_with("nightly report (read_user)"), "{line}");
    let nobody = "01936f5e-0000-7000-8000-000000000001";
    program.run(&["keys", "api", "revoke", nobody]).failed(1, &["no API key", nobody]);
    assert_eq!(program.run(&["keys", "api", "revoke", "x"]).code(), Some(2));
    let revoked = program.run(&["keys", "api", "revoke", id]);
    assert_eq!(
        (revoked.code(), revoked.stdout().trim()),
        (Some(0), &*format!("{id} is revoked")),
        "{}",
        revoked.stderr()
    );
    assert_eq!(me().await, 401);
    assert!(!program.run(&["keys", "api", "list"]).stdout().contains(id));
}

#[test]
fn health_asks_the_service() {
    let program = Program::new();
    let app = program.serve();
    assert_eq!(program.run(&["health", "--listen", &app.address]).code(), Some(0));
    assert_eq!(program.run(&["health", "--live", "--listen", &app.address]).code(), Some(0));
    app.kill();
    assert_eq!(program.run(&["health", "--listen", "127.0.0.1:1"]).code(), Some(1));
}
