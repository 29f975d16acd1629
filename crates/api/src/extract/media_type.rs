//! The media types of bodies.

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::problem::{Code, Problem};

/// Refuses a body unless it has one of these media types, in UTF-8 and without a content encoding.
pub(crate) fn check_media_type(request: &HttpRequest, taken: &[&str]) -> Result<(), Problem> {
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
pub(crate) fn check_csv(request: &HttpRequest) -> Result<(), Problem> {
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
}
