//! When a manager leaves.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::{Caller, PASSWORD, Status, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    receivers_share_evenly,
    nobody_can_be_the_receiver,
    a_part_of_the_customers_can_go,
    a_dry_run_tells_the_same_and_writes_nothing,
    the_manager_can_be_deactivated_with_it,
    what_is_wrong_is_named_by_place,
    only_managers_hand_over_and_only_admins_order_it,
    simultaneous_handovers_lose_nobody,
);

const NOBODY: &str = "01936f5e-0000-7000-8000-000000000001";

/// An admin, and managers of whom the first has customers.
struct Company {
    admin: Caller,
    managers: Vec<Caller>,
    customers: Vec<String>,
}

impl Company {
    async fn new(app: &TestApp, managers: usize, customers: usize) -> Self {
        let admin = app.admin().await;
        let mut company = Self { admin, managers: Vec::new(), customers: Vec::new() };
        for number in 0..managers {
            let manager = app.manager(&company.admin, &format!("m{number}@example.com")).await;
            company.managers.push(manager);
        }
        for number in 0..customers {
            company.customers.push(company.managers[0].enters(&phone(number)).await);
        }
        company
    }

    fn path(&self, manager: usize) -> String {
        format!("/users/{}/handover", self.managers[manager].id)
    }

    fn id(&self, manager: usize) -> &str {
        &self.managers[manager].id
    }

    /// How many customers each manager has, and nobody has.
    async fn shares(&self) -> BTreeMap<String, usize> {
        let mut shares = BTreeMap::new();
        for customer in self.admin.get("/users/?role=customer&limit=200").await.items() {
            *shares.entry(customer["assigned_manager_id"].as_str().unwrap_or("none").to_owned()).or_default() += 1;
        }
        shares
    }

    /// Without the reads, of which this is one.
    async fn actions(&self, id: &str) -> Vec<Value> {
        let data = self.admin.get(&format!("/users/{id}/data")).await;
        assert_eq!(data.status, 200, "{}", data.text);
        let events = data.body["audit_events"].as_array().unwrap().iter();
        events.filter(|event| event["action"] != "user.data_read").cloned().collect()
    }
}

async fn receivers_share_evenly(app: TestApp) {
    let company = Company::new(&app, 4, 8).await;
    let first = format!("/users/{}", company.customers[0]);
    let before = company.admin.get(&first).await;
    let to = [company.id(1), company.id(2), company.id(3)];
    let done = company.admin.post(&company.path(0), json!({ "to": to })).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(done.body, json!({ "transferred": 8, "to": { (to[0]): 3, (to[1]): 3, (to[2]): 2 } }));
    let shares = company.shares().await;
    assert_eq!(shares, BTreeMap::from([(to[0].to_owned(), 3), (to[1].to_owned(), 3), (to[2].to_owned(), 2)]));
    // Ids run with time, so the customers went round in the order in which they were entered.
    for (number, id) in company.customers.iter().enumerate() {
        let customer = company.admin.get(&format!("/users/{id}")).await;
        assert_eq!(customer.body["assigned_manager_id"], to[number % 3]);
        let event = &company.actions(id).await[0];
        assert_eq!((&event["action"], &event["actor_id"]), (&json!("customer.assigned"), &json!(company.admin.id)));
        let changes = json!({ "assigned_manager_id": { "from": company.id(0), "to": to[number % 3] } });
        assert_eq!(event["changes"], changes);
    }
    let after = company.admin.get(&first).await;
    assert_ne!(after.header("etag"), before.header("etag"));
    assert!(after.body["updated_at"].as_str() > before.body["updated_at"].as_str());
    assert_eq!(company.managers[0].get(&first).await.status, 404);
    assert_eq!(company.managers[1].get(&first).await.status, 200);
    assert_eq!(company.managers[0].get("/users/me").await.status, 200, "nobody asked to deactivate them");
    let again = company.admin.post(&company.path(0), json!({ "to": to })).await;
    assert_eq!(again.body, json!({ "transferred": 0, "to": { (to[0]): 0, (to[1]): 0, (to[2]): 0 } }));
}

async fn nobody_can_be_the_receiver(app: TestApp) {
    let company = Company::new(&app, 1, 3).await;
    let done = company.admin.post(&company.path(0), json!({ "to": [] })).await;
    assert_eq!((done.status, &done.body), (Status::OK, &json!({ "transferred": 3, "to": {} })));
    assert_eq!(company.shares().await, BTreeMap::from([("none".to_owned(), 3)]));
    let event = &company.actions(&company.customers[0]).await[0];
    assert_eq!(event["changes"]["assigned_manager_id"], json!({ "from": company.id(0), "to": null }));
}

async fn a_part_of_the_customers_can_go(app: TestApp) {
    let company = Company::new(&app, 3, 5).await;
    let some = [&company.customers[4], &company.customers[1], &company.customers[2]];
    let order = json!({ "to": [company.id(1), company.id(2)], "customer_ids": some });
    let done = company.admin.post(&company.path(0), order).await;
    assert_eq!(done.body, json!({ "transferred": 3, "to": { (company.id(1)): 2, (company.id(2)): 1 } }));
    assert_eq!(company.shares().await[company.id(0)], 2);
    let none = json!({ "to": [company.id(1)], "customer_ids": [] });
    let done = company.admin.post(&company.path(0), none).await;
    assert_eq!(done.body, json!({ "transferred": 0, "to": { (company.id(1)): 0 } }));
}

async fn a_dry_run_tells_the_same_and_writes_nothing(app: TestApp) {
    let company = Company::new(&app, 3, 5).await;
    let events = app.rows("SELECT action FROM audit_events").await.len();
    let order = |dry_run: bool| json!({ "to": [company.id(1), company.id(2)], "deactivate": true, "dry_run": dry_run });
    let told = company.admin.post(&company.path(0), order(true)).await;
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(company.shares().await, BTreeMap::from([(company.id(0).to_owned(), 5)]));
    assert_eq!(company.managers[0].get("/users/me").await.status, 200);
    assert_eq!(app.rows("SELECT action FROM audit_events").await.len(), events);
    let done = company.admin.post(&company.path(0), order(false)).await;
    assert_eq!(done.body, told.body);
    let wrong = json!({ "to": [NOBODY], "dry_run": true });
    assert_problem(&company.admin.post(&company.path(0), wrong).await, 422, "validation_failed");
}

async fn the_manager_can_be_deactivated_with_it(app: TestApp) {
    let company = Company::new(&app, 2, 2).await;
    let path = format!("/users/{}", company.id(0));
    let done = company.admin.post(&company.path(0), json!({ "to": [company.id(1)], "deactivate": true })).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_problem(&company.managers[0].get("/users/me").await, 401, "invalid_token");
    assert_eq!(company.admin.get(&path).await.body["is_active"], false);
    let events = company.actions(company.id(0)).await;
    let updated: Vec<_> = events.iter().filter(|event| event["action"] == "user.updated").collect();
    assert_eq!(updated.len(), 1);
    assert_eq!(updated[0]["changes"], json!({ "is_active": { "from": true, "to": false } }));
    let again = company.admin.post(&company.path(0), json!({ "to": [company.id(1)], "deactivate": true })).await;
    assert_eq!(again.status, 200, "who has left already can be asked for: {}", again.text);
    assert_eq!(company.actions(company.id(0)).await.len(), events.len());
    assert_eq!(company.admin.delete(&path).await.status, 204);
}

async fn what_is_wrong_is_named_by_place(app: TestApp) {
    let company = Company::new(&app, 3, 2).await;
    let path = company.path(0);
    let others = company.managers[1].enters(&phone(50)).await;
    let idle = company.id(2);
    assert_eq!(company.admin.patch(&format!("/users/{idle}"), json!({ "is_active": false })).await.status, 200);
    let to = json!([company.id(1), company.id(0), company.id(1), NOBODY, company.admin.id, others, idle]);
    let customers = json!([company.customers[0], others, company.customers[0], NOBODY, company.id(1)]);
    let refused = company.admin.post(&path, json!({ "to": to, "customer_ids": customers })).await;
    assert_problem(&refused, 422, "validation_failed");
    let mut expected: Vec<_> = (1..=6).map(|n| format!("/to/{n}")).collect();
    expected.extend((1..=4).map(|n| format!("/customer_ids/{n}")));
    expected.sort_unstable();
    assert_eq!(refused.pointers(), expected);
    for (body, pointers) in [
        (json!({}), vec!["/to"]),
        (json!({ "to": null }), vec!["/to"]),
        (json!({ "to": "x" }), vec!["/to"]),
        (json!({ "to": ["x", company.id(1), 7, null] }), vec!["/to/0", "/to/2", "/to/3"]),
        (
            json!({ "to": [], "customer_ids": {}, "deactivate": 1, "wings": 2 }),
            vec!["/customer_ids", "/deactivate", "/wings"],
        ),
    ] {
        let refused = company.admin.post(&path, body).await;
        assert_problem(&refused, 422, "validation_failed");
        assert_eq!(refused.pointers(), pointers);
    }
    assert_eq!(company.shares().await[company.id(0)], 2, "nothing half-done");
}

async fn only_managers_hand_over_and_only_admins_order_it(app: TestApp) {
    let company = Company::new(&app, 2, 1).await;
    let order = json!({ "to": [company.id(1)] });
    for id in [NOBODY, &company.admin.id, &company.customers[0], "7"] {
        let answer = company.admin.post(&format!("/users/{id}/handover"), order.clone()).await;
        assert_problem(&answer, 404, "not_found");
    }
    assert_problem(&company.managers[0].post(&company.path(0), order.clone()).await, 403, "forbidden");
    let customer = app.customer(&phone(0)).await;
    assert_problem(&customer.post(&company.path(0), order.clone()).await, 403, "forbidden");
    assert_problem(&app.anonymous().post(&company.path(0), order.clone()).await, 401, "invalid_token");
    let done = company.admin.post(&format!("{}/", company.path(0)), order).await;
    assert_eq!(done.status, 200, "{}", done.text);
}

/// Two instances hand the same customers over while new ones are entered.
async fn simultaneous_handovers_lose_nobody(app: TestApp) {
    let other = app.another(|_| {}).await;
    let company = Company::new(&app, 3, 12).await;
    let there = other.with_token(company.admin.token.as_deref().unwrap());
    let leaver = other.with_token(company.managers[0].token.as_deref().unwrap());
    let (path, back, changed) = (company.path(0), company.path(1), format!("/users/{}", company.customers[0]));
    let (one, two, three, entered, _) = tokio::join!(
        company.admin.post(&path, json!({ "to": [company.id(1), company.id(2)] })),
        there.post(&path, json!({ "to": [company.id(2)] })),
        there.post(&back, json!({ "to": [company.id(0)] })),
        leaver.post("/users/", json!({ "role": "customer", "phone": phone(100) })),
        company.admin.patch(&changed, json!({ "display_name": "x" })),
    );
    for answer in [&one, &two, &three] {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(entered.status, 201, "{}", entered.text);
    assert_eq!(company.shares().await.values().sum::<usize>(), 13);
    let transferred: u64 = [&one, &two, &three].iter().map(|answer| answer.body["transferred"].as_u64().unwrap()).sum();
    let assigned = app.rows("SELECT action FROM audit_events WHERE action = 'customer.assigned'").await.len();
    assert_eq!(assigned as u64, transferred, "each customer who went is an entry");
    assert_eq!(app.sign_in("m0@example.com", PASSWORD).await.id, company.id(0));
}
