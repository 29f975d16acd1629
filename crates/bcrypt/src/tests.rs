use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use proptest::prelude::*;

use super::*;

/// bcrypt's own Base64. The last character of a salt may have bits that nobody reads.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// Vectors of `crypt_blowfish`, of `jBCrypt` and of `password_hash` in PHP.
const PUBLISHED: [(&[u8], &str); 13] = [
    (b"U*U", "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    (b"U*U*", "05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    (b"U*U*U", "05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    (b"", "05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    (b"\xa3", "05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"),
    (b"\xff\xff\xa3", "05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"),
    (
        b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
        "05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
    (b"", "06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
    (b"a", "06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
    (b"abc", "06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
    (b"abcdefghijklmnopqrstuvwxyz", "06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"),
    (b"~!@#$%^&*()      ~!@#$%^&*()PNBFRD", "06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO"),
    (b"rasmuslerdorf", "07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"),
];

/// Cost, input and digest of a hash.
fn read<'a>(password: &'a [u8], hash: &str) -> (u32, Input<'a>, String) {
    let (cost, rest) = hash.split_once('$').unwrap();
    let (salt, digest) = rest.split_at(22);
    let salt = BASE64.decode(salt).unwrap().try_into().unwrap();
    (cost.parse().unwrap(), Input { password, salt }, digest.to_owned())
}

fn written(digests: &[Digest]) -> Vec<String> {
    digests.iter().map(|digest| BASE64.encode(digest)).collect()
}

#[test]
fn published_vectors_come_out() {
    for (password, hash) in PUBLISHED {
        let (cost, input, digest) = read(password, hash);
        assert_eq!(written(&digests(cost, &[input])), [digest], "{hash}");
    }
}

/// Each of them in each lane, beside the others.
#[test]
fn neighbours_change_nothing() {
    for cost in [5, 6] {
        let (inputs, expected): (Vec<_>, Vec<_>) = PUBLISHED
            .iter()
            .map(|(password, hash)| read(password, hash))
            .filter(|(of, ..)| *of == cost)
            .map(|(_, input, digest)| (input, digest))
            .unzip();
        for first in 0..inputs.len() {
            for count in 1..=inputs.len() - first {
                let range = first..first + count;
                assert_eq!(
                    written(&digests(cost, &inputs[range.clone()])),
                    expected[range.clone()],
                    "{cost} {range:?}"
                );
            }
        }
    }
}

#[test]
fn nothing_comes_of_nothing() {
    assert!(digests(4, &[]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of any passwords and salts, in any number at a time, the crate `bcrypt` makes the same.
    #[test]
    fn digests_are_those_of_the_crate(
        cost in 4_u32..8,
        inputs in prop::collection::vec((prop::collection::vec(1_u8.., 0..=71), any::<[u8; SALT_BYTES]>()), 1..=9),
    ) {
        let ours: Vec<_> =
            inputs.iter().map(|(password, salt)| Input { password, salt: *salt }).collect();
        let theirs: Vec<_> = inputs
            .iter()
            .map(|(password, salt)| bcrypt::hash_with_salt(password, cost, *salt).unwrap().to_string().split_off(29))
            .collect();
        prop_assert_eq!(written(&digests(cost, &ours)), theirs);
    }
}
