//! When a request is sent again.

use std::time::Duration;

use clientele_client::{Client, Error, Handover, ImportOptions, NewCustomer, ProblemCode, Retry};
use serde_json::json;

use crate::service::{FakeService, Reply};

fn bob() -> Reply {
    let bob = json!({
        "id": "0198b2c7-0000-7000-8000-000000000001", "role": "customer", "is_active": true, "verified_at": null,
        "display_name": "Bob", "phone": "+998901234567", "created_by": "0198b2c7-0000-7000-8000-000000000002",
        "assigned_manager_id": null, "metadata": {}, "created_at": "2026-01-01T12:00:00.000001Z",
        "updated_at": "2026-01-01T12:00:00.000001Z",
    });
    Reply::Says(201, "ETag: \"1\"\r\n", bob.to_string())
}

fn client(service: &FakeService) -> Client {
    let quick = Retry::default().first_wait(Duration::from_millis(1));
    Client::builder(&service.url).retry(quick).build().unwrap()
}

#[tokio::test]
async fn a_refused_request_is_sent_again_under_the_same_idempotency_key() {
    let refusals = [Reply::problem(503, "unavailable", "Retry-After: 0\r\n"), Reply::problem(429, "rate_limited", "")];
    let service = FakeService::with(refusals.into_iter().chain([bob()]).collect()).await;
    let made = client(&service).create_user(&NewCustomer::new("+998901234567")).await.unwrap();
    assert_eq!(made.user.display_name(), Some("Bob"));
    let came = service.came();
    assert_eq!(came.len(), 3);
    let key = came[0].header("idempotency-key").unwrap();
    for request in &came {
        assert_eq!((request.line.as_str(), &request.body), ("POST /users/", &came[0].body));
        assert_eq!(request.header("idempotency-key"), Some(key));
    }
}

#[tokio::test]
async fn each_person_has_a_key_of_their_own() {
    let service = FakeService::with(vec![bob(), bob()]).await;
    for _ in 0..2 {
        client(&service).create_user(&NewCustomer::new("+998901234567")).await.unwrap();
    }
    let came = service.came();
    assert_ne!(came[0].header("idempotency-key"), came[1].header("idempotency-key"));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_only_where_twice_is_once() {
    for lost in [Reply::HangsUp, Reply::BreaksOff] {
        let service = FakeService::with(vec![lost, bob()]).await;
        client(&service).create_user(&NewCustomer::new("+998901234567")).await.unwrap();
        assert_eq!(service.came().len(), 2);
    }
    let service = FakeService::with(vec![Reply::HangsUp, bob()]).await;
    let id = "0198b2c7-0000-7000-8000-000000000001".parse().unwrap();
    let lost = client(&service).hand_over(id, &Handover::default()).await;
    assert!(matches!(lost, Err(Error::Lost(_))), "{lost:?}");
    assert_eq!(service.came().len(), 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_yet_is_asked_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder(&url).retry(Retry::default().attempts(3).first_wait(Duration::ZERO)).build().unwrap();
    let unreachable = client.sign_in_by_phone("+998901234567").await;
    assert!(matches!(unreachable, Err(Error::Unreachable(_))), "{unreachable:?}");
}

#[tokio::test]
async fn a_wait_that_is_too_long_and_one_attempt_too_many_are_the_answer() {
    let service = FakeService::with(vec![Reply::problem(429, "rate_limited", "Retry-After: 3600\r\n")]).await;
    let error = client(&service).me().await.unwrap_err();
    assert!(error.is(&ProblemCode::RateLimited), "{error}");
    assert_eq!(error.problem().unwrap().retry_after, Some(Duration::from_hours(1)));
    assert_eq!(service.came().len(), 1);

    let refusals = || (0..9).map(|_| Reply::problem(503, "unavailable", "")).collect();
    let service = FakeService::with(refusals()).await;
    assert!(client(&service).me().await.unwrap_err().is(&ProblemCode::Unavailable));
    assert_eq!(service.came().len(), 4);
    let service = FakeService::with(refusals()).await;
    assert!(client(&service).check_ready().await.unwrap_err().is(&ProblemCode::Unavailable));
    assert_eq!(service.came().len(), 1, "whoever asks how it is now is told");
}

#[tokio::test]
async fn a_file_that_is_read_while_it_is_sent_is_sent_once() {
    let imported = || Reply::json(200, &json!({ "created": 1, "updated": 0, "skipped": 0, "errors": [] }));
    let refused = || Reply::problem(503, "unavailable", "");
    let service = FakeService::with(vec![refused(), imported()]).await;
    let csv = "phone\n+998901234567\n";
    let error = client(&service).import_from(csv.as_bytes(), ImportOptions::default()).await.unwrap_err();
    assert!(error.is(&ProblemCode::Unavailable), "{error}");

    let service = FakeService::with(vec![refused(), imported()]).await;
    assert_eq!(client(&service).import(csv, ImportOptions::default()).await.unwrap().created, 1);
    assert!(service.came().iter().all(|request| request.body == csv));
}
