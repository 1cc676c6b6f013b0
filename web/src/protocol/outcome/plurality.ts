/**
 * The first contenders by votes, as many as there are seats.
 *
 * Source: docs/protocol.md §14.5. Vectors: tests/vectors/outcome.json.
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

export class Plurality implements OutcomeRule {
  static readonly KIND = 3;
  /** Number of seats, at most `contenders`. */
  readonly seats: number;
  /** The first slots; those after them are abstentions. */
  readonly contenders: number;
  /** Votes below which a contender gets no seat. */
  readonly minimumSupport: bigint;

  /** @throws Rejected: a value is out of range (check P2). */
  constructor(seats: number, contenders: number, minimumSupport: bigint) {
    requireRange("contenders", contenders, 1, 16);
    requireRange("minimum_support", minimumSupport, 0, 128);
    if (seats < 1 || seats > contenders) {
      throw invalidOutcome("seats", `${seats} for ${contenders} contenders`);
    }
    this.seats = seats;
    this.contenders = contenders;
    this.minimumSupport = minimumSupport;
  }

  checkSlots(slots: number): void {
    if (this.contenders > slots)
      throw invalidOutcome("contenders", `${this.contenders} of ${slots} slots`);
  }

  encode(): Uint8Array {
    return concat([
      Uint8Array.of(Plurality.KIND),
      unsigned(this.seats, 2),
      unsigned(this.minimumSupport, AMOUNT_BYTES),
      unsigned(this.contenders, 2),
    ]);
  }

  /** Read the fields after the kind. */
  static read(reader: Reader): Plurality {
    const seats = reader.small(2, "seats");
    const minimumSupport = reader.unsigned(AMOUNT_BYTES, "minimum_support");
    return new Plurality(seats, reader.small(2, "contenders"), minimumSupport);
  }

  /** The contenders. */
  order(tally: readonly bigint[]): number[] {
    return bestFirst(tally.slice(0, this.contenders));
  }

  /** 1 for each seat. */
  awards(tally: readonly bigint[]): bigint[] {
    this.checkSlots(tally.length);
    const seated = nothing(tally);
    for (const slot of this.order(tally).slice(0, this.seats)) {
      if (tally[slot]! >= this.minimumSupport) seated[slot] = 1n;
    }
    return seated;
  }
}
