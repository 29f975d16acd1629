//! What the use-cases are built of.

use std::sync::Arc;

use domain::AccountPorts;
use domain::store::{
    AttemptStore, AuditStore, ChallengeStore, PasswordStore, SessionStore, SetupStore, SignUpStore, UserStore,
};

use crate::access_token::AccessTokens;
use crate::challenges::Challenges;
use crate::code_limits::CodeLimits;
use crate::env::Env;
use crate::guesses::Guesses;
use crate::hasher::PasswordHasher;
use crate::issuer::SessionIssuer;
use crate::known_networks::KnownNetworks;
use crate::sign_in_admission::SignInAdmission;

/// Everything that a database keeps for authentication.
pub trait AuthStore:
    AccountPorts + SignUpStore + SetupStore + PasswordStore + SessionStore + ChallengeStore + AttemptStore + AuditStore
{
}

impl<S> AuthStore for S where
    S: AccountPorts
        + SignUpStore
        + SetupStore
        + PasswordStore
        + SessionStore
        + ChallengeStore
        + AttemptStore
        + AuditStore
{
}

/// The ports of one store. Each use-case takes those that it uses.
pub(crate) struct Ports {
    pub(crate) users: Arc<dyn UserStore>,
    pub(crate) sign_ups: Arc<dyn SignUpStore>,
    pub(crate) setup: Arc<dyn SetupStore>,
    pub(crate) passwords: Arc<dyn PasswordStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) challenges: Arc<dyn ChallengeStore>,
    pub(crate) attempts: Arc<dyn AttemptStore>,
    pub(crate) audit: Arc<dyn AuditStore>,
}

impl Ports {
    pub(crate) fn of<S: AuthStore + 'static>(store: &Arc<S>) -> Self {
        Self {
            users: store.clone(),
            sign_ups: store.clone(),
            setup: store.clone(),
            passwords: store.clone(),
            sessions: store.clone(),
            challenges: store.clone(),
            attempts: store.clone(),
            audit: store.clone(),
        }
    }
}

/// What several use-cases share.
pub(crate) struct Shared {
    pub(crate) env: Arc<Env>,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) networks: Arc<KnownNetworks>,
    pub(crate) admission: Arc<SignInAdmission>,
    pub(crate) guesses: Arc<Guesses>,
    pub(crate) issuer: Arc<SessionIssuer>,
    pub(crate) challenges: Arc<Challenges>,
}

impl Shared {
    pub(crate) fn new(ports: &Ports, env: Env, access_tokens: AccessTokens, hasher: PasswordHasher) -> Self {
        let env = Arc::new(env);
        let networks = Arc::new(KnownNetworks { env: env.clone(), attempts: ports.attempts.clone() });
        let admission = Arc::new(SignInAdmission { env: env.clone(), hasher, gates: Default::default() });
        let guesses = Guesses {
            env: env.clone(),
            attempts: ports.attempts.clone(),
            audit: ports.audit.clone(),
            networks: networks.clone(),
            admission: admission.clone(),
        };
        let issuer =
            SessionIssuer { env: env.clone(), access_tokens: access_tokens.clone(), networks: networks.clone() };
        let challenges = Challenges {
            env: env.clone(),
            challenges: ports.challenges.clone(),
            users: ports.users.clone(),
            audit: ports.audit.clone(),
            limits: CodeLimits { env: env.clone(), attempts: ports.attempts.clone() },
        };
        Self {
            env,
            access_tokens,
            networks,
            admission,
            guesses: guesses.into(),
            issuer: issuer.into(),
            challenges: challenges.into(),
        }
    }
}
