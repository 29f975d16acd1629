//! Changing people.

use serde_json::{Value, json};

use crate::app::{Answer, Caller, PASSWORD, Status, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(
    every_field_is_set_by_whom_the_table_says,
    a_patch_is_a_merge_patch,
    metadata_is_merged_within_its_bounds,
    a_patch_that_changes_nothing_moves_nothing,
    whoever_is_outside_the_scope_does_not_exist,
    everything_wrong_is_named_at_once,
    roles_move_within_staff_only,
    codes_to_a_phone_need_one,
    contacts_stay_unique,
    a_customer_gets_active_managers_only,
    what_ends_sessions_ends_them_at_once,
    a_contact_that_changes_is_no_longer_proven,
    a_manager_with_customers_keeps_the_role,
    the_last_active_admin_stays,
    of_two_admins_one_stays_whatever_two_instances_do,
    a_stale_state_is_not_written_over,
    simultaneous_changes_of_different_fields_all_stay,
    two_hundred_changes_at_once_all_stay_and_none_is_refused,
);

const NOBODY: &str = "01936f5e-0000-7000-8000-000000000001";

async fn patch_if(caller: &Caller, path: &str, tag: &str, body: Value) -> Answer {
    send(caller.request("PATCH", path).header("if-match", tag).json(&body)).await
}

async fn count(app: &TestApp) -> usize {
    app.rows("SELECT action FROM audit_events").await.len()
}

/// What each caller gets for setting each field of each record: the status, and where it is refused, the pointer.
async fn every_field_is_set_by_whom_the_table_says(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    ann.enters(&phone(1)).await;
    let customer = app.customer(&phone(1)).await;
    let fields = [
        ("id", json!(NOBODY)),
        ("created_by", json!(NOBODY)),
        ("verified_at", json!("2026-01-01T00:00:00Z")),
        ("created_at", json!("2026-01-01T00:00:00Z")),
        ("updated_at", json!("2026-01-01T00:00:00Z")),
        ("password", json!("correct horse battery")),
        ("version", json!(7)),
        ("wings", json!(2)),
        ("role", json!("manager")),
        ("is_active", json!(true)),
        ("display_name", json!("Anna")),
        ("email", json!("ann@example.com")),
        ("phone", json!(phone(1))),
        ("tin_trunk_number", json!("7")),
        ("verification_method", json!("email")),
        ("assigned_manager_id", json!(ann.id)),
        ("metadata", json!({ "tier": 1 })),
    ];
    // By an admin, the manager, another manager and the customer: first of the manager, then of the customer.
    let on_staff = |field: &str| match field {
        "display_name" | "phone" | "tin_trunk_number" | "verification_method" => [200, 200, 404, 404],
        "role" | "is_active" | "email" => [200, 403, 404, 404],
        _ => [422, 422, 404, 404],
    };
    let on_customer = |field: &str| match field {
        "display_name" => [200, 200, 404, 200],
        "phone" | "metadata" | "is_active" => [200, 200, 404, 403],
        "assigned_manager_id" => [200, 403, 404, 403],
        "role" => [409, 403, 404, 403],
        _ => [422, 422, 404, 422],
    };
    for (field, value) in fields {
        // Somebody whose phone changed is signed out, so the number stays in the end what it was.
        let body = json!({ (field): value });
        let mut asked = vec![];
        for (caller, status) in [&admin, &ann, &ben, &customer].into_iter().zip(on_staff(field)) {
            if field == "phone" && status == 200 {
                continue;
            }
            asked.push((caller, format!("/users/{}", ann.id), status));
        }
        for (caller, status) in [&admin, &ann, &ben, &customer].into_iter().zip(on_customer(field)) {
            asked.push((caller, format!("/users/{}", customer.id), status));
        }
        for (caller, path, status) in asked {
            let answer = caller.patch(&path, body.clone()).await;
            assert_eq!(answer.status, status, "{field} of {path} by {}: {}", caller.id, answer.text);
            match status {
                200 if field == "metadata" => assert_eq!(answer.body[field], json!({ "tier": 1 })),
                200 => assert_eq!(answer.body[field], value, "{field}"),
                403 => {
                    assert_problem(&answer, 403, "forbidden");
                    assert_eq!(answer.pointers(), [format!("/{field}")]);
                }
                422 => {
                    assert_problem(&answer, 422, "validation_failed");
                    assert_eq!(answer.pointers(), [format!("/{field}")]);
                    assert_eq!(answer.body["errors"][0]["code"], "unknown_field");
                }
                409 => assert_problem(&answer, 409, "role_change_not_allowed"),
                _ => assert_problem(&answer, 404, "not_found"),
            }
        }
    }
    let own = ann.patch("/users/me", json!({ "display_name": "Ann", "tin_trunk_number": null })).await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!((&own.body["display_name"], &own.body["tin_trunk_number"]), (&json!("Ann"), &json!(null)));
    let own = ann.patch("/users/me/", json!({ "email": "x@example.com", "is_active": false, "wings": 2 })).await;
    assert_problem(&own, 403, "forbidden");
    assert_eq!(own.pointers(), ["/email", "/is_active"]);
    let phone_of_ann = ann.patch("/users/me", json!({ "phone": phone(7) })).await;
    assert_eq!((phone_of_ann.status, &phone_of_ann.body["phone"]), (Status::OK, &json!(phone(7))));
}

async fn a_patch_is_a_merge_patch(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let path = format!("/users/{}", ann.id);
    for content_type in
        ["application/json", "application/merge-patch+json", "application/merge-patch+json; charset=utf-8"]
    {
        let request = admin.request("PATCH", &path).header("content-type", content_type);
        let answer = send(request.body(r#"{"display_name":"Ann"}"#)).await;
        assert_eq!(answer.status, 200, "{content_type}: {}", answer.text);
    }
    for content_type in ["application/json-patch+json", "text/plain", "application/merge-patch"] {
        let request = admin.request("PATCH", &path).header("content-type", content_type);
        assert_problem(&send(request.body("{}")).await, 415, "unsupported_media_type");
    }
    for body in ["[]", "null", "\"a\"", "", r#"{"display_name":"a","display_name":"b"}"#] {
        let request = admin.request("PATCH", &path).header("content-type", "application/merge-patch+json");
        assert_problem(&send(request.body(body)).await, 400, "malformed_json");
    }
    let set = admin.patch(&path, json!({ "tin_trunk_number": " 77 ", "phone": "+998 90 111-22-33" })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(set.body["tin_trunk_number"], "77");
    assert_eq!(set.body["phone"], "+998901112233");
    assert_eq!(set.body["display_name"], "Ann", "what is not named stays");
    let read = admin.get(&path).await;
    assert_eq!(read.body, set.body, "what was answered is what is stored");
    assert_eq!(read.header("etag"), set.header("etag"));
    assert!(set.body["updated_at"].as_str() > set.body["created_at"].as_str());
    let emptied = admin.patch(&path, json!({ "tin_trunk_number": null, "phone": null, "display_name": "" })).await;
    assert_eq!(emptied.status, 200, "{}", emptied.text);
    for field in ["tin_trunk_number", "phone", "display_name"] {
        assert_eq!(emptied.body[field], Value::Null, "{field}");
    }
    for field in ["role", "is_active", "email", "verification_method"] {
        let refused = admin.patch(&path, json!({ (field): null })).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.pointers(), [format!("/{field}")]);
    }
    let customer = customer_of(&app.sign_in("ann@example.com", PASSWORD).await, 1).await;
    let unassigned = admin.patch(&customer, json!({ "assigned_manager_id": null })).await;
    assert_eq!((unassigned.status, &unassigned.body["assigned_manager_id"]), (Status::OK, &Value::Null));
    for field in ["phone", "metadata", "is_active", "role"] {
        assert_problem(&admin.patch(&customer, json!({ (field): null })).await, 422, "validation_failed");
    }
}

/// The path of a new customer of this manager.
async fn customer_of(manager: &Caller, number: usize) -> String {
    format!("/users/{}", manager.enters(&phone(number)).await)
}

async fn metadata_is_merged_within_its_bounds(app: TestApp) {
    let admin = app.admin().await;
    let path = format!("/users/{}", admin.enters(&phone(1)).await);
    for (patch, result) in [
        (json!({ "a": 1, "b": { "c": [1, null], "d": "ў" } }), json!({ "a": 1, "b": { "c": [1, null], "d": "ў" } })),
        (json!({ "a": null, "b": { "c": null, "e": true } }), json!({ "b": { "d": "ў", "e": true } })),
        (json!({ "b": [1] }), json!({ "b": [1] })),
        (json!({ "b": { "x": { "y": null } } }), json!({ "b": { "x": {} } })),
        (json!({ "b": null, "nothing": null }), json!({})),
    ] {
        let answer = admin.patch(&path, json!({ "metadata": patch })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["metadata"], result, "{patch}");
        assert_eq!(admin.get(&path).await.body["metadata"], result);
    }
    let deep = (0..12).fold(json!(1), |inner, _| json!({ "a": inner }));
    for wrong in [json!({ "a": "x".repeat(17 * 1024) }), deep, json!([1]), json!("x"), json!({ "a": "\0" })] {
        let answer = admin.patch(&path, json!({ "metadata": wrong })).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), ["/metadata"]);
    }
    let half = |key: &str| json!({ "metadata": { (key): "x".repeat(9 * 1024) } });
    assert_eq!(admin.patch(&path, half("a")).await.status, 200);
    assert_problem(&admin.patch(&path, half("b")).await, 422, "validation_failed");
    let swapped = json!({ "metadata": { "a": null, "b": "x".repeat(9 * 1024) } });
    assert_eq!(admin.patch(&path, swapped).await.status, 200);
}

async fn a_patch_that_changes_nothing_moves_nothing(app: TestApp) {
    let admin = app.admin().await;
    let path = format!("/users/{}", admin.enters(&phone(1)).await);
    let first = admin.patch(&path, json!({ "display_name": "Ann", "metadata": { "a": { "b": 1 } } })).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let before = count(&app).await;
    for same in [
        json!({}),
        json!({ "display_name": " Ann " }),
        json!({ "phone": phone(1), "is_active": true, "role": "customer", "assigned_manager_id": null }),
        json!({ "metadata": {} }),
        json!({ "metadata": { "a": { "b": 1, "gone": null } } }),
    ] {
        let answer = admin.patch(&path, same.clone()).await;
        assert_eq!(answer.status, 200, "{same}: {}", answer.text);
        assert_eq!(answer.body, first.body, "{same}");
        assert_eq!(answer.header("etag"), first.header("etag"), "{same}");
    }
    assert_eq!(count(&app).await, before);
    let changed = admin.patch(&path, json!({ "display_name": "Anna" })).await;
    assert_ne!(changed.header("etag"), first.header("etag"));
    assert_eq!(count(&app).await, before + 1);
}

async fn whoever_is_outside_the_scope_does_not_exist(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let hers = ann.enters(&phone(1)).await;
    for id in [&hers, &ann.id, &admin.id, NOBODY, "7", "nobody"] {
        assert_problem(&ben.patch(&format!("/users/{id}"), json!({ "display_name": "x" })).await, 404, "not_found");
    }
    for id in [NOBODY, "7"] {
        assert_problem(&admin.patch(&format!("/users/{id}"), json!({ "display_name": "x" })).await, 404, "not_found");
    }
    assert_problem(&app.anonymous().patch(&format!("/users/{hers}"), json!({})).await, 401, "invalid_token");
    let moved = admin.patch(&format!("/users/{hers}"), json!({ "assigned_manager_id": ben.id })).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    assert_problem(&ann.patch(&format!("/users/{hers}"), json!({ "display_name": "x" })).await, 404, "not_found");
    assert_eq!(ben.patch(&format!("/users/{hers}"), json!({ "display_name": "x" })).await.status, 200);
}

async fn everything_wrong_is_named_at_once(app: TestApp) {
    let admin = app.admin().await;
    let path = format!("/users/{}", admin.enters(&phone(1)).await);
    let wrong = json!({
        "phone": "12", "display_name": "x".repeat(121), "metadata": { "a": "x".repeat(17 * 1024) },
        "assigned_manager_id": "7", "is_active": "yes", "role": "boss", "wings": 2, "email": "a@example.com",
    });
    let answer = admin.patch(&path, wrong).await;
    assert_problem(&answer, 422, "validation_failed");
    assert_eq!(
        answer.pointers(),
        ["/assigned_manager_id", "/display_name", "/email", "/is_active", "/metadata", "/phone", "/role", "/wings"]
    );
    let wrong = json!({ "email": "nobody", "verification_method": "whatsapp", "tin_trunk_number": "x".repeat(51) });
    let answer = admin.patch("/users/me", wrong).await;
    assert_problem(&answer, 422, "validation_failed");
    assert_eq!(answer.pointers(), ["/email", "/phone", "/tin_trunk_number"]);
    assert_problem(&admin.patch(&format!("{path}?x=1"), json!({})).await, 422, "validation_failed");
}

async fn roles_move_within_staff_only(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = format!("/users/{}", admin.enters(&phone(1)).await);
    for role in ["admin", "manager"] {
        assert_problem(&admin.patch(&customer, json!({ "role": role })).await, 409, "role_change_not_allowed");
    }
    let path = format!("/users/{}", ann.id);
    assert_problem(&admin.patch(&path, json!({ "role": "customer" })).await, 409, "role_change_not_allowed");
    let promoted = admin.patch(&path, json!({ "role": "admin" })).await;
    assert_eq!((promoted.status, &promoted.body["role"]), (Status::OK, &json!("admin")));
    assert_problem(&ann.get("/users/me").await, 401, "invalid_token");
    let ann = app.sign_in("ann@example.com", PASSWORD).await;
    assert_eq!(ann.get("/users/?role=admin").await.items().len(), 2);
    let demoted = ann.patch(&format!("/users/{}", admin.id), json!({ "role": "manager" })).await;
    assert_eq!((demoted.status, &demoted.body["role"]), (Status::OK, &json!("manager")));
    assert_problem(&admin.get("/users/me").await, 401, "invalid_token");
}

async fn codes_to_a_phone_need_one(app: TestApp) {
    let admin = app.admin().await;
    let method = |method: &str| json!({ "verification_method": method });
    for way in ["phone", "whatsapp"] {
        let refused = admin.patch("/users/me", method(way)).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.pointers(), ["/phone"]);
    }
    let both = json!({ "verification_method": "whatsapp", "phone": phone(1) });
    assert_eq!(admin.patch("/users/me", both).await.status, 200);
    let admin = app.sign_in("admin@example.com", PASSWORD).await;
    let refused = admin.patch("/users/me", json!({ "phone": null })).await;
    assert_problem(&refused, 422, "validation_failed");
    assert_eq!(refused.pointers(), ["/phone"]);
    let both = json!({ "verification_method": "email", "phone": null });
    assert_eq!(admin.patch("/users/me", both).await.status, 200);
}

async fn contacts_stay_unique(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    app.manager(&admin, "ben@example.com").await;
    let path = format!("/users/{}", ann.id);
    let before = admin.get(&path).await;
    assert_problem(&admin.patch(&path, json!({ "email": " BEN@example.com" })).await, 409, "email_taken");
    assert_eq!(admin.get(&path).await.body, before.body);
    assert_eq!(ann.get("/users/me").await.status, 200, "what was refused ended nothing");
    let first = customer_of(&ann, 1).await;
    let second = customer_of(&ann, 2).await;
    assert_problem(&ann.patch(&second, json!({ "phone": phone(1) })).await, 409, "phone_taken");
    assert_eq!(ann.patch(&first, json!({ "phone": phone(3) })).await.status, 200);
    assert_eq!(ann.patch(&second, json!({ "phone": phone(1) })).await.status, 200);
}

async fn a_customer_gets_active_managers_only(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let path = customer_of(&ann, 1).await;
    assert_eq!(admin.patch(&format!("/users/{}", ann.id), json!({ "is_active": false })).await.status, 200);
    let other = admin.enters(&phone(2)).await;
    for wrong in [NOBODY, &admin.id, &other] {
        let answer = admin.patch(&path, json!({ "assigned_manager_id": wrong })).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.pointers(), ["/assigned_manager_id"]);
    }
    let kept = admin.patch(&path, json!({ "assigned_manager_id": ann.id, "display_name": "kept" })).await;
    assert_eq!(kept.status, 200, "a manager who has left keeps whom they have: {}", kept.text);
    let moved = admin.patch(&path, json!({ "assigned_manager_id": ben.id, "display_name": "moved" })).await;
    assert_eq!((moved.status, &moved.body["assigned_manager_id"]), (Status::OK, &json!(ben.id)));
    let back = admin.patch(&path, json!({ "assigned_manager_id": ann.id })).await;
    assert_problem(&back, 422, "validation_failed");
    let data = admin.get(&format!("{path}/data")).await.good().body;
    let events = data["audit_events"].as_array().unwrap();
    let told: Vec<_> = events.iter().take(2).map(|event| (&event["action"], &event["changes"])).collect();
    let assigned = json!({ "assigned_manager_id": { "from": ann.id, "to": ben.id } });
    let renamed = json!({ "display_name": { "from": "kept", "to": "moved" } });
    assert_eq!(told, [(&json!("customer.assigned"), &assigned), (&json!("user.updated"), &renamed)]);
}

async fn what_ends_sessions_ends_them_at_once(app: TestApp) {
    let admin = app.admin().await;
    let other = app.another(|_| {}).await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let path = format!("/users/{}", ann.id);
    for (number, (change, ends)) in [
        (json!({ "display_name": "Ann" }), false),
        (json!({ "tin_trunk_number": "7" }), false),
        (json!({ "phone": phone(1) }), true),
        (json!({ "verification_method": "phone" }), false),
        (json!({ "email": "anna@example.com" }), true),
        (json!({ "role": "admin" }), true),
        (json!({ "role": "manager" }), true),
    ]
    .into_iter()
    .enumerate()
    {
        let email = if number > 4 { "anna@example.com" } else { "ann@example.com" };
        let here = app.sign_in(email, PASSWORD).await;
        let there = other.with_token(here.token.as_deref().unwrap());
        assert_eq!(admin.patch(&path, change.clone()).await.status, 200, "{change}");
        for caller in [&here, &there] {
            let answer = caller.get("/users/me").await;
            assert_eq!(answer.status, if ends { 401 } else { 200 }, "{change}");
        }
    }
    let here = app.sign_in("anna@example.com", PASSWORD).await;
    assert_eq!(admin.patch(&path, json!({ "is_active": false })).await.status, 200);
    assert_problem(&here.get("/users/me").await, 401, "invalid_token");
    assert_eq!(admin.patch(&path, json!({ "is_active": true })).await.status, 200);
    assert_problem(&here.get("/users/me").await, 401, "invalid_token");

    let here = app.sign_in("anna@example.com", PASSWORD).await;
    assert_eq!(admin.delete(&format!("{path}/sessions")).await.status, 204);
    assert_problem(&here.get("/users/me").await, 401, "invalid_token");
    assert_eq!(admin.delete(&format!("{path}/sessions/")).await.status, 204, "nothing left to end is fine");
    assert_problem(&admin.delete(&format!("/users/{NOBODY}/sessions")).await, 404, "not_found");
    assert_problem(&admin.delete("/users/me/sessions").await, 404, "not_found");
}

async fn a_contact_that_changes_is_no_longer_proven(app: TestApp) {
    let admin = app.admin().await;
    let customer = app.customer(&phone(1)).await;
    let path = format!("/users/{}", customer.id);
    let named = admin.patch(&path, json!({ "display_name": "x" })).await;
    assert!(named.body["verified_at"].is_string(), "{}", named.text);
    let moved = admin.patch(&path, json!({ "phone": phone(2) })).await;
    assert_eq!((moved.status, &moved.body["verified_at"]), (Status::OK, &Value::Null));
    assert_problem(&customer.get("/users/me").await, 401, "invalid_token");
    let again = app.customer(&phone(2)).await;
    assert_eq!(again.id, customer.id, "the new number opens the same account");
    assert!(again.get("/users/me").await.body["verified_at"].is_string());
}

async fn a_manager_with_customers_keeps_the_role(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let first = customer_of(&ann, 1).await;
    let second = customer_of(&ann, 2).await;
    let path = format!("/users/{}", ann.id);
    let refused = admin.patch(&path, json!({ "role": "admin", "display_name": "x" })).await;
    assert_problem(&refused, 409, "has_customers");
    assert_eq!(refused.body["customers"], 2);
    assert_eq!(admin.get(&path).await.body["display_name"], Value::Null, "nothing half-written");
    assert_eq!(ann.get("/users/me").await.status, 200);
    let idle = admin.patch(&path, json!({ "is_active": false })).await;
    assert_eq!(idle.status, 200, "{}", idle.text);
    assert_eq!(admin.get(&first).await.body["assigned_manager_id"], ann.id, "deactivation leaves them assigned");
    for customer in [&first, &second] {
        assert_eq!(admin.patch(customer, json!({ "assigned_manager_id": null })).await.status, 200);
    }
    assert_eq!(admin.patch(&path, json!({ "role": "admin" })).await.status, 200);
}

async fn the_last_active_admin_stays(app: TestApp) {
    let admin = app.admin().await;
    let idle = json!({ "role": "admin", "email": "idle@example.com", "password": PASSWORD, "is_active": false });
    assert_eq!(admin.post("/users/", idle).await.status, 201);
    for change in [json!({ "is_active": false }), json!({ "role": "manager" })] {
        assert_problem(&admin.patch("/users/me", change.clone()).await, 409, "last_admin");
        assert_problem(&admin.patch(&format!("/users/{}", admin.id), change).await, 409, "last_admin");
    }
    assert_eq!(admin.get("/users/me").await.status, 200, "what was refused ended nothing");
    let second = app.other_admin(&admin, "second@example.com").await;
    assert_eq!(admin.patch("/users/me", json!({ "is_active": false })).await.status, 200);
    assert_problem(&second.patch("/users/me", json!({ "role": "manager" })).await, 409, "last_admin");
    assert_eq!(second.patch("/users/me", json!({ "display_name": "x" })).await.status, 200);
}

async fn of_two_admins_one_stays_whatever_two_instances_do(app: TestApp) {
    let other = app.another(|_| {}).await;
    let mut admin = app.admin().await;
    for round in 0..4 {
        let email = format!("second-{round}@example.com");
        let second = app.other_admin(&admin, &email).await;
        let there = other.with_token(second.token.as_deref().unwrap());
        let change = if round % 2 == 0 { json!({ "is_active": false }) } else { json!({ "role": "manager" }) };
        let (mine, theirs) = (format!("/users/{}", admin.id), format!("/users/{}", second.id));
        let (one, two) = match round {
            // Each the other one, and each themselves.
            0 | 1 => tokio::join!(admin.patch(&theirs, change.clone()), there.patch(&mine, change.clone()),),
            _ => tokio::join!(admin.patch("/users/me", change.clone()), there.patch("/users/me", change.clone())),
        };
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{} {}", one.text, two.text);
        // Who was first has ended the other one's session, which may be noticed before the rule is.
        assert!(statuses[1] == 409 || statuses[1] == 401, "{} {}", one.text, two.text);
        // The other instance may have changed them a moment ago.
        let admin_left = admin.get_with("/users/me", &[("Cache-Control", "no-cache")]).await.status == 200;
        let left = if admin_left { &admin } else { &there };
        assert_eq!(left.get("/users/?role=admin&is_active=true").await.items().len(), 1);
        if !admin_left {
            admin = app.sign_in(&email, PASSWORD).await;
        }
    }
}

async fn a_stale_state_is_not_written_over(app: TestApp) {
    let admin = app.admin().await;
    let path = format!("/users/{}", admin.enters(&phone(1)).await);
    let first = admin.get(&path).await.header("etag").to_owned();
    let name = |name: &str| json!({ "display_name": name });
    let second = patch_if(&admin, &path, &first, name("a")).await;
    assert_eq!(second.status, 200, "{}", second.text);
    let second = second.header("etag").to_owned();
    assert_problem(&patch_if(&admin, &path, &first, name("b")).await, 412, "precondition_failed");
    assert_problem(&patch_if(&admin, &path, &first, json!({})).await, 412, "precondition_failed");
    assert_problem(&patch_if(&admin, &path, &format!("W/{second}"), name("b")).await, 412, "precondition_failed");
    assert_problem(&patch_if(&admin, &path, "\"other\"", name("b")).await, 412, "precondition_failed");
    assert_eq!(admin.get(&path).await.body["display_name"], "a");
    let listed = patch_if(&admin, &path, &format!("\"other\", {second}"), name("c")).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    assert_eq!(patch_if(&admin, &path, "*", name("d")).await.status, 200);
    assert_problem(&patch_if(&admin, &format!("/users/{NOBODY}"), "*", name("d")).await, 404, "not_found");
    assert_problem(&patch_if(&admin, "/users/me", &second, name("d")).await, 412, "precondition_failed");

    let current = admin.get(&path).await.header("etag").to_owned();
    let (one, two) =
        tokio::join!(patch_if(&admin, &path, &current, name("e")), patch_if(&admin, &path, &current, name("f")));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{} {}", one.text, two.text);
}

async fn simultaneous_changes_of_different_fields_all_stay(app: TestApp) {
    let other = app.another(|_| {}).await;
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let path = customer_of(&ann, 1).await;
    let there = other.with_token(admin.token.as_deref().unwrap());
    for round in 0..5 {
        let name = format!("name {round}");
        let metadata = |key: &str| json!({ "metadata": { (key): round } });
        let answers = tokio::join!(
            ann.patch(&path, json!({ "display_name": name })),
            there.patch(&path, json!({ "phone": phone(100 + round) })),
            ann.patch(&path, metadata("a")),
            there.patch(&path, metadata("b")),
            admin.patch(&path, metadata("c")),
        );
        for answer in [answers.0, answers.1, answers.2, answers.3, answers.4] {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let after = admin.get(&path).await.good().body;
        assert_eq!(after["display_name"], name);
        assert_eq!(after["phone"], phone(100 + round));
        assert_eq!(after["metadata"], json!({ "a": round, "b": round, "c": round }));
    }
}

async fn two_hundred_changes_at_once_all_stay_and_none_is_refused(app: TestApp) {
    let other = app.another(|_| {}).await;
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let second = app.other_admin(&admin, "second@example.com").await;
    let there = other.with_token(second.token.as_deref().unwrap());
    let path = customer_of(&ann, 1).await;
    let callers = [&admin, &ann, &there, &second];
    for count in [50, 200] {
        let key = |n: usize| format!("k{count}_{n}");
        let change = |n| {
            let body = match n {
                0 => json!({ "display_name": format!("name {count}") }),
                1 => json!({ "phone": phone(1_000 + count) }),
                n => json!({ "metadata": { (key(n)): n } }),
            };
            callers[n % callers.len()].patch(&path, body)
        };
        for (n, mut answer) in futures_util::future::join_all((0..count).map(change)).await.into_iter().enumerate() {
            if answer.status == 503 {
                // A machine that is too busy for all in time may say so.
                answer = change(n).await;
            }
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let after = admin.get(&path).await.good().body;
        assert_eq!(
            (&after["display_name"], &after["phone"]),
            (&json!(format!("name {count}")), &json!(phone(1_000 + count)))
        );
        for n in 2..count {
            assert_eq!(after["metadata"][key(n)], n);
        }
    }
}
