//! Keccak-256, and ECDSA on secp256k1 by libsecp256k1 (docs/protocol.md §2.6, §15).
//!
//! Signing is constant-time, and its nonces are those of RFC 6979. Recovery has no secrets.

use crate::parallel;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, Secp256k1, SecretKey, SignOnly, VerifyOnly};
use sha3::{Digest, Keccak256};
use std::sync::OnceLock;
use zeroize::Zeroize;

pub const HASH_BYTES: usize = 32;
pub const SIGNATURE_BYTES: usize = 65;
const KEY_BYTES: usize = 64;
pub const ADDRESS_BYTES: usize = 20;
/// Added to the parity of the nonce's point, in a signature's last byte.
pub const FIRST_V: u8 = 27;

pub type Hash = [u8; HASH_BYTES];
/// The two coordinates of a public key.
pub type Key = [u8; KEY_BYTES];
pub type Signature = [u8; SIGNATURE_BYTES];
pub type Address = [u8; ADDRESS_BYTES];

pub fn keccak256(data: &[u8]) -> Hash {
    Keccak256::digest(data).into()
}

/// The key that signed, if there is one: `r ‖ s ‖ v`, `v` 27 or 28, and `s` in the lower half.
pub fn recover(digest: &Hash, signature: &Signature) -> Option<Key> {
    let (numbers, v) = signature.split_at(SIGNATURE_BYTES - 1);
    let parity = match v[0].checked_sub(FIRST_V)? {
        0 => RecoveryId::Zero,
        1 => RecoveryId::One,
        _ => return None,
    };
    let parsed = RecoverableSignature::from_compact(numbers, parity).ok()?;
    // A high s is a second encoding of the same statement.
    let (mut lower, original) = (parsed.to_standard(), parsed.to_standard());
    lower.normalize_s();
    if lower != original {
        return None;
    }
    let message = Message::from_digest(*digest);
    verification().recover_ecdsa(message, &parsed).ok().map(|key| coordinates(&key))
}

fn verification() -> &'static Secp256k1<VerifyOnly> {
    static CONTEXT: OnceLock<Secp256k1<VerifyOnly>> = OnceLock::new();
    CONTEXT.get_or_init(Secp256k1::verification_only)
}

/// Addresses of the signers of many digests.
pub fn signers(digests: &[u8], signatures: &[u8]) -> Vec<Option<Address>> {
    let (digests, _) = digests.as_chunks::<HASH_BYTES>();
    let (signatures, _) = signatures.as_chunks::<SIGNATURE_BYTES>();
    parallel::map(digests.iter().zip(signatures), |(digest, signature)| {
        recover(digest, signature).map(|key| address(&key))
    })
}

pub fn address(key: &Key) -> Address {
    let mut address = [0; ADDRESS_BYTES];
    address.copy_from_slice(&keccak256(key)[HASH_BYTES - ADDRESS_BYTES..]);
    address
}

fn coordinates(key: &PublicKey) -> Key {
    let mut coordinates = [0; KEY_BYTES];
    coordinates.copy_from_slice(&key.serialize_uncompressed()[1..]);
    coordinates
}

/// A signing key, wiped on drop.
pub struct Secret {
    key: SecretKey,
    /// Blinded by the key, so that the library's arithmetic is not the same for other keys.
    context: Secp256k1<SignOnly>,
}

impl Secret {
    /// `None` if the number is 0, or not below the order of the group.
    pub fn new(mut bytes: Hash) -> Option<Self> {
        let key = SecretKey::from_byte_array(bytes).ok();
        let mut seed = keccak256(&bytes);
        bytes.zeroize();
        let mut context = Secp256k1::signing_only();
        context.seeded_randomize(&seed);
        seed.zeroize();
        key.map(|key| Self { key, context })
    }

    pub fn public_key(&self) -> Key {
        coordinates(&PublicKey::from_secret_key(&self.context, &self.key))
    }

    /// The signature of a digest, with low `s`; always the same.
    pub fn sign(&self, digest: &Hash) -> Signature {
        let message = Message::from_digest(*digest);
        let (parity, numbers) =
            self.context.sign_ecdsa_recoverable(message, &self.key).serialize_compact();
        let mut signature = [0; SIGNATURE_BYTES];
        signature[..SIGNATURE_BYTES - 1].copy_from_slice(&numbers);
        signature[SIGNATURE_BYTES - 1] = FIRST_V + i32::from(parity) as u8;
        signature
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.key.non_secure_erase();
    }
}
