//! Points that nobody knows a relation between (docs/protocol.md §2.7), derived once in a process.

use crate::parallel;
use ark_bn254::{Fq, G1Affine};
use ark_ff::{BigInteger, Field, PrimeField};
use sha3::{Digest, Keccak256};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Index of the first generator of commitments to permutations (§19.6).
const FIRST_OF_SHUFFLES: u32 = 1 << 31;

/// `K_0, K_1, …` as far as they were asked for: 72 bytes each, for as long as the process lives.
static OF_SHUFFLES: Mutex<Vec<G1Affine>> = Mutex::new(Vec::new());

/// `K_0, K_1, …`, so many of them; at most 2^31.
pub fn of_shuffles(count: usize) -> Vec<G1Affine> {
    let known = lock().len();
    // Without the lock: a thread that waits for others may take up work that asks for points, too.
    let numbers = known as u32..count.max(known) as u32;
    let more = parallel::map(numbers, |number| derive(FIRST_OF_SHUFFLES + number));
    let mut points = lock();
    if points.len() < count {
        let new = points.len() - known;
        points.extend(&more[new..]);
    }
    points[..count].to_vec()
}

fn lock() -> MutexGuard<'static, Vec<G1Affine>> {
    OF_SHUFFLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `point(index)` by try and increment.
pub fn derive(index: u32) -> G1Affine {
    let three = Fq::from(3);
    (0u32..)
        .find_map(|counter| {
            let digest = Keccak256::new()
                .chain_update(b"ostraka/v2/generators")
                .chain_update(index.to_be_bytes())
                .chain_update(counter.to_be_bytes())
                .finalize();
            let x = Fq::from_be_bytes_mod_order(&digest);
            let root = (x.square() * x + three).sqrt()?;
            let y = if root.into_bigint().is_odd() { -root } else { root };
            Some(G1Affine::new_unchecked(x, y))
        })
        .expect("half of all numbers are squares")
}
