/**
 * Counts of a pairwise ranking: how many voters prefer one option to another.
 *
 * Source: docs/protocol.md §5.5.13.
 */

import { pairsOf } from "../question/pairwise.ts";

/** Two different options, from 0. */
export type Pair = readonly [number, number];

/** Counts of all ordered pairs of options. */
export class PairCounts {
  /** Ordered pairs in the order of their slots, which follow those of the options. */
  readonly pairs: readonly Pair[];
  readonly options: number;
  readonly #votes: readonly bigint[];

  /**
   * Counts in a question's slots.
   *
   * @param tally `options²` slots; RangeError for another number.
   */
  constructor(tally: readonly bigint[], options: number) {
    if (tally.length !== options * options) {
      throw new RangeError(`${tally.length} slots, expected ${options * options}`);
    }
    this.options = options;
    this.pairs = pairsOf(options);
    this.#votes = tally.slice(options);
  }

  /** Votes of those who prefer `one` to `other`. */
  votes(one: number, other: number): bigint {
    return this.#votes[one * (this.options - 1) + (other < one ? other : other - 1)]!;
  }

  /** Whether more votes prefer `one` to `other` than the reverse. */
  beats(one: number, other: number): boolean {
    return this.votes(one, other) > this.votes(other, one);
  }

  /** The option that beats every other one, if there is one. */
  get condorcetWinner(): number | undefined {
    const options = Array.from({ length: this.options }, (_, option) => option);
    return options.find((one) => {
      return options.every((other) => other === one || this.beats(one, other));
    });
  }
}
