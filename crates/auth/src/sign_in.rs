//! Signs people in.
//!
//! Staff by password:
//!
//! ```mermaid
//! sequenceDiagram
//!     participant C as api::auth::<br>signin
//!     participant S as SignIn::<br>by_password
//!     participant G as Guesses
//!     participant H as SignInAdmission,<br>PasswordHasher
//!     participant D as store
//!     C->>S: actor, email, password
//!     S->>G: wait_for_turn: few guesses at once for<br>one account from one network
//!     S->>H: enter_until: a place in the queue for hashes,<br>else Overloaded (503)
//!     Note over S,D: from here on it runs detached: it goes on when the client hangs up
//!     S->>D: find_credentials(email)
//!     S->>G: begin_sign_in: counts the guess, else TooMany (429)
//!     S->>H: verify: without such an account,<br>against a hash of the same cost
//!     S->>G: settle: a right guess is taken back
//!     alt wrong password, or no such account
//!         S->>D: event signin.failed
//!         S-->>C: InvalidCredentials (401)
//!     else inactive
//!         S->>D: event signin.failed
//!         S-->>C: AccountInactive (403)
//!     else a second factor is required
//!         S->>D: a challenge and its message, one transaction
//!         S->>D: find_credentials: still the same password?
//!         S-->>C: CodeSent (202): Codes has the second step
//!     else the password is right
//!         S->>D: start_session: refused when the person<br>was deactivated or erased meanwhile
//!         S->>D: find_credentials: still the same password?<br>else end_session
//!         S-->>C: SignedIn (200): access token, refresh token, user
//!     end
//! ```
//!
//! Customers by phone: [`SignIn::by_phone`] opens a challenge and answers [`CodeSent`], the same for a number that
//! nobody has. [`Codes`](crate::Codes) signs them in when the code comes back.

use std::sync::Arc;

use domain::audit::EventKind;
use domain::challenge::Purpose;
use domain::store::{Credentials, Outcome, PasswordStore, SessionStore, UserStore, WriteError};
use domain::{Actor, Authority, Email, PasswordHash, Phone, Scope, User, VerificationMethod};
use tokio::time::Instant;

use crate::answer::{Answer, CodeSent, SignedIn};
use crate::detached;
use crate::error::AuthError;
use crate::hasher::{HashPermit, PATIENCE, Then};
use crate::one_time_code::Draft;
use crate::password::Password;
use crate::settings::SecondFactor;
use crate::wiring::{AuthStore, Shared};

/// Sign-in by password, and the first step of sign-in by phone. [`Codes`](crate::Codes) has the second.
#[derive(Clone)]
pub struct SignIn {
    shared: Shared,
    users: Arc<dyn UserStore>,
    passwords: Arc<dyn PasswordStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
}

/// Somebody who knew the password, and the hash that is stored of it.
struct Proven {
    user: User,
    hash: PasswordHash,
    permit: HashPermit,
}

impl SignIn {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, shared: &Shared) -> Self {
        Self { shared: shared.clone(), users: store.clone(), passwords: store.clone(), sessions: store.clone() }
    }

    /// Signs staff in, or asks for their second factor. An unknown e-mail and a wrong password get the same answer in
    /// the same time.
    pub async fn by_password(&self, actor: &Actor, email: &Email, password: &Password) -> Result<Answer, AuthError> {
        let proven = self.check_password(actor, email, password).await?;
        if !proven.user.is_active {
            self.shared.guesses.record_failure(actor, Some(&proven.user)).await?;
            return Err(AuthError::AccountInactive);
        }
        match self.shared.env.settings.second_factor {
            SecondFactor::Required => self.send_second_factor(actor, proven, password).await.map(Answer::CodeSent),
            SecondFactor::Off => self.start(actor, proven, password).await.map(Answer::from),
        }
    }

    /// Sends a code to a customer's phone. Numbers that nobody has, staff's included, get the same answer and the same
    /// work.
    pub async fn by_phone(&self, actor: &Actor, phone: &Phone) -> Result<CodeSent, AuthError> {
        let customer = self.users.find_customer_by_phone(phone).await?;
        let draft = Draft {
            user_id: customer.as_ref().map(|user| user.id),
            has_account: customer.is_some(),
            contact: customer.map(|_| phone.to_string()),
            ..Draft::new(Purpose::CustomerSignIn, VerificationMethod::Phone, phone.as_str())
        };
        self.shared.challenges.send_code(actor, draft).await
    }

    /// The owner of this password. It takes the work of one check in any case. The check is counted and its outcome
    /// noted even when the client hangs up. When too many requests wait, nothing is done at all.
    async fn check_password(&self, actor: &Actor, email: &Email, password: &Password) -> Result<Proven, AuthError> {
        let until = Instant::now() + PATIENCE;
        let pass = self.shared.guesses.wait_for_turn(actor, email, until).await?;
        let permit = self.shared.admission.enter_until(actor, until).await?;
        let (this, actor, email, password) = (self.clone(), actor.clone(), email.clone(), password.clone());
        detached::run(async move {
            let checked = this.check(&actor, &email, &password, permit).await;
            drop(pass);
            checked
        })
        .await
    }

    async fn check(
        &self,
        actor: &Actor,
        email: &Email,
        password: &Password,
        mut permit: HashPermit,
    ) -> Result<Proven, AuthError> {
        let found = self.passwords.find_credentials(email).await?;
        let guess = self.shared.guesses.begin_sign_in(actor, email, found.as_ref(), permit.until()).await?;
        let hash = found.as_ref().map(|found| &found.password_hash);
        let verdict = self.shared.env.hasher.verify(&mut permit, password, hash, Then::Renew).await;
        let verdict = self.shared.guesses.settle(guess, verdict).await?;
        match found {
            Some(found) if verdict.matches => {
                let hash = match verdict.new {
                    Some(new) => self.renew_hash(&found, new).await,
                    None => found.password_hash,
                };
                Ok(Proven { user: found.user, hash, permit })
            }
            found => {
                self.shared.guesses.record_failure(actor, found.map(|found| found.user).as_ref()).await?;
                Err(AuthError::InvalidCredentials)
            }
        }
    }

    /// Replaces a hash of a lower cost. If that fails now, the next sign-in does it.
    async fn renew_hash(&self, found: &Credentials, new: PasswordHash) -> PasswordHash {
        match self.passwords.renew_password_hash(found.user.id, &found.password_hash, &new).await {
            Ok(()) => new,
            Err(error) => {
                tracing::warn!(error = %domain::ErrorChain(&error), "a password hash was not renewed");
                found.password_hash.clone()
            }
        }
    }

    async fn send_second_factor(
        &self,
        actor: &Actor,
        mut proven: Proven,
        password: &Password,
    ) -> Result<CodeSent, AuthError> {
        let user = &proven.user;
        let staff = user.staff().ok_or(AuthError::InvalidCredentials)?;
        let draft = Draft {
            // The limit is not shared with forgotten passwords, for which a stranger can ask.
            target: Some(format!("{} with password", staff.email)),
            ..Draft::to_staff(Purpose::SecondFactor, user.id, staff)
        };
        let challenge = self.shared.challenges.open(actor, draft).await?.challenge;
        let checked = self.check_again(&mut proven, password).await;
        if checked.is_err() {
            // An empty outcome closes the challenge.
            let _ = self.shared.challenges.redeem(&challenge, &Outcome::default()).await;
        }
        checked.map(|()| self.shared.challenges.code_sent(&challenge))
    }

    async fn start(&self, actor: &Actor, mut proven: Proven, password: &Password) -> Result<SignedIn, AuthError> {
        let user = &proven.user;
        let (session, token) = self.shared.issuer.draft(user, &actor.origin)?;
        match self.sessions.start_session(&session, &self.shared.issuer.started(user, &actor.origin)).await {
            // They were deactivated or erased while the password was checked.
            Err(WriteError::Stale) => return Err(self.refuse_proven(actor, &proven).await?),
            started => started?,
        }
        let checked = self.check_again(&mut proven, password).await;
        if checked.is_err() {
            let event = self.shared.env.event(actor, EventKind::SessionEnded, Some(session.user_id));
            let by = &Authority::Unconditional;
            self.sessions.end_session(by, session.user_id, session.id, &event).await?;
        }
        checked?;
        self.shared.issuer.sign_in(proven.user, &session, &token).await
    }

    /// Why somebody who knew the password is not signed in.
    async fn refuse_proven(&self, actor: &Actor, proven: &Proven) -> Result<AuthError, AuthError> {
        let user = self.users.find_user(Scope::All, proven.user.id).await?;
        self.shared.guesses.record_failure(actor, user.as_ref()).await?;
        Ok(if user.is_some() { AuthError::AccountInactive } else { AuthError::InvalidCredentials })
    }

    /// Checks that the password was not changed while it was checked. Such a change ends the sessions and closes the
    /// challenges that exist then. It would miss those that this sign-in begins afterwards.
    async fn check_again(&self, proven: &mut Proven, password: &Password) -> Result<(), AuthError> {
        let staff = proven.user.staff().ok_or(AuthError::InvalidCredentials)?;
        let now = self.passwords.find_credentials(&staff.email).await?;
        let now = now.filter(|now| now.user.id == proven.user.id).ok_or(AuthError::InvalidCredentials)?;
        proven.user = now.user;
        if now.password_hash == proven.hash {
            return Ok(());
        }
        // Another sign-in renewed the hash of the same password, or the password was changed.
        let stored = Some(&now.password_hash);
        let verdict = self.shared.env.hasher.verify(&mut proven.permit, password, stored, Then::Nothing).await?;
        if verdict.matches { Ok(()) } else { Err(AuthError::InvalidCredentials) }
    }
}
