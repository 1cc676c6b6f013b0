/**
 * The method of equal shares: voters get equal parts of the budget and buy options together.
 *
 * Source: docs/protocol.md §14.10.2; Peters, Pierczyński and Skowron, NeurIPS 2021. Vectors:
 * tests/vectors/ballot_outcomes.json.
 */

import { fraction } from "../../fraction.ts";
import type { EqualShares } from "../ballots.ts";
import type { BallotGroup } from "./profile.ts";
import { Market } from "./purchases.ts";
import type { Purchases } from "./shares.ts";
import type { Completion, Decided } from "./steps.ts";

/** Purchases, then what a completion adds. */
export function equalShares(rule: EqualShares, groups: readonly BallotGroup[]): Decided {
  if (!groups.length) return { winners: [], steps: [] };
  const { costs, budget, manner } = rule;
  const market = new Market(groups, costs, budget, manner.increment, manner.utility === "cost");
  const { increments, bought } = lastWithinBudget(rule, market);
  const added = manner.completion.endsWith("utilitarian")
    ? addedTo(rule, market, bought.options)
    : [];
  return {
    winners: [
      ...bought.options,
      ...added.filter(({ kind }) => kind === "completed").map(({ option }) => option),
    ],
    steps: [
      {
        kind: "shares",
        voters: Number(market.voters),
        first: fraction(budget, market.voters),
        increments,
        share: fraction(budget + increments * manner.increment * market.voters, market.voters),
      },
      ...market.steps(bought, increments),
      ...added,
    ],
  };
}

/** The number of increments of add-one, and what voters buy after them. */
function lastWithinBudget(
  rule: EqualShares,
  market: Market,
): { increments: bigint; bought: Purchases } {
  let [increments, bought] = [0n, market.buy()];
  if (!rule.manner.increment) return { increments, bought };
  while (bought.options.length < market.candidates.length) {
    // The same is bought until then. It ends, because unlimited shares buy everything.
    const last = bought.until ?? increments;
    const further = market.buyAfter(bought, last + 1n);
    if (costOf(rule, further.options) > rule.budget) return { increments: last, bought };
    [increments, bought] = [last + 1n, further];
  }
  return { increments, bought };
}

/** What the utilitarian completion visits, most utility per cost first. */
function addedTo(rule: EqualShares, market: Market, options: readonly number[]): Completion[] {
  const { costs, budget, manner } = rule;
  let left = budget - costOf(rule, options);
  const utilityOf = (option: number) => {
    return market.points[option]! * (manner.utility === "cost" ? costs[option]! : 1n);
  };
  return market.candidates
    .filter((option) => !options.includes(option))
    .sort((one, other) => {
      const difference = utilityOf(other) * costs[one]! - utilityOf(one) * costs[other]!;
      return difference ? (difference > 0n ? 1 : -1) : one - other;
    })
    .map((option) => {
      const cost = costs[option]!;
      const kind = cost > left ? "skipped" : "completed";
      if (kind === "completed") left -= cost;
      return { kind, option, cost, utility: utilityOf(option), left };
    });
}

function costOf({ costs }: EqualShares, options: readonly number[]): bigint {
  return options.reduce((sum, option) => sum + costs[option]!, 0n);
}
