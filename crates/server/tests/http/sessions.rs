//! People see and end their own sessions.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Caller, PASSWORD, Status, TestApp, assert_problem, phone, send};
use crate::on_every_backend;

on_every_backend!(in still time:
    sessions_tell_when_where_and_which,
    nobody_sees_or_ends_another_persons_sessions,
    an_ended_session_is_gone,
    sessions_come_in_pages,
);

async fn sign_in_as(app: &TestApp, agent: &str) -> Caller {
    let body = json!({ "email": "admin@example.com", "password": PASSWORD });
    let request = app.anonymous().request("POST", "/auth/signin").header("user-agent", agent);
    app.signed_in(&send(request.json(&body)).await)
}

fn ids(sessions: &[Value]) -> Vec<String> {
    sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

async fn sessions_tell_when_where_and_which(app: TestApp, clock: FixedClock) {
    app.admin().await;
    clock.advance(TimeDelta::seconds(1));
    let caller = sign_in_as(&app, "Phone").await;
    clock.advance(TimeDelta::seconds(1));
    sign_in_as(&app, "Laptop").await;
    let answer = caller.get("/auth/sessions").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.keys(), ["items", "next_cursor"]);
    assert_eq!(answer.body["next_cursor"], Value::Null);
    let [laptop, phone, first] = answer.items() else { panic!("{}", answer.body) };
    assert_eq!((&laptop["user_agent"], &laptop["current"]), (&json!("Laptop"), &json!(false)));
    assert_eq!(first["current"], false);
    let mut phone = phone.clone();
    assert!(phone["id"].take().is_string());
    assert_eq!(
        phone,
        json!({
            "id": null, "created_at": "2026-01-01T12:00:01.000000Z", "last_used_at": "2026-01-01T12:00:01.000000Z",
            "expires_at": "2026-01-31T12:00:01.000000Z", "address": "127.0.0.1", "user_agent": "Phone", "current": true,
        })
    );
}

async fn nobody_sees_or_ends_another_persons_sessions(app: TestApp, _: FixedClock) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let customer = app.customer(&phone(1)).await;
    let own = |caller: Caller| async move { ids(caller.get("/auth/sessions").await.items()) };
    let (of_admin, of_ann) = (own(admin.clone()).await, own(ann.clone()).await);
    assert_eq!((of_admin.len(), of_ann.len(), own(customer.clone()).await.len()), (1, 1, 1));
    // Not even an admin, by this route.
    for (caller, id) in [(&ann, &of_admin[0]), (&admin, &of_ann[0]), (&customer, &of_ann[0])] {
        assert_problem(&caller.delete(&format!("/auth/sessions/{id}")).await, 404, "not_found");
    }
    for id in ["01936f5e-0000-7000-8000-000000000001", "x", "%00"] {
        assert_problem(&ann.delete(&format!("/auth/sessions/{id}")).await, 404, "not_found");
    }
    for caller in [&admin, &ann, &customer] {
        assert_eq!(caller.get("/users/me").await.status, 200);
    }
}

async fn an_ended_session_is_gone(app: TestApp, clock: FixedClock) {
    app.admin().await;
    let caller = sign_in_as(&app, "one").await;
    sign_in_as(&app, "two").await;
    let before = ids(caller.get("/auth/sessions").await.items());
    let own = caller.get("/auth/sessions").await.items().iter().position(|session| session["current"] == true).unwrap();
    let other = before.iter().enumerate().find(|(at, _)| *at != own).unwrap().1;
    assert_eq!(caller.delete(&format!("/auth/sessions/{other}/")).await.status, 204);
    assert_problem(&caller.delete(&format!("/auth/sessions/{other}")).await, 404, "not_found");
    let after = ids(caller.get("/auth/sessions").await.items());
    assert_eq!(after, before.iter().filter(|id| *id != other).cloned().collect::<Vec<_>>());
    // One that expired is listed no longer, though its row is there.
    clock.advance(TimeDelta::days(29));
    let fresh = sign_in_as(&app, "three").await;
    clock.advance(TimeDelta::minutes(14));
    assert_eq!(fresh.get("/auth/sessions").await.items().len(), 3);
    clock.advance(TimeDelta::days(1) - TimeDelta::minutes(14));
    let newest = sign_in_as(&app, "four").await;
    assert_eq!(newest.get("/auth/sessions").await.items().len(), 2);
    assert_eq!(newest.delete("/auth/sessions").await.status, 204);
    assert_eq!(newest.delete("/auth/sessions").await.status, 204, "none left to end is as good");
    assert_eq!(newest.get("/auth/sessions").await.items().len(), 1);
}

async fn sessions_come_in_pages(app: TestApp, clock: FixedClock) {
    let admin = app.admin().await;
    for n in 0..4 {
        clock.advance(TimeDelta::seconds(n % 2));
        sign_in_as(&app, "again").await;
    }
    let all = admin.get("/auth/sessions").await;
    assert_eq!((all.items().len(), all.body.get("total")), (5, None));
    let (mut paged, mut path) = (Vec::new(), "/auth/sessions?limit=2&include_total=true".to_owned());
    for count in [2, 2, 1] {
        let page = admin.get(&path).await;
        assert_eq!((page.status, page.items().len(), &page.body["total"]), (Status::OK, count, &json!(5)));
        paged.extend(ids(page.items()));
        if let Some(cursor) = page.body["next_cursor"].as_str() {
            path = format!("/auth/sessions?limit=2&include_total=true&cursor={cursor}");
            assert_eq!(page.next_page(), path);
        } else {
            assert!(page.headers.get("link").is_none());
        }
    }
    assert_eq!(paged, ids(all.items()));
    for wrong in ["limit=0", "limit=201", "cursor=x", "include_total=1", "sort=created_at"] {
        assert_problem(&admin.get(&format!("/auth/sessions?{wrong}")).await, 422, "validation_failed");
    }
}
