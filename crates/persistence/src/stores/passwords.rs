//! Passwords of staff.

use async_trait::async_trait;
use domain::audit::Event;
use domain::authority::Authority;
use domain::store::{Credentials, PasswordStore, StoreError, WriteError};
use domain::{Email, PasswordHash, SessionId, UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::{admin_manager, session, user};
use crate::error::stale_unless;
use crate::sql::row_locks::keeping;
use crate::store::Store;
use crate::tables::users::{self, Person};
use crate::tables::{admin_managers, audit_events, authority, challenges, notices, sessions};

#[async_trait]
impl PasswordStore for Store {
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let mut select = users::select();
        select.cond_where(admin_manager::Column::Email.eq(email.as_str()));
        let Some(row) = self.one(&select).await? else { return Ok(None) };
        Ok(Some(Person::read(&row)?.into_credentials()?))
    }

    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError> {
        // The password is the same, so nothing that anybody sees has changed.
        let update = admin_manager::Entity::update_many()
            .col_expr(admin_manager::Column::PasswordHash, new.expose().into())
            .filter(admin_manager::Column::Id.eq(id.as_uuid()))
            .filter(admin_manager::Column::PasswordHash.eq(old.expose()));
        self.execute(update).await.map(drop)
    }

    async fn prove_session(
        &self,
        id: SessionId,
        owner: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            // The person before their profile and sessions, as everywhere.
            user::Entity::find_by_id(owner.as_uuid()).lock(keeping(&txn)).one(&*txn).await?;
            let known = admin_manager::Entity::find_by_id(owner.as_uuid())
                .filter(admin_manager::Column::PasswordHash.eq(password.expose()))
                .lock(keeping(&txn))
                .one(&*txn)
                .await?;
            stale_unless(known.is_some())?;
            let proven = session::Entity::update_many()
                .col_expr(session::Column::ProvenAt, event.at.into())
                .filter(session::Column::Id.eq(id.as_uuid()))
                .filter(session::Column::UserId.eq(owner.as_uuid()))
                .filter(session::Column::ExpiresAt.gt(event.at));
            stale_unless(proven.exec(&*txn).await?.rows_affected == 1)?;
            Ok(audit_events::record(&txn, event).await?)
        })
        .await
    }

    async fn change_password(
        &self,
        by: &Authority,
        user: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
        keep: Option<SessionId>,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            // The person before their profile, sessions and challenges, as everywhere: whoever takes them
            // in another order waits for one who waits for them.
            authority::hold(&txn, by, Some(user)).await?;
            stale_unless(users::touch(&txn, user, event.at).await?)?;
            let update = admin_managers::set_password(user, new, event.at)
                .filter(admin_manager::Column::PasswordHash.eq(old.expose()));
            stale_unless(update.exec(&*txn).await?.rows_affected == 1)?;
            sessions::end_all(&txn, user, keep).await?;
            sessions::freshen(&txn, keep, event.at).await?;
            notices::tell_of_password(&txn, user, Some(old), std::slice::from_ref(event)).await?;
            challenges::close_those_of_password(&txn, user).await?;
            Ok(audit_events::record(&txn, event).await?)
        })
        .await
    }
}
