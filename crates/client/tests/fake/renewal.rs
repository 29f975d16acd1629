//! A session goes on.

use clientele_client::{Client, ProblemCode};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::service::{FakeService, Reply};

fn signed_in(number: usize, expires_in: u64) -> Reply {
    Reply::json(
        200,
        &json!({
            "status": "signed_in", "access_token": format!("access-{number}"), "token_type": "Bearer",
            "expires_in": expires_in, "refresh_token": format!("refresh-{number}"), "refresh_expires_in": 2_592_000,
            "user": me(),
        }),
    )
}

fn me() -> serde_json::Value {
    json!({
        "id": "0198b2c7-0000-7000-8000-000000000002", "role": "manager", "is_active": true, "verified_at": null,
        "display_name": "Mia", "email": "mia@example.com", "phone": null, "tin_trunk_number": null,
        "verification_method": "email", "created_at": "2026-01-01T12:00:00.000001Z",
        "updated_at": "2026-01-01T12:00:00.000001Z",
    })
}

fn profile() -> Reply {
    Reply::Says(200, "ETag: \"1\"\r\n", me().to_string())
}

fn refused() -> Reply {
    Reply::problem(401, "invalid_token", "")
}

async fn sign_in(service: &FakeService) -> Client {
    let anyone = Client::new(&service.url).unwrap();
    anyone.sign_in("mia@example.com", &"staple battery horse".into()).await.unwrap().signed_in().unwrap().client
}

fn lines(service: &FakeService) -> Vec<String> {
    service
        .came()
        .iter()
        .map(|request| format!("{} {}", request.line, request.header("authorization").unwrap_or("-")))
        .collect()
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let service = FakeService::with(vec![signed_in(1, 0), signed_in(2, 900), profile(), profile()]).await;
    let mia = sign_in(&service).await;
    mia.me().await.unwrap();
    mia.me().await.unwrap();
    let expected = [
        "POST /auth/signin -",
        "POST /auth/refresh -",
        "GET /users/me bearer access-2",
        "GET /users/me bearer access-2",
    ];
    assert_eq!(lines(&service), expected);
    assert_eq!(service.came()[1].body, r#"{"refresh_token":"refresh-1"}"#);
    assert_eq!(mia.refresh_token().await.unwrap().expose_secret(), "refresh-2");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let service = FakeService::with(vec![signed_in(1, 900), refused(), signed_in(2, 900), refused()]).await;
    let error = sign_in(&service).await.me().await.unwrap_err();
    assert!(error.is(&ProblemCode::InvalidToken), "{error}");
    let expected = [
        "POST /auth/signin -",
        "GET /users/me bearer access-1",
        "POST /auth/refresh -",
        "GET /users/me bearer access-2",
    ];
    assert_eq!(lines(&service), expected);
}

#[tokio::test]
async fn one_renewal_serves_all_who_wait_for_it() {
    let profiles = (0..8).map(|_| profile());
    let replies = [signed_in(1, 0), signed_in(2, 900)].into_iter().chain(profiles).collect();
    let service = FakeService::with(replies).await;
    let mia = sign_in(&service).await;
    let requests: Vec<_> = (0..8)
        .map(|_| {
            let mia = mia.clone();
            tokio::spawn(async move { mia.me().await })
        })
        .collect();
    for request in requests {
        request.await.unwrap().unwrap();
    }
    let renewals = lines(&service).iter().filter(|line| line.starts_with("POST /auth/refresh")).count();
    assert_eq!(renewals, 1);
}

#[tokio::test]
async fn a_renewal_goes_on_when_nobody_waits_for_it_any_more() {
    let service = FakeService::with(vec![signed_in(1, 0), signed_in(2, 900), profile()]).await;
    let mia = sign_in(&service).await;
    // The request begins its renewal and is given up.
    tokio::select! {
        biased;
        answer = mia.me() => panic!("before any answer there is {answer:?}"),
        () = std::future::ready(()) => {}
    }
    mia.me().await.unwrap();
    assert_eq!(mia.refresh_token().await.unwrap().expose_secret(), "refresh-2");
    assert_eq!(lines(&service).len(), 3, "the second request takes what the first renewed");
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart() {
    let service = FakeService::with(vec![signed_in(2, 900), profile()]).await;
    let mia = Client::new(&service.url).unwrap().with_refresh_token("refresh-1".into());
    mia.me().await.unwrap();
    assert_eq!(lines(&service), ["POST /auth/refresh -", "GET /users/me bearer access-2"]);
}

#[tokio::test]
async fn a_session_that_has_ended_says_so() {
    let service = FakeService::with(vec![signed_in(1, 900), refused(), refused()]).await;
    let error = sign_in(&service).await.me().await.unwrap_err();
    assert!(error.is(&ProblemCode::InvalidToken), "{error}");
    assert_eq!(service.came().len(), 3);
}

#[tokio::test]
async fn a_key_that_is_refused_is_not_renewed() {
    let service = FakeService::with(vec![refused()]).await;
    let report = Client::new(&service.url).unwrap().with_api_key("clk_1".into());
    assert!(report.me().await.unwrap_err().is(&ProblemCode::InvalidToken));
    assert_eq!(lines(&service), ["GET /users/me bearer clk_1"]);
}

#[tokio::test]
async fn nothing_that_is_printed_has_a_secret() {
    let service = FakeService::with(vec![signed_in(1, 900)]).await;
    let anyone = Client::new(&service.url).unwrap();
    let signed_in =
        anyone.sign_in("mia@example.com", &"staple battery horse".into()).await.unwrap().signed_in().unwrap();
    let key = anyone.with_api_key("clk_1".into());
    let text = format!("{signed_in:?} {key:?} {:?}", signed_in.client.refresh_token().await);
    for secret in ["access-1", "refresh-1", "clk_1"] {
        assert!(!text.contains(secret), "{text}");
    }
}
