//! Keys that sign access tokens and check them, each by its own algorithm.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use domain::clock::Timestamp;
use domain::key::{StoredKey, TokenAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Map, Value};

use crate::crypto::{CryptoError, sha256};
use crate::key_error::KeyError;

/// The bytes of an uncompressed point on P-256: a tag, x and y (SEC 1 section 2.3.3).
const POINT_LENGTH: usize = 65;

/// A key that signs and checks access tokens.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) algorithm: TokenAlgorithm,
    pub(crate) active_from: Timestamp,
    retired_at: Option<Timestamp>,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    public: PublicKey,
}

impl Signer {
    pub(crate) fn new(key: &StoredKey, secret: &SecretSlice<u8>) -> Result<Self, KeyError> {
        let damaged = || KeyError::Damaged { id: key.id.clone() };
        let algorithm = key.algorithm.ok_or_else(damaged)?;
        let secret = secret.expose_secret();
        let public = PublicKey::of(algorithm, secret).ok_or_else(damaged)?;
        if key.id != public.thumbprint() {
            return Err(damaged());
        }
        Ok(Self {
            kid: key.id.clone(),
            algorithm,
            active_from: key.active_from,
            retired_at: key.retired_at,
            encoding: encoding(algorithm, secret).ok_or_else(damaged)?,
            decoding: public.decoding().ok_or_else(damaged)?,
            public,
        })
    }

    pub(crate) fn is_accepted(&self, now: Timestamp) -> bool {
        self.retired_at.is_none_or(|at| now < at)
    }

    /// The public half (RFC 7517 section 4).
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk: Map<String, Value> =
            self.public.members.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        jwk.insert("kid".to_owned(), self.kid.as_str().into());
        jwk.insert("use".to_owned(), "sig".into());
        jwk.insert("alg".to_owned(), self.algorithm.as_str().into());
        jwk.into()
    }
}

/// A new key pair as PKCS#8, and its `kid`.
pub(crate) fn generate(algorithm: TokenAlgorithm) -> Result<(String, Vec<u8>), CryptoError> {
    let document = match algorithm {
        TokenAlgorithm::Es256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
            pair.to_pkcs8v1()?.as_ref().to_vec()
        }
        TokenAlgorithm::EdDsa => Ed25519KeyPair::generate()?.to_pkcs8()?.as_ref().to_vec(),
        TokenAlgorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec()
        }
    };
    let kid = PublicKey::of(algorithm, &document).ok_or(CryptoError)?.thumbprint();
    Ok((kid, document))
}

/// How the library names the algorithm.
pub(crate) const fn jwt(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
        TokenAlgorithm::Rs256 => Algorithm::RS256,
    }
}

/// What the library signs with.
fn encoding(algorithm: TokenAlgorithm, pkcs8: &[u8]) -> Option<EncodingKey> {
    match algorithm {
        TokenAlgorithm::Es256 => Some(EncodingKey::from_ec_der(pkcs8)),
        TokenAlgorithm::EdDsa => Some(EncodingKey::from_ed_der(pkcs8)),
        // The library reads PKCS#8 of RSA keys from PEM only.
        TokenAlgorithm::Rs256 => {
            let body = BASE64_STANDARD.encode(pkcs8);
            let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
            EncodingKey::from_rsa_pem(pem.as_bytes()).ok()
        }
    }
}

/// The public half of a pair: the members that its thumbprint is made of, in alphabetical order (RFC 7638 section 3.2).
struct PublicKey {
    members: Vec<(&'static str, String)>,
}

impl PublicKey {
    fn of(algorithm: TokenAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let fixed = |text: &str| text.to_owned();
        let members = match algorithm {
            TokenAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..POINT_LENGTH)?.split_at((POINT_LENGTH - 1) / 2);
                vec![("crv", fixed("P-256")), ("kty", fixed("EC")), ("x", text(x)), ("y", text(y))]
            }
            TokenAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
                vec![("crv", fixed("Ed25519")), ("kty", fixed("OKP")), ("x", text(pair.public_key().as_ref()))]
            }
            TokenAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                vec![
                    ("e", text(e.big_endian_without_leading_zero())),
                    ("kty", fixed("RSA")),
                    ("n", text(n.big_endian_without_leading_zero())),
                ]
            }
        };
        Some(Self { members })
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(member, _)| *member == name).map(|(_, value)| value.as_str())
    }

    /// What the library checks signatures with.
    fn decoding(&self) -> Option<DecodingKey> {
        let member = |name| self.member(name);
        let key = match member("kty")? {
            "EC" => DecodingKey::from_ec_components(member("x")?, member("y")?),
            "OKP" => DecodingKey::from_ed_components(member("x")?),
            _ => DecodingKey::from_rsa_components(member("n")?, member("e")?),
        };
        key.ok()
    }

    /// RFC 7638 section 3.
    fn thumbprint(&self) -> String {
        let members: Vec<String> = self.members.iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        BASE64_URL_SAFE_NO_PAD.encode(sha256(format!("{{{}}}", members.join(",")).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 section 3.1 and RFC 8037 appendix A.3.
    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let of = |members: &[(&'static str, &str)]| {
            let members = members.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            PublicKey { members }.thumbprint()
        };
        assert_eq!(of(&[("e", "AQAB"), ("kty", "RSA"), ("n", n)]), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let ed25519 = of(&[("crv", "Ed25519"), ("kty", "OKP"), ("x", x)]);
        assert_eq!(ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_document_of_one_algorithm_is_no_key_of_another() {
        for &made in TokenAlgorithm::ALL {
            let (kid, document) = generate(made).unwrap();
            for &asked in TokenAlgorithm::ALL {
                let kid_as_asked = PublicKey::of(asked, &document).map(|public| public.thumbprint());
                assert_eq!(kid_as_asked, (asked == made).then(|| kid.clone()), "{made} as {asked}");
            }
        }
    }
}
