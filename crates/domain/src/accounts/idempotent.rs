//! Entering a person once, however often the request is sent.

use super::{Accounts, Entry, allowed, creation_scope};
use crate::actor::Actor;
use crate::error::Error;
use crate::idempotency::{AnswerToStore, IdempotentRequest};
use crate::policy::{Action, Scope};
use crate::user::{Role, User};

/// A person as they were sent; their fields are not read yet.
pub struct SentUser<F> {
    /// Their role, where it can be told.
    pub role: Option<Role>,
    /// The answer to store, when the request came under a key.
    pub answer: Option<AnswerToStore>,
    /// Reads the fields and enters the person.
    pub enter: F,
}

/// What came of such a request.
#[derive(Debug)]
pub enum Created {
    /// The person was entered now.
    Now(User),
    /// The same request entered them before, and this is the answer that was stored.
    Before(String),
}

impl Accounts {
    /// Enters a person, or answers as before when the same request comes again under its key. Of two such requests at
    /// the same instant one waits for the other and gets its answer. A refusal is not stored.
    ///
    /// # Errors
    /// In this order: [`Error::Forbidden`] for a caller who enters nobody; those of the reading;
    /// [`Error::ForbiddenField`] for a role that the caller may not enter; [`Error::IdempotencyKeyReused`] when the key
    /// was another request's; those of `enter`.
    pub async fn create_idempotent<E, F>(
        &self,
        actor: &Actor,
        read: impl AsyncFnOnce() -> Result<SentUser<F>, E>,
    ) -> Result<Created, E>
    where
        E: From<Error>,
        F: AsyncFnOnce(Entry) -> Result<User, E>,
    {
        allowed(actor, Action::CreateCustomer)?;
        let SentUser { role, answer, enter } = read().await?;
        let scope = role.map_or(Ok(Scope::Nothing), |role| creation_scope(actor, role))?;
        let entry = Entry { scope, answer };
        let Some(answer) = answer else { return enter(entry).await.map(Created::Now) };
        // Before the fields are read: the key may be another request's, and the rules may have changed since.
        if let Some(stored) = self.stored_answer(actor, answer.request).await? {
            return Ok(Created::Before(stored));
        }
        match enter(entry).await {
            Ok(user) => Ok(Created::Now(user)),
            // The same request may have been carried out a moment ago, which then is the reason.
            Err(refusal) => self.stored_answer(actor, answer.request).await?.map(Created::Before).ok_or(refusal),
        }
    }

    /// The answer stores personal data, so the caller's authority is checked first.
    async fn stored_answer(&self, actor: &Actor, request: IdempotentRequest) -> Result<Option<String>, Error> {
        self.check_authority(actor).await?;
        match self.store.find_stored_answer(&request, self.clock.now()).await? {
            Some(stored) if stored.request == request => Ok(Some(stored.answer)),
            Some(_) => Err(Error::IdempotencyKeyReused),
            None => Ok(None),
        }
    }
}
