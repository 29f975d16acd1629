//! The refresh token of a browser, in a cookie that no script can read.

use std::future::{Ready, ready};

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest};
use auth::SignedIn;
use secrecy::{ExposeSecret, SecretString};

use crate::problem::{Code, Problem, Result};
use crate::public_url::PublicUrl;

/// Asks for the refresh token in a cookie.
pub(crate) const SESSION_HEADER: HeaderName = HeaderName::from_static("x-clientele-session");
/// A browser takes a cookie with this prefix only over a secure connection, from this host alone, and for all paths
/// (RFC 6265bis section 4.1.3.2).
pub(crate) const COOKIE: &str = "__Host-clientele";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where the refresh token of an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenPlace {
    Body,
    Cookie,
}

impl FromRequest for TokenPlace {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all(SESSION_HEADER);
        ready(match (values.next().map(header::HeaderValue::as_bytes), values.next()) {
            (None, _) => Ok(Self::Body),
            (Some(b"cookie"), None) => Ok(Self::Cookie),
            _ => Err(Problem::new(Code::BadRequest, "the header X-Clientele-Session may only say cookie")),
        })
    }
}

/// The cookie with the refresh token of this answer.
pub(crate) fn holding(answer: &SignedIn) -> Cookie<'static> {
    cookie(answer.refresh_token.expose_secret().to_owned(), Duration::seconds(answer.refresh_expires_in))
}

/// A cookie that takes the place of the one that a browser holds, and is gone at once.
pub(crate) fn emptied() -> Cookie<'static> {
    cookie(String::new(), Duration::ZERO)
}

fn cookie(value: String, max_age: Duration) -> Cookie<'static> {
    let cookie = Cookie::build(COOKIE, value).path("/").secure(true).http_only(true);
    cookie.same_site(SameSite::Strict).max_age(max_age).finish()
}

/// Whether the request brought the cookie, readable or not.
pub(crate) fn is_sent(request: &HttpRequest) -> bool {
    request.cookie(COOKIE).is_some()
}

/// The refresh token in the cookie of a request that a page of ours made. Another page cannot use the cookie, although
/// the browser may send it (OWASP, "Cross-Site Request Forgery Prevention", Fetch Metadata).
pub(crate) fn refresh_token(request: &HttpRequest, own: &PublicUrl) -> Option<SecretString> {
    if !is_of_own_page(request, own) {
        return None;
    }
    request.cookie(COOKIE).map(|cookie| cookie.value().into())
}

fn is_of_own_page(request: &HttpRequest, own: &PublicUrl) -> bool {
    let only = |name: HeaderName| {
        let mut values = request.headers().get_all(name);
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
    };
    if request.headers().contains_key(SEC_FETCH_SITE) {
        return only(SEC_FETCH_SITE) == Some("same-origin");
    }
    let Some(origin) = only(header::ORIGIN) else { return false };
    // A browser writes both itself, so a page from elsewhere cannot make them agree.
    let host = origin.split_once("://").map(|(_, host)| host);
    origin == own.origin() || (host.is_some() && host == only(header::HOST))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_cookie_is_read_for_our_own_pages_only() {
        let own: PublicUrl = "https://people.example.com/clientele".parse().unwrap();
        let read = |headers: &[(&str, &str)]| {
            let request =
                TestRequest::default().insert_header(("host", "internal:8080")).cookie(Cookie::new(COOKIE, "token"));
            let request = headers.iter().fold(request, |request, header| request.append_header(*header));
            refresh_token(&request.to_http_request(), &own).is_some()
        };
        for own_page in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("origin", "https://people.example.com")],
            &[("origin", "http://internal:8080")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://people.example.com")],
        ] {
            assert!(read(own_page), "{own_page:?}");
        }
        for other in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://people.example.com")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://evil.example.com")],
            &[("origin", "https://people.example.com.evil.example")],
            &[("origin", "null")],
            &[("origin", "https://people.example.com"), ("origin", "https://evil.example.com")],
            &[("referer", "https://people.example.com/")],
        ] {
            assert!(!read(other), "{other:?}");
        }
    }

    #[test]
    fn the_cookie_is_for_this_host_and_no_script() {
        let text = emptied().to_string();
        assert_eq!(text, "__Host-clientele=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0");
    }

    #[test]
    fn the_header_asks_for_a_cookie_or_is_refused() {
        let place = |values: &[&str]| {
            let request = values
                .iter()
                .fold(TestRequest::default(), |request, value| request.append_header((SESSION_HEADER, *value)));
            TokenPlace::from_request(&request.to_http_request(), &mut Payload::None).into_inner().ok()
        };
        assert_eq!(place(&[]), Some(TokenPlace::Body));
        assert_eq!(place(&["cookie"]), Some(TokenPlace::Cookie));
        for wrong in [&["Cookie"][..], &["body"], &[""], &["cookie", "cookie"]] {
            assert_eq!(place(wrong), None, "{wrong:?}");
        }
    }
}
