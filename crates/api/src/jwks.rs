//! The public keys of the access tokens, for services that check them on their own.

use actix_web::http::header;
use actix_web::{HttpResponse, Responder};
use auth::KeyRing;

use crate::services::Service;

/// The public keys of the access tokens (RFC 7517). A new key is published
/// here a minute before it signs.
#[utoipa::path(get, path = "/.well-known/jwks.json",
    responses((status = 200, description = "A JSON Web Key Set.", body = Object)))]
pub(crate) async fn jwks(keys: Service<KeyRing>) -> impl Responder {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=30")).json(keys.jwks())
}
