/**
 * Funding options by rank while the budgets of their categories last.
 *
 * Source: docs/protocol.md §14.6. Vectors: tests/vectors/outcome.json.
 */

import { concat, type Reader, unsigned } from "../encoding.ts";
import { type GreedyManner, ranking } from "./greedy.ts";
import {
  AMOUNT_BYTES,
  nothing,
  type OutcomeRule,
  readFlag,
  invalidOutcome,
  requireRange,
} from "./rule.ts";

/** An option's cost in [1, 2^128), and the index of its category's budget. */
export interface CategorizedCost {
  readonly cost: bigint;
  readonly category: number;
}

export interface CategoryManner extends GreedyManner {
  /** Whether a second pass spends what is left on options of any category. */
  readonly leftover: boolean;
}

export class GreedyByCategory implements OutcomeRule {
  static readonly KIND = 4;
  /** Of each slot. */
  readonly options: readonly CategorizedCost[];
  /** Budget of each category, in the unit of the costs; at least one. */
  readonly categoryBudgets: readonly bigint[];
  /** Budget of all categories together, in the same unit. */
  readonly budget: bigint;
  readonly manner: CategoryManner;

  /** @throws Rejected: a value is out of range (check P2). */
  constructor(
    options: readonly CategorizedCost[],
    categoryBudgets: readonly bigint[],
    budget: bigint,
    manner: CategoryManner,
  ) {
    if (!categoryBudgets.length) throw invalidOutcome("category_budgets", "there is no category");
    categoryBudgets.forEach((amount, category) => {
      requireRange(`category_budgets[${category}]`, amount, 0, 128);
    });
    options.forEach(({ cost, category }, slot) => {
      requireRange(`costs[${slot}]`, cost, 1, 128);
      if (!(category in categoryBudgets)) {
        throw invalidOutcome(`categories[${slot}]`, `category ${category} does not exist`);
      }
    });
    requireRange("budget", budget, 0, 128);
    requireRange("minimum_support", manner.minimumSupport, 0, 128);
    this.options = options;
    this.categoryBudgets = categoryBudgets;
    this.budget = budget;
    this.manner = manner;
  }

  /** Of each slot. */
  get costs(): bigint[] {
    return this.options.map(({ cost }) => cost);
  }

  checkSlots(slots: number): void {
    if (this.options.length !== slots) {
      throw invalidOutcome("costs", `${this.options.length}, expected ${slots}`);
    }
  }

  encode(): Uint8Array {
    const { perCost, stop, leftover, minimumSupport } = this.manner;
    const flags = [perCost, stop, leftover].map(Number);
    return concat([
      Uint8Array.of(GreedyByCategory.KIND, ...flags),
      unsigned(minimumSupport, AMOUNT_BYTES),
      unsigned(this.budget, AMOUNT_BYTES),
      unsigned(this.categoryBudgets.length, 2),
      ...this.categoryBudgets.map((amount) => unsigned(amount, AMOUNT_BYTES)),
      unsigned(this.options.length, 2),
      ...this.options.flatMap(({ cost, category }) => {
        return [unsigned(cost, AMOUNT_BYTES), unsigned(category, 2)];
      }),
    ]);
  }

  /** Read the fields after the kind. */
  static read(reader: Reader): GreedyByCategory {
    const perCost = readFlag(reader, "order") === 1;
    const stop = readFlag(reader, "misfit") === 1;
    const leftover = readFlag(reader, "leftover") === 1;
    const minimumSupport = reader.unsigned(AMOUNT_BYTES, "minimum_support");
    const budget = reader.unsigned(AMOUNT_BYTES, "budget");
    const budgets = Array.from({ length: reader.small(2, "categories") }, () => {
      return reader.unsigned(AMOUNT_BYTES, "category_budgets");
    });
    const options = Array.from({ length: reader.small(2, "slots") }, () => {
      const cost = reader.unsigned(AMOUNT_BYTES, "costs");
      return { cost, category: reader.small(2, "categories") };
    });
    const manner = { perCost, stop, leftover, minimumSupport };
    return new GreedyByCategory(options, budgets, budget, manner);
  }

  /** All slots. */
  order(tally: readonly bigint[]): number[] {
    return ranking(tally, this.costs, this.manner.perCost);
  }

  /** 1 for each funded slot. */
  awards(tally: readonly bigint[]): bigint[] {
    this.checkSlots(tally.length);
    const { stop, leftover, minimumSupport } = this.manner;
    const supported = this.order(tally).filter((slot) => tally[slot]! >= minimumSupport);
    const funded = nothing(tally);
    const ofCategory = [...this.categoryBudgets];
    const ended = new Set<number>();
    let left = this.budget;
    for (const slot of supported) {
      const { cost, category } = this.options[slot]!;
      if (ended.has(category)) continue;
      if (cost > left || cost > ofCategory[category]!) {
        if (stop) ended.add(category);
        continue;
      }
      funded[slot] = 1n;
      left -= cost;
      ofCategory[category]! -= cost;
    }
    for (const slot of leftover ? supported : []) {
      const { cost } = this.options[slot]!;
      if (funded[slot]) continue;
      if (cost > left) {
        if (stop) break;
        continue;
      }
      funded[slot] = 1n;
      left -= cost;
    }
    return funded;
  }
}
