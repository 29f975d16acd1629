//! `GET /auth/sessions`, `DELETE /auth/sessions`, `DELETE /auth/sessions/{id}`

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::SessionId;
use domain::session::Session;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Services;
use crate::gate::SignedIn;
use crate::problem::{Problem, ProblemBody};
use crate::query::no_query;
use crate::users::time;

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
#[derive(Serialize, ToSchema)]
#[schema(as = SessionList)]
pub(crate) struct SessionListResponse {
    items: Vec<SessionResponse>,
    /// Always `null`: there is one page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl SessionResponse {
    fn new(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id.as_uuid(),
            created_at: time(session.created_at),
            last_used_at: time(session.last_used_at),
            expires_at: time(session.expires_at),
            address: session.address.map(|address| address.to_string()),
            user_agent: session.user_agent.clone(),
            current: session.id == current,
        }
    }
}

/// Where the caller is signed in, newest first; all of it, on one page.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", operation_id = "list_sessions",
    responses(
        (status = 200, description = "The sessions that have not ended.", body = SessionListResponse),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    caller: SignedIn,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    no_query(request.query_string())?;
    let sessions = services.authentication.list_sessions(&caller.0).await?;
    let items = sessions.iter().map(|session| SessionResponse::new(session, caller.0.session_id)).collect();
    Ok(HttpResponse::Ok().json(SessionListResponse { items, next_cursor: None }))
}

/// Ends the caller's sessions but the one in use.
#[utoipa::path(delete, path = "/auth/sessions", tag = "auth", operation_id = "end_other_sessions",
    responses(
        (status = 204, description = "The others have ended; there may have been none."),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn end_others(caller: SignedIn, services: Data<Services>) -> Result<HttpResponse, Problem> {
    services.authentication.end_other_sessions(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", operation_id = "end_session",
    params(("id" = Uuid, Path, description = "The session.")),
    responses(
        (status = 204, description = "The session has ended."),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: nobody's, ended, or another person's", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn end(caller: SignedIn, services: Data<Services>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::not_found())?;
    services.authentication.end_session(&caller.0, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
