//! Which people a list or an export holds.

use chrono::SecondsFormat;
use uuid::Uuid;

use crate::Timestamp;
use crate::request::Query;
use crate::user::Role;

/// Which people a list or an export holds, and in which order. Nothing is left out unless a filter says so.
///
/// ```
/// use clientele_client::{Assignment, Role, Sort, UserQuery};
///
/// let nobodys = UserQuery {
///     role: Some(Role::Customer),
///     assigned_manager: Some(Assignment::Nobody),
///     sort: Sort::DisplayName,
///     ..UserQuery::default()
/// };
/// # let _ = nobodys;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Only this role.
    pub role: Option<Role>,
    /// Only active, or only inactive.
    pub is_active: Option<bool>,
    /// Only customers who are assigned so.
    pub assigned_manager: Option<Assignment>,
    /// Only customers whom this person entered.
    pub created_by: Option<Uuid>,
    /// Only those who were entered at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Only those who were entered before this moment.
    pub created_to: Option<Timestamp>,
    /// Only those whose display name, e-mail or phone begins with this, in any case.
    pub search: Option<String>,
    /// In which order.
    pub sort: Sort,
}

/// To whom a customer is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// To nobody.
    Nobody,
    /// To this manager.
    To(Uuid),
}

/// The order of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// By display name; those without one first.
    DisplayName,
    /// By display name, backwards.
    DisplayNameDescending,
}

impl Sort {
    fn name(self) -> &'static str {
        match self {
            Self::Newest => "-created_at",
            Self::Oldest => "created_at",
            Self::DisplayName => "display_name",
            Self::DisplayNameDescending => "-display_name",
        }
    }
}

impl UserQuery {
    pub(crate) fn query(&self) -> Query {
        let manager = self.assigned_manager.map(|assignment| match assignment {
            Assignment::Nobody => "none".to_owned(),
            Assignment::To(manager) => manager.to_string(),
        });
        let parameters = [
            ("role", self.role.map(|role| role.to_string())),
            ("is_active", self.is_active.map(|is_active| is_active.to_string())),
            ("assigned_manager_id", manager),
            ("created_by", self.created_by.map(|id| id.to_string())),
            ("created_from", self.created_from.map(time)),
            ("created_to", self.created_to.map(time)),
            ("q", self.search.clone()),
            ("sort", Some(self.sort.name().to_owned())),
        ];
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A moment as the service reads it.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
