/**
 * Division of an amount among contenders in proportion to their votes.
 *
 * Source: docs/protocol.md §14.7. Vectors: tests/vectors/outcome.json.
 */

import { concat, type Reader, unsigned } from "../encoding.ts";
import {
  AMOUNT_BYTES,
  bestFirst,
  nothing,
  type OutcomeRule,
  invalidOutcome,
  requireRange,
} from "./rule.ts";

export class Proportional implements OutcomeRule {
  static readonly KIND = 5;
  /** Amount in the smallest unit, at least 1. */
  readonly amount: bigint;
  /** The first slots; those after them are abstentions. */
  readonly contenders: number;

  /** @throws Rejected: a value is out of range (check P2). */
  constructor(amount: bigint, contenders: number) {
    requireRange("amount", amount, 1, 128);
    requireRange("contenders", contenders, 1, 16);
    this.amount = amount;
    this.contenders = contenders;
  }

  checkSlots(slots: number): void {
    if (this.contenders > slots)
      throw invalidOutcome("contenders", `${this.contenders} of ${slots} slots`);
  }

  encode(): Uint8Array {
    return concat([
      Uint8Array.of(Proportional.KIND),
      unsigned(this.amount, AMOUNT_BYTES),
      unsigned(this.contenders, 2),
    ]);
  }

  /** Read the fields after the kind. */
  static read(reader: Reader): Proportional {
    const amount = reader.unsigned(AMOUNT_BYTES, "amount");
    return new Proportional(amount, reader.small(2, "contenders"));
  }

  /** The contenders by the remainder of their division; in slot order when nobody voted. */
  order(tally: readonly bigint[]): number[] {
    const votes = tally.slice(0, this.contenders);
    const total = sum(votes) || 1n;
    return bestFirst(votes.map((count) => (this.amount * count) % total));
  }

  /** Amounts; they sum to `amount` unless nobody voted for a contender. */
  awards(tally: readonly bigint[]): bigint[] {
    this.checkSlots(tally.length);
    const awarded = nothing(tally);
    const votes = tally.slice(0, this.contenders);
    const total = sum(votes);
    if (total === 0n) return awarded;
    votes.forEach((count, slot) => {
      awarded[slot] = (this.amount * count) / total;
    });
    const left = Number(this.amount - sum(awarded));
    for (const slot of this.order(tally).slice(0, left)) awarded[slot]! += 1n;
    return awarded;
  }
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
