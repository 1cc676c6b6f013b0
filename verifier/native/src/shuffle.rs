//! Proofs of shuffle: decoding, challenges, and the equations of many steps together
//! (docs/protocol.md §19.6, §19.7).
//!
//! Says only whether all of them hold. The readable verifier says which step does not, and why.

use crate::encoding::{decode_points, decode_scalar, POINT_BYTES, SCALAR_BYTES};
use crate::endomorphism::Endomorphism;
use crate::scalar::{Half, Halves};
use crate::weights::{Weights, SEED_BYTES};
use crate::{group, parallel};
use ark_bn254::g1::Config;
use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, One, PrimeField, Zero};
use sha3::{Digest, Keccak256};
use std::ops::Range;

/// Length of a proof for each ballot.
pub const BYTES_A_BALLOT: usize = 320;

/// One step as it is checked.
pub struct Step<'a> {
    /// The transcript up to the outputs, without its tag.
    pub statement: &'a [u8],
    /// 320 bytes for each ballot.
    pub proof: &'a [u8],
}

/// Where the parts of a proof begin and end. Points are counted from the first one.
#[derive(Clone, Copy)]
pub struct Layout {
    ballots: usize,
}

impl Layout {
    /// `None` unless the length is that of a proof over this many ballots, at least one.
    pub fn new(ballots: usize, proof: &[u8]) -> Option<Self> {
        (ballots > 0 && Some(proof.len()) == ballots.checked_mul(BYTES_A_BALLOT))
            .then_some(Self { ballots })
    }

    pub fn outputs(&self) -> Range<usize> {
        0..self.ballots - 1
    }

    fn permutation(&self) -> Range<usize> {
        self.ballots - 1..2 * self.ballots - 2
    }

    fn chain(&self) -> Range<usize> {
        2 * self.ballots - 2..3 * self.ballots - 3
    }

    fn chain_masks(&self) -> Range<usize> {
        3 * self.ballots - 3..4 * self.ballots - 3
    }

    fn masks(&self) -> Range<usize> {
        4 * self.ballots - 3..4 * self.ballots - 1
    }
}

pub fn bytes_of(points: Range<usize>) -> Range<usize> {
    points.start * POINT_BYTES..points.end * POINT_BYTES
}

/// `V'_1 … V'_N` of a proof, the last one computed; `None` if they are not canonical.
pub fn outputs(inputs: &[G1Affine], proof: &[u8]) -> Option<Vec<G1Affine>> {
    let layout = Layout::new(inputs.len(), proof)?;
    let mut outputs = decode_points(&proof[bytes_of(layout.outputs())], false).ok()?;
    let last = (group::sum(inputs) - group::sum(&outputs)).into();
    outputs.push(last);
    (!last.is_zero()).then_some(outputs)
}

/// The running hash of a proof's transcript.
pub struct Challenges(Keccak256);

impl Challenges {
    pub fn new(statement: &[u8]) -> Self {
        Self(Keccak256::new().chain_update(b"ostraka/v2/transcript").chain_update(statement))
    }

    /// Absorbs the commitment to the permutation, and gives `u_1 … u_N`; `None` if the challenge is
    /// zero.
    pub fn vector(&mut self, permutation: &[u8], ballots: usize) -> Option<Vec<Fr>> {
        self.absorb("permutation", permutation);
        let seed = self.challenge()?.into_bigint().to_bytes_be();
        let prefix = Keccak256::new().chain_update(b"ostraka/v2/shuffle-vector").chain_update(seed);
        let numbers: Vec<u32> = (1..=ballots as u32).collect();
        let vector = parallel::map(numbers.chunks(CHUNK), |numbers| {
            let value = |number: &u32| {
                let digest = prefix.clone().chain_update(number.to_be_bytes()).finalize();
                Fr::from_be_bytes_mod_order(&digest)
            };
            numbers.iter().map(value).collect::<Vec<_>>()
        });
        Some(vector.concat())
    }

    /// Absorbs chain and masks, and gives `x`; `None` if it is zero.
    pub fn last(&mut self, chain: &[u8], chain_masks: &[u8], masks: &[u8]) -> Option<Fr> {
        self.absorb("chain", chain);
        self.absorb("chain-masks", chain_masks);
        self.absorb("masks", masks);
        self.challenge()
    }

    fn absorb(&mut self, label: &str, message: &[u8]) {
        for part in [label.as_bytes(), message] {
            self.0.update((part.len() as u32).to_be_bytes());
            self.0.update(part);
        }
    }

    fn challenge(&self) -> Option<Fr> {
        let challenge = Fr::from_be_bytes_mod_order(&self.0.clone().finalize());
        (!challenge.is_zero()).then_some(challenge)
    }
}

/// Scalars that one thread handles at once.
const CHUNK: usize = 1024;

/// Whether the proofs of steps that follow one another hold.
///
/// `columns` are the values before and after each step, all of one length; `generators` are `K_0 …
/// K_N`, `blinding` is `H`. `seed` is unpredictable to the makers of the proofs.
pub fn hold(
    generators: &[G1Affine],
    blinding: G1Affine,
    columns: &[&[G1Affine]],
    steps: &[Step],
    seed: &[u8; SEED_BYTES],
) -> bool {
    let ballots = generators.len() - 1;
    let folded = parallel::map(steps.iter().enumerate(), |(number, step)| {
        Folded::new(ballots, step, Weights::new(seed, b"shuffle", number as u64))
    });
    let Some(folded) = folded.into_iter().collect::<Option<Vec<_>>>() else { return false };
    let mut on_generators = vec![Fr::zero(); generators.len()];
    let mut on_blinding = Fr::zero();
    let mut on_columns = vec![vec![Fr::zero(); ballots]; columns.len()];
    let mut points = [generators, &[blinding], &columns.concat()].concat();
    let mut own = Vec::new();
    for (number, step) in folded.into_iter().enumerate() {
        add(&mut on_generators, &step.on_generators);
        on_blinding += step.on_blinding;
        add(&mut on_columns[number], &step.on_inputs);
        add(&mut on_columns[number + 1], &step.on_outputs);
        points.extend(step.points);
        own.extend(step.scalars);
    }
    on_generators.push(on_blinding);
    on_generators.extend(on_columns.into_iter().flatten());
    let mut scalars = parallel::map(on_generators.chunks(CHUNK), split).concat();
    scalars.extend(own);
    group::msm(&points, &scalars).is_zero()
}

fn add(sums: &mut [Fr], more: &[Fr]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

fn split(scalars: &[Fr]) -> Vec<Halves> {
    scalars.iter().map(|scalar| Config::split(&scalar.into_bigint())).collect()
}

/// The weighted sum of one step's equations.
struct Folded {
    on_generators: Vec<Fr>,
    on_blinding: Fr,
    on_inputs: Vec<Fr>,
    on_outputs: Vec<Fr>,
    /// `c`, `ĉ`, `T̂`, `T_1`, `T_2`, and their scalars.
    points: Vec<G1Affine>,
    scalars: Vec<Halves>,
}

impl Folded {
    /// `None` if the proof is not canonical, or a challenge is zero.
    fn new(ballots: usize, step: &Step, mut weights: Weights) -> Option<Self> {
        let layout = Layout::new(ballots, step.proof)?;
        let (encoded, scalars) = step.proof.split_at(layout.masks().end * POINT_BYTES);
        let points = decode_points(
            &encoded[bytes_of(layout.permutation().start..layout.masks().end)],
            false,
        )
        .ok()?;
        let scalars = decode_scalars(scalars)?;
        let (chain_responses, rest) = scalars.split_at(ballots);
        let (permuted, rest) = rest.split_at(ballots);
        let (permutation_response, column_response) = (rest[0], rest[1]);

        let mut challenges = Challenges::new(step.statement);
        let u = challenges.vector(&encoded[bytes_of(layout.permutation())], ballots)?;
        let x = challenges.last(
            &encoded[bytes_of(layout.chain())],
            &encoded[bytes_of(layout.chain_masks())],
            &encoded[bytes_of(layout.masks())],
        )?;
        let [on_permutation, on_column] = [weights.next(), weights.next()];
        let on_chain: Vec<u128> = (0..ballots).map(|_| weights.next()).collect();
        let [permutation, column] = [on_permutation, on_column].map(Fr::from);
        let chain: Vec<Fr> = on_chain.iter().map(|weight| Fr::from(*weight)).collect();
        let last = u[ballots - 1];

        // E1: T_1 + x Σ u_j c_j = s̃ K_0 + Σ s'_p K_p, with c_N = Σ K_p − c_1 − … − c_{N−1}.
        let weight = permutation * x;
        let common = weight * last;
        let mut on_generators = Vec::with_capacity(ballots + 1);
        on_generators.push(-permutation * permutation_response);
        on_generators.extend(permuted.iter().map(|response| common - permutation * response));
        let mut own = Vec::with_capacity(points.len());
        own.extend(u[..ballots - 1].iter().map(|value| whole(weight * (*value - last))));
        // E2: T_2 + x Σ u_j V_j + s_e H = Σ s'_p V'_p.
        let weight = column * x;
        let on_inputs = u.iter().map(|value| weight * value).collect();
        let on_outputs = permuted.iter().map(|response| -column * response).collect();
        // E3: T̂_p + x ĉ_p = ŝ_p K_0 + s'_p ĉ_{p−1}, with ĉ_0 = K_1 and ĉ_N = u_1 ⋯ u_N K_1.
        for (weight, response) in chain.iter().zip(chain_responses) {
            on_generators[0] -= *weight * response;
        }
        let product = u.iter().fold(Fr::one(), |product, value| product * value);
        on_generators[1] += chain[ballots - 1] * x * product - chain[0] * permuted[0];
        let next = chain[1..].iter().zip(&permuted[1..]);
        own.extend(
            chain
                .iter()
                .zip(next)
                .map(|(weight, (following, response))| whole(*weight * x - *following * response)),
        );
        own.extend(
            on_chain
                .iter()
                .chain([&on_permutation, &on_column])
                .map(|weight| [Half::from(*weight), Half::ZERO]),
        );
        Some(Self {
            on_generators,
            on_blinding: column * column_response,
            on_inputs,
            on_outputs,
            points,
            scalars: own,
        })
    }
}

fn whole(scalar: Fr) -> Halves {
    Config::split(&scalar.into_bigint())
}

/// `None` if one is not below the group order.
pub fn decode_scalars(data: &[u8]) -> Option<Vec<Fr>> {
    data.chunks_exact(SCALAR_BYTES)
        .map(|bytes| decode_scalar(bytes).and_then(Fr::from_bigint))
        .collect()
}
