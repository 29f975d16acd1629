//! Codes through gateways: what a gateway gets, and what becomes of a request whose gateway does not work.

use std::collections::HashSet;

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::TimeDelta;
use domain::testing::FixedClock;
use serde_json::{Value, json};
use server::settings::{MailGateway, PhoneGateway, SecondFactor, Settings};

use crate::app::{PASSWORD, TestApp, phone};
use crate::gateways::{HttpGateway, MailServer, Mood};
use crate::on_every_backend;

on_every_backend!(in still time:
    two_instances_send_a_code_once,
    a_number_that_twilio_refuses_is_given_up,
    what_the_mail_server_cannot_be_given_is_given_up,
);

/// Tests that wait for the real clock.
mod in_real_time {
    use super::{
        a_code_by_mail_goes_to_the_a_labels_of_a_domain, a_code_by_mail_signs_in,
        a_gateway_that_hangs_keeps_neither_the_answer_nor_other_messages_waiting,
        a_gateway_that_is_not_there_fails_no_request,
        a_mail_server_that_hangs_keeps_neither_the_answer_nor_other_messages_waiting,
        a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not,
        a_webhook_is_signed_anew_at_every_attempt_and_never_followed_elsewhere,
        twilio_gets_its_form_and_is_asked_again_after_an_error, whatsapp_codes_go_by_their_template,
    };

    crate::on_every_backend!(
        a_code_by_mail_signs_in,
        a_code_by_mail_goes_to_the_a_labels_of_a_domain,
        whatsapp_codes_go_by_their_template,
        a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not,
        a_mail_server_that_hangs_keeps_neither_the_answer_nor_other_messages_waiting,
        twilio_gets_its_form_and_is_asked_again_after_an_error,
        a_webhook_is_signed_anew_at_every_attempt_and_never_followed_elsewhere,
        a_gateway_that_hangs_keeps_neither_the_answer_nor_other_messages_waiting,
        a_gateway_that_is_not_there_fails_no_request
    );
}

/// The service with the gateways of these settings. The first one is stopped, so that it sends nothing.
async fn with_gateways(app: TestApp, change: impl FnOnce(&mut Settings)) -> TestApp {
    let second = app.with_gateways(change).await;
    app.stop().await;
    second
}

fn mail_to(server: &MailServer) -> impl FnOnce(&mut Settings) {
    let url = server.url.parse().unwrap();
    move |settings| {
        settings.delivery.email = MailGateway::Smtp;
        settings.delivery.smtp.url = Some(url);
        settings.delivery.smtp.from = "Example <codes@example.com>".parse().ok();
        settings.auth.second_factor = SecondFactor::Required;
    }
}

fn twilio_at(gateway: &HttpGateway) -> impl FnOnce(&mut Settings) {
    let url = gateway.url.parse().ok();
    move |settings| {
        settings.delivery.phone = PhoneGateway::Twilio;
        settings.delivery.whatsapp = PhoneGateway::Twilio;
        settings.delivery.twilio.base_url = url;
        settings.delivery.twilio.account_sid = Some("AC123".to_owned());
        settings.delivery.twilio.auth_token = Some("sesame".into());
        settings.delivery.twilio.from = Some("+15005550006".to_owned());
        settings.delivery.twilio.whatsapp_from = Some("+14155238886".to_owned());
        settings.auth.second_factor = SecondFactor::Required;
    }
}

fn webhook_at(gateway: &HttpGateway) -> impl FnOnce(&mut Settings) {
    let url = format!("{}/codes", gateway.url).parse().ok();
    move |settings| {
        settings.delivery.phone = PhoneGateway::Webhook;
        settings.delivery.webhook.url = url;
        settings.delivery.webhook.secret = "whsec_c2VzYW1l".parse().ok();
    }
}

async fn a_code_by_mail_signs_in(first: TestApp) {
    first.admin().await;
    let server = MailServer::start(&[]).await;
    let app = with_gateways(first, mail_to(&server)).await;
    let signin = json!({ "email": "admin@example.com", "password": PASSWORD });
    let sent = app.anonymous().post("/auth/signin", signin).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let mail = server.first(1).await.remove(0);
    assert_eq!(
        (mail.from.as_str(), &*mail.to),
        ("MAIL FROM:<codes@example.com>", &["RCPT TO:<admin@example.com>".to_owned()][..])
    );
    assert_eq!(mail.header("From"), "Example <codes@example.com>");
    assert_eq!(mail.header("To"), "admin@example.com");
    assert_eq!(mail.header("Subject"), "Your code to sign in");
    assert_eq!((mail.header("MIME-Version"), mail.header("Content-Type")), ("1.0", "text/plain; charset=utf-8"));
    assert!(chrono::DateTime::parse_from_rfc2822(mail.header("Date")).is_ok(), "{}", mail.text);
    assert!(mail.header("Message-ID").ends_with("@example.com>"));
    assert!(mail.text.contains("It works once, for 5 minutes, until "), "{}", mail.text);
    assert!(!mail.text.contains("127.0.0.1"), "no host of a request: {}", mail.text);
    assert_eq!(app.verify(&sent, mail.code()).await.status, 200);
}

async fn a_code_by_mail_goes_to_the_a_labels_of_a_domain(first: TestApp) {
    let admin = first.admin().await;
    first.manager(&admin, "ann@bücher.example").await;
    let server = MailServer::start(&[]).await;
    let app = with_gateways(first, mail_to(&server)).await;
    let signin = json!({ "email": "ann@xn--bcher-kva.example", "password": PASSWORD });
    let sent = app.anonymous().post("/auth/signin", signin).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let mail = server.first(1).await.remove(0);
    assert_eq!(mail.to, ["RCPT TO:<ann@xn--bcher-kva.example>"]);
    assert_eq!((mail.from.as_str(), mail.text.is_ascii()), ("MAIL FROM:<codes@example.com>", true), "no SMTPUTF8");
    assert_eq!(app.verify(&sent, mail.code()).await.body["user"]["email"], "ann@bücher.example");
}

/// The mail server lacks SMTPUTF8. The clock stands, so a message that is to be tried again would stay.
async fn what_the_mail_server_cannot_be_given_is_given_up(first: TestApp, _: FixedClock) {
    let admin = first.admin().await;
    first.manager(&admin, "änn@example.com").await;
    let server = MailServer::start(&[]).await;
    let app = with_gateways(first, mail_to(&server)).await;
    let signin = json!({ "email": "änn@example.com", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/auth/signin", signin).await.status, 202);
    let is_gone = async { while !app.rows("SELECT purpose FROM outbox").await.is_empty() {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), is_gone).await.unwrap();
    let signin = json!({ "email": "admin@example.com", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/auth/signin", signin).await.status, 202);
    assert_eq!(server.first(1).await[0].header("To"), "admin@example.com");
}

async fn whatsapp_codes_go_by_their_template(first: TestApp) {
    let admin = first.admin().await;
    let body = json!({ "role": "manager", "email": "ann@example.com", "password": PASSWORD, "phone": phone(2),
                       "verification_method": "whatsapp" });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    let gateway = HttpGateway::start(&[]);
    let twilio = twilio_at(&gateway);
    let app = with_gateways(first, |settings| {
        twilio(settings);
        settings.delivery.twilio.whatsapp_content_sid = Some("HX0123456789abcdef0123456789abcdef".to_owned());
    });
    let app = app.await;
    let signin = json!({ "email": "ann@example.com", "password": PASSWORD });
    let sent = app.anonymous().post("/auth/signin", signin).await;
    let form = gateway.first(1).await[0].form();
    let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["To", "From", "ContentSid", "ContentVariables"]);
    assert_eq!(form[2].1, "HX0123456789abcdef0123456789abcdef");
    let variables: Value = serde_json::from_str(&form[3].1).unwrap();
    assert_eq!(variables.as_object().unwrap().len(), 1);
    assert_eq!(app.verify(&sent, variables["1"].as_str().unwrap()).await.status, 200);
}

async fn a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(first: TestApp) {
    let admin = first.admin().await;
    first.manager(&admin, "ann@example.com").await;
    let server = MailServer::start(&[Mood::Status(550), Mood::Status(451)]).await;
    let app = with_gateways(first, mail_to(&server)).await;
    let sign_in = |email: &str| {
        let (caller, body) = (app.anonymous(), json!({ "email": email, "password": PASSWORD }));
        async move { caller.post("/auth/signin", body).await }
    };
    assert_eq!(sign_in("admin@example.com").await.status, 202);
    server.recipients(1).await;
    assert_eq!(sign_in("ann@example.com").await.status, 202);
    let mail = server.first(1).await.remove(0);
    assert_eq!(mail.header("To"), "ann@example.com");
    let recipients = server.recipients(3).await;
    assert_eq!(recipients.len(), 3, "{recipients:?}");
    assert_eq!(recipients[1], recipients[2]);
}

async fn a_mail_server_that_hangs_keeps_neither_the_answer_nor_other_messages_waiting(first: TestApp) {
    let admin = first.admin().await;
    first.manager(&admin, "ann@example.com").await;
    first.manager(&admin, "bob@example.com").await;
    let server = MailServer::start(&[Mood::Hanging, Mood::Hanging]).await;
    let app = with_gateways(first, mail_to(&server)).await;
    for (n, email) in ["admin@example.com", "ann@example.com"].into_iter().enumerate() {
        let answer = app.anonymous().post("/auth/signin", json!({ "email": email, "password": PASSWORD })).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        server.recipients(n + 1).await;
    }
    let signin = json!({ "email": "bob@example.com", "password": PASSWORD });
    let sent = app.anonymous().post("/auth/signin", signin).await;
    let mail = server.first(1).await.remove(0);
    assert_eq!(mail.header("To"), "bob@example.com");
    assert_eq!(app.verify(&sent, mail.code()).await.status, 200);
}

async fn twilio_gets_its_form_and_is_asked_again_after_an_error(first: TestApp) {
    let admin = first.admin().await;
    let body = json!({ "role": "manager", "email": "ann@example.com", "password": PASSWORD, "phone": phone(2),
                       "verification_method": "whatsapp" });
    assert_eq!(admin.post("/users/", body).await.status, 201);
    let gateway = HttpGateway::start(&[Mood::Status(401), Mood::Status(429)]);
    let app = with_gateways(first, twilio_at(&gateway)).await;

    let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    assert_eq!(sent.status, 202);
    let requests = gateway.first(3).await;
    for request in &requests {
        assert_eq!((&*request.method, &*request.path), ("POST", "/2010-04-01/Accounts/AC123/Messages.json"));
        assert_eq!(request.header("authorization"), format!("Basic {}", BASE64_STANDARD.encode("AC123:sesame")));
        assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
        assert_eq!(request.body, requests[0].body);
    }
    let form = requests[0].form();
    assert_eq!(form[0], ("To".to_owned(), phone(1)));
    assert_eq!(form[1], ("From".to_owned(), "+15005550006".to_owned()));
    assert_eq!(form[2].0, "Body");
    assert_eq!(app.verify(&sent, &form[2].1[..6]).await.status, 200, "{}", form[2].1);

    let signin = json!({ "email": "ann@example.com", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/auth/signin", signin).await.body["channel"], "whatsapp");
    let form = gateway.first(4).await[3].form();
    assert_eq!((&*form[0].1, &*form[1].1), (&*format!("whatsapp:{}", phone(2)), "whatsapp:+14155238886"));
}

async fn a_number_that_twilio_refuses_is_given_up(app: TestApp, clock: FixedClock) {
    let gateway = HttpGateway::start(&[Mood::Status(400)]);
    let app = with_gateways(app, twilio_at(&gateway)).await;
    for n in 1..=4 {
        app.anonymous().post("/auth/signup", json!({ "phone": phone(n) })).await.good();
        gateway.first(n).await;
        // Past the time of another attempt, which would come before the next message.
        clock.advance(TimeDelta::seconds(5));
    }
    let recipients: Vec<_> = gateway.first(4).await.iter().map(|request| request.form()[0].1.clone()).collect();
    assert_eq!(recipients, [phone(1), phone(2), phone(3), phone(4)]);
}

async fn a_webhook_is_signed_anew_at_every_attempt_and_never_followed_elsewhere(first: TestApp) {
    let gateway = HttpGateway::start(&[Mood::Status(307), Mood::Status(404)]);
    let app = with_gateways(first, webhook_at(&gateway)).await;
    let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await;
    let requests = gateway.first(3).await;
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"sesame");
    for request in &requests {
        assert_eq!((&*request.method, &*request.path), ("POST", "/codes"));
        assert_eq!(request.header("content-type"), "application/json");
        let (id, timestamp) = (request.header("webhook-id"), request.header("webhook-timestamp"));
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{}", request.body).as_bytes());
        assert_eq!(request.header("webhook-signature"), format!("v1,{}", BASE64_STANDARD.encode(tag)));
        assert_eq!((id, &request.body), (requests[0].header("webhook-id"), &requests[0].body), "one message");
        assert!(timestamp.parse::<i64>().is_ok());
    }
    assert_ne!(requests[0].header("webhook-timestamp"), requests[2].header("webhook-timestamp"));
    let body: Value = serde_json::from_str(&requests[0].body).unwrap();
    let mut names: Vec<_> = body.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["channel", "code", "expires_at", "purpose", "to"]);
    assert_eq!((&body["channel"], &body["to"]), (&json!("phone"), &json!(phone(1))));
    assert_eq!(body["purpose"], "customer_sign_up");
    assert!(body["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(app.verify(&sent, body["code"].as_str().unwrap()).await.status, 200);
}

async fn a_gateway_that_hangs_keeps_neither_the_answer_nor_other_messages_waiting(first: TestApp) {
    // The first two messages get no answer. The third one gets through, so messages do not wait for each other.
    let gateway = HttpGateway::start(&[Mood::Hanging, Mood::Hanging]);
    let app = with_gateways(first, webhook_at(&gateway)).await;
    for n in [1, 2, 3] {
        let sent = app.anonymous().post("/auth/signup", json!({ "phone": phone(n) })).await;
        assert_eq!(sent.status, 202);
        let request = gateway.first(n).await.remove(n - 1);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["to"], phone(n));
        assert_eq!(app.verify(&sent, body["code"].as_str().unwrap()).await.status, 200);
    }
}

async fn a_gateway_that_is_not_there_fails_no_request(first: TestApp) {
    // It keeps its port, on which nobody listens.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let app = with_gateways(first, |settings| {
        settings.delivery.phone = PhoneGateway::Webhook;
        settings.delivery.webhook.url = format!("http://{}/", nobody.local_addr().unwrap()).parse().ok();
        settings.delivery.webhook.secret = "sesame".parse().ok();
    })
    .await;
    assert_eq!(app.anonymous().post("/auth/signup", json!({ "phone": phone(1) })).await.status, 202);
    assert_eq!(app.anonymous().get("/health/ready").await.status, 200);
}

async fn two_instances_send_a_code_once(app: TestApp, clock: FixedClock) {
    const COUNT: usize = 12;
    let gateway = HttpGateway::start(&[]);
    let (one, two) = (app.with_gateways(webhook_at(&gateway)).await, app.with_gateways(webhook_at(&gateway)).await);
    app.stop().await;
    for n in 0..COUNT {
        let instance = if n % 2 == 0 { &one } else { &two };
        assert_eq!(instance.anonymous().post("/auth/signup", json!({ "phone": phone(n) })).await.status, 202);
    }
    gateway.first(COUNT).await;
    let three = one.with_gateways(webhook_at(&gateway)).await;
    one.stop().await;
    two.stop().await;
    // Past the end of every lease: a message that was not finished would be sent again before this one.
    clock.advance(TimeDelta::seconds(60));
    for n in [COUNT, COUNT + 1] {
        assert_eq!(three.anonymous().post("/auth/signup", json!({ "phone": phone(n) })).await.status, 202);
        gateway.first(n + 1).await;
    }
    three.stop().await;
    let received = gateway.first(COUNT + 2).await;
    let ids: HashSet<_> = received.iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert_eq!((received.len(), ids.len()), (COUNT + 2, COUNT + 2), "each once");
}
