//! Signatures of many digests by known keys, in one batch (docs/protocol.md §15).
//!
//! A signature `r ‖ s ‖ v` by the key `Q` of a digest `z` holds exactly if `s R = z G + r Q`, where
//! `R` is the point of abscissa `r` whose ordinate has the parity of `v`. Recovery gives the only `Q`
//! for which that is so. Divided by `s`, only `Q` keeps a long factor: `R = (z/s) G + (r/s) Q`.

use crate::endomorphism::Endomorphism;
use crate::group;
use crate::scalar::{Half, Halves};
use crate::signatures::{Hash, Key, Signature, FIRST_V, SIGNATURE_BYTES};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ec::AffineRepr;
use ark_ff::fields::batch_inversion;
use ark_ff::{BigInt, BigInteger, PrimeField, Zero};
use ark_secp256k1::{Affine, Config, Fq, Fr, Projective};
use secp256k1::PublicKey;
use std::ops::Range;

const NUMBER_BYTES: usize = 32;
/// A compressed point's first byte, for an even ordinate.
const EVEN: u8 = 2;

/// What a signature says of the points that it names.
pub struct Claim {
    nonce: Affine,
    key: Affine,
    r: Fr,
    s: Fr,
    z: Fr,
}

impl Claim {
    /// `None` where recovery refuses the signature, or the key is no point of the curve: it takes
    /// `1 <= r < n`, `1 <= s <= n/2`, `v` 27 or 28, and `r` the abscissa of a point.
    pub fn new(digest: &Hash, key: &Key, signature: &Signature) -> Option<Self> {
        let (numbers, v) = signature.split_at(SIGNATURE_BYTES - 1);
        v[0].checked_sub(FIRST_V).filter(|parity| *parity < 2)?;
        let (r, s) = numbers.split_at(NUMBER_BYTES);
        let (r, s) = (number(r), number(s));
        let half = Fr::MODULUS_MINUS_ONE_DIV_TWO;
        if s > half || s.is_zero() {
            return None;
        }
        let (r, s) = (Fr::from_bigint(r).filter(|r| !r.is_zero())?, Fr::from_bigint(s)?);
        let nonce = root(signature)?;
        // The library says of its own identity that it is on the curve.
        let key = unchecked_point(key).filter(|key| key.is_on_curve() && !key.is_zero())?;
        Some(Self { nonce, key, r, s, z: Fr::from_be_bytes_mod_order(digest) })
    }
}

/// Some claims, each multiplied by its weight.
#[derive(Default)]
pub struct Claims {
    /// Nonce and key of each.
    points: Vec<Affine>,
    scalars: Vec<Halves>,
    on_generator: Vec<Fr>,
}

impl Claims {
    pub fn new(claims: &[Claim], mut weight: impl FnMut() -> u128) -> Self {
        let mut inverses: Vec<Fr> = claims.iter().map(|claim| claim.s).collect();
        batch_inversion(&mut inverses);
        let mut all = Self::default();
        for (claim, inverse) in claims.iter().zip(inverses) {
            let weight = weight();
            let scaled = Fr::from(weight) * inverse;
            all.points.extend([claim.nonce, claim.key]);
            let on_key = Config::split(&(-scaled * claim.r).into_bigint());
            all.scalars.extend([[Half::from(weight), Half::ZERO], on_key]);
            all.on_generator.push(-scaled * claim.z);
        }
        all
    }

    pub fn append(&mut self, other: Self) {
        self.points.extend(other.points);
        self.scalars.extend(other.scalars);
        self.on_generator.extend(other.on_generator);
    }

    pub fn len(&self) -> usize {
        self.on_generator.len()
    }

    /// The weighted sum over a range of the claims, which is the identity if all hold.
    pub fn residual(&self, range: Range<usize>) -> Projective {
        let on_generator: Fr = self.on_generator[range.clone()].iter().sum();
        let pairs = 2 * range.start..2 * range.end;
        let points = [&self.points[pairs.clone()], &[Config::GENERATOR]].concat();
        let on_generator = Config::split(&on_generator.into_bigint());
        let scalars = [&self.scalars[pairs], &[on_generator]].concat();
        group::msm(&points, &scalars).into()
    }
}

/// The point of a signature's nonce: its abscissa is `r`, and never `r + n`.
pub fn root(signature: &[u8]) -> Option<Affine> {
    let mut compressed = [0; NUMBER_BYTES + 1];
    compressed[0] = EVEN + signature.last()?.checked_sub(FIRST_V)?;
    compressed[1..].copy_from_slice(&signature[..NUMBER_BYTES]);
    let point = PublicKey::from_byte_array_compressed(compressed).ok()?;
    unchecked_point(&point.serialize_uncompressed()[1..])
}

fn number(bytes: &[u8]) -> BigInt<4> {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*bytes);
    }
    BigInt::new(limbs)
}

/// `None` if a coordinate is not below the field's prime.
fn unchecked_point(bytes: &[u8]) -> Option<Affine> {
    let (x, y) = bytes.split_at(NUMBER_BYTES);
    Some(Affine::new_unchecked(Fq::from_bigint(number(x))?, Fq::from_bigint(number(y))?))
}
