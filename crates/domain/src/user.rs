//! A person the company keeps: who they are and what their role adds.

use std::fmt;

use crate::clock::Timestamp;
use crate::id::UserId;
use crate::names::named;
use crate::value::{DisplayName, Email, Metadata, Phone, TrunkNumber, ValueError};

/// A person with the profile that their role asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The id, which never changes.
    pub id: UserId,
    /// What the role adds; the role is derived from it.
    pub profile: Profile,
    /// What the person is called, if that is known.
    pub display_name: Option<DisplayName>,
    /// Whether the person may sign in and be assigned to.
    pub is_active: bool,
    /// When a code first proved a contact of theirs, since their contacts last changed.
    pub verified_at: Option<Timestamp>,
    /// When the person was entered.
    pub created_at: Timestamp,
    /// When the person or their profile last changed.
    pub updated_at: Timestamp,
    /// Counts the changes, from 1. The `ETag` is made of it.
    pub version: i64,
}

impl User {
    /// The role, which follows from the profile.
    #[must_use]
    pub fn role(&self) -> Role {
        match self.profile {
            Profile::Admin(_) => Role::Admin,
            Profile::Manager(_) => Role::Manager,
            Profile::Customer(_) => Role::Customer,
        }
    }

    /// The staff profile, if this is staff.
    #[must_use]
    pub fn staff(&self) -> Option<&Staff> {
        match &self.profile {
            Profile::Admin(staff) | Profile::Manager(staff) => Some(staff),
            Profile::Customer(_) => None,
        }
    }

    /// The customer profile, if this is a customer.
    #[must_use]
    pub fn customer(&self) -> Option<&Customer> {
        match &self.profile {
            Profile::Customer(customer) => Some(customer),
            Profile::Admin(_) | Profile::Manager(_) => None,
        }
    }

    /// The phone number, which customers always have and staff may have.
    #[must_use]
    pub fn phone(&self) -> Option<&Phone> {
        match &self.profile {
            Profile::Admin(staff) | Profile::Manager(staff) => staff.phone.as_ref(),
            Profile::Customer(customer) => Some(&customer.phone),
        }
    }

    /// The contact that belongs to this person only: the e-mail of staff, the phone of a customer. The phone of staff
    /// is not unique and may be somebody else's.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.profile {
            Profile::Admin(staff) | Profile::Manager(staff) => staff.email.to_string(),
            Profile::Customer(customer) => customer.phone.to_string(),
        }
    }
}

/// What a role adds to a person. Exactly one profile exists for each person.
#[derive(Clone, Debug, PartialEq)]
pub enum Profile {
    /// Staff who may do everything.
    Admin(Staff),
    /// Staff who look after customers.
    Manager(Staff),
    /// Somebody the company looks after.
    Customer(Customer),
}

/// The profile of admins and managers, who sign in with e-mail and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// They sign in with it. It is unique.
    pub email: Email,
    /// Codes go there, if the verification method is one that needs a phone.
    pub phone: Option<Phone>,
    /// The company's own reference.
    pub tin_trunk_number: Option<TrunkNumber>,
    /// Over which channel codes go.
    pub verification_method: VerificationMethod,
}

impl Staff {
    /// Checks that there is a phone if the verification method needs one.
    pub fn check(&self) -> Result<(), ValueError> {
        if self.verification_method.needs_phone() && self.phone.is_none() {
            return Err(ValueError::new("required", "this verification method needs a phone"));
        }
        Ok(())
    }

    /// Where a code for this person goes.
    #[must_use]
    pub fn contact(&self) -> String {
        match (self.verification_method, &self.phone) {
            (VerificationMethod::Phone | VerificationMethod::Whatsapp, Some(phone)) => phone.to_string(),
            _ => self.email.to_string(),
        }
    }
}

named! {
    /// A field of a person, by its name in the contract.
    Field {
        /// `role`
        Role => "role",
        /// `is_active`
        IsActive => "is_active",
        /// `display_name`
        DisplayName => "display_name",
        /// `email`
        Email => "email",
        /// `phone`
        Phone => "phone",
        /// `tin_trunk_number`
        TrunkNumber => "tin_trunk_number",
        /// `verification_method`
        VerificationMethod => "verification_method",
        /// `assigned_manager_id`
        AssignedManager => "assigned_manager_id",
        /// `metadata`
        Metadata => "metadata",
    }
}

named! {
    /// What a person may do.
    Role {
        /// Does everything.
        Admin => "admin",
        /// Looks after the customers assigned to them.
        Manager => "manager",
        /// Is looked after.
        Customer => "customer",
    }
}

named! {
    /// The two roles of staff, between which a person may move.
    StaffRole {
        /// Does everything.
        Admin => "admin",
        /// Looks after the customers assigned to them.
        Manager => "manager",
    }
}

impl StaffRole {
    /// The profile of this role.
    #[must_use]
    pub fn profile(self, staff: Staff) -> Profile {
        match self {
            Self::Admin => Profile::Admin(staff),
            Self::Manager => Profile::Manager(staff),
        }
    }
}

named! {
    /// The channel over which a staff member gets one-time codes.
    VerificationMethod {
        /// A WhatsApp message to their phone.
        Whatsapp => "whatsapp",
        /// An e-mail.
        Email => "email",
        /// A text message to their phone.
        Phone => "phone",
    }
}

impl VerificationMethod {
    /// Whether codes go to a phone.
    #[must_use]
    pub fn needs_phone(self) -> bool {
        matches!(self, Self::Whatsapp | Self::Phone)
    }
}

/// A password as it is stored. It neither prints nor serializes.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a hash that the `auth` crate made or that comes from the database.
    #[must_use]
    pub fn from_stored(hash: String) -> Self {
        Self(hash)
    }

    /// The hash of no password. Nobody can sign in by password until one is set.
    #[must_use]
    pub fn unusable() -> Self {
        Self("!".to_owned())
    }

    /// The text to verify against or to store. Show it to nobody.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The profile of a customer, known by a phone number.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// They sign in with it. It is unique among customers.
    pub phone: Phone,
    /// Who entered the customer: staff, or the customer themselves.
    pub created_by: UserId,
    /// The manager who looks after the customer, if any does.
    pub assigned_manager_id: Option<UserId>,
    /// What else the company keeps about the customer.
    pub metadata: Metadata,
}
