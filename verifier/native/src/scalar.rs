//! Scalars as two short halves, and halves as signed digits.
//!
//! BN254 has an endomorphism `φ(x, y) = (βx, y) = λ·(x, y)`, so that `k·P = k1·P + k2·φ(P)` with
//! halves of 127 bits (Gallant, Lambert, Vanstone, CRYPTO 2001). The vectors `(A, −S)` and
//! `(S, B)` span the lattice of all `(a, b)` with `a + bλ = 0 mod r`; the halves are `(k, 0)`
//! minus a lattice vector close to it. Scalars below 2^128 stay whole, with `k2 = 0`, and cost half.

use ark_bn254::g1::Config;
use ark_bn254::G1Affine;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ff::{BigInt, BigInteger};
use zeroize::Zeroize;

/// Bits of the longest half, without its sign. Split ones lie within ±2^126.1.
pub const HALF_BITS: u32 = 128;

const A: u128 = 147946756881789319000765030803803410728;
const B: u128 = 147946756881789319010696353538189108491;
const S: u128 = 9931322734385697763;
/// `2^256·B/r` and `2^256·S/r`, rounded.
const B_OVER_R: BigInt<4> = BigInt!("782660544089080853131326142527431468389");
const S_OVER_R: BigInt<4> = BigInt!("52538187511802934231");

/// An integer of at most 128 bits and a sign.
#[derive(Clone, Copy, PartialEq)]
pub struct Half {
    magnitude: u128,
    negative: bool,
}

impl Half {
    pub const ZERO: Self = Self { magnitude: 0, negative: false };
    pub const ONE: Self = Self { magnitude: 1, negative: false };

    pub fn is_zero(&self) -> bool {
        self.magnitude == 0
    }
}

impl From<i128> for Half {
    fn from(value: i128) -> Self {
        Self { magnitude: value.unsigned_abs(), negative: value < 0 }
    }
}

/// `[k1, k2]` with `k = k1 + k2·λ mod r`.
pub type Halves = [Half; 2];

/// Splits a scalar below `r`.
pub fn split(scalar: &BigInt<4>) -> Halves {
    if scalar.0[2..] == [0, 0] {
        return [Half { magnitude: low(scalar), negative: false }, Half::ZERO];
    }
    let along_a = multiply_and_round(scalar, &B_OVER_R);
    let along_s = multiply_and_round(scalar, &S_OVER_R);
    // Both halves fit i128, so arithmetic mod 2^128 gives them exactly.
    let first =
        low(scalar).wrapping_sub(along_a.wrapping_mul(A)).wrapping_sub(along_s.wrapping_mul(S));
    let second = along_a.wrapping_mul(S).wrapping_sub(along_s.wrapping_mul(B));
    [Half::from(first as i128), Half::from(second as i128)]
}

/// `scalar·factor / 2^256`, rounded to the nearest.
fn multiply_and_round(scalar: &BigInt<4>, factor: &BigInt<4>) -> u128 {
    let (below, above) = scalar.mul(factor);
    low(&above) + u128::from(below.0[3] >> 63)
}

fn low(value: &BigInt<4>) -> u128 {
    u128::from(value.0[0]) | u128::from(value.0[1]) << 64
}

/// `φ(P) = λ·P`.
pub fn endomorphism(point: &G1Affine) -> G1Affine {
    Config::endomorphism_affine(point)
}

/// Halves that are wiped on drop, since they may be secret.
pub struct SecretHalves(pub Vec<Halves>);

impl Drop for SecretHalves {
    fn drop(&mut self) {
        for half in self.0.iter_mut().flatten() {
            half.magnitude.zeroize();
            half.negative.zeroize();
        }
    }
}

/// Signed digits `|d| <= 2^(width−1)` with `half = Σ digit(i)·2^(width·i)`.
///
/// Adding `2^(width−1)` at every place except the last turns signed digits into plain ones, so
/// that each can be read by itself.
#[derive(Clone, Copy)]
pub struct Digits {
    pub width: u32,
    pub count: u32,
    offset: u128,
}

impl Digits {
    /// Digits of `width` bits (2 to 20) for halves of at most `bits` bits (0 to `HALF_BITS`).
    pub fn new(width: u32, bits: u32) -> Self {
        let count = (bits + 1).div_ceil(width);
        let offset = (0..count - 1).map(|place| 1 << (width * place + width - 1)).sum();
        Self { width, count, offset }
    }

    #[inline]
    pub fn digit(&self, half: Half, place: u32) -> i32 {
        let shift = self.width * place;
        let (sum, carry) = half.magnitude.overflowing_add(self.offset);
        // If the width divides 128, the last place is the carry alone.
        let mut digit = sum.checked_shr(shift).unwrap_or(0) as i32;
        if place < self.count - 1 {
            digit = (digit & ((1 << self.width) - 1)) - (1 << (self.width - 1));
        } else if carry {
            // Only an offset carries, and with an offset there are lower places.
            digit += 1 << (u128::BITS - shift);
        }
        if half.negative {
            -digit
        } else {
            digit
        }
    }
}

/// Bits of the longest half, without its sign.
pub fn bits(halves: &[Halves]) -> u32 {
    let all = halves.iter().flatten().fold(0, |all, half| all | half.magnitude);
    u128::BITS - all.leading_zeros()
}
