//! The digits of π that Blowfish begins with, computed instead of copied.
//!
//! Blowfish takes the first 1,042 words of the fraction of π for its subkeys and S-boxes (Schneier, "Description of a New
//! Variable-Length Key, 64-Bit Block Cipher", 1993). A wrong digit would change every digest, which the test vectors hold.

/// Words of the fraction that are used.
pub(crate) const WORDS: usize = 18 + 1024;
/// Words more, so that the rounding of each step stays beyond the ones that are used.
const GUARD: usize = 4;

/// A number as its whole part and its fraction, in words from the most significant one on.
type Fixed = [u32; 1 + WORDS + GUARD];

/// The first words of the fraction of π, by Machin's formula: π = 16 arctan(1/5) − 4 arctan(1/239).
pub(crate) fn fraction() -> [u32; WORDS] {
    let mut pi = [0; 1 + WORDS + GUARD];
    add_arctan(&mut pi, 16, 5, Sign::Plus);
    add_arctan(&mut pi, 4, 239, Sign::Minus);
    std::array::from_fn(|word| pi[1 + word])
}

#[derive(Clone, Copy)]
enum Sign {
    Plus,
    Minus,
}

impl Sign {
    fn other(self) -> Self {
        match self {
            Self::Plus => Self::Minus,
            Self::Minus => Self::Plus,
        }
    }
}

/// Adds `factor` · arctan(1/`x`) = `factor` · (1/x − 1/3x³ + 1/5x⁵ − …).
fn add_arctan(sum: &mut Fixed, factor: u32, x: u32, first: Sign) {
    let mut power: Fixed = [0; 1 + WORDS + GUARD];
    power[0] = factor;
    divide(&mut power, x);
    let mut sign = first;
    for odd in (1..).step_by(2) {
        if power.iter().all(|&word| word == 0) {
            return;
        }
        let mut term = power;
        divide(&mut term, odd);
        match sign {
            Sign::Plus => add(sum, &term),
            Sign::Minus => subtract(sum, &term),
        }
        sign = sign.other();
        divide(&mut power, x * x);
    }
}

fn divide(number: &mut Fixed, divisor: u32) {
    let mut remainder = 0;
    for word in number {
        let dividend = (u64::from(remainder) << 32) | u64::from(*word);
        // The remainder is less than the divisor, so that the quotient is one word.
        *word = low_word(dividend / u64::from(divisor));
        remainder = low_word(dividend % u64::from(divisor));
    }
}

fn add(sum: &mut Fixed, term: &Fixed) {
    let mut carry = false;
    for (word, &other) in sum.iter_mut().zip(term).rev() {
        (*word, carry) = word.carrying_add(other, carry);
    }
}

fn subtract(sum: &mut Fixed, term: &Fixed) {
    let mut borrow = false;
    for (word, &other) in sum.iter_mut().zip(term).rev() {
        (*word, borrow) = word.borrowing_sub(other, borrow);
    }
}

/// The lower half.
fn low_word(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of the tables as everybody prints them.
    #[test]
    fn the_words_are_those_of_blowfish() {
        let words = fraction();
        assert_eq!(words[..3], [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E]);
        assert_eq!(words[17..20], [0x8979_FB1B, 0xD131_0BA6, 0x98DF_B5AC]);
        assert_eq!(words[WORDS - 2..], [0x578F_DFE3, 0x3AC3_72E6]);
    }
}
