//! The media types of bodies and of exports.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use crate::problem::{Code, Problem, Result};

/// The media type of JSON lines.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// Refuses a body unless it has one of these media types, in UTF-8 and without a content encoding.
pub(crate) fn check_media_type(request: &HttpRequest, taken: &[&str]) -> Result<()> {
    let refused = || Problem::new(Code::UnsupportedMediaType, format!("send the body as {}", taken.join(" or ")));
    let is_encoded = |value: &header::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(header::CONTENT_ENCODING).any(is_encoded) {
        return Err(Problem::new(Code::UnsupportedMediaType, "send the body without a content encoding"));
    }
    let value = request.headers().get(header::CONTENT_TYPE).ok_or_else(refused)?;
    let text = value.to_str().map_err(|_| refused())?;
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let charset_is_utf8 = parameters.split(';').filter_map(|p| p.split_once('=')).all(|(name, value)| {
        let value = value.trim().trim_matches('"');
        // Clients use both spellings.
        let is_utf8 = value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8");
        is_utf8 || !name.trim().eq_ignore_ascii_case("charset")
    });
    let is_taken = taken.iter().any(|media_type| essence.trim().eq_ignore_ascii_case(media_type));
    if is_taken && charset_is_utf8 { Ok(()) } else { Err(refused()) }
}

/// Refuses a body unless it is `text/csv` in UTF-8 with a header (RFC 7111 section 5.1).
pub(crate) fn check_csv(request: &HttpRequest) -> Result<()> {
    check_media_type(request, &["text/csv"])?;
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_absent = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("header")
                && !value.trim().trim_matches('"').eq_ignore_ascii_case("present")
        })
    };
    if value.split(';').skip(1).any(is_absent) {
        return Err(Problem::new(Code::UnsupportedMediaType, "send the file with a header"));
    }
    Ok(())
}

/// JSON lines for those who like them at least as much as CSV and say so by name (RFC 9110 section 12.5.1).
pub(crate) fn wants_json_lines(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut wishes = BTreeMap::new();
    for range in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        let quality: f32 = quality.map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0));
        wishes.insert(name.trim().to_ascii_lowercase(), quality);
    }
    let wish = |name: &str| wishes.get(name).copied().unwrap_or_default();
    wish(NDJSON) > 0.0 && wish(NDJSON) >= wish("text/csv")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_json_is_taken() {
        for (content_type, ok) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json;charset=utf8", true),
            ("application/json; charset=latin1", false),
            ("text/json", false),
            ("application/vnd.api+json", false),
            ("application/jsonx", false),
            ("text/plain", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header(("content-type", content_type)).to_http_request();
            assert_eq!(check_media_type(&request, &["application/json"]).is_ok(), ok, "{content_type}");
        }
        assert!(check_media_type(&TestRequest::default().to_http_request(), &["application/json"]).is_err());
        let patch = ("content-type", "application/merge-patch+json; charset=utf-8");
        let patch = TestRequest::default().insert_header(patch).to_http_request();
        assert!(check_media_type(&patch, &["application/json"]).is_err());
        assert!(check_media_type(&patch, &["application/json", "application/merge-patch+json"]).is_ok());
    }

    #[test]
    fn only_csv_with_a_header_is_taken() {
        for (content_type, ok) in [
            ("text/csv", true),
            ("text/csv; charset=utf-8", true),
            ("Text/CSV;charset=\"UTF-8\"; header=present", true),
            ("text/csv; header=absent", false),
            ("text/csv; charset=windows-1251", false),
            ("application/csv", false),
            ("text/plain", false),
            ("application/json", false),
        ] {
            let request = TestRequest::default().insert_header(("content-type", content_type)).to_http_request();
            assert_eq!(check_csv(&request).is_ok(), ok, "{content_type}");
        }
        assert!(check_csv(&TestRequest::default().to_http_request()).is_err());
    }

    #[test]
    fn json_lines_are_asked_for_by_name() {
        for (accept, expected) in [
            ("application/x-ndjson", true),
            ("Application/X-NDJSON, */*;q=0.1", true),
            ("text/csv;q=0.5, application/x-ndjson", true),
            ("text/csv, application/x-ndjson;q=0.5", false),
            ("application/x-ndjson;q=0", false),
            ("text/csv", false),
            ("*/*", false),
            ("application/json", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(wants_json_lines(request.headers()), expected, "{accept}");
        }
        assert!(!wants_json_lines(TestRequest::default().to_http_request().headers()));
    }
}
