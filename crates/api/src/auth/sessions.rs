//! `GET /auth/sessions`, `DELETE /auth/sessions`, `DELETE /auth/sessions/{id}`

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::session::Session;
use domain::{PageSize, SessionId, Timestamp};
use formats::rfc3339;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::extract::caller::Authenticated;
use crate::extract::query;
use crate::problem::{Problem, ProblemBody};
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
#[derive(Serialize, ToSchema)]
#[schema(as = SessionList)]
pub(crate) struct SessionListResponse {
    items: Vec<SessionResponse>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// How many sessions there are on all pages, when `include_total` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<usize>,
}

/// The query of the list of sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the documentation; `SessionQuery` reads the values")]
pub(crate) struct SessionListParams {
    /// How many items a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// Where to go on: the `next_cursor` of the page before.
    cursor: Option<String>,
    /// Whether to count the items of all pages.
    #[param(default = false)]
    include_total: Option<bool>,
}

/// A page as asked for.
struct SessionQuery {
    size: PageSize,
    after: Option<SessionCursor>,
    include_total: bool,
}

/// The place of the last session of a page.
#[derive(PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionCursor {
    created_at: Timestamp,
    id: SessionId,
}

impl SessionQuery {
    fn read(text: &str) -> Result<Self, Problem> {
        let mut fields = query::fields(text);
        let size = fields.optional_with("limit", query::size);
        let after = fields.optional_with("cursor", query::decode_cursor);
        let include_total = fields.optional_with("include_total", query::boolean);
        let read = || {
            let (size, include_total) = (size?.unwrap_or_default(), include_total?.unwrap_or_default());
            Some(Self { size, after: after?, include_total })
        };
        let read = read();
        fields.finish(read)
    }

    /// The page out of all sessions, newest first. One person has few, so they are read as one.
    fn page<'a>(&self, sessions: &'a [Session]) -> (&'a [Session], Option<SessionCursor>) {
        let place = |session: &Session| SessionCursor { created_at: session.created_at, id: session.id };
        let begin = match &self.after {
            Some(after) => sessions.partition_point(|session| place(session) >= *after),
            None => 0,
        };
        let end = sessions.len().min(begin + self.size.get());
        let page = sessions.get(begin..end).unwrap_or_default();
        (page, page.last().filter(|_| end < sessions.len()).map(place))
    }
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
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", operation_id = "list_sessions", params(SessionListParams),
    responses(
        (status = 200, description = "A page of the sessions that have not ended. `Link` names the next page.",
            body = SessionListResponse,
            headers(("Link" = String, description = "`<?…>; rel=\"next\"`, relative to the request, when there is a next page"))),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`: an unknown or wrong parameter.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    caller: Authenticated,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = SessionQuery::read(request.query_string())?;
    let sessions = services.auth.sessions.list(&caller.0).await?;
    let (page, next) = query.page(&sessions);
    let next_cursor = next.map(|next| query::encode_cursor(&next));
    let mut answer = HttpResponse::Ok();
    if let Some(next) = &next_cursor {
        answer.insert_header((header::LINK, query::next_link(&request, next)));
    }
    let items = page.iter().map(|session| SessionResponse::new(session, caller.0.session_id)).collect();
    let total = query.include_total.then_some(sessions.len());
    Ok(answer.json(SessionListResponse { items, next_cursor, total }))
}

/// Ends the caller's sessions but the one in use.
#[utoipa::path(delete, path = "/auth/sessions", tag = "auth", operation_id = "end_other_sessions",
    responses(
        (status = 204, description = "The others have ended; there may have been none."),
        (status = 401, description = "`invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`reauthentication_required`: staff give their password again first", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn end_others(caller: Authenticated, services: Data<Services>) -> Result<HttpResponse, Problem> {
    services.auth.sessions.end_others(&caller.0).await?;
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
pub(crate) async fn end(
    caller: Authenticated,
    services: Data<Services>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::not_found())?;
    services.auth.sessions.end(&caller.0, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
