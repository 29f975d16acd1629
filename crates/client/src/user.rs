//! People, as the service shows them.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::Channel;
use crate::{JsonObject, Timestamp};

/// A person, in the shape of their role.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
#[non_exhaustive]
pub enum User {
    /// Staff who may do everything.
    Admin(Staff),
    /// Staff who look after customers.
    Manager(Staff),
    /// Somebody the company looks after.
    Customer(Customer),
}

/// What all people have, read of whichever shape it is.
macro_rules! of_each {
    ($user:expr, $field:ident) => {
        match $user {
            User::Admin(person) | User::Manager(person) => &person.$field,
            User::Customer(person) => &person.$field,
        }
    };
}

impl User {
    /// Their id, which never changes.
    #[must_use]
    pub fn id(&self) -> Uuid {
        *of_each!(self, id)
    }

    /// Their role.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Admin(_) => Role::Admin,
            Self::Manager(_) => Role::Manager,
            Self::Customer(_) => Role::Customer,
        }
    }

    /// What they are called, if that is known.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        of_each!(self, display_name).as_deref()
    }

    /// Their phone (E.164), which customers always have and staff may have.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        match self {
            Self::Admin(staff) | Self::Manager(staff) => staff.phone.as_deref(),
            Self::Customer(customer) => Some(&customer.phone),
        }
    }

    /// Whether they may sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        *of_each!(self, is_active)
    }

    /// What only staff have.
    #[must_use]
    pub fn staff(&self) -> Option<&Staff> {
        match self {
            Self::Admin(staff) | Self::Manager(staff) => Some(staff),
            Self::Customer(_) => None,
        }
    }

    /// What only customers have.
    #[must_use]
    pub fn customer(&self) -> Option<&Customer> {
        match self {
            Self::Customer(customer) => Some(customer),
            Self::Admin(_) | Self::Manager(_) => None,
        }
    }
}

/// An admin or a manager.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Staff {
    /// Never changes.
    pub id: Uuid,
    /// Whether they may sign in.
    pub is_active: bool,
    /// When a code proved a contact of theirs, since their contacts last changed.
    pub verified_at: Option<Timestamp>,
    /// What they are called, if that is known.
    pub display_name: Option<String>,
    /// They sign in with it.
    pub email: String,
    /// In E.164.
    pub phone: Option<String>,
    /// The company's own reference.
    pub tin_trunk_number: Option<String>,
    /// Over which channel they get codes.
    pub verification_method: Channel,
    /// When they were entered.
    pub created_at: Timestamp,
    /// When they last changed.
    pub updated_at: Timestamp,
}

/// Somebody the company looks after.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Customer {
    /// Never changes.
    pub id: Uuid,
    /// Whether they may sign in.
    pub is_active: bool,
    /// When a code proved their phone, since it last changed.
    pub verified_at: Option<Timestamp>,
    /// What they are called, if that is known.
    pub display_name: Option<String>,
    /// In E.164. They sign in with it.
    pub phone: String,
    /// Who entered them; themselves after a sign-up.
    pub created_by: Uuid,
    /// The manager who looks after them.
    pub assigned_manager_id: Option<Uuid>,
    /// What else the company keeps about them.
    pub metadata: JsonObject,
    /// When they were entered.
    pub created_at: Timestamp,
    /// When they last changed.
    pub updated_at: Timestamp,
}

/// The roles. No other will come: a role tells the shape of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Staff who may do everything.
    Admin,
    /// Staff who look after customers.
    Manager,
    /// Somebody the company looks after.
    Customer,
}

impl Role {
    /// The name as the service has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Customer => "customer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a record, to be compared and otherwise opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag(pub(crate) String);

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person and the state in which they were read: a change can be made for this state only.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VersionedUser {
    /// The person.
    pub user: User,
    /// Their state.
    pub etag: ETag,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_role_tells_the_shape_and_numbers_stay_as_they_are() {
        let user: User = serde_json::from_value(json!({
            "id": "0198b2c7-0000-7000-8000-000000000001", "role": "customer", "is_active": true, "verified_at": null,
            "display_name": "Bob", "phone": "+998901234567", "created_by": "0198b2c7-0000-7000-8000-000000000002",
            "assigned_manager_id": null, "metadata": { "large": u64::MAX, "small": i64::MIN, "exact": 0.1 },
            "created_at": "2026-01-01T12:00:00.000001Z", "updated_at": "2026-01-01T12:00:00.000001Z",
            "a_field_of_a_newer_service": 1,
        }))
        .unwrap();
        assert_eq!(
            (user.role(), user.phone(), user.display_name()),
            (Role::Customer, Some("+998901234567"), Some("Bob"))
        );
        let metadata = &user.customer().unwrap().metadata;
        assert_eq!(*metadata, *json!({ "large": u64::MAX, "small": i64::MIN, "exact": 0.1 }).as_object().unwrap());
    }
}
