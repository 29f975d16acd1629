//! People to fill a store with.

use std::sync::Arc;

use super::{FixedClock, MemoryStore};
use crate::accounts::{Accounts, NewCustomer, NewStaff, NewUser, new_user};
use crate::actor::{Actor, Origin};
use crate::clock::Clock;
use crate::id::UserId;
use crate::store::Account;
use crate::user::{Customer, PasswordHash, Profile, Staff, StaffRole, User, VerificationMethod};
use crate::value::{Email, Metadata, Phone};

/// An e-mail address.
///
/// # Panics
/// When it is none.
#[must_use]
#[expect(clippy::expect_used, reason = "a test with a wrong address is a wrong test")]
pub fn email(text: &str) -> Email {
    Email::parse(text).expect("an e-mail address")
}

/// A phone number.
///
/// # Panics
/// When it is none.
#[must_use]
#[expect(clippy::expect_used, reason = "a test with a wrong number is a wrong test")]
pub fn phone(text: &str) -> Phone {
    Phone::parse(text).expect("a phone number")
}

/// The "hash" of a password, for stores that only keep and compare it.
#[must_use]
pub fn password_hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(format!("hash of {text}"))
}

/// A staff profile whose codes go to its e-mail.
#[must_use]
pub fn staff(address: &str) -> Staff {
    Staff { email: email(address), phone: None, tin_trunk_number: None, verification_method: VerificationMethod::Email }
}

/// An admin as `Accounts::create` takes one, active.
#[must_use]
pub fn new_admin(email: &str) -> NewUser {
    new_staff(StaffRole::Admin, email)
}

/// A manager as `Accounts::create` takes one, active.
#[must_use]
pub fn new_manager(email: &str) -> NewUser {
    new_staff(StaffRole::Manager, email)
}

/// A customer as `Accounts::create` takes one, active.
#[must_use]
pub fn new_customer(number: &str, assigned_manager_id: Option<UserId>) -> NewUser {
    NewUser::Customer(NewCustomer {
        phone: phone(number),
        display_name: None,
        metadata: Metadata::default(),
        assigned_manager_id,
        is_active: true,
    })
}

fn new_staff(role: StaffRole, email: &str) -> NewUser {
    NewUser::Staff(NewStaff {
        role,
        display_name: None,
        staff: staff(email),
        password_hash: password_hash("password"),
        is_active: true,
    })
}

/// An active admin, entered now.
pub fn admin(clock: &dyn Clock, email: &str) -> User {
    new_user(clock.new_id().into(), clock.now(), Profile::Admin(staff(email)), None, true)
}

/// An active manager, entered now.
pub fn manager(clock: &dyn Clock, email: &str) -> User {
    new_user(clock.new_id().into(), clock.now(), Profile::Manager(staff(email)), None, true)
}

/// An active customer, entered now by the manager they are assigned to, or by themselves.
pub fn customer(clock: &dyn Clock, number: &str, assigned_manager_id: Option<UserId>) -> User {
    let id = clock.new_id().into();
    let customer = Customer {
        phone: phone(number),
        created_by: assigned_manager_id.unwrap_or(id),
        assigned_manager_id,
        metadata: Metadata::default(),
    };
    new_user(id, clock.now(), Profile::Customer(customer), None, true)
}

/// A person as a store takes them; staff with [`password_hash`]`("password")`.
#[must_use]
pub fn account(user: &User) -> Account {
    let password_hash = match user.staff() {
        Some(_) => password_hash("password"),
        None => PasswordHash::unusable(),
    };
    Account::new(user.clone(), password_hash)
}

/// The use-cases on people over a new store in memory, and the first admin as a caller.
///
/// # Panics
/// Never: a new store takes the first admin.
#[expect(clippy::expect_used, reason = "a new store takes the first admin")]
pub async fn accounts() -> (Accounts, Actor) {
    let accounts = Accounts::new(Arc::new(MemoryStore::new()), Arc::new(FixedClock::default()));
    let admin = accounts.create(&Actor::system("test"), new_admin("ann@example.com")).await.expect("the first admin");
    (accounts, signed_in(&admin))
}

/// The person as a caller.
#[must_use]
pub fn signed_in(user: &User) -> Actor {
    Actor::user(user, Origin::default())
}
