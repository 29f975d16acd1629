//! After the answer that ends a session, the very next request with its token is refused on the instance that ended it,
//! and within two seconds on any other.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{Answer, Caller, PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    after_a_sign_out,
    after_one_session_was_ended_from_another,
    after_the_others_were_ended,
    after_a_changed_password,
    after_a_reset_password,
    after_a_reused_refresh_token,
    after_an_admin_signed_them_out,
    after_an_admin_deactivated_them,
    after_their_key_was_revoked,
    after_the_owner_of_a_key_changed,
);

const NEW_PASSWORD: &str = "another fine passphrase";

/// Two instances on one database, with a manager.
struct Stage {
    here: TestApp,
    there: TestApp,
    admin: Caller,
}

impl Stage {
    async fn new(here: TestApp) -> Self {
        let there = here.another(|_| {}).await;
        let admin = here.admin().await;
        here.manager(&admin, "ann@example.com").await;
        Self { here, there, admin }
    }

    async fn sign_in(&self) -> Answer {
        let answer = self.here.try_sign_in("ann@example.com", PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.assert_alive(&answer).await;
        answer
    }

    fn caller(&self, signed_in: &Answer) -> Caller {
        self.here.signed_in(signed_in)
    }

    async fn assert_alive(&self, signed_in: &Answer) {
        for instance in [&self.here, &self.there] {
            assert_eq!(instance.signed_in(signed_in).get("/users/me").await.status, 200);
        }
    }

    /// The access token is dead here at once, and on the other instance within two seconds; the refresh token is dead
    /// on both at once.
    async fn assert_dead(&self, signed_in: &Answer) {
        let since = Instant::now();
        assert_problem(&self.here.signed_in(signed_in).get("/users/me").await, 401, "invalid_token");
        for instance in [&self.there, &self.here] {
            let refresh = json!({ "refresh_token": signed_in.body["refresh_token"] });
            assert_problem(&instance.anonymous().post("/auth/refresh", refresh).await, 401, "invalid_token");
        }
        assert_dead_within_two_seconds(&self.there.signed_in(signed_in), since).await;
    }

    /// A program with a key of this person, which is good on both instances.
    async fn key(&self, owner: &Caller) -> (Answer, Caller, Caller) {
        let made = owner.makes_key(&["read_user"]).await;
        let text = made.body["key"].as_str().unwrap();
        let (here, there) = (self.here.with_token(text), self.there.with_token(text));
        for _ in 0..3 {
            assert_eq!(
                (here.get("/users/me").await.status.code(), there.get("/users/me").await.status.code()),
                (200, 200)
            );
        }
        (made, here, there)
    }
}

async fn assert_dead_within_two_seconds(there: &Caller, since: Instant) {
    let current = there.get_with("/users/me", &[("Cache-Control", "no-cache")]).await;
    assert_problem(&current, 401, "invalid_token");
    // Using it all the time makes it live no longer.
    while since.elapsed() < Duration::from_secs(2) {
        there.get("/users/me").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_problem(&there.get("/users/me").await, 401, "invalid_token");
}

async fn after_a_sign_out(app: TestApp) {
    let stage = Stage::new(app).await;
    let (one, other) = (stage.sign_in().await, stage.sign_in().await);
    assert_eq!(stage.caller(&one).post("/auth/signout", Value::Null).await.status, 204);
    stage.assert_dead(&one).await;
    stage.assert_alive(&other).await;
    let customer = stage.here.customer(&phone(1)).await;
    assert_eq!(customer.post("/auth/signout", Value::Null).await.status, 204);
    assert_problem(&customer.get("/users/me").await, 401, "invalid_token");
    assert_problem(&customer.post("/auth/signout", Value::Null).await, 401, "invalid_token");
}

async fn after_one_session_was_ended_from_another(app: TestApp) {
    let stage = Stage::new(app).await;
    let (one, other) = (stage.sign_in().await, stage.sign_in().await);
    let sessions = stage.caller(&one).get("/auth/sessions").await;
    let current = sessions.items().iter().find(|session| session["current"] == true).unwrap();
    let path = format!("/auth/sessions/{}", current["id"].as_str().unwrap());
    assert_eq!(stage.caller(&other).delete(&path).await.status, 204);
    stage.assert_dead(&one).await;
    stage.assert_alive(&other).await;
}

async fn after_the_others_were_ended(app: TestApp) {
    let stage = Stage::new(app).await;
    let (one, two, own) = (stage.sign_in().await, stage.sign_in().await, stage.sign_in().await);
    assert_eq!(stage.caller(&own).delete("/auth/sessions").await.status, 204);
    stage.assert_dead(&one).await;
    stage.assert_dead(&two).await;
    stage.assert_alive(&own).await;
}

async fn after_a_changed_password(app: TestApp) {
    let stage = Stage::new(app).await;
    let (other, own) = (stage.sign_in().await, stage.sign_in().await);
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    assert_eq!(stage.caller(&own).post("/auth/password/change", body).await.status, 204);
    stage.assert_dead(&other).await;
    stage.assert_alive(&own).await;
    let refresh = json!({ "refresh_token": own.body["refresh_token"] });
    assert_eq!(stage.there.anonymous().post("/auth/refresh", refresh).await.status, 200);
}

async fn after_a_reset_password(app: TestApp) {
    let stage = Stage::new(app).await;
    let (one, two) = (stage.sign_in().await, stage.sign_in().await);
    let sent = stage.here.anonymous().post("/auth/password/forgot", json!({ "email": "ann@example.com" })).await;
    let code = stage.here.code("ann@example.com").await;
    let body = json!({ "challenge_id": sent.body["challenge_id"], "code": code, "new_password": NEW_PASSWORD });
    assert_eq!(stage.here.anonymous().post("/auth/password/reset", body).await.status, 204);
    stage.assert_dead(&one).await;
    stage.assert_dead(&two).await;
}

async fn after_a_reused_refresh_token(app: TestApp) {
    let stage = Stage::new(app).await;
    let first = stage.sign_in().await;
    let refresh = |answer: &Answer| {
        let body = json!({ "refresh_token": answer.body["refresh_token"] });
        let anyone = stage.here.anonymous();
        async move { anyone.post("/auth/refresh", body).await }
    };
    let second = refresh(&first).await;
    let third = refresh(&second).await;
    stage.assert_alive(&third).await;
    assert_problem(&refresh(&first).await, 401, "invalid_token");
    stage.assert_dead(&third).await;
}

async fn after_an_admin_signed_them_out(app: TestApp) {
    let stage = Stage::new(app).await;
    let (one, two) = (stage.sign_in().await, stage.sign_in().await);
    let path = format!("/users/{}/sessions", stage.caller(&one).id);
    assert_eq!(stage.admin.delete(&path).await.status, 204);
    stage.assert_dead(&one).await;
    stage.assert_dead(&two).await;
    assert_eq!(stage.admin.get("/users/me").await.status, 200);
    stage.sign_in().await;
}

async fn after_an_admin_deactivated_them(app: TestApp) {
    let stage = Stage::new(app).await;
    let one = stage.sign_in().await;
    let path = format!("/users/{}", stage.caller(&one).id);
    assert_eq!(stage.admin.patch(&path, json!({ "is_active": false })).await.status, 200);
    stage.assert_dead(&one).await;
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    assert_problem(&stage.there.anonymous().post("/auth/signin", body).await, 403, "account_inactive");
}

async fn after_their_key_was_revoked(app: TestApp) {
    let stage = Stage::new(app).await;
    let ann = stage.caller(&stage.sign_in().await);
    let (made, here, there) = stage.key(&ann).await;
    let (_, other, _) = stage.key(&ann).await;
    let path = format!("/auth/keys/{}", made.body["id"].as_str().unwrap());
    assert_eq!(ann.delete(&path).await.status, 204);
    let since = Instant::now();
    assert_problem(&here.get("/users/me").await, 401, "invalid_token");
    assert_dead_within_two_seconds(&there, since).await;
    assert_eq!(other.get("/users/me").await.status, 200);
}

async fn after_the_owner_of_a_key_changed(app: TestApp) {
    let stage = Stage::new(app).await;
    let ann = stage.caller(&stage.sign_in().await);
    let path = format!("/users/{}", ann.id);
    let (_, here, there) = stage.key(&ann).await;
    for change in [json!({ "is_active": false }), json!({ "role": "admin" })] {
        assert_eq!(stage.admin.patch(&path, change).await.status, 200);
        let since = Instant::now();
        assert_problem(&here.get("/users/me").await, 401, "invalid_token");
        assert_dead_within_two_seconds(&there, since).await;
        stage.admin.patch(&path, json!({ "is_active": true, "role": "manager" })).await.good();
        for _ in 0..3 {
            assert_eq!(here.get("/users/me").await.status, 200);
            assert_eq!(there.get("/users/me").await.status, 200);
        }
    }
    assert_eq!(stage.admin.delete(&path).await.status, 204);
    let since = Instant::now();
    assert_problem(&here.get("/users/me").await, 401, "invalid_token");
    assert_dead_within_two_seconds(&there, since).await;
}
