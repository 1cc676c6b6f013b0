//! Scalars as two short halves.
//!
//! A curve `y² = x³ + b` has an endomorphism `φ(x, y) = (βx, y) = λ·(x, y)`, so that
//! `k·P = k1·P + k2·φ(P)` with halves of at most 128 bits (Gallant, Lambert, Vanstone, CRYPTO 2001):
//! `(k, 0)` minus a vector close to it in the lattice of all `(a, b)` with `a + bλ = 0`. Scalars
//! below 2^128 stay whole, with `k2 = 0`, and cost half.

use crate::scalar::{Half, Halves};
use ark_bn254::g1;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, BigInteger, MontFp, PrimeField};

/// A curve of prime order with such an endomorphism.
pub trait Endomorphism: SWCurveConfig {
    /// Splits a scalar below the order.
    fn split(scalar: &BigInt<4>) -> Halves;

    /// `φ(P) = λ·P`.
    fn image(point: &Affine<Self>) -> Affine<Self>;
}

/// The vectors `(A, −S)` and `(S, B)` span BN254's lattice.
const A: u128 = 147946756881789319000765030803803410728;
const B: u128 = 147946756881789319010696353538189108491;
const S: u128 = 9931322734385697763;
/// `2^256·B/r` and `2^256·S/r`, rounded.
const B_OVER_R: BigInt<4> = BigInt!("782660544089080853131326142527431468389");
const S_OVER_R: BigInt<4> = BigInt!("52538187511802934231");

impl Endomorphism for g1::Config {
    /// Halves lie within ±2^126.1.
    fn split(scalar: &BigInt<4>) -> Halves {
        if let Some(whole) = short(scalar) {
            return whole;
        }
        let along_a = multiply_and_round(scalar, &B_OVER_R);
        let along_s = multiply_and_round(scalar, &S_OVER_R);
        // Both halves fit i128, so arithmetic mod 2^128 gives them exactly.
        let first =
            low(scalar).wrapping_sub(along_a.wrapping_mul(A)).wrapping_sub(along_s.wrapping_mul(S));
        let second = along_a.wrapping_mul(S).wrapping_sub(along_s.wrapping_mul(B));
        [Half::from(first as i128), Half::from(second as i128)]
    }

    fn image(point: &Affine<Self>) -> Affine<Self> {
        <Self as GLVConfig>::endomorphism_affine(point)
    }
}

/// `scalar·factor / 2^256`, rounded to the nearest.
fn multiply_and_round(scalar: &BigInt<4>, factor: &BigInt<4>) -> u128 {
    let (below, above) = scalar.mul(factor);
    low(&above) + u128::from(below.0[3] >> 63)
}

/// Constants of secp256k1, as in libsecp256k1 (`scalar_impl.h`, which proves the bound of 128 bits):
/// the vectors `(B2, −B1)` and `(·, B2)` of the lattice, and both times `2^384/n`, rounded.
const LAMBDA: ark_secp256k1::Fr =
    MontFp!("37718080363155996902926221483475020450927657555482586988616620542887997980018");
const BETA: ark_secp256k1::Fq =
    MontFp!("55594575648329892869085402983802832744385952214688224221778511981742606582254");
const MINUS_B1: ark_secp256k1::Fr = MontFp!("303414439467246543595250775667605759171");
const B2: ark_secp256k1::Fr = MontFp!("64502973549206556628585045361533709077");
const B2_OVER_N: BigInt<4> =
    BigInt!("21949224512762693861512883645436906316123769664773102907882521278123970637873");
const MINUS_B1_OVER_N: BigInt<4> =
    BigInt!("103246583619904461035481197785446227098457807945486720222659797044629401272177");

impl Endomorphism for ark_secp256k1::Config {
    fn split(scalar: &BigInt<4>) -> Halves {
        if let Some(whole) = short(scalar) {
            return whole;
        }
        let along = |factor| {
            let (_, above) = scalar.mul(factor);
            let rounded = high(&above) + u128::from(above.0[1] >> 63);
            ark_secp256k1::Fr::from(rounded)
        };
        let second = along(&B2_OVER_N) * MINUS_B1 - along(&MINUS_B1_OVER_N) * B2;
        let whole = ark_secp256k1::Fr::from_bigint(*scalar).unwrap_or_default();
        [centred(whole - second * LAMBDA), centred(second)]
    }

    fn image(point: &Affine<Self>) -> Affine<Self> {
        Affine::new_unchecked(point.x * BETA, point.y)
    }
}

/// A number modulo n that is at most 2^128 − 1 away from 0.
fn centred(value: ark_secp256k1::Fr) -> Half {
    let plain = value.into_bigint();
    if plain.0[2..] == [0, 0] {
        return Half { magnitude: low(&plain), negative: false };
    }
    Half { magnitude: low(&(-value).into_bigint()), negative: true }
}

fn short(scalar: &BigInt<4>) -> Option<Halves> {
    (scalar.0[2..] == [0, 0]).then(|| [Half::from(low(scalar)), Half::ZERO])
}

fn low(value: &BigInt<4>) -> u128 {
    u128::from(value.0[0]) | u128::from(value.0[1]) << 64
}

fn high(value: &BigInt<4>) -> u128 {
    u128::from(value.0[2]) | u128::from(value.0[3]) << 64
}
