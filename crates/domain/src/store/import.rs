//! Many customers at once.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use super::users::Update;
use crate::audit::Event;
use crate::authority::Authority;
use crate::id::UserId;
use crate::user::User;
use crate::value::{Email, Phone};

/// Whom a batch of an import asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportKeys {
    /// Of customers.
    pub phones: Vec<Phone>,
    /// Of staff.
    pub emails: Vec<Email>,
}

/// Who is there of those whom a batch of an import asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportFound {
    /// Customers, by phone.
    pub customers: BTreeMap<Phone, User>,
    /// Staff, by e-mail.
    pub staff: BTreeMap<Email, User>,
}

/// What a batch of an import writes.
#[derive(Clone, Debug, Default)]
pub struct ImportBatch {
    /// New customers.
    pub created: Vec<User>,
    /// Customers who change; their phones stay.
    pub updated: Vec<Update>,
    /// What to record.
    pub events: Vec<Event>,
}

/// An import in the hands of a store: for each batch, the store looks up who
/// is there, has it judged, and writes what comes out.
#[async_trait]
pub trait ImportBatches: Send {
    /// Whom the next batch asks for; `None` when there is none.
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError>;

    /// What that batch writes, since these people are there. Asked again for the same batch when they have changed
    /// before they could be held.
    ///
    /// # Errors
    /// What ends the import with nothing written.
    fn judge(&mut self, found: &ImportFound) -> Result<ImportBatch, WriteError>;
}

/// Importing customers.
#[async_trait]
pub trait ImportStore: Send + Sync {
    /// Who is there of those whom a batch of an import asks for.
    async fn find_for_import(&self, keys: &ImportKeys) -> Result<ImportFound, StoreError>;

    /// Writes all batches of an import, or none. The authority is looked at before each batch, and kept at the end
    /// only: a long import does not hold up those who take it away. [`WriteError::Stale`] when it
    /// lost against another import or a handover: judged again, it may succeed. [`WriteError::Taken`] when a phone is a
    /// new customer's by now; [`WriteError::NotAnActiveManager`] for one who
    /// was newly assigned to.
    async fn import_customers(&self, by: &Authority, batches: &mut dyn ImportBatches) -> Result<(), WriteError>;

    /// The e-mails of those of these people who are staff.
    async fn find_emails(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Email>, StoreError>;
}
