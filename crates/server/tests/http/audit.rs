//! Who did what to whom, as it is read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::{Answer, Caller, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    an_entry_says_who_did_what_to_whom,
    each_role_reads_its_own,
    every_filter_filters,
    pages_go_back_in_time_and_hold_each_entry_once,
    a_wrong_parameter_is_refused,
    nothing_secret_is_in_it,
);

async fn read(caller: &Caller, query: &str) -> Answer {
    let answer = caller.get(&format!("/audit-events?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    answer
}

/// Action and subject of each entry.
async fn said(caller: &Caller, query: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let answer = read(caller, query).await;
    answer.items().iter().map(|item| (text(&item["action"]), text(&item["subject_id"]))).collect()
}

async fn subjects(caller: &Caller, query: &str) -> BTreeSet<String> {
    said(caller, query).await.into_iter().map(|(_, subject)| subject).collect()
}

async fn an_entry_says_who_did_what_to_whom(app: TestApp) {
    let admin = app.admin().await;
    let body = json!({ "role": "customer", "phone": phone(1), "display_name": "Ўктам" });
    let request = admin.request("POST", "/users/").header("x-request-id", "abc-1").json(&body);
    let customer = crate::app::send(request).await;
    assert_eq!(customer.status, 201, "{}", customer.body);

    let answer = read(&admin, "limit=1").await;
    assert_eq!(answer.keys(), ["items", "next_cursor"]);
    let entry = &answer.items()[0];
    let mut members: Vec<_> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let expected = ["action", "actor_id", "actor_role", "address", "at", "changes", "id", "request_id", "subject_id"];
    assert_eq!(members, expected);
    assert_eq!(entry["action"], "user.created");
    assert_eq!(entry["actor_id"], admin.id);
    assert_eq!(entry["actor_role"], "admin");
    assert_eq!(entry["subject_id"], customer.body["id"]);
    assert_eq!(entry["request_id"], "abc-1");
    assert_eq!(entry["address"], "127.0.0.1");
    assert!(entry["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(entry["changes"]["display_name"], json!({ "from": null, "to": "Ўктам" }));
    assert_eq!(entry["changes"]["phone"], json!({ "from": null, "to": phone(1) }));
    assert_eq!(admin.get("/audit-events/?limit=1").await.body, answer.body, "with a trailing slash too");
}

async fn each_role_reads_its_own(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let hers = ann.enters_person(json!({ "role": "customer", "phone": phone(1) })).await;
    let given =
        admin.enters_person(json!({ "role": "customer", "phone": phone(2), "assigned_manager_id": ann.id })).await;
    let his = ben.enters_person(json!({ "role": "customer", "phone": phone(3) })).await;
    let free = app.customer(&phone(4)).await;
    // About nobody.
    let failed = app.anonymous().post("/auth/signin", json!({ "email": "x@example.com", "password": "wrong" })).await;
    assert_problem(&failed, 401, "invalid_credentials");

    let all = subjects(&admin, "limit=200").await;
    for id in [&admin.id, &ann.id, &ben.id, &hers, &given, &his, &free.id, "-"] {
        assert!(all.contains(id), "{id} in {all:?}");
    }
    let set = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<BTreeSet<_>>();
    assert_eq!(subjects(&ann, "").await, set(&[&hers, &given]));
    assert_eq!(subjects(&ben, "").await, set(&[&his]));
    assert_eq!(subjects(&ann, &format!("subject_id={given}")).await, set(&[&given]));
    assert_eq!(subjects(&ann, &format!("actor_id={}", admin.id)).await, set(&[&given]));
    for other in [&his, &free.id, &ann.id, &admin.id] {
        assert_eq!(subjects(&ann, &format!("subject_id={other}")).await, set(&[]), "{other}");
    }
    assert_eq!(read(&ann, "include_total=true&limit=1").await.body["total"], 2);
    assert_eq!(read(&ben, "include_total=true").await.body["total"], 1);
    for path in ["/audit-events", "/audit-events?wings=2"] {
        assert_problem(&free.get(path).await, 403, "forbidden");
    }
}

async fn every_filter_filters(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let first = ann.enters_person(json!({ "role": "customer", "phone": phone(1) })).await;
    let middle = read(&admin, "limit=1").await.items()[0]["at"].as_str().unwrap().to_owned();
    let second = admin.enters_person(json!({ "role": "customer", "phone": phone(2) })).await;

    let created = |id: &str| ("user.created".to_owned(), id.to_owned());
    let started = |id: &str| ("session.started".to_owned(), id.to_owned());
    for (query, expected) in [
        (format!("actor_id={}&action=user.created", ann.id), vec![created(&first)]),
        (format!("subject_id={}", ann.id), vec![started(&ann.id), created(&ann.id)]),
        ("action=session.started".to_owned(), vec![started(&ann.id), started(&admin.id)]),
        (format!("from={middle}"), vec![created(&second), created(&first)]),
        (format!("to={middle}&action=user.created"), vec![created(&ann.id), created(&admin.id)]),
        (format!("from={middle}&to={middle}"), vec![]),
        (format!("from={middle}&actor_id={}", admin.id), vec![created(&second)]),
        ("action=key.rotated".to_owned(), vec![]),
    ] {
        assert_eq!(said(&admin, &query).await, expected, "{query}");
    }
}

async fn pages_go_back_in_time_and_hold_each_entry_once(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    for n in 0..7 {
        ann.enters_person(json!({ "role": "customer", "phone": phone(n) })).await;
    }
    for caller in [&admin, &ann] {
        let expected = read(caller, "action=user.created&limit=200").await;
        let mut seen: Vec<Value> = Vec::new();
        let mut path = "/audit-events?action=user.created&limit=2".to_owned();
        loop {
            let page = caller.get(&path).await;
            assert_eq!(page.status, 200, "{}", page.body);
            seen.extend(page.items().iter().cloned());
            if seen.len() == 2 {
                // What comes now is newer than the pages that follow.
                ann.enters_person(json!({ "role": "customer", "phone": phone(100 + caller.id.len() + seen.len() + usize::from(caller.id == ann.id)) })).await;
            }
            let Some(cursor) = page.body["next_cursor"].as_str() else {
                assert!(page.headers.get("link").is_none());
                break;
            };
            let link = page.header("link");
            assert!(link.contains(cursor) && link.ends_with("rel=\"next\""), "{link}");
            path = page.next_page();
        }
        assert_eq!(seen, expected.items());
        let times: Vec<_> = seen.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    }
}

async fn a_wrong_parameter_is_refused(app: TestApp) {
    let admin = app.admin().await;
    for (query, pointer) in [
        ("wings=2", "/wings"),
        ("q=ann", "/q"),
        ("sort=at", "/sort"),
        ("action=user.deleted", "/action"),
        ("actor_id=7", "/actor_id"),
        ("subject_id=none", "/subject_id"),
        ("from=yesterday", "/from"),
        ("limit=201", "/limit"),
        ("cursor=x", "/cursor"),
    ] {
        let answer = admin.get(&format!("/audit-events?{query}")).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), [pointer], "{query}");
    }
}

async fn nothing_secret_is_in_it(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = app.customer(&phone(1)).await;
    let text = read(&admin, "limit=200").await.text;
    let code = app.code(&phone(1)).await;
    let tokens = [&admin, &ann, &customer].map(|caller| caller.token.clone().unwrap());
    for secret in
        [crate::app::PASSWORD, "password_hash", "$2b$", &app.setup_token.clone().unwrap(), &format!("\"{code}\"")]
    {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(tokens.iter().all(|token| !text.contains(token.as_str())));
}
