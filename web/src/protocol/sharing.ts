/**
 * Verifiable secret sharing of a vote among the nodes (Pedersen 1991), for whole vectors.
 *
 * One point for each degree commits to the polynomials of all slots, so that the public part does
 * not grow with the number of slots.
 *
 * Source: docs/protocol.md §7. Vectors: tests/vectors/board.json.
 */

import type { CommitmentKey } from "./commitment.ts";
import { invert, modulo, msm, type Point, R, samePoint } from "./curve.ts";
import {
  ADDRESS_BYTES,
  concat,
  HASH_BYTES,
  Reader,
  sameBytes,
  SCALAR_BYTES,
  scalars,
  taggedHash,
} from "./encoding.ts";
import { Malformed, Rejected } from "./errors.ts";
import { SEAL_BYTES } from "./poll_key.ts";

/** One node's share of one ballot, or the weighted sum of such shares. */
export interface Share {
  /** `f_j(i)` for each slot, in [0, R). */
  readonly values: readonly bigint[];
  /** `ρ(i)`, in [0, R). */
  readonly blinding: bigint;
}

/** `k + 1` scalars. */
export function encodeShare({ values, blinding }: Share): Uint8Array {
  return scalars([...values, blinding]);
}

/** Decode `slots + 1` scalars; Malformed when one is missing or unreduced. */
export function readShare(reader: Reader, slots: number, field: string): Share {
  const values = Array.from({ length: slots }, (_, slot) => reader.scalar(`${field}[${slot}]`));
  return { values, blinding: reader.scalar(`${field}.blinding`) };
}

/** Plaintext of a sealed box: the share, bound to its poll, voter and ballot (§7.3). */
export interface BoxContent {
  readonly pollContext: Uint8Array;
  readonly voter: Uint8Array;
  readonly ballotDigest: Uint8Array;
  readonly share: Share;
}

/** `84 + 32 (k + 1)` bytes. */
export function encodeBox({ pollContext, voter, ballotDigest, share }: BoxContent): Uint8Array {
  return concat([pollContext, voter, ballotDigest, encodeShare(share)]);
}

/** Decode a box of a poll with `slots` slots; Malformed when it is invalid. */
export function decodeBox(data: Uint8Array, slots: number): BoxContent {
  const reader = new Reader(data, "box");
  const content = {
    pollContext: reader.take(HASH_BYTES, "poll_context"),
    voter: reader.take(ADDRESS_BYTES, "voter"),
    ballotDigest: reader.take(HASH_BYTES, "ballot_digest"),
    share: readShare(reader, slots, "share"),
  };
  reader.end();
  return content;
}

/** Length of every sealed box of a poll with `slots` slots. */
export function boxBytes(slots: number): number {
  return SEAL_BYTES + 2 * HASH_BYTES + ADDRESS_BYTES + SCALAR_BYTES * (slots + 1);
}

/** Hash that the voter signs for all `n` boxes together. */
export function boxesHash(boxes: readonly Uint8Array[]): Uint8Array {
  return taggedHash("boxes", ...boxes);
}

/**
 * Check that all boxes are present, have the fixed length and are those that the voter signed.
 *
 * @throws Malformed: one of these does not hold.
 */
export function checkBoxes(
  boxes: readonly Uint8Array[],
  signedHash: Uint8Array,
  nodes: number,
  slots: number,
): void {
  if (boxes.length !== nodes) {
    throw new Malformed("boxes", `${boxes.length}, expected one for each of ${nodes} nodes`);
  }
  boxes.forEach((box, number) => {
    if (box.length !== boxBytes(slots)) {
      throw new Malformed(`boxes[${number}]`, `${box.length} bytes, expected ${boxBytes(slots)}`);
    }
  });
  if (!sameBytes(boxesHash(boxes), signedHash)) {
    throw new Malformed("boxes", "not those whose hash is signed");
  }
}

/** `node^0 … node^(count−1)`; committees and thresholds are too small for it to reach R. */
export function powers(node: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, degree) => modulo(BigInt(node) ** BigInt(degree)));
}

/**
 * A node's share of polynomials.
 *
 * @param columns Column d holds the d-th coefficient of every slot's polynomial.
 * @param blindings Coefficients of `ρ(x)`.
 * @param node Committee index, from 1.
 */
export function shareAt(
  columns: readonly (readonly bigint[])[],
  blindings: readonly bigint[],
  node: number,
): Share {
  const atNode = powers(node, blindings.length);
  const evaluated = (coefficients: readonly bigint[]) => {
    return modulo(coefficients.reduce((sum, one, degree) => sum + one * atNode[degree]!, 0n));
  };
  return {
    values: columns[0]!.map((_, slot) => evaluated(columns.map((column) => column[slot]!))),
    blinding: evaluated(blindings),
  };
}

/**
 * `V + Σ_d i^d A_d`, to which node `i`'s share must open.
 *
 * @param sharing `V, A_1, …, A_{t−1}`.
 * @param node Committee index, from 1.
 */
export function shareCommitment(sharing: readonly Point[], node: number): Point {
  return msm(sharing, powers(node, sharing.length));
}

/**
 * Verify that a share opens its ballot's commitments at `node` (§7.2).
 *
 * @throws Rejected: it does not (check S0).
 */
export function verifyShare(
  key: CommitmentKey,
  node: number,
  sharing: readonly Point[],
  share: Share,
): void {
  const [committed] = key.commit([[share.values, share.blinding]]);
  if (!samePoint(committed!, shareCommitment(sharing, node))) {
    throw new Rejected("S0", "share", `does not open the ballot at node ${node}`);
  }
}

/**
 * Coefficients that turn values at `nodes` into the value at `at`.
 *
 * @param nodes Distinct committee indices, each at least 1.
 * @param at 0 for the vote itself, or the index of another node.
 */
export function lagrange(nodes: readonly number[], at = 0): bigint[] {
  if (new Set(nodes).size !== nodes.length || nodes.some((node) => node < 1)) {
    throw new RangeError("node indices must be distinct and at least 1");
  }
  return nodes.map((node) => {
    let [numerator, denominator] = [1n, 1n];
    for (const other of nodes) {
      if (other === node) continue;
      numerator = modulo(numerator * BigInt(other - at));
      denominator = modulo(denominator * BigInt(other - node));
    }
    return (numerator * invert(denominator, R)) % R;
  });
}
