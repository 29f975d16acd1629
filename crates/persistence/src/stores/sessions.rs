//! Passwords of staff, and sessions, which begin with a password or a code.

use async_trait::async_trait;
use domain::actor::Authority;
use domain::audit::Event;
use domain::session::Session;
use domain::store::{Credentials, Generation, PasswordStore, SessionOwner, SessionStore, StoreError, WriteError};
use domain::{Email, FreshProof, PasswordHash, SessionId, Timestamp, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use tokio::time::timeout;

use crate::callers;
use crate::entity::{admin_manager, session, user};
use crate::error::{Failure, out_of_time, stale_unless};
use crate::sql::row_locks::keeping;
use crate::store::Store;
use crate::tables::{audit_events, authority, challenges, notices, people, profiles, sessions, users};
use crate::transaction::Transaction;

#[async_trait]
impl SessionStore for Store {
    async fn start_session(&self, session: &Session, event: &Event) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            sessions::start(&txn, session, std::slice::from_ref(event)).await?;
            Ok(audit_events::record(&txn, event).await?)
        })
        .await
    }

    async fn find_caller(&self, id: SessionId, now: Timestamp) -> Result<Option<SessionOwner>, StoreError> {
        let found = match self.readers.callers() {
            Some(callers) => {
                let found = timeout(callers::TIME_LIMIT, callers.find(self, id)).await;
                found.map_err(|_| out_of_time())??
            }
            None => callers::find_one(self, id).await?,
        };
        Ok(found.filter(|owner| now < owner.expires_at))
    }

    fn generation(&self, session: SessionId, owner: UserId) -> Option<Generation> {
        Some(self.changes.generation(session.as_uuid(), owner))
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let session = session::Entity::find_by_id(id.as_uuid()).into_query();
        self.one(&session).await?.as_ref().map(sessions::read).transpose()
    }

    async fn renew_session(&self, renewed: &Session) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            let owner = users::ids()
                .cond_where(user::Column::Id.eq(renewed.user_id.as_uuid()))
                .cond_where(user::Column::IsActive.eq(true))
                .take();
            let update = session::Entity::update_many()
                .set(session::ActiveModel {
                    last_used_at: Set(renewed.last_used_at),
                    expires_at: Set(renewed.expires_at),
                    address: Set(renewed.address.map(|address| address.to_string())),
                    user_agent: Set(renewed.user_agent.clone()),
                    refresh_digest: Set(renewed.refresh_digest.to_vec()),
                    spent_digest: Set(renewed.spent_digest.map(|digest| digest.to_vec())),
                    renewals: Set(renewed.renewals),
                    ..Default::default()
                })
                .filter(session::Column::Id.eq(renewed.id.as_uuid()))
                .filter(session::Column::Renewals.eq(renewed.renewals - 1))
                .filter(session::Column::ExpiresAt.gt(renewed.last_used_at))
                .filter(session::Column::UserId.in_subquery(owner));
            stale_unless(update.exec(&*txn).await?.rows_affected == 1)
        })
        .await
    }

    async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let mut select = sessions::of(user);
        select.cond_where(session::Column::ExpiresAt.gt(now));
        self.all(&select).await?.iter().map(sessions::read).collect()
    }

    async fn end_session(
        &self,
        by: &Authority,
        user: UserId,
        id: SessionId,
        event: &Event,
    ) -> Result<bool, WriteError> {
        self.write(move |txn| async move {
            hold_authority_over(&txn, by, user).await?;
            let delete = session::Entity::delete_by_id(id.as_uuid()).filter(session::Column::UserId.eq(user.as_uuid()));
            let ended = delete.exec(&*txn).await?.rows_affected > 0;
            if ended {
                audit_events::record(&txn, event).await?;
            }
            Ok(ended)
        })
        .await
    }

    async fn end_sessions(
        &self,
        by: &Authority,
        user: UserId,
        except: Option<SessionId>,
        event: &Event,
    ) -> Result<u64, WriteError> {
        self.write(move |txn| async move {
            hold_authority_over(&txn, by, user).await?;
            let ended = sessions::end_all(&txn, user, except).await?;
            if ended > 0 {
                audit_events::record(&txn, event).await?;
            }
            Ok(ended)
        })
        .await
    }

    async fn end_other_sessions(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError> {
        self.write(move |txn| async move {
            sessions::require_fresh(&txn, proof).await?;
            let ended = sessions::end_all(&txn, proof.user, Some(proof.session)).await?;
            if ended > 0 {
                audit_events::record(&txn, event).await?;
            }
            Ok(ended)
        })
        .await
    }
}

/// Makes sure that sessions of this person may be ended until the transaction ends.
async fn hold_authority_over(txn: &Transaction, by: &Authority, user: UserId) -> Result<(), Failure> {
    if by.is_of(user) { authority::hold_session(txn, by).await } else { authority::hold(txn, by, None).await }
}

#[async_trait]
impl PasswordStore for Store {
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let mut select = people::select_with_password();
        select.cond_where(admin_manager::Column::Email.eq(email.as_str()));
        Ok(self.little(&select).await?.pop())
    }

    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError> {
        // The password is the same, so the version stays: nothing has changed that anybody sees.
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
            // Every transaction locks the person before their profile and sessions.
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
            // Every transaction locks the person before their profile, sessions and challenges. Another order could
            // deadlock.
            authority::hold(&txn, by, Some(user)).await?;
            stale_unless(users::touch(&txn, user, event.at).await?)?;
            let update = profiles::set_password(user, new, event.at)
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
