//! What an admin, or a key of theirs, is told of a token; and what each caller is told of their own rights.

use chrono::TimeDelta;
use domain::Clock;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Answer, Caller, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(in still time:
    a_good_token_is_described,
    a_good_key_is_described,
    of_a_token_that_is_not_good_nothing_is_said,
    only_admins_and_their_keys_for_it_may_ask,
    a_form_has_one_token,
    permissions_are_those_of_the_policy,
);

async fn introspect(caller: &Caller, token: &str) -> Answer {
    let form = format!("token_type_hint=access_token&token={token}");
    caller.post_text("/oauth/introspect", "application/x-www-form-urlencoded", form).await
}

async fn a_good_token_is_described(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let answer = introspect(&admin, ann.token.as_ref().unwrap()).await.good();
    let now = clock.now().timestamp();
    let expected = json!({
        "active": true, "sub": ann.id, "role": "manager", "iat": now, "exp": now + 900,
        "iss": app.address, "aud": "clientele", "token_type": "Bearer",
    });
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn a_good_key_is_described(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let key = ann.key(&app, &["list_users", "read_user"]).await;
    let gateway = admin.key(&app, &["introspect"]).await;
    let answer = introspect(&gateway, key.token.as_ref().unwrap()).await.good();
    assert_eq!(answer.body["active"], true);
    assert_eq!((&answer.body["sub"], &answer.body["role"]), (&json!(ann.id), &json!("manager")));
    assert_eq!(answer.body["scope"], "list_users read_user");
    assert_eq!(answer.body["iat"], clock.now().timestamp());
    assert!(answer.body["exp"].as_i64().unwrap() > clock.now().timestamp());
}

async fn of_a_token_that_is_not_good_nothing_is_said(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let key = ann.key(&app, &["read_user"]).await;
    let of_ann = [ann.token.clone().unwrap(), key.token.unwrap()];
    let inactive = json!({ "active": false });
    admin.patch(&format!("/users/{}", ann.id), json!({ "is_active": false })).await.good();
    ben.post("/auth/signout", json!({})).await.good();
    let forged = of_ann[1].replace("clk_", "clk_x");
    for token in [of_ann[0].as_str(), &of_ann[1], ben.token.as_ref().unwrap(), "garbage", "clk_", &forged, "a.b.c"] {
        assert_eq!(introspect(&admin, token).await.good().body, inactive, "{token}");
    }
    let other = app.manager(&admin, "other@example.com").await;
    clock.advance(TimeDelta::minutes(14));
    let late = app.sign_in("admin@example.com", crate::app::PASSWORD).await;
    clock.advance(TimeDelta::minutes(1));
    assert_eq!(introspect(&late, other.token.as_ref().unwrap()).await.good().body, inactive, "expired");
}

async fn only_admins_and_their_keys_for_it_may_ask(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = app.customer(&phone(1)).await;
    let other_key = admin.key(&app, &["read_user"]).await;
    for caller in [&ann, &customer, &other_key] {
        assert_problem(&introspect(caller, admin.token.as_ref().unwrap()).await, 403, "forbidden");
    }
    assert_problem(&introspect(&app.anonymous(), "garbage").await, 401, "invalid_token");
}

async fn a_form_has_one_token(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let form = "application/x-www-form-urlencoded";
    for body in ["", "token=", "other=1", "token=a&token=b"] {
        let answer = admin.post_text("/oauth/introspect", form, body).await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.body["errors"][0]["pointer"], "/token", "{body}");
    }
    let large = format!("token={}", "a".repeat(1024 * 1024));
    assert_problem(&admin.post_text("/oauth/introspect", form, large).await, 413, "payload_too_large");
    let json = admin.post("/oauth/introspect", json!({ "token": "a" })).await;
    assert_problem(&json, 415, "unsupported_media_type");
    let twice =
        admin.post_text("/oauth/introspect", "application/x-www-form-urlencoded; charset=utf-8", "token=a").await;
    assert_eq!(twice.good().body, json!({ "active": false }));
}

async fn permissions(caller: &Caller) -> Value {
    caller.get("/users/me/permissions").await.good().body
}

async fn permissions_are_those_of_the_policy(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = app.customer(&phone(1)).await;
    let of_admin = permissions(&admin).await;
    assert_eq!(of_admin["role"], "admin");
    assert_eq!(of_admin["actions"]["list_users"], "all");
    assert_eq!(of_admin["actions"]["assign_customer"], "all_customers");
    let every =
        json!(["role", "is_active", "display_name", "email", "phone", "tin_trunk_number", "verification_method"]);
    assert_eq!(sorted(&of_admin["fields"]["staff"]), sorted(&every));
    let of_ann = permissions(&ann).await;
    assert_eq!(of_ann["actions"]["list_users"], "self_and_assigned");
    assert_eq!(of_ann["actions"]["create_customer"], "assigned");
    assert_eq!(of_ann["actions"]["update_staff"], "self");
    assert_eq!(of_ann["actions"]["erase_user"], "none");
    let own = json!(["display_name", "phone", "tin_trunk_number", "verification_method"]);
    assert_eq!(sorted(&of_ann["fields"]["staff"]), sorted(&own));
    let of_customers = json!(["display_name", "is_active", "metadata", "phone"]);
    assert_eq!(sorted(&of_ann["fields"]["customer"]), sorted(&of_customers));
    let of_customer = permissions(&customer).await;
    assert_eq!(of_customer["actions"]["read_user"], "self");
    assert_eq!(of_customer["fields"], json!({ "staff": [], "customer": ["display_name"] }));
    let of_key = permissions(&ann.key(&app, &["read_user"]).await).await;
    assert_eq!(of_key["actions"]["read_user"], "self_and_assigned");
    assert_eq!(of_key["actions"]["list_users"], "none");
    assert_eq!(of_key["fields"], json!({ "staff": [], "customer": [] }));
    assert_problem(&ann.get("/users/me/permissions?all=true").await, 422, "validation_failed");
}

fn sorted(names: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    names
}
