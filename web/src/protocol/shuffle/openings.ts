/**
 * What a run opens: every ballot, in an order nobody knows.
 *
 * Source: docs/protocol.md §19.10, §19.11. Vectors: tests/vectors/shuffle.json.
 */

import type { CommitmentKey } from "../commitment.ts";
import { modulo, type Point } from "../curve.ts";
import { compareBytes, concat, scalars, taggedHash, toInteger, unsigned } from "../encoding.ts";
import { Rejected } from "../errors.ts";
import type { Randomness } from "../randomness.ts";
import type { Share } from "../sharing.ts";
import type { Tally } from "../tally_proof.ts";
import { Terms } from "./msm.ts";

const WEIGHT_BYTES = 16;

/**
 * Check that openings are those of a state's positions, in one batch.
 *
 * @param values `V_1 … V_N` of the state.
 * @param openings Slots and blinding of each position.
 * @param randomness Source of the weights, unpredictable to the makers of the openings.
 * @throws Rejected: one does not open its commitment; the item names the first (check A5).
 */
export function verifyOpenings(
  key: CommitmentKey,
  values: readonly Point[],
  openings: readonly Share[],
  randomness: Randomness,
): void {
  const open = (low: number, high: number) => {
    return allOpen(key, values.slice(low, high), openings.slice(low, high), randomness);
  };
  if (open(0, openings.length)) return;
  let [low, high] = [0, openings.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (open(low, middle)) low = middle;
    else high = middle;
  }
  throw new Rejected("A5", `positions[${low + 1}]`, "does not open its commitment at node 0");
}

function allOpen(
  key: CommitmentKey,
  values: readonly Point[],
  openings: readonly Share[],
  randomness: Randomness,
): boolean {
  const weights = openings.map(() => toInteger(randomness.bytes(WEIGHT_BYTES)));
  const slots = openings[0]!.values.length;
  const onKey = new Array<bigint>(1 + slots).fill(0n);
  openings.forEach(({ values, blinding }, at) => {
    const weight = weights[at]!;
    onKey[0]! -= weight * blinding;
    values.forEach((value, slot) => (onKey[slot + 1]! -= weight * value));
  });
  const terms = new Terms();
  terms.add(values, weights);
  terms.add(key.generators.slice(0, 1 + slots), onKey);
  return terms.vanishes();
}

/**
 * Check that the opened ballots add up to the tally on chain.
 *
 * @param weight That of every voter.
 * @throws Rejected: they do not (check A6).
 */
export function verifySum(openings: readonly Share[], weight: bigint, tally: Tally): void {
  tally.values.forEach((votes, slot) => {
    const total = weight * openings.reduce((all, { values }) => all + values[slot]!, 0n);
    if (total !== votes) {
      throw new Rejected("A6", `tally[${slot}]`, `${votes}, but the ballots give ${total}`);
    }
  });
  const blinding = weight * openings.reduce((all, one) => all + one.blinding, 0n);
  if (modulo(blinding) !== tally.blinding) {
    throw new Rejected("A6", "blinding", "is not that of the ballots' sum");
  }
}

/** Hash of the opened ballots, whatever their order (§19.11), 32 bytes. */
export function ballotsHash(ballots: readonly (readonly bigint[])[]): Uint8Array {
  const records = ballots.map(scalars).sort(compareBytes);
  return taggedHash(
    "opened-ballots",
    unsigned(records.length, 4),
    unsigned(ballots[0]!.length, 2),
    concat(records),
  );
}
