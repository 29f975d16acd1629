//! Who is calling, and how they prove it: passwords, one-time codes, access
//! and refresh tokens, and the use-cases of [`Authentication`] made of them.
//! It writes codes as messages; the crate `delivery` sends them.
//!
//! It must not know HTTP or SQL: it talks to the ports of `domain` and answers
//! with values. Secrets leave it as [`secrecy`] types.

pub mod authentication;
mod challenge;
mod crypto;
pub mod error;
pub mod hasher;
mod key_material;
pub mod keys;
pub mod password;
mod refresh;
#[cfg(test)]
mod test_world;
pub mod token;

pub use authentication::{
    AdminMade, Answer, Authentication, Caller, CodeSent, CustomerSignup, FirstAdmin, Parts, SecondFactor, Settings,
    SignedIn, SignupPolicy, StaffSignUp, StaffSignup, Stores,
};
pub use crypto::CryptoError;
pub use error::{AuthError, Refusal};
pub use hasher::{HasherStats, PasswordHasher, Place, Then, Verdict};
pub use key_material::MASTER_KEY_MIN_LENGTH;
pub use keys::{KeyError, KeyRing, KeyState, KeyStatus, signing_keys};
pub use password::{Password, PasswordPolicy};
pub use token::{AccessTokens, Claims, TokenSettings};
