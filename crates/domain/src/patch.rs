//! Changes of a person: a merge patch (RFC 7396) whose fields have been read.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::id::UserId;
use crate::user::{Customer, Field, Profile, Role, Staff, User, VerificationMethod};
use crate::value::{DisplayName, Email, Metadata, Phone, TrunkNumber, ValueError};

/// What to change. A field that is `None` stays as it is. `Some(None)` empties a field that may be empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPatch {
    /// Between admin and manager.
    pub role: Option<Role>,
    /// Whether they may sign in.
    pub is_active: Option<bool>,
    /// What they are called.
    pub display_name: Option<Option<DisplayName>>,
    /// Of staff.
    pub email: Option<Email>,
    /// Customers always have one.
    pub phone: Option<Option<Phone>>,
    /// Of staff.
    pub tin_trunk_number: Option<Option<TrunkNumber>>,
    /// Of staff.
    pub verification_method: Option<VerificationMethod>,
    /// Of customers.
    pub assigned_manager_id: Option<Option<UserId>>,
    /// Of customers: a merge patch of its own.
    pub metadata: Option<Map<String, Value>>,
}

impl UserPatch {
    /// The fields that it names.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let named = |&field: &Field| match field {
            Field::Role => self.role.is_some(),
            Field::IsActive => self.is_active.is_some(),
            Field::DisplayName => self.display_name.is_some(),
            Field::Email => self.email.is_some(),
            Field::Phone => self.phone.is_some(),
            Field::TrunkNumber => self.tin_trunk_number.is_some(),
            Field::VerificationMethod => self.verification_method.is_some(),
            Field::AssignedManager => self.assigned_manager_id.is_some(),
            Field::Metadata => self.metadata.is_some(),
        };
        Field::ALL.iter().copied().filter(named).collect()
    }

    /// The person after the change. A changed contact is no longer proven. This does not judge who may make the change.
    ///
    /// # Errors
    /// [`Error::RoleChangeNotAllowed`] between customers and staff; [`Error::Invalid`] for fields that contradict one
    /// another.
    pub fn applied_to(&self, user: &User) -> Result<User, Error> {
        let mut after = user.clone();
        after.profile = match &user.profile {
            Profile::Customer(customer) => Profile::Customer(self.customer(customer)?),
            Profile::Admin(staff) | Profile::Manager(staff) => self.staff(user.role(), staff)?,
        };
        after.is_active = self.is_active.unwrap_or(user.is_active);
        after.display_name = self.display_name.clone().unwrap_or_else(|| user.display_name.clone());
        if has_other_contact(user, &after) {
            after.verified_at = None;
        }
        Ok(after)
    }

    fn customer(&self, customer: &Customer) -> Result<Customer, Error> {
        if self.role.is_some_and(|role| role != Role::Customer) {
            return Err(Error::RoleChangeNotAllowed);
        }
        let needed = || Error::Invalid(Field::Phone, ValueError::new("required", "a customer has a phone"));
        let metadata = self.metadata.as_ref().map(|patch| customer.metadata.merged(patch)).transpose();
        Ok(Customer {
            phone: self.phone.clone().unwrap_or_else(|| Some(customer.phone.clone())).ok_or_else(needed)?,
            created_by: customer.created_by,
            assigned_manager_id: self.assigned_manager_id.unwrap_or(customer.assigned_manager_id),
            metadata: metadata
                .map_err(|error| Error::Invalid(Field::Metadata, error))?
                .unwrap_or_else(|| customer.metadata.clone()),
        })
    }

    fn staff(&self, role: Role, staff: &Staff) -> Result<Profile, Error> {
        let staff = Staff {
            email: self.email.clone().unwrap_or_else(|| staff.email.clone()),
            phone: self.phone.clone().unwrap_or_else(|| staff.phone.clone()),
            tin_trunk_number: self.tin_trunk_number.clone().unwrap_or_else(|| staff.tin_trunk_number.clone()),
            verification_method: self.verification_method.unwrap_or(staff.verification_method),
        };
        match self.role.unwrap_or(role) {
            Role::Customer => Err(Error::RoleChangeNotAllowed),
            role => {
                staff.check().map_err(|error| Error::Invalid(Field::Phone, error))?;
                Ok(if role == Role::Admin { Profile::Admin(staff) } else { Profile::Manager(staff) })
            }
        }
    }
}

/// Whether a contact of the person has changed.
pub(crate) fn has_other_contact(before: &User, after: &User) -> bool {
    let email = |user: &User| user.staff().map(|staff| staff.email.clone());
    before.phone() != after.phone() || email(before) != email(after)
}

impl Metadata {
    /// The object after a merge patch (RFC 7396). A member that is `null` in the patch is removed, objects are merged,
    /// and any other value replaces the old one.
    ///
    /// # Errors
    /// Those of [`Metadata::parse`] for the result.
    pub fn merged(&self, patch: &Map<String, Value>) -> Result<Self, ValueError> {
        let mut object = self.as_object().clone();
        merge(&mut object, patch);
        Self::parse(object)
    }
}

fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => drop(target.remove(name)),
            Value::Object(patch) => {
                let member = target.entry(name.clone()).or_insert(Value::Null);
                if !member.is_object() {
                    *member = Value::Object(Map::new());
                }
                if let Value::Object(member) = member {
                    merge(member, patch);
                }
            }
            value => drop(target.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
