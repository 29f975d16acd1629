//! What a manager learns about the customers of others.

use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};

use crate::app::{Caller, TestApp, assert_problem, phone};
use crate::import::import;
use crate::on_every_backend;

on_every_backend!(
    in still time:
    a_taken_phone_of_another_manager_is_told_a_few_times_a_day,
    once_told_too_often_a_patch_tries_no_other_phone,
    a_dry_run_finds_no_more_than_a_few,
    an_import_stops_to_look_when_it_has_told_enough,
    each_time_that_it_is_told_is_recorded,
);

/// How often it is told in a day.
const MOST: usize = 10;

struct House {
    app: TestApp,
    clock: FixedClock,
    admin: Caller,
    ann: Caller,
}

/// Thirty customers of Ben, about whom Ann wants to know.
async fn house(app: TestApp, clock: FixedClock) -> House {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let lines: Vec<_> = (1..=30).map(phone).collect();
    let imported = import(&ben, "", format!("phone\n{}\n", lines.join("\n"))).await;
    assert_eq!(imported.body["created"], 30, "{}", imported.text);
    House { app, clock, admin, ann }
}

impl House {
    async fn try_to_enter(&self, n: usize) -> u16 {
        self.ann.post("/users/", json!({ "role": "customer", "phone": phone(n) })).await.status.code()
    }

    async fn tell_all(&self) {
        for n in 1..=MOST {
            assert_eq!(self.try_to_enter(n).await, 409);
        }
    }

    /// Of the actions of this kind by Ann.
    async fn events(&self, action: &str) -> Vec<Value> {
        let query = format!("/audit-events?actor_id={}&action={action}&limit=200", self.ann.id);
        self.admin.get(&query).await.good().items().to_vec()
    }
}

async fn a_taken_phone_of_another_manager_is_told_a_few_times_a_day(app: TestApp, clock: FixedClock) {
    let house = house(app, clock).await;
    let own = house.ann.enters(&phone(100)).await;
    house.tell_all().await;
    let refused = house.ann.post("/users/", json!({ "role": "customer", "phone": phone(11) })).await;
    assert_problem(&refused, 429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "86400");
    // About her own customers, and to an admin, it may be told any number of times.
    assert_problem(
        &house.ann.post("/users/", json!({ "role": "customer", "phone": phone(100) })).await,
        409,
        "phone_taken",
    );
    assert_problem(
        &house.admin.post("/users/", json!({ "role": "customer", "phone": phone(11) })).await,
        409,
        "phone_taken",
    );
    assert_eq!(house.try_to_enter(101).await, 201, "her work goes on");
    let renamed = house.ann.patch(&format!("/users/{own}"), json!({ "display_name": "Aziza" })).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);

    house.clock.advance(TimeDelta::hours(24));
    let ann = house.app.sign_in("ann@example.com", crate::app::PASSWORD).await;
    assert_problem(&ann.post("/users/", json!({ "role": "customer", "phone": phone(11) })).await, 409, "phone_taken");
}

async fn once_told_too_often_a_patch_tries_no_other_phone(app: TestApp, clock: FixedClock) {
    let house = house(app, clock).await;
    let path = format!("/users/{}", house.ann.enters(&phone(100)).await);
    for n in 1..=MOST {
        assert_problem(&house.ann.patch(&path, json!({ "phone": phone(n) })).await, 409, "phone_taken");
    }
    // A free phone and a taken one get the same answer.
    assert_problem(&house.ann.patch(&path, json!({ "phone": phone(11) })).await, 429, "rate_limited");
    assert_problem(&house.ann.patch(&path, json!({ "phone": phone(101) })).await, 429, "rate_limited");
    let same = house.ann.patch(&path, json!({ "phone": phone(100), "display_name": "Aziza" })).await;
    assert_eq!(same.status, 200, "{}", same.text);
}

/// The codes of the lines of a file with this phone on each line.
async fn codes(caller: &Caller, query: &str, phones: impl Iterator<Item = usize>) -> Vec<String> {
    let lines: Vec<_> = phones.map(phone).collect();
    let answer = import(caller, query, format!("phone\n{}\n", lines.join("\n"))).await;
    let errors = answer.body["errors"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    errors.iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

fn count(codes: &[String], code: &str) -> usize {
    codes.iter().filter(|found| *found == code).count()
}

async fn a_dry_run_finds_no_more_than_a_few(app: TestApp, clock: FixedClock) {
    let house = house(app, clock).await;
    house.ann.enters(&phone(100)).await;
    // 25 free ones, 20 taken ones, her own one, 25 free ones.
    let asked = (200..225).chain(1..=20).chain([100]).chain(300..325);
    let told = codes(&house.ann, "?dry_run=true&on_error=skip", asked.clone()).await;
    assert_eq!(count(&told, "phone_taken"), MOST);
    // Her own is looked at; what comes after the last one that was told is not, free or taken.
    assert_eq!(count(&told, "rate_limited"), 10 + 25);
    let again = codes(&house.ann, "?dry_run=true&on_error=abort", asked.clone()).await;
    assert_eq!((count(&again, "phone_taken"), count(&again, "rate_limited")), (0, 70), "and nothing the second time");
    assert_problem(
        &house
            .ann
            .patch(&format!("/users/{}", house.ann.enters(&phone(101)).await), json!({ "phone": phone(30) }))
            .await,
        429,
        "rate_limited",
    );
    assert_eq!(count(&codes(&house.admin, "?dry_run=true&on_error=skip", asked).await, "phone_taken"), 0, "an admin's");
}

async fn an_import_stops_to_look_when_it_has_told_enough(app: TestApp, clock: FixedClock) {
    let house = house(app, clock).await;
    let told = codes(&house.ann, "?on_error=skip", (200..205).chain(1..=20).chain(300..305)).await;
    assert_eq!((count(&told, "phone_taken"), count(&told, "rate_limited")), (MOST, 15));
    assert_eq!(house.ann.get("/users/managed-customers/?limit=200").await.items().len(), 5);
}

async fn each_time_that_it_is_told_is_recorded(app: TestApp, clock: FixedClock) {
    let house = house(app, clock).await;
    assert_eq!(house.try_to_enter(7).await, 409);
    let query = format!("/users/?q={}", phone(7).replace('+', "%2B"));
    let seventh = house.admin.get(&query).await.good().items()[0]["id"].clone();
    let told = house.events("phone_taken.told").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["subject_id"], seventh);
    codes(&house.ann, "?dry_run=true", 1..=3).await;
    assert_eq!(house.events("phone_taken.told").await.len(), 4);
    let imported = house.events("users.imported").await;
    assert_eq!(imported.len(), 1);
    let to = |name: &str| imported[0]["changes"][name]["to"].clone();
    assert_eq!((to("dry_run"), to("errors"), to("created")), (json!(true), json!(3), json!(0)));
    let mine = house.ann.get("/audit-events?limit=200").await;
    assert!(mine.items().iter().all(|event| event["action"] != "phone_taken.told"), "Ann does not see whose it is");
}
