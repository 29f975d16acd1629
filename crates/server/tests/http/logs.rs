//! The log of the program, at level trace, has no secret and no contact in it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use persistence::testing::TestDatabase;
use serde_json::{Value, json};

const PASSWORD: &str = "a passphrase of nobody";
const WRONG_PASSWORD: &str = "a mistaken passphrase";
const NEW_PASSWORD: &str = "a passphrase by code";
const EMAIL: &str = "talkative.ann@example.com";
const PHONE: &str = "+998907654321";
/// How the channel `log` begins the one kind of line that may hold a contact and a code.
const CODE_LINE: &str = "one-time code for ";

#[tokio::test]
async fn secrets_stay_out_of_the_log_on_sqlite() {
    secrets_stay_out_of_the_log(&TestDatabase::sqlite()).await;
}

#[tokio::test]
async fn secrets_stay_out_of_the_log_on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        secrets_stay_out_of_the_log(&database).await;
    }
}

#[tokio::test]
async fn secrets_stay_out_of_the_log_on_mariadb() {
    if let Some(database) = TestDatabase::mariadb().await {
        secrets_stay_out_of_the_log(&database).await;
    }
}

/// The program with everything in its log.
struct Program {
    child: Child,
    url: String,
    setup_token: String,
    lines: Receiver<String>,
    log: Vec<String>,
}

impl Program {
    fn start(database: &TestDatabase) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_clientele"))
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", database.url())
            .env("CLIENTELE_HTTP__LISTEN", "127.0.0.1:0")
            .env("CLIENTELE_AUTH__BCRYPT_COST", "4")
            .env("CLIENTELE_LOG__LEVEL", "trace")
            .env("CLIENTELE_LOG__FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read(child.stderr.take().unwrap());
        let mut banner = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |words: &str| banner.find_map(|line| Some(line.split_once(words)?.1.to_owned())).unwrap();
        let url = after("\"url\":\"").split('"').next().unwrap().to_owned();
        let setup_token = after("\"setup_token\":\"").split('"').next().unwrap().to_owned();
        Self { child, url, setup_token, lines, log: Vec::new() }
    }

    async fn call(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.url)).json(body);
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap_or_default()
    }

    /// The next code in the log.
    fn code(&mut self) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30)).unwrap();
            self.log.push(line.clone());
            if let Some((_, rest)) = line.split_once(CODE_LINE) {
                let code = rest.split_once(": ").unwrap().1;
                return code.split(' ').next().unwrap().to_owned();
            }
        }
    }

    /// Everything that was logged, the program being stopped.
    fn stop(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest: Vec<String> = self.lines.iter().collect();
        self.log.drain(..).chain(rest).collect()
    }
}

/// Reads on a thread of its own, or a full pipe would stop the program.
fn read(stderr: ChildStderr) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    lines
}

async fn secrets_stay_out_of_the_log(database: &TestDatabase) {
    let mut program = Program::start(database);
    let admin = json!({ "setup_token": program.setup_token, "email": EMAIL, "password": PASSWORD, "phone": PHONE });
    let admin = program.call("POST", "/auth/signup", None, &admin).await;
    let token = admin["access_token"].as_str().unwrap().to_owned();
    let mut secrets = vec![program.setup_token.clone(), token.clone()];
    let keep = |secrets: &mut Vec<String>, answer: &Value| {
        secrets.extend(["access_token", "refresh_token"].map(|name| answer[name].as_str().unwrap().to_owned()));
    };
    keep(&mut secrets, &admin);

    let refreshed = json!({ "refresh_token": admin["refresh_token"] });
    keep(&mut secrets, &program.call("POST", "/auth/refresh", None, &refreshed).await);
    for body in
        [json!({ "email": EMAIL, "password": WRONG_PASSWORD }), json!({ "email": EMAIL, "password": [PASSWORD] })]
    {
        program.call("POST", "/auth/signin", None, &body).await;
    }
    let sent = program.call("POST", "/auth/password/forgot", None, &json!({ "email": EMAIL })).await;
    let code = program.code();
    let reset = json!({ "challenge_id": sent["challenge_id"], "code": code, "new_password": NEW_PASSWORD });
    program.call("POST", "/auth/password/reset", None, &reset).await;
    let signed_in = json!({ "email": EMAIL, "password": NEW_PASSWORD });
    let signed_in = program.call("POST", "/auth/signin", None, &signed_in).await;
    keep(&mut secrets, &signed_in);
    let token = signed_in["access_token"].as_str();

    // Databases repeat refused values in their errors.
    for _ in 0..2 {
        program.call("POST", "/users/", token, &json!({ "role": "customer", "phone": PHONE })).await;
        program.call("POST", "/users/", token, &json!({ "role": "manager", "email": EMAIL })).await;
    }
    program.call("POST", "/auth/signup", None, &json!({ "phone": PHONE })).await;
    let customer_code = program.code();
    program.call("GET", "/users/?q=%2B998907654321", token, &Value::Null).await;
    program.call("GET", &format!("/users/?access_token={}", token.unwrap()), None, &Value::Null).await;
    program.call("GET", &format!("/{EMAIL}/{PHONE}"), token, &Value::Null).await;

    let log = program.stop();
    assert!(log.iter().any(|line| line.contains("answered")) && log.len() > 50, "the log is there: {}", log.len());
    assert_eq!(log.iter().filter(|line| line.contains(CODE_LINE)).count(), 2);
    let texts = [PASSWORD, WRONG_PASSWORD, NEW_PASSWORD, EMAIL, PHONE, "998907654321", "$2b$"];
    for line in log.iter().filter(|line| !line.contains(CODE_LINE)) {
        let secret = texts.into_iter().chain(secrets.iter().map(String::as_str)).find(|text| line.contains(text));
        assert_eq!(secret, None, "in {line}");
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(!words.any(|word| word == code || word == customer_code), "a code in {line}");
    }
}
