/**
 * From aggregate shares to a tally that anyone can check against the anchored sum.
 *
 * Source: docs/protocol.md §12. Vectors: tests/vectors/board.json.
 */

import type { Ballot } from "./ballot.ts";
import type { CommitmentKey } from "./commitment.ts";
import { encodePoints, modulo, msm, type Point, R, samePoint } from "./curve.ts";
import { sameBytes, taggedHash } from "./encoding.ts";
import { Rejected } from "./errors.ts";
import { encodeShare, lagrange, type Share, shareCommitment } from "./sharing.ts";

/** Opening of the anchored sum: votes of each slot, and the blinding. */
export interface Tally {
  readonly values: readonly bigint[];
  readonly blinding: bigint;
}

/** The sums that every node's aggregate share opens: `Σ_b w_b V_b` and `Σ_b w_b A_{d,b}`. */
export class AggregateCommitments {
  /** `t` points, degree 0 first. */
  readonly points: readonly Point[];

  /**
   * @param ballots The counted ones, at least one.
   * @param weights In the same order.
   */
  constructor(ballots: readonly Ballot[], weights: readonly bigint[]) {
    this.points = ballots[0]!.sharing.map((_, degree) => {
      const column = ballots.map(({ sharing }) => sharing[degree]!);
      return msm(column, weights);
    });
  }

  /**
   * Verify that node `node`'s aggregate share is the sum of its shares of all ballots (§12.3).
   *
   * @throws Rejected: it is not, so the node misbehaved (check S1).
   */
  verifyShare(key: CommitmentKey, node: number, share: Share): void {
    const [committed] = key.commit([[share.values, share.blinding]]);
    if (!samePoint(committed!, shareCommitment(this.points, node))) {
      throw new Rejected(
        "S1",
        `node ${node}`,
        "aggregate share does not open the sum of its shares",
      );
    }
  }
}

/** Hash of an aggregate share that its node signs (§12.2). */
export function aggregateShareHash(share: Share): Uint8Array {
  return taggedHash("aggregate-share", encodeShare(share));
}

/** Weighted sum of shares. */
export function aggregate(shares: readonly Share[], weights: readonly bigint[]): Share {
  const weighted = (valueOf: (share: Share) => bigint) => {
    return modulo(
      shares.reduce((sum, share, number) => sum + weights[number]! * valueOf(share), 0n),
    );
  };
  return {
    values: (shares[0]?.values ?? []).map((_, slot) => weighted(({ values }) => values[slot]!)),
    blinding: weighted(({ blinding }) => blinding),
  };
}

/**
 * The tally from at least `threshold` good aggregate shares, by node index.
 *
 * @throws Rejected: there are fewer (check S2).
 */
export function combine(shares: ReadonlyMap<number, Share>, threshold: number): Tally {
  if (shares.size < threshold) {
    throw new Rejected("S2", "shares", `${shares.size} good ones, ${threshold} needed`);
  }
  const nodes = [...shares.keys()].sort((one, two) => one - two).slice(0, threshold);
  return aggregate(
    nodes.map((node) => shares.get(node)!),
    lagrange(nodes),
  );
}

/**
 * Verify that the tally opens the anchored sum and is within its bound (§12.4).
 *
 * @param committedSum Encoded point of 64 bytes.
 * @param largestVotes Total weight times largest slot value.
 * @throws Rejected: it does not open the sum (check R1) or exceeds the bound (check R2).
 */
export function verifyOpening(
  key: CommitmentKey,
  committedSum: Uint8Array,
  { values, blinding }: Tally,
  largestVotes: bigint,
): void {
  if ([...values, blinding].some((value) => value < 0n || value >= R)) {
    throw new Rejected("R1", "tally", "a value is not reduced modulo r");
  }
  checkLargest(values, largestVotes);
  if (!sameBytes(encodePoints(key.commit([[values, blinding]])), committedSum)) {
    throw new Rejected("R1", "tally", "does not open the anchored sum");
  }
}

/** Check that no slot exceeds the possible votes; Rejected (check R2) otherwise. */
export function checkLargest(values: readonly bigint[], largestVotes: bigint): void {
  values.forEach((votes, slot) => {
    if (votes > largestVotes) {
      throw new Rejected(
        "R2",
        `tally[${slot}]`,
        `${votes} votes, at most ${largestVotes} possible`,
      );
    }
  });
}
