//! People and their profiles.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::audit::{Event, EventCursor, EventPage};
use domain::authority::Authority;
use domain::challenge::{Challenge, Message};
use domain::once::{FirstAnswer, Once};
use domain::session::{Digest, Session};
use domain::store::{
    Account, Erasure, ErasureStore, Handover, HandoverStore, HealthStore, ImportBatches, ImportFound, ImportKeys,
    ImportStore, PersonalDataStore, Recovery, RejudgeHandover, RejudgeUpdate, SetupStore, SignUpStore, StoreError,
    Update, UserStore, WriteError,
};
use domain::{Email, Page, PageSize, PersonalData, Phone, Profile, Role, Scope, Timestamp, User, UserId, UserQuery};
use migration::Migrator;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use sea_orm_migration::MigratorTrait;

use crate::entity::{admin_manager, customer, lock, setup_token, signup, user};
use crate::error::{Failure, only_store_error};
use crate::person::{self, admin_manager_row, customer_row, user_row};
use crate::store::Store;
use crate::{audit, authority, challenge_store, first_answer, notice_store, scope, session_store, signup_store};

/// What a row of `locks` is held for.
#[derive(Clone, Copy)]
pub(crate) enum Lock {
    /// Whether there is an admin.
    Admins,
    /// Which keys there are.
    Keys,
}

#[async_trait]
impl UserStore for Store {
    async fn has_authority(&self, by: &Authority) -> Result<bool, StoreError> {
        self.is_good(by).await
    }

    async fn create_account(&self, by: &Authority, account: &Account, events: &[Event]) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            insert_account_by(&txn, by, account, events).await?;
            Ok(audit::record_all(&txn, events).await?)
        })
        .await
    }

    async fn find_first_answer(&self, once: &Once, now: Timestamp) -> Result<Option<FirstAnswer>, StoreError> {
        self.one(&first_answer::find(once, now)).await?.as_ref().map(first_answer::read).transpose()
    }

    async fn find_user(&self, scope: Scope, id: UserId) -> Result<Option<User>, StoreError> {
        if scope == Scope::Nothing {
            return Ok(None);
        }
        let mut select = person::select();
        select.cond_where(user::Column::Id.eq(id.as_uuid())).cond_where(scope::condition(scope));
        person::read_user(self.one(&select).await?.as_ref())
    }

    async fn list_users(&self, scope: Scope, query: &UserQuery) -> Result<Page<User>, StoreError> {
        self.page(scope, query).await
    }

    async fn find_customer_by_phone(&self, phone: &Phone) -> Result<Option<User>, StoreError> {
        let mut select = person::select();
        select.cond_where(customer::Column::Phone.eq(phone.as_str()));
        person::read_user(self.one(&select).await?.as_ref())
    }

    async fn update_user(&self, by: &Authority, update: &Update, anew: &RejudgeUpdate<'_>) -> Result<User, WriteError> {
        self.update(by, update, anew).await
    }
}

#[async_trait]
impl SignUpStore for Store {
    async fn create_signed_in(&self, account: &Account, session: &Session, events: &[Event]) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            insert_account(&txn, account, events).await?;
            session_store::insert(&txn, session).await?;
            Ok(audit::record_all(&txn, events).await?)
        })
        .await
    }

    async fn create_invited(
        &self,
        by: &Authority,
        account: &Account,
        invitation: &Challenge,
        message: &Message,
        events: &[Event],
    ) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            insert_account_by(&txn, by, account, events).await?;
            challenge_store::replace(&txn, invitation, message).await?;
            Ok(audit::record_all(&txn, events).await?)
        })
        .await
    }

    async fn is_email_taken(&self, email: &Email) -> Result<bool, StoreError> {
        self.has_email(email).await
    }
}

#[async_trait]
impl SetupStore for Store {
    async fn create_first_admin(
        &self,
        account: &Account,
        token: &Digest,
        session: &Session,
        events: &[Event],
    ) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            hold(&txn, Lock::Admins).await?;
            let known = setup_token::Entity::find_by_id(token.to_vec()).count(&*txn).await?;
            if known == 0 || has_admin(&txn).await? {
                return Err(WriteError::SetupTokenRefused.into());
            }
            insert_account(&txn, account, events).await?;
            session_store::insert(&txn, session).await?;
            Ok(audit::record_all(&txn, events).await?)
        })
        .await
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        let select = Query::select()
            .column(user::Column::Id)
            .from(user::Entity)
            .cond_where(user::Column::Role.eq(Role::Admin.as_str()))
            .limit(1)
            .take();
        Ok(self.one(&select).await?.is_some())
    }

    async fn create_only_admin(&self, account: &Account, events: &[Event]) -> Result<bool, WriteError> {
        self.write(move |txn| async move {
            hold(&txn, Lock::Admins).await?;
            if has_admin(&txn).await? {
                return Ok(false);
            }
            insert_account(&txn, account, events).await?;
            audit::record_all(&txn, events).await?;
            Ok(true)
        })
        .await
    }

    async fn recover_admin(&self, recovery: &Recovery) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            hold(&txn, Lock::Admins).await?;
            let Recovery { admin, password_hash, events, sessions_ended } = recovery;
            let staff = user::Column::Role.is_in([Role::Admin, Role::Manager].map(Role::as_str));
            let promoted = user::Entity::update_many()
                .col_expr(user::Column::Role, Role::Admin.as_str().into())
                .col_expr(user::Column::IsActive, admin.is_active.into())
                .col_expr(user::Column::UpdatedAt, admin.updated_at.into())
                .col_expr(user::Column::Version, admin.version.into())
                .filter(user::Column::Id.eq(admin.id.as_uuid()))
                .filter(user::Column::Version.eq(admin.version - 1))
                .filter(staff)
                .exec(&*txn)
                .await?;
            session_store::stale_unless(promoted.rows_affected == 1)?;
            // Counted after the row is held: whoever assigns a customer waits for it.
            let assigned = customer::Column::AssignedManagerId.eq(admin.id.as_uuid());
            match customer::Entity::find().filter(assigned).count(&*txn).await? {
                0 => {}
                count => return Err(WriteError::HasCustomers(count).into()),
            }
            let old = notice_store::password_before(&txn, admin.id).await?;
            session_store::set_password(admin.id, password_hash, admin.updated_at).exec(&*txn).await?;
            notice_store::tell_of_password(&txn, admin.id, old.as_ref(), events).await?;
            signup::Entity::delete_by_id(admin.id.as_uuid()).exec(&*txn).await?;
            setup_token::Entity::delete_many().exec(&*txn).await?;
            audit::record_all(&txn, events).await?;
            if session_store::end_all(&txn, admin.id, None).await? > 0 {
                audit::record(&txn, sessions_ended).await?;
            }
            Ok(())
        })
        .await
    }

    async fn has_setup_token(&self, token: &Digest) -> Result<bool, StoreError> {
        let select = Query::select()
            .column(setup_token::Column::Digest)
            .from(setup_token::Entity)
            .cond_where(setup_token::Column::Digest.eq(token.to_vec()))
            .take();
        Ok(self.one(&select).await?.is_some())
    }

    async fn add_setup_token(&self, token: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let added = self.write(move |txn| async move {
            hold(&txn, Lock::Admins).await?;
            if has_admin(&txn).await? {
                return Ok(false);
            }
            let row = setup_token::ActiveModel { digest: Set(token.to_vec()), created_at: Set(now) };
            setup_token::Entity::insert(row).exec_without_returning(&*txn).await?;
            Ok(true)
        });
        added.await.map_err(only_store_error)
    }
}

#[async_trait]
impl HandoverStore for Store {
    async fn list_customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError> {
        self.customer_ids(manager).await
    }

    async fn find_active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        self.active_managers(ids).await
    }

    async fn hand_over(
        &self,
        by: &Authority,
        handover: &Handover,
        anew: Option<&RejudgeHandover<'_>>,
    ) -> Result<Option<Handover>, WriteError> {
        self.transfer(by, handover, anew).await
    }
}

#[async_trait]
impl ImportStore for Store {
    async fn find_for_import(&self, keys: &ImportKeys) -> Result<ImportFound, StoreError> {
        self.for_import(keys).await
    }

    async fn import_customers(&self, by: &Authority, parts: &mut dyn ImportBatches) -> Result<(), WriteError> {
        self.import(by, parts).await
    }

    async fn find_emails(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Email>, StoreError> {
        self.emails(ids).await
    }
}

#[async_trait]
impl ErasureStore for Store {
    async fn prepare_erasure(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.erase_ahead(by, erasure).await
    }

    async fn erase_user(&self, by: &Authority, erasure: &Erasure) -> Result<(), WriteError> {
        self.erase(by, erasure).await
    }
}

#[async_trait]
impl PersonalDataStore for Store {
    async fn find_personal_data(&self, scope: Scope, id: UserId) -> Result<Option<PersonalData>, StoreError> {
        self.personal_data(scope, id).await
    }

    async fn find_personal_events(
        &self,
        scope: Scope,
        id: UserId,
        after: Option<EventCursor>,
        size: PageSize,
    ) -> Result<Option<EventPage>, StoreError> {
        self.personal_events(scope, id, after, size).await
    }
}

#[async_trait]
impl HealthStore for Store {
    async fn check_ready(&self) -> Result<(), StoreError> {
        let needed: Vec<_> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let count = needed.len() as u64;
        // Later ones do no harm: during an upgrade, instances of both releases serve.
        let applied = Query::select()
            .expr_as(Expr::col("version").count(), "total")
            .from(Migrator::migration_table_name())
            .cond_where(Expr::col("version").is_in(needed))
            .take();
        if self.count(&applied).await? == count {
            return Ok(());
        }
        Err(StoreError::Failed("the database is not migrated to what this program needs".into()))
    }
}

/// Enters a person with their profile, whom nobody enters but they themselves, or the system. What becomes of a sign-up
/// that they replace is recorded beside these events.
pub(crate) async fn insert_account(
    txn: &DatabaseTransaction,
    account: &Account,
    events: &[Event],
) -> Result<(), Failure> {
    insert_account_by(txn, &Authority::Unconditional, account, events).await
}

async fn insert_account_by(
    txn: &DatabaseTransaction,
    by: &Authority,
    account: &Account,
    events: &[Event],
) -> Result<(), Failure> {
    let user = &account.user;
    if user.role() == Role::Admin {
        hold(txn, Lock::Admins).await?;
    }
    authority::hold(txn, by, None).await?;
    if let Some(manager) = user.customer().and_then(|customer| customer.assigned_manager_id) {
        hold_active_manager(txn, manager).await?;
    }
    if let Some(staff) = user.staff().filter(|_| account.replaces_signup) {
        // Boxed: rare, and large.
        Box::pin(signup_store::replace(txn, &staff.email, events)).await?;
    }
    user::Entity::insert(user_row(user)).exec_without_returning(txn).await?;
    match &user.profile {
        Profile::Admin(staff) => {
            insert_staff(txn, admin_manager_row(account, staff)).await?;
            // Where there is an admin, nobody is made one by token.
            setup_token::Entity::delete_many().exec(txn).await?;
        }
        Profile::Manager(staff) => insert_staff(txn, admin_manager_row(account, staff)).await?,
        Profile::Customer(customer) => {
            customer::Entity::insert(customer_row(user, customer)).exec_without_returning(txn).await?;
        }
    }
    signup_store::note(txn, account).await?;
    if let Some(first) = &account.first_answer {
        first_answer::insert(txn, user, first).await?;
    }
    Ok(())
}

async fn insert_staff(txn: &DatabaseTransaction, row: admin_manager::ActiveModel) -> Result<(), Failure> {
    admin_manager::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Makes sure that nobody deactivates or demotes the manager before the transaction ends.
pub(crate) async fn hold_active_manager(txn: &DatabaseTransaction, id: UserId) -> Result<(), Failure> {
    hold_active_managers(txn, &[id]).await
}

/// The same of several, who are named once each.
pub(crate) async fn hold_active_managers(txn: &DatabaseTransaction, ids: &[UserId]) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let managers = Query::select()
        .column(user::Column::Id)
        .from(user::Entity)
        .cond_where(user::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
        .cond_where(user::Column::Role.eq(Role::Manager.as_str()))
        .cond_where(user::Column::IsActive.eq(true))
        // In one order, so that two wait for each other rather than for ever.
        .order_by(user::Column::Id, Order::Asc)
        .take();
    let managers = authority::keep(txn, managers).await?;
    if managers.len() == ids.len() { Ok(()) } else { Err(WriteError::NotAnActiveManager.into()) }
}

/// Makes all who hold the same lock wait for the end of this transaction.
pub(crate) async fn hold(txn: &DatabaseTransaction, held: Lock) -> Result<(), Failure> {
    let name = match held {
        Lock::Admins => "admins",
        Lock::Keys => "keys",
    };
    lock::Entity::update_many()
        .col_expr(lock::Column::Holder, Expr::col(lock::Column::Holder).add(1))
        .filter(lock::Column::Name.eq(name))
        .exec(txn)
        .await?;
    Ok(())
}

async fn has_admin(txn: &DatabaseTransaction) -> Result<bool, Failure> {
    let admin = user::Entity::find().filter(user::Column::Role.eq(Role::Admin.as_str())).one(txn).await?;
    Ok(admin.is_some())
}

/// Moves a person's `updated_at` and version, since something about them changed. Answers whether they exist.
pub(crate) async fn touch(txn: &DatabaseTransaction, id: UserId, now: Timestamp) -> Result<bool, Failure> {
    let touched = user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, now.into())
        .col_expr(user::Column::Version, Expr::col(user::Column::Version).add(1))
        .filter(user::Column::Id.eq(id.as_uuid()))
        .exec(txn)
        .await?;
    Ok(touched.rows_affected == 1)
}
