//! Erasing a person, and reading what is stored about them before.

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(
    nothing_personal_is_left,
    customers_of_the_erased_belong_to_the_eraser,
    a_manager_with_customers_is_not_erased,
    the_last_active_admin_is_not_erased,
    of_two_admins_who_erase_each_other_one_stays,
    a_request_that_races_an_erasure_gets_a_clean_answer,
    a_stale_state_is_not_erased,
    whoever_signed_up_can_be_erased_and_come_again,
    nobody_but_an_admin_erases,
    everyone_reads_what_is_stored_about_them,
    a_remembered_answer_is_stored_about_them,
    the_data_says_nothing_about_others,
    the_data_of_many_events_is_whole,
);

const NOBODY: &str = "01936f5e-0000-7000-8000-000000000001";

async fn nothing_personal_is_left(app: TestApp) {
    let admin = app.admin().await;
    let new = json!({ "role": "manager", "email": "ann-secret@example.com", "password": PASSWORD });
    let entered = send(admin.request("POST", "/users/").header("idempotency-key", "once").json(&new)).await;
    assert_eq!(entered.status, 201, "{}", entered.text);
    let ann = app.sign_in("ann-secret@example.com", PASSWORD).await;
    let path = format!("/users/{}", ann.id);
    let body = json!({ "display_name": "Anna Geheim", "phone": "+998907654321", "tin_trunk_number": "trunk-99" });
    assert_eq!(ann.patch("/users/me", body).await.status, 200);
    app.anonymous().post("/auth/signin", json!({ "email": "ann-secret@example.com", "password": "wrong" })).await;
    app.anonymous().post("/auth/password/forgot", json!({ "email": "ann-secret@example.com" })).await.good();
    let customer = app.customer("+998901112233").await;
    let fields = json!({ "display_name": "Zarina Geheim", "metadata": { "passport": "AB1234567" } });
    assert_eq!(admin.patch(&format!("/users/{}", customer.id), fields).await.status, 200);
    // A code that is still open, and its message.
    app.anonymous().post("/auth/signin", json!({ "phone": "+998901112233" })).await.good();
    let values =
        ["ann-secret", "Geheim", "geheim", "998907654321", "trunk-99", "998901112233", "passport", "AB1234567"];
    let stored = dump(&app).await;
    assert_eq!(app.rows("SELECT user_id FROM idempotency_keys").await.len(), 1);
    for value in values {
        assert!(stored.contains(value), "the test should know where {value} would be");
    }
    let events = app.rows("SELECT action FROM audit_events").await.len();

    for id in [&ann.id, &customer.id] {
        let erased = admin.delete(&format!("/users/{id}")).await;
        assert_eq!((erased.status == 204, &erased.text[..]), (true, ""), "{}", erased.text);
        assert_problem(&admin.get(&format!("/users/{id}")).await, 404, "not_found");
        assert_problem(&admin.delete(&format!("/users/{id}")).await, 404, "not_found");
    }
    let stored = dump(&app).await;
    for value in values {
        assert!(!stored.contains(value), "{value} is left in {stored}");
    }
    assert_eq!(app.rows("SELECT user_id FROM idempotency_keys").await.len(), 0, "the answer that told of her");
    for caller in [&ann, &customer] {
        assert_problem(&caller.get("/users/me").await, 401, "invalid_token");
    }
    let signin = json!({ "email": "ann-secret@example.com", "password": PASSWORD });
    assert_problem(&app.anonymous().post("/auth/signin", signin).await, 401, "invalid_credentials");
    assert_eq!(admin.get(&path).await.status, 404);
    let kept = app.rows("SELECT action FROM audit_events").await;
    let erasures = kept.iter().filter(|event| event["action"] == "user.erased").count();
    assert!(erasures == 2 && kept.len() >= events + 2, "the trail itself is kept");
}

/// Every table, so that none is forgotten.
async fn tables(app: &TestApp) -> Vec<String> {
    let url = app.database().url();
    let sql = if url.starts_with("sqlite") {
        "SELECT name FROM sqlite_master WHERE type = 'table'"
    } else if url.starts_with("postgres") {
        "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'"
    } else {
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()"
    };
    let tables: Vec<_> = app.rows(sql).await.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    assert!(tables.len() > 10, "{tables:?}");
    tables
}

/// Everything that is stored, as text; bytes as if they were text.
async fn dump(app: &TestApp) -> String {
    let mut all = Vec::new();
    for table in tables(app).await {
        let rows = app.rows(&format!("SELECT * FROM {table}")).await;
        all.extend(rows.iter().map(|row| format!("{table}: {}", told(row))));
    }
    all.join("\n")
}

fn told(row: &Value) -> String {
    let bytes = |value: &Value| -> Option<Vec<u8>> {
        value.as_array()?.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
    };
    let text = |value: &Value| bytes(value).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let fields = row.as_object().unwrap().iter();
    let told: Vec<_> =
        fields.map(|(name, value)| format!("{name}={}", text(value).unwrap_or(value.to_string()))).collect();
    told.join(" ")
}

async fn customers_of_the_erased_belong_to_the_eraser(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let second = app.other_admin(&admin, "second@example.com").await;
    let hers = format!("/users/{}", ann.enters(&phone(1)).await);
    let theirs = format!("/users/{}", second.enters(&phone(2)).await);
    assert_eq!(admin.patch(&hers, json!({ "assigned_manager_id": null })).await.status, 200);
    let before = admin.get(&hers).await;
    assert_eq!(before.body["created_by"], ann.id);
    assert_eq!(admin.delete(&format!("/users/{}", ann.id)).await.status, 204);
    let after = admin.get(&hers).await;
    assert_eq!(after.body["created_by"], admin.id);
    assert_ne!(after.header("etag"), before.header("etag"));
    // When an admin erases themselves, their customers go to another admin.
    assert_eq!(second.delete(&format!("/users/{}", second.id)).await.status, 204);
    assert_problem(&second.get("/users/me").await, 401, "invalid_token");
    assert_eq!(admin.get(&theirs).await.good().body["created_by"], admin.id);
}

async fn a_manager_with_customers_is_not_erased(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    for number in 1..=3 {
        ann.enters(&phone(number)).await;
    }
    let path = format!("/users/{}", ann.id);
    let refused = admin.delete(&path).await;
    assert_problem(&refused, 409, "has_customers");
    assert_eq!(refused.body["customers"], 3);
    assert_eq!(ann.get("/users/?role=customer").await.items().len(), 3);
    assert_eq!(admin.post(&format!("{path}/handover"), json!({ "to": [] })).await.status, 200);
    assert_eq!(admin.delete(&path).await.status, 204);
}

async fn the_last_active_admin_is_not_erased(app: TestApp) {
    let admin = app.admin().await;
    let idle = json!({ "role": "admin", "email": "idle@example.com", "password": PASSWORD, "is_active": false });
    let idle = admin.enters_person(idle).await;
    let path = format!("/users/{}", admin.id);
    assert_problem(&admin.delete(&path).await, 409, "last_admin");
    assert_eq!(admin.get("/users/me").await.status, 200);
    assert_eq!(admin.delete(&format!("/users/{idle}")).await.status, 204, "an inactive one is not the last");
    let second = app.other_admin(&admin, "second@example.com").await;
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_problem(&second.delete(&format!("/users/{}", second.id)).await, 409, "last_admin");
}

async fn of_two_admins_who_erase_each_other_one_stays(app: TestApp) {
    let other = app.another(|_| {}).await;
    let mut admin = app.admin().await;
    for round in 0..3 {
        let email = format!("second-{round}@example.com");
        let second = app.other_admin(&admin, &email).await;
        let entered = [admin.enters(&phone(2 * round)).await, second.enters(&phone(2 * round + 1)).await];
        let there = other.with_token(second.token.as_deref().unwrap());
        let (mine, theirs) = (format!("/users/{}", admin.id), format!("/users/{}", second.id));
        let (one, two) = match round {
            0 => tokio::join!(admin.delete(&theirs), there.delete(&mine)),
            1 => tokio::join!(admin.delete(&mine), there.delete(&theirs)),
            // One erases while the other demotes.
            _ => tokio::join!(admin.delete(&theirs), there.patch(&mine, json!({ "role": "manager" }))),
        };
        let done = [one.status == 204, two.status == 204 || two.status == 200];
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{} {}", one.text, two.text);
        let refused = if done[0] { &two } else { &one };
        let refusal = refused.body["status"].as_u64();
        assert!(matches!(refusal, Some(401 | 409 | 404)), "{}", refused.text);
        // The other instance may have erased them a moment ago.
        let now = admin.get_with("/users/me", &[("cache-control", "no-cache")]).await;
        let first_is_left = now.status == 200;
        if !first_is_left {
            admin = app.sign_in(&email, PASSWORD).await;
        }
        assert_eq!(admin.get("/users/?role=admin&is_active=true").await.items().len(), 1);
        for id in &entered {
            let creator = admin.get(&format!("/users/{id}")).await.good().body["created_by"].clone();
            assert!(creator == json!(admin.id) || round == 2, "round {round}: {creator}");
        }
    }
}

/// A person who acts while they are being erased gets 401, whatever they do.
async fn a_request_that_races_an_erasure_gets_a_clean_answer(app: TestApp) {
    let other = app.another(|_| {}).await;
    let admin = app.admin().await;
    for round in 0..6 {
        let email = format!("ann-{round}@example.com");
        let ann = app.manager(&admin, &email).await;
        let there = other.with_token(ann.token.as_deref().unwrap());
        let path = format!("/users/{}", ann.id);
        let staff = json!({ "role": "customer", "phone": phone(round) });
        let enter = send(there.request("POST", "/users/").header("idempotency-key", &email).json(&staff));
        let credentials = json!({ "email": email, "password": PASSWORD });
        let anybody = other.anonymous();
        let (erased, entered, signed_in, forgot) = tokio::join!(
            admin.delete(&path),
            enter,
            anybody.post("/auth/signin", credentials),
            anybody.post("/auth/password/forgot", json!({ "email": email })),
        );
        // A customer who was entered in time keeps her.
        assert!(matches!(erased.status.code(), 204 | 409), "{}", erased.text);
        assert!(matches!(entered.status.code(), 201 | 401), "{}", entered.text);
        assert!(matches!(signed_in.status.code(), 200 | 401), "{}", signed_in.text);
        assert_eq!(forgot.status, 202, "{}", forgot.text);
    }
}

async fn a_stale_state_is_not_erased(app: TestApp) {
    let admin = app.admin().await;
    let path = format!("/users/{}", admin.enters(&phone(1)).await);
    let erase_if = |tag: String| send(admin.request("DELETE", &path).header("if-match", tag));
    let first = admin.get(&path).await.header("etag").to_owned();
    assert_eq!(admin.patch(&path, json!({ "display_name": "x" })).await.status, 200);
    assert_problem(&erase_if(first).await, 412, "precondition_failed");
    let current = admin.get(&path).await.header("etag").to_owned();
    assert_problem(&erase_if(format!("W/{current}")).await, 412, "precondition_failed");
    assert_eq!(erase_if(current).await.status, 204);
}

async fn whoever_signed_up_can_be_erased_and_come_again(app: TestApp) {
    let admin = app.admin().await;
    let customer = app.customer(&phone(1)).await;
    let path = format!("/users/{}", customer.id);
    assert_eq!(admin.get(&path).await.good().body["created_by"], customer.id);
    assert_eq!(admin.delete(&format!("{path}/")).await.status, 204);
    let again = app.customer(&phone(1)).await;
    assert_ne!(again.id, customer.id);
}

async fn nobody_but_an_admin_erases(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let hers = ann.enters(&phone(1)).await;
    let customer = app.customer(&phone(2)).await;
    for caller in [&ann, &customer] {
        for id in [&hers, &ann.id, &customer.id, &admin.id, NOBODY] {
            assert_problem(&caller.delete(&format!("/users/{id}")).await, 403, "forbidden");
        }
    }
    for id in [NOBODY, "7"] {
        assert_problem(&admin.delete(&format!("/users/{id}")).await, 404, "not_found");
    }
    assert_eq!(admin.delete("/users/me").await.status, 405);
    assert_eq!(admin.get("/users/").await.items().len(), 4);
}

async fn everyone_reads_what_is_stored_about_them(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let hers = ann.enters(&phone(1)).await;
    let customer = app.customer(&phone(2)).await;
    let path = format!("/users/{}/data", customer.id);
    for caller in [&customer, &admin] {
        let answer = caller.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["user"], admin.get(&format!("/users/{}", customer.id)).await.good().body);
        let session = &answer.body["sessions"][0];
        assert_eq!(session["address"], "127.0.0.1");
        assert!(session["expires_at"].is_string() && session["user_agent"].is_null());
        let signed_up = &answer.body["challenges"][0];
        let expected = (json!("customer_sign_up"), json!(phone(2)));
        assert_eq!(
            (&signed_up["purpose"], &signed_up["contact"]),
            (&expected.0, &expected.1),
            "nobody's, to their phone"
        );
        assert_eq!(answer.body["remembered_answer"], Value::Null);
        let actions: Vec<_> = answer.body["audit_events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["action"].as_str().unwrap())
            .collect();
        assert!(actions.contains(&"session.started") && actions.contains(&"user.created"), "{actions:?}");
        assert_eq!(answer.body["audit_events_complete"], true);
        for secret in ["digest", "hash", "token", "code_", "pending"] {
            assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
        }
    }
    app.anonymous().post("/auth/signin", json!({ "phone": phone(2) })).await.good();
    let asked = customer.get(&path).await.good().body["challenges"][0].clone();
    assert_eq!((&asked["purpose"], &asked["contact"]), (&json!("customer_sign_in"), &json!(phone(2))));
    let own = ann.get(&format!("/users/{}/data/", ann.id)).await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!((&own.body["created_customers"], &own.body["assigned_customers"]), (&json!(1), &json!(1)));
    for (caller, id) in
        [(&ann, &hers), (&ann, &customer.id), (&ann, &admin.id), (&customer, &ann.id), (&admin, &NOBODY.to_owned())]
    {
        assert_problem(&caller.get(&format!("/users/{id}/data")).await, 404, "not_found");
    }
}

async fn a_remembered_answer_is_stored_about_them(app: TestApp) {
    let admin = app.admin().await;
    let new = json!({ "role": "manager", "email": "ann@example.com", "password": PASSWORD, "display_name": "Ann" });
    let entered = send(admin.request("POST", "/users/").header("idempotency-key", "once").json(&new)).await;
    let ann = app.sign_in("ann@example.com", PASSWORD).await;
    assert_eq!(ann.patch("/users/me", json!({ "display_name": null })).await.status, 200);
    let data = ann.get(&format!("/users/{}/data", ann.id)).await;
    let remembered = &data.body["remembered_answer"];
    assert_eq!(remembered["answer"], entered.body, "{}", data.text);
    assert!(remembered["expires_at"].is_string());
    // The event is about her, not about the person who got the customer.
    assert_eq!(admin.get(&format!("/users/{}/data", admin.id)).await.good().body["remembered_answer"], Value::Null);
}

async fn the_data_of_many_events_is_whole(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let path = format!("/users/{}/data", ann.id);
    let before = ann.get(&path).await.good().body["audit_events"].as_array().unwrap().len();
    let names: Vec<_> = (0..70).map(|n| format!("\"],audit_events_complete{n}")).collect();
    for name in &names {
        assert_eq!(ann.patch("/users/me", json!({ "display_name": name })).await.status, 200);
    }
    let answer = ann.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let events = answer.body["audit_events"].as_array().unwrap();
    assert_eq!(
        (events.len(), &answer.body["audit_events_complete"]),
        (before + 1 + 70, &json!(true)),
        "the first reading is an event too"
    );
    let told: Vec<_> = events.iter().filter_map(|event| event["changes"]["display_name"]["to"].as_str()).collect();
    assert!(told.iter().eq(names.iter().rev()), "newest first, each once: {told:?}");
    let members: Vec<_> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "api_keys",
        "assigned_customers",
        "audit_events",
        "audit_events_complete",
        "challenges",
        "created_customers",
        "notices",
        "remembered_answer",
        "sessions",
        "user",
    ];
    let sorted: std::collections::BTreeSet<_> = members.into_iter().collect();
    assert!(sorted.into_iter().eq(expected));
}

async fn the_data_says_nothing_about_others(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let hers = ann.enters("+998905556677").await;
    assert_eq!(ann.patch(&format!("/users/{hers}"), json!({ "display_name": "Zarina" })).await.status, 200);
    assert_eq!(admin.patch(&format!("/users/{}", ann.id), json!({ "display_name": "Ann" })).await.status, 200);
    let data = ann.get(&format!("/users/{}/data", ann.id)).await;
    assert_eq!(data.status, 200, "{}", data.text);
    assert!(!data.text.contains("998905556677") && !data.text.contains("Zarina"), "{}", data.text);
    let events = data.body["audit_events"].as_array().unwrap();
    let by_admin =
        events.iter().find(|event| event["action"] == "user.updated" && event["actor_id"] == admin.id).unwrap();
    assert_eq!(by_admin["changes"], json!({ "display_name": { "from": null, "to": "Ann" } }));
    assert_eq!((&by_admin["address"], &by_admin["request_id"]), (&Value::Null, &Value::Null));
    let by_her = events.iter().find(|event| event["subject_id"] == json!(hers)).unwrap();
    assert_eq!((&by_her["changes"], &by_her["address"]), (&json!({}), &json!("127.0.0.1")));
}
