//! `GET /users/{id}/data`

use std::io;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::accounts::PersonalEvents;
use domain::audit::{Changes, Event};
use domain::challenge::Challenge;
use domain::idempotency::StoredAnswer;
use domain::session::Session;
use domain::store::StoreError;
use domain::{Error, Notice, PersonalData, UserId};
use formats::rfc3339;
use futures_util::{Stream, stream};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::extract::caller::Authenticated;
use crate::extract::idempotency_key;
use crate::extract::path_id::PathId;
use crate::problem::Problem;
use crate::schema::{VerificationMethodName, any_object, described};
use crate::services::Services;
use crate::users::response::UserResponse;

/// Everything that is stored about a person.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonalData)]
pub(crate) struct PersonalDataResponse {
    user: UserResponse,
    /// Newest first, expired ones included until they are cleared away.
    sessions: Vec<StoredSession>,
    /// The one-time codes that were asked for the person, newest first: under their account or, for customers who have
    /// proven their phone, by a sign-up with it. The codes themselves are stored nowhere.
    challenges: Vec<StoredChallenge>,
    /// Messages about a changed contact or password that wait to be sent to the person, newest first.
    notices: Vec<StoredNotice>,
    /// What whoever entered the person under an `Idempotency-Key` was told, until it is cleared away.
    #[schema(required = true)]
    remembered_answer: Option<RememberedAnswer>,
    /// How many customers the person entered.
    created_customers: u64,
    /// How many customers the person looks after.
    assigned_customers: u64,
    /// What happened to the person and what they did, newest first. Left out is what is about
    /// others: what the person changed about them, and from where others acted.
    audit_events: Vec<StoredEvent>,
    /// `false` when only the newest 10,000 events about the person, or by them, are here.
    audit_events_complete: bool,
}

/// A sign-in.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredSession {
    id: Uuid,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    last_used_at: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: String,
    /// From where it was begun or last renewed.
    #[schema(required = true)]
    address: Option<String>,
    /// The client's own name for itself.
    #[schema(required = true)]
    user_agent: Option<String>,
}

/// A one-time code that was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredChallenge {
    id: Uuid,
    /// What it was for.
    #[schema(value_type = String, example = "password_reset")]
    purpose: &'static str,
    /// Over which channel it went.
    #[schema(value_type = VerificationMethodName)]
    channel: &'static str,
    /// Where it went.
    contact: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: String,
    #[schema(required = true, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    used_at: Option<String>,
}

/// A message that waits to be sent and carries no code.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredNotice {
    id: Uuid,
    /// What it tells.
    #[schema(value_type = String, example = "contact_changed")]
    purpose: &'static str,
    /// Over which channel it goes.
    #[schema(value_type = VerificationMethodName)]
    channel: &'static str,
    /// Where it goes.
    contact: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: String,
}

/// An answer that is remembered.
#[derive(Serialize, ToSchema)]
pub(crate) struct RememberedAnswer {
    /// The person as they were then.
    #[schema(value_type = Object)]
    answer: serde_json::Value,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: String,
}

/// Something that the person did, or that was done to them.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredEvent {
    id: Uuid,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    at: String,
    #[schema(required = true)]
    actor_id: Option<Uuid>,
    actor_role: String,
    #[schema(value_type = String, example = "user.updated")]
    action: &'static str,
    #[schema(required = true)]
    subject_id: Option<Uuid>,
    #[schema(schema_with = changes)]
    changes: Changes,
    #[schema(required = true)]
    request_id: Option<String>,
    #[schema(required = true)]
    address: Option<String>,
}

fn changes() -> RefOr<Schema> {
    described(any_object(), "Each changed field with its values `from` and `to`.")
}

impl From<PersonalData> for PersonalDataResponse {
    fn from(data: PersonalData) -> Self {
        Self {
            user: UserResponse::from(&data.user),
            sessions: data.sessions.into_iter().map(StoredSession::from).collect(),
            challenges: data.challenges.into_iter().map(StoredChallenge::from).collect(),
            notices: data.notices.into_iter().map(StoredNotice::from).collect(),
            remembered_answer: data.stored_answer.map(RememberedAnswer::from),
            created_customers: data.created_customers,
            assigned_customers: data.assigned_customers,
            // These may be many, and follow page by page.
            audit_events: Vec::new(),
            audit_events_complete: true,
        }
    }
}

impl From<Session> for StoredSession {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.as_uuid(),
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_used_at),
            expires_at: rfc3339(session.expires_at),
            address: session.address.map(|address| address.to_string()),
            user_agent: session.user_agent,
        }
    }
}

impl From<Challenge> for StoredChallenge {
    fn from(challenge: Challenge) -> Self {
        Self {
            id: challenge.id.as_uuid(),
            purpose: challenge.purpose.as_str(),
            channel: challenge.channel.as_str(),
            contact: challenge.contact,
            created_at: rfc3339(challenge.created_at),
            expires_at: rfc3339(challenge.expires_at),
            used_at: challenge.used_at.map(rfc3339),
        }
    }
}

impl From<Notice> for StoredNotice {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id.as_uuid(),
            purpose: notice.purpose.as_str(),
            channel: notice.channel.as_str(),
            contact: notice.recipient,
            created_at: rfc3339(notice.created_at),
            expires_at: rfc3339(notice.expires_at),
        }
    }
}

impl From<StoredAnswer> for RememberedAnswer {
    fn from(first: StoredAnswer) -> Self {
        Self { answer: idempotency_key::body(&first.answer), expires_at: rfc3339(first.expires_at) }
    }
}

impl From<Event> for StoredEvent {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.as_uuid(),
            at: rfc3339(event.at),
            actor_id: event.actor_id.map(domain::UserId::as_uuid),
            actor_role: event.actor_role,
            action: event.kind.as_str(),
            subject_id: event.subject_id.map(domain::UserId::as_uuid),
            changes: event.changes,
            request_id: event.request_id,
            address: event.address.map(|address| address.to_string()),
        }
    }
}

/// How an answer without events ends.
const END: &str = "],\"audit_events_complete\":true}";

/// The answer on its way out: what was read at once, then the events, a page at a time.
struct Written {
    events: PersonalEvents,
    has_written_one: bool,
    is_at_end: bool,
}

impl Written {
    /// The next part; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.is_at_end {
            return Ok(None);
        }
        let Some(page) = self.events.next().await? else {
            self.is_at_end = true;
            return Ok(Some(format!("],\"audit_events_complete\":{}}}", self.events.is_complete()).into()));
        };
        let mut part = Vec::new();
        for event in page {
            if std::mem::replace(&mut self.has_written_one, true) {
                part.push(b',');
            }
            serde_json::to_writer(&mut part, &StoredEvent::from(event)).map_err(failed)?;
        }
        Ok(Some(part))
    }
}

/// Nothing that is written into memory fails.
fn failed(error: serde_json::Error) -> Error {
    Error::Store(StoreError::Failed(Box::new(error)))
}

/// The answer up to its first event.
fn beginning(data: PersonalData) -> Result<Vec<u8>, Error> {
    let whole = serde_json::to_string(&PersonalDataResponse::from(data)).map_err(failed)?;
    Ok(whole.strip_suffix(END).unwrap_or(&whole).into())
}

/// Everything that is stored about a person: for themselves, and for admins. An answer that breaks off is not whole:
/// the connection is closed before its end.
#[utoipa::path(get, path = "/users/{id}/data",
    responses(
        (status = 200, description = "Everything that is stored.", body = PersonalDataResponse),
        (status = 404, description = "`not_found`: nobody, or neither oneself nor seen by an admin.")))]
pub(crate) async fn read_personal_data(
    signed_in: Authenticated,
    services: Data<Services>,
    id: PathId<UserId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = id.without_query(&request)?;
    let actor = &signed_in.0.actor;
    let (data, events) = services.accounts.find_personal_data(actor, id).await?;
    let mut written = Written { events, has_written_one: false, is_at_end: false };
    // What is wrong at once gets an answer of its own.
    let mut first = beginning(data)?;
    first.extend(written.next().await?.unwrap_or_default());
    Ok(HttpResponse::Ok().content_type("application/json").streaming(parts(first, written)))
}

/// Ends after an error, which breaks the connection off: what was sent must not pass for a whole answer.
fn parts(first: Vec<u8>, written: Written) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold((first, Some(written)), |(part, written)| async {
        let mut written = written?;
        match written.next().await {
            Ok(Some(next)) => Some((Ok(Bytes::from(part)), (next, Some(written)))),
            Ok(None) if part.is_empty() => None,
            Ok(None) => Some((Ok(Bytes::from(part)), (Vec::new(), Some(written)))),
            Err(error) => {
                // Logged as every failure is; it has no answer to go into.
                let _ = Problem::from(error);
                Some((Err(io::Error::other("the answer broke off")), (Vec::new(), None)))
            }
        }
    })
}
