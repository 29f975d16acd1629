//! How staff get in: the first admin, the recovery of an admin, sign-ups and invitations.

use async_trait::async_trait;
use domain::actor::Authority;
use domain::audit::Event;
use domain::challenge::{Challenge, Message};
use domain::session::{Digest, Session};
use domain::store::{Account, Recovery, SetupStore, SignUpStore, StoreError, WriteError};
use domain::{Email, Role, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryTrait};

use crate::entity::{admin_manager, setup_token, signup, user};
use crate::error::stale_unless;
use crate::steps::accounts;
use crate::store::Store;
use crate::tables::locks::{self, Lock};
use crate::tables::{audit_events, challenges, notices, profiles, sessions, users};

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
            locks::hold(&txn, Lock::Admins).await?;
            let known = setup_token::Entity::find_by_id(token.to_vec()).count(&*txn).await?;
            if known == 0 || users::has_admin(&txn).await? {
                return Err(WriteError::SetupTokenRefused.into());
            }
            accounts::insert_account(&txn, account, events).await?;
            sessions::insert(&txn, session).await?;
            Ok(audit_events::record_all(&txn, events).await?)
        })
        .await
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        let select = users::ids().cond_where(user::Column::Role.eq(Role::Admin.as_str())).limit(1).take();
        Ok(self.one(&select).await?.is_some())
    }

    async fn create_only_admin(&self, account: &Account, events: &[Event]) -> Result<bool, WriteError> {
        self.write(move |txn| async move {
            locks::hold(&txn, Lock::Admins).await?;
            if users::has_admin(&txn).await? {
                return Ok(false);
            }
            accounts::insert_account(&txn, account, events).await?;
            audit_events::record_all(&txn, events).await?;
            Ok(true)
        })
        .await
    }

    async fn recover_admin(&self, recovery: &Recovery) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            locks::hold(&txn, Lock::Admins).await?;
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
            stale_unless(promoted.rows_affected == 1)?;
            // Counted after the row is locked, because a transaction that assigns a customer waits for this lock.
            profiles::refuse_with_customers(&txn, admin.id).await?;
            let old = profiles::password_before(&txn, admin.id).await?;
            profiles::set_password(admin.id, password_hash, admin.updated_at).exec(&*txn).await?;
            notices::tell_of_password(&txn, admin.id, old.as_ref(), events).await?;
            signup::Entity::delete_by_id(admin.id.as_uuid()).exec(&*txn).await?;
            setup_token::Entity::delete_many().exec(&*txn).await?;
            audit_events::record_all(&txn, events).await?;
            if sessions::end_all(&txn, admin.id, None).await? > 0 {
                audit_events::record(&txn, sessions_ended).await?;
            }
            Ok(())
        })
        .await
    }

    async fn has_setup_token(&self, token: &Digest) -> Result<bool, StoreError> {
        let known = setup_token::Entity::find_by_id(token.to_vec()).into_query();
        Ok(self.one(&known).await?.is_some())
    }

    async fn add_setup_token(&self, token: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let added = self.write(move |txn| async move {
            locks::hold(&txn, Lock::Admins).await?;
            if users::has_admin(&txn).await? {
                return Ok(false);
            }
            let row = setup_token::ActiveModel { digest: Set(token.to_vec()), created_at: Set(now) };
            setup_token::Entity::insert(row).exec_without_returning(&*txn).await?;
            Ok(true)
        });
        added.await.map_err(WriteError::into_store_error)
    }
}

#[async_trait]
impl SignUpStore for Store {
    async fn create_signed_in(&self, account: &Account, session: &Session, events: &[Event]) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            accounts::insert_account(&txn, account, events).await?;
            sessions::insert(&txn, session).await?;
            Ok(audit_events::record_all(&txn, events).await?)
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
            accounts::insert_account_by(&txn, by, account, events).await?;
            challenges::replace(&txn, invitation, message).await?;
            Ok(audit_events::record_all(&txn, events).await?)
        })
        .await
    }

    /// Whether somebody has the e-mail. A sign-up that waits for approval does not count.
    async fn is_email_taken(&self, email: &Email) -> Result<bool, StoreError> {
        let waiting = Query::select().column(signup::Column::UserId).from(signup::Entity).take();
        let taken = admin_manager::Entity::find()
            .filter(admin_manager::Column::Email.eq(email.as_str()))
            .filter(admin_manager::Column::Id.not_in_subquery(waiting));
        Ok(self.one(&taken.into_query()).await?.is_some())
    }
}
