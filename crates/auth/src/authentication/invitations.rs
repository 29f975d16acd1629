//! How people who were entered without a password get in.

use domain::challenge::Purpose;
use domain::{Actor, Error, User, policy};

use super::{Authentication, CodeSent};
use crate::challenge::Draft;
use crate::error::AuthError;

impl Authentication {
    /// Sends a staff member, entered without a password, the code with which
    /// they set their first one. It is good for 72 hours; after that, a
    /// forgotten password is the way in.
    ///
    /// # Errors
    /// `Forbidden` for a caller who may not enter such people, and for customers, who need no password.
    pub async fn invite(&self, actor: &Actor, user: &User) -> Result<CodeSent, AuthError> {
        let may = policy::scope(actor, policy::create_action(user.role())).contains(user);
        let staff = user.staff().filter(|_| may).ok_or(AuthError::Domain(Error::Forbidden))?;
        let draft = Draft {
            purpose: Purpose::Invitation,
            subject: staff.email.to_string(),
            user_id: Some(user.id),
            channel: staff.verification_method,
            contact: Some(staff.contact()),
            pending: None,
        };
        Ok(self.code_sent(&self.open(draft).await?.challenge))
    }
}
