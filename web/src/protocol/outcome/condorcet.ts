/**
 * Condorcet rules: a single winner from the counts of all pairs of options.
 *
 * An option that beats every other one wins under each of them.
 *
 * Source: docs/protocol.md §14.9. Vectors: tests/vectors/outcome.json.
 */

import { concat, type Reader, unsigned } from "../encoding.ts";
import { Malformed } from "../errors.ts";
import { type Pair, PairCounts } from "./pairs.ts";
import { invalidOutcome, nothing, type OutcomeRule, readFlag, requireRange } from "./rule.ts";

/** How a winner is found where options beat one another in a cycle. */
export const METHODS = ["schulze", "ranked_pairs", "minimax", "copeland"] as const;
/** By what a defeat is stronger than another one. */
export const STRENGTHS = ["winning_votes", "margin"] as const;

export type Method = (typeof METHODS)[number];
export type Strength = (typeof STRENGTHS)[number];

/** A chain of defeats, and its weakest one. */
export interface Path {
  readonly options: readonly number[];
  readonly weakest: Pair;
}

export class Condorcet implements OutcomeRule {
  static readonly KIND = 7;
  /** Number of options, at least 2; the question has `options²` slots. */
  readonly options: number;
  readonly method: Method;
  /** Of no use to Copeland's method. */
  readonly strength: Strength;

  /** @throws Rejected: a value is out of range (check P2). */
  constructor(options: number, method: Method, strength: Strength) {
    requireRange("options", options, 2, 16);
    if (method === "copeland" && strength !== "winning_votes") {
      throw invalidOutcome("strength", "Copeland's method compares no strengths");
    }
    this.options = options;
    this.method = method;
    this.strength = strength;
  }

  checkSlots(slots: number): void {
    if (this.options ** 2 !== slots) {
      throw invalidOutcome("options", `${this.options}, with ${slots} slots`);
    }
  }

  encode(): Uint8Array {
    const [method, strength] = [METHODS.indexOf(this.method), STRENGTHS.indexOf(this.strength)];
    return concat([Uint8Array.of(Condorcet.KIND, method, strength), unsigned(this.options, 2)]);
  }

  /** Read the fields after the kind. */
  static read(reader: Reader): Condorcet {
    const number = reader.small(1, "method");
    const method = METHODS[number];
    if (!method) throw new Malformed("outcome.method", `unknown method ${number}`);
    const strength = STRENGTHS[readFlag(reader, "strength")]!;
    return new Condorcet(reader.small(2, "options"), method, strength);
  }

  /** The slots of all defeats, the strongest first; none if the method needs none. */
  order(tally: readonly bigint[]): number[] {
    if (this.method === "minimax" || this.method === "copeland") return [];
    const counts = this.counts(tally);
    const slotOf = (pair: Pair) => {
      return counts.pairs.findIndex(([one, other]) => one === pair[0] && other === pair[1]);
    };
    return this.defeats(counts).map((pair) => this.options + slotOf(pair));
  }

  /** 1 for the winner; nobody wins if nobody prefers anything. */
  awards(tally: readonly bigint[]): bigint[] {
    this.checkSlots(tally.length);
    const given = nothing(tally);
    if (tally.slice(this.options).some(Boolean)) given[this.tied(this.counts(tally))[0]!] = 1n;
    return given;
  }

  /** Counts of all pairs in a tally. */
  counts(tally: readonly bigint[]): PairCounts {
    return new PairCounts(tally, this.options);
  }

  /** Options that the method leaves; the first one wins. */
  tied(counts: PairCounts): number[] {
    const options = range(this.options);
    switch (this.method) {
      case "schulze": {
        const paths = this.strongestPaths(counts);
        return options.filter((one) => {
          return options.every((other) => {
            const [out, back] = [paths[one]![other], paths[other]![one]];
            return this.compare(counts, out?.weakest, back?.weakest) >= 0;
          });
        });
      }
      case "ranked_pairs": {
        const beaten = new Set(this.locked(counts).map(([, worse]) => worse));
        return options.filter((option) => !beaten.has(option));
      }
      case "minimax": {
        const worst = options.map((option) => this.worstDefeat(counts, option));
        return options.filter((option) => {
          return worst.every((defeat) => this.compare(counts, worst[option], defeat) <= 0);
        });
      }
      case "copeland": {
        const points = options.map((option) => copelandPoints(counts, option));
        return options.filter((option) => points[option] === Math.max(...points));
      }
    }
  }

  /** All defeats, winner first, the strongest first; ties go to the lower slot. */
  defeats(counts: PairCounts): Pair[] {
    return counts.pairs
      .filter(([one, other]) => counts.beats(one, other))
      .sort((left, right) => this.compare(counts, right, left));
  }

  /** Defeats that close no cycle with stronger ones, the strongest first. */
  locked(counts: PairCounts): Pair[] {
    const below = range(this.options).map((option) => new Set([option]));
    return this.defeats(counts).filter(([better, worse]) => {
      if (below[worse]!.has(better)) return false;
      for (const reached of below) {
        if (reached.has(better)) for (const option of below[worse]!) reached.add(option);
      }
      return true;
    });
  }

  /** The strongest path from each option to each other one; undefined where there is none. */
  strongestPaths(counts: PairCounts): (Path | undefined)[][] {
    const options = range(this.options);
    const paths = options.map((one) => {
      return options.map((other): Path | undefined => {
        const beats = one !== other && counts.beats(one, other);
        return beats ? { options: [one, other], weakest: [one, other] } : undefined;
      });
    });
    for (const through of options) {
      for (const one of options) {
        const first = paths[one]![through];
        if (!first || one === through) continue;
        for (const other of options) {
          const second = paths[through]![other];
          if (!second || other === one || other === through) continue;
          const weaker = this.compare(counts, first.weakest, second.weakest) < 0 ? first : second;
          if (this.compare(counts, weaker.weakest, paths[one]![other]?.weakest) > 0) {
            paths[one]![other] = {
              options: [...first.options, ...second.options.slice(1)],
              weakest: weaker.weakest,
            };
          }
        }
      }
    }
    return paths;
  }

  /** The strongest defeat of an option; undefined if none beats it. */
  worstDefeat(counts: PairCounts, option: number): Pair | undefined {
    return this.defeats(counts).find(([, worse]) => worse === option);
  }

  /** Positive if the left defeat is stronger, 0 if both are equally strong. */
  compare(counts: PairCounts, left: Pair | undefined, right: Pair | undefined): number {
    if (!left || !right) return Number(Boolean(left)) - Number(Boolean(right));
    const [leftVotes, leftAgainst] = both(counts, left);
    const [rightVotes, rightAgainst] = both(counts, right);
    if (this.strength === "margin") {
      return sign(leftVotes - leftAgainst - (rightVotes - rightAgainst));
    }
    // Among equal winning votes, fewer votes against make the stronger defeat.
    return sign(leftVotes - rightVotes) || sign(rightAgainst - leftAgainst);
  }
}

/** Two points for each option that an option beats, one for each tie. */
export function copelandPoints(counts: PairCounts, option: number): number {
  return range(counts.options)
    .filter((other) => other !== option)
    .reduce((points, other) => {
      return points + 1 + Number(counts.beats(option, other)) - Number(counts.beats(other, option));
    }, 0);
}

function both(counts: PairCounts, [one, other]: Pair): [bigint, bigint] {
  return [counts.votes(one, other), counts.votes(other, one)];
}

function sign(value: bigint): number {
  return value > 0n ? 1 : value < 0n ? -1 : 0;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
