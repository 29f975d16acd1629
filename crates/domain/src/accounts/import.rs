//! Many customers at once, from a file.
//!
//! A line is judged by what is there: a first time by what is read, and again
//! in the transaction that writes. So nothing is locked while a file turns out
//! to be bad, and nothing can change between the verdict and the write.

use std::collections::HashSet;

use async_trait::async_trait;

use super::update::ATTEMPTS;
use super::{Accounts, NewCustomer, NewUser, allowed};
use crate::actor::Actor;
use crate::audit::{Event, EventKind};
use crate::error::{Error, Field};
use crate::id::UserId;
use crate::import::{Column, ImportOrder, Imported, Line, Lines, OnError, OnExisting, Refused};
use crate::patch::UserPatch;
use crate::policy::{self, Action, Scope};
use crate::store::{ImportFound, ImportKeys, ImportPart, ImportParts, StoreError, Update, WriteError};
use crate::user::{Profile, Role, User};
use crate::value::{Phone, ValueError};

/// How many lines are looked up and written by one statement. Each may bring a change from 16 KiB of
/// metadata to as much, and MariaDB takes 16 MiB at once.
const PART: usize = 200;
/// How often a whole file is begun again when others change what it is about.
const WHOLE_ATTEMPTS: u32 = 5;
/// How often a part is tried that finds the database too busy, each time as long as the store waits.
const BUSY_ATTEMPTS: u32 = 3;

impl Accounts {
    /// Enters the customers of a file, or changes those who exist, by the rules of [`Accounts::create`] and
    /// [`Accounts::update`]. With [`OnError::Abort`] all of it is one transaction, without it each
    /// part of a few hundred lines. A manager's new customers are assigned to them; a customer of
    /// somebody else is refused as one whose phone is taken, which they are told only a few times a day: lines after
    /// that are refused unseen. Each import is recorded with its counts, a dry run too.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers; [`Error::Unauthorized`] when the caller's authority ends on the way;
    /// [`Error::Invalid`] when `created_by` is nobody of the staff;
    /// [`Error::Stale`] when others kept changing the same people; [`Error::Store`], after which
    /// what earlier parts wrote stays written.
    pub async fn import(&self, actor: &Actor, lines: &mut dyn Lines, order: &ImportOrder) -> Result<Imported, Error> {
        let scope = allowed(actor, Action::ImportAndExport)?;
        // A large file may have taken a while to arrive.
        self.check_authority(actor).await?;
        let creator = self.creator(order).await?;
        let to_tell = self.still_to_tell(actor).await?;
        let judge = Judge { accounts: self, actor, scope, order, creator, to_tell };
        let mut imported = Imported::default();
        let done = match order.on_error {
            OnError::Abort => self.import_whole(judge, lines, &mut imported).await,
            OnError::Skip => self.import_in_parts(judge, lines, &mut imported).await.map(|()| Recorded::No),
        };
        self.record_told(actor, &imported.told).await?;
        if !matches!(done, Ok(Recorded::Yes)) {
            self.store.record_event(&self.import_event(judge, &imported)).await?;
        }
        done.map(|_| imported)
    }

    /// What is recorded of an import: what was written, also by one that broke off, or would be.
    fn import_event(&self, judge: Judge<'_>, imported: &Imported) -> Event {
        let errors = imported.errors.len() as u64 + imported.errors_omitted;
        let (created, updated) =
            if imported.is_aborted(judge.order) { (0, 0) } else { (imported.created, imported.updated) };
        let counts = [("created", created), ("updated", updated), ("skipped", imported.skipped), ("errors", errors)];
        Event::new(&*self.clock, judge.actor, EventKind::UsersImported, None)
            .with_facts(counts)
            .with_facts([("dry_run", judge.order.dry_run)])
    }

    async fn creator(&self, order: &ImportOrder) -> Result<Option<UserId>, Error> {
        let Some(email) = &order.created_by else { return Ok(None) };
        let keys = ImportKeys { phones: Vec::new(), emails: vec![email.clone()] };
        let found = self.store.find_for_import(&keys).await?;
        let unknown = || ValueError::new("not_staff", "must be the e-mail of an admin or a manager");
        let creator = found.staff.get(email).ok_or_else(|| Error::Invalid(Field::Email, unknown()))?;
        Ok(Some(creator.id))
    }

    /// Looks at every line before it writes the first.
    async fn import_whole(
        &self,
        judge: Judge<'_>,
        lines: &mut dyn Lines,
        imported: &mut Imported,
    ) -> Result<Recorded, Error> {
        for _ in 0..WHOLE_ATTEMPTS {
            lines.rewind().await?;
            let mut parts = Parts::new(judge, lines);
            while let Some(keys) = parts.next().await? {
                parts.look(&self.store.find_for_import(&keys).await?);
            }
            let seen = parts.imported;
            if judge.order.dry_run || !seen.errors.is_empty() || seen.created + seen.updated == 0 {
                *imported = seen;
                return Ok(Recorded::No);
            }
            lines.rewind().await?;
            let mut parts = Parts::new(judge, lines);
            match self.store.import_customers(&self.authority(judge.actor), &mut parts).await {
                Ok(()) => {
                    *imported = parts.imported;
                    return Ok(Recorded::Yes);
                }
                Err(error) if is_race(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Stale)
    }

    async fn import_in_parts(
        &self,
        judge: Judge<'_>,
        lines: &mut dyn Lines,
        imported: &mut Imported,
    ) -> Result<(), Error> {
        lines.rewind().await?;
        let mut parts = Parts::new(judge, lines);
        while let Some(keys) = parts.next().await? {
            let found = self.store.find_for_import(&keys).await?;
            let judge = judge.after(imported);
            let (seen, part) = judge.all(&parts.lines, &found);
            let is_done = judge.order.dry_run || (part.created.is_empty() && part.updated.is_empty());
            imported.add(if is_done { seen } else { self.import_part(judge, &parts.lines, keys).await? });
        }
        Ok(())
    }

    async fn import_part(&self, judge: Judge<'_>, lines: &[Line], keys: ImportKeys) -> Result<Imported, Error> {
        let mut busy = 0;
        for _ in 0..ATTEMPTS {
            let mut part = OnePart { judge, lines, keys: Some(keys.clone()), imported: Imported::default() };
            match self.store.import_customers(&self.authority(judge.actor), &mut part).await {
                Ok(()) => return Ok(part.imported),
                Err(error) if is_race(&error) => {}
                Err(WriteError::Store(StoreError::Unavailable(_))) if busy + 1 < BUSY_ATTEMPTS => busy += 1,
                Err(error) => return Err(error.into()),
            }
        }
        // Others were faster every time. The lines are told, so that they can be sent again.
        let mut imported = Imported::default();
        let error = || Refused::cell(Column::Phone, "conflict", "others changed the same customers, send it again");
        for line in lines {
            imported.refuse(line.number, vec![error()]);
        }
        Ok(imported)
    }
}

/// Whether the transaction that wrote the import has recorded it.
enum Recorded {
    Yes,
    No,
}

/// Whether somebody else was faster, which shows when all is looked at again.
fn is_race(error: &WriteError) -> bool {
    matches!(error, WriteError::Stale | WriteError::Taken(_) | WriteError::NotAnActiveManager)
}

/// What a line comes to.
enum Verdict {
    Create(Box<User>, Event),
    Update(Box<Update>),
    Skip,
    Refuse(Vec<Refused>),
}

/// Decides on lines.
#[derive(Clone, Copy)]
struct Judge<'a> {
    accounts: &'a Accounts,
    actor: &'a Actor,
    scope: Scope,
    order: &'a ImportOrder,
    creator: Option<UserId>,
    /// Of how many customers whom the caller may not see the errors may still tell; `None` when there is no bound.
    to_tell: Option<u64>,
}

impl Judge<'_> {
    /// The same after what was imported so far.
    fn after(self, imported: &Imported) -> Self {
        Self { to_tell: self.to_tell.map(|left| left.saturating_sub(imported.told.len() as u64)), ..self }
    }

    fn all(&self, lines: &[Line], found: &ImportFound) -> (Imported, ImportPart) {
        let (mut imported, mut part) = (Imported::default(), ImportPart::default());
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

    /// Refuses a line when nothing more may be told: free and taken phones alike.
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
            // The words of a creation, which tell no more than that.
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

    /// The manager to assign. For those who assign nobody, naming themselves is fine and changes nothing.
    fn manager(&self, line: &Line, found: &ImportFound, existing: Option<&User>) -> Result<Option<UserId>, Refused> {
        let Some(email) = &line.manager_email else { return Ok(None) };
        let named = found.staff.get(email);
        if policy::scope(self.actor, Action::AssignCustomer) == Scope::Nothing {
            let is_caller = named.is_some_and(|named| Some(named.id) == self.actor.id());
            let error = || Refused::cell(Column::ManagerEmail, "forbidden", "not yours to set, or not to this value");
            return if is_caller { Ok(None) } else { Err(error()) };
        }
        // Whoever looks after the customer already may do so, active or not.
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
        let (account, event) = self.accounts.draft(self.actor, new, None)?;
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
            // What is there already stays, `null` members included, which a patch would remove.
            metadata: line.metadata.as_ref().filter(|new| there != Some(*new)).map(|new| new.as_object().clone()),
            ..UserPatch::default()
        };
        self.accounts.check_may_set(self.actor, existing, &patch.fields())?;
        let update = self.accounts.updated(self.actor, existing.clone(), &patch)?;
        Ok(update.map_or(Verdict::Skip, |update| Verdict::Update(Box::new(update))))
    }
}

/// Why a use-case refuses a line, at the cell that has to do with it.
fn refusal(error: Error) -> Refused {
    match error {
        Error::Invalid(Field::Metadata, error) => Refused { column: Some(Column::Metadata), error },
        Error::Taken(_) => Refused::cell(Column::Phone, "phone_taken", "another customer has this phone"),
        Error::Invalid(_, error) => Refused { column: None, error },
        _ => Refused { column: None, error: ValueError::new("forbidden", "not yours to set, or not to this value") },
    }
}

/// The lines of a file, part by part.
struct Parts<'a> {
    judge: Judge<'a>,
    source: &'a mut dyn Lines,
    seen: Seen,
    /// Those of this part. The last part has none.
    lines: Vec<Line>,
    /// What came of the parts before this one.
    before: Imported,
    /// What came of all of them.
    imported: Imported,
    is_last: bool,
}

impl<'a> Parts<'a> {
    fn new(judge: Judge<'a>, source: &'a mut dyn Lines) -> Self {
        let (before, imported) = (Imported::default(), Imported::default());
        Self { judge, source, seen: Seen::default(), lines: Vec::new(), before, imported, is_last: false }
    }

    fn look(&mut self, found: &ImportFound) -> ImportPart {
        let (imported, part) = self.judge.after(&self.before).all(&self.lines, found);
        self.imported = self.before.clone();
        self.imported.add(imported);
        part
    }
}

#[async_trait]
impl ImportParts for Parts<'_> {
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError> {
        self.before = self.imported.clone();
        self.lines = self.source.next(PART).await?;
        self.lines.iter_mut().for_each(|line| self.seen.note(line));
        let was_last = self.is_last;
        self.is_last = self.lines.is_empty();
        Ok(Some(keys(&self.lines)).filter(|_| !was_last))
    }

    /// The last part, which has no lines, records the whole in the transaction that writes it.
    fn judge(&mut self, found: &ImportFound) -> Result<ImportPart, WriteError> {
        let mut part = self.look(found);
        if self.is_last {
            part.events.push(self.judge.accounts.import_event(self.judge, &self.imported));
        }
        // It was fine a moment ago: what is wrong now shows when all is looked at again.
        if self.imported.errors.is_empty() { Ok(part) } else { Err(WriteError::Stale) }
    }
}

/// A part that is a transaction of its own.
struct OnePart<'a> {
    judge: Judge<'a>,
    lines: &'a [Line],
    keys: Option<ImportKeys>,
    imported: Imported,
}

#[async_trait]
impl ImportParts for OnePart<'_> {
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError> {
        Ok(self.keys.take())
    }

    fn judge(&mut self, found: &ImportFound) -> Result<ImportPart, WriteError> {
        let (imported, part) = self.judge.all(self.lines, found);
        self.imported = imported;
        Ok(part)
    }
}

fn keys(lines: &[Line]) -> ImportKeys {
    let lines = lines.iter().filter(|line| !line.is_of_staff);
    let mut emails: Vec<_> = lines.clone().filter_map(|line| line.manager_email.clone()).collect();
    emails.sort_unstable();
    emails.dedup();
    ImportKeys { phones: lines.filter_map(|line| line.phone.clone()).collect(), emails }
}

/// The phones of the lines so far, eight bytes each: a file may have millions.
#[derive(Default)]
struct Seen(HashSet<u64>);

impl Seen {
    /// Refuses a line whose phone an earlier one has.
    fn note(&mut self, line: &mut Line) {
        let Some(phone) = line.phone.as_ref().filter(|_| !line.is_of_staff) else { return };
        // At most 15 digits, the first of them not 0.
        let number = phone.as_str().trim_start_matches('+').parse().unwrap_or_default();
        if !self.0.insert(number) {
            let error = Refused::cell(Column::Phone, "repeated", "an earlier line has the same phone");
            line.phone = None;
            line.refused.push(error);
        }
    }
}
