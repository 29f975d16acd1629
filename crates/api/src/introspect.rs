//! `POST /oauth/introspect`

use actix_web::HttpResponse;
use auth::Introspection;

use crate::extract::{Authenticated, FormBody};
use crate::introspection::{IntrospectRequest, IntrospectResponse};
use crate::problem::Result;
use crate::services::Service;

/// Whether a token is good now, and whose it is (RFC 7662).
///
/// For admins, and for keys of theirs with the scope `introspect`. Other parameters are ignored.
#[utoipa::path(post, path = "/oauth/introspect",
    request_body(content = IntrospectRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "`active` is `false` for any token that is not good, whatever the reason.",
            body = IntrospectResponse),
        (status = 403, description = "`forbidden`"),
        (status = 422, description = "`validation_failed`: there must be one `token`")))]
pub(crate) async fn introspect(caller: Authenticated, tokens: Service<Introspection>, form: FormBody) -> Result {
    let known = tokens.introspect(&caller.actor, async || form.one("token").await).await?;
    Ok(HttpResponse::Ok().json(known.map_or_else(IntrospectResponse::default, IntrospectResponse::from)))
}
