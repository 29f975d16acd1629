//! Who is calling, and how they prove it: passwords, one-time codes, access and refresh tokens, and the use-cases made
//! of them, which [`Services`] holds. It writes codes as messages; the crate `delivery` sends them.
//!
//! It must not know HTTP or SQL: it talks to the ports of `domain` and answers with values. Secrets leave it as
//! [`secrecy`] types.

mod access_token;
mod admins;
mod answer;
mod api_key;
mod api_keys;
mod bounded_map;
mod challenges;
mod codes;
mod crypto;
mod detached;
mod env;
mod error;
mod guesses;
mod hasher;
mod introspection;
mod issuer;
mod key_error;
mod key_material;
mod keys;
mod one_time_code;
mod password;
mod passwords;
mod recent_callers;
mod recent_keys;
mod refresh_token;
mod seen;
mod services;
mod sessions;
mod settings;
mod sign_in;
mod sign_in_admission;
mod sign_up;
mod signer;
#[cfg(test)]
mod test_world;
#[cfg(test)]
mod tests;
mod tokens;
mod wiring;

pub use access_token::{AccessTokens, Claims, TokenSettings};
pub use admins::{AdminMade, Admins, FirstAdminSignUp};
pub use answer::{Answer, Caller, CodeSent, SignedIn};
pub use api_keys::ApiKeys;
pub use codes::Codes;
pub use crypto::CryptoError;
pub use env::Env;
pub use error::{AuthError, Refusal};
pub use hasher::{BcryptEngine, HashPermit, HasherStats, PasswordHasher, Then, Verdict};
pub use introspection::{ActiveToken, Introspection};
pub use key_error::{KeyError, MASTER_KEY_MIN_LENGTH};
pub use keys::KeyRing;
pub use keys::rotation::{KeyState, KeyStatus, signing_keys};
pub use password::{Password, PasswordPolicy};
pub use passwords::{PasswordChange, Passwords};
pub use seen::Freshness;
pub use services::Services;
pub use sessions::Sessions;
pub use settings::{CustomerSignup, SecondFactor, Settings, SignupPolicy, StaffSignup};
pub use sign_in::SignIn;
pub use sign_up::{Invitations, SignUp, StaffSignUp};
pub use tokens::Tokens;
pub use wiring::AuthStore;
