//! `GET /auth/sessions`, `DELETE /auth/sessions`, `DELETE /auth/sessions/{id}`, `POST /auth/signout`

use actix_web::{HttpRequest, HttpResponse};
use auth::Sessions;
use domain::SessionId;

use super::session_page::{SessionCursor, SessionList, SessionListParams, SessionResponse, page_params};
use crate::extract::{Authenticated, PathId, page, query, session_cookie};
use crate::problem::Result;
use crate::services::Service;

/// Where the caller is signed in, newest first.
#[utoipa::path(get, path = "/auth/sessions", params(SessionListParams),
    responses(
        (status = 200, description = "A page of the sessions that have not ended. `Link` names the next page.",
            body = SessionList)))]
pub(crate) async fn list_sessions(caller: Authenticated, sessions: Service<Sessions>, request: HttpRequest) -> Result {
    let query = query::read(request.query_string(), page_params)?;
    let current = caller.session()?;
    let sessions = sessions.list(&caller).await?;
    let total = query.include_total.then_some(sessions.len() as u64);
    let (found, next) = query.page_of(sessions, SessionCursor::of);
    let items = found.into_iter().map(|session| SessionResponse::new(session, current)).collect();
    Ok(page(&request, items, next.as_ref(), total))
}

/// Ends the caller's sessions but the one in use.
#[utoipa::path(delete, path = "/auth/sessions",
    responses(
        (status = 204, description = "The other sessions, if any, have ended."),
        (status = 403, description = "`reauthentication_required`: staff give their password again first")))]
pub(crate) async fn end_other_sessions(caller: Authenticated, sessions: Service<Sessions>) -> Result {
    sessions.end_others(&caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}",
    responses(
        (status = 204, description = "The session has ended."),
        (status = 404, description = "`not_found`: there is no such session, it has ended, or it is another person's")))]
pub(crate) async fn end_session(caller: Authenticated, sessions: Service<Sessions>, id: PathId<SessionId>) -> Result {
    sessions.end(&caller, id.found()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends the session in use. Its tokens end at once.
///
/// Without an access token, the session of the cookie ends, if a page of the same origin asks.
#[utoipa::path(post, path = "/auth/signout",
    responses(
        (status = 204, description = "The session has ended.")))]
pub(crate) async fn sign_out(caller: Authenticated, sessions: Service<Sessions>, request: HttpRequest) -> Result {
    sessions.sign_out(&caller).await?;
    let mut response = HttpResponse::NoContent();
    if session_cookie::is_sent(&request) {
        response.cookie(session_cookie::emptied());
    }
    Ok(response.finish())
}
