//! `GET /auth/keys`, `POST /auth/keys`, `DELETE /auth/keys/{id}`

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use auth::ApiKeys;
use domain::{ApiKeyId, UserId};

use super::key_page::{ApiKeyCursor, ApiKeyList, ApiKeyListParams, ApiKeyResponse, CreateApiKey, list_query, new_key};
use crate::extract::page::reference_below;
use crate::extract::{Authenticated, JsonBody, PathId, no_query, page, query};
use crate::problem::{Problem, Result};
use crate::services::Service;

/// Makes an API key of the caller, in a session that is fresh. A program that sends it acts as the caller, and does
/// only what its scopes name. `docs/keys.md` says more.
#[utoipa::path(post, path = "/auth/keys",
    request_body = CreateApiKey,
    responses(
        (status = 201, description = "The key.", body = ApiKeyResponse,
            headers(("Location" = String, description = "Where the key is revoked, relative to the request"))),
        (status = 403, description = "`forbidden`: customers and API keys make none; `reauthentication_required`: give the password again first"),
        (status = 409, description = "`too_many_keys`: one person may have a hundred"),
        (status = 422, description = "`validation_failed`: the pointers name each wrong field, such as `/scopes/0` for a scope that the caller does not have")))]
pub(crate) async fn create_api_key(
    caller: Authenticated,
    keys: Service<ApiKeys>,
    request: HttpRequest,
    body: JsonBody,
) -> Result {
    let new = async || {
        no_query(request.query_string())?;
        body.read(new_key).await
    };
    let (key, text) = keys.create::<Problem>(&caller, new).await?;
    let location = reference_below(request.path(), &key.id.to_string());
    let answer = ApiKeyResponse::with_text(&key, &text);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(answer))
}

/// The API keys of the caller, newest first. An admin may ask for anybody's.
#[utoipa::path(get, path = "/auth/keys", params(ApiKeyListParams),
    responses(
        (status = 200, description = "A page of the keys that were not revoked. `Link` names the next page.",
            body = ApiKeyList),
        (status = 403, description = "`forbidden`: for customers and API keys"),
        (status = 404, description = "`not_found`: nobody, or neither oneself nor asked by an admin")))]
pub(crate) async fn list_api_keys(caller: Authenticated, keys: Service<ApiKeys>, request: HttpRequest) -> Result {
    let mut params = None;
    let owner = async || {
        let (owner, page) = query::read(request.query_string(), list_query)?;
        params = Some(page);
        Ok::<Option<UserId>, Problem>(owner)
    };
    let found = keys.register.list(&caller.actor, owner).await?;
    let query = params.ok_or_else(Problem::not_found)?;
    let total = query.include_total.then_some(found.len() as u64);
    let (found, next) = query.page_of(found, |key| ApiKeyCursor { created_at: key.created_at, id: key.id });
    let items = found.iter().map(ApiKeyResponse::from).collect();
    Ok(page(&request, items, next.as_ref(), total))
}

/// Revokes an API key of the caller; for an admin, anybody's. It is dead at once.
#[utoipa::path(delete, path = "/auth/keys/{id}",
    params(("id" = uuid::Uuid, Path, description = "The key.")),
    responses(
        (status = 204, description = "The key is revoked."),
        (status = 403, description = "`forbidden`: for customers and API keys"),
        (status = 404, description = "`not_found`: nobody's, revoked, or another person's")))]
pub(crate) async fn revoke_api_key(
    caller: Authenticated,
    keys: Service<ApiKeys>,
    id: PathId<ApiKeyId>,
    request: HttpRequest,
) -> Result {
    keys.register.revoke(&caller.actor, || id.without_query(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}
