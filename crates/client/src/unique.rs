//! What is different each time.

use uuid::Uuid;

/// A text that nobody has used before.
#[expect(clippy::disallowed_methods, reason = "no record gets this id, and no test waits for one")]
pub(crate) fn key() -> String {
    Uuid::now_v7().to_string()
}

/// A fraction from 0 to 1, of the random part of an id.
#[expect(clippy::disallowed_methods, reason = "no record gets this id, and no test waits for one")]
pub(crate) fn fraction() -> f64 {
    let [.., last] = Uuid::now_v7().into_bytes();
    f64::from(last) / f64::from(u8::MAX)
}
