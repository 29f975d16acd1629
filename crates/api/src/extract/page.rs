//! Pages of lists: cursors, links, and references that hold below any path.

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ValueError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::schema::{reference, schema};

/// A page of a list as JSON.
#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// How many bytes an item of a list takes, or a little more.
const ROOM: usize = 448;

/// Answers a page, with the `Link` to the next one (RFC 8288).
pub(crate) fn page<T: Serialize>(
    request: &HttpRequest,
    items: Vec<T>,
    next: Option<&impl Serialize>,
    total: Option<u64>,
) -> HttpResponse {
    let next_cursor = next.map(encode_cursor);
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(request, cursor)));
    }
    // With room for all of it, or the text is copied again and again while it grows.
    let mut body = Vec::with_capacity(items.len() * ROOM + 512);
    match serde_json::to_writer(&mut body, &List { items, next_cursor, total }) {
        Ok(()) => response.content_type(ContentType::json()).body(body),
        Err(error) => HttpResponse::from_error(error),
    }
}

/// Pages of a list as components.
macro_rules! list {
    ($name:ident of $item:ty, $about:literal) => {
        $crate::schema::component!($name, [$item], {
            $crate::extract::page::list_schema($about, &<$item as ::utoipa::ToSchema>::name())
        });
    };
}
pub(crate) use list;

/// The schema of such a page.
pub(crate) fn list_schema(about: &str, item: &str) -> RefOr<Schema> {
    schema(json!({
        "type": "object",
        "description": about,
        "required": ["items", "next_cursor"],
        "properties": {
            "items": { "type": "array", "items": reference(item) },
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Send it as `cursor` for the next page; `null` on the last one.",
            },
            "total": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "description": "How many there are on all pages, with `include_total=true`.",
            },
        },
    }))
}

pub(crate) fn cursor_schema() -> Value {
    json!({ "type": "string" })
}

pub(crate) fn invalid_cursor() -> ValueError {
    ValueError::new("invalid_cursor", "must be the next_cursor of an answer")
}

/// Reads what [`encode_cursor`] wrote. It checks only the type.
pub(crate) fn decode_cursor<C: DeserializeOwned>(text: &str) -> Result<C, ValueError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid_cursor())?;
    serde_json::from_slice(&bytes).map_err(|_| invalid_cursor())
}

/// The text of a cursor; opaque to the caller.
pub(crate) fn encode_cursor(cursor: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

/// A link to the same request with another cursor. The link is a query alone, which keeps the path (RFC 3986 section
/// 5.2.2): a proxy may serve us under a path of its own, and a host name in the request may be an attacker's.
fn next_link(request: &HttpRequest, cursor: &str) -> String {
    format!("<?{}>; rel=\"next\"", next_query(request.query_string(), cursor))
}

fn next_query(query: &str, cursor: &str) -> String {
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", cursor).finish()
}

/// A relative reference to a member of the collection at this path, with or without a trailing slash.
pub(crate) fn reference_below(path: &str, name: &str) -> String {
    match path.rsplit('/').next() {
        None | Some("") => name.to_owned(),
        // Resolving a reference replaces the last segment of the path.
        Some(collection) => format!("{collection}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_query_has_the_other_cursor() {
        assert_eq!(next_query("limit=2&cursor=old&q=a b", "new"), "limit=2&q=a+b&cursor=new");
    }
}
