/**
 * How a budget was spent, option by option, as the outcome rule spends it.
 *
 * Source: docs/protocol.md §14.3, §14.6. Vectors: tests/vectors/outcome.json.
 */

import { EqualShares, Phragmen } from "../protocol/outcome/ballots.ts";
import { GreedyByCategory } from "../protocol/outcome/categories.ts";
import { Greedy } from "../protocol/outcome/greedy.ts";
import type { OutcomeRule } from "../protocol/outcome/rule.ts";

export type BudgetRule = Greedy | GreedyByCategory;

/** What the rule did with an option at its turn. */
export interface Step {
  readonly slot: number;
  readonly cost: bigint;
  readonly votes: bigint;
  /** Whether the step is of the second pass, which spends what categories left over. */
  readonly second: boolean;
  /**
   * `funded`; or too few votes (`support`), too dear for the whole budget (`budget`) or for that of
   * its category (`category`), or behind an option that ended the funding (`ended`).
   */
  readonly result: "funded" | "support" | "budget" | "category" | "ended";
  /** What could be spent on it: the rest of the budget, or of the category if that is less. */
  readonly available: bigint;
  /** Rest of the whole budget after the step. */
  readonly left: bigint;
}

/** Whether a rule spends a budget. */
export function spendsBudget(rule: OutcomeRule): rule is BudgetRule {
  return rule instanceof Greedy || rule instanceof GreedyByCategory;
}

/** What options cost, and the budget that they are funded from. */
export interface Funding {
  readonly costs: readonly bigint[];
  readonly budget: bigint;
}

/** Costs and budget of a rule that funds options; undefined for others, such as those with seats. */
export function fundingOf(rule: OutcomeRule): Funding | undefined {
  if (spendsBudget(rule) || rule instanceof EqualShares) return rule;
  return rule instanceof Phragmen && rule.costs.some((cost) => cost !== 1n) ? rule : undefined;
}

/**
 * Every step of a rule, in its order. The second pass has the options that the first left out.
 *
 * @param tally Votes of each slot.
 */
export function budgetWalk(rule: BudgetRule, tally: readonly bigint[]): Step[] {
  const { stop, minimumSupport } = rule.manner;
  const categorized = rule instanceof GreedyByCategory;
  // One category that has the whole budget decides like none.
  const ofCategory = categorized ? [...rule.categoryBudgets] : [rule.budget];
  const steps: Step[] = [];
  const ended = new Set<number>();
  let left = rule.budget;
  const take = (slot: number, second: boolean, category: number) => {
    const cost = rule.costs[slot]!;
    const own = second || !categorized ? left : ofCategory[category]!;
    const available = own < left ? own : left;
    let result: Step["result"] = "funded";
    if (ended.has(category)) result = "ended";
    else if (cost > left) result = "budget";
    else if (cost > available) result = "category";
    if (result === "funded") {
      left -= cost;
      if (!second) ofCategory[category]! -= cost;
    } else if (stop) ended.add(category);
    steps.push({ slot, cost, votes: tally[slot]!, second, result, available, left });
    return result === "funded";
  };
  const remaining: number[] = [];
  for (const slot of rule.order(tally)) {
    if (tally[slot]! < minimumSupport) {
      const [cost, votes] = [rule.costs[slot]!, tally[slot]!];
      const result = "support";
      steps.push({ slot, cost, votes, second: false, result, available: left, left });
    } else if (!take(slot, false, categorized ? rule.options[slot]!.category : 0)) {
      remaining.push(slot);
    }
  }
  if (categorized && rule.manner.leftover) {
    ended.clear();
    for (const slot of remaining) take(slot, true, 0);
  }
  return steps;
}

/** The step that decided about each option: its last. */
export function lastSteps(steps: readonly Step[]): ReadonlyMap<number, Step> {
  return new Map(steps.map((step) => [step.slot, step]));
}

/** Two options of equal rank of which only the one listed first was awarded. */
export interface Tie {
  readonly first: number;
  readonly other: number;
}

/**
 * Ties that the order on the ballot broke: for each option left out, the last awarded one of its rank.
 *
 * @param rankOf Rank of each slot as a quotient: votes, by cost where the rule ranks by it.
 */
export function tiesOf(
  ranks: readonly (readonly [votes: bigint, cost: bigint])[],
  awards: readonly (bigint | undefined)[],
): Tie[] {
  return ranks.flatMap(([votes, cost], other) => {
    if (awards[other] || votes === 0n) return [];
    const first = ranks.findLastIndex(([theirs, dear], slot) => {
      return slot < other && Boolean(awards[slot]) && theirs * cost === votes * dear;
    });
    return first < 0 ? [] : [{ first, other }];
  });
}
