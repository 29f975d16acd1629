//! The use-cases of authentication. The caller is the first argument of each.

mod admins;
mod code_limits;
mod codes;
mod finish;
mod first_admin;
mod guesses;
mod invitations;
mod passwords;
mod proof;
mod renewal;
mod sessions;
mod sign_in;
mod sign_up;
mod turnstile;
mod verify;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::AccountPorts;
use domain::audit::{Event, EventKind};
use domain::limit::{Attempt, Limit};
use domain::once::Once;
use domain::session::Session;
use domain::store::{AttemptStore, ChallengeStore, PasswordStore, SessionStore, SetupStore, SignUpStore};
use domain::{Actor, Authority, ChallengeId, Clock, Email, Origin, Role, SessionId, User, UserId, VerificationMethod};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

pub use admins::AdminMade;
pub use first_admin::FirstAdmin;
pub use sign_up::StaffSignUp;
use turnstile::Turnstile;

use crate::error::{AuthError, Refusal};
use crate::hasher::{HasherStats, PasswordHasher, Place};
use crate::key_material::ServerSecrets;
use crate::keys::KeyRing;
use crate::password::{Password, PasswordPolicy};
use crate::refresh::RefreshToken;
use crate::token::AccessTokens;

/// The use-cases of authentication. Clones share everything.
#[derive(Clone)]
pub struct Authentication {
    inner: Arc<Parts>,
    turnstile: Arc<Turnstile>,
}

/// What [`Authentication`] is made of.
pub struct Parts {
    /// Where people, sessions and challenges are kept.
    pub stores: Stores,
    /// Time and identifiers.
    pub clock: Arc<dyn Clock>,
    /// The keys of codes and refresh tokens.
    pub keys: Arc<KeyRing>,
    /// Issues and checks access tokens.
    pub tokens: AccessTokens,
    /// Hashes and checks passwords.
    pub hasher: PasswordHasher,
    /// Notified when a message was written, so that the outbox of this process looks at once.
    pub outbox_signal: Arc<Notify>,
    /// What the operator chose.
    pub settings: Settings,
}

/// The ports on people that authentication uses.
pub trait PeoplePorts: AccountPorts + SetupStore + SignUpStore {}

impl<S: AccountPorts + SetupStore + SignUpStore> PeoplePorts for S {}

/// The ports that authentication uses.
#[derive(Clone)]
pub struct Stores {
    /// People.
    pub accounts: Arc<dyn PeoplePorts>,
    /// Sign-ins.
    pub sessions: Arc<dyn SessionStore>,
    /// Passwords of staff.
    pub passwords: Arc<dyn PasswordStore>,
    /// One-time codes.
    pub challenges: Arc<dyn ChallengeStore>,
    /// Counters of what must not be tried too often.
    pub attempts: Arc<dyn AttemptStore>,
}

impl Stores {
    /// One store behind every port.
    #[must_use]
    pub fn of<S: PeoplePorts + SessionStore + PasswordStore + ChallengeStore + AttemptStore + 'static>(
        store: Arc<S>,
    ) -> Self {
        Self {
            accounts: Arc::clone(&store) as _,
            sessions: Arc::clone(&store) as _,
            passwords: Arc::clone(&store) as _,
            challenges: Arc::clone(&store) as _,
            attempts: store,
        }
    }
}

/// What the operator chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who may sign up.
    pub signup: SignupPolicy,
    /// Whether staff need a code beside their password.
    pub second_factor: SecondFactor,
    /// What a new password must be.
    pub passwords: PasswordPolicy,
    /// How long a session lasts after its last renewal.
    pub refresh_ttl: TimeDelta,
    /// How long a session of staff lasts, however often it is renewed.
    pub session_max_ttl_staff: TimeDelta,
    /// The same of customers.
    pub session_max_ttl_customers: TimeDelta,
    /// Whether guesses of passwords, and codes to one contact or for one address, are limited.
    pub limits: bool,
    /// Codes that may be asked for from one address in an hour.
    pub codes_per_address: u32,
    /// Staff who may sign up from one address in an hour.
    pub signups_per_address: u32,
    /// And from all addresses.
    pub signups_per_hour: u32,
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
    /// Staff.
    pub staff: StaffSignup,
    /// Whether staff prove their e-mail by a code first.
    pub verify_staff: bool,
    /// Customers.
    pub customers: CustomerSignup,
}

/// What becomes of staff who sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StaffSignup {
    /// An admin lets them in.
    #[default]
    Approval,
    /// They are in.
    Open,
    /// Nobody signs up.
    Closed,
}

/// What becomes of customers who sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CustomerSignup {
    /// They are in, by a code to their phone.
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

/// What a sign-up, a sign-in or a verification comes to.
#[derive(Debug)]
pub enum Answer {
    /// In.
    SignedIn(Box<SignedIn>),
    /// A code is on its way, if there is somebody to get it.
    CodeSent(CodeSent),
    /// An admin has to let them in.
    ApprovalRequired,
}

impl Answer {
    fn signed_in(signed_in: SignedIn) -> Self {
        Self::SignedIn(Box::new(signed_in))
    }
}

/// The tokens of a session, and whose it is.
#[derive(Debug)]
pub struct SignedIn {
    /// Goes with every request.
    pub access_token: SecretString,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
    /// Good once, for the next pair.
    pub refresh_token: SecretString,
    /// Seconds that the refresh token is good for.
    pub refresh_expires_in: i64,
    /// Whose they are.
    pub user: User,
}

/// A challenge that waits for its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSent {
    /// To be given back with the code.
    pub challenge_id: ChallengeId,
    /// Over which channel it goes, as far as the asker may know.
    pub channel: VerificationMethod,
    /// Seconds that the code is good for.
    pub expires_in: i64,
}

/// Somebody who is signed in, as the database has them now.
#[derive(Clone, Debug)]
pub struct Caller {
    /// As the first argument of use-cases.
    pub actor: Actor,
    /// Who.
    pub user: User,
    /// By which session.
    pub session_id: SessionId,
}

impl Authentication {
    /// Use-cases over their parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { inner: Arc::new(parts), turnstile: Arc::default() }
    }

    /// Who calls with this access token. The session, the role and whether the
    /// person is active are the database's word, at every request.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] for any token that is not of a living
    /// session; [`AuthError::Store`] when the database can't say.
    pub async fn authenticate(&self, bearer: &str, origin: Origin) -> Result<Caller, AuthError> {
        let claims = self.inner.tokens.verify(bearer).await?;
        let user = self.inner.stores.sessions.find_caller(claims.sid, self.now()).await?;
        let user = user
            .filter(|user| user.is_active && user.id == claims.sub && user.role() == claims.role)
            .ok_or(AuthError::InvalidToken)?;
        let actor = Actor::signed_in(&user, claims.sid, origin);
        Ok(Caller { actor, user, session_id: claims.sid })
    }

    /// What the operator chose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The public keys of the access tokens, as [`KeyRing::jwks`] has them.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.inner.keys.jwks()
    }

    /// How busy the password threads are, for metrics.
    #[must_use]
    pub fn hasher_stats(&self) -> HasherStats {
        self.inner.hasher.stats()
    }

    /// Checks and hashes a password that somebody is to have, for
    /// `Accounts::create`. `field` names it in a refusal.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for a weak one, [`AuthError::Overloaded`].
    pub async fn hash_new_password(
        &self,
        actor: &Actor,
        field: &'static str,
        password: &Password,
        account_email: Option<&Email>,
    ) -> Result<domain::PasswordHash, AuthError> {
        let checked = self.inner.settings.passwords.check(password, account_email);
        checked.map_err(|error| Refusal::new(field, error))?;
        self.inner.hasher.hash(&mut self.enter_hasher(actor).await?, password).await
    }

    /// A place in the queue for hashes, of the share that the actor's network has.
    async fn enter_hasher(&self, actor: &Actor) -> Result<Place, AuthError> {
        let place = self.inner.hasher.enter(actor.origin.address)?;
        self.admit(actor, place).await
    }

    /// A request under the key that its caller gave it. Only hashes of both are
    /// kept: a request may hold a password, which a fast hash would betray, so
    /// the key, which nobody keeps, goes into it too.
    #[must_use]
    pub fn once(&self, caller: UserId, key: &str, request: &[u8]) -> Once {
        let mac = |parts: &[&[u8]]| self.secrets().requests.mac(parts);
        let key = key.as_bytes();
        Once { caller, key: mac(&[b"key", key]), request: mac(&[b"request", key, request]) }
    }

    /// Whether the caller still is who they were when the request began, before work is spent on it.
    async fn check_authority(&self, actor: &Actor) -> Result<(), AuthError> {
        let is_good = self.inner.stores.accounts.has_authority(&self.authority(actor)).await?;
        if is_good { Ok(()) } else { Err(AuthError::InvalidToken) }
    }

    /// By what right the caller changes something now.
    fn authority(&self, actor: &Actor) -> Authority {
        actor.authority(self.now())
    }

    fn now(&self) -> domain::Timestamp {
        self.inner.clock.now()
    }

    /// What is counted under this name: a keyed hash, so that the table of counters names nobody.
    fn counted(&self, name: &'static str, limit: Limit, what: &[&[u8]]) -> Attempt {
        Attempt { key: self.secrets().attempts.mac(what), name, limit }
    }

    fn secrets(&self) -> Arc<ServerSecrets> {
        self.inner.keys.secrets()
    }

    fn event(&self, actor: &Actor, kind: EventKind, subject: Option<UserId>) -> Event {
        Event::new(&*self.inner.clock, actor, kind, subject)
    }

    /// A session that is not stored yet, and its first refresh token.
    fn new_session(&self, user: &User, origin: &Origin) -> Result<(Session, RefreshToken), AuthError> {
        let now = self.now();
        let id = self.inner.clock.new_id().into();
        let token = RefreshToken::first(id)?;
        let session = Session {
            id,
            user_id: user.id,
            created_at: now,
            proven_at: now,
            last_used_at: now,
            expires_at: self.expiry(user.role(), now),
            address: origin.address,
            user_agent: origin.user_agent.clone(),
            refresh_digest: token.digest(),
            spent_digest: None,
            renewals: token.renewals,
        };
        Ok((session, token))
    }

    /// When a session that began then expires if it is renewed now: never after its last day, which goes by the
    /// settings of now (ASVS 7.3.2).
    fn expiry(&self, role: Role, began: domain::Timestamp) -> domain::Timestamp {
        let settings = &self.inner.settings;
        let longest = match role {
            Role::Admin | Role::Manager => settings.session_max_ttl_staff,
            Role::Customer => settings.session_max_ttl_customers,
        };
        (self.now() + settings.refresh_ttl).min(began + longest)
    }

    fn session_started(&self, user: &User, origin: &Origin) -> Event {
        self.event(&Actor::user(user, origin.clone()), EventKind::SessionStarted, Some(user.id))
    }

    /// The answer to whom a stored session belongs.
    fn signed_in(&self, user: User, session: &Session, token: &RefreshToken) -> Result<SignedIn, AuthError> {
        let (access_token, expires_in) = self.inner.tokens.issue(&user, session.id)?;
        Ok(SignedIn {
            access_token,
            expires_in,
            refresh_token: token.encode(&self.secrets()),
            refresh_expires_in: whole_seconds(session.expires_at - self.now()),
            user,
        })
    }
}

/// Seconds, a begun one counted: what was promised a moment ago still reads as promised.
fn whole_seconds(time: TimeDelta) -> i64 {
    (time + TimeDelta::milliseconds(999)).num_seconds()
}
