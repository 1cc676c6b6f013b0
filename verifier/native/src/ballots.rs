//! Ballots of one poll: decoding and proofs of many together (docs/protocol.md §8.2–§8.6).
//!
//! Says only which ballots hold. The readable verifier says why one does not.

use crate::encoding::{decode_points, decode_scalar, POINT_BYTES, SCALAR_BYTES};
use crate::endomorphism::Endomorphism;
use crate::group;
use crate::rule::Rule;
use crate::scalar::{Half, Halves};
use ark_bn254::g1::Config;
use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField, Zero};
use sha3::{Digest, Keccak256};

pub const ADDRESS_BYTES: usize = 20;
pub const TIME_BYTES: usize = 8;
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
        let mut equations = Equations::new(self);
        let mut points = Vec::with_capacity(ballots.len() * self.points());
        for (ballot, weights) in ballots.iter().zip(weights.chunks_exact(WEIGHTS)) {
            let opened = self.open(ballot)?;
            if !self.rows_hold(&opened) {
                return None;
            }
            let (weights, _) = weights.as_chunks::<WEIGHT_BYTES>();
            let weight = |number: usize| u128::from_be_bytes(weights[number]);
            self.fold(&mut equations, &opened, [weight(0), weight(1), weight(2)]);
            points.extend(opened.points);
        }
        equations.residual(self).is_zero().then_some(points)
    }

    /// Decodes a ballot of the poll's length; `None` if it is not canonical.
    pub fn open(&self, ballot: &[u8]) -> Option<Opened> {
        let (points, mut scalars) = self.decode(ballot)?;
        let blindings = scalars.split_off(self.rule.bits);
        let challenge = self.challenge_of(ballot);
        Some(Opened { points, responses: scalars, blindings, challenge })
    }

    /// The points and scalars of a ballot, with anything behind it.
    pub fn decode(&self, ballot: &[u8]) -> Option<(Vec<G1Affine>, Vec<Fr>)> {
        let (points, scalars) = ballot[ADDRESS_BYTES + TIME_BYTES..self.ballot_bytes()]
            .split_at(self.points() * POINT_BYTES);
        let scalars = scalars
            .chunks_exact(SCALAR_BYTES)
            .map(|bytes| decode_scalar(bytes).and_then(Fr::from_bigint))
            .collect::<Option<Vec<_>>>()?;
        Some((decode_points(points, false).ok()?, scalars))
    }

    pub fn challenge_of(&self, ballot: &[u8]) -> Fr {
        let (voter, rest) = ballot.split_at(ADDRESS_BYTES);
        self.challenge(voter, &rest[TIME_BYTES..][..self.points() * POINT_BYTES])
    }

    /// Whether the challenge is not zero, and every row of the rule holds.
    pub fn rows_hold(&self, ballot: &Opened) -> bool {
        !ballot.challenge.is_zero() && self.rule.rows_hold(&ballot.responses, ballot.challenge)
    }

    /// The points `V, A_1, …, A_{t−1}` of a ballot.
    pub fn sharing<'a>(&self, ballot: &'a Opened) -> &'a [G1Affine] {
        &ballot.points[..self.threshold]
    }

    pub fn threshold(&self) -> usize {
        self.threshold
    }

    pub fn context(&self) -> &[u8; 32] {
        &self.context
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
    pub fn fold(&self, equations: &mut Equations, ballot: &Opened, weights: [u128; 3]) {
        let (f, x) = (&ballot.responses, ballot.challenge);
        let (z_value, z_bits, z_square) = match ballot.blindings[..] {
            [value, bits, square] => (value, bits, square),
            [value, square] => (value, Fr::zero(), square),
            _ => unreachable!("the rule fixes the number of blindings"),
        };
        let separate = !self.rule.slots_are_bits;
        let [on_value, mut on_bits, on_square] = weights.map(Fr::from);
        if !separate {
            on_bits = Fr::zero();
        }
        let of_slots = self.rule.slot_values(f);
        let on = &mut equations.on_generators;
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
        let mut pair = |statement: &G1Affine, mask: &G1Affine, weight: u128| {
            equations.points.extend([*statement, *mask]);
            let on_statement = Config::split(&(Fr::from(weight) * x).into_bigint());
            equations.scalars.extend([on_statement, [Half::from(weight), Half::ZERO]]);
        };
        match (&ballot.points[..1], &ballot.points[self.threshold..]) {
            ([value], [mask, cross, square]) => {
                pair(value, mask, weights[0]);
                pair(cross, square, weights[2]);
            }
            ([value], [bits, mask, bits_mask, cross, square]) => {
                pair(value, mask, weights[0]);
                pair(bits, bits_mask, weights[1]);
                pair(cross, square, weights[2]);
            }
            _ => unreachable!("the rule fixes the number of points"),
        }
    }
}

/// A canonical ballot, decoded.
pub struct Opened {
    points: Vec<G1Affine>,
    responses: Vec<Fr>,
    blindings: Vec<Fr>,
    challenge: Fr,
}

/// The weighted sum of the equations of some ballots, which is the identity if all hold.
pub struct Equations {
    on_generators: Vec<Fr>,
    points: Vec<G1Affine>,
    scalars: Vec<Halves>,
}

impl Equations {
    pub fn new(poll: &Poll) -> Self {
        let on_generators = vec![Fr::zero(); poll.generators.len()];
        Self { on_generators, points: Vec::new(), scalars: Vec::new() }
    }

    /// The sum of both.
    pub fn join(mut self, other: Self) -> Self {
        for (sum, more) in self.on_generators.iter_mut().zip(other.on_generators) {
            *sum += more;
        }
        self.points.extend(other.points);
        self.scalars.extend(other.scalars);
        self
    }

    /// The value of the sum.
    pub fn residual(&self, poll: &Poll) -> G1Affine {
        let on_generators =
            self.on_generators.iter().map(|sum| Config::split(&(-*sum).into_bigint()));
        let scalars: Vec<_> = on_generators.chain(self.scalars.iter().copied()).collect();
        group::msm(&[&poll.generators[..], &self.points].concat(), &scalars)
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
