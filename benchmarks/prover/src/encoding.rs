//! Canonical bytes, hashes, and the randomness that a seed gives (docs/protocol.md §2).

use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};
use sha3::digest::{ExtendableOutput, Update, XofReader};
use sha3::{Digest, Keccak256, Shake128, Shake128Reader};

pub type Hash = [u8; 32];

pub fn keccak(parts: &[&[u8]]) -> Hash {
    let mut hasher = Keccak256::new();
    for part in parts {
        Digest::update(&mut hasher, part);
    }
    hasher.finalize().into()
}

/// 32 bytes, big-endian.
pub fn scalar<F: PrimeField<BigInt = BigInt<4>>>(value: &F) -> Hash {
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(value.into_bigint().0.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// 64 bytes; zeros for the identity.
pub fn point<P: SWCurveConfig>(value: &Affine<P>) -> [u8; 64]
where
    P::BaseField: PrimeField<BigInt = BigInt<4>>,
{
    let mut bytes = [0; 64];
    if let Some((x, y)) = value.xy() {
        bytes[..32].copy_from_slice(&scalar(&x));
        bytes[32..].copy_from_slice(&scalar(&y));
    }
    bytes
}

pub fn from_big_endian<F: PrimeField<BigInt = BigInt<4>>>(bytes: &Hash) -> Option<F> {
    F::from_bigint(integer(bytes))
}

fn integer(bytes: &Hash) -> BigInt<4> {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    BigInt::new(limbs)
}

/// Bytes and scalars of one purpose and one number, always the same by the same seed.
pub struct Randomness(Shake128Reader);

impl Randomness {
    pub fn new(seed: &Hash, purpose: &str, number: u64) -> Self {
        let mut hasher = Shake128::default();
        for part in [&seed[..], &number.to_be_bytes(), purpose.as_bytes()] {
            Update::update(&mut hasher, part);
        }
        Self(hasher.finalize_xof())
    }

    pub fn bytes<const SIZE: usize>(&mut self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        self.0.read(&mut bytes);
        bytes
    }

    /// Uniform among the integers of one bit less than the modulus, and thus nearly among all.
    pub fn scalar<F: PrimeField<BigInt = BigInt<4>>>(&mut self) -> F {
        let mut value = integer(&self.bytes());
        value.0[3] &= u64::MAX >> (257 - F::MODULUS_BIT_SIZE);
        F::from_bigint(value).expect("below the modulus")
    }

    /// 128 random bits.
    pub fn blinding<F: PrimeField>(&mut self) -> F {
        F::from(u128::from_be_bytes(self.bytes()))
    }

    /// 64 random bits.
    pub fn short<F: PrimeField>(&mut self) -> F {
        F::from(u64::from_be_bytes(self.bytes()))
    }
}
