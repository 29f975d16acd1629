//! Accounts of staff who enter themselves.

use domain::accounts::new_user;
use domain::audit::{Event, EventKind, changes};
use domain::store::Account;
use domain::{Actor, Clock, DisplayName, PasswordHash, Staff, StaffRole};

/// An active account that is not stored yet.
pub(crate) fn staff_account(
    clock: &dyn Clock,
    role: StaffRole,
    staff: Staff,
    display_name: Option<DisplayName>,
    password_hash: PasswordHash,
) -> Account {
    let (id, now) = (clock.new_id().into(), clock.now());
    Account::new(new_user(id, now, role.profile(staff), display_name, true), password_hash)
}

/// The event of an account that is new.
pub(crate) fn created(clock: &dyn Clock, actor: &Actor, account: &Account) -> Event {
    let user = &account.user;
    Event::new(clock, actor, EventKind::UserCreated, Some(user.id)).with_changes(changes(None, user))
}
