//! `Idempotency-Key`: a request that is sent again gets the first answer again.

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::extract::page::reference_below;
use crate::problem::{Code, Problem, Result};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_LENGTH: usize = 255;

/// The answer to a creation, as it is sent and stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Created {
    /// The path of the record, from the root of the service. The answer has a reference relative to the request.
    pub(crate) location: String,
    /// The version of the record, as the `ETag`.
    pub(crate) etag: String,
    /// The record as JSON.
    pub(crate) body: String,
}

impl Created {
    pub(crate) fn remembered(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The answer to this request. Its path may be spelled differently than that of the first request.
    pub(crate) fn answer(self, request: &HttpRequest) -> HttpResponse {
        let name = self.location.rsplit('/').next().unwrap_or_default();
        HttpResponse::Created()
            .insert_header((header::LOCATION, reference_below(request.path(), name)))
            .insert_header((header::ETAG, self.etag))
            .content_type("application/json")
            .body(self.body)
    }
}

/// The key of the request, if it has one.
pub(crate) fn key(request: &HttpRequest) -> Result<Option<&str>> {
    let refused = || {
        let detail = "the header Idempotency-Key must be given once, with 1 to 255 visible ASCII characters";
        Problem::new(Code::BadRequest, detail)
    };
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().map_err(|_| refused())?;
    let is_sane = (1..=MAX_LENGTH).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if is_sane && values.next().is_none() { Ok(Some(key)) } else { Err(refused()) }
}

/// Sends the stored answer again.
pub(crate) fn again(remembered: &str, request: &HttpRequest) -> Result {
    let created: Created = serde_json::from_str(remembered).map_err(|error| Problem::internal(&error))?;
    Ok(created.answer(request))
}

/// The JSON in the stored answer.
pub(crate) fn body(remembered: &str) -> serde_json::Value {
    let created: Option<Created> = serde_json::from_str(remembered).ok();
    created.and_then(|created| serde_json::from_str(&created.body).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_location_is_relative_to_the_path_as_it_was_sent() {
        for (path, location) in [("/users/", "7"), ("/users", "users/7"), ("/%75sers", "%75sers/7"), ("/%75sers/", "7")]
        {
            let created = Created { location: "/users/7".to_owned(), etag: "\"1\"".to_owned(), body: "{}".to_owned() };
            let request = TestRequest::with_uri(path).to_http_request();
            assert_eq!(created.answer(&request).headers().get(header::LOCATION).unwrap(), location, "{path}");
        }
    }

    #[test]
    fn a_key_is_short_visible_and_alone() {
        let key_of = |values: &[&str]| {
            let request = values
                .iter()
                .fold(TestRequest::default(), |request, value| request.append_header((IDEMPOTENCY_KEY, *value)))
                .to_http_request();
            key(&request).map(|key| key.map(ToOwned::to_owned))
        };
        let longest = "x".repeat(255);
        for good in ["a", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &longest] {
            assert_eq!(key_of(&[good]).unwrap().as_deref(), Some(good));
        }
        assert_eq!(key_of(&[]).unwrap(), None);
        for bad in [&[""][..], &["a b"], &["ў"], &["a\tb"], &[&"x".repeat(256)], &["a", "a"]] {
            assert!(key_of(bad).is_err(), "{bad:?}");
        }
    }
}
