/**
 * What every outcome rule is: bytes, and from a tally to awards.
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
  /** Rejected (check P2) unless the rule is one for that many slots. */
  checkSlots(slots: number): void;
  /** The hint that the contract takes: slots from best to worst, ties to the lower one. */
  order(tally: readonly bigint[]): number[];
  /**
   * What each slot is awarded; empty when the rule awards nothing to anybody ever.
   *
   * @param tally Votes of each slot.
   * @throws Rejected: the rule is none for that many slots (check P2).
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
    throw refuse(name, `${value} outside ${low} … 2^${bits} − 1`);
  }
}

/** What a rule with another broken condition throws. */
export function refuse(name: string, reason: string): Rejected {
  return new Rejected("P2", `outcome.${name}`, reason);
}

/** A byte that is 0 or 1; Malformed otherwise. */
export function readFlag(reader: Reader, name: string): number {
  const value = reader.small(1, name);
  if (value > 1) throw new Malformed(`outcome.${name}`, `${value}, expected 0 or 1`);
  return value;
}

/** Slots by descending rank; the lower one first where ranks are equal. */
export function bestFirst(ranks: readonly bigint[]): number[] {
  return [...ranks.keys()].sort((left, right) => {
    if (ranks[left] === ranks[right]) return left - right;
    return ranks[left]! > ranks[right]! ? -1 : 1;
  });
}

/** As many zeros as there are slots. */
export function nothing(tally: readonly bigint[]): bigint[] {
  return tally.map(() => 0n);
}
