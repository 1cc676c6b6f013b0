//! Ballots of one poll: decoding and proofs of many together (docs/protocol.md §8.2–§8.6).
//!
//! Says only whether all hold. The readable verifier says which one fails, and why.

use crate::encoding::{decode_points, decode_scalar, POINT_BYTES, SCALAR_BYTES};
use crate::group;
use crate::rule::Rule;
use crate::scalar::split;
use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField, Zero};
use sha3::{Digest, Keccak256};

const ADDRESS_BYTES: usize = 20;
const TIME_BYTES: usize = 8;
/// Bytes of one weight, and weights of one ballot: one for each equation.
const WEIGHT_BYTES: usize = 16;
pub const WEIGHTS: usize = 3 * WEIGHT_BYTES;

/// What all ballots of a poll have in common.
pub struct Poll {
    rule: Rule,
    threshold: usize,
    context: [u8; 32],
    /// `H, G_1, …`, as many as the rule uses.
    generators: Vec<G1Affine>,
}

impl Poll {
    /// `None` without a threshold, or without the generators that the rule uses.
    pub fn new(
        rule: Rule,
        threshold: usize,
        context: [u8; 32],
        generators: &[G1Affine],
    ) -> Option<Self> {
        let generators = generators.get(..1 + rule.width())?.to_vec();
        (threshold > 0).then_some(Self { rule, threshold, context, generators })
    }

    /// Labels of the transcript, with the number of points of each, in canonical order.
    fn labels(&self) -> [(&'static str, usize); 7] {
        let separate = usize::from(!self.rule.slots_are_bits);
        [
            ("value", 1),
            ("sharing", self.threshold - 1),
            ("bits", separate),
            ("value-mask", 1),
            ("bits-mask", separate),
            ("cross", 1),
            ("square", 1),
        ]
    }

    pub fn points(&self) -> usize {
        self.labels().iter().map(|(_, count)| count).sum()
    }

    pub fn ballot_bytes(&self) -> usize {
        let blindings = if self.rule.slots_are_bits { 2 } else { 3 };
        let scalars = self.rule.bits + blindings;
        ADDRESS_BYTES + TIME_BYTES + POINT_BYTES * self.points() + SCALAR_BYTES * scalars
    }

    /// Approximate cost of a ballot, in additions of points.
    pub fn additions(&self) -> usize {
        16 * self.points()
    }

    /// The points of all ballots in order, if every ballot holds. Ballots must have their length,
    /// and weights be `WEIGHTS` bytes for each.
    pub fn check(&self, ballots: &[&[u8]], weights: &[u8]) -> Option<Vec<G1Affine>> {
        let mut sums = Sums::new(&self.rule);
        let mut encoded = Vec::with_capacity(ballots.len() * self.points() * POINT_BYTES);
        for (ballot, weights) in ballots.iter().zip(weights.chunks_exact(WEIGHTS)) {
            let (voter, rest) = ballot.split_at(ADDRESS_BYTES);
            let (points, scalars) = rest[TIME_BYTES..].split_at(self.points() * POINT_BYTES);
            encoded.extend_from_slice(points);
            let challenge = self.challenge(voter, points);
            if challenge.is_zero() {
                return None;
            }
            let scalars = scalars
                .chunks_exact(SCALAR_BYTES)
                .map(|bytes| decode_scalar(bytes).and_then(Fr::from_bigint))
                .collect::<Option<Vec<_>>>()?;
            let (responses, blindings) = scalars.split_at(self.rule.bits);
            if !self.rule.rows_hold(responses, challenge) {
                return None;
            }
            let weight = |number: usize| {
                Fr::from_be_bytes_mod_order(&weights[WEIGHT_BYTES * number..][..WEIGHT_BYTES])
            };
            let weights = [weight(0), weight(1), weight(2)];
            self.add(&mut sums, responses, blindings, challenge, weights);
        }
        let points = decode_points(&encoded, false).ok()?;
        let all = [&self.generators[..], &points].concat();
        let on_generators = sums.on_generators.iter().map(|sum| -*sum);
        let halves: Vec<_> = on_generators
            .chain(sums.on_points)
            .map(|scalar| split(&scalar.into_bigint()))
            .collect();
        group::msm(&all, &halves).is_zero().then_some(points)
    }

    fn challenge(&self, voter: &[u8], points: &[u8]) -> Fr {
        let mut hasher = Keccak256::new_with_prefix("ostraka/v2/transcript");
        let mut absorb = |label: &str, message: &[u8]| {
            for part in [label.as_bytes(), message] {
                hasher.update((part.len() as u32).to_be_bytes());
                hasher.update(part);
            }
        };
        absorb("purpose", b"ballot");
        absorb("poll", &self.context);
        absorb("voter", voter);
        let mut rest = points;
        for (label, count) in self.labels().into_iter().filter(|(_, count)| *count > 0) {
            let (message, after) = rest.split_at(count * POINT_BYTES);
            absorb(label, message);
            rest = after;
        }
        Fr::from_be_bytes_mod_order(&hasher.finalize())
    }

    /// Adds one ballot's equations, each by its weight:
    /// `x V + A_V = com(f_v; z_V)`, `x U + A_U = com(f; z_U)`, `x C + D = com(f (x − f) ‖ q; z_C)`.
    fn add(&self, sums: &mut Sums, f: &[Fr], blindings: &[Fr], x: Fr, weights: [Fr; 3]) {
        let separate = !self.rule.slots_are_bits;
        let [on_value, mut on_bits, on_square] = weights;
        let (z_value, z_bits, z_square) = match *blindings {
            [value, bits, square] => (value, bits, square),
            [value, square] => (value, Fr::zero(), square),
            _ => unreachable!("the rule fixes the number of blindings"),
        };
        if !separate {
            on_bits = Fr::zero();
        }
        let of_slots = self.rule.slot_values(f);
        let on = &mut sums.on_generators;
        on[0] += on_value * z_value + on_bits * z_bits + on_square * z_square;
        for (sum, response) in on[1..].iter_mut().zip(&of_slots) {
            *sum += on_value * response;
        }
        for (sum, response) in on[1..].iter_mut().zip(f) {
            *sum += *response * (on_bits + on_square * (x - response));
        }
        for (sum, remainder) in
            on[1 + self.rule.bits..].iter_mut().zip(self.rule.remainders(f, &of_slots, x))
        {
            *sum += on_square * remainder;
        }
        let points = &mut sums.on_points;
        points.push(on_value * x);
        points.resize(points.len() + self.threshold - 1, Fr::zero());
        if separate {
            points.push(on_bits * x);
        }
        points.push(on_value);
        if separate {
            points.push(on_bits);
        }
        points.extend([on_square * x, on_square]);
    }
}

/// Coefficients of the generators and of the ballots' points in the sum of all equations.
struct Sums {
    on_generators: Vec<Fr>,
    on_points: Vec<Fr>,
}

impl Sums {
    fn new(rule: &Rule) -> Self {
        Self { on_generators: vec![Fr::zero(); 1 + rule.width()], on_points: Vec::new() }
    }
}

/// A scalar from a canonical integer of 16 bytes in two's complement.
pub fn signed(value: i128) -> Fr {
    let magnitude = value.unsigned_abs();
    let limbs = [magnitude as u64, (magnitude >> 64) as u64, 0, 0];
    let scalar = Fr::from_bigint(BigInt::new(limbs)).expect("below the group order");
    if value < 0 {
        -scalar
    } else {
        scalar
    }
}
