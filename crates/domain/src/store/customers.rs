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

/// Plans a handover again, of those who are the manager's customers now. `None` when it can't be made of them.
pub type RejudgeHandover<'a> = dyn Fn(&[UserId]) -> Option<Handover> + Send + Sync + 'a;

/// Customers of one manager who go to others.
#[derive(Clone, Debug)]
pub struct Handover {
    /// Who looks after them now.
    pub from: UserId,
    /// Who gets whom.
    pub shares: Vec<Share>,
    /// Whether these are all the customers that the manager has.
    pub is_complete: bool,
    /// Whether the manager, who is active, no longer is after this; their sessions end.
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
    /// Whom.
    pub customers: Vec<UserId>,
}

/// Handing customers over.
#[async_trait]
pub trait HandoverStore: Send + Sync {
    /// The customers of a manager, ordered by id.
    async fn list_customer_ids(&self, manager: UserId) -> Result<Vec<UserId>, StoreError>;

    /// Which of these are active managers.
    async fn find_active_managers(&self, ids: &[UserId]) -> Result<Vec<UserId>, StoreError>;

    /// Gives customers to other managers; each one's version moves. With `rejudge`, the customers are held, and where
    /// they are others than planned, the handover is planned again; answers that one. [`WriteError::Stale`] when the
    /// customers are not those of the manager any more, or not all of them where they are said to be, or the manager
    /// who is to be deactivated is none any more;
    /// [`WriteError::NotAnActiveManager`] when a receiver is none.
    async fn hand_over(
        &self,
        by: &Authority,
        handover: &Handover,
        rejudge: Option<&RejudgeHandover<'_>>,
    ) -> Result<Option<Handover>, WriteError>;
}

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
