//! Changing people.

use super::{Accounts, allowed};
use crate::actor::{Actor, FreshProof, needs_proof};
use crate::audit::{Changes, Event, EventKind, changes};
use crate::error::Error;
use crate::id::UserId;
use crate::patch::{UserPatch, has_other_contact};
use crate::policy::{self, Action};
use crate::store::{Update, WriteError};
use crate::user::{Field, User};
use crate::value::ValueError;

/// How many times a change is tried while others change the same record.
pub(super) const MAX_RETRIES: u32 = 32;

/// The state in which the caller expects the person (`If-Match` in HTTP).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Any state. What others change meanwhile is kept.
    #[default]
    Any,
    /// One of these versions.
    Versions(Vec<i64>),
}

impl Expected {
    /// Whether the person is in the expected state.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] when not.
    pub fn check(&self, user: &User) -> Result<(), Error> {
        match self {
            Self::Any => Ok(()),
            Self::Versions(versions) if versions.contains(&user.version) => Ok(()),
            Self::Versions(_) => Err(Error::PreconditionFailed),
        }
    }
}

/// A change as it was sent: the fields that it names, and a closure that reads their values for this person.
pub struct SentPatch<R> {
    /// The named fields. Whether the caller may set them is judged before their values are read.
    pub fields: Vec<Field>,
    /// Reads the values.
    pub read: R,
}

impl UserPatch {
    /// A change whose values are read already.
    #[must_use]
    pub fn sent(self) -> SentPatch<impl FnOnce(&User) -> Result<Self, Error>> {
        SentPatch { fields: self.fields(), read: |_: &User| Ok(self) }
    }
}

impl Accounts {
    /// Changes a person. What others change at the same time is kept. A changed role, phone or e-mail and a
    /// deactivation end the person's sessions. A patch that changes nothing writes nothing.
    ///
    /// ```
    /// use clientele_domain::{DisplayName, Error, Expected, UserPatch, given, testing::new_manager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// let named = UserPatch { display_name: Some(DisplayName::parse_optional("Mia").unwrap()), ..UserPatch::default() };
    /// let seen = Expected::Versions(vec![mia.version]);
    /// let named = accounts.update(&admin, mia.id, &seen, given(named.sent())).await?;
    /// assert_eq!(named.display_name.unwrap().as_str(), "Mia");
    ///
    /// let deactivated = UserPatch { is_active: Some(false), ..UserPatch::default() };
    /// let stale = accounts.update(&admin, mia.id, &seen, given(deactivated.sent())).await;
    /// assert!(matches!(stale, Err(Error::PreconditionFailed)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// In this order: [`Error::Forbidden`] for an API key that is not made to change people; [`Error::NotFound`] outside
    /// the caller's scope; those of the reading; [`Error::ForbiddenFields`];
    /// [`Error::PreconditionFailed`]; those of the values; [`Error::Unauthorized`] when the caller's authority has
    /// ended, whatever else is wrong; [`Error::RoleChangeNotAllowed`]; [`Error::LastAdmin`]; [`Error::HasCustomers`]
    /// for a manager who gets another role; [`Error::Taken`]; [`Error::Invalid`]; [`Error::ReauthenticationRequired`]
    /// for staff who change their own contact or method in a session that is not fresh.
    pub async fn update<E, R>(
        &self,
        actor: &Actor,
        id: UserId,
        expected: &Expected,
        sent: impl AsyncFnOnce() -> Result<SentPatch<R>, E>,
    ) -> Result<User, E>
    where
        E: From<Error>,
        R: FnOnce(&User) -> Result<UserPatch, E>,
    {
        policy::check_any(actor, &[Action::UpdateStaff, Action::UpdateCustomer]).map_err(E::from)?;
        // The person is read once. If others change them while the body arrives, the store asks for a new judgement.
        let before = self.find_seen(actor, id).await?;
        let SentPatch { fields, read } = sent().await?;
        check_change(actor, &before, expected, &fields)?;
        let patch = read(&before)?;
        let order = Order { accounts: self, actor, patch: &patch, expected };
        match self.carry_out(&order, before).await {
            Ok(Outcome::Written(user)) => Ok(user),
            // Each write checks the authority. An answer without a write reveals something too.
            Ok(Outcome::Nothing(user)) => Ok(self.check_authority(actor).await.map(|()| user)?),
            Err(error @ (Error::Unauthorized | Error::Store(_))) => Err(error.into()),
            Err(refusal) => Err(self.check_authority(actor).await.err().unwrap_or(refusal).into()),
        }
    }

    /// Writes the change, which was judged by the person as they were read. If somebody changed them since, the store
    /// has it judged again. So this begins again only when the change has become another kind of change.
    async fn carry_out(&self, order: &Order<'_>, mut before: User) -> Result<Outcome, Error> {
        for _ in 0..MAX_RETRIES {
            let Some(update) = order.change(before.clone())? else { return Ok(Outcome::Nothing(before)) };
            if is_other_phone_of_customer(&update) {
                self.check_may_try_phones(order.actor).await?;
            }
            match self.store.update_user(&self.authority(order.actor), &update, &|now| order.rejudge(now)).await {
                Ok(after) => return Ok(Outcome::Written(after)),
                Err(WriteError::Stale) => {}
                Err(WriteError::Taken(Field::Phone)) => return Err(self.phone_taken(order.actor, &update.after).await),
                Err(error) => return Err(error.into()),
            }
            before = self.find_seen(order.actor, before.id).await?;
            order.check(&before)?;
        }
        Err(Error::Stale)
    }

    /// The update that the patch leads to; `None` if it changes nothing.
    pub(super) fn updated(&self, actor: &Actor, before: User, patch: &UserPatch) -> Result<Option<Update>, Error> {
        let mut after = patch.applied_to(&before)?;
        if after == before {
            return Ok(None);
        }
        if !allowed(actor, policy::update_action(after.role()))?.contains(&after) {
            return Err(Error::ForbiddenFields(vec![Field::AssignedManager]));
        }
        after.updated_at = self.clock.now();
        after.version += 1;
        let ends_sessions = after.role() != before.role()
            || (before.is_active && !after.is_active)
            || has_other_contact(&before, &after);
        let events = self.events(actor, &before, &after);
        Ok(Some(Update { before, after, ends_sessions, proof: None, events }))
    }

    /// The events of a change. A changed manager has its own entry, as in a handover.
    fn events(&self, actor: &Actor, before: &User, after: &User) -> Vec<Event> {
        let mut changes = changes(Some(before), after);
        let manager = Field::AssignedManager.as_str();
        let assigned: Changes = changes.remove_entry(manager).into_iter().collect();
        [(EventKind::UserUpdated, changes), (EventKind::CustomerAssigned, assigned)]
            .into_iter()
            .filter(|(_, changes)| !changes.is_empty())
            .map(|(kind, changes)| Event::new(&*self.clock, actor, kind, Some(before.id)).with_changes(changes))
            .collect()
    }
}

/// Checks that the caller may set these fields of a person whom they may see, and that the person is in the expected
/// state. Does not judge fields that the person does not have.
fn check_change(actor: &Actor, user: &User, expected: &Expected, fields: &[Field]) -> Result<(), Error> {
    check_may_set(actor, user, fields)?;
    expected.check(user)
}

pub(super) fn check_may_set(actor: &Actor, user: &User, fields: &[Field]) -> Result<(), Error> {
    let role = user.role();
    if !allowed(actor, policy::update_action(role))?.contains(user) {
        return Err(Error::Forbidden);
    }
    let is_forbidden = |&field: &Field| policy::field_exists(role, field) && !policy::may_set(actor, role, field);
    let forbidden: Vec<_> = fields.iter().copied().filter(is_forbidden).collect();
    if forbidden.is_empty() { Ok(()) } else { Err(Error::ForbiddenFields(forbidden)) }
}

/// Whether a customer gets a phone that another one may have.
fn is_other_phone_of_customer(update: &Update) -> bool {
    update.after.customer().is_some() && update.after.phone() != update.before.phone()
}

/// The result of a change.
enum Outcome {
    Written(User),
    /// The patch changes nothing.
    Nothing(User),
}

/// Who wants to change what of a person, and in which state.
struct Order<'a> {
    accounts: &'a Accounts,
    actor: &'a Actor,
    patch: &'a UserPatch,
    expected: &'a Expected,
}

impl Order<'_> {
    fn check(&self, before: &User) -> Result<(), Error> {
        check_change(self.actor, before, self.expected, &self.patch.fields())
    }

    /// The update for a person for whom the change was checked; `None` if it changes nothing.
    fn change(&self, before: User) -> Result<Option<Update>, Error> {
        check_exist(&before, &self.patch.fields())?;
        let Some(mut update) = self.accounts.updated(self.actor, before, self.patch)? else { return Ok(None) };
        if needs_proof(self.actor, &update.before, &update.after) {
            update.proof = Some(FreshProof::of(self.actor, self.accounts.clock.now())?);
        }
        Ok(Some(update))
    }

    /// Checks and decides the change again, for the person as they are in the transaction.
    fn rejudge(&self, now: &User) -> Option<Update> {
        let is_seen = policy::personal_scope(self.actor, Action::ReadUser).contains(now);
        self.check(now).and_then(|()| self.change(now.clone())).ok().flatten().filter(|_| is_seen)
    }
}

fn check_exist(user: &User, fields: &[Field]) -> Result<(), Error> {
    match fields.iter().find(|&&field| !policy::field_exists(user.role(), field)) {
        Some(&field) => Err(Error::Invalid(field, ValueError::new("unknown_field", "there is no such field here"))),
        None => Ok(()),
    }
}
