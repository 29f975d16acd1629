//! Who may do what. The answer is the same for single records and for lists.
//!
//! [`scope`] answers the question "on whom may this actor do that?". The answer, a [`Scope`], is data. It is read in
//! two ways: [`Scope::contains`] judges one record in hand, and `persistence` makes a SQL condition of it. A contract
//! test keeps the two equal.

pub use crate::action::Action;
use crate::actor::{Actor, Credential, Identity};
use crate::error::Error;
use crate::id::UserId;
use crate::user::{Field, Role, User};

/// On whom an action may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everyone.
    All,
    /// Every customer.
    AllCustomers,
    /// The actor and the customers who are assigned to the actor.
    SelfAndAssigned(UserId),
    /// The customers who are assigned to the actor.
    AssignedTo(UserId),
    /// The actor.
    Own(UserId),
    /// Nobody. The role may never do this.
    Nothing,
}

impl Scope {
    /// Whether this person is in the scope.
    #[must_use]
    pub fn contains(&self, user: &User) -> bool {
        let customer = user.customer();
        let assigned_to = |id| customer.is_some_and(|customer| customer.assigned_manager_id == Some(id));
        match *self {
            Self::All => true,
            Self::AllCustomers => customer.is_some(),
            Self::SelfAndAssigned(id) => user.id == id || assigned_to(id),
            Self::AssignedTo(id) => assigned_to(id),
            Self::Own(id) => user.id == id,
            Self::Nothing => false,
        }
    }
}

/// On whom the actor may do this. A part of the system may do everything. Somebody who has not signed in may do
/// nothing. A program with an API key may do what the owner of the key may, if the key is made for this action.
#[must_use]
pub fn scope(actor: &Actor, action: Action) -> Scope {
    match actor.identity {
        Identity::User { credential: Some(Credential::ApiKey { scopes, .. }), .. } if !scopes.contains(action) => {
            Scope::Nothing
        }
        _ => personal_scope(actor, action),
    }
}

/// On whom the actor may do this, also where their API key is not made for it. This is for parts of an action that
/// [`scope`] has allowed.
#[must_use]
pub fn personal_scope(actor: &Actor, action: Action) -> Scope {
    match actor.identity {
        Identity::System(_) | Identity::User { role: Role::Admin, .. } => admin_scope(action),
        Identity::User { id, role: Role::Manager, .. } => manager_scope(id, action),
        Identity::User { id, role: Role::Customer, .. } => customer_scope(id, action),
        Identity::Anonymous => Scope::Nothing,
    }
}

fn admin_scope(action: Action) -> Scope {
    match action {
        Action::ListManagedCustomers | Action::CreateCustomer | Action::UpdateCustomer | Action::AssignCustomer => {
            Scope::AllCustomers
        }
        Action::ListUsers
        | Action::ReadUser
        | Action::CreateAdmin
        | Action::CreateManager
        | Action::UpdateStaff
        | Action::EraseUser
        | Action::EndSessions
        | Action::ReadPersonalData
        | Action::ReadAuditEvents
        | Action::ImportAndExport
        | Action::ManageKeys
        | Action::Introspect => Scope::All,
    }
}

fn manager_scope(id: UserId, action: Action) -> Scope {
    match action {
        Action::ListUsers | Action::ReadUser => Scope::SelfAndAssigned(id),
        Action::ListManagedCustomers
        | Action::CreateCustomer
        | Action::UpdateCustomer
        | Action::ReadAuditEvents
        | Action::ImportAndExport => Scope::AssignedTo(id),
        Action::UpdateStaff | Action::ReadPersonalData | Action::ManageKeys => Scope::Own(id),
        Action::CreateAdmin
        | Action::CreateManager
        | Action::AssignCustomer
        | Action::EraseUser
        | Action::EndSessions
        | Action::Introspect => Scope::Nothing,
    }
}

fn customer_scope(id: UserId, action: Action) -> Scope {
    match action {
        Action::ReadUser | Action::UpdateCustomer | Action::ReadPersonalData => Scope::Own(id),
        Action::ListUsers
        | Action::ListManagedCustomers
        | Action::CreateAdmin
        | Action::CreateManager
        | Action::CreateCustomer
        | Action::UpdateStaff
        | Action::AssignCustomer
        | Action::EraseUser
        | Action::EndSessions
        | Action::ReadAuditEvents
        | Action::ImportAndExport
        | Action::ManageKeys
        | Action::Introspect => Scope::Nothing,
    }
}

/// The scope of an action that the actor may do.
///
/// # Errors
/// [`Error::Forbidden`] when they may do it to nobody.
pub fn allowed(actor: &Actor, action: Action) -> Result<Scope, Error> {
    match scope(actor, action) {
        Scope::Nothing => Err(Error::Forbidden),
        scope => Ok(scope),
    }
}

/// Checks that the actor may do one of these actions to anybody.
///
/// # Errors
/// [`Error::Forbidden`] when not.
pub fn check_any(actor: &Actor, actions: &[Action]) -> Result<(), Error> {
    let may = actions.iter().any(|&action| scope(actor, action) != Scope::Nothing);
    if may { Ok(()) } else { Err(Error::Forbidden) }
}

/// The action of entering somebody with this role.
#[must_use]
pub fn create_action(role: Role) -> Action {
    match role {
        Role::Admin => Action::CreateAdmin,
        Role::Manager => Action::CreateManager,
        Role::Customer => Action::CreateCustomer,
    }
}

/// The action of changing somebody with this role.
#[must_use]
pub fn update_action(role: Role) -> Action {
    match role {
        Role::Admin | Role::Manager => Action::UpdateStaff,
        Role::Customer => Action::UpdateCustomer,
    }
}

/// Whether the actor may set the field when they enter or change somebody with the role `subject`. That person must be
/// in the scope of the action, which is not judged here. To name a customer's manager is an action of its own.
#[must_use]
pub fn may_set(actor: &Actor, subject: Role, field: Field) -> bool {
    if field == Field::AssignedManager && scope(actor, Action::AssignCustomer) == Scope::Nothing {
        return false;
    }
    match actor.identity {
        Identity::System(_) | Identity::User { role: Role::Admin, .. } => true,
        Identity::User { role: Role::Manager, .. } => match subject {
            Role::Admin | Role::Manager => {
                matches!(field, Field::DisplayName | Field::Phone | Field::TrunkNumber | Field::VerificationMethod)
            }
            Role::Customer => matches!(field, Field::Phone | Field::DisplayName | Field::Metadata | Field::IsActive),
        },
        Identity::User { role: Role::Customer, .. } => field == Field::DisplayName,
        Identity::Anonymous => false,
    }
}

/// Whether somebody of this role has the field at all.
#[must_use]
pub fn field_exists(role: Role, field: Field) -> bool {
    match field {
        Field::Role | Field::IsActive | Field::DisplayName | Field::Phone => true,
        Field::Email | Field::TrunkNumber | Field::VerificationMethod => role != Role::Customer,
        Field::AssignedManager | Field::Metadata => role == Role::Customer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Origin;
    use crate::testing::{FixedClock, admin, api_key, manager, signed_in};

    /// The scope in the words of the documentation.
    fn described(scope: Scope) -> &'static str {
        match scope {
            Scope::All => "everyone",
            Scope::AllCustomers => "all customers",
            Scope::SelfAndAssigned(_) => "self and assigned customers",
            Scope::AssignedTo(_) => "assigned customers",
            Scope::Own(_) => "self",
            Scope::Nothing => "no",
        }
    }

    /// The policy as the two Markdown tables of the documentation.
    fn tables() -> String {
        let actors = Role::ALL.iter().map(|&role| {
            let identity = Identity::User { id: uuid::Uuid::nil().into(), role, credential: None };
            Actor { identity, origin: Origin::default() }
        });
        let actors: Vec<Actor> = actors.collect();
        let mut lines = head("action", "", &["scope of a key"]);
        lines.extend(Action::ALL.iter().map(|&action| {
            let cells: Vec<_> = actors.iter().map(|actor| described(scope(actor, action))).collect();
            let key = if action.is_for_keys() { format!("`{}`", action.name()) } else { "never".to_owned() };
            format!("| {action} | {} | {key} |", cells.join(" | "))
        }));
        lines.push(String::new());
        lines.extend(head("field", "set by ", &[]));
        lines.extend(Field::ALL.iter().map(|&field| {
            let cells: Vec<_> = actors.iter().map(|actor| settable_on(actor, field)).collect();
            format!("| `{field}` | {} |", cells.join(" | "))
        }));
        lines.join("\n") + "\n"
    }

    fn head(first: &str, prefix: &str, last: &[&str]) -> Vec<String> {
        let mut columns = vec![first.to_owned()];
        columns.extend(Role::ALL.iter().map(|role| format!("{prefix}{role}")));
        columns.extend(last.iter().map(|&column| column.to_owned()));
        vec![format!("| {} |", columns.join(" | ")), format!("|{}", "---|".repeat(columns.len()))]
    }

    fn settable_on(actor: &Actor, field: Field) -> &'static str {
        let on_staff = may_set(actor, Role::Manager, field)
            && scope(actor, Action::UpdateStaff) != Scope::Nothing
            && field_exists(Role::Manager, field);
        let on_customer = may_set(actor, Role::Customer, field) && field_exists(Role::Customer, field);
        match (on_staff, on_customer) {
            (true, true) => "on staff and customers",
            (true, false) => "on staff",
            (false, true) => "on customers",
            (false, false) => "no",
        }
    }

    #[test]
    fn the_documentation_shows_this_policy() {
        let document = include_str!("../../../docs/access.md");
        assert!(document.contains(&tables()), "docs/access.md should hold:\n\n{}", tables());
    }

    #[test]
    fn nobody_unknown_may_do_anything() {
        let stranger = Actor::anonymous(Origin::default());
        for &action in Action::ALL {
            assert_eq!(scope(&stranger, action), Scope::Nothing, "{action}");
        }
    }

    #[test]
    fn a_key_does_what_it_is_made_for_as_its_owner() {
        let clock = FixedClock::default();
        for owner in [admin(&clock, "root@example.com"), manager(&clock, "ann@example.com")] {
            let person = signed_in(&owner);
            for &made_for in Action::ALL {
                let mut key = api_key(&clock, &owner);
                key.scopes = [made_for].into_iter().collect();
                let actor = Actor::by_key(&owner, &key, Origin::default());
                for &action in Action::ALL {
                    let is_narrowed = action != made_for || !made_for.is_for_keys();
                    let expected = if is_narrowed { Scope::Nothing } else { scope(&person, action) };
                    assert_eq!(scope(&actor, action), expected, "{action} with a key to {made_for}");
                    assert_eq!(personal_scope(&actor, action), scope(&person, action));
                }
                for &field in Field::ALL {
                    let is_assigning = field == Field::AssignedManager && made_for != Action::AssignCustomer;
                    let expected = may_set(&person, Role::Customer, field) && !is_assigning;
                    assert_eq!(may_set(&actor, Role::Customer, field), expected, "{field} with a key to {made_for}");
                }
            }
        }
    }
}
