//! A change of a person.

use serde::Serialize;
use uuid::Uuid;

use crate::JsonObject;
use crate::names::Channel;
use crate::new_user::StaffRole;

/// What is to change about a person (a merge patch, RFC 7396). What is not named stays.
///
/// Staff and customers have different fields, and the caller's role decides which of them they may set
/// ([`Client::permissions`](crate::Client::permissions) tells). The service refuses the others by name.
///
/// ```
/// use clientele_client::UserPatch;
///
/// let renamed = UserPatch::new().display_name(Some("Robert"));
/// let nameless = UserPatch::new().display_name(None);
/// assert_eq!(serde_json::to_string(&renamed)?, r#"{"display_name":"Robert"}"#);
/// assert_eq!(serde_json::to_string(&nameless)?, r#"{"display_name":null}"#);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[must_use]
pub struct UserPatch(JsonObject);

impl UserPatch {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What they are called; `None` forgets it.
    pub fn display_name(self, name: Option<&str>) -> Self {
        self.with("display_name", name)
    }

    /// Whether they may sign in; `false` ends their sessions.
    pub fn is_active(self, is_active: bool) -> Self {
        self.with("is_active", is_active)
    }

    /// Their phone; of staff, `None` forgets it. It is not yet proven. A customer's sessions end.
    pub fn phone(self, phone: Option<&str>) -> Self {
        self.with("phone", phone)
    }

    /// Of staff: with what they sign in. It is not yet proven, and their sessions end.
    pub fn email(self, email: &str) -> Self {
        self.with("email", email)
    }

    /// Of staff: the company's own reference; `None` forgets it.
    pub fn tin_trunk_number(self, number: Option<&str>) -> Self {
        self.with("tin_trunk_number", number)
    }

    /// Of staff: over which channel they get codes.
    pub fn verification_method(self, channel: &Channel) -> Self {
        self.with("verification_method", channel.as_str())
    }

    /// Of staff: their role, for admins. Their sessions end.
    pub fn role(self, role: StaffRole) -> Self {
        self.with(
            "role",
            match role {
                StaffRole::Admin => "admin",
                StaffRole::Manager => "manager",
            },
        )
    }

    /// Of customers: who looks after them, for admins; `None` is nobody.
    pub fn assigned_manager(self, manager: Option<Uuid>) -> Self {
        self.with("assigned_manager_id", manager.map(|id| id.to_string()))
    }

    /// Of customers: merged into what is there. A `null` member deletes its key.
    pub fn metadata(self, metadata: JsonObject) -> Self {
        self.with("metadata", metadata)
    }

    fn with(mut self, field: &str, value: impl Into<serde_json::Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}
