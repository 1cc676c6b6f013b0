//! Halves of scalars (`endomorphism`), and halves as signed digits.

use zeroize::Zeroize;

/// Bits of the longest half, without its sign.
pub const HALF_BITS: u32 = 128;

/// An integer of at most 128 bits and a sign.
#[derive(Clone, Copy, PartialEq)]
pub struct Half {
    pub magnitude: u128,
    pub negative: bool,
}

impl Half {
    pub const ZERO: Self = Self { magnitude: 0, negative: false };
    pub const ONE: Self = Self { magnitude: 1, negative: false };

    pub fn is_zero(&self) -> bool {
        self.magnitude == 0
    }
}

impl From<u128> for Half {
    fn from(magnitude: u128) -> Self {
        Self { magnitude, negative: false }
    }
}

impl From<i128> for Half {
    fn from(value: i128) -> Self {
        Self { magnitude: value.unsigned_abs(), negative: value < 0 }
    }
}

/// `[k1, k2]` with `k = k1 + k2·λ` modulo the order of the group.
pub type Halves = [Half; 2];

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
