//! The log of the real program: one object on each line, and no secret in it.

use serde_json::{Value, json};

use crate::people::{Admin, phone};
use crate::process::{EMAIL, PASSWORD, Program};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_json_with_request_ids_and_without_secrets() {
    // Everything is logged, except the channel `log`, which shows codes on purpose.
    let program = Program::new().with("CLIENTELE_LOG__FORMAT", "json").with("CLIENTELE_LOG__LEVEL", "trace");
    let mut app = program.serve();
    let setup_token = app.setup_token();
    let admin = Admin::first(&mut app).await;
    assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
    assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 409);
    let client = reqwest::Client::new();
    let sign_in = |password: &str| {
        let body = json!({ "email": EMAIL, "password": password });
        client.post(app.url("/auth/signin")).header("x-request-id", "call-42").json(&body).send()
    };
    let signed_in: Value = sign_in(PASSWORD).await.unwrap().json().await.unwrap();
    let wrong = "wrong horse battery staple";
    assert_eq!(sign_in(wrong).await.unwrap().status(), 401);
    app.signal("TERM");
    let (status, log) = app.wait();
    assert_eq!(status.code(), Some(0));

    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered" && line["span"]["request_id"] == "call-42");
    let answered = answered.unwrap_or_else(|| panic!("no such line in {log}"));
    assert_eq!(answered["status"], 200);
    assert_eq!(answered["span"]["method"], "POST");
    assert_eq!(answered["span"]["route"], "/auth/signin");
    assert!(answered["timestamp"].is_string() && answered["level"].is_string() && answered["micros"].is_number());
    assert_eq!(answered["network"], "127.0.0.1");
    assert!(answered["user_id"].is_null(), "nobody yet");
    let created = lines
        .iter()
        .find(|line| line["message"] == "answered" && line["status"] == 201 && line["span"]["route"] == "/users/");
    assert_eq!(created.unwrap()["user_id"], signed_in["user"]["id"]);
    let refresh_token = signed_in["refresh_token"].as_str().unwrap();
    let access_token = signed_in["access_token"].as_str().unwrap();
    for secret in [PASSWORD, wrong, &setup_token, admin.token(), access_token, refresh_token, &phone(1), EMAIL, "$2b$"]
    {
        let leak = log.lines().find(|line| line.contains(secret));
        assert!(leak.is_none(), "{secret} in {leak:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_codes_go_to_the_log_it_says_so_however_quiet_it_is() {
    for level in ["off", "error"] {
        let mut app = Program::new().with("CLIENTELE_LOG__LEVEL", level).serve();
        let admin = Admin::first(&mut app).await;
        assert_eq!(admin.create(&phone(1)).await.unwrap().status(), 201);
        admin.ask_for_code(&phone(1)).await;
        app.until_it_says("one-time code for").await;
        let log = app.stderr();
        let (before, _) = log.split_once("one-time code for").unwrap();
        for channel in ["delivery.email", "delivery.phone", "delivery.whatsapp"] {
            assert!(before.contains(&format!("{channel}: whole codes go to the log")), "{log}");
        }
        assert!(!log.contains(" INFO server"), "{log}");
    }
}

#[track_caller]
fn assert_json(text: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let lines: Vec<_> = text.lines().map(parse).collect();
    for line in &lines {
        assert!(["timestamp", "level", "message"].iter().all(|name| line[name].is_string()), "{line}");
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn with_json_every_line_of_both_outputs_is_json_from_the_first() {
    let program = Program::new().with("CLIENTELE_LOG__FORMAT", "json").with("CLIENTELE_LOG__LEVEL", "debug");
    let program = program.with("CLIENTELE_PORT", "tcp://10.3.104.46:8080");
    let mut app = program.serve();
    let token = app.setup_token();
    let told = assert_json(&app.stdout());
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["url"], app.url(""));
    assert_eq!(told[0]["documentation"], app.url("/docs"));
    assert_eq!(told[1]["setup_token"], token.as_str());
    app.signal("TERM");
    let (status, log) = app.wait();
    assert_eq!(status.code(), Some(0));
    assert!(assert_json(&log).len() > 2, "{log}");

    let migrated = program.run(&["migrate", "up"]);
    assert!(assert_json(&migrated.stdout()).iter().any(|line| line["message"].as_str().unwrap().contains("applied")));
    assert_json(&migrated.stderr());
}

#[test]
fn with_json_what_is_wrong_is_told_in_json_too() {
    let json = Program::new().with("CLIENTELE_LOG__FORMAT", "json");
    let of_file = Program::new();
    of_file.folder.write("clientele.toml", "colour = 1\n[log]\nformat = \"json\"");
    let of_flag = Program::new().with("CLIENTELE_COLOUR", "red");
    let missing = Program::new().with("CLIENTELE_LOG__FORMAT", "json").with("DATABASE_URL_FILE", "/nowhere");
    for (program, words, code, message) in [
        (json.with("CLIENTELE_COLOUR", "red"), &["serve"][..], 2, "CLIENTELE_COLOUR"),
        (of_file, &["serve"], 2, "colour"),
        (of_flag, &["--log-format", "json", "config", "check"], 2, "CLIENTELE_COLOUR"),
        (missing, &["migrate", "up"], 2, "DATABASE_URL_FILE"),
        (Program::new(), &["--log-format", "json", "migrate", "down"], 2, "--yes"),
        (Program::new(), &["--log-format=json", "--database-url", "sqlite:/proc/x/y.db", "serve"], 1, "database.url"),
        (Program::new(), &["--log-format=json", "import", "/dev/null"], 1, "phone"),
    ] {
        let done = program.run(words);
        assert_eq!((done.code(), done.stdout()), (Some(code), String::new()), "{}", done.stderr());
        let lines = assert_json(&done.stderr());
        assert_eq!(lines[0]["level"], "ERROR", "{lines:?}");
        assert!(lines[0]["message"].as_str().unwrap().contains(message), "{lines:?}");
    }
}
