/**
 * Yes or no, by the share of yes among the votes for yes or no.
 *
 * Source: docs/protocol.md §14.4. Vectors: tests/vectors/outcome.json.
 */

import { concat, type Reader, unsigned } from "../encoding.ts";
import {
  AMOUNT_BYTES,
  nothing,
  type OutcomeRule,
  readFlag,
  invalidOutcome,
  requireRange,
} from "./rule.ts";

const SHARE_BYTES = 8;

/** Share of yes among yes and no that passes, both numbers in [1, 2^64). */
export interface MajorityShare {
  readonly numerator: bigint;
  readonly denominator: bigint;
  /** Whether yes must exceed that share. */
  readonly strict: boolean;
}

/** Slot 0 is yes, slot 1 no, slot 2 abstention where there is one. */
export class Majority implements OutcomeRule {
  static readonly KIND = 2;
  readonly share: MajorityShare;
  /** Whether there is a third slot. */
  readonly abstention: boolean;
  /** Turnout, abstentions included, below which nothing is decided. */
  readonly quorum: bigint;

  /** @throws Rejected: a value is out of range, or the share can never be reached (check P2). */
  constructor(share: MajorityShare, abstention: boolean, quorum: bigint) {
    const { numerator, denominator, strict } = share;
    requireRange("numerator", numerator, 1, 64);
    requireRange("denominator", denominator, 1, 64);
    requireRange("quorum", quorum, 0, 128);
    if (numerator + BigInt(strict) > denominator) {
      throw invalidOutcome("numerator", `more than ${numerator}/${denominator} never passes`);
    }
    this.share = share;
    this.abstention = abstention;
    this.quorum = quorum;
  }

  checkSlots(slots: number): void {
    const expected = 2 + Number(this.abstention);
    if (slots !== expected)
      throw invalidOutcome("abstention", `${slots} slots, expected ${expected}`);
  }

  encode(): Uint8Array {
    const { numerator, denominator, strict } = this.share;
    return concat([
      Uint8Array.of(Majority.KIND, Number(this.abstention), Number(strict)),
      unsigned(this.quorum, AMOUNT_BYTES),
      unsigned(numerator, SHARE_BYTES),
      unsigned(denominator, SHARE_BYTES),
    ]);
  }

  /** Read the fields after the kind. */
  static read(reader: Reader): Majority {
    const abstention = readFlag(reader, "abstention") === 1;
    const strict = readFlag(reader, "strict") === 1;
    const quorum = reader.unsigned(AMOUNT_BYTES, "quorum");
    const numerator = reader.unsigned(SHARE_BYTES, "numerator");
    const denominator = reader.unsigned(SHARE_BYTES, "denominator");
    return new Majority({ numerator, denominator, strict }, abstention, quorum);
  }

  /** Empty. */
  order(): number[] {
    return [];
  }

  /** 1 for yes or for no; for neither when there is no decision. */
  awards(tally: readonly bigint[]): bigint[] {
    this.checkSlots(tally.length);
    const awarded = nothing(tally);
    const { numerator, denominator, strict } = this.share;
    const decisive = tally[0]! + tally[1]!;
    const turnout = tally.reduce((sum, votes) => sum + votes, 0n);
    if (turnout < this.quorum || decisive === 0n) return awarded;
    const excess = tally[0]! * denominator - numerator * decisive;
    awarded[(strict ? excess > 0n : excess >= 0n) ? 0 : 1] = 1n;
    return awarded;
  }
}
