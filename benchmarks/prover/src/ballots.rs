//! Complete records of ballots: proof, signing key, hash of boxes, signature (docs/protocol.md §8).
//!
//! Masks and coefficients have 64 bits and blindings 128, where a voter's are uniform. That halves
//! the work here. It makes no difference to an audit, and there is no secret to protect: everything
//! follows from the seed.

use crate::encoding::{keccak, point, scalar, Hash, Randomness};
use crate::fixed_bases::{sums, Tables};
use crate::keys::{Signers, Signing, Voter};
use crate::rule::{combination, Rule};
use crate::tree::Node;
use ark_bn254::g1::Config;
use ark_bn254::{Fr, G1Affine};
use ark_ec::CurveGroup;
use ark_ff::{One, PrimeField, Zero};
use sha3::{Digest, Keccak256};

/// Ballots whose sums share their inversions.
const BATCH: usize = 32;

/// What all ballots of a poll have in common.
pub struct Poll {
    pub rule: Rule,
    pub threshold: usize,
    pub context: Hash,
    /// Of the registry's EIP-712 domain, and hash of the type `Ballot`.
    pub separator: Hash,
    pub ballot_type: Hash,
    /// First cast time, and number of seconds from there that are used in turn.
    pub cast_from: u64,
    pub cast_span: u64,
    /// Bits of ballots and weights of voters, used in turn.
    pub votes: Vec<Vec<bool>>,
    pub weights: Vec<u128>,
    pub tables: Tables<Config>,
    pub seed: Hash,
}

/// Some consecutive ballots.
pub struct Made {
    pub records: Vec<u8>,
    /// Leaves of the sum tree.
    pub leaves: Vec<Node>,
    /// Weighted sums of the coefficients of each degree: all slots', then the blinding's.
    pub sums: Vec<Vec<Fr>>,
    /// Each ballot's blinding of `V`, 32 bytes.
    pub blindings: Vec<u8>,
}

/// The secrets of one ballot.
struct Secrets<'a> {
    vote: &'a [bool],
    /// As `Made::sums`.
    coefficients: Vec<Vec<Fr>>,
    mask: Vec<Fr>,
    bits_blinding: Fr,
    value_mask: Fr,
    bits_mask: Fr,
    cross: Fr,
    square: Fr,
    boxes_hash: Hash,
}

impl Poll {
    /// Multiplications of bases by long scalars in one ballot.
    pub fn multiplications(rule: &Rule, threshold: usize) -> usize {
        let separate = if rule.slots_are_bits() { 0 } else { rule.slots.len() + 2 };
        (threshold - 1) * (rule.slots.len() + 1) + 2 * rule.width() + separate + 5
    }

    fn weight(&self, place: usize) -> u128 {
        self.weights[place % self.weights.len()]
    }

    /// The ballots of voters from `first` on.
    pub fn make(&self, signing: &Signing, first: usize, voters: &[Voter]) -> Made {
        let coefficients = self.rule.slots.len() + 1;
        let mut made = Made {
            records: Vec::new(),
            leaves: Vec::new(),
            sums: vec![vec![Fr::zero(); coefficients]; self.threshold],
            blindings: Vec::new(),
        };
        for (batch, voters) in voters.chunks(BATCH).enumerate() {
            self.add(&mut made, signing, first + batch * BATCH, voters);
        }
        made
    }

    fn add(&self, made: &mut Made, signing: &Signing, first: usize, voters: &[Voter]) {
        let secrets: Vec<Secrets> =
            (first..first + voters.len()).map(|place| self.secrets(place)).collect();
        let points = self.points(&secrets);
        let values: Vec<G1Affine> = points.iter().map(|points| points[0]).collect();
        let weighted = self.weighted(first, &values);
        let signers = signing.signers(voters);
        for (offset, secrets) in secrets.iter().enumerate() {
            let place = first + offset;
            let weight = Fr::from(self.weight(place));
            for (sums, values) in made.sums.iter_mut().zip(&secrets.coefficients) {
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
            }
            let blinding = secrets.coefficients[0].last().expect("a blinding");
            made.blindings.extend_from_slice(&scalar(blinding));
            let voter = &voters[offset];
            let digest = self.record(
                &mut made.records,
                &signers,
                offset,
                place,
                voter,
                secrets,
                &points[offset],
            );
            let leaf = keccak(&[
                b"ostraka/v2/leaf",
                &voter.address,
                &self.weight(place).to_be_bytes(),
                &self.cast_at(place).to_be_bytes(),
                &digest,
                &point(&weighted[offset]),
            ]);
            made.leaves.push((leaf, weighted[offset]));
        }
    }

    fn cast_at(&self, place: usize) -> u64 {
        self.cast_from + place as u64 % self.cast_span
    }

    fn secrets(&self, place: usize) -> Secrets<'_> {
        let mut random = Randomness::new(&self.seed, "ballot", place as u64);
        let vote = &self.votes[place % self.votes.len()];
        let bits: Vec<Fr> = vote.iter().map(|bit| Fr::from(u8::from(*bit))).collect();
        let mut values = self.rule.slot_values(&bits);
        values.push(random.blinding());
        let mut coefficients = vec![values];
        for _ in 1..self.threshold {
            let mut values: Vec<Fr> = self.rule.slots.iter().map(|_| random.short()).collect();
            values.push(random.blinding());
            coefficients.push(values);
        }
        Secrets {
            vote,
            coefficients,
            mask: self.rule.mask(|| random.short()),
            bits_blinding: random.blinding(),
            value_mask: random.blinding(),
            bits_mask: random.blinding(),
            cross: random.blinding(),
            square: random.blinding(),
            boxes_hash: random.bytes(),
        }
    }

    /// `V, A_1 …, [U], A_V, [A_U], C, D` of each ballot.
    fn points(&self, secrets: &[Secrets]) -> Vec<Vec<G1Affine>> {
        let separate = !self.rule.slots_are_bits();
        let (mut parts, mut lengths) = (Vec::new(), Vec::new());
        let mut commit = |values: &mut dyn Iterator<Item = (usize, Fr)>| {
            let before = parts.len();
            for (base, value) in values {
                self.tables.gather(base, &value, &mut parts);
            }
            lengths.push(parts.len() - before);
        };
        for one in secrets {
            for values in &one.coefficients {
                let (blinding, values) = values.split_last().expect("a blinding");
                commit(&mut numbered(values, *blinding));
            }
            if separate {
                let bits: Vec<Fr> = one.vote.iter().map(|bit| Fr::from(u8::from(*bit))).collect();
                commit(&mut numbered(&bits, one.bits_blinding));
                commit(&mut numbered(&self.rule.slot_values(&one.mask), one.value_mask));
                commit(&mut numbered(&one.mask, one.bits_mask));
            } else {
                commit(&mut numbered(&one.mask, one.value_mask));
            }
            commit(&mut self.cross(one));
            let (_, constants) = self.quadratic(one);
            let squares: Vec<Fr> = one.mask.iter().map(|a| -(*a * a)).chain(constants).collect();
            commit(&mut numbered(&squares, one.square));
        }
        let per_ballot = lengths.len() / secrets.len();
        let mut points = sums(parts, lengths);
        // C is that of its remainder and the mask's commitment before it.
        let cross = per_ballot - 2;
        let pairs = points.chunks_exact(per_ballot).flat_map(|of| [of[cross - 1], of[cross]]);
        let crosses = sums(pairs.collect(), vec![2; secrets.len()]);
        for (points, sum) in points.chunks_exact_mut(per_ballot).zip(crosses) {
            points[cross] = sum;
        }
        points.chunks_exact(per_ballot).map(<[G1Affine]>::to_vec).collect()
    }

    /// What `com(a∘(1 − 2b) ‖ q¹; w)` adds to the commitment to the mask `a`.
    fn cross<'a>(&'a self, one: &'a Secrets) -> impl Iterator<Item = (usize, Fr)> + 'a {
        let of_mask = if self.rule.slots_are_bits() { one.value_mask } else { one.bits_mask };
        let flipped = (1..).zip(&one.mask).zip(one.vote).filter(|(_, bit)| **bit);
        let (linear, _) = self.quadratic(one);
        std::iter::once((0, one.cross - of_mask))
            .chain(flipped.map(|((base, mask), _)| (base, -(*mask + mask))))
            .chain((self.rule.bits + 1..).zip(linear))
    }

    /// `q¹` and `q⁰` of all quadratic rows.
    fn quadratic(&self, one: &Secrets) -> (Vec<Fr>, Vec<Fr>) {
        let (values, masks) = (&one.coefficients[0], self.rule.slot_values(&one.mask));
        let rows = self.rule.quadratic_rows.iter().map(|row| {
            let mixed: Fr = row.slots.iter().map(|slot| values[*slot] * masks[*slot]).sum();
            let squares: Fr = row.slots.iter().map(|slot| masks[*slot] * masks[*slot]).sum();
            (-(mixed + mixed) - combination(&row.terms, &one.mask), -squares)
        });
        rows.unzip()
    }

    fn weighted(&self, first: usize, values: &[G1Affine]) -> Vec<G1Affine> {
        if self.weights.iter().all(u128::is_one) {
            return values.to_vec();
        }
        let scaled: Vec<_> = (first..)
            .zip(values)
            .map(|(place, value)| *value * Fr::from(self.weight(place)))
            .collect();
        CurveGroup::normalize_batch(&scaled)
    }

    /// Appends a record and returns the ballot's digest.
    #[allow(clippy::too_many_arguments)]
    fn record(
        &self,
        records: &mut Vec<u8>,
        signers: &Signers,
        offset: usize,
        place: usize,
        voter: &Voter,
        secrets: &Secrets,
        points: &[G1Affine],
    ) -> Hash {
        let encoded: Vec<u8> = points.iter().flat_map(point).collect();
        let x = self.challenge(&voter.address, &encoded);
        let start = records.len();
        records.extend_from_slice(&voter.address);
        records.extend_from_slice(&self.cast_at(place).to_be_bytes());
        records.extend_from_slice(&encoded);
        for (mask, bit) in secrets.mask.iter().zip(secrets.vote) {
            records.extend_from_slice(&scalar(&if *bit { x + mask } else { *mask }));
        }
        let blinding = secrets.coefficients[0].last().expect("a blinding");
        records.extend_from_slice(&scalar(&(x * blinding + secrets.value_mask)));
        if !self.rule.slots_are_bits() {
            records.extend_from_slice(&scalar(&(x * secrets.bits_blinding + secrets.bits_mask)));
        }
        records.extend_from_slice(&scalar(&(x * secrets.cross + secrets.square)));
        let digest = keccak(&[b"ostraka/v2/ballot", &records[start..]]);
        let mut members = [0; 64];
        members[12..32].copy_from_slice(&voter.address);
        members[56..].copy_from_slice(&self.cast_at(place).to_be_bytes());
        let statement =
            keccak(&[&self.ballot_type, &self.context, &members, &digest, &secrets.boxes_hash]);
        let signed = keccak(&[b"\x19\x01", &self.separator, &statement]);
        records.extend_from_slice(&signers.public_key(offset));
        records.extend_from_slice(&secrets.boxes_hash);
        records.extend_from_slice(&signers.sign(offset, &signed));
        digest
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
        let separate = usize::from(!self.rule.slots_are_bits());
        let labels = [
            ("value", 1),
            ("sharing", self.threshold - 1),
            ("bits", separate),
            ("value-mask", 1),
            ("bits-mask", separate),
            ("cross", 1),
            ("square", 1),
        ];
        let mut rest = points;
        for (label, count) in labels.into_iter().filter(|(_, count)| *count > 0) {
            let (message, after) = rest.split_at(64 * count);
            absorb(label, message);
            rest = after;
        }
        Fr::from_be_bytes_mod_order(&hasher.finalize())
    }
}

/// Values by their generators from the first on, after the blinding on `H`.
fn numbered(values: &[Fr], blinding: Fr) -> impl Iterator<Item = (usize, Fr)> + '_ {
    std::iter::once((0, blinding)).chain((1..).zip(values.iter().copied()))
}
