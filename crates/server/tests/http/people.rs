//! Entering and reading people.

use serde_json::json;

use crate::app::{TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    admin_enters_every_role,
    manager_enters_customers_for_themselves_only,
    customer_enters_nobody,
    a_customer_is_assigned_to_active_managers_only,
    contacts_are_unique_in_every_spelling,
    one_of_two_simultaneous_entries_wins,
    everyone_reads_whom_they_may,
    an_entity_tag_saves_the_second_answer,
    both_spellings_of_every_path_answer,
);

async fn admin_enters_every_role(app: TestApp) {
    let admin = app.admin().await;
    let staff = admin
        .post(
            "/users/",
            json!({
                "role": "manager", "email": " Ann@Example.com ", "password": "correct horse battery", "display_name": "Ann",
                "phone": "+998 90 111-22-33", "tin_trunk_number": " 77 ", "verification_method": "whatsapp",
            }),
        )
        .await;
    assert_eq!(staff.status, 201, "{}", staff.body);
    let id = staff.body["id"].as_str().unwrap();
    assert_eq!(staff.location(), format!("/users/{id}"));
    assert!(staff.header("etag").starts_with('"'));
    assert_eq!(
        staff.keys(),
        [
            "id",
            "role",
            "is_active",
            "verified_at",
            "display_name",
            "email",
            "phone",
            "tin_trunk_number",
            "verification_method",
            "created_at",
            "updated_at"
        ]
    );
    assert_eq!(staff.body["email"], "ann@example.com");
    assert_eq!(staff.body["phone"], "+998901112233");
    assert_eq!(staff.body["tin_trunk_number"], "77");
    assert_eq!(staff.body["is_active"], true);
    assert!(staff.body["created_at"].as_str().unwrap().ends_with('Z'));

    let customer = admin
        .post("/users/", json!({ "role": "customer", "phone": phone(1), "metadata": { "tier": [1, { "ў": null }] }, "assigned_manager_id": id }))
        .await;
    assert_eq!(customer.status, 201, "{}", customer.body);
    assert_eq!(
        customer.keys(),
        [
            "id",
            "role",
            "is_active",
            "verified_at",
            "display_name",
            "phone",
            "created_by",
            "assigned_manager_id",
            "metadata",
            "created_at",
            "updated_at"
        ]
    );
    assert_eq!(customer.body["metadata"], json!({ "tier": [1, { "ў": null }] }));
    assert_eq!(customer.body["assigned_manager_id"], id);
    assert_eq!(customer.body["created_by"], admin.id);
    assert_eq!(customer.body["display_name"], json!(null));

    let read = admin.get(&customer.location()).await;
    assert_eq!(read.body, customer.body, "what was answered is what is stored");
    assert_eq!(read.header("etag"), customer.header("etag"));

    let second = admin
        .post("/users/", json!({ "role": "admin", "email": "b@example.com", "password": "correct horse battery" }))
        .await;
    assert_eq!(second.status, 201);
    assert_eq!(second.body["verification_method"], "email");
}

async fn manager_enters_customers_for_themselves_only(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;

    let own = ann.post("/users/", json!({ "role": "customer", "phone": phone(1) })).await;
    assert_eq!(own.status, 201, "{}", own.body);
    assert_eq!(own.body["assigned_manager_id"], ann.id);
    assert_eq!(own.body["created_by"], ann.id);
    let named =
        ann.post("/users/", json!({ "role": "customer", "phone": phone(2), "assigned_manager_id": ann.id })).await;
    assert_eq!(named.status, 201, "{}", named.body);

    let others =
        ann.post("/users/", json!({ "role": "customer", "phone": phone(3), "assigned_manager_id": ben.id })).await;
    assert_problem(&others, 403, "forbidden");
    assert_eq!(others.body["errors"][0]["pointer"], "/assigned_manager_id");
    for role in ["manager", "admin"] {
        let staff = ann.post("/users/", json!({ "role": role })).await;
        assert_problem(&staff, 403, "forbidden");
        assert_eq!(staff.body["errors"][0]["pointer"], "/role");
    }
}

async fn customer_enters_nobody(app: TestApp) {
    let customer = app.customer(&phone(1)).await;
    for body in [json!({ "role": "customer", "phone": phone(2) }), json!({}), json!({ "wings": 2 })] {
        assert_problem(&customer.post("/users/", body).await, 403, "forbidden");
    }
}

async fn a_customer_is_assigned_to_active_managers_only(app: TestApp) {
    let admin = app.admin().await;
    let customer = admin.post("/users/", json!({ "role": "customer", "phone": phone(1) })).await;
    let idle = admin
        .post("/users/", json!({ "role": "manager", "email": "idle@example.com", "password": "correct horse battery", "is_active": false }))
        .await;
    assert_eq!(idle.status, 201, "{}", idle.body);
    let nobody = "01936f5e-0000-7000-8000-000000000001";
    for manager in [nobody, &admin.id, customer.body["id"].as_str().unwrap(), idle.body["id"].as_str().unwrap()] {
        let answer = admin
            .post("/users/", json!({ "role": "customer", "phone": phone(2), "assigned_manager_id": manager }))
            .await;
        assert_problem(&answer, 422, "validation_failed");
        assert_eq!(answer.body["errors"][0]["pointer"], "/assigned_manager_id");
    }
    let listed = admin.get("/users/?role=customer").await;
    assert_eq!(listed.items().len(), 1, "nothing half-written");
}

async fn contacts_are_unique_in_every_spelling(app: TestApp) {
    let admin = app.admin().await;
    app.manager(&admin, "ann@example.com").await;
    let again = json!({ "role": "manager", "email": "ANN@example.COM", "password": "correct horse battery" });
    assert_problem(&admin.post("/users/", again).await, 409, "email_taken");
    assert_eq!(admin.post("/users/", json!({ "role": "customer", "phone": "+998901234567" })).await.status, 201);
    let again = json!({ "role": "customer", "phone": "+998 (90) 123-45-67" });
    assert_problem(&admin.post("/users/", again).await, 409, "phone_taken");
}

async fn one_of_two_simultaneous_entries_wins(app: TestApp) {
    let admin = app.admin().await;
    let enter = |email: &'static str| {
        admin.post("/users/", json!({ "role": "manager", "email": email, "password": "correct horse battery" }))
    };
    let (one, two, three) = tokio::join!(enter("x@example.com"), enter("X@example.com"), enter("x@EXAMPLE.com"));
    let mut statuses = [one.status, two.status, three.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
    assert_eq!(admin.get("/users/?q=x@example.com").await.items().len(), 1);
}

async fn everyone_reads_whom_they_may(app: TestApp) {
    let admin = app.admin().await;
    let ann = app.manager(&admin, "ann@example.com").await;
    let ben = app.manager(&admin, "ben@example.com").await;
    let customer = app.customer(&phone(1)).await;
    let hers = ann.post("/users/", json!({ "role": "customer", "phone": phone(2) })).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let nobody = "01936f5e-0000-7000-8000-000000000001".to_owned();
    for (caller, seen) in [
        (&admin, vec![&admin.id, &ann.id, &ben.id, &customer.id, &hers]),
        (&ann, vec![&ann.id, &hers]),
        (&ben, vec![&ben.id]),
        (&customer, vec![&customer.id]),
    ] {
        for id in [&admin.id, &ann.id, &ben.id, &customer.id, &hers, &nobody] {
            let answer = caller.get(&format!("/users/{id}")).await;
            if seen.contains(&id) {
                assert_eq!(answer.status, 200);
                assert_eq!(answer.body["id"], **id);
            } else {
                assert_problem(&answer, 404, "not_found");
            }
        }
        assert_eq!(caller.get("/users/me").await.body["id"], caller.id);
        assert_problem(&caller.get("/users/not-a-uuid").await, 404, "not_found");
    }
}

async fn an_entity_tag_saves_the_second_answer(app: TestApp) {
    let admin = app.admin().await;
    for path in ["/users/me".to_owned(), format!("/users/{}", admin.id)] {
        let first = admin.get(&path).await;
        let again = admin.get_with(&path, &[("if-none-match", first.header("etag"))]).await;
        assert_eq!(again.status, 304);
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(admin.get_with(&path, &[("if-none-match", "\"other\"")]).await.status, 200);
    }
}

async fn both_spellings_of_every_path_answer(app: TestApp) {
    let admin = app.admin().await;
    for path in [
        "/users",
        "/users/me",
        "/users/managed-customers",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/.well-known/jwks.json",
        "/docs",
    ] {
        assert_eq!(admin.get(path).await.status, 200, "{path}");
        assert_eq!(admin.get(&format!("{path}/")).await.status, 200, "{path}/");
    }
    let body = json!({ "role": "customer", "phone": phone(1) });
    assert_eq!(admin.post("/users", body).await.status, 201);
    assert_eq!(app.anonymous().post("/auth/signin/", json!({ "phone": phone(1) })).await.status, 202);
}
