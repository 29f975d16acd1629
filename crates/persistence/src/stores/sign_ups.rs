//! Sign-ups and invitations.

use async_trait::async_trait;
use domain::Email;
use domain::audit::Event;
use domain::authority::Authority;
use domain::challenge::{Challenge, Message};
use domain::session::Session;
use domain::store::{Account, SignUpStore, StoreError, WriteError};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Query;

use crate::entity::{admin_manager, signup};
use crate::steps::accounts;
use crate::store::Store;
use crate::tables::{audit_events, challenges, sessions};

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

    /// Whether somebody has the e-mail who is no sign-up that waits.
    async fn is_email_taken(&self, email: &Email) -> Result<bool, StoreError> {
        let waiting = Query::select().column(signup::Column::UserId).from(signup::Entity).take();
        let select = Query::select()
            .column(admin_manager::Column::Id)
            .from(admin_manager::Entity)
            .cond_where(admin_manager::Column::Email.eq(email.as_str()))
            .cond_where(admin_manager::Column::Id.not_in_subquery(waiting))
            .take();
        Ok(self.one(&select).await?.is_some())
    }
}
