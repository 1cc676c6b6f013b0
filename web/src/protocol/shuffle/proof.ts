/**
 * Proof of shuffle: the outputs are the inputs in another order, with other blindings.
 *
 * Terelius and Wikström (AFRICACRYPT 2010) in the optimised form that Haines proved (arXiv
 * 1901.08371), for one column of commitments. Blindings that the prover may choose add up to zero,
 * so that three points follow from the others, and two equations hold by construction.
 *
 * Source: docs/protocol.md §19.5 to §19.7. Vectors: tests/vectors/shuffle.json.
 */

import { deriveGenerator } from "../commitment.ts";
import { decodePoints, encodePoints, modulo, negate, type Point, R, sum } from "../curve.ts";
import { POINT_BYTES, Reader, scalars, taggedHash, toInteger, unsigned } from "../encoding.ts";
import { Malformed } from "../errors.ts";
import type { Randomness } from "../randomness.ts";
import { Transcript } from "../transcript.ts";
import type { Group } from "./groups.ts";
import type { Terms } from "./msm.ts";
import { BYTES_A_BALLOT, type ShuffleState } from "./state.ts";

/** Index of `K_0` among the points of §2.7. */
const FIRST_GENERATOR = 2 ** 31;

const WEIGHT_BYTES = 16;

/** Generator `K_number` of the commitment to a permutation. */
export function shuffleGenerator(number: number): Point {
  return deriveGenerator(FIRST_GENERATOR + number);
}

/** A step's new commitments and its proof, decoded. */
export interface ShuffleProof {
  /** `V'_1 … V'_N`; the last one is computed. */
  readonly outputs: readonly Point[];
  /** `c_1 … c_{N−1}`. */
  readonly permutation: readonly Point[];
  /** `ĉ_1 … ĉ_{N−1}`. */
  readonly chain: readonly Point[];
  /** `T̂_1 … T̂_N`. */
  readonly chainMasks: readonly Point[];
  /** `T_1, T_2`. */
  readonly masks: readonly Point[];
  readonly responses: {
    /** `ŝ_1 … ŝ_N`. */
    readonly chain: readonly bigint[];
    /** `s'_1 … s'_N`. */
    readonly permuted: readonly bigint[];
    /** `s̃`. */
    readonly permutation: bigint;
    /** `s_e`. */
    readonly column: bigint;
  };
}

/**
 * Read a proof.
 *
 * @param inputs `V_1 … V_N`, whose sum gives the last output.
 * @param data `320 N` bytes.
 * @throws Malformed: a point is off the curve or the identity, or a scalar is unreduced.
 */
export function decodeProof(inputs: readonly Point[], data: Uint8Array): ShuffleProof {
  const count = inputs.length;
  if (data.length !== BYTES_A_BALLOT * count) {
    throw new RangeError(`${data.length} bytes for ${count} ballots`);
  }
  const reader = new Reader(data, "proof");
  const points = decodePoints(reader.take((4 * count - 1) * POINT_BYTES, "points"));
  const values = Array.from({ length: 2 * count + 2 }, (_, at) => reader.scalar(`scalars[${at}]`));
  const given = points.slice(0, count - 1);
  const last = sum([...inputs, ...given.map(negate)]);
  if (!last.x && !last.y) throw new Malformed("proof.outputs", "the last output is the identity");
  const [one, two, three] = [count - 1, 2 * count - 2, 3 * count - 3];
  return {
    outputs: [...given, last],
    permutation: points.slice(one, two),
    chain: points.slice(two, three),
    chainMasks: points.slice(three, three + count),
    masks: points.slice(three + count),
    responses: {
      chain: values.slice(0, count),
      permuted: values.slice(count, 2 * count),
      permutation: values.at(-2)!,
      column: values.at(-1)!,
    },
  };
}

/** One step's claim, with the challenges that it fixes. */
export interface ShuffleClaim {
  /** `V_1 … V_N`. */
  readonly inputs: readonly Point[];
  readonly proof: ShuffleProof;
  /** `u_1 … u_N`. */
  readonly vector: readonly bigint[];
  /** `x`. */
  readonly challenge: bigint;
}

/**
 * The claim of a group's step after a state.
 *
 * @throws Malformed: a challenge is zero.
 */
export function claimOf(before: ShuffleState, group: Group, proof: ShuffleProof): ShuffleClaim {
  const { run, values: inputs } = before;
  const transcript = new Transcript("shuffle", run.pollContext);
  transcript.absorb("root", run.rootDigest);
  transcript.absorb("turn", unsigned(run.turn, 4));
  transcript.absorb("step", Uint8Array.of(before.step + 1));
  transcript.absorb("group", Uint8Array.from(group));
  transcript.absorb("before", before.hash);
  transcript.absorb("inputs", before.encodedValues);
  transcript.absorb("outputs", encodePoints(proof.outputs));
  transcript.absorb("permutation", encodePoints(proof.permutation));
  const seed = scalars([transcript.challenge()]);
  const vector = inputs.map((_, at) => {
    return toInteger(taggedHash("shuffle-vector", seed, unsigned(at + 1, 4))) % R;
  });
  transcript.absorb("chain", encodePoints(proof.chain));
  transcript.absorb("chain-masks", encodePoints(proof.chainMasks));
  transcript.absorb("masks", encodePoints(proof.masks));
  return { inputs, proof, vector, challenge: transcript.challenge() };
}

/**
 * Add a claim's equations (§19.7) to a sum that is the identity if all hold.
 *
 * @param key `K_0 … K_N`.
 * @param blinding `H`, alone.
 * @param randomness Source of the weights, unpredictable to the makers of the proofs.
 */
export function addEquations(
  terms: Terms,
  key: readonly Point[],
  blinding: readonly Point[],
  { inputs, proof, vector: u, challenge: x }: ShuffleClaim,
  randomness: Randomness,
): void {
  const count = inputs.length;
  // Fresh for each equation: a common weight would let errors cancel.
  const weight = () => toInteger(randomness.bytes(WEIGHT_BYTES));
  const [onPermutation, onColumn] = [weight(), weight()];
  const onChain = inputs.map(weight);
  const { chain, permuted, permutation, column } = proof.responses;
  const last = u[count - 1]!;

  // E1: T_1 + x Σ u_j c_j = s̃ K_0 + Σ s'_p K_p, with c_N = Σ K_p − c_1 − … − c_{N−1}.
  const scaled = (onPermutation * x) % R;
  const onKey = [-onPermutation * permutation];
  for (const response of permuted) onKey.push(scaled * last - onPermutation * response);
  terms.add(
    proof.permutation,
    u.slice(0, -1).map((value) => scaled * (value - last)),
  );
  // E2: T_2 + x Σ u_j V_j + s_e H = Σ s'_p V'_p.
  terms.add(blinding, [onColumn * column]);
  const onInputs = (onColumn * x) % R;
  terms.add(
    inputs,
    u.map((value) => onInputs * value),
  );
  terms.add(
    proof.outputs,
    permuted.map((response) => -onColumn * response),
  );
  terms.add(proof.masks, [onPermutation, onColumn]);
  // E3: T̂_p + x ĉ_p = ŝ_p K_0 + s'_p ĉ_{p−1}, with ĉ_0 = K_1 and ĉ_N = u_1 ⋯ u_N K_1.
  chain.forEach((response, at) => {
    onKey[0]! -= onChain[at]! * response;
  });
  const product = u.reduce((all, value) => (all * value) % R, 1n);
  onKey[1]! += modulo(onChain[count - 1]! * x) * product - onChain[0]! * permuted[0]!;
  terms.add(
    proof.chain,
    proof.chain.map((_, at) => onChain[at]! * x - onChain[at + 1]! * permuted[at + 1]!),
  );
  terms.add(proof.chainMasks, onChain);
  terms.add(key, onKey);
}
