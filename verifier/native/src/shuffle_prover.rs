//! Proves shuffles (docs/protocol.md §19.6), the same bytes as the readable prover.
//!
//! As everywhere in this crate, time and memory access depend on scalars, also on secret ones. Those
//! of ballots go through tables of few bases only. Here the masks `ω'` meet `N` bases, for which
//! there are no tables: they are split into two summands, each of which is uniform by itself, before
//! the buckets see them. Copies of secrets are wiped.

use crate::encoding::{encode_points, SCALAR_BYTES};
use crate::endomorphism::Endomorphism;
use crate::fixed_bases::WindowTables;
use crate::group;
use crate::scalar::SecretHalves;
use crate::shuffle::{decode_scalars, Challenges, BYTES_A_BALLOT};
use ark_bn254::g1::Config;
use ark_bn254::{Fr, G1Affine};
use ark_ff::{BigInteger, One, PrimeField, Zero};
use zeroize::Zeroizing;

type Secrets = Zeroizing<Vec<Fr>>;

/// What the first member of a group knows of its step.
pub struct Witness {
    /// The input at each output's place, from 0.
    permutation: Zeroizing<Vec<u32>>,
    /// `ε_1 … ε_N`.
    blindings: Secrets,
    masks: Masks,
}

struct Masks {
    permutation: Secrets,
    chain: Secrets,
    chain_masks: Secrets,
    permuted: Secrets,
    permutation_mask: Fr,
    column_mask: Fr,
    /// Summands that split a mask of its own, and `permuted`.
    parts: Secrets,
}

/// Scalars of randomness of a proof over `ballots` ballots.
pub fn mask_count(ballots: usize) -> usize {
    5 * ballots + 1
}

impl Witness {
    /// Reads packed numbers: `u32` places from 0, `ε`, and `r ‖ r̂ ‖ ω̂ ‖ ω' ‖ ω̃ ‖ ω_e ‖ parts`.
    ///
    /// `None` for wrong lengths, no permutation, or a scalar that is too large.
    pub fn decode(ballots: usize, places: &[u8], blindings: &[u8], masks: &[u8]) -> Option<Self> {
        let (places, rest) = places.as_chunks::<4>();
        let permutation = Zeroizing::new(
            places.iter().map(|place| u32::from_be_bytes(*place)).collect::<Vec<_>>(),
        );
        let mut sorted = permutation.clone();
        sorted.sort_unstable();
        if !rest.is_empty() || !sorted.iter().copied().eq(0..ballots as u32) {
            return None;
        }
        let whole = |data: &[u8], count: usize| {
            let scalars = Zeroizing::new(decode_scalars(data)?);
            (data.len() == count * SCALAR_BYTES).then_some(scalars)
        };
        let blindings = whole(blindings, ballots)?;
        let masks = whole(masks, mask_count(ballots))?;
        let mut rest = &masks[..];
        let mut take = |count: usize| {
            let (taken, after) = rest.split_at(count);
            rest = after;
            Zeroizing::new(taken.to_vec())
        };
        let masks = Masks {
            permutation: take(ballots - 1),
            chain: take(ballots - 1),
            chain_masks: take(ballots),
            permuted: take(ballots),
            permutation_mask: take(1)[0],
            column_mask: take(1)[0],
            parts: take(ballots + 1),
        };
        Some(Self { permutation, blindings, masks })
    }
}

impl Drop for Masks {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.permutation_mask.zeroize();
        self.column_mask.zeroize();
    }
}

/// The proof; `None` if a challenge is zero. `tables` are those of `K_0` and `K_1`, and `generators`
/// `K_0 … K_N`.
pub fn prove(
    generators: &[G1Affine],
    tables: &WindowTables,
    blinding: G1Affine,
    statement: &[u8],
    outputs: &[G1Affine],
    witness: &Witness,
) -> Option<Vec<u8>> {
    let (ballots, masks) = (outputs.len(), &witness.masks);
    let mut challenges = Challenges::new(statement);

    // c_{π(p)} = r_{π(p)} K_0 + K_p, and the r add up to zero.
    let mut on_inputs = masks.permutation.clone();
    on_inputs.push(-masks.permutation.iter().sum::<Fr>());
    let mut targets = vec![G1Affine::identity(); ballots];
    for (generator, place) in generators[1..].iter().zip(witness.permutation.iter()) {
        targets[*place as usize] = *generator;
    }
    let blinded = commit(tables, on_inputs.iter().map(|scalar| [*scalar, Fr::zero()]));
    let mut permutation = group::add(&blinded, &targets);
    permutation.pop();
    let permutation = encode_points(&permutation);
    let u = challenges.vector(&permutation, ballots)?;
    let permuted: Secrets =
        Zeroizing::new(witness.permutation.iter().map(|place| u[*place as usize]).collect());

    // ĉ_p = r̂_p K_0 + u'_p ĉ_{p−1} = sums[p] K_0 + products[p] K_1, and sums[N] = 0.
    let mut sums: Secrets = Zeroizing::new(vec![Fr::zero()]);
    let mut products: Secrets = Zeroizing::new(vec![Fr::one()]);
    let mut on_chain: Secrets = Zeroizing::new(Vec::with_capacity(ballots));
    for (position, factor) in permuted.iter().enumerate() {
        let before = sums[position] * factor;
        on_chain.push(masks.chain.get(position).copied().unwrap_or(-before));
        sums.push(before + on_chain[position]);
        let product = products[position] * factor;
        products.push(product);
    }
    let chain = commit(tables, (1..ballots).map(|at| [sums[at], products[at]]));
    let chain = encode_points(&chain);
    let chain_masks = commit(
        tables,
        (0..ballots).map(|at| {
            let mask = masks.permuted[at];
            [masks.chain_masks[at] + mask * sums[at], mask * products[at]]
        }),
    );
    let chain_masks = encode_points(&chain_masks);
    let first = split_multiples(masks.permutation_mask, masks, generators[0], &generators[1..]);
    let second = split_multiples(-masks.column_mask, masks, blinding, outputs);
    let mask_points = encode_points(&[first, second]);
    let x = challenges.last(&chain, &chain_masks, &mask_points)?;

    let permutation_blinding: Fr = u.iter().zip(on_inputs.iter()).map(|(u, r)| *u * r).sum();
    let column_blinding: Fr =
        permuted.iter().zip(witness.blindings.iter()).map(|(u, epsilon)| *u * epsilon).sum();
    let mut proof = Vec::with_capacity(BYTES_A_BALLOT * ballots);
    proof.extend(encode_points(&outputs[..ballots - 1]));
    for part in [permutation, chain, chain_masks, mask_points] {
        proof.extend(part);
    }
    let mut respond = |mask: &Fr, secret: &Fr| {
        proof.extend((*mask + x * secret).into_bigint().to_bytes_be());
    };
    for (mask, secret) in masks.chain_masks.iter().zip(on_chain.iter()) {
        respond(mask, secret);
    }
    for (mask, secret) in masks.permuted.iter().zip(permuted.iter()) {
        respond(mask, secret);
    }
    respond(&masks.permutation_mask, &permutation_blinding);
    respond(&masks.column_mask, &column_blinding);
    Some(proof)
}

fn commit(tables: &WindowTables, rows: impl Iterator<Item = [Fr; 2]>) -> Vec<G1Affine> {
    let halves = halves(rows.flatten());
    tables.commit(&halves.0)
}

fn halves(scalars: impl Iterator<Item = Fr>) -> SecretHalves {
    SecretHalves(scalars.map(|scalar| Config::split(&scalar.into_bigint())).collect())
}

/// `own·base + Σ ω'_p·points[p]`, in two sums of summands that are uniform.
fn split_multiples(own: Fr, masks: &Masks, base: G1Affine, points: &[G1Affine]) -> G1Affine {
    let points = [&[base], points].concat();
    let some = halves(masks.parts.iter().copied());
    let all = [own].into_iter().chain(masks.permuted.iter().copied());
    let others = halves(all.zip(masks.parts.iter()).map(|(mask, part)| mask - part));
    let [some, others] = [some, others].map(|halves| group::msm(&points, &halves.0));
    (some + others).into()
}
