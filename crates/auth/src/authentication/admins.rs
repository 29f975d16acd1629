//! How admins come to be, or come back, by the hand of whoever runs the service.

use domain::audit::{EventKind, changes};
use domain::store::{Account, Credentials, Recovery, WriteError};
use domain::{Actor, Email, Error, Field, Profile, Staff, StaffRole, VerificationMethod};

use super::Authentication;
use crate::error::AuthError;
use crate::password::Password;

/// How there came to be an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminMade {
    /// Somebody new was entered.
    Created,
    /// Somebody on the staff got a new password, and the role if they had another.
    Recovered,
}

impl Authentication {
    /// Makes an active admin of whoever has this e-mail: somebody new, or
    /// somebody on the staff, whose password is replaced and whose sessions end.
    /// Not for callers over HTTP: nothing is asked of the actor.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak password; `HasCustomers` for a manager who looks after some.
    pub async fn make_admin(&self, actor: &Actor, email: Email, password: &Password) -> Result<AdminMade, AuthError> {
        let hash = self.hash_new_password(actor, "password", password, Some(&email)).await?;
        match self.create_admin(actor, email.clone(), hash.clone()).await {
            // An unapproved sign-up is replaced by that: it may be a stranger's.
            Err(WriteError::Taken(Field::Email)) => {
                let found = self.inner.stores.passwords.find_credentials(&email).await?;
                self.recover(actor, found.ok_or(AuthError::Domain(Error::Stale))?, hash).await
            }
            done => Ok(done.map(|()| AdminMade::Created)?),
        }
    }

    /// Enters an active admin.
    async fn create_admin(&self, actor: &Actor, email: Email, hash: domain::PasswordHash) -> Result<(), WriteError> {
        let account = self.admin_account(email, hash);
        let event = self.created(actor, &account);
        self.inner.stores.accounts.create_account(&self.authority(actor), &account, &[event]).await
    }

    pub(super) fn admin_account(&self, email: Email, hash: domain::PasswordHash) -> Account {
        let staff =
            Staff { email, phone: None, tin_trunk_number: None, verification_method: VerificationMethod::Email };
        self.staff_account(StaffRole::Admin, staff, None, hash, true).replacing_signup()
    }

    async fn recover(
        &self,
        actor: &Actor,
        found: Credentials,
        password_hash: domain::PasswordHash,
    ) -> Result<AdminMade, AuthError> {
        let before = found.user;
        let mut admin = before.clone();
        if let Profile::Manager(staff) = admin.profile {
            admin.profile = Profile::Admin(staff);
        }
        admin.is_active = true;
        admin.updated_at = self.now();
        admin.version += 1;
        let id = Some(admin.id);
        let changed = changes(Some(&before), &admin);
        let mut events = vec![self.event(actor, EventKind::PasswordReset, id)];
        if !changed.is_empty() {
            events.push(self.event(actor, EventKind::UserUpdated, id).with_changes(changed));
        }
        let sessions_ended = self.event(actor, EventKind::SessionEnded, id);
        let recovery = Recovery { admin, password_hash, events, sessions_ended };
        self.inner.stores.accounts.recover_admin(&recovery).await?;
        Ok(AdminMade::Recovered)
    }
}
