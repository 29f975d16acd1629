//! What other software needs to check our tokens, from the URL of the issuer alone.

use actix_web::http::header;
use actix_web::{HttpResponse, Responder};
use auth::KeyRing;
use serde_json::{Value, json};

use crate::public_url::PublicUrl;
use crate::services::Service;

/// The metadata of the authorization server (RFC 8414).
///
/// It says where the keys are and what checks a token. There is no `authorization_endpoint` and no `token_endpoint`:
/// people sign in at `POST /auth/signin`.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server",
    responses((status = 200, description = "Issuer, keys, and how a token is asked about.", body = Object)))]
pub(crate) async fn oauth_authorization_server(url: Service<PublicUrl>, keys: Service<KeyRing>) -> impl Responder {
    answer(&url, &keys)
}

/// The same for software that looks where `OpenID` Connect Discovery has it.
#[utoipa::path(get, path = "/.well-known/openid-configuration",
    summary = "The same for software that looks where OpenID Connect Discovery has it.",
    description = "This is not an OpenID provider: no ID token is issued.",
    responses((status = 200, description = "Issuer, keys, and how a token is asked about.", body = Object)))]
pub(crate) async fn openid_configuration(url: Service<PublicUrl>, keys: Service<KeyRing>) -> impl Responder {
    answer(&url, &keys)
}

fn answer(url: &PublicUrl, keys: &KeyRing) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=30")).json(metadata(url, keys))
}

/// Some readers refuse a document without members that we have no use for: those are empty, or name what is nearest.
fn metadata(url: &PublicUrl, keys: &KeyRing) -> Value {
    let algorithms: Vec<&str> = keys.algorithms().iter().map(|algorithm| algorithm.as_str()).collect();
    json!({
        "issuer": url.as_str(),
        "jwks_uri": url.to("/.well-known/jwks.json"),
        "introspection_endpoint": url.to("/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
        "service_documentation": url.to("/docs"),
        "response_types_supported": [],
        "grant_types_supported": [],
        "token_endpoint_auth_methods_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": ["iss", "aud", "sub", "role", "sid", "jti", "iat", "exp"],
    })
}
