//! Customers into and out of files.
//!
//! A line of an import is judged by what the database has: a first time by what is read, and again in the transaction
//! that writes. So a bad file locks nothing, and nothing can change between the verdict and the write.

mod batches;
mod judge;

use batches::{Batches, OneBatch};
use judge::Judge;

use std::collections::{BTreeMap, BTreeSet};

use super::update::MAX_RETRIES;
use super::{Accounts, allowed};
use crate::actor::Actor;
use crate::audit::{Event, EventKind};
use crate::error::Error;
use crate::id::UserId;
use crate::import::{Column, ImportOrder, Imported, Line, Lines, OnError, Refused};
use crate::page::{Page, UserQuery};
use crate::policy::{Action, Scope};
use crate::store::{ImportBatches as _, ImportKeys, StoreError, WriteError};
use crate::user::{Field, User};
use crate::value::{Email, ValueError};

/// How many times a whole file is tried when others change the same customers.
const MAX_WHOLE_RETRIES: u32 = 5;
/// How many times a batch is tried when the database is too busy. The store waits in each try.
const MAX_BUSY_RETRIES: u32 = 3;

/// How many of the staff a file names are remembered while its lines are judged.
const MOST_STAFF: usize = 10_000;

/// An import that the caller may make.
pub struct Import {
    accounts: Accounts,
    actor: Actor,
    scope: Scope,
}

/// An export that the caller may make: of a manager's customers, or of everyone for an admin.
pub struct Export {
    accounts: Accounts,
    actor: Actor,
    scope: Scope,
}

impl Accounts {
    /// Begins an import, before the file is read.
    ///
    /// ```
    /// use std::collections::VecDeque;
    /// use clientele_domain::import::{ImportOrder, Line, Lines};
    /// use clientele_domain::{store::StoreError, testing::phone};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// /// Lines that were read before; one to be rewound keeps them.
    /// struct Read(VecDeque<Line>, Vec<Line>);
    ///
    /// #[async_trait::async_trait]
    /// impl Lines for Read {
    ///     async fn next(&mut self, limit: usize) -> Result<Vec<Line>, StoreError> {
    ///         Ok(self.0.drain(..limit.min(self.0.len())).collect())
    ///     }
    ///     async fn rewind(&mut self) -> Result<(), StoreError> {
    ///         self.0 = self.1.clone().into();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let line = Line { number: 2, phone: Some(phone("+998901234567")), ..Line::default() };
    /// let mut lines = Read(VecDeque::new(), vec![line]);
    /// lines.rewind().await?;
    /// let imported = accounts.import(&admin)?.run(&mut lines, &ImportOrder::default()).await?;
    /// assert_eq!(imported.created, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers.
    pub fn import(&self, actor: &Actor) -> Result<Import, Error> {
        let scope = allowed(actor, Action::ImportAndExport)?;
        // A key that is made to import enters and changes customers by that.
        let actor = actor.also_for(&[Action::CreateCustomer, Action::UpdateCustomer]);
        Ok(Import { accounts: self.clone(), actor, scope })
    }

    /// Begins an export.
    ///
    /// ```
    /// use clientele_domain::{UserQuery, testing::{new_customer, new_manager}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clientele_domain::Error> {
    /// # let (accounts, admin) = clientele_domain::testing::accounts().await;
    /// let mia = accounts.create(&admin, new_manager("mia@example.com")).await?;
    /// accounts.create(&admin, new_customer("+998901234567", Some(mia.id))).await?;
    /// let export = accounts.export(&admin)?;
    /// let page = export.page(&UserQuery::default()).await?;
    /// let mut emails = std::collections::BTreeMap::new();
    /// export.find_manager_emails(&page.items, &mut emails).await?;
    /// assert_eq!(emails[&mia.id].to_string(), "mia@example.com");
    /// export.record(page.items.len() as u64, page.next.is_none()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers.
    pub fn export(&self, actor: &Actor) -> Result<Export, Error> {
        let scope = allowed(actor, Action::ImportAndExport)?;
        Ok(Export { accounts: self.clone(), actor: actor.clone(), scope })
    }
}

impl Import {
    /// Enters the customers of a file, or changes those who exist, by the rules of [`Accounts::create`] and
    /// [`Accounts::update`]. With [`OnError::Abort`] all of it is one transaction, without it each
    /// batch of a few hundred lines. A manager's new customers are assigned to them; a customer of
    /// somebody else is refused as one whose phone is taken, which they are told only a few times a day: lines after
    /// that are refused unseen. Each import is recorded with its counts, a dry run too.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the caller's authority ends on the way;
    /// [`Error::Invalid`] when `created_by` is nobody of the staff;
    /// [`Error::Stale`] when others kept changing the same people; [`Error::Store`], after which
    /// what earlier batches wrote stays written.
    pub async fn run(&self, lines: &mut dyn Lines, order: &ImportOrder) -> Result<Imported, Error> {
        let Self { accounts, actor, scope } = self;
        // The file may be large and may have taken a while to arrive.
        accounts.check_authority(actor).await?;
        let creator = self.creator(order).await?;
        let to_tell = accounts.still_to_tell(actor).await?;
        let judge = Judge { accounts, actor, scope: *scope, order, creator, to_tell };
        let mut imported = Imported::default();
        let done = match order.on_error {
            OnError::Abort => import_whole(judge, lines, &mut imported).await,
            OnError::Skip => import_in_batches(judge, lines, &mut imported).await.map(|()| Recorded::No),
        };
        accounts.record_taken_phones(actor, &imported.told).await?;
        if !matches!(done, Ok(Recorded::Yes)) {
            accounts.store.record_event(&judge.event(&imported)).await?;
        }
        done.map(|_| imported)
    }

    async fn creator(&self, order: &ImportOrder) -> Result<Option<UserId>, Error> {
        let Some(email) = &order.created_by else { return Ok(None) };
        let keys = ImportKeys { phones: Vec::new(), emails: vec![email.clone()] };
        let found = self.accounts.store.find_for_import(&keys).await?;
        let unknown = || ValueError::new("not_staff", "must be the e-mail of an admin or a manager");
        let creator = found.staff.get(email).ok_or_else(|| Error::Invalid(Field::Email, unknown()))?;
        Ok(Some(creator.id))
    }
}

/// Judges all lines before it writes the first one.
async fn import_whole(judge: Judge<'_>, lines: &mut dyn Lines, imported: &mut Imported) -> Result<Recorded, Error> {
    let store = &judge.accounts.store;
    for _ in 0..MAX_WHOLE_RETRIES {
        lines.rewind().await?;
        let mut batches = Batches::new(judge, lines);
        let mut staff = BTreeMap::new();
        while let Some(mut keys) = batches.next().await? {
            // Nothing is written yet. Whoever changes meanwhile is judged as they are then.
            keys.emails.retain(|email| !staff.contains_key(email));
            let mut found = store.find_for_import(&keys).await?;
            staff.append(&mut found.staff);
            found.staff = staff;
            batches.judge_lines(&found);
            staff = found.staff;
            if staff.len() > MOST_STAFF {
                staff.clear();
            }
        }
        let seen = batches.imported;
        if judge.order.dry_run || !seen.errors.is_empty() || seen.created + seen.updated == 0 {
            *imported = seen;
            return Ok(Recorded::No);
        }
        lines.rewind().await?;
        let mut batches = Batches::new(judge, lines);
        match store.import_customers(&judge.accounts.authority(judge.actor), &mut batches).await {
            Ok(()) => {
                *imported = batches.imported;
                return Ok(Recorded::Yes);
            }
            Err(error) if is_race(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Stale)
}

async fn import_in_batches(judge: Judge<'_>, lines: &mut dyn Lines, imported: &mut Imported) -> Result<(), Error> {
    lines.rewind().await?;
    let mut batches = Batches::new(judge, lines);
    while let Some(keys) = batches.next().await? {
        let found = judge.accounts.store.find_for_import(&keys).await?;
        let judge = judge.after(imported);
        let (seen, batch) = judge.all(&batches.lines, &found);
        let is_done = judge.order.dry_run || (batch.created.is_empty() && batch.updated.is_empty());
        imported.add(if is_done { seen } else { import_batch(judge, &batches.lines, keys).await? });
    }
    Ok(())
}

async fn import_batch(judge: Judge<'_>, lines: &[Line], keys: ImportKeys) -> Result<Imported, Error> {
    let mut busy = 0;
    for _ in 0..MAX_RETRIES {
        let mut batch = OneBatch { judge, lines, keys: Some(keys.clone()), imported: Imported::default() };
        let by = judge.accounts.authority(judge.actor);
        match judge.accounts.store.import_customers(&by, &mut batch).await {
            Ok(()) => return Ok(batch.imported),
            Err(error) if is_race(&error) => {}
            Err(WriteError::Store(StoreError::Unavailable(_))) if busy + 1 < MAX_BUSY_RETRIES => busy += 1,
            Err(error) => return Err(error.into()),
        }
    }
    // Others were faster each time. The result lists the lines, so that they can be sent again.
    let mut imported = Imported::default();
    let error = || Refused::cell(Column::Phone, "conflict", "others changed the same customers, send it again");
    for line in lines {
        imported.refuse(line.number, vec![error()]);
    }
    Ok(imported)
}

/// Whether the transaction that wrote the import has recorded it.
enum Recorded {
    Yes,
    No,
}

/// Whether somebody else was faster. Then all lines are judged again.
fn is_race(error: &WriteError) -> bool {
    matches!(error, WriteError::Stale | WriteError::Taken(_) | WriteError::NotAnActiveManager)
}

impl Export {
    /// Who exports.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// A page of people. An export of many pages may take a while, so each page checks the caller's authority. A caller
    /// who was signed out or deactivated, or got another role meanwhile, gets no more pages.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the caller's authority has ended; [`Error::Store`].
    pub async fn page(&self, query: &UserQuery) -> Result<Page<User>, Error> {
        let page = self.accounts.store.list_users(self.scope, query).await?;
        // This comes after the page was read, so the caller was allowed to see it when it was read.
        self.accounts.check_authority(&self.actor).await?;
        Ok(page)
    }

    /// Whether the caller may still have a page that was read a while ago.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the caller's authority has ended; [`Error::Store`].
    pub async fn check_authority(&self) -> Result<(), Error> {
        self.accounts.check_authority(&self.actor).await
    }

    /// Adds the e-mails of the managers who look after these people, but for those that are known already.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn find_manager_emails(&self, people: &[User], known: &mut BTreeMap<UserId, Email>) -> Result<(), Error> {
        let managers = people.iter().filter_map(|user| user.customer()?.assigned_manager_id);
        let unknown: BTreeSet<_> = managers.filter(|manager| !known.contains_key(manager)).collect();
        if !unknown.is_empty() {
            let unknown: Vec<_> = unknown.into_iter().collect();
            known.append(&mut self.accounts.store.find_emails(&unknown).await?);
        }
        Ok(())
    }

    /// Records the export: how many people were handed out, and whether these are all of them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn record(&self, people: u64, is_complete: bool) -> Result<(), Error> {
        let event = Event::new(&*self.accounts.clock, &self.actor, EventKind::UsersExported, None)
            .with_facts([("people", people)])
            .with_facts([("complete", is_complete)]);
        Ok(self.accounts.store.record_event(&event).await?)
    }
}
