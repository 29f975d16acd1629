//! Erasing a person, and reading everything that is stored about them.

use super::update::{Expected, MAX_RETRIES};
use super::{Accounts, PersonalEvents, allowed};
use crate::actor::Actor;
use crate::audit::{Event, EventCursor, EventKind};
use crate::error::Error;
use crate::id::UserId;
use crate::personal_data::PersonalData;
use crate::policy::Action;
use crate::store::{Erasure, WriteError};

impl Accounts {
    /// Erases a person for good. Their ids stay in the audit trail; their names and contacts do not.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but admins; those of reading whom, in which state; [`Error::Unauthorized`]; [`Error::NotFound`];
    /// [`Error::PreconditionFailed`]; [`Error::HasCustomers`] for a manager who still looks after some;
    /// [`Error::LastAdmin`].
    pub async fn erase<E: From<Error>>(
        &self,
        actor: &Actor,
        whom: impl FnOnce() -> Result<(UserId, Expected), E>,
    ) -> Result<(), E> {
        allowed(actor, Action::EraseUser)?;
        let (id, expected) = whom()?;
        Ok(self.erase_expected(actor, id, &expected).await?)
    }

    async fn erase_expected(&self, actor: &Actor, id: UserId, expected: &Expected) -> Result<(), Error> {
        for _ in 0..MAX_RETRIES {
            let user = self.find_for(actor, Action::EraseUser, id).await?;
            expected.check(&user)?;
            let mut event = Event::new(&*self.clock, actor, EventKind::UserErased, Some(id));
            if actor.id() == Some(id) {
                // Their address goes with them.
                event.address = None;
            }
            let is_of_version = *expected != Expected::Any;
            let erasure = Erasure { user, is_of_version, heir: actor.id(), event };
            // The person stays until the second call. If the first is cut off, the request can be sent again.
            let erased = match self.store.prepare_erasure(&self.authority(actor), &erasure).await {
                Ok(()) => self.store.erase_user(&self.authority(actor), &erasure).await,
                refused => refused,
            };
            match erased {
                Ok(()) => return Ok(()),
                Err(WriteError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Stale)
    }

    /// Everything that is kept about a person, and the events before this reading. That it was read is recorded.
    ///
    /// # Errors
    /// [`Error::NotFound`] for nobody, and for all but oneself unless the caller is an admin.
    pub async fn find_personal_data(&self, actor: &Actor, id: UserId) -> Result<(PersonalData, PersonalEvents), Error> {
        let scope = allowed(actor, Action::ReadPersonalData)?;
        let data = self.store.find_personal_data(scope, id).await?.ok_or(Error::NotFound)?;
        let counts = [
            ("sessions", data.sessions.len() as u64),
            ("challenges", data.challenges.len() as u64),
            ("created_customers", data.created_customers),
            ("assigned_customers", data.assigned_customers),
        ];
        // Before anything of it is handed out.
        let event = Event::new(&*self.clock, actor, EventKind::DataRead, Some(id)).with_facts(counts);
        self.store.record_event(&event).await?;
        Ok((data, self.personal_events(actor, id, EventCursor::at(&event))))
    }
}
