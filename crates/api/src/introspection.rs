//! What is asked and answered about a token.

use auth::ActiveToken;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::schema::Role;

/// What is asked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document shows it; the form is read field by field")]
pub(crate) struct IntrospectRequest {
    /// An access token or an API key.
    token: String,
}

/// What is known of a token. Of one that is not good, only that.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct IntrospectResponse {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<Uuid>,
    /// The role of its owner now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Role, required = false)]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    aud: Option<String>,
    /// The scopes of an API key, with spaces between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
    /// Always `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<&'static str>,
}

impl From<ActiveToken> for IntrospectResponse {
    fn from(token: ActiveToken) -> Self {
        Self {
            active: true,
            sub: Some(token.subject.as_uuid()),
            role: Some(token.role.as_str()),
            exp: Some(token.expires_at),
            iat: Some(token.issued_at),
            iss: Some(token.issuer),
            aud: Some(token.audience),
            scope: token.scope,
            token_type: Some("Bearer"),
        }
    }
}
