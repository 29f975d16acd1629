//! Answers that are not what the contract has.

use clientele_client::{Client, Error, ProblemCode, Retry};

use crate::service::{FakeService, Reply};

async fn error_of(reply: Reply) -> Error {
    let service = FakeService::with(vec![reply]).await;
    Client::builder(&service.url).retry(Retry::never()).build().unwrap().me().await.unwrap_err()
}

#[tokio::test]
async fn somebody_else_who_answers_is_no_problem_of_the_service() {
    let error = error_of(Reply::Says(502, "Content-Type: text/html\r\n", "<h1>Bad Gateway</h1>".to_owned())).await;
    assert!(matches!(error, Error::Unexpected { status: 502, .. }), "{error:?}");
    let redirected = error_of(Reply::Says(302, "Location: http://127.0.0.1:1/\r\n", String::new())).await;
    assert!(matches!(redirected, Error::Unexpected { status: 302, .. }), "a token follows no redirect: {redirected:?}");
}

#[tokio::test]
async fn a_body_of_another_kind_is_told_without_what_is_in_it() {
    let error = error_of(Reply::Says(200, "ETag: \"1\"\r\n", r#"{"role":"secret-1"}"#.to_owned())).await;
    assert!(matches!(error, Error::Unexpected { status: 200, .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret-1"), "{error}");
}

#[tokio::test]
async fn a_code_of_a_newer_service_is_kept() {
    let error = error_of(Reply::problem(409, "something_new", "")).await;
    assert!(error.is(&ProblemCode::Other("something_new".to_owned())), "{error:?}");
    assert_eq!(error.to_string(), "409 something_new: as the test wants it (request r-1)");
}
