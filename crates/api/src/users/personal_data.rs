//! Everything that is stored about a person, as JSON. Events may be many, so they are read and written page by page.

use domain::accounts::PersonalEvents;
use domain::challenge::Challenge;
use domain::idempotency::StoredAnswer;
use domain::session::Session;
use domain::store::StoreError;
use domain::{Error, Notice, PersonalData, User};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::response::UserResponse;
use crate::audit::EventResponse;
use crate::auth::ApiKeyResponse;
use crate::extract::idempotency_key;
use crate::schema::{DateTime, VerificationMethod};
use crate::streaming::Parts;

/// Everything that is stored about a person.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonalData)]
pub(super) struct PersonalDataResponse<'u> {
    user: UserResponse<'u>,
    /// Newest first, expired ones included until they are cleared away.
    sessions: Vec<StoredSession>,
    /// API keys of the person, newest first, expired ones included until they are cleared away. Their texts are stored
    /// nowhere.
    api_keys: Vec<ApiKeyResponse>,
    /// The one-time codes that were asked for the person, newest first: under their account or, for customers who have
    /// proven their phone, by a sign-up with it. The codes themselves are stored nowhere.
    challenges: Vec<StoredChallenge>,
    /// Messages about a changed contact or password that wait to be sent to the person, newest first.
    notices: Vec<StoredNotice>,
    /// The answer to the request that entered the person under an `Idempotency-Key`, until it is cleared away.
    #[schema(required = true)]
    remembered_answer: Option<RememberedAnswer>,
    /// How many customers the person entered.
    created_customers: u64,
    /// How many customers the person looks after.
    assigned_customers: u64,
    /// What happened to the person and what they did, newest first. It leaves out what is about others: what the
    /// person changed about them, and from where they acted.
    audit_events: Vec<EventResponse<'static>>,
    /// `false` when there are more events than the newest 10,000, which are here.
    audit_events_complete: bool,
}

/// A sign-in.
#[derive(Serialize, ToSchema)]
struct StoredSession {
    id: Uuid,
    created_at: DateTime,
    last_used_at: DateTime,
    expires_at: DateTime,
    /// From where it was begun or last renewed.
    #[schema(required = true)]
    address: Option<String>,
    /// The client's own name for itself.
    #[schema(required = true)]
    user_agent: Option<String>,
}

/// A one-time code that was asked for.
#[derive(Serialize, ToSchema)]
struct StoredChallenge {
    id: Uuid,
    /// What it was for.
    #[schema(value_type = String, example = "password_reset")]
    purpose: &'static str,
    /// Over which channel it went.
    #[schema(value_type = VerificationMethod)]
    channel: &'static str,
    /// Where it went.
    contact: String,
    created_at: DateTime,
    expires_at: DateTime,
    #[schema(required = true)]
    used_at: Option<DateTime>,
}

/// A message that waits to be sent and carries no code.
#[derive(Serialize, ToSchema)]
struct StoredNotice {
    id: Uuid,
    /// What it is about.
    #[schema(value_type = String, example = "contact_changed")]
    purpose: &'static str,
    /// Over which channel it goes.
    #[schema(value_type = VerificationMethod)]
    channel: &'static str,
    /// Where it goes.
    contact: String,
    created_at: DateTime,
    expires_at: DateTime,
}

/// An answer that is remembered.
#[derive(Serialize, ToSchema)]
struct RememberedAnswer {
    /// The person as they were then.
    #[schema(value_type = Object)]
    answer: serde_json::Value,
    expires_at: DateTime,
}

impl<'u> PersonalDataResponse<'u> {
    fn new(user: &'u User, data: PersonalData) -> Self {
        Self {
            user: UserResponse::from(user),
            sessions: data.sessions.into_iter().map(StoredSession::from).collect(),
            api_keys: data.api_keys.iter().map(ApiKeyResponse::from).collect(),
            challenges: data.challenges.into_iter().map(StoredChallenge::from).collect(),
            notices: data.notices.into_iter().map(StoredNotice::from).collect(),
            remembered_answer: data.stored_answer.map(RememberedAnswer::from),
            created_customers: data.created_customers,
            assigned_customers: data.assigned_customers,
            audit_events: Vec::new(),
            audit_events_complete: true,
        }
    }
}

impl From<Session> for StoredSession {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.as_uuid(),
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
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
            created_at: challenge.created_at.into(),
            expires_at: challenge.expires_at.into(),
            used_at: challenge.used_at.map(DateTime::from),
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
            created_at: notice.created_at.into(),
            expires_at: notice.expires_at.into(),
        }
    }
}

impl From<StoredAnswer> for RememberedAnswer {
    fn from(stored: StoredAnswer) -> Self {
        Self { answer: idempotency_key::body(&stored.answer), expires_at: stored.expires_at.into() }
    }
}

/// How an answer without events ends.
const END: &str = "],\"audit_events_complete\":true}";

/// The answer while it is made: what was read at once, then the events, a page at a time.
pub(super) struct PersonalDataParts {
    /// The answer up to its first event, until it is sent.
    beginning: Vec<u8>,
    events: PersonalEvents,
    has_written_one: bool,
    is_at_end: bool,
}

impl PersonalDataParts {
    pub(super) fn new(data: PersonalData, events: PersonalEvents) -> Result<Self, Error> {
        let user = data.user.clone();
        let whole = serde_json::to_string(&PersonalDataResponse::new(&user, data)).map_err(failed)?;
        let beginning = whole.strip_suffix(END).unwrap_or(&whole).into();
        Ok(Self { beginning, events, has_written_one: false, is_at_end: false })
    }
}

impl Parts for PersonalDataParts {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.is_at_end {
            return Ok(None);
        }
        let mut part = std::mem::take(&mut self.beginning);
        let Some(page) = self.events.next().await? else {
            self.is_at_end = true;
            part.extend(format!("],\"audit_events_complete\":{}}}", self.events.is_complete()).into_bytes());
            return Ok(Some(part));
        };
        for event in page {
            if std::mem::replace(&mut self.has_written_one, true) {
                part.push(b',');
            }
            serde_json::to_writer(&mut part, &EventResponse::from(&event)).map_err(failed)?;
        }
        Ok(Some(part))
    }
}

/// Writing into memory does not fail.
fn failed(error: serde_json::Error) -> Error {
    Error::Store(StoreError::Failed(Box::new(error)))
}
