//! Invites people who are entered without a password.

use std::sync::Arc;

use domain::accounts::Entry;
use domain::challenge::Purpose;
use domain::store::SignUpStore;
use domain::{Accounts, Actor, Error, NewStaff, NewUser, PasswordHash, User};

use crate::env::Env;
use crate::error::AuthError;
use crate::one_time_code::Draft;
use crate::wiring::{AuthStore, Shared};

/// Invitations of staff.
#[derive(Clone)]
pub struct Invitations {
    env: Arc<Env>,
    accounts: Accounts,
    sign_ups: Arc<dyn SignUpStore>,
}

impl Invitations {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared, accounts: Accounts) -> Self {
        Self { env: shared.env.clone(), accounts, sign_ups: store.clone() }
    }

    /// Enters a staff member without a password, and sends them the code with which they set their first one, all or
    /// nothing. The code is good for 72 hours; after that, a forgotten password is the way in. Whatever password `new`
    /// brings is left out.
    pub async fn invite(&self, actor: &Actor, new: NewStaff, entry: Entry) -> Result<User, AuthError> {
        let new = NewUser::Staff(NewStaff { password_hash: PasswordHash::unusable(), ..new });
        let (account, event) = self.accounts.draft(actor, new, entry)?;
        let staff = account.user.staff().ok_or(Error::Forbidden)?;
        let draft = Draft { target: None, ..Draft::to_staff(Purpose::Invitation, account.user.id, staff) };
        let (challenge, message) = draft.open(None, &self.env.keys.secrets(), &*self.env.clock)?;
        let by = self.env.authority(actor);
        self.sign_ups.create_invited(&by, &account, &challenge, &message, &[event]).await?;
        self.env.outbox_signal.notify_one();
        Ok(account.user)
    }
}
