//! The settings of authentication.

use chrono::TimeDelta;
use domain::Role;
use serde::{Deserialize, Serialize};

use crate::password::PasswordPolicy;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who may sign up.
    pub signup: SignupPolicy,
    /// Whether staff need a code beside their password.
    pub second_factor: SecondFactor,
    /// What a new password must be.
    pub passwords: PasswordPolicy,
    /// How long a session lasts after it was last renewed.
    pub refresh_ttl: TimeDelta,
    /// How long a session of staff lasts, however often it is renewed.
    pub session_max_ttl_staff: TimeDelta,
    /// The same of customers.
    pub session_max_ttl_customers: TimeDelta,
    /// Whether callers are remembered for a moment.
    pub identity_cache: bool,
    /// Whether guesses of passwords, sign-ups and codes are limited.
    pub limits: bool,
    pub codes_per_address: u32,
    /// How many staff may sign up from one address in an hour.
    pub signups_per_address: u32,
    /// How many staff may sign up from all addresses in an hour.
    pub signups_per_hour: u32,
}

impl Settings {
    pub(crate) fn session_max_ttl(&self, role: Role) -> TimeDelta {
        match role {
            Role::Admin | Role::Manager => self.session_max_ttl_staff,
            Role::Customer => self.session_max_ttl_customers,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            signup: SignupPolicy::default(),
            second_factor: SecondFactor::Off,
            passwords: PasswordPolicy::default(),
            refresh_ttl: TimeDelta::days(30),
            session_max_ttl_staff: TimeDelta::days(30),
            session_max_ttl_customers: TimeDelta::days(90),
            identity_cache: true,
            limits: true,
            codes_per_address: 500,
            signups_per_address: 100,
            signups_per_hour: 1000,
        }
    }
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignupPolicy {
    pub staff: StaffSignup,
    /// Whether staff prove their e-mail by a code first.
    pub verify_staff: bool,
    pub customers: CustomerSignup,
}

/// What becomes of staff who sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StaffSignup {
    /// An admin lets them in.
    #[default]
    Approval,
    /// They are signed in at once.
    Open,
    /// Nobody signs up.
    Closed,
}

/// What becomes of customers who sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CustomerSignup {
    /// They are signed in by a code to their phone.
    #[default]
    Open,
    /// Nobody signs up.
    Closed,
}

/// Whether staff need a code beside their password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactor {
    /// The password is enough.
    #[default]
    Off,
    /// A code goes over the person's verification method.
    Required,
}
