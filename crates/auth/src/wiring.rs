//! The parts of which the use-cases are built.

use std::sync::Arc;

use domain::AccountPorts;
use domain::store::{ApiKeyStore, AttemptStore, ChallengeStore, PasswordStore, SessionStore, SetupStore, SignUpStore};

use crate::access_token::AccessTokens;
use crate::challenges::Challenges;
use crate::env::Env;
use crate::guesses::{Guesses, KnownNetworks};
use crate::issuer::SessionIssuer;
use crate::sign_in_admission::{Gates, SignInAdmission};

/// All ports that authentication uses.
pub trait AuthStore:
    AccountPorts + SignUpStore + SetupStore + PasswordStore + SessionStore + ApiKeyStore + ChallengeStore + AttemptStore
{
}

impl<S> AuthStore for S where
    S: AccountPorts
        + SignUpStore
        + SetupStore
        + PasswordStore
        + SessionStore
        + ApiKeyStore
        + ChallengeStore
        + AttemptStore
{
}

/// What several use-cases share. Clones share the same parts.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) env: Arc<Env>,
    pub(crate) networks: Arc<KnownNetworks>,
    pub(crate) admission: Arc<SignInAdmission>,
    pub(crate) guesses: Arc<Guesses>,
    pub(crate) issuer: Arc<SessionIssuer>,
    pub(crate) challenges: Arc<Challenges>,
}

impl Shared {
    pub(crate) fn new<S: AuthStore + 'static>(store: &Arc<S>, env: Env) -> Self {
        let env = Arc::new(env);
        let access_tokens = AccessTokens::new(env.keys.clone(), env.clock.clone(), env.tokens.clone());
        let networks = Arc::new(KnownNetworks { env: env.clone(), attempts: store.clone() });
        let admission = Arc::new(SignInAdmission { env: env.clone(), gates: Gates::default() });
        let guesses = Guesses {
            env: env.clone(),
            attempts: store.clone(),
            audit: store.clone(),
            networks: networks.clone(),
            admission: admission.clone(),
        };
        let issuer = SessionIssuer { env: env.clone(), access_tokens, networks: networks.clone() };
        let challenges = Challenges {
            env: env.clone(),
            store: store.clone(),
            users: store.clone(),
            audit: store.clone(),
            attempts: store.clone(),
        };
        Self { env, networks, admission, guesses: guesses.into(), issuer: issuer.into(), challenges: challenges.into() }
    }
}
