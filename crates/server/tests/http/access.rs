//! The policy against every route: each route of the OpenAPI document × each
//! kind of caller, and each route that names a person × each kind of caller ×
//! each kind of person. A route without a row fails.

use domain::KeyScopes;
use serde_json::{Value, json};

use crate::app::{Caller, TestApp, phone, send};
use crate::on_every_backend;

on_every_backend!(
    every_route_answers_each_caller_as_the_table_says,
    every_route_answers_for_each_person_as_the_table_says,
);

/// Expected statuses for: nobody, an admin, the customer's manager, another manager, the customer, another customer; and
/// for keys of the admin: one with every scope, one that only reads a user.
type Row = (&'static str, &'static str, [u16; 6], [u16; 2]);

/// Comes last, since it ends the caller's session.
const SIGN_OUT: (&str, &str) = ("POST", "/auth/signout");

/// `{id}` is the customer; for `DELETE` it is another customer, who calls nothing.
const TABLE: &[Row] = &[
    ("POST", "/auth/signup", [422, 422, 422, 422, 422, 422], [422, 422]),
    ("POST", "/auth/signin", [422, 422, 422, 422, 422, 422], [422, 422]),
    ("POST", "/auth/verify", [422, 422, 422, 422, 422, 422], [422, 422]),
    ("POST", "/auth/refresh", [422, 422, 422, 422, 422, 422], [422, 422]),
    ("GET", "/auth/sessions", [401, 200, 200, 200, 200, 200], [403, 403]),
    ("DELETE", "/auth/sessions", [401, 204, 204, 204, 204, 204], [403, 403]),
    ("DELETE", "/auth/sessions/{id}", [401, 404, 404, 404, 404, 404], [403, 403]),
    ("GET", "/auth/keys", [401, 200, 200, 200, 403, 403], [403, 403]),
    ("POST", "/auth/keys", [401, 422, 422, 422, 403, 403], [403, 403]),
    ("DELETE", "/auth/keys/{id}", [401, 404, 404, 404, 403, 403], [403, 403]),
    ("POST", "/auth/password/change", [401, 422, 422, 422, 403, 403], [403, 403]),
    ("POST", "/auth/reauthenticate", [401, 422, 422, 422, 403, 403], [403, 403]),
    ("POST", "/auth/password/forgot", [422, 422, 422, 422, 422, 422], [422, 422]),
    ("POST", "/auth/password/reset", [422, 422, 422, 422, 422, 422], [422, 422]),
    (SIGN_OUT.0, SIGN_OUT.1, [401, 204, 204, 204, 204, 204], [403, 403]),
    ("GET", "/users/", [401, 200, 200, 200, 403, 403], [200, 403]),
    ("POST", "/users/", [401, 422, 422, 422, 403, 403], [422, 403]),
    ("GET", "/users/me", [401, 200, 200, 200, 200, 200], [200, 200]),
    ("GET", "/users/me/permissions", [401, 200, 200, 200, 200, 200], [200, 200]),
    ("PATCH", "/users/me", [401, 422, 422, 422, 422, 422], [422, 403]),
    ("GET", "/users/managed-customers/", [401, 200, 200, 200, 403, 403], [200, 403]),
    // The test sends JSON, which is not CSV.
    ("POST", "/users/import", [401, 415, 415, 415, 403, 403], [415, 403]),
    ("GET", "/users/export", [401, 200, 200, 200, 403, 403], [200, 403]),
    ("GET", "/users/{id}", [401, 200, 200, 404, 200, 404], [200, 200]),
    ("PATCH", "/users/{id}", [401, 422, 422, 404, 422, 404], [422, 403]),
    ("DELETE", "/users/{id}", [401, 204, 403, 403, 403, 403], [204, 403]),
    ("GET", "/users/{id}/data", [401, 200, 404, 404, 200, 404], [200, 403]),
    ("POST", "/users/{id}/handover", [401, 404, 403, 403, 403, 403], [404, 403]),
    ("DELETE", "/users/{id}/sessions", [401, 204, 403, 403, 403, 403], [403, 403]),
    ("GET", "/audit-events", [401, 200, 200, 200, 403, 403], [200, 403]),
    // The test sends JSON, which is no form.
    ("POST", "/oauth/introspect", [401, 415, 403, 403, 403, 403], [415, 403]),
    ("GET", "/.well-known/oauth-authorization-server", [200; 6], [200, 200]),
    ("GET", "/.well-known/openid-configuration", [200; 6], [200, 200]),
    ("GET", "/", [200; 6], [200, 200]),
    ("GET", "/.well-known/jwks.json", [200; 6], [200, 200]),
    ("GET", "/.well-known/oauth-authorization-server", [200; 6], [200, 200]),
    ("GET", "/.well-known/openid-configuration", [200; 6], [200, 200]),
    ("GET", "/openapi.json", [200; 6], [200, 200]),
    ("GET", "/docs", [200; 6], [200, 200]),
    ("GET", "/docs/{file}", [404; 6], [404, 404]),
    ("GET", "/health/live", [200; 6], [200, 200]),
    ("GET", "/health/ready", [200; 6], [200, 200]),
];

async fn every_route_answers_each_caller_as_the_table_says(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    assert_eq!(ann.post("/users/", json!({ "role": "customer", "phone": phone(1) })).await.status, 201);
    let customer = app.customer(&phone(1)).await;
    let other = app.customer(&phone(2)).await;
    let gone = deactivated(&app, &admin).await;
    let callers: [Caller; 7] = [app.anonymous(), admin.clone(), ann.clone(), ben, customer.clone(), other, gone];

    let every: Vec<_> = KeyScopes::ALL.names().collect();
    let keys = [admin.key(&app, &every).await, admin.key(&app, &["read_user"]).await];

    let mut routes = documented(&app).await;
    routes.sort_by_key(|(method, path)| (method.as_str(), path.as_str()) == SIGN_OUT);
    for (number, (method, path)) in routes.into_iter().enumerate() {
        let row = TABLE.iter().find(|row| (row.0, row.1) == (method.as_str(), path.as_str()));
        let (_, _, expected, by_key) = row.unwrap_or_else(|| panic!("{method} {path} has no row in the access table"));
        let entered = [2 * number, 2 * number + 1].map(|n| phone(100 + n));
        let mut ids = [customer.id.clone(), customer.id.clone()];
        if method == "DELETE" {
            ids = [ann.enters(&entered[0]).await, ann.enters(&entered[1]).await];
        }
        let paths = ids.map(|id| path.replace("{id}", &id).replace("{file}", "nowhere.js"));
        // The token of somebody who was deactivated counts as no token.
        let of_keys = keys.iter().zip(by_key);
        for (caller, expected) in of_keys.chain(callers.iter().zip(expected.iter().chain([&expected[0]]))) {
            let path = &paths[usize::from(caller.is_key())];
            let request = caller.request(&method, path);
            let request = if method == "GET" { request } else { request.json(&json!({ "wings": 2 })) };
            let answer = send(request).await;
            assert_eq!(answer.status, *expected, "{method} {path} as {}: {}", caller.id, answer.text);
        }
    }
}

/// A manager whose token was good.
async fn deactivated(app: &TestApp, admin: &Caller) -> Caller {
    let gone = app.manager(admin, "gone@example.com").await;
    assert_eq!(gone.get("/users/me").await.status, 200);
    let answer = admin.patch(&format!("/users/{}", gone.id), json!({ "is_active": false })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    gone
}

/// Who calls: nobody, an admin, a manager, a customer, a manager who was deactivated.
const CALLERS: usize = 5;
/// Who is named: the caller, a customer of the caller (for an admin one of nobody, for a customer one of the same
/// manager), a customer of somebody else, a manager, an admin, nobody.
const PEOPLE: usize = 6;

/// Expected statuses by caller and person.
type PersonRow = (&'static str, &'static str, [[u16; PEOPLE]; CALLERS]);

const NONE: [u16; PEOPLE] = [401; PEOPLE];
const NEVER: [u16; PEOPLE] = [403; PEOPLE];
const ONLY_SELF: [u16; PEOPLE] = [200, 404, 404, 404, 404, 404];

/// Every request that would change something is sent so that it fails after it was allowed: with a field that
/// nobody knows (422), or for a state that is long gone (412).
const PERSON_TABLE: &[PersonRow] = &[
    ("GET", "/users/{id}", [NONE, [200, 200, 200, 200, 200, 404], [200, 200, 404, 404, 404, 404], ONLY_SELF, NONE]),
    (
        "PATCH",
        "/users/{id}",
        [NONE, [412, 412, 412, 412, 412, 404], [412, 412, 404, 404, 404, 404], [412, 404, 404, 404, 404, 404], NONE],
    ),
    ("DELETE", "/users/{id}", [NONE, [412, 412, 412, 412, 412, 404], NEVER, NEVER, NONE]),
    ("GET", "/users/{id}/data", [NONE, [200, 200, 200, 200, 200, 404], ONLY_SELF, ONLY_SELF, NONE]),
    ("POST", "/users/{id}/handover", [NONE, [404, 404, 404, 422, 404, 404], NEVER, NEVER, NONE]),
    // A person's id is never a key's or a session's id.
    ("DELETE", "/auth/keys/{id}", [NONE, [404; PEOPLE], [404; PEOPLE], NEVER, NONE]),
    ("DELETE", "/auth/sessions/{id}", [NONE, [404; PEOPLE], [404; PEOPLE], [404; PEOPLE], NONE]),
    SIGN_OUT_OTHERS,
];

/// Comes last, since an admin ends their own session at the end of it.
const SIGN_OUT_OTHERS: PersonRow =
    ("DELETE", "/users/{id}/sessions", [NONE, [204, 204, 204, 204, 204, 404], NEVER, NEVER, NONE]);

async fn every_route_answers_for_each_person_as_the_table_says(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let customer = {
        ann.enters(&phone(1)).await;
        app.customer(&phone(1)).await
    };
    let (hers, his, free) = (ann.enters(&phone(2)).await, ben.enters(&phone(3)).await, admin.enters(&phone(4)).await);
    let other_admin = json!({ "role": "admin", "email": "b@example.com", "password": crate::app::PASSWORD });
    let other_admin = admin.enters_person(other_admin).await;
    let nobody = "01936f5e-0000-7000-8000-000000000001".to_owned();
    let gone = deactivated(&app, &admin).await;

    let people = |caller: &Caller, own: &String| {
        let own_id = if caller.id.is_empty() { &nobody } else { &caller.id };
        [own_id, own, &his, &ben.id, &other_admin, &nobody].map(Clone::clone)
    };
    let anonymous = app.anonymous();
    let callers = [(&anonymous, &hers), (&admin, &free), (&ann, &hers), (&customer, &hers), (&gone, &hers)]
        .map(|(caller, own)| (caller, people(caller, own)));
    let mut routes = documented(&app).await;
    routes.retain(|(_, path)| path.contains("{id}"));
    routes.sort_by_key(|(method, path)| (method.as_str(), path.as_str()) == (SIGN_OUT_OTHERS.0, SIGN_OUT_OTHERS.1));
    for (method, path) in routes {
        let row = PERSON_TABLE.iter().find(|row| (row.0, row.1) == (method.as_str(), path.as_str()));
        let (.., expected) = row.unwrap_or_else(|| panic!("{method} {path} has no row in the table of people"));
        for (at, (caller, people)) in callers.iter().enumerate().rev() {
            for (person, expected) in people.iter().zip(expected[at]).rev() {
                let path = path.replace("{id}", person);
                let request = caller.request(&method, &path).header("if-match", "\"long gone\"");
                let request =
                    if method == "POST" || method == "PATCH" { request.json(&json!({ "wings": 2 })) } else { request };
                let answer = send(request).await;
                assert_eq!(answer.status, expected, "{method} {path} as {}: {}", caller.id, answer.text);
            }
        }
    }
}

async fn documented(app: &TestApp) -> Vec<(String, String)> {
    let document = app.anonymous().get("/openapi.json").await.good().body;
    let paths = document["paths"].as_object().unwrap();
    let operations =
        |item: &Value| item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect::<Vec<_>>();
    paths.iter().flat_map(|(path, item)| operations(item).into_iter().map(|method| (method, path.clone()))).collect()
}
