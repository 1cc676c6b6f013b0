/**
 * Funding options by rank while the budget lasts.
 *
 * Source: docs/protocol.md §14.3. Vectors: tests/vectors/outcome.json.
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

/** How options are ranked, and what happens at an option that does not fit the remaining budget. */
export interface GreedyManner {
  /** Rank by votes per cost, not by votes. */
  readonly perCost: boolean;
  /** Stop at an option that does not fit instead of skipping it. */
  readonly stop: boolean;
  /** Votes below which an option is skipped. */
  readonly minimumSupport: bigint;
}

export class Greedy implements OutcomeRule {
  static readonly KIND = 1;
  /** Of each slot, in the smallest unit, each in [1, 2^128). */
  readonly costs: readonly bigint[];
  /** In the same unit. */
  readonly budget: bigint;
  readonly manner: GreedyManner;

  /** @throws Rejected: a cost, the budget or the minimum support is out of range (check P2). */
  constructor(costs: readonly bigint[], budget: bigint, manner: GreedyManner) {
    costs.forEach((cost, slot) => {
      requireRange(`costs[${slot}]`, cost, 1, 128);
    });
    requireRange("budget", budget, 0, 128);
    requireRange("minimum_support", manner.minimumSupport, 0, 128);
    this.costs = costs;
    this.budget = budget;
    this.manner = manner;
  }

  checkSlots(slots: number): void {
    if (this.costs.length !== slots) {
      throw invalidOutcome("costs", `${this.costs.length}, expected ${slots}`);
    }
  }

  encode(): Uint8Array {
    const { perCost, stop, minimumSupport } = this.manner;
    return concat([
      Uint8Array.of(Greedy.KIND, Number(perCost), Number(stop)),
      unsigned(minimumSupport, AMOUNT_BYTES),
      unsigned(this.budget, AMOUNT_BYTES),
      unsigned(this.costs.length, 2),
      ...this.costs.map((cost) => unsigned(cost, AMOUNT_BYTES)),
    ]);
  }

  /** Read the fields after the kind. */
  static read(reader: Reader): Greedy {
    const perCost = readFlag(reader, "order") === 1;
    const stop = readFlag(reader, "misfit") === 1;
    const minimumSupport = reader.unsigned(AMOUNT_BYTES, "minimum_support");
    const budget = reader.unsigned(AMOUNT_BYTES, "budget");
    const costs = Array.from({ length: reader.small(2, "slots") }, () => {
      return reader.unsigned(AMOUNT_BYTES, "costs");
    });
    return new Greedy(costs, budget, { perCost, stop, minimumSupport });
  }

  /** All slots. */
  order(tally: readonly bigint[]): number[] {
    return ranking(tally, this.costs, this.manner.perCost);
  }

  /** 1 for each funded slot. */
  awards(tally: readonly bigint[]): bigint[] {
    this.checkSlots(tally.length);
    const funded = nothing(tally);
    let left = this.budget;
    for (const slot of this.order(tally)) {
      if (tally[slot]! < this.manner.minimumSupport) continue;
      if (this.costs[slot]! > left) {
        if (this.manner.stop) break;
        continue;
      }
      funded[slot] = 1n;
      left -= this.costs[slot]!;
    }
    return funded;
  }
}

/** Slots from best to worst; ties go to the lower slot. */
export function ranking(
  tally: readonly bigint[],
  costs: readonly bigint[],
  perCost: boolean,
): number[] {
  return [...costs.keys()].sort((left, right) => {
    let [ofLeft, ofRight] = [tally[left]!, tally[right]!];
    if (perCost) [ofLeft, ofRight] = [ofLeft * costs[right]!, ofRight * costs[left]!];
    if (ofLeft === ofRight) return left - right;
    return ofLeft > ofRight ? -1 : 1;
  });
}
