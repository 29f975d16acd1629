//! What somebody may want to do, and which of that an API key is for.

use std::fmt;

use crate::names::named;
use crate::value::ValueError;

named! {
    /// What somebody wants to do with people.
    Action {
        /// List people.
        ListUsers => "list users",
        /// List the customers one looks after.
        ListManagedCustomers => "list managed customers",
        /// Read one person.
        ReadUser => "read a user",
        /// Enter an admin.
        CreateAdmin => "create an admin",
        /// Enter a manager.
        CreateManager => "create a manager",
        /// Enter a customer.
        CreateCustomer => "create a customer",
        /// Change a staff member.
        UpdateStaff => "update staff",
        /// Change a customer.
        UpdateCustomer => "update a customer",
        /// Give a customer to another manager, or all of a manager's customers to others.
        AssignCustomer => "assign or hand over customers",
        /// Erase a person for good.
        EraseUser => "erase a user",
        /// Sign a person out everywhere.
        EndSessions => "end a user's sessions",
        /// Read everything stored about a person.
        ReadPersonalData => "read all stored data",
        /// Read who did what to whom.
        ReadAuditEvents => "read audit events",
        /// Read and write customers as files.
        ImportAndExport => "import and export",
        /// Make, list and revoke API keys of a person.
        ManageKeys => "manage API keys",
        /// Ask whether a token or a key is good, and whose it is.
        Introspect => "introspect tokens",
    }
}

impl Action {
    /// The name in the API: of a permission, and of a scope of an API key.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ListUsers => "list_users",
            Self::ListManagedCustomers => "list_managed_customers",
            Self::ReadUser => "read_user",
            Self::CreateAdmin => "create_admin",
            Self::CreateManager => "create_manager",
            Self::CreateCustomer => "create_customer",
            Self::UpdateStaff => "update_staff",
            Self::UpdateCustomer => "update_customer",
            Self::AssignCustomer => "assign_customer",
            Self::EraseUser => "erase_user",
            Self::EndSessions => "end_sessions",
            Self::ReadPersonalData => "read_personal_data",
            Self::ReadAuditEvents => "read_audit_events",
            Self::ImportAndExport => "import_and_export",
            Self::ManageKeys => "manage_keys",
            Self::Introspect => "introspect",
        }
    }

    /// Whether an API key may do this, if it is made for it. A key never manages keys or sessions.
    #[must_use]
    pub const fn is_for_keys(self) -> bool {
        !matches!(self, Self::EndSessions | Self::ManageKeys)
    }

    /// The action that a scope of an API key names.
    ///
    /// # Errors
    /// For any other name, also that of an action which is not for keys.
    pub fn of_scope(name: &str) -> Result<Self, ValueError> {
        let found = Self::ALL.iter().copied().find(|action| action.is_for_keys() && action.name() == name);
        found.ok_or_else(|| ValueError::new("invalid_choice", format!("must be one of {}", KeyScopes::ALL)))
    }
}

/// The actions that an API key may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyScopes(u32);

impl KeyScopes {
    /// All that a key may ever do.
    pub const ALL: Self = {
        let (mut all, mut at) = (0, 0);
        while at < Action::ALL.len() {
            if Action::ALL[at].is_for_keys() {
                all |= Self::bit(Action::ALL[at]);
            }
            at += 1;
        }
        Self(all)
    };

    const fn bit(action: Action) -> u32 {
        1 << action as u32
    }

    /// Whether the action is one of them.
    #[must_use]
    pub const fn contains(self, action: Action) -> bool {
        self.0 & Self::bit(action) != 0
    }

    /// The actions, in the order of [`Action::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |&action| self.contains(action))
    }

    /// The names of the actions.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(Action::name)
    }

    /// Reads what [`Display`](fmt::Display) wrote. A name that this release does not know gives no right.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        text.split(' ').filter_map(|name| Action::of_scope(name).ok()).collect()
    }
}

impl FromIterator<Action> for KeyScopes {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        let bits = actions.into_iter().filter(|action| action.is_for_keys()).map(Self::bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

/// The names with spaces between them, as in the `scope` of OAuth (RFC 6749 section 3.3).
impl fmt::Display for KeyScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Debug for KeyScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyScopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_back_and_hold_nothing_that_is_not_for_keys() {
        for &action in Action::ALL {
            let scopes = KeyScopes::from_iter([action]);
            assert_eq!(scopes.contains(action), action.is_for_keys(), "{action}");
            assert_eq!(KeyScopes::from_stored(&scopes.to_string()), scopes);
            assert_eq!(Action::of_scope(action.name()).is_ok(), action.is_for_keys(), "{action}");
        }
        assert_eq!(Action::ALL.iter().copied().collect::<KeyScopes>(), KeyScopes::ALL);
        assert_eq!(KeyScopes::from_stored("list_users of_a_later_release").names().collect::<Vec<_>>(), ["list_users"]);
        assert_eq!(KeyScopes::from_stored(""), KeyScopes::default());
    }

    #[test]
    fn each_action_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Action::ALL.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), Action::ALL.len());
    }
}
