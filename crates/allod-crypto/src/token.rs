//! Blinded bearer tokens: who may use a log, without the hub learning who that is. Spec: `spec/token.md`.
//!
//! A member's leaf holds `P = x·G`. Members of a log share a secret, from which a scalar `b` follows. The member's token for
//! that log is `t = b·x`; the hub keeps `B = t·G = b·P` and nothing else. So every member can compute every member's `B`
//! (to revoke it), only the member can compute `t`, and who does not know `b` (the hub) cannot tell which `P` a `B` belongs to.

use allod_wire::inbox::LogSecretBytes;
use allod_wire::secrets::{Token, TokenKey, TokenPublic};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Random;

/// A point that is not one, or is the neutral one (rule T-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a usable token point")]
pub struct BadTokenPoint;

/// The secret that all members of a log share for its whole life (rule T-2).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LogSecret([u8; 32]);

impl LogSecret {
    /// A fresh one, for a new log.
    pub fn random(rng: &mut dyn Random) -> Self {
        Self(crate::random_bytes(rng))
    }

    /// From the group state or an inbox item.
    pub fn from_wire(bytes: &LogSecretBytes) -> Self {
        Self(bytes.0)
    }

    /// For the group state or an inbox item.
    pub fn to_wire(&self) -> LogSecretBytes {
        LogSecretBytes(self.0)
    }

    /// 32 bytes for one purpose.
    pub(crate) fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut out = Zeroizing::new([0; 32]);
        let hkdf = Hkdf::<Sha256>::new(None, &self.0);
        hkdf.expand(label.as_bytes(), out.as_mut()).expect("32 bytes are within HKDF's bound");
        out
    }

    fn blinding(&self) -> Zeroizing<Scalar> {
        let mut wide = Zeroizing::new([0; 64]);
        let hkdf = Hkdf::<Sha512>::new(None, &self.0);
        hkdf.expand(b"allod token blinding v1", wide.as_mut()).expect("64 bytes are within HKDF's bound");
        Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide))
    }
}

impl std::fmt::Debug for LogSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogSecret(…)")
    }
}

/// The secret `x` behind a leaf's [`TokenPublic`]; a device makes one for each key package.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TokenSecret(Scalar);

impl TokenSecret {
    /// A fresh one.
    pub fn random(rng: &mut dyn Random) -> Self {
        let wide = Zeroizing::new(crate::random_bytes::<64>(rng));
        Self(Scalar::from_bytes_mod_order_wide(&wide))
    }

    /// From the device's store.
    ///
    /// # Errors
    /// [`BadTokenPoint`] if the bytes are no canonical scalar.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, BadTokenPoint> {
        Option::from(Scalar::from_canonical_bytes(bytes)).map(Self).ok_or(BadTokenPoint)
    }

    /// For the device's store.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// `P = x·G`, for the leaf (rule T-1).
    pub fn public(&self) -> TokenPublic {
        TokenPublic(RistrettoPoint::mul_base(&self.0).compress().to_bytes())
    }

    /// `t = b·x`, the bearer token for one log (rule T-3).
    pub fn token(&self, log: &LogSecret) -> Token {
        Token((self.0 * *log.blinding()).to_bytes())
    }
}

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

/// `B = b·P`: what the hub knows of the member with this leaf (rule T-3).
///
/// # Errors
/// [`BadTokenPoint`] if `public` is no point or the neutral one (rule T-6).
pub fn token_key(public: &TokenPublic, log: &LogSecret) -> Result<TokenKey, BadTokenPoint> {
    let point = decode_point(&public.0)?;
    Ok(TokenKey((point * *log.blinding()).compress().to_bytes()))
}

/// `B = t·G`: what the hub computes from a token that it is shown.
///
/// # Errors
/// [`BadTokenPoint`] if the token is no canonical scalar or zero (rule T-6).
pub fn key_of_token(token: &Token) -> Result<TokenKey, BadTokenPoint> {
    let scalar: Option<Scalar> = Scalar::from_canonical_bytes(token.0).into();
    let scalar = scalar.filter(|scalar| *scalar != Scalar::ZERO).ok_or(BadTokenPoint)?;
    Ok(TokenKey(RistrettoPoint::mul_base(&scalar).compress().to_bytes()))
}

fn decode_point(bytes: &[u8; 32]) -> Result<RistrettoPoint, BadTokenPoint> {
    CompressedRistretto(*bytes).decompress().filter(|point| !point.is_identity()).ok_or(BadTokenPoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    fn rng() -> rand_chacha::ChaCha20Rng {
        rand_chacha::ChaCha20Rng::seed_from_u64(1)
    }

    #[test]
    fn members_and_hub_agree_on_a_members_key_t_1_t_2_t_3() {
        let (secret, log) = (TokenSecret::random(&mut rng()), LogSecret::random(&mut rng()));
        assert_eq!(token_key(&secret.public(), &log), key_of_token(&secret.token(&log)));
    }

    #[test]
    fn the_same_leaf_has_unrelated_keys_in_two_logs_t_3() {
        let mut rng = rng();
        let secret = TokenSecret::random(&mut rng);
        let (one, other) = (LogSecret::random(&mut rng), LogSecret::random(&mut rng));
        assert_ne!(token_key(&secret.public(), &one), token_key(&secret.public(), &other));
        assert_ne!(token_key(&secret.public(), &one).unwrap().0, secret.public().0);
    }

    #[test]
    fn neutral_and_non_canonical_points_and_scalars_are_refused_t_6() {
        let log = LogSecret::random(&mut rng());
        assert_eq!(token_key(&TokenPublic([0; 32]), &log), Err(BadTokenPoint));
        assert_eq!(token_key(&TokenPublic([0xff; 32]), &log), Err(BadTokenPoint));
        assert_eq!(key_of_token(&Token([0; 32])), Err(BadTokenPoint));
        assert_eq!(key_of_token(&Token([0xff; 32])), Err(BadTokenPoint));
    }
}
