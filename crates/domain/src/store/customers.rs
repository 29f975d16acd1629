//! Many customers at once: handovers from one manager to others, and imports.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use super::users::Update;
use crate::actor::Authority;
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::user::User;
use crate::value::{Email, Phone};

/// Plans a handover again, for the customers that the manager has now. `None` when it cannot be made with them.
pub type RejudgeHandover<'a> = dyn Fn(&[UserId]) -> Option<Handover> + Send + Sync + 'a;

/// A handover: customers of one manager go to others.
#[derive(Clone, Debug)]
pub struct Handover {
    /// Who looks after them now.
    pub from: UserId,
    /// Which customers go to whom.
    pub shares: Vec<Share>,
    /// Whether these are all the customers that the manager has.
    pub is_complete: bool,
    /// Whether the active manager is deactivated. Then their sessions end.
    pub deactivates: bool,
    /// When.
    pub at: Timestamp,
    /// What to record.
    pub events: Vec<Event>,
}

/// What one receiver gets of a [`Handover`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// An active manager, or nobody.
    pub to: Option<UserId>,
    /// The customers of this share.
    pub customers: Vec<UserId>,
}

/// Handing customers over.
#[async_trait]
pub trait HandoverStore: Send + Sync {
    /// The customers of a manager, ordered by id.
    async fn list_customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError>;

    /// Which of these are active managers.
    async fn find_active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError>;

    /// Gives customers to other managers, which counts as a change of each customer. With `rejudge`, the customers are
    /// locked, and the handover is planned again if they are not those of the plan; then the new plan is answered.
    ///
    /// [`WriteError::Stale`] when the customers are not the manager's any more, when they are not all customers of the
    /// manager although the handover is complete, or when the person to be deactivated is not an active manager any
    /// more. [`WriteError::NotAnActiveManager`] when a receiver is none.
    async fn hand_over(
        &self,
        by: &Authority,
        handover: &Handover,
        rejudge: Option<&RejudgeHandover<'_>>,
    ) -> Result<Option<Handover>, WriteError>;
}

/// The people about whom a batch of an import asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportKeys {
    /// The phones of customers.
    pub phones: Vec<Phone>,
    /// The e-mails of staff.
    pub emails: Vec<Email>,
}

/// Those of the people about whom a batch of an import asks who exist.
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
    /// Changes of customers. Their phones stay the same.
    pub updated: Vec<Update>,
    /// What to record.
    pub events: Vec<Event>,
}

/// An import as a store sees it. For each batch, the store looks up who exists, has the batch judged, and writes the
/// result.
#[async_trait]
pub trait ImportBatches: Send {
    /// The people about whom the next batch asks; `None` when there is no further batch.
    async fn next(&mut self) -> Result<Option<ImportKeys>, StoreError>;

    /// What that batch writes, given the people who exist. The store asks again for the same batch if these people
    /// changed before it could lock them.
    ///
    /// # Errors
    /// An error ends the import, and nothing is written.
    fn judge(&mut self, found: &ImportFound) -> Result<ImportBatch, WriteError>;
}

/// Importing customers.
#[async_trait]
pub trait ImportStore: Send + Sync {
    /// Those of the people about whom a batch of an import asks who exist.
    async fn find_for_import(&self, keys: &ImportKeys) -> Result<ImportFound, StoreError>;

    /// Writes all batches of an import, or none. The authority is checked before each batch and locked only at the end.
    /// So a long import does not block somebody who takes the authority away.
    ///
    /// [`WriteError::Stale`] when another import or a handover was faster; judged again, the import may succeed.
    /// [`WriteError::Taken`] when a new customer has a phone of the import by now. [`WriteError::NotAnActiveManager`]
    /// for a newly assigned manager.
    async fn import_customers(&self, by: &Authority, batches: &mut dyn ImportBatches) -> Result<(), WriteError>;

    /// The e-mails of those people who are staff.
    async fn find_emails(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Email>, StoreError>;
}
