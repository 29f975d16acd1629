//! Puts the use-cases on their ports.

use std::sync::Arc;

use domain::{Accounts, Clock};
use tokio::sync::Notify;

use crate::access_token::{AccessTokens, TokenSettings};
use crate::admins::Admins;
use crate::codes::Codes;
use crate::env::Env;
use crate::hasher::PasswordHasher;
use crate::invitations::Invitations;
use crate::keys::KeyRing;
use crate::own_password::OwnPassword;
use crate::passwords::Passwords;
use crate::ports::{AuthStore, Ports, Shared};
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::sign_in::SignIn;
use crate::sign_up::SignUp;
use crate::tokens::Tokens;

/// The use-cases of authentication. The caller is the first argument of each. Clones share everything.
#[derive(Clone)]
pub struct Services {
    /// How people come in.
    pub sign_in: SignIn,
    /// How people enter themselves.
    pub sign_up: SignUp,
    /// The second step of both, when it needs a code.
    pub codes: Codes,
    /// Who calls, and how a session goes on.
    pub tokens: Tokens,
    /// Which sessions there are, and how they end.
    pub sessions: Sessions,
    /// Passwords that are set without the one before.
    pub passwords: Passwords,
    /// The password of somebody who is signed in.
    pub own_password: OwnPassword,
    /// How staff who were entered without a password get in.
    pub invitations: Invitations,
    /// How admins come to be.
    pub admins: Admins,
}

/// What the use-cases need beside a store.
pub struct Config {
    /// Time and identifiers.
    pub clock: Arc<dyn Clock>,
    /// The keys of codes and refresh tokens.
    pub keys: Arc<KeyRing>,
    /// What access tokens say of themselves.
    pub tokens: TokenSettings,
    /// Hashes and checks passwords.
    pub hasher: PasswordHasher,
    /// Notified when a message was written, so that the outbox of this process looks at once.
    pub outbox_signal: Arc<Notify>,
    /// What the operator chose.
    pub settings: Settings,
}

impl Services {
    /// The use-cases over one store.
    #[must_use]
    pub fn new<S: AuthStore + 'static>(store: &Arc<S>, config: Config) -> Self {
        Self::over(&Ports::of(store), Accounts::new(store.clone(), config.clock.clone()), config)
    }

    pub(crate) fn over(ports: &Ports, accounts: Accounts, config: Config) -> Self {
        let Config { clock, keys, tokens, hasher, outbox_signal, settings } = config;
        let access_tokens = AccessTokens::new(keys.clone(), clock.clone(), tokens);
        let shared = &Shared::new(ports, Env { clock, keys, settings, outbox_signal }, access_tokens, hasher);
        Self {
            sign_in: SignIn::new(ports, shared),
            sign_up: SignUp::new(ports, shared),
            codes: Codes::new(ports, shared),
            tokens: Tokens::new(ports, shared),
            sessions: Sessions::new(ports, shared),
            passwords: Passwords::new(ports, shared),
            own_password: OwnPassword::new(ports, shared),
            invitations: Invitations::new(ports, shared, accounts),
            admins: Admins::new(ports, shared),
        }
    }
}
