/**
 * Check a whole run: its groups, and the proofs of all its steps in one batch.
 *
 * Source: docs/protocol.md §19.8. Vectors: tests/vectors/shuffle.json.
 */

import { deriveGenerator } from "../commitment.ts";
import type { Point } from "../curve.ts";
import { Malformed, Rejected } from "../errors.ts";
import type { Randomness } from "../randomness.ts";
import { isGroup, uncovered } from "./groups.ts";
import { Terms } from "./msm.ts";
import { addEquations, claimOf, decodeProof, type ShuffleClaim } from "./proof.ts";
import type { ShuffleState, StepRecord } from "./state.ts";

/**
 * Check that a run's groups are groups of the committee, and that they cover.
 *
 * @throws Rejected: they do not (check A2).
 */
export function verifyGroups(nodes: number, threshold: number, steps: readonly StepRecord[]): void {
  steps.forEach(({ group }, number) => {
    if (!isGroup(nodes, threshold, group)) {
      throw new Rejected("A2", `steps[${number}].group`, `not ${threshold} nodes in order`);
    }
  });
  const groups = steps.map(({ group }) => group);
  const [missing] = uncovered(nodes, threshold, groups);
  if (missing) {
    throw new Rejected("A2", "groups", `each of them has one of the nodes ${missing.join(", ")}`);
  }
}

/** The claims of a run's steps, and the state after them. */
export interface DecodedSteps {
  readonly claims: readonly ShuffleClaim[];
  readonly last: ShuffleState;
}

/**
 * Decode the steps after a state.
 *
 * @throws Malformed: a step is not canonical (check A1); the item names it.
 */
export function decodeSteps(start: ShuffleState, steps: readonly StepRecord[]): DecodedSteps {
  let last = start;
  const claims = steps.map(({ group, proof, sharingHash }, number) => {
    try {
      const claim = claimOf(last, group, decodeProof(last.values, proof));
      last = last.after(group, claim.proof.outputs, sharingHash);
      return claim;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new Malformed(`steps[${number}].${error.item}`, error.reason);
    }
  });
  return { claims, last };
}

/**
 * Check proofs of shuffle together, in one sum.
 *
 * @param key `K_0 … K_N`.
 * @param randomness Source of the weights, unpredictable to the makers of the proofs.
 * @param progress Called with the part that is done, up to 1.
 * @throws Rejected: a proof fails; the item names the first one (check A3).
 */
export function verifyClaims(
  key: readonly Point[],
  claims: readonly ShuffleClaim[],
  randomness: Randomness,
  progress?: (part: number) => void,
): void {
  const blinding = [deriveGenerator(0)];
  const hold = (some: readonly ShuffleClaim[], report?: (part: number) => void) => {
    const terms = new Terms();
    for (const claim of some) addEquations(terms, key, blinding, claim, randomness);
    return terms.vanishes(report);
  };
  if (hold(claims, progress)) return;
  const number = claims.findIndex((claim) => !hold([claim]));
  throw new Rejected("A3", `steps[${number}]`, "the proof of shuffle does not hold");
}
