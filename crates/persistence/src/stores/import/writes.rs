//! What a part of an import writes, as statements.

use std::collections::BTreeSet;

use domain::audit::Event;
use domain::store::{ImportBatch, ImportKeys, Update};
use domain::{Phone, User, UserId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DbBackend, DbErr, Statement};

use crate::entity::{customer, user};
use crate::error::Failure;
use crate::sql::bulk::{self, inserts};
use crate::tables::{audit_events, sessions, users};
use crate::transaction::Transaction;

/// The statements of a part. To make them takes about as long as the database takes to run them.
#[derive(Default)]
pub(super) struct Writes {
    statements: Vec<Statement>,
    /// Whom they create or change.
    phones: BTreeSet<Phone>,
    /// Whose sessions end.
    ends: Vec<UserId>,
    events: Vec<Event>,
}

impl Writes {
    pub(super) fn of(backend: DbBackend, part: ImportBatch) -> Result<Self, DbErr> {
        let ImportBatch { created, updated, events } = part;
        let mut statements = inserts(backend, created.iter().map(users::user_row).collect(), None)?;
        statements.append(&mut inserts(backend, customer_rows(&created), None)?);
        statements.append(&mut updates(backend, &updated)?);
        statements.append(&mut inserts(backend, audit_events::rows(&events)?, None)?);
        let people = created.iter().chain(updated.iter().map(|update| &update.after));
        let phones = people.filter_map(|user| Some(user.customer()?.phone.clone())).collect();
        let ends = updated.iter().filter(|update| update.ends_sessions).map(|update| update.after.id).collect();
        Ok(Self { statements, phones, ends, events })
    }

    /// Whether the next part asks for somebody of this one.
    pub(super) fn is_about(&self, next: &ImportKeys) -> bool {
        next.phones.iter().any(|phone| self.phones.contains(phone))
    }

    pub(super) async fn run(self, txn: &Transaction) -> Result<(), Failure> {
        bulk::execute(txn, self.statements).await?;
        for id in self.ends {
            sessions::end_all(txn, id, None).await?;
        }
        txn.note(&self.events);
        Ok(())
    }
}

/// Updates many people by insertions that turn into updates. No other statement of all three databases sets different
/// values for each row.
fn updates(backend: DbBackend, updates: &[Update]) -> Result<Vec<Statement>, DbErr> {
    let people = || updates.iter().map(|update| &update.after);
    let of_user = OnConflict::column(user::Column::Id)
        .update_columns([
            user::Column::DisplayName,
            user::Column::NameKey,
            user::Column::IsActive,
            user::Column::VerifiedAt,
            user::Column::UpdatedAt,
            user::Column::Version,
        ])
        .to_owned();
    let mut statements = inserts(backend, people().map(users::user_row).collect(), Some(&of_user))?;
    let of_customer = OnConflict::column(customer::Column::Id)
        .update_columns([
            customer::Column::AssignedManagerId,
            customer::Column::Metadata,
            customer::Column::NameKey,
            customer::Column::UpdatedAt,
        ])
        .to_owned();
    statements.append(&mut inserts(backend, customer_rows(people()), Some(&of_customer))?);
    Ok(statements)
}

fn customer_rows<'a>(people: impl IntoIterator<Item = &'a User>) -> Vec<customer::ActiveModel> {
    let row = |user: &'a User| Some(users::customer_row(user, user.customer()?));
    people.into_iter().filter_map(row).collect()
}
