/**
 * The interface of outcome rules: canonical bytes, and awards of a tally.
 *
 * Source: docs/protocol.md §14.
 */

import type { Reader } from "../encoding.ts";
import { Malformed, Rejected } from "../errors.ts";

export const AMOUNT_BYTES = 16;

/** A rule that has passed every condition on its own fields. */
export interface OutcomeRule {
  /** Canonical bytes (§14). */
  encode(): Uint8Array;
  /** Rejected (check P2) unless the rule fits the number of slots. */
  checkSlots(slots: number): void;
  /** The hint that the contract takes: slots from best to worst, ties to the lower one. */
  order(tally: readonly bigint[]): number[];
  /**
   * Award of each slot; empty when the rule never awards anything.
   *
   * @param tally Votes of each slot.
   * @throws Rejected: the rule does not fit the number of slots (check P2).
   */
  awards(tally: readonly bigint[]): bigint[];
}

/** Rejected (check P2) unless `low <= value < 2^bits`. */
export function requireRange(
  name: string,
  value: number | bigint,
  low: number,
  bits: number,
): void {
  if (value < low || value >= 1n << BigInt(bits)) {
    throw invalidOutcome(name, `${value} outside ${low} … 2^${bits} − 1`);
  }
}

/** The error of a rule that breaks another condition. */
export function invalidOutcome(name: string, reason: string): Rejected {
  return new Rejected("P2", `outcome.${name}`, reason);
}

/** A byte that is 0 or 1; Malformed otherwise. */
export function readFlag(reader: Reader, name: string): number {
  const value = reader.small(1, name);
  if (value > 1) throw new Malformed(`outcome.${name}`, `${value}, expected 0 or 1`);
  return value;
}

/** Slots by descending rank; among equal ranks the lower slot comes first. */
export function bestFirst(ranks: readonly bigint[]): number[] {
  return [...ranks.keys()].sort((left, right) => {
    if (ranks[left] === ranks[right]) return left - right;
    return ranks[left]! > ranks[right]! ? -1 : 1;
  });
}

/** A zero for each slot. */
export function nothing(tally: readonly bigint[]): bigint[] {
  return tally.map(() => 0n);
}
