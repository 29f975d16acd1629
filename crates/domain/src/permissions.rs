//! What somebody may do, out of the policy itself.

use crate::actor::Actor;
use crate::policy::{self, Action, Scope};
use crate::user::{Field, Role};

/// What an actor may do, and which fields they may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Every action, and on whom.
    pub actions: Vec<(Action, Scope)>,
    /// The fields that they may set on staff; a manager on themselves.
    pub staff_fields: Vec<Field>,
    /// The fields that they may set on customers; a customer on themselves.
    pub customer_fields: Vec<Field>,
}

impl Permissions {
    /// Those of this actor; with an API key, of the key.
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        Self {
            actions: Action::ALL.iter().map(|&action| (action, policy::scope(actor, action))).collect(),
            staff_fields: settable(actor, Role::Manager),
            customer_fields: settable(actor, Role::Customer),
        }
    }
}

/// The fields of somebody of this role that the actor may set.
fn settable(actor: &Actor, subject: Role) -> Vec<Field> {
    if policy::scope(actor, policy::update_action(subject)) == Scope::Nothing {
        return Vec::new();
    }
    let may_set = |field: &Field| policy::field_exists(subject, *field) && policy::may_set(actor, subject, *field);
    Field::ALL.iter().copied().filter(may_set).collect()
}
