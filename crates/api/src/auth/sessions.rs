//! `GET /auth/sessions`, `DELETE /auth/sessions`, `DELETE /auth/sessions/{id}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::session::Session;
use domain::{SessionId, Timestamp};
use formats::rfc3339;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::caller::Authenticated;
use crate::extract::page::{decode_cursor, list_schema, page};
use crate::extract::path_id::PathId;
use crate::extract::query::{self, PageParams};
use crate::problem::Problem;
use crate::schema::{component, query_params};
use crate::services::Services;

/// One sign-in of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionResponse {
    id: Uuid,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: String,
    /// When its tokens were last renewed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    last_used_at: String,
    /// When it ends unless its tokens are renewed before.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: String,
    /// Where it was begun or last renewed from.
    #[schema(required = true, example = "192.0.2.7")]
    address: Option<String>,
    /// What the client calls itself.
    #[schema(required = true)]
    user_agent: Option<String>,
    /// Whether it is the one in use.
    current: bool,
}

/// The caller's sessions.
pub(crate) struct SessionList;
component!(SessionList, "SessionList", [SessionResponse], list_schema("The caller's sessions.", "Session"));

query_params! { SessionListParams = |fields| fields.page::<SessionCursor>(decode_cursor); }

/// The place of the last session of a page.
#[derive(PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionCursor {
    created_at: Timestamp,
    id: SessionId,
}

/// The page out of all sessions, newest first. One person has few, so they are read as one.
fn page_of<'a>(query: &PageParams<SessionCursor>, sessions: &'a [Session]) -> (&'a [Session], Option<SessionCursor>) {
    let place = |session: &Session| SessionCursor { created_at: session.created_at, id: session.id };
    let begin = match &query.after {
        Some(after) => sessions.partition_point(|session| place(session) >= *after),
        None => 0,
    };
    let end = sessions.len().min(begin + query.size.get());
    let page = sessions.get(begin..end).unwrap_or_default();
    (page, page.last().filter(|_| end < sessions.len()).map(place))
}

impl SessionResponse {
    fn new(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id.as_uuid(),
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_used_at),
            expires_at: rfc3339(session.expires_at),
            address: session.address.map(|address| address.to_string()),
            user_agent: session.user_agent.clone(),
            current: session.id == current,
        }
    }
}

/// Where the caller is signed in, newest first.
#[utoipa::path(get, path = "/auth/sessions", params(SessionListParams),
    responses(
        (status = 200, description = "A page of the sessions that have not ended. `Link` names the next page.",
            body = SessionList)))]
pub(crate) async fn list_sessions(
    caller: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = query::read(request.query_string(), |fields| fields.page(decode_cursor))?;
    let sessions = services.auth.sessions.list(&caller.0).await?;
    let (found, next) = page_of(&query, &sessions);
    let items = found.iter().map(|session| SessionResponse::new(session, caller.0.session_id)).collect();
    Ok(page(&request, items, next.as_ref(), query.include_total.then_some(sessions.len() as u64)))
}

/// Ends the caller's sessions but the one in use.
#[utoipa::path(delete, path = "/auth/sessions",
    responses(
        (status = 204, description = "The others have ended; there may have been none."),
        (status = 403, description = "`reauthentication_required`: staff give their password again first")))]
pub(crate) async fn end_other_sessions(
    caller: Authenticated,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    services.auth.sessions.end_others(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}",
    responses(
        (status = 204, description = "The session has ended."),
        (status = 404, description = "`not_found`: nobody's, ended, or another person's")))]
pub(crate) async fn end_session(
    caller: Authenticated,
    services: Data<Services>,
    id: PathId<SessionId>,
) -> Result<HttpResponse, Problem> {
    services.auth.sessions.end(&caller.0, id.found()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
