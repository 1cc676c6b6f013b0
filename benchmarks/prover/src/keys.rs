//! The voters' signing keys on secp256k1, and their signatures (docs/protocol.md §2.6, §15).
//!
//! Not constant-time, and nonces come from the seed: for keys that protect nothing.

use crate::encoding::{from_big_endian, keccak, point, scalar, Hash, Randomness};
use crate::fixed_bases::{sums, Tables};
use ark_ec::AffineRepr;
use ark_ff::{batch_inversion, BigInteger, PrimeField, Zero};
use ark_secp256k1::{Affine, Config, Fr};
use rayon::prelude::*;

pub const SIGNATURE_BYTES: usize = 65;
pub type Address = [u8; 20];
pub type Signature = [u8; SIGNATURE_BYTES];
const CHUNK: usize = 256;

/// Multiples of the curve's generator.
pub struct Signing {
    tables: Tables<Config>,
    seed: Hash,
}

/// A voter in the order of the census.
#[derive(Clone, Copy)]
pub struct Voter {
    pub address: Address,
    /// Fixes the voter's key.
    number: u64,
}

/// A secret with its multiple of the generator.
struct Pair {
    secret: Fr,
    public: Affine,
}

/// Keys and nonces of some voters, for one signature each.
pub struct Signers {
    keys: Vec<Pair>,
    nonces: Vec<Pair>,
    inverses: Vec<Fr>,
}

impl Signing {
    /// For two multiplications of each voter in `ballots`, or one in a census.
    pub fn new(seed: Hash, multiplications: usize) -> Self {
        Self { tables: Tables::new(&[Affine::generator()], multiplications), seed }
    }

    /// All voters by address.
    pub fn voters(&self, count: usize) -> Vec<Voter> {
        let numbers: Vec<u64> = (0..count as u64).collect();
        let mut voters: Vec<Voter> = numbers
            .par_chunks(CHUNK)
            .flat_map_iter(|numbers| {
                let pairs = self.pairs("key", numbers.iter().copied());
                pairs.into_iter().zip(numbers).map(|(pair, number)| {
                    let digest = keccak(&[&point(&pair.public)]);
                    let address = *digest.last_chunk().expect("a digest is longer");
                    Voter { address, number: *number }
                })
            })
            .collect();
        voters.par_sort_unstable_by_key(|voter| voter.address);
        voters
    }

    pub fn signers(&self, voters: &[Voter]) -> Signers {
        let numbers = || voters.iter().map(|voter| voter.number);
        let (keys, nonces) = (self.pairs("key", numbers()), self.pairs("nonce", numbers()));
        let mut inverses: Vec<Fr> = nonces.iter().map(|nonce| nonce.secret).collect();
        batch_inversion(&mut inverses);
        Signers { keys, nonces, inverses }
    }

    fn pairs(&self, purpose: &str, numbers: impl Iterator<Item = u64>) -> Vec<Pair> {
        let (mut points, mut lengths) = (Vec::new(), Vec::new());
        let secrets: Vec<Fr> = numbers
            .map(|number| {
                let secret = Randomness::new(&self.seed, purpose, number).scalar();
                let before = points.len();
                self.tables.gather(0, &secret, &mut points);
                lengths.push(points.len() - before);
                secret
            })
            .collect();
        let publics = sums(points, lengths);
        secrets.into_iter().zip(publics).map(|(secret, public)| Pair { secret, public }).collect()
    }
}

impl Signers {
    /// The two coordinates of voter `place`'s key.
    pub fn public_key(&self, place: usize) -> [u8; 64] {
        point(&self.keys[place].public)
    }

    /// The signature of a digest by voter `place`, with low `s`; `r` and `s` are never zero here,
    /// and `r` is never above the order: no seed will find such a nonce.
    pub fn sign(&self, place: usize, digest: &Hash) -> Signature {
        let nonce = &self.nonces[place].public;
        let r: Fr = from_big_endian(&scalar(&nonce.x)).expect("an x below the order");
        let z = Fr::from_be_bytes_mod_order(digest);
        let mut s = self.inverses[place] * (z + r * self.keys[place].secret);
        assert!(!r.is_zero() && !s.is_zero());
        let mut odd = nonce.y.into_bigint().is_odd();
        if s.into_bigint() > Fr::MODULUS_MINUS_ONE_DIV_TWO {
            s = -s;
            odd = !odd;
        }
        let mut signature = [0; SIGNATURE_BYTES];
        signature[..32].copy_from_slice(&scalar(&r));
        signature[32..64].copy_from_slice(&scalar(&s));
        signature[64] = 27 + u8::from(odd);
        signature
    }
}
