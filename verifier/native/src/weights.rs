//! Weights of batch checks, from a secret seed (docs/protocol.md §8.5).

use sha3::digest::{ExtendableOutput, Update, XofReader};
use sha3::{Shake256, Shake256Reader};

pub const SEED_BYTES: usize = 32;

/// A stream of 128-bit weights, different for each use and place.
pub struct Weights(Shake256Reader);

impl Weights {
    /// `seed` is fresh for each audit, and unknown to the makers of the ballots until it is over.
    pub fn new(seed: &[u8; SEED_BYTES], used_for: &[u8], place: u64) -> Self {
        let hasher = Shake256::default().chain(seed).chain(place.to_be_bytes()).chain(used_for);
        Self(hasher.finalize_xof())
    }

    pub fn next(&mut self) -> u128 {
        let mut bytes = [0; 16];
        self.0.read(&mut bytes);
        u128::from_be_bytes(bytes)
    }
}
