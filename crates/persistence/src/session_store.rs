//! Sign-ins.

use async_trait::async_trait;
use domain::audit::Event;
use domain::authority::Authority;
use domain::session::{Digest, Session};
use domain::store::{Credentials, PasswordStore, SessionStore, StoreError, WriteError};
use domain::{Email, FreshProof, PasswordHash, SessionId, Timestamp, User, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter, QueryResult, QuerySelect};

use crate::account_store::touch;
use crate::entity::{admin_manager, session, user};
use crate::error::{Failure, Inconsistency, only_store_error, store_error};
use crate::person::Person;
use crate::store::Store;
use crate::{audit, authority, challenge_store, notice_store, person, proof_store};

#[async_trait]
impl SessionStore for Store {
    async fn start_session(&self, session: &Session, event: &Event) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            start(&txn, session, std::slice::from_ref(event)).await?;
            Ok(audit::record(&txn, event).await?)
        })
        .await
    }

    async fn find_caller(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        let is_owner = Expr::col((user::Entity, user::Column::Id)).equals((session::Entity, session::Column::UserId));
        let mut select = person::select();
        select
            .join(JoinType::InnerJoin, session::Entity, is_owner)
            .cond_where(session::Column::Id.eq(id.as_uuid()))
            .cond_where(session::Column::ExpiresAt.gt(now))
            .cond_where(user::Column::IsActive.eq(true));
        person::read_user(self.one(&select).await?.as_ref())
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let mut select = select();
        select.cond_where(session::Column::Id.eq(id.as_uuid()));
        self.one(&select).await?.as_ref().map(read).transpose()
    }

    async fn renew_session(&self, renewed: &Session) -> Result<(), WriteError> {
        self.write(move |txn| async move {
            let owner = Query::select()
                .column(user::Column::Id)
                .from(user::Entity)
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
        let mut select = select();
        select
            .cond_where(session::Column::UserId.eq(user.as_uuid()))
            .cond_where(session::Column::ExpiresAt.gt(now))
            .order_by(session::Column::CreatedAt, Order::Desc)
            .order_by(session::Column::Id, Order::Desc);
        self.all(&select).await?.iter().map(read).collect()
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
                audit::record(&txn, event).await?;
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
            let ended = end_all(&txn, user, except).await?;
            if ended > 0 {
                audit::record(&txn, event).await?;
            }
            Ok(ended)
        })
        .await
    }

    async fn end_other_sessions(&self, proof: &FreshProof, event: &Event) -> Result<u64, WriteError> {
        self.end_others(proof, event).await
    }
}

#[async_trait]
impl PasswordStore for Store {
    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let mut select = person::select();
        select.cond_where(admin_manager::Column::Email.eq(email.as_str()));
        let Some(row) = self.one(&select).await? else { return Ok(None) };
        Ok(Some(Person::read(&row)?.into_credentials()?))
    }

    async fn renew_password_hash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError> {
        let renewed = self.write(move |txn| async move {
            // The password is the same, so nothing that anybody sees has changed.
            admin_manager::Entity::update_many()
                .col_expr(admin_manager::Column::PasswordHash, new.expose().into())
                .filter(admin_manager::Column::Id.eq(id.as_uuid()))
                .filter(admin_manager::Column::PasswordHash.eq(old.expose()))
                .exec(&*txn)
                .await?;
            Ok(())
        });
        renewed.await.map_err(only_store_error)
    }

    async fn prove_session(
        &self,
        session: SessionId,
        user: UserId,
        password: &PasswordHash,
        event: &Event,
    ) -> Result<(), WriteError> {
        self.prove(session, user, password, event).await
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
            stale_unless(touch(&txn, user, event.at).await?)?;
            let update = set_password(user, new, event.at).filter(admin_manager::Column::PasswordHash.eq(old.expose()));
            stale_unless(update.exec(&*txn).await?.rows_affected == 1)?;
            end_all(&txn, user, keep).await?;
            freshen(&txn, keep, event.at).await?;
            notice_store::tell_of_password(&txn, user, Some(old), std::slice::from_ref(event)).await?;
            challenge_store::close_those_of_password(&txn, user).await?;
            Ok(audit::record(&txn, event).await?)
        })
        .await
    }
}

/// Starts a session of somebody who may sign in. Whoever deactivates or erases them waits for the end
/// of this transaction, and then ends the session too; whoever has done so makes it stale.
///
/// Sessions beyond what a person may have end, which is recorded beside the first of these events.
pub(crate) async fn start(txn: &DatabaseTransaction, session: &Session, events: &[Event]) -> Result<(), Failure> {
    let owner = user::Entity::find_by_id(session.user_id.as_uuid())
        .filter(user::Column::IsActive.eq(true))
        .lock(authority::for_writing(txn))
        .one(txn)
        .await?;
    stale_unless(owner.is_some())?;
    insert(txn, session).await?;
    proof_store::end_oldest(txn, session.user_id, events).await
}

/// Whoever gives their password to change it has given it.
async fn freshen(txn: &DatabaseTransaction, id: Option<SessionId>, now: Timestamp) -> Result<(), Failure> {
    if let Some(id) = id {
        let proven = session::Entity::update_many().col_expr(session::Column::ProvenAt, now.into());
        proven.filter(session::Column::Id.eq(id.as_uuid())).exec(txn).await?;
    }
    Ok(())
}

/// Makes sure that sessions of this person may be ended until the transaction ends.
async fn hold_authority_over(txn: &DatabaseTransaction, by: &Authority, user: UserId) -> Result<(), Failure> {
    if by.is_of(user) { authority::hold_session(txn, by).await } else { authority::hold(txn, by, None).await }
}

/// Writes the session of somebody who was entered in the same transaction.
pub(crate) async fn insert(txn: &DatabaseTransaction, session: &Session) -> Result<(), Failure> {
    let row = session::ActiveModel {
        id: Set(session.id.as_uuid()),
        user_id: Set(session.user_id.as_uuid()),
        created_at: Set(session.created_at),
        last_used_at: Set(session.last_used_at),
        expires_at: Set(session.expires_at),
        address: Set(session.address.map(|address| address.to_string())),
        user_agent: Set(session.user_agent.clone()),
        refresh_digest: Set(session.refresh_digest.to_vec()),
        spent_digest: Set(session.spent_digest.map(|digest| digest.to_vec())),
        renewals: Set(session.renewals),
        proven_at: Set(Some(session.proven_at)),
    };
    session::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Ends all sessions of a person but `except`.
pub(crate) async fn end_all(
    txn: &DatabaseTransaction,
    user: UserId,
    except: Option<SessionId>,
) -> Result<u64, Failure> {
    let mut delete = session::Entity::delete_many().filter(session::Column::UserId.eq(user.as_uuid()));
    if let Some(except) = except {
        delete = delete.filter(session::Column::Id.ne(except.as_uuid()));
    }
    Ok(delete.exec(txn).await?.rows_affected)
}

/// Sets a password; the person's own row is for [`touch`].
pub(crate) fn set_password(
    user: UserId,
    new: &PasswordHash,
    now: Timestamp,
) -> sea_orm::UpdateMany<admin_manager::Entity> {
    admin_manager::Entity::update_many()
        .col_expr(admin_manager::Column::PasswordHash, new.expose().into())
        .col_expr(admin_manager::Column::UpdatedAt, now.into())
        .filter(admin_manager::Column::Id.eq(user.as_uuid()))
}

/// Whether the row was still as the caller saw it.
pub(crate) fn stale_unless(written: bool) -> Result<(), Failure> {
    if written { Ok(()) } else { Err(WriteError::Stale.into()) }
}

fn select() -> SelectStatement {
    use sea_orm::Iterable;
    Query::select().columns(session::Column::iter()).from(session::Entity).take()
}

pub(crate) fn read(row: &QueryResult) -> Result<Session, StoreError> {
    let row = session::Model::from_query_result(row, "").map_err(|error| store_error(&error))?;
    let id = row.id;
    let wrong = |problem| Inconsistency { table: "sessions", id: id.to_string(), problem };
    let digest = |bytes: Vec<u8>| Digest::try_from(bytes).map_err(|_| wrong("a digest has not 32 bytes"));
    let address = row.address.as_deref().map(str::parse).transpose();
    Ok(Session {
        id: id.into(),
        user_id: row.user_id.into(),
        created_at: row.created_at,
        proven_at: row.proven_at.unwrap_or(row.created_at),
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        address: address.map_err(|_| wrong("invalid address"))?,
        user_agent: row.user_agent,
        refresh_digest: digest(row.refresh_digest)?,
        spent_digest: row.spent_digest.map(digest).transpose()?,
        renewals: row.renewals,
    })
}
