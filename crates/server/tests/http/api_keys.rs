//! Programs that act as members of the staff, with API keys.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::app::{Answer, Caller, PASSWORD, PATIENCE, TestApp, assert_problem, phone, send};
use crate::authority::begin;
use crate::on_every_backend;

on_every_backend!(in still time:
    a_key_is_shown_once_and_acts_as_its_owner,
    a_use_is_noted_to_the_minute,
    a_key_does_what_it_is_made_for_and_nothing_else,
    a_key_manages_no_keys_sessions_or_passwords,
    a_key_is_made_by_staff_with_a_fresh_proof,
    what_a_key_is_to_be_is_checked,
    a_text_that_is_no_key_is_refused,
    a_key_ends_with_its_time_its_network_and_its_owner,
    a_key_stays_when_its_owner_signs_out_or_changes_their_password,
    each_lists_and_revokes_their_own_and_admins_anybodys,
    nobody_has_more_than_a_hundred_keys,
    what_a_key_does_is_recorded_with_it,
    a_key_that_is_revoked_meanwhile_writes_nothing,
);

fn id(answer: &Answer) -> &str {
    answer.body["id"].as_str().unwrap()
}

fn program(app: &TestApp, made: &Answer) -> Caller {
    app.with_token(made.body["key"].as_str().unwrap())
}

/// Makes a key for reading people with these fields beside its name.
async fn make(owner: &Caller, more: &Value) -> Answer {
    let mut body = json!({ "name": "program", "scopes": ["read_user", "list_users"] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    owner.post("/auth/keys", body).await
}

async fn listed(owner: &Caller) -> Vec<Value> {
    owner.get("/auth/keys").await.good().items().to_vec()
}

async fn a_key_is_shown_once_and_acts_as_its_owner(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let (hers, other) = (ann.enters(&phone(1)).await, admin.enters(&phone(2)).await);
    let networks = json!(["127.0.0.1", "2001:db8:1::/32", "10.1.2.3/8"]);
    let body = json!({ "name": " nightly  report ", "scopes": ["read_user", "list_users"], "networks": networks });
    let made = ann.post("/auth/keys/", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let names = ["id", "name", "scopes", "created_at", "expires_at", "last_used_at", "networks", "owner_id", "key"];
    assert_eq!(made.keys().into_iter().collect::<BTreeSet<_>>(), names.map(ToOwned::to_owned).into());
    assert_eq!(made.location(), format!("/auth/keys/{}", id(&made)));
    let text = made.body["key"].as_str().unwrap();
    let parts: Vec<_> = text.split('_').collect();
    assert_eq!((parts[0], parts[1].len(), parts[2].len(), parts.len()), ("clk", 32, 72, 3), "{text}");
    assert_eq!(parts[1], id(&made).replace('-', ""));

    let mut facts = made.body.clone();
    facts.as_object_mut().unwrap().remove("key");
    let expected = json!({
        "id": id(&made), "name": "nightly  report", "scopes": ["list_users", "read_user"],
        "created_at": "2026-01-01T12:00:00.000000Z", "expires_at": "2027-01-01T12:00:00.000000Z",
        "last_used_at": null, "networks": ["127.0.0.1/32", "2001:db8::/32", "10.0.0.0/8"], "owner_id": ann.id,
    });
    assert_eq!(facts, expected);
    assert_eq!(listed(&ann).await, [expected]);
    let data = ann.get(&format!("/users/{}/data", ann.id)).await.good();
    assert_eq!(data.body["api_keys"][0]["id"], made.body["id"]);
    for answer in [&data, &admin.get("/audit-events").await.good(), &ann.get("/auth/keys").await.good()] {
        assert!(!answer.text.contains(parts[2]) && !answer.text.contains("clk_"), "{}", answer.text);
    }
    for row in app.rows("SELECT name, scopes, networks FROM api_keys").await {
        assert!(!row.to_string().contains("clk_"), "{row}");
    }

    let key = program(&app, &made);
    assert_eq!(key.get("/users/me").await.good().body["id"], ann.id.as_str());
    assert_eq!(key.get(&format!("/users/{hers}")).await.status, 200);
    assert_problem(&key.get(&format!("/users/{other}")).await, 404, "not_found");
    assert_eq!(key.get("/users/").await.good().items().len(), 2);
}

async fn a_use_is_noted_to_the_minute(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let key = program(&app, &make(&admin, &json!({})).await.good());
    let last_used = async |expected: &str| {
        let began = Instant::now();
        loop {
            let noted = listed(&admin).await[0]["last_used_at"].clone();
            if noted == expected {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{noted} is not {expected}");
            sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    key.get("/users/me").await.good();
    last_used("2026-01-01T12:00:00.000000Z").await;
    clock.advance(TimeDelta::seconds(59));
    key.get("/users/me").await.good();
    clock.advance(TimeDelta::seconds(1));
    // A use within the minute would have been noted by now, as it was asked for before this one.
    key.get("/users/me").await.good();
    last_used("2026-01-01T12:01:00.000000Z").await;
}

async fn a_key_does_what_it_is_made_for_and_nothing_else(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = admin.enters(&phone(1)).await;
    let path = format!("/users/{customer}");
    let key = async |scopes: &[&str]| admin.key(&app, scopes).await;

    let reader = key(&["read_user"]).await;
    assert_eq!(reader.get(&path).await.status, 200);
    assert_problem(&reader.get("/users/").await, 403, "forbidden");
    assert_problem(&reader.patch(&path, json!({ "display_name": "Bo" })).await, 403, "forbidden");
    assert_problem(&reader.post("/users/", json!({ "wings": 2 })).await, 403, "forbidden");

    let lister = key(&["list_users"]).await;
    assert_problem(&lister.get("/users/me").await, 403, "forbidden");
    assert_problem(&lister.get(&path).await, 403, "forbidden");

    let changer = key(&["update_customer"]).await;
    let renamed = changer.patch(&path, json!({ "display_name": "Bo" })).await;
    assert_eq!((renamed.status.code(), &renamed.body["display_name"]), (200, &json!("Bo")), "{}", renamed.text);
    assert_problem(&changer.get(&path).await, 403, "forbidden");
    let staff = format!("/users/{}", ann.id);
    assert_problem(&changer.patch(&staff, json!({ "display_name": "Bo" })).await, 403, "forbidden");
    let assigning = json!({ "assigned_manager_id": ann.id });
    let refused = changer.patch(&path, assigning.clone()).await;
    assert_problem(&refused, 403, "forbidden");
    assert_eq!(refused.pointers(), ["/assigned_manager_id"]);
    let assigner = key(&["update_customer", "assign_customer"]).await;
    assert_eq!(assigner.patch(&path, assigning).await.status, 200);

    let creator = key(&["create_manager"]).await;
    creator.enters_person(json!({ "role": "manager", "email": "ben@example.com", "password": PASSWORD })).await;
    let refused = creator.post("/users/", json!({ "role": "customer", "phone": phone(2) })).await;
    assert_problem(&refused, 403, "forbidden");
    assert_eq!(refused.pointers(), ["/role"]);
    let entered =
        key(&["create_customer"]).await.post("/users/", json!({ "role": "customer", "phone": phone(3) })).await;
    assert_eq!((entered.status.code(), &entered.body["assigned_manager_id"]), (201, &Value::Null), "{}", entered.text);

    let file =
        format!("phone,display_name,assigned_manager_email\n{},Cy,\n{},Di,ann@example.com\n", phone(1), phone(4));
    let importer = key(&["import_and_export"]).await;
    let done = importer.post_text("/users/import?on_existing=update", "text/csv", file).await.good();
    assert_eq!((&done.body["created"], &done.body["updated"]), (&json!(1), &json!(1)), "{}", done.text);
    let moved = format!("phone,assigned_manager_email\n{},ben@example.com\n", phone(4));
    let refused = importer.post_text("/users/import?on_existing=update", "text/csv", moved).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(refused.body["errors"][0]["code"], "forbidden");

    let handover = format!("/users/{}/handover", ann.id);
    let (giver, order) = (key(&["assign_customer"]).await, json!({ "to": [], "deactivate": true }));
    assert_problem(&giver.post(&handover, order).await, 403, "forbidden");
    assert_eq!(giver.post(&handover, json!({ "to": [] })).await.status, 200);
    // A manager's key has a manager's fields.
    let hers = ann.key(&app, &["update_staff"]).await;
    assert_eq!(hers.patch("/users/me", json!({ "display_name": "Ann" })).await.status, 200);
    assert_problem(&hers.patch("/users/me", json!({ "email": "new@example.com" })).await, 403, "forbidden");
    let own_phone = hers.patch("/users/me", json!({ "phone": phone(9) })).await;
    assert_problem(&own_phone, 403, "reauthentication_required");
}

async fn a_key_manages_no_keys_sessions_or_passwords(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let every: Vec<_> = domain::KeyScopes::ALL.names().collect();
    let made = admin.makes_key(&every).await;
    let key = program(&app, &made);
    let (own, person) = (format!("/auth/keys/{}", id(&made)), format!("/users/{}/sessions", admin.id));
    let sessions = admin.get("/auth/sessions").await.good();
    let session = format!("/auth/sessions/{}", sessions.items()[0]["id"].as_str().unwrap());
    let change = json!({ "current_password": PASSWORD, "new_password": "another fine passphrase" });
    for (method, path, body) in [
        ("GET", "/auth/keys", json!({})),
        ("POST", "/auth/keys", json!({ "name": "k", "scopes": ["read_user"] })),
        ("DELETE", &own, json!({})),
        ("GET", "/auth/sessions", json!({})),
        ("DELETE", "/auth/sessions", json!({})),
        ("DELETE", &session, json!({})),
        ("DELETE", &person, json!({})),
        ("POST", "/auth/signout", json!({})),
        ("POST", "/auth/reauthenticate", json!({ "password": PASSWORD })),
        ("POST", "/auth/password/change", change),
    ] {
        assert_problem(&send(key.request(method, path).json(&body)).await, 403, "forbidden");
    }
    assert_eq!(admin.get("/users/me").await.status, 200);
    assert_eq!(key.get("/users/me").await.status, 200);
    for scope in ["manage_keys", "end_sessions"] {
        let refused = admin.post("/auth/keys", json!({ "name": "k", "scopes": ["read_user", scope] })).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.pointers(), ["/scopes/1"]);
    }
}

async fn a_key_is_made_by_staff_with_a_fresh_proof(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = app.customer(&phone(1)).await;
    assert_problem(&make(&app.anonymous(), &json!({})).await, 401, "invalid_token");
    assert_problem(&make(&customer, &json!({})).await, 403, "forbidden");
    assert_problem(&customer.get("/auth/keys").await, 403, "forbidden");
    clock.advance(TimeDelta::minutes(5));
    assert_problem(&make(&ann, &json!({})).await, 403, "reauthentication_required");
    assert_eq!(listed(&ann).await, [] as [Value; 0]);
    assert_eq!(ann.post("/auth/reauthenticate", json!({ "password": PASSWORD })).await.status, 204);
    assert_eq!(make(&ann, &json!({})).await.status, 201);
}

async fn what_a_key_is_to_be_is_checked(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let many: Vec<_> = (0..51).map(|n| format!("10.0.0.{n}")).collect();
    for (body, pointers) in [
        (json!({}), vec!["/name", "/scopes"]),
        (json!({ "name": " ", "scopes": [], "wings": 2 }), vec!["/name", "/scopes", "/wings"]),
        (json!({ "name": "x".repeat(121), "scopes": "read_user" }), vec!["/name", "/scopes"]),
        (json!({ "name": "a\nb", "scopes": ["read_user", "read_user"] }), vec!["/name", "/scopes/1"]),
        (json!({ "name": "k", "scopes": ["fly", 7, "read_user"] }), vec!["/scopes/0", "/scopes/1"]),
        // A manager does neither, and an introspection is for admins.
        (
            json!({ "name": "k", "scopes": ["erase_user", "read_user", "introspect"], "expires_at": "2026-01-01T12:00:00Z" }),
            vec!["/expires_at", "/scopes/0", "/scopes/2"],
        ),
        (
            json!({ "name": "k", "scopes": ["read_user"], "expires_at": "2029-01-01T12:00:00.000001Z" }),
            vec!["/expires_at"],
        ),
        (json!({ "name": "k", "scopes": ["read_user"], "expires_at": "tomorrow" }), vec!["/expires_at"]),
        (
            json!({ "name": "k", "scopes": ["read_user"], "networks": ["10.0.0.0/33", "::1", "x"] }),
            vec!["/networks/0", "/networks/2"],
        ),
        (json!({ "name": "k", "scopes": ["read_user"], "networks": many }), vec!["/networks"]),
        (json!({ "name": "k", "scopes": ["read_user"], "networks": "10.0.0.1" }), vec!["/networks"]),
    ] {
        let refused = ann.post("/auth/keys", body.clone()).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.pointers(), pointers, "{body}");
    }
    assert_problem(&ann.post("/auth/keys?x=1", json!({})).await, 422, "validation_failed");
    assert_eq!(listed(&ann).await, [] as [Value; 0]);
    for more in [
        json!({ "expires_at": "2029-01-01T12:00:00Z" }),
        json!({ "expires_at": null, "networks": null }),
        json!({ "expires_at": "2026-01-01T12:00:01+00:00", "networks": [] }),
    ] {
        assert_eq!(make(&ann, &more).await.status, 201, "{more}");
    }
    assert_eq!(admin.makes_key(&["introspect"]).await.body["scopes"], json!(["introspect"]));
}

async fn a_text_that_is_no_key_is_refused(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let made = make(&admin, &json!({})).await.good();
    let text = made.body["key"].as_str().unwrap();
    let mut wrong_checksum = text.to_owned();
    wrong_checksum.replace_range(text.len() - 1.., if text.ends_with('0') { "1" } else { "0" });
    let other = make(&admin, &json!({})).await.good();
    let other = other.body["key"].as_str().unwrap();
    // The id of one key with the secret of another: neither the checksum nor the hash is right.
    let mixed = format!("{}{}", &text[..37], &other[37..]);
    for token in [&*wrong_checksum, &*mixed, "clk_", &text[..text.len() - 1], &*text.to_uppercase(), &text[4..]] {
        let refused = app.with_token(token).get("/users/me").await;
        assert_problem(&refused, 401, "invalid_token");
        assert!(refused.header("www-authenticate").contains("invalid_token"));
    }
    // A key counts in its header alone, as a token does.
    assert_problem(&app.anonymous().get(&format!("/users/me?access_token={text}")).await, 401, "invalid_token");
    let lower = app.anonymous().request("GET", "/users/me").header("authorization", format!("bearer {text}"));
    assert_eq!(send(lower).await.status, 200);
}

async fn a_key_ends_with_its_time_its_network_and_its_owner(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let eve = app.other_admin(&admin, "eve@example.com").await;
    let hers = program(&app, &make(&ann, &json!({})).await.good());
    let eves = program(&app, &make(&eve, &json!({})).await.good());
    let brief = program(&app, &make(&ann, &json!({ "expires_at": "2026-01-01T12:01:00Z" })).await.good());
    let near = make(&ann, &json!({ "networks": ["192.0.2.0/24", "2001:db8::/32"] })).await.good();

    let proxied = app.behind_proxy().await;
    let from = async |address: &str| {
        let request = program(&proxied, &near).request("GET", "/users/me").header("x-forwarded-for", address);
        send(request).await
    };
    for address in ["192.0.2.200", "2001:db8::7", "203.0.113.9, 192.0.2.1"] {
        assert_eq!(from(address).await.status, 200, "{address}");
    }
    for address in ["203.0.113.9", "2001:db9::7", "192.0.2.1, 203.0.113.9"] {
        assert_problem(&from(address).await, 401, "invalid_token");
    }
    // Nobody believes a header of a stranger.
    let forged = program(&app, &near).request("GET", "/users/me").header("x-forwarded-for", "192.0.2.1");
    assert_problem(&send(forged).await, 401, "invalid_token");

    assert_eq!(brief.get("/users/me").await.status, 200);
    clock.advance(TimeDelta::minutes(1));
    assert_problem(&brief.get("/users/me").await, 401, "invalid_token");

    let person = format!("/users/{}", ann.id);
    assert_eq!(hers.get("/users/me").await.status, 200);
    admin.patch(&person, json!({ "is_active": false })).await.good();
    assert_problem(&hers.get("/users/me").await, 401, "invalid_token");
    admin.patch(&person, json!({ "is_active": true })).await.good();
    assert_eq!(hers.get("/users/me").await.status, 200);
    admin.patch(&person, json!({ "role": "admin" })).await.good();
    assert_problem(&hers.get("/users/me").await, 401, "invalid_token");
    assert_eq!(eves.get("/users/me").await.status, 200);
    admin.patch(&format!("/users/{}", eve.id), json!({ "role": "manager" })).await.good();
    assert_problem(&eves.get("/users/me").await, 401, "invalid_token");
    admin.delete(&format!("/users/{}", eve.id)).await.good();
    assert_problem(&eves.get("/users/me").await, 401, "invalid_token");
    assert_problem(&admin.get(&format!("/auth/keys?owner_id={}", eve.id)).await, 404, "not_found");
    assert_eq!(app.rows("SELECT name FROM api_keys").await.len(), 3, "those of the other");
}

async fn a_key_stays_when_its_owner_signs_out_or_changes_their_password(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let key = program(&app, &make(&ann, &json!({})).await.good());
    let change = json!({ "current_password": PASSWORD, "new_password": "another fine passphrase" });
    assert_eq!(ann.post("/auth/password/change", change).await.status, 204);
    assert_eq!(ann.delete("/auth/sessions").await.status, 204);
    assert_eq!(ann.post("/auth/signout", json!({})).await.status, 204);
    admin.delete(&format!("/users/{}/sessions", ann.id)).await.good();
    assert_problem(&ann.get("/users/me").await, 401, "invalid_token");
    assert_eq!(key.get("/users/me").await.status, 200);
}

async fn each_lists_and_revokes_their_own_and_admins_anybodys(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(make(&ann, &json!({})).await.good());
        clock.advance(TimeDelta::seconds(1));
    }
    let of_admin = make(&admin, &json!({})).await.good();
    let ids = |items: &[Value]| items.iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let newest_first: Vec<_> = made.iter().rev().map(|key| id(key).to_owned()).collect();
    assert_eq!(ids(&listed(&ann).await), newest_first);
    assert_eq!(ids(&listed(&admin).await), [id(&of_admin)]);
    let of_ann = format!("/auth/keys?owner_id={}", ann.id);
    for caller in [&admin, &ann] {
        assert_eq!(ids(caller.get(&of_ann).await.good().items()), newest_first);
    }
    assert_problem(&ben.get(&of_ann).await, 404, "not_found");
    let nobody = "01936f5e-0000-7000-8000-000000000001";
    assert_problem(&admin.get(&format!("/auth/keys?owner_id={nobody}")).await, 404, "not_found");
    for wrong in ["owner_id=x", "limit=0", "cursor=x", "wings=2"] {
        assert_problem(&ann.get(&format!("/auth/keys?{wrong}")).await, 422, "validation_failed");
    }
    let first = ann.get("/auth/keys?limit=2&include_total=true").await.good();
    assert_eq!((ids(first.items()), &first.body["total"]), (newest_first[..2].to_vec(), &json!(3)));
    let second = ann.get(&first.next_page()).await.good();
    assert_eq!((ids(second.items()), &second.body["next_cursor"]), (newest_first[2..].to_vec(), &Value::Null));

    let path = |key: &Answer| format!("/auth/keys/{}", id(key));
    assert_problem(&ben.delete(&path(&made[0])).await, 404, "not_found");
    assert_problem(&ann.delete(&path(&of_admin)).await, 404, "not_found");
    for id in [nobody, "x", "%00"] {
        assert_problem(&admin.delete(&format!("/auth/keys/{id}")).await, 404, "not_found");
    }
    let (one, two) = (program(&app, &made[0]), program(&app, &made[1]));
    assert_eq!(one.get("/users/me").await.status, 200);
    assert_eq!(two.get("/users/me").await.status, 200);
    assert_eq!(ann.delete(&path(&made[0])).await.status, 204);
    assert_eq!(admin.delete(&path(&made[1])).await.status, 204);
    for (key, made) in [(one, &made[0]), (two, &made[1])] {
        assert_problem(&key.get("/users/me").await, 401, "invalid_token");
        assert_problem(&ann.delete(&path(made)).await, 404, "not_found");
    }
    assert_eq!(ids(&listed(&ann).await), [id(&made[2])]);
}

async fn nobody_has_more_than_a_hundred_keys(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    for _ in 0..100 {
        make(&admin, &json!({})).await.good();
    }
    assert_problem(&make(&admin, &json!({})).await, 409, "too_many_keys");
    let keys = listed(&admin).await;
    admin.delete(&format!("/auth/keys/{}", keys[0]["id"].as_str().unwrap())).await.good();
    assert_eq!(make(&admin, &json!({})).await.status, 201);
}

async fn what_a_key_does_is_recorded_with_it(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let made = admin.makes_key(&["create_customer", "read_audit_events"]).await;
    let key = program(&app, &made);
    let body = json!({ "role": "customer", "phone": phone(1) });
    let enter = async || send(key.request("POST", "/users/").header("idempotency-key", "k").json(&body)).await;
    let (first, again) = (enter().await, enter().await);
    assert_eq!((first.status.code(), again.status.code(), &again.body), (201, 201, &first.body), "{}", first.text);
    admin.enters(&phone(2)).await;
    admin.delete(&format!("/auth/keys/{}", id(&made))).await.good();

    let events = admin.get("/audit-events?limit=200").await.good();
    let of = |action: &str| events.items().iter().filter(|e| e["action"] == action).cloned().collect::<Vec<_>>();
    let [by_admin, by_key, ..] = &of("user.created")[..] else { panic!("{}", events.text) };
    assert_eq!((by_key["actor_id"].as_str(), by_key["key_id"].as_str()), (Some(&*admin.id), Some(id(&made))));
    assert_eq!(by_key["subject_id"], first.body["id"]);
    assert!(by_admin.get("key_id").is_none(), "{by_admin}");
    let [created] = &of("key.created")[..] else { panic!("{}", events.text) };
    assert_eq!((&created["subject_id"], &created["changes"]["key"]["to"]), (&json!(admin.id), &made.body["id"]));
    assert_eq!(created["changes"]["scopes"]["to"], json!(["create_customer", "read_audit_events"]));
    let [revoked] = &of("key.revoked")[..] else { panic!("{}", events.text) };
    assert_eq!((&revoked["subject_id"], &revoked["changes"]["name"]["from"]), (&json!(admin.id), &json!("program")));
    assert!(!events.text.contains("clk_"), "{}", events.text);
}

async fn a_key_that_is_revoked_meanwhile_writes_nothing(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let customer = admin.enters(&phone(1)).await;
    let made = admin.makes_key(&["create_customer", "update_customer", "import_and_export"]).await;
    let key = program(&app, &made);
    let json = "application/json";
    let new = json!({ "role": "customer", "phone": phone(2) }).to_string();
    let change = json!({ "display_name": "Late" }).to_string();
    let file = format!("phone,display_name\n{},Late\n{},Late\n", phone(3), phone(1));
    let mut begun = Vec::new();
    for door in [
        ("a customer", "/users/".to_owned(), "POST", json, new),
        ("a patch", format!("/users/{customer}"), "PATCH", json, change),
        ("a file", "/users/import?on_existing=update".to_owned(), "POST", "text/csv", file),
    ] {
        begun.push(begin(&app, &key, door, "").await);
    }
    admin.delete(&format!("/auth/keys/{}", id(&made))).await.good();
    for request in begun {
        request.refused().await;
    }
    let people = admin.get("/users/managed-customers/").await.good();
    assert_eq!((people.items().len(), &people.items()[0]["display_name"]), (1, &Value::Null), "{}", people.text);
}
