//! A running service with a fresh database, and callers to talk to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use async_trait::async_trait;
use delivery::{CodeMessage, CodeSender, SendError};
use domain::testing::FixedClock;
use domain::{Clock, Notice, SystemClock};
use persistence::testing::TestDatabase;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use server::settings::Settings;
use server::startup::{Senders, Service};
use tokio::task::JoinHandle;

/// How long a test waits for an event.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Backend {
    async fn database(self) -> Option<TestDatabase> {
        match self {
            Self::Sqlite => Some(TestDatabase::sqlite()),
            Self::Postgres => TestDatabase::postgres().await,
            Self::Mariadb => TestDatabase::mariadb().await,
        }
    }
}

/// Runs a test on a backend with the default settings, or says that it was skipped.
pub(crate) async fn with_app<F: Future<Output = ()>>(backend: Backend, test: fn(TestApp) -> F) {
    let Some(database) = backend.database().await else { return };
    test(TestApp::start(database, |_| {}).await).await;
}

/// The same by a clock that stands still until the test moves it.
pub(crate) async fn with_app_in_still_time<F: Future<Output = ()>>(
    backend: Backend,
    test: fn(TestApp, FixedClock) -> F,
) {
    let Some(database) = backend.database().await else { return };
    let clock = FixedClock::default();
    let app = TestApp::start_with(database, Arc::new(clock.clone()), |_| {}).await;
    test(app, clock).await;
}

/// A running service.
pub(crate) struct TestApp {
    pub(crate) address: String,
    pub(crate) setup_token: Option<String>,
    settings: Settings,
    clock: Arc<dyn Clock>,
    codes: Arc<Codes>,
    client: reqwest::Client,
    handle: ServerHandle,
    running: Option<JoinHandle<()>>,
    database: Arc<TestDatabase>,
}

impl TestApp {
    /// Starts the production service on a free port, with cheap password hashes.
    pub(crate) async fn start(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(database, Arc::new(SystemClock), change).await
    }

    /// The same by another clock.
    pub(crate) async fn start_with(
        database: TestDatabase,
        clock: Arc<dyn Clock>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::default();
        settings.http.listen = "127.0.0.1:0".parse().unwrap();
        settings.http.workers = Some(1);
        settings.metrics.listen = server::settings::MetricsListen::Off;
        settings.database.url = database.url().into();
        settings.database.max_connections = Some(5);
        settings.auth.bcrypt_cost = 4;
        settings.log.level = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".to_owned());
        change(&mut settings);
        Self::serve(settings, clock, Arc::default(), Arc::new(database), None).await
    }

    /// The same database under other settings, as another instance or after a restart. The
    /// codes of both are the same, whoever sends them.
    pub(crate) async fn another(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.settings.clone();
        change(&mut settings);
        Self::serve(settings, self.clock.clone(), self.codes.clone(), self.database.clone(), None).await
    }

    /// Another instance that believes what a test says about where its requests come from.
    pub(crate) async fn behind_proxy(&self) -> Self {
        self.another(|settings| settings.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await
    }

    /// The same, with the gateways of its settings in place of the one of the tests.
    pub(crate) async fn with_gateways(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let senders = settings.delivery.gateways().unwrap().open(&clock).unwrap();
        Self::serve(settings, self.clock.clone(), self.codes.clone(), self.database.clone(), Some(senders)).await
    }

    async fn serve(
        settings: Settings,
        clock: Arc<dyn Clock>,
        codes: Arc<Codes>,
        database: Arc<TestDatabase>,
        senders: Option<Senders>,
    ) -> Self {
        server::observability::logging::start(&settings).unwrap();
        let senders = senders.unwrap_or_else(|| Senders::all(codes.clone()));
        let service = Service::start(&settings, senders, clock.clone()).await.unwrap();
        let address = format!("http://{}", service.address());
        let setup_token = service.setup_token().map(ToOwned::to_owned);
        let handle = service.handle();
        let running = Some(tokio::spawn(async move { service.run().await.unwrap() }));
        Self { address, setup_token, settings, clock, codes, client: client(), handle, running, database }
    }

    /// Stops it, and waits until it has sent its last code.
    pub(crate) async fn stop(mut self) {
        self.handle.stop(true).await;
        if let Some(running) = self.running.take() {
            running.await.unwrap();
        }
    }

    pub(crate) fn anonymous(&self) -> Caller {
        Caller { id: String::new(), token: None, address: self.address.clone(), client: self.client.clone() }
    }

    /// Somebody with this token.
    pub(crate) fn with_token(&self, token: &str) -> Caller {
        Caller { token: Some(token.to_owned()), ..self.anonymous() }
    }

    /// What a statement selects from the database.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Value> {
        self.database.rows(sql).await
    }

    /// The one signed in by this answer.
    pub(crate) fn signed_in(&self, answer: &Answer) -> Caller {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Caller { id: text(&answer.body["user"]["id"]), ..self.with_token(&text(&answer.body["access_token"])) }
    }

    /// The first admin, made with the setup token.
    pub(crate) async fn admin(&self) -> Caller {
        let body = json!({ "setup_token": self.setup_token, "email": "admin@example.com", "password": PASSWORD });
        let answer = self.anonymous().post("/auth/signup", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.signed_in(&answer)
    }

    /// A manager, entered by an admin and signed in.
    pub(crate) async fn manager(&self, admin: &Caller, email: &str) -> Caller {
        admin.enters_person(json!({ "role": "manager", "email": email, "password": PASSWORD })).await;
        self.sign_in(email, PASSWORD).await
    }

    /// Another admin, entered by the first and signed in.
    pub(crate) async fn other_admin(&self, admin: &Caller, email: &str) -> Caller {
        admin.enters_person(json!({ "role": "admin", "email": email, "password": PASSWORD })).await;
        self.sign_in(email, PASSWORD).await
    }

    /// Signs in by password, whatever comes of it.
    pub(crate) async fn try_sign_in(&self, email: &str, password: &str) -> Answer {
        self.anonymous().post("/auth/signin", json!({ "email": email, "password": password })).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Caller {
        let answer = self.try_sign_in(email, password).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.signed_in(&answer)
    }

    /// A customer who signed up, or in, by phone.
    pub(crate) async fn customer(&self, phone: &str) -> Caller {
        let before = self.messages_to(phone);
        let sent = self.anonymous().post("/auth/signup", json!({ "phone": phone })).await;
        assert_eq!(sent.status, 202, "{}", sent.body);
        let answer = self.verify(&sent, &self.code_after(phone, before).await).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.signed_in(&answer)
    }

    pub(crate) async fn verify(&self, sent: &Answer, code: &str) -> Answer {
        self.anonymous().post("/auth/verify", json!({ "challenge_id": sent.body["challenge_id"], "code": code })).await
    }

    /// The first code that is sent to this contact; waits for it.
    pub(crate) async fn code(&self, contact: &str) -> String {
        self.code_after(contact, 0).await
    }

    /// The code that is sent to this contact after so many others.
    pub(crate) async fn code_after(&self, contact: &str, before: usize) -> String {
        let code = tokio::time::timeout(PATIENCE, self.next_code(contact, before)).await;
        code.unwrap_or_else(|_| panic!("no code came to {contact} after {before} others"))
    }

    async fn next_code(&self, contact: &str, before: usize) -> String {
        loop {
            let arrived = self.codes.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(code) = self.codes.to(contact).get(before) {
                return code.clone();
            }
            arrived.await;
        }
    }

    /// What people are told, `(purpose, channel, to)`, once so many notices have been sent; waits for them.
    pub(crate) async fn notices(&self, count: usize) -> Vec<(String, String, String)> {
        let sent = tokio::time::timeout(PATIENCE, self.next_notices(count)).await;
        sent.unwrap_or_else(|_| panic!("no {count} notices: {:?}", self.codes.notices.lock().unwrap()))
    }

    async fn next_notices(&self, count: usize) -> Vec<(String, String, String)> {
        loop {
            let arrived = self.codes.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let sent = self.codes.notices.lock().unwrap().clone();
            if sent.len() >= count {
                let told = |notice: Notice| (notice.purpose.to_string(), notice.channel.to_string(), notice.recipient);
                return sent.into_iter().map(told).collect();
            }
            arrived.await;
        }
    }

    /// The code, which either of two instances may have sent.
    pub(crate) async fn code_from(&self, other: &Self, contact: &str) -> String {
        tokio::select! {
            code = self.code(contact) => code,
            code = other.code(contact) => code,
        }
    }

    /// The challenge that a message to this contact names, and its code.
    pub(crate) async fn message(&self, contact: &str) -> (String, String) {
        let code = self.code(contact).await;
        (self.codes.challenge_of(contact, &code), code)
    }

    /// Where the data is.
    pub(crate) fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Asserts that no code went to this contact: messages leave in the order in which they are asked for, so one that
    /// is asked for now comes after.
    pub(crate) async fn has_sent_nothing_to(&self, contact: &str) {
        let last = phone(9_999_999);
        let sent = self.anonymous().post("/auth/signup", json!({ "phone": last })).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        self.code(&last).await;
        assert_eq!(self.messages_to(contact), 0);
    }

    /// How many codes were sent to this contact.
    pub(crate) fn messages_to(&self, contact: &str) -> usize {
        self.codes.to(contact).len()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The command is on its way before the future is polled; nobody waits for the end.
        drop(self.handle.stop(false));
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The n-th test phone number.
pub(crate) fn phone(n: usize) -> String {
    format!("+99890{n:07}")
}

/// Somebody who calls the service.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
    address: String,
    client: reqwest::Client,
}

impl Caller {
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(self.request("GET", path), |request, (name, value)| request.header(*name, *value));
        send(request).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request("POST", path).json(&body)).await
    }

    /// Enters a customer, whose id is answered.
    pub(crate) async fn enters(&self, phone: &str) -> String {
        self.enters_person(json!({ "role": "customer", "phone": phone })).await
    }

    /// Enters somebody, whose id is answered.
    pub(crate) async fn enters_person(&self, body: Value) -> String {
        let entered = self.post("/users/", body).await;
        assert_eq!(entered.status, 201, "{}", entered.text);
        entered.body["id"].as_str().unwrap().to_owned()
    }

    /// Makes an API key of the caller for these actions.
    pub(crate) async fn makes_key(&self, scopes: &[&str]) -> Answer {
        self.post("/auth/keys", json!({ "name": "program", "scopes": scopes })).await.good()
    }

    /// A program with such a key.
    pub(crate) async fn key(&self, app: &TestApp, scopes: &[&str]) -> Self {
        let made = self.makes_key(scopes).await;
        Self { id: self.id.clone(), ..app.with_token(made.body["key"].as_str().unwrap()) }
    }

    /// Whether it calls with an API key.
    pub(crate) fn is_key(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.starts_with("clk_"))
    }

    /// Posts through the proxy that `behind_proxy` trusts, which says that it comes from this address.
    pub(crate) async fn post_from(&self, address: &str, path: &str, body: Value) -> Answer {
        send(self.request("POST", path).header("x-forwarded-for", address).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request("PATCH", path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request("DELETE", path)).await
    }

    pub(crate) async fn post_text(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        send(self.request("POST", path).header("content-type", content_type).body(body)).await
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
    for name in headers.keys().map(reqwest::header::HeaderName::as_str) {
        let is_listed = api::EXPOSED_HEADERS.contains(&name) || api::UNEXPOSED_HEADERS.contains(&name);
        assert!(is_listed, "{url} answers {name}, which neither EXPOSED_HEADERS nor UNEXPOSED_HEADERS has");
    }
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status: Status(status), headers, body, text, url }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
    /// Where the request went.
    pub(crate) url: reqwest::Url,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Status(StatusCode);

impl PartialEq<u16> for Status {
    fn eq(&self, other: &u16) -> bool {
        self.0.as_u16() == *other
    }
}

impl Status {
    pub(crate) const OK: Self = Self(StatusCode::OK);

    pub(crate) fn code(self) -> u16 {
        self.0.as_u16()
    }
}

impl Answer {
    /// The answer, which is a success.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert!((200..300).contains(&self.status.code()), "{} answers {:?}: {}", self.url, self.status, self.text);
        self
    }

    /// The path, with its query, that a reference in the answer leads to.
    pub(crate) fn resolved(&self, reference: &str) -> String {
        let url = self.url.join(reference).unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// Where `Location` leads.
    pub(crate) fn location(&self) -> String {
        self.resolved(self.header("location"))
    }

    /// Where `Link` leads, which names the next page.
    pub(crate) fn next_page(&self) -> String {
        let link = self.header("link");
        let reference = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        self.resolved(reference.unwrap_or_else(|| panic!("{link}")))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }

    pub(crate) fn items(&self) -> &[Value] {
        self.body["items"].as_array().unwrap_or_else(|| panic!("no items in {}", self.body))
    }

    /// The members of the body in the order in which they came.
    pub(crate) fn keys(&self) -> Vec<String> {
        let names = self.text.match_indices('"').map(|(at, _)| at).collect::<Vec<_>>();
        let mut keys: Vec<_> = self.body.as_object().unwrap().keys().cloned().collect();
        keys.sort_by_key(|key| names.iter().position(|&at| self.text[at..].starts_with(&format!("\"{key}\":"))));
        keys
    }

    /// The pointers of the fields that were refused, sorted.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        let mut pointers: Vec<_> =
            self.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        pointers.sort_unstable();
        pointers
    }
}

/// Asserts a problem in full form.
#[track_caller]
pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.body["code"], code, "{}", answer.text);
    assert_eq!(answer.body["status"], status);
    assert_eq!(answer.body["type"], format!("urn:clientele:problem:{code}"));
    assert_eq!(answer.body["request_id"], answer.header("x-request-id"));
    assert!(answer.body["title"].is_string() && answer.body["detail"].is_string(), "{}", answer.text);
    if status == 401 {
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    if status == 422 {
        assert!(!answer.body["errors"].as_array().unwrap().is_empty());
    }
}

/// Takes the codes in place of a gateway.
#[derive(Default)]
struct Codes {
    sent: Mutex<HashMap<String, Vec<CodeMessage>>>,
    notices: Mutex<Vec<Notice>>,
    arrived: tokio::sync::Notify,
}

impl Codes {
    fn to(&self, contact: &str) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        let messages = sent.get(contact).map(Vec::as_slice).unwrap_or_default();
        messages.iter().map(|message| message.code.expose_secret().to_owned()).collect()
    }

    fn challenge_of(&self, contact: &str, code: &str) -> String {
        let sent = self.sent.lock().unwrap();
        let message = sent[contact].iter().rev().find(|message| message.code.expose_secret() == code);
        message.unwrap().challenge_id.to_string()
    }
}

#[async_trait]
impl CodeSender for Codes {
    async fn send(&self, message: &CodeMessage) -> Result<(), SendError> {
        self.sent.lock().unwrap().entry(message.to.clone()).or_default().push(message.clone());
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn send_notice(&self, notice: &Notice) -> Result<(), SendError> {
        self.notices.lock().unwrap().push(notice.clone());
        self.arrived.notify_waiters();
        Ok(())
    }
}
