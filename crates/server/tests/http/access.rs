//! The policy against every route: each route of the OpenAPI document × each
//! kind of caller. A route without a row fails.

use serde_json::{Value, json};

use crate::app::{Caller, TestApp, phone, send};
use crate::on_every_backend;

on_every_backend!(every_route_answers_each_caller_as_the_table_says);

/// Expected statuses for: nobody, an admin, the customer's manager, another manager, the customer, another customer.
type Row = (&'static str, &'static str, [u16; 6]);

/// Comes last, since it is the last that a caller does.
const SIGN_OUT: (&str, &str) = ("POST", "/auth/signout");

/// `{id}` is the customer; where something is deleted, one like them who calls nothing.
const TABLE: &[Row] = &[
    ("POST", "/auth/signup", [422, 422, 422, 422, 422, 422]),
    ("POST", "/auth/signin", [422, 422, 422, 422, 422, 422]),
    ("POST", "/auth/verify", [422, 422, 422, 422, 422, 422]),
    ("POST", "/auth/refresh", [422, 422, 422, 422, 422, 422]),
    ("GET", "/auth/sessions", [401, 200, 200, 200, 200, 200]),
    ("DELETE", "/auth/sessions", [401, 204, 204, 204, 204, 204]),
    ("DELETE", "/auth/sessions/{id}", [401, 404, 404, 404, 404, 404]),
    ("POST", "/auth/password/change", [401, 422, 422, 422, 403, 403]),
    ("POST", "/auth/password/forgot", [422, 422, 422, 422, 422, 422]),
    ("POST", "/auth/password/reset", [422, 422, 422, 422, 422, 422]),
    (SIGN_OUT.0, SIGN_OUT.1, [401, 204, 204, 204, 204, 204]),
    ("GET", "/users/", [401, 200, 200, 200, 403, 403]),
    ("POST", "/users/", [401, 422, 422, 422, 403, 403]),
    ("GET", "/users/me", [401, 200, 200, 200, 200, 200]),
    ("PATCH", "/users/me", [401, 422, 422, 422, 422, 422]),
    ("GET", "/users/managed-customers/", [401, 200, 200, 200, 403, 403]),
    ("GET", "/users/{id}", [401, 200, 200, 404, 200, 404]),
    ("PATCH", "/users/{id}", [401, 422, 422, 404, 422, 404]),
    ("DELETE", "/users/{id}", [401, 204, 403, 403, 403, 403]),
    ("GET", "/users/{id}/data", [401, 200, 404, 404, 200, 404]),
    ("POST", "/users/{id}/handover", [401, 404, 403, 403, 403, 403]),
    ("DELETE", "/users/{id}/sessions", [401, 204, 403, 403, 403, 403]),
    ("GET", "/audit-events", [401, 200, 200, 200, 403, 403]),
    ("GET", "/.well-known/jwks.json", [200; 6]),
    ("GET", "/openapi.json", [200; 6]),
    ("GET", "/docs", [200; 6]),
    ("GET", "/docs/{file}", [404; 6]),
    ("GET", "/health/live", [200; 6]),
    ("GET", "/health/ready", [200; 6]),
];

async fn every_route_answers_each_caller_as_the_table_says(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    assert_eq!(ann.post("/users/", json!({ "role": "customer", "phone": phone(1) })).await.status, 201);
    let customer = app.customer(&phone(1)).await;
    let other = app.customer(&phone(2)).await;
    let callers: [Caller; 6] = [app.anonymous(), admin.clone(), ann.clone(), ben, customer.clone(), other];

    let mut routes = documented(&app).await;
    routes.sort_by_key(|(method, path)| (method.as_str(), path.as_str()) == SIGN_OUT);
    for (number, (method, path)) in routes.into_iter().enumerate() {
        let row = TABLE.iter().find(|row| (row.0, row.1) == (method.as_str(), path.as_str()));
        let (_, _, expected) = row.unwrap_or_else(|| panic!("{method} {path} has no row in the access table"));
        let id = if method == "DELETE" { ann.enters(&phone(100 + number)).await } else { customer.id.clone() };
        let path = path.replace("{id}", &id).replace("{file}", "nowhere.js");
        for (caller, expected) in callers.iter().zip(expected) {
            let request = caller.request(&method, &path);
            let request = if method == "GET" { request } else { request.json(&json!({ "wings": 2 })) };
            let answer = send(request).await;
            assert_eq!(answer.status, *expected, "{method} {path} as {}: {}", caller.id, answer.text);
        }
    }
}

async fn documented(app: &TestApp) -> Vec<(String, String)> {
    let document = app.anonymous().get("/openapi.json").await.body;
    let paths = document["paths"].as_object().unwrap();
    let operations =
        |item: &Value| item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect::<Vec<_>>();
    paths.iter().flat_map(|(path, item)| operations(item).into_iter().map(|method| (method, path.clone()))).collect()
}
