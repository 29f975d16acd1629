//! People: to list, read, enter, change, erase and hand over.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::client::Client;
use crate::error::Error;
use crate::new_user::NewUser;
use crate::pages::{Items, Page, PageRequest};
use crate::patch::UserPatch;
use crate::request::{Answer, Request};
use crate::unique;
use crate::user::{ETag, User, VersionedUser};
use crate::user_query::UserQuery;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const NOT_MODIFIED: u16 = 304;

/// To whom a manager's customers go.
///
/// ```
/// # use uuid::Uuid;
/// use clientele_client::Handover;
///
/// let (mia, max) = (Uuid::from_u128(1), Uuid::from_u128(2));
/// let shared = Handover { to: vec![mia, max], deactivate: true, ..Handover::default() };
/// # let _ = shared;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Handover {
    /// Active managers, who share the customers evenly. Nobody gets them when it is empty.
    pub to: Vec<Uuid>,
    /// Only these customers of the manager; all of them when it is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_ids: Option<Vec<Uuid>>,
    /// Whether the manager is deactivated too.
    pub deactivate: bool,
    /// Whether only to say what would happen.
    pub dry_run: bool,
}

/// What went to whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct HandedOver {
    /// How many customers.
    pub transferred: u64,
    /// How many each receiver got.
    pub to: BTreeMap<Uuid, u64>,
}

impl Client {
    /// All people whom the caller may see, page after page.
    pub fn users(&self, query: &UserQuery) -> Items<User> {
        self.items("users/", query.query())
    }

    /// One page of the people whom the caller may see.
    ///
    /// # Errors
    /// [`Error::Problem`] for customers, and when a filter is not acceptable.
    pub async fn users_page(&self, query: &UserQuery, page: &PageRequest) -> Result<Page<User>, Error> {
        self.page("users/", query.query(), page).await
    }

    /// All customers whom the caller looks after, page after page; of an admin, all customers.
    pub fn managed_customers(&self, query: &UserQuery) -> Items<User> {
        self.items("users/managed-customers/", query.query())
    }

    /// One page of the customers whom the caller looks after.
    ///
    /// # Errors
    /// As [`Client::users_page`].
    pub async fn managed_customers_page(&self, query: &UserQuery, page: &PageRequest) -> Result<Page<User>, Error> {
        self.page("users/managed-customers/", query.query(), page).await
    }

    /// The caller.
    ///
    /// # Errors
    /// [`Error::Problem`] when nobody is signed in.
    pub async fn me(&self) -> Result<VersionedUser, Error> {
        versioned(&self.send(Request::get("users/me")).await?)
    }

    /// One person.
    ///
    /// # Errors
    /// [`Error::Problem`] with `not_found` for nobody, and for somebody whom the caller may not see.
    pub async fn user(&self, id: Uuid) -> Result<VersionedUser, Error> {
        versioned(&self.send(Request::get(path(id))).await?)
    }

    /// One person, unless they are still in this state.
    ///
    /// # Errors
    /// As [`Client::user`].
    pub async fn user_unless(&self, id: Uuid, etag: &ETag) -> Result<Option<VersionedUser>, Error> {
        let answer = self.send(Request::get(path(id)).header(IF_NONE_MATCH, &*etag.0)).await?;
        if answer.status == NOT_MODIFIED { Ok(None) } else { versioned(&answer).map(Some) }
    }

    /// Enters a person. It is safe against lost answers: all attempts have one `Idempotency-Key`.
    ///
    /// # Errors
    /// [`Error::Problem`] with `validation_failed`, `email_taken` or `phone_taken`, or with `forbidden` when the caller may
    /// not enter this role or set a field.
    pub async fn create_user(&self, new: &impl NewUser) -> Result<VersionedUser, Error> {
        self.create_user_once(new, &unique::key()).await
    }

    /// The same under a key of your own, under which it can be asked again for 24 hours, after a restart too.
    ///
    /// # Errors
    /// As [`Client::create_user`], and `idempotency_key_reused` when the key was used for another person.
    pub async fn create_user_once(&self, new: &impl NewUser, key: &str) -> Result<VersionedUser, Error> {
        let request = Request::post("users/").json(new).header(IDEMPOTENCY_KEY, key).may_be_done_twice();
        versioned(&self.send(request).await?)
    }

    /// Changes a person, in this state only if there is one.
    ///
    /// # Errors
    /// [`Error::Problem`] with `precondition_failed` when they are in another state, `not_found` outside of what the
    /// caller may see, `forbidden` for fields that the caller may not set, and others.
    pub async fn update_user(&self, id: Uuid, patch: &UserPatch, etag: Option<&ETag>) -> Result<VersionedUser, Error> {
        self.change(path(id), patch, etag).await
    }

    /// Changes the caller.
    ///
    /// # Errors
    /// As [`Client::update_user`], and `reauthentication_required` for contacts.
    pub async fn update_me(&self, patch: &UserPatch, etag: Option<&ETag>) -> Result<VersionedUser, Error> {
        self.change("users/me".to_owned(), patch, etag).await
    }

    async fn change(&self, place: String, patch: &UserPatch, etag: Option<&ETag>) -> Result<VersionedUser, Error> {
        let request = Request::new(Method::PATCH, place).json(patch);
        versioned(&self.send(if_match(request, etag)).await?)
    }

    /// Erases a person for good, in this state only if there is one. For admins.
    ///
    /// # Errors
    /// [`Error::Problem`] with `last_admin`, `has_customers`, `not_found` and others.
    pub async fn erase_user(&self, id: Uuid, etag: Option<&ETag>) -> Result<(), Error> {
        self.send(if_match(Request::delete(path(id)), etag)).await.map(drop)
    }

    /// Signs a person out everywhere. For admins.
    ///
    /// # Errors
    /// [`Error::Problem`] with `not_found` and others.
    pub async fn end_sessions_of(&self, id: Uuid) -> Result<(), Error> {
        self.send(Request::delete(format!("users/{id}/sessions"))).await.map(drop)
    }

    /// Gives a manager's customers to others. For admins.
    ///
    /// # Errors
    /// [`Error::Problem`] with `validation_failed` when a receiver is no active manager, and others.
    pub async fn hand_over(&self, manager: Uuid, handover: &Handover) -> Result<HandedOver, Error> {
        self.read(Request::post(format!("users/{manager}/handover")).json(handover)).await
    }

    /// Everything that is stored about a person. It is for that person to read, and grows with what is stored, so it has
    /// no type of its own here.
    ///
    /// # Errors
    /// [`Error::Problem`] with `not_found` or `forbidden`.
    pub async fn personal_data(&self, id: Uuid) -> Result<serde_json::Value, Error> {
        self.read(Request::get(format!("users/{id}/data")).may_be_done_once()).await
    }
}

fn path(id: Uuid) -> String {
    format!("users/{id}")
}

fn if_match(request: Request, etag: Option<&ETag>) -> Request {
    match etag {
        Some(etag) => request.header(IF_MATCH, &*etag.0),
        None => request,
    }
}

fn versioned(answer: &Answer) -> Result<VersionedUser, Error> {
    Ok(VersionedUser { user: answer.json()?, etag: ETag(answer.header(&ETAG)?.to_owned()) })
}
