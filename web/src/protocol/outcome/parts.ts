/**
 * Outcome rules for several questions, and the decoder of all outcome rules.
 *
 * Source: docs/protocol.md §14.8. Vectors: tests/vectors/outcome.json.
 */

import { concat, Reader, taggedHash, unsigned } from "../encoding.ts";
import { Malformed } from "../errors.ts";
import { BallotOutcome, readBallotOutcome } from "./ballots.ts";
import { GreedyByCategory } from "./categories.ts";
import { Condorcet } from "./condorcet.ts";
import { Greedy } from "./greedy.ts";
import { Majority } from "./majority.ts";
import { NoOutcome } from "./none.ts";
import { Plurality } from "./plurality.ts";
import { Proportional } from "./proportional.ts";
import { type OutcomeRule, invalidOutcome, requireRange } from "./rule.ts";

/** Consecutive slots with their own rule, which has no parts itself. */
export interface Part {
  readonly slots: number;
  readonly rule: OutcomeRule;
}

export class Parts implements OutcomeRule {
  static readonly KIND = 6;
  readonly parts: readonly Part[];

  /**
   * @throws Rejected: fewer than two parts, nested parts, or a rule that does not fit its slots
   *   (check P2).
   */
  constructor(parts: readonly Part[]) {
    if (parts.length < 2 || parts.length > 255) {
      throw invalidOutcome("parts", `${parts.length}, expected 2 … 255`);
    }
    parts.forEach(({ slots, rule }, number) => {
      if (rule instanceof Parts) throw invalidOutcome(`parts[${number}]`, "parts do not nest");
      requireRange(`parts[${number}].slots`, slots, 1, 16);
      rule.checkSlots(slots);
    });
    this.parts = parts;
  }

  checkSlots(slots: number): void {
    const together = this.parts.reduce((sum, part) => sum + part.slots, 0);
    if (together !== slots) throw invalidOutcome("parts", `${together} slots, expected ${slots}`);
  }

  encode(): Uint8Array {
    const parts = this.parts.flatMap(({ slots, rule }) => {
      const encoded = rule.encode();
      return [unsigned(slots, 2), unsigned(encoded.length, 2), encoded];
    });
    return concat([Uint8Array.of(Parts.KIND, this.parts.length), ...parts]);
  }

  /** Read the fields after the kind. */
  static read(reader: Reader): Parts {
    const parts = Array.from({ length: reader.small(1, "parts") }, (_, number) => {
      const slots = reader.small(2, `parts[${number}].slots`);
      return { slots, rule: decode(reader.prefixed(2, `parts[${number}]`), SIMPLE) };
    });
    return new Parts(parts);
  }

  /** The parts' orders one after another, each counting from the part's first slot. */
  order(tally: readonly bigint[]): number[] {
    return this.#split(tally).flatMap(({ rule, votes }) => rule.order(votes));
  }

  /** The parts' awards one after another; zeros for a part without an outcome. */
  awards(tally: readonly bigint[]): bigint[] {
    this.checkSlots(tally.length);
    return this.#split(tally).flatMap(({ rule, votes }) => {
      const awarded = rule.awards(votes);
      return awarded.length ? awarded : votes.map(() => 0n);
    });
  }

  #split(tally: readonly bigint[]): { rule: OutcomeRule; votes: readonly bigint[] }[] {
    let start = 0;
    return this.parts.map(({ slots, rule }) => {
      start += slots;
      return { rule, votes: tally.slice(start - slots, start) };
    });
  }
}

type Read = (reader: Reader) => OutcomeRule;

const SIMPLE = new Map<number, Read>([
  [NoOutcome.KIND, () => new NoOutcome()],
  [Greedy.KIND, Greedy.read],
  [Majority.KIND, Majority.read],
  [Plurality.KIND, Plurality.read],
  [GreedyByCategory.KIND, GreedyByCategory.read],
  [Proportional.KIND, Proportional.read],
  [Condorcet.KIND, Condorcet.read],
]);
const ANY = new Map<number, Read>([
  ...SIMPLE,
  [Parts.KIND, Parts.read],
  [BallotOutcome.KIND, readBallotOutcome],
]);

/**
 * Decode an outcome rule.
 *
 * @throws Malformed: unknown kind, also parts within parts; bytes missing or left over.
 * @throws Rejected: a value is out of range (check P2).
 */
export function decodeOutcomeRule(data: Uint8Array): OutcomeRule {
  return decode(data, ANY);
}

/** Digest of an outcome rule on chain, 32 bytes. */
export function outcomeRuleDigest(encoded: Uint8Array): Uint8Array {
  return taggedHash("outcome", encoded);
}

function decode(data: Uint8Array, readers: ReadonlyMap<number, Read>): OutcomeRule {
  const reader = new Reader(data, "outcome");
  const kind = reader.small(1, "kind");
  const read = readers.get(kind);
  if (!read) throw new Malformed("outcome", `unknown kind ${kind}`);
  const rule = read(reader);
  reader.end();
  return rule;
}
