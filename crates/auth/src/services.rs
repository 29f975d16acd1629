//! Puts the use-cases on their ports.

use std::sync::Arc;

use domain::Accounts;

use crate::admins::Admins;
use crate::api_keys::ApiKeys;
use crate::codes::Codes;
use crate::env::Env;
use crate::introspection::Introspection;
use crate::passwords::Passwords;
use crate::sessions::Sessions;
use crate::sign_in::SignIn;
use crate::sign_up::{Invitations, SignUp};
use crate::tokens::Tokens;
use crate::wiring::{AuthStore, Shared};

/// The use-cases of authentication. The caller is the first argument of each. Clones share everything.
#[derive(Clone)]
pub struct Services {
    pub sign_in: SignIn,
    pub sign_up: SignUp,
    /// The second step of both, when it needs a code.
    pub codes: Codes,
    /// Who calls, and how a session goes on.
    pub tokens: Tokens,
    /// How programs get in.
    pub api_keys: ApiKeys,
    /// What others may know of a token that they were shown.
    pub introspection: Introspection,
    /// Which sessions there are, and how they end.
    pub sessions: Sessions,
    /// How passwords are set, changed and proven.
    pub passwords: Passwords,
    /// How staff who were entered without a password get in.
    pub invitations: Invitations,
    pub admins: Admins,
}

impl Services {
    /// The use-cases over one store.
    #[must_use]
    pub fn new<S: AuthStore + 'static>(store: &Arc<S>, env: Env) -> Self {
        let accounts = Accounts::new(store.clone(), env.clock.clone());
        let settings = env.tokens.clone();
        let shared = &Shared::new(store, env);
        let (tokens, api_keys) = (Tokens::new(store, shared), ApiKeys::new(store, shared));
        Self {
            sign_in: SignIn::new(store, shared),
            sign_up: SignUp::new(store, shared),
            codes: Codes::new(store, shared),
            introspection: Introspection { tokens: tokens.clone(), api_keys: api_keys.clone(), settings },
            tokens,
            api_keys,
            sessions: Sessions::new(store, shared),
            passwords: Passwords::new(store, shared),
            invitations: Invitations::new(store, shared, accounts),
            admins: Admins::new(store, shared),
        }
    }
}
