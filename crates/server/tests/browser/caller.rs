//! Somebody who calls the API beside the browser: to fill the house, and to do what happens elsewhere.

use std::fmt::Write;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::process::{EMAIL, PASSWORD, PATIENCE, TestApp};

/// A person who is signed in.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    base: String,
    token: String,
    pub(crate) id: String,
}

impl Caller {
    /// The first admin, by the setup token.
    pub(crate) async fn first(app: &mut TestApp) -> Self {
        let body = json!({ "setup_token": app.setup_token(), "email": EMAIL, "password": PASSWORD, "display_name": "Ada Admin" });
        Self::enter(app, "/auth/signup", body).await
    }

    /// Somebody with the password of everybody here.
    pub(crate) async fn sign_in(app: &TestApp, email: &str) -> Self {
        Self::enter(app, "/auth/signin", json!({ "email": email, "password": PASSWORD })).await
    }

    async fn enter(app: &TestApp, path: &str, body: Value) -> Self {
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        let answer = client.post(app.url(path)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        let body: Value = answer.json().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { client, base: app.url(""), token: text(&body["access_token"]), id: text(&body["user"]["id"]) }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Waits until the service refuses the token because of its age.
    pub(crate) async fn until_its_token_ends(&self) {
        let request = || self.client.get(format!("{}/users/me", self.base)).bearer_auth(&self.token).send();
        while request().await.unwrap().status() != 401 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.send(Method::DELETE, path, None).await;
    }

    /// A manager with the password of everybody here. Answers their id.
    pub(crate) async fn hire(&self, email: &str, name: &str) -> String {
        let body = json!({ "role": "manager", "email": email, "display_name": name, "password": PASSWORD });
        self.post("/users/", body).await["id"].as_str().unwrap().to_owned()
    }

    /// A customer whom this manager looks after. Answers their id.
    pub(crate) async fn enter_customer(&self, name: &str, phone: &str, manager: &str) -> String {
        let body = json!({ "role": "customer", "display_name": name, "phone": phone, "assigned_manager_id": manager });
        self.post("/users/", body).await["id"].as_str().unwrap().to_owned()
    }

    /// Enters so many customers, by a file.
    pub(crate) async fn import_customers(&self, count: u32) {
        let mut file = "phone,display_name\n".to_owned();
        for n in 0..count {
            let _ = writeln!(file, "+99890{n:07},Customer {n}");
        }
        let request = self.client.post(format!("{}/users/import", self.base)).bearer_auth(&self.token);
        let request = request.header("content-type", "text/csv").body(file);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
}
