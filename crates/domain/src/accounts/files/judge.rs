//! Decides what each line does.

use crate::accounts::update::check_may_set;
use crate::accounts::{Accounts, NewCustomer, NewUser};
use crate::actor::Actor;
use crate::audit::{Event, EventKind};
use crate::error::Error;
use crate::id::UserId;
use crate::import::{Column, ImportOrder, Imported, Line, OnExisting, Refused};
use crate::patch::UserPatch;
use crate::policy::{self, Action, Scope};
use crate::store::{ImportBatch, ImportFound, Update};
use crate::user::{Field, Profile, Role, User};
use crate::value::{Phone, ValueError};

/// What a line does.
enum Verdict {
    Create(Box<User>, Event),
    Update(Box<Update>),
    Skip,
    Refuse(Vec<Refused>),
}

/// Decides on lines.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) accounts: &'a Accounts,
    pub(super) actor: &'a Actor,
    pub(super) scope: Scope,
    pub(super) order: &'a ImportOrder,
    pub(super) creator: Option<UserId>,
    /// How many more customers whom the caller may not see the errors may reveal; `None` when there is no bound.
    pub(super) to_tell: Option<u64>,
}

impl Judge<'_> {
    /// The event of an import, with the counts of what it wrote or would write. An import that broke off wrote a part.
    pub(super) fn event(&self, imported: &Imported) -> Event {
        let errors = imported.errors.len() as u64 + imported.errors_omitted;
        let (created, updated) =
            if imported.is_aborted(self.order) { (0, 0) } else { (imported.created, imported.updated) };
        let counts = [("created", created), ("updated", updated), ("skipped", imported.skipped), ("errors", errors)];
        Event::new(&*self.accounts.clock, self.actor, EventKind::UsersImported, None)
            .with_facts(counts)
            .with_facts([("dry_run", self.order.dry_run)])
    }

    /// The same judge after what was imported so far.
    pub(super) fn after(self, imported: &Imported) -> Self {
        Self { to_tell: self.to_tell.map(|left| left.saturating_sub(imported.told.len() as u64)), ..self }
    }

    pub(super) fn all(&self, lines: &[Line], found: &ImportFound) -> (Imported, ImportBatch) {
        let (mut imported, mut part) = (Imported::default(), ImportBatch::default());
        for line in lines {
            if let Some(refused) = self.after(&imported).unseen(line, found) {
                imported.refuse(line.number, vec![refused]);
                continue;
            }
            imported.told.extend(self.not_seen(line, found).map(|other| other.id).filter(|_| self.to_tell.is_some()));
            match self.line(line, found) {
                Verdict::Create(user, event) => {
                    imported.created += 1;
                    part.created.push(*user);
                    part.events.push(event);
                }
                Verdict::Update(mut update) => {
                    imported.updated += 1;
                    part.events.append(&mut update.events);
                    part.updated.push(*update);
                }
                Verdict::Skip => imported.skipped += 1,
                Verdict::Refuse(refused) => imported.refuse(line.number, refused),
            }
        }
        (imported, part)
    }

    /// The customer whose phone the line has and whom the caller may not see.
    fn not_seen<'f>(&self, line: &Line, found: &'f ImportFound) -> Option<&'f User> {
        let phone = line.phone.as_ref().filter(|_| !line.is_of_staff)?;
        found.customers.get(phone).filter(|user| !self.scope.contains(user))
    }

    /// Refuses a line when no more taken phones may be revealed. Free and taken phones are refused alike.
    fn unseen(&self, line: &Line, found: &ImportFound) -> Option<Refused> {
        let phone = line.phone.as_ref().filter(|_| !line.is_of_staff && self.to_tell == Some(0))?;
        let is_own = found.customers.get(phone).is_some_and(|user| self.scope.contains(user));
        let detail = "not looked at: too many phones of customers whom you do not look after today; ask an admin";
        (!is_own).then(|| Refused::cell(Column::Phone, "rate_limited", detail))
    }

    fn line(&self, line: &Line, found: &ImportFound) -> Verdict {
        if line.is_of_staff {
            return Verdict::Skip;
        }
        let mut refused = line.refused.clone();
        let existing = line.phone.as_ref().and_then(|phone| found.customers.get(phone));
        if self.not_seen(line, found).is_some() {
            // These are the words of a creation. They say no more than that.
            refused.push(Refused::cell(Column::Phone, "phone_taken", "another customer has this phone"));
        }
        let manager = self.manager(line, found, existing).map_err(|error| refused.push(error)).unwrap_or_default();
        let Some(phone) = line.phone.clone().filter(|_| refused.is_empty()) else { return Verdict::Refuse(refused) };
        let verdict = match existing {
            None => self.create(line, phone, manager),
            Some(_) if self.order.on_existing == OnExisting::Skip => Ok(Verdict::Skip),
            Some(existing) => self.update(line, existing, manager),
        };
        verdict.unwrap_or_else(|error| Verdict::Refuse(vec![refusal(error)]))
    }

    /// The manager to assign. Callers who may not assign customers may name only themselves, which changes nothing.
    fn manager(&self, line: &Line, found: &ImportFound, existing: Option<&User>) -> Result<Option<UserId>, Refused> {
        let Some(email) = &line.manager_email else { return Ok(None) };
        let named = found.staff.get(email);
        if policy::personal_scope(self.actor, Action::AssignCustomer) == Scope::Nothing {
            let is_caller = named.is_some_and(|named| Some(named.id) == self.actor.id());
            let error = || Refused::cell(Column::ManagerEmail, "forbidden", "not yours to set, or not to this value");
            return if is_caller { Ok(None) } else { Err(error()) };
        }
        // The manager who looks after the customer already may be named even when they are not active.
        let current = existing.and_then(User::customer).and_then(|customer| customer.assigned_manager_id);
        let is_fine = |named: &&User| (named.is_active && named.role() == Role::Manager) || Some(named.id) == current;
        let error = || {
            let detail = "must be the e-mail of an active manager";
            Refused::cell(Column::ManagerEmail, "not_an_active_manager", detail)
        };
        named.filter(is_fine).map(|manager| Some(manager.id)).ok_or_else(error)
    }

    fn create(&self, line: &Line, phone: Phone, manager: Option<UserId>) -> Result<Verdict, Error> {
        let new = NewUser::Customer(NewCustomer {
            phone,
            display_name: line.display_name.clone(),
            metadata: line.metadata.clone().unwrap_or_default(),
            assigned_manager_id: manager,
            is_active: line.is_active.unwrap_or(true),
        });
        let (account, event) = self.accounts.draft(self.actor, new, Accounts::entry(self.actor, Role::Customer)?)?;
        let mut user = account.user;
        if let (None, Some(creator), Profile::Customer(customer)) = (self.actor.id(), self.creator, &mut user.profile) {
            customer.created_by = creator;
        }
        Ok(Verdict::Create(Box::new(user), event))
    }

    fn update(&self, line: &Line, existing: &User, manager: Option<UserId>) -> Result<Verdict, Error> {
        let there = existing.customer().map(|customer| &customer.metadata);
        let patch = UserPatch {
            display_name: line.display_name.clone().map(Some),
            assigned_manager_id: manager.map(Some),
            is_active: line.is_active,
            // Metadata that is the same already is left out: as a patch, its `null` members would remove members.
            metadata: line.metadata.as_ref().filter(|new| there != Some(*new)).map(|new| new.as_object().clone()),
            ..UserPatch::default()
        };
        check_may_set(self.actor, existing, &patch.fields())?;
        let update = self.accounts.updated(self.actor, existing.clone(), &patch)?;
        Ok(update.map_or(Verdict::Skip, |update| Verdict::Update(Box::new(update))))
    }
}

/// Why a use-case refuses a line, with the cell that is the reason.
fn refusal(error: Error) -> Refused {
    match error {
        Error::Invalid(Field::Metadata, error) => Refused { column: Some(Column::Metadata), error },
        Error::Taken(_) => Refused::cell(Column::Phone, "phone_taken", "another customer has this phone"),
        Error::Invalid(_, error) => Refused { column: None, error },
        _ => Refused { column: None, error: ValueError::new("forbidden", "not yours to set, or not to this value") },
    }
}
