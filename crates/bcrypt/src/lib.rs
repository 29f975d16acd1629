//! bcrypt, several at a time in one thread.
//!
//! One bcrypt waits for memory most of the time: each step looks up words whose place depends on the step before. Several
//! that do not depend on each other fill those gaps, so that four at a time take little longer than one. The digests are
//! the same as everybody's (Provos and Mazières, "A Future-Adaptable Password Scheme", USENIX 1999, form `2b`): the tests
//! compare them with published ones and with the crate `bcrypt`.
//!
//! Only the digest is here. This crate knows neither how a hash is written, nor passwords longer than 72 bytes, nor who
//! waits for it.

mod pi;

use std::sync::LazyLock;

/// Most checks that are worth doing at a time.
pub const LANES: usize = 4;

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;
/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 23;
/// Bytes of a password that count. Of a longer one the rest is passed over.
pub const PASSWORD_BYTES: usize = 72;

/// What a digest is made of.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Without NUL, or what follows it counts as a password that goes on.
    pub password: &'a [u8],
    /// As the hash holds it.
    pub salt: [u8; SALT_BYTES],
}

/// A digest.
pub type Digest = [u8; DIGEST_BYTES];

/// The digests of these inputs, at 2^`cost` rounds, in their order; [`LANES`] at a time.
#[must_use]
pub fn digests(cost: u32, inputs: &[Input<'_>]) -> Vec<Digest> {
    inputs.chunks(LANES).flat_map(|inputs| side_by_side(cost, inputs)).collect()
}

fn side_by_side(cost: u32, inputs: &[Input<'_>]) -> Vec<Digest> {
    match *inputs {
        [a] => lanes(cost, &[a]).to_vec(),
        [a, b] => lanes(cost, &[a, b]).to_vec(),
        [a, b, c] => lanes(cost, &[a, b, c]).to_vec(),
        [a, b, c, d] => lanes(cost, &[a, b, c, d]).to_vec(),
        _ => Vec::new(),
    }
}

/// Words of the subkeys.
const SUBKEYS: usize = 18;
/// Words of the four S-boxes.
const BOXES: usize = 1024;

/// The state of Blowfish. The S-boxes begin at an edge of a cache line.
#[derive(Clone)]
#[repr(align(64))]
struct State {
    boxes: [u32; BOXES],
    subkeys: [u32; SUBKEYS],
}

static INITIAL: LazyLock<State> = LazyLock::new(|| {
    let pi = pi::fraction();
    State { subkeys: std::array::from_fn(|word| pi[word]), boxes: std::array::from_fn(|word| pi[SUBKEYS + word]) }
});

/// One word of each lane.
type Words<const N: usize> = [u32; N];

/// What is encrypted over and over.
const PLAIN: [[u32; 2]; 3] = [
    [u32::from_be_bytes(*b"Orph"), u32::from_be_bytes(*b"eanB")],
    [u32::from_be_bytes(*b"ehol"), u32::from_be_bytes(*b"derS")],
    [u32::from_be_bytes(*b"cryD"), u32::from_be_bytes(*b"oubt")],
];

fn lanes<const N: usize>(cost: u32, inputs: &[Input<'_>; N]) -> [Digest; N] {
    let mut states: [State; N] = std::array::from_fn(|_| INITIAL.clone());
    let passwords = inputs.map(|input| password_words(input.password));
    let salts = inputs.map(|input| salt_words(input.salt));
    let repeated = salts.map(|salt| std::array::from_fn(|word| salt[word % 4]));
    expand(&mut states, &passwords, &salts);
    for _ in 0..1_u64 << cost {
        expand(&mut states, &passwords, &[[0; 4]; N]);
        expand(&mut states, &repeated, &[[0; 4]; N]);
    }
    let ciphers = PLAIN.map(|[left, right]| {
        let mut block = ([left; N], [right; N]);
        for _ in 0..64 {
            block = encrypt(&states, block);
        }
        block
    });
    std::array::from_fn(|lane| digest(ciphers.map(|(left, right)| [left[lane], right[lane]])))
}

/// The password and a NUL, again and again.
fn password_words(password: &[u8]) -> [u32; SUBKEYS] {
    let mut bytes = password.iter().take(PASSWORD_BYTES).chain(&[0]).cycle();
    std::array::from_fn(|_| u32::from_be_bytes(std::array::from_fn(|_| bytes.next().copied().unwrap_or_default())))
}

fn salt_words(salt: [u8; SALT_BYTES]) -> [u32; 4] {
    let mut bytes = salt.into_iter();
    std::array::from_fn(|_| u32::from_be_bytes(std::array::from_fn(|_| bytes.next().unwrap_or_default())))
}

/// All bytes of the ciphers but the last one.
fn digest(ciphers: [[u32; 2]; 3]) -> Digest {
    let mut bytes = ciphers.into_iter().flatten().flat_map(u32::to_be_bytes);
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

/// Mixes a key into the state, and a salt into what is encrypted on the way.
#[inline]
fn expand<const N: usize>(states: &mut [State; N], keys: &[[u32; SUBKEYS]; N], salts: &[[u32; 4]; N]) {
    for (state, key) in states.iter_mut().zip(keys) {
        for (subkey, word) in state.subkeys.iter_mut().zip(key) {
            *subkey ^= word;
        }
    }
    let mut block = ([0; N], [0; N]);
    for place in (0..SUBKEYS + BOXES).step_by(2) {
        for (lane, salt) in salts.iter().enumerate() {
            block.0[lane] ^= salt[place % 4];
            block.1[lane] ^= salt[place % 4 + 1];
        }
        block = encrypt(states, block);
        for (lane, state) in states.iter_mut().enumerate() {
            let words = match place.checked_sub(SUBKEYS) {
                None => &mut state.subkeys[place..place + 2],
                Some(place) => &mut state.boxes[place..place + 2],
            };
            words.copy_from_slice(&[block.0[lane], block.1[lane]]);
        }
    }
}

/// Encrypts one block of each lane: sixteen rounds, each of all lanes before the next.
#[inline]
fn encrypt<const N: usize>(states: &[State; N], (mut left, mut right): (Words<N>, Words<N>)) -> (Words<N>, Words<N>) {
    for (left, state) in left.iter_mut().zip(states) {
        *left ^= state.subkeys[0];
    }
    for round in (1..SUBKEYS - 1).step_by(2) {
        for ((left, right), state) in left.iter().zip(&mut right).zip(states) {
            *right ^= mixed(&state.boxes, *left) ^ state.subkeys[round];
        }
        for ((left, right), state) in left.iter_mut().zip(&right).zip(states) {
            *left ^= mixed(&state.boxes, *right) ^ state.subkeys[round + 1];
        }
    }
    for (right, state) in right.iter_mut().zip(states) {
        *right ^= state.subkeys[SUBKEYS - 1];
    }
    (right, left)
}

/// The function F of Blowfish.
#[inline]
fn mixed(boxes: &[u32; BOXES], word: u32) -> u32 {
    let [a, b, c, d] = word.to_be_bytes().map(usize::from);
    (boxes[a].wrapping_add(boxes[256 + b]) ^ boxes[512 + c]).wrapping_add(boxes[768 + d])
}

#[cfg(test)]
mod tests;
