//! Signing up: the first admin, staff under each policy, customers by phone.

use serde_json::{Value, json};
use server::settings::{CustomerSignup, StaffSignup};

use crate::app::{PASSWORD, TestApp, assert_problem, phone};
use crate::on_every_backend;

on_every_backend!(
    the_setup_token_makes_one_admin,
    two_first_admins_at_once_make_one,
    an_admin_may_come_from_the_settings,
    staff_wait_for_approval_by_default,
    staff_sign_up_openly_where_allowed,
    closed_sign_up_is_refused,
    staff_prove_their_contact_where_asked,
    a_customer_signs_up_by_phone,
    a_known_phone_signs_in,
    simultaneous_sign_ups_of_one_email_make_one,
    nobody_signs_up_with_a_role,
);

fn staff(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "display_name": "Ann" })
}

async fn the_setup_token_makes_one_admin(app: TestApp) {
    let token = app.setup_token.clone().unwrap();
    let with = |token: &str, email: &str| json!({ "setup_token": token, "email": email, "password": PASSWORD });
    let anyone = app.anonymous();
    assert_problem(&anyone.post("/auth/signup", with("wrong", "a@example.com")).await, 401, "invalid_setup_token");
    let weak = json!({ "setup_token": token, "email": "a@example.com", "password": "short" });
    assert_eq!(anyone.post("/auth/signup", weak).await.pointers(), ["/password"]);
    let made = anyone.post("/auth/signup", with(&token, "a@example.com")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["status"], "signed_in");
    assert_eq!(made.body["token_type"], "Bearer");
    assert_eq!(made.body["expires_in"], 900);
    assert_eq!(made.body["refresh_expires_in"], 30 * 24 * 3600);
    assert_eq!(made.body["user"]["role"], "admin");
    assert_eq!(app.signed_in(&made).get("/users/me").await.status, 200);
    assert_problem(&anyone.post("/auth/signup", with(&token, "b@example.com")).await, 401, "invalid_setup_token");
    assert!(app.another(|_| {}).await.setup_token.is_none(), "no token once an admin exists");
}

async fn two_first_admins_at_once_make_one(app: TestApp) {
    let second = app.another(|_| {}).await;
    let sign_up = |app: &TestApp, email: &str| {
        let body = json!({ "setup_token": app.setup_token, "email": email, "password": PASSWORD });
        let anyone = app.anonymous();
        async move { anyone.post("/auth/signup", body).await }
    };
    assert_ne!(app.setup_token, second.setup_token);
    let (one, two) = tokio::join!(sign_up(&app, "a@example.com"), sign_up(&second, "b@example.com"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401], "{} {}", one.body, two.body);
}

async fn an_admin_may_come_from_the_settings(app: TestApp) {
    let settle = |settings: &mut server::settings::Settings| {
        settings.admin_email = Some("boss@example.com".into());
        settings.admin_password = Some(PASSWORD.into());
    };
    for _ in 0..2 {
        let with = app.another(settle).await;
        assert!(with.setup_token.is_none());
        let boss = with.sign_in("boss@example.com", PASSWORD).await;
        assert_eq!(boss.get("/users/me").await.body["role"], "admin");
        assert_eq!(boss.get("/users/").await.items().len(), 1);
    }
}

async fn staff_wait_for_approval_by_default(app: TestApp) {
    let anyone = app.anonymous();
    for email in ["ann@example.com", "ANN@example.com"] {
        let answer = anyone.post("/auth/signup", staff(email)).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(answer.body, json!({ "status": "approval_required" }));
    }
    let signin = json!({ "email": "ann@example.com", "password": PASSWORD });
    assert_problem(&anyone.post("/auth/signin", signin).await, 403, "account_inactive");
    let admin = app.admin().await;
    let listed = admin.get("/users/?is_active=false").await;
    assert_eq!(listed.items().len(), 1);
    assert_eq!(listed.items()[0]["role"], "manager");
    assert_eq!(listed.items()[0]["display_name"], "Ann");
}

async fn staff_sign_up_openly_where_allowed(app: TestApp) {
    let open = app.another(|settings| settings.signup.staff = StaffSignup::Open).await;
    let answer = open.anonymous().post("/auth/signup", staff("ann@example.com")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["user"]["role"], "manager");
    assert_eq!(open.signed_in(&answer).get("/users/").await.items().len(), 1);
    assert_problem(&open.anonymous().post("/auth/signup", staff("Ann@example.com")).await, 409, "email_taken");
}

async fn closed_sign_up_is_refused(app: TestApp) {
    let closed = app
        .another(|settings| {
            settings.signup.staff = StaffSignup::Closed;
            settings.signup.customers = CustomerSignup::Closed;
        })
        .await;
    assert_problem(&closed.anonymous().post("/auth/signup", staff("ann@example.com")).await, 403, "signup_closed");
    assert_problem(&closed.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await, 403, "signup_closed");
}

async fn staff_prove_their_contact_where_asked(app: TestApp) {
    let verifying = app
        .another(|settings| {
            settings.signup.staff = StaffSignup::Open;
            settings.signup.verify_staff = true;
        })
        .await;
    let mut body = staff("ann@example.com");
    body["phone"] = json!(phone(1));
    body["verification_method"] = json!("whatsapp");
    let sent = verifying.anonymous().post("/auth/signup", body).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    assert_eq!(
        (&sent.body["status"], &sent.body["channel"], &sent.body["expires_in"]),
        (&json!("code_sent"), &json!("email"), &json!(300)),
        "the e-mail becomes the identity, whatever the method"
    );
    let done = verifying.verify(&sent, &verifying.code("ann@example.com").await).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body["user"]["verified_at"].is_string());
    // Whether the e-mail was taken is not told: the same answer, and a code that nobody gets.
    let again = verifying.anonymous().post("/auth/signup", staff("ann@example.com")).await;
    assert_eq!(again.status, 202);
    assert_eq!(again.body["status"], "code_sent");
}

async fn a_customer_signs_up_by_phone(app: TestApp) {
    let sent =
        app.anonymous().post("/auth/signup", json!({ "phone": "+998 90 000-00-01", "display_name": " Bob " })).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    assert_eq!((&sent.body["channel"], &sent.body["expires_in"]), (&json!("phone"), &json!(300)));
    let code = app.code(&phone(1)).await;
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
    let again = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    assert_eq!(again.body["challenge_id"], sent.body["challenge_id"], "asked again at once, the same challenge");
    assert_eq!(app.messages_to(&phone(1)), 1, "and nothing is sent");

    let done = app.verify(&sent, &code).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let user = &done.body["user"];
    assert_eq!(
        (&user["role"], &user["display_name"], &user["phone"]),
        (&json!("customer"), &json!("Bob"), &json!(phone(1)))
    );
    assert_eq!(user["created_by"], user["id"]);
    assert_eq!(user["assigned_manager_id"], Value::Null);
    assert!(user["verified_at"].is_string());
    assert_eq!(app.signed_in(&done).get("/users/me").await.body, *user);
    assert_problem(&app.verify(&sent, &code).await, 401, "invalid_code");
}

async fn a_known_phone_signs_in(app: TestApp) {
    let first = app.customer(&phone(1)).await;
    let second = app.customer(&phone(1)).await;
    assert_eq!(first.id, second.id);
    assert_eq!(app.messages_to(&phone(1)), 2);
}

async fn simultaneous_sign_ups_of_one_email_make_one(app: TestApp) {
    let open = app.another(|settings| settings.signup.staff = StaffSignup::Open).await;
    let anyone = open.anonymous();
    let (one, two) = tokio::join!(
        anyone.post("/auth/signup", staff("a@example.com")),
        anyone.post("/auth/signup", staff("A@example.com"))
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.body, two.body);
}

async fn nobody_signs_up_with_a_role(app: TestApp) {
    let mut body = staff("ann@example.com");
    body["role"] = json!("admin");
    let answer = app.anonymous().post("/auth/signup", body).await;
    assert_problem(&answer, 422, "validation_failed");
    assert_eq!(answer.pointers(), ["/role"]);
    assert_eq!(answer.body["errors"][0]["code"], "unknown_field");
}
