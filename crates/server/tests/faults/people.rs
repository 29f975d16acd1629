//! Somebody who works with the service while things go wrong.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::process::{EMAIL, PASSWORD, PATIENCE, TestApp};

/// An admin at work.
#[derive(Clone)]
pub(crate) struct Admin {
    client: Client,
    base: String,
    token: String,
}

impl Admin {
    /// The first one, by the setup token.
    pub(crate) async fn first(app: &mut TestApp) -> Self {
        let body = json!({ "setup_token": app.setup_token(), "email": EMAIL, "password": PASSWORD });
        Self::enter(app, "/auth/signup", body, 201).await
    }

    /// The same after a restart.
    pub(crate) async fn again(app: &TestApp) -> Self {
        Self::enter(app, "/auth/signin", json!({ "email": EMAIL, "password": PASSWORD }), 200).await
    }

    async fn enter(app: &TestApp, path: &str, body: Value, status: u16) -> Self {
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        let answer = client.post(app.url(path)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{}", answer.text().await.unwrap());
        let body: Value = answer.json().await.unwrap();
        Self { client, base: app.url(""), token: body["access_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The same person at another instance.
    pub(crate) fn at(&self, app: &TestApp) -> Self {
        Self { base: app.url(""), ..self.clone() }
    }

    /// A program that acts as this person, with an API key.
    pub(crate) async fn with_key(&self) -> Self {
        let body = json!({ "name": "program", "scopes": ["read_user"] });
        let made = self.client.post(format!("{}/auth/keys", self.base)).bearer_auth(&self.token).json(&body);
        let made: Value = made.send().await.unwrap().json().await.unwrap();
        Self { token: made["key"].as_str().unwrap().to_owned(), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await
    }

    pub(crate) async fn create(&self, phone: &str) -> reqwest::Result<Response> {
        let body = json!({ "role": "customer", "phone": phone });
        self.client.post(format!("{}/users/", self.base)).bearer_auth(&self.token).json(&body).send().await
    }

    pub(crate) async fn patch(&self, id: &str, changes: Value) -> Response {
        let request = self.client.patch(format!("{}/users/{id}", self.base)).bearer_auth(&self.token).json(&changes);
        request.send().await.unwrap()
    }

    /// Imports a file of customers.
    pub(crate) async fn import(&self, file: String) -> Response {
        let request = self.client.post(format!("{}/users/import", self.base)).bearer_auth(&self.token);
        request.header("content-type", "text/csv").body(file).send().await.unwrap()
    }

    /// Has a code sent to a customer.
    pub(crate) async fn ask_for_code(&self, phone: &str) {
        let body = json!({ "phone": phone });
        let sent = self.client.post(format!("{}/auth/signin", self.base)).json(&body).send().await.unwrap();
        assert_eq!(sent.status(), 202, "{}", sent.text().await.unwrap());
    }

    /// The phones of all customers.
    pub(crate) async fn phones(&self) -> BTreeSet<String> {
        let (mut phones, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let answer = self.get(&format!("/users/?role=customer&limit=200{cursor}")).await.unwrap();
            assert_eq!(answer.status(), 200);
            let page: Value = answer.json().await.unwrap();
            let found = page["items"].as_array().unwrap().iter().map(|user| user["phone"].as_str().unwrap().to_owned());
            phones.extend(found);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return phones,
            }
        }
    }

    /// Enters a customer, again and again until it works.
    pub(crate) async fn until_created(&self, phone: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.create(phone).await.unwrap();
            if answer.status() == 201 {
                return;
            }
            assert!(Instant::now() < deadline, "{}", answer.text().await.unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The n-th phone.
pub(crate) fn phone(n: usize) -> String {
    format!("+99890{n:07}")
}

/// Several people who enter customers at the same time, until stopped.
pub(crate) struct Load {
    tasks: Vec<tokio::task::JoinHandle<Vec<Seen>>>,
    entered: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    goes_on: Arc<std::sync::atomic::AtomicBool>,
}

/// What came of one request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) phone: String,
    /// None when the connection broke.
    pub(crate) status: Option<u16>,
    pub(crate) has_retry_after: bool,
    pub(crate) took: Duration,
}

impl Load {
    pub(crate) fn start(admin: &Admin, people: usize) -> Self {
        let (next, entered) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(0)));
        let refused = Arc::new(AtomicUsize::new(0));
        let goes_on = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let tasks = (0..people).map(|_| {
            let (admin, next, entered, goes_on) = (admin.clone(), next.clone(), entered.clone(), goes_on.clone());
            let refused = refused.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while goes_on.load(Ordering::SeqCst) {
                    let phone = phone(next.fetch_add(1, Ordering::SeqCst));
                    let one = enter(&admin, phone).await;
                    entered.fetch_add(usize::from(one.status == Some(201)), Ordering::SeqCst);
                    refused.fetch_add(usize::from(one.status == Some(503)), Ordering::SeqCst);
                    seen.push(one);
                }
                seen
            })
        });
        Self { tasks: tasks.collect(), entered, refused, goes_on }
    }

    /// Waits until so many were entered since the start.
    pub(crate) async fn until_entered(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.entered.load(Ordering::SeqCst) < count {
            assert!(Instant::now() < deadline, "only {} entered", self.entered.load(Ordering::SeqCst));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until some more were entered.
    pub(crate) async fn until_more_entered(&self, count: usize) {
        let now = self.entered.load(Ordering::SeqCst);
        self.until_entered(now + count).await;
    }

    /// Waits until somebody was refused.
    pub(crate) async fn until_refused(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.refused.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < deadline, "nobody noticed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What everybody saw.
    pub(crate) async fn stop(self) -> Vec<Seen> {
        self.goes_on.store(false, Ordering::SeqCst);
        let mut seen = Vec::new();
        for task in self.tasks {
            seen.extend(task.await.unwrap());
        }
        seen
    }
}

async fn enter(admin: &Admin, phone: String) -> Seen {
    let began = Instant::now();
    let answer = admin.create(&phone).await;
    let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
    let has_retry_after = answer.is_ok_and(|answer| answer.headers().contains_key("retry-after"));
    if status != Some(201) {
        // A client that is told to come back later waits too, only longer.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Seen { phone, status, has_retry_after, took: began.elapsed() }
}
