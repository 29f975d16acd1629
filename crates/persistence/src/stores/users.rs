//! People.

use async_trait::async_trait;
use domain::actor::Authority;
use domain::audit::Event;
use domain::idempotency::{IdempotentRequest, StoredAnswer};
use domain::page::Search;
use domain::store::{Account, RejudgeUpdate, StoreError, Update, UserStore, WriteError};
use domain::{Cursor, Email, Page, Phone, Profile, Role, Scope, Timestamp, User, UserId, UserQuery};
use sea_orm::ActiveValue::NotSet;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::{admin_manager, customer, setup_token, user};
use crate::error::{Failure, stale_unless};
use crate::sql::scope;
use crate::sql::search::matches_up_to;
use crate::sql::user_pages::{self, Plan};
use crate::steps::accounts;
use crate::store::Store;
use crate::tables::locks::{self, Lock};
use crate::tables::{audit_events, authority, idempotency_keys, notices, people, profiles, sessions, signups, users};
use crate::transaction::Transaction;

/// How many people a page holds that is read at once.
const LITTLE: usize = 100;

#[async_trait]
impl UserStore for Store {
    async fn has_authority(&self, by: &Authority) -> Result<bool, StoreError> {
        match by {
            Authority::Unconditional => Ok(true),
            Authority::Person(person) => Ok(self.one(&authority::good(person)).await?.is_some()),
        }
    }

    async fn create_account(&self, by: &Authority, account: &Account, events: &[Event]) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            accounts::insert_account_by(&txn, by, account, events).await?;
            Ok(audit_events::record_all(&txn, events).await?)
        })
        .await
    }

    async fn find_stored_answer(
        &self,
        request: &IdempotentRequest,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        self.one(&idempotency_keys::find(request, now)).await?.as_ref().map(idempotency_keys::read).transpose()
    }

    async fn find_user(&self, scope: Scope, id: UserId) -> Result<Option<User>, StoreError> {
        if scope == Scope::Nothing {
            return Ok(None);
        }
        let mut select = people::select();
        select.cond_where(user::Column::Id.eq(id.as_uuid())).cond_where(scope::condition(scope));
        Ok(self.little(&select).await?.pop())
    }

    /// A page of the people in the scope: one query, one more for a search and one for the total.
    async fn list_users(&self, scope: Scope, query: &UserQuery) -> Result<Page<User>, StoreError> {
        if scope == Scope::Nothing {
            return Ok(Page { items: Vec::new(), next: None, total: query.include_total.then_some(0) });
        }
        let plan = self.plan(query.filter.search.as_ref()).await?;
        let backend = self.reader.get_database_backend();
        let parts = user_pages::parts(backend, scope, &query.filter, plan);
        let items = self.page(query, &user_pages::page(&parts, query)).await?;
        let mut page = Page::cut(items, query.size, |last| Cursor::at(last, query.sort));
        if query.include_total {
            page.total = Some(self.count(&user_pages::total(backend, scope, &query.filter)).await?);
        }
        Ok(page)
    }

    async fn find_customer_by_phone(&self, phone: &Phone) -> Result<Option<User>, StoreError> {
        let mut select = people::select();
        select.cond_where(customer::Column::Phone.eq(phone.as_str()));
        Ok(self.little(&select).await?.pop())
    }

    async fn update_user(
        &self,
        by: &Authority,
        update: &Update,
        rejudge: &RejudgeUpdate<'_>,
    ) -> Result<User, WriteError> {
        let _permit = self.people.take(update.before.id, self.time_limit).await?;
        self.write(move |txn| async move {
            let needs = Needs::of(update);
            if needs.admins {
                locks::hold(&txn, Lock::Admins).await?;
            }
            authority::hold(&txn, by, Some(update.before.id)).await?;
            users::hold_active_managers(&txn, needs.manager.as_slice()).await?;
            prepare(&txn, update).await?;
            if write(&txn, &update.before, &update.after).await? {
                finish(&txn, update).await?;
                return Ok(update.after.clone());
            }
            let seen = users::hold_person(&txn, update.before.id).await?;
            let judged = rejudge(&seen).filter(|judged| needs.cover(&Needs::of(judged)));
            let judged = judged.ok_or(WriteError::Stale)?;
            prepare(&txn, &judged).await?;
            stale_unless(write(&txn, &judged.before, &judged.after).await?)?;
            finish(&txn, &judged).await?;
            Ok(judged.after)
        })
        .await
    }
}

impl Store {
    /// The people on a page. One of a search, or of many people, as those of an export, may take a while.
    async fn page(&self, query: &UserQuery, select: &SelectStatement) -> Result<Vec<User>, StoreError> {
        if query.filter.search.is_none() && query.size.get() <= LITTLE {
            return self.little(select).await;
        }
        self.all(select).await?.iter().map(people::read).collect()
    }

    async fn plan(&self, search: Option<&Search>) -> Result<Plan, StoreError> {
        let Some(search) = search else { return Ok(Plan::Walk) };
        let matches = self.count(&matches_up_to(search, self.few + 1)).await?;
        Ok(if matches > self.few { Plan::Walk } else { Plan::Find })
    }
}

/// What has to be held before the person, in the order that holds everywhere: the named lock, staff, customers.
struct Needs {
    admins: bool,
    manager: Option<UserId>,
}

impl Needs {
    fn of(update: &Update) -> Self {
        let (before, after) = (&update.before, &update.after);
        let admins = before.role() == Role::Admin || after.role() == Role::Admin;
        Self { admins, manager: newly_assigned(before, after) }
    }

    /// Whether the other wants nothing more.
    fn cover(&self, other: &Self) -> bool {
        (self.admins || !other.admins) && (other.manager.is_none() || other.manager == self.manager)
    }
}

/// What comes before a change: the proof that it wants, and room for its e-mail.
async fn prepare(txn: &Transaction, update: &Update) -> Result<(), Failure> {
    if let Some(proof) = &update.proof {
        sessions::require_fresh(txn, proof).await?;
    }
    if let Some(email) = new_email(&update.before, &update.after) {
        // Boxed: rare, and large.
        Box::pin(accounts::replace_sign_up(txn, email, &update.events)).await?;
    }
    Ok(())
}

fn new_email<'a>(before: &User, after: &'a User) -> Option<&'a Email> {
    let email = &after.staff()?.email;
    Some(email).filter(|email| before.staff().is_none_or(|staff| staff.email != **email))
}

/// What goes with a change of somebody whose row is ours now. Who wants to be assigned to them waits, so counts hold.
async fn finish(txn: &Transaction, update: &Update) -> Result<(), Failure> {
    let (before, after) = (&update.before, &update.after);
    signups::note_approval(txn, before, after).await?;
    if before.role() == Role::Manager && after.role() == Role::Admin {
        profiles::refuse_with_customers(txn, before.id).await?;
        setup_token::Entity::delete_many().exec(txn).await?;
    }
    if before.role() == Role::Admin {
        users::refuse_without_admin(txn).await?;
    }
    if update.ends_sessions {
        sessions::end_all(txn, before.id, None).await?;
    }
    notices::tell_of_contact(txn, before, after, &update.events).await?;
    Ok(audit_events::record_all(txn, &update.events).await?)
}

/// The manager who gets the customer by a change.
pub(crate) fn newly_assigned(before: &User, after: &User) -> Option<UserId> {
    let manager = |user: &User| user.customer().and_then(|customer| customer.assigned_manager_id);
    manager(after).filter(|_| manager(after) != manager(before))
}

/// Writes the person and their profile over the version that was seen. Answers whether they still had it.
async fn write(txn: &Transaction, before: &User, after: &User) -> Result<bool, Failure> {
    let id = after.id.as_uuid();
    let row = user::ActiveModel { id: NotSet, created_at: NotSet, ..users::user_row(after) };
    let update = user::Entity::update_many()
        .set(row)
        .filter(user::Column::Id.eq(id))
        .filter(user::Column::Version.eq(before.version));
    if update.exec(txn).await?.rows_affected != 1 {
        return Ok(false);
    }
    let written = match &after.profile {
        Profile::Admin(staff) | Profile::Manager(staff) => {
            let row = users::staff_row(after, staff);
            let row = admin_manager::ActiveModel { id: NotSet, created_at: NotSet, ..row };
            admin_manager::Entity::update_many().set(row).filter(admin_manager::Column::Id.eq(id)).exec(txn).await?
        }
        Profile::Customer(customer) => {
            let row = users::customer_row(after, customer);
            let row = customer::ActiveModel { id: NotSet, created_by: NotSet, created_at: NotSet, ..row };
            customer::Entity::update_many().set(row).filter(customer::Column::Id.eq(id)).exec(txn).await?
        }
    };
    stale_unless(written.rows_affected == 1)?;
    Ok(true)
}
