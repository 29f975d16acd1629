//! The sessions of one person, a page at a time.

use domain::session::Session;
use domain::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::page::decode_cursor;
use crate::extract::query::PageParams;
use crate::extract::{Fields, list, query_params};
use crate::schema::DateTime;

/// One sign-in of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionResponse {
    id: Uuid,
    created_at: DateTime,
    /// When its tokens were last renewed.
    last_used_at: DateTime,
    /// When it ends unless its tokens are renewed before.
    expires_at: DateTime,
    /// The address from which it was begun or last renewed.
    #[schema(required = true, example = "192.0.2.7")]
    address: Option<String>,
    /// What the client calls itself.
    #[schema(required = true)]
    user_agent: Option<String>,
    /// Whether it is the one in use.
    current: bool,
}

list!(SessionList of SessionResponse, "The caller's sessions.");
query_params!(SessionListParams = page_params);

/// The place of the last session of a page.
#[derive(PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionCursor {
    created_at: Timestamp,
    id: SessionId,
}

pub(super) fn page_params(fields: &mut Fields) -> Option<PageParams<SessionCursor>> {
    fields.page(decode_cursor)
}

impl SessionCursor {
    pub(super) fn of(session: &Session) -> Self {
        Self { created_at: session.created_at, id: session.id }
    }
}

impl SessionResponse {
    pub(super) fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id.as_uuid(),
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
            address: session.address.map(|address| address.to_string()),
            user_agent: session.user_agent,
            current: session.id == current,
        }
    }
}
