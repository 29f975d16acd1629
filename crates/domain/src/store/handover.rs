//! Customers of one manager who go to others.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::audit::Event;
use crate::authority::Authority;
use crate::clock::Timestamp;
use crate::id::UserId;

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
