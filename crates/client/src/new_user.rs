//! People to be entered.

use secrecy::SecretString;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::JsonObject;
use crate::names::Channel;
use crate::user::Role;

/// A person to be entered.
pub trait NewUser: Serialize + sealed::NewUser {}

mod sealed {
    pub trait NewUser {}
}

impl NewUser for NewStaff {}
impl NewUser for NewCustomer {}
impl sealed::NewUser for NewStaff {}
impl sealed::NewUser for NewCustomer {}

/// The roles of staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Staff who may do everything.
    Admin,
    /// Staff who look after customers.
    Manager,
}

/// A staff member to be entered.
///
/// ```
/// use clientele_client::{NewStaff, StaffRole};
///
/// let mia = NewStaff::new(StaffRole::Manager, "mia@example.com")
///     .display_name("Mia")
///     .password("staple battery horse".into());
/// assert!(!format!("{mia:?}").contains("staple"));
/// ```
#[derive(Clone, Debug, Serialize)]
#[must_use]
pub struct NewStaff {
    role: StaffRole,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    password: Option<SecretString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tin_trunk_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_method: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
}

impl NewStaff {
    /// A staff member, who is invited unless there is a password: a code with which they set one goes to them.
    pub fn new(role: StaffRole, email: impl Into<String>) -> Self {
        Self {
            role,
            email: email.into(),
            password: None,
            display_name: None,
            phone: None,
            tin_trunk_number: None,
            verification_method: None,
            is_active: None,
        }
    }

    /// The password with which they sign in.
    pub fn password(self, password: SecretString) -> Self {
        Self { password: Some(password), ..self }
    }

    /// What they are called.
    pub fn display_name(self, name: impl Into<String>) -> Self {
        Self { display_name: Some(name.into()), ..self }
    }

    /// Their phone in international form. Channels other than e-mail need it.
    pub fn phone(self, phone: impl Into<String>) -> Self {
        Self { phone: Some(phone.into()), ..self }
    }

    /// The company's own reference.
    pub fn tin_trunk_number(self, number: impl Into<String>) -> Self {
        Self { tin_trunk_number: Some(number.into()), ..self }
    }

    /// Over which channel they get codes: e-mail unless said otherwise.
    pub fn verification_method(self, channel: Channel) -> Self {
        Self { verification_method: Some(channel), ..self }
    }

    /// They may not sign in until they are activated.
    pub fn inactive(self) -> Self {
        Self { is_active: Some(false), ..self }
    }
}

/// A customer to be entered. A manager who enters a customer looks after them.
///
/// ```
/// use clientele_client::NewCustomer;
///
/// let mut metadata = clientele_client::JsonObject::new();
/// metadata.insert("tier".into(), "gold".into());
/// let bob = NewCustomer::new("+998 90 123-45-67").display_name("Bob").metadata(metadata);
/// # let _ = bob;
/// ```
#[derive(Clone, Debug, Serialize)]
#[must_use]
pub struct NewCustomer {
    role: Role,
    phone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<JsonObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_manager_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
}

impl NewCustomer {
    /// A customer with this phone, in international form.
    pub fn new(phone: impl Into<String>) -> Self {
        Self {
            role: Role::Customer,
            phone: phone.into(),
            display_name: None,
            metadata: None,
            assigned_manager_id: None,
            is_active: None,
        }
    }

    /// What they are called.
    pub fn display_name(self, name: impl Into<String>) -> Self {
        Self { display_name: Some(name.into()), ..self }
    }

    /// What else to keep: at most 16 KiB and 8 levels.
    pub fn metadata(self, metadata: JsonObject) -> Self {
        Self { metadata: Some(metadata), ..self }
    }

    /// Who looks after them: an active manager. For admins.
    pub fn assigned_manager(self, manager: Uuid) -> Self {
        Self { assigned_manager_id: Some(manager), ..self }
    }

    /// They may not sign in until they are activated.
    pub fn inactive(self) -> Self {
        Self { is_active: Some(false), ..self }
    }
}

/// A secret on its way to the service.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(crate) fn exposed<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret;
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}
