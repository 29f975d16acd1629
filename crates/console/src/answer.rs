//! What a request for the console is answered with.

use actix_web::http::header::{self, EntityTag, Header, HeaderName, IfNoneMatch};
use actix_web::web::Path;
use actix_web::{Error, HttpRequest, HttpResponse, HttpResponseBuilder, error};

use crate::shell;
use crate::site::{File, Site};

/// What the page may load and do. No script and no style outside its files, nothing from elsewhere, and no text becomes
/// markup except through `lit-html`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
                      form-action 'self'; require-trusted-types-for 'script'; trusted-types lit-html";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const HASH_LENGTH: usize = 16;

/// A file where the path begins with a hash, else the page.
pub(crate) async fn page_or_file(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, Error> {
    match path.split_once('/') {
        Some((hash, file)) if is_hash(hash) => asset(&request, hash, file),
        _ => shell(request).await,
    }
}

/// The page of every screen. It is checked at each load, and names the files of this version.
pub(crate) async fn shell(request: HttpRequest) -> Result<HttpResponse, Error> {
    let site = Site::current()?;
    let page = shell::page(&site, request.path());
    let tag = EntityTag::new_strong(format!("{}-{}", site.hash, page.len()));
    let is_known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    secure(&mut answer).insert_header((header::CACHE_CONTROL, "no-cache")).insert_header(header::ETag(tag));
    if is_known {
        return Ok(answer.finish());
    }
    Ok(answer.content_type("text/html; charset=utf-8").body(page))
}

/// A file of this version. One of another version is not here: the page of now names none of its files.
fn asset(request: &HttpRequest, hash: &str, path: &str) -> Result<HttpResponse, Error> {
    let site = Site::current()?;
    let file = site.file(path).filter(|_| hash == site.hash).ok_or_else(|| error::ErrorNotFound("no such file"))?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(file.content_type)
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "Accept-Encoding"));
    Ok(encoded(answer, file, takes_gzip(request)))
}

fn encoded(mut answer: HttpResponseBuilder, file: &File, gzip: bool) -> HttpResponse {
    if !gzip {
        return answer.body(file.plain.clone());
    }
    answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(file.gzip.clone())
}

fn secure(answer: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    answer
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((OPENER_POLICY, "same-origin"))
}

fn is_hash(segment: &str) -> bool {
    segment.len() == HASH_LENGTH && segment.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether the client takes gzip (RFC 9110 section 12.5.3); `q=0` refuses it.
fn takes_gzip(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
        matches!(name.trim(), "gzip" | "x-gzip" | "*") && weight.is_none_or(|q| q > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn gzip_is_for_who_takes_it() {
        for (value, takes) in
            [("gzip", true), ("br, gzip;q=0.5", true), ("*", true), ("gzip;q=0", false), ("br", false), ("", false)]
        {
            let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, value)).to_http_request();
            assert_eq!(takes_gzip(&request), takes, "{value}");
        }
    }

    #[test]
    fn a_route_is_no_hash() {
        assert!(is_hash("0123456789abcdef"));
        for route in ["people", "0123456789ABCDEF", "0123456789abcde", "abcdefabcdefabcg"] {
            assert!(!is_hash(route), "{route}");
        }
    }
}
