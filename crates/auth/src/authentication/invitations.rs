//! How people who were entered without a password get in.

use domain::challenge::Purpose;
use domain::once::Remember;
use domain::{Accounts, Actor, Error, NewStaff, NewUser, PasswordHash, User};

use super::Authentication;
use crate::challenge::Draft;
use crate::error::AuthError;

impl Authentication {
    /// Enters a staff member without a password, and sends them the code with
    /// which they set their first one, all or nothing. The code is good for 72
    /// hours; after that, a forgotten password is the way in. Whatever
    /// password `new` brings is left out.
    ///
    /// # Errors
    /// Those of [`Accounts::create_once`].
    pub async fn invite(&self, actor: &Actor, new: NewStaff, remember: Option<Remember>) -> Result<User, AuthError> {
        let new = NewUser::Staff(NewStaff { password_hash: PasswordHash::unusable(), ..new });
        let accounts = Accounts::new(self.inner.stores.accounts.clone(), self.inner.clock.clone());
        let (account, event) = accounts.draft(actor, new, remember)?;
        let (challenge, message) = invitation(&account.user)?.open(None, &self.secrets(), &*self.inner.clock)?;
        let by = self.authority(actor);
        self.inner.stores.accounts.create_invited(&by, &account, &challenge, &message, &[event]).await?;
        self.inner.outbox_signal.notify_one();
        Ok(account.user)
    }
}

fn invitation(user: &User) -> Result<Draft, Error> {
    let staff = user.staff().ok_or(Error::Forbidden)?;
    Ok(Draft {
        purpose: Purpose::Invitation,
        subject: staff.email.to_string(),
        target: None,
        user_id: Some(user.id),
        has_account: true,
        channel: staff.verification_method,
        contact: Some(staff.contact()),
        pending: None,
    })
}
