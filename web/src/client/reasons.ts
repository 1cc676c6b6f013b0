/**
 * Why an option was not funded: follows the ranking as the outcome rule does.
 *
 * Source: docs/protocol.md §14.3, §14.6.
 */

import { ranking } from "../protocol/outcome/greedy.ts";
import type { Results } from "./views.ts";

/** Why an option was not funded. */
export type Reason =
  | { readonly kind: "support"; readonly least: bigint }
  | { readonly kind: "left"; readonly left: bigint }
  | { readonly kind: "category" | "ended" };

/** The reason of each option that was not funded; empty for rules without a budget. */
export function reasonsOf({ outcome, options }: Results): ReadonlyMap<number, Reason> {
  const reasons = new Map<number, Reason>();
  const { costs, budget, rankedBy, minimumSupport: least = 0n } = outcome;
  if (costs?.length !== options.length || budget === undefined) return reasons;
  const byCategory = outcome.kind === "categories";
  const tally = options.map(({ votes }) => votes);
  const stop = outcome.misfit === "stop";
  let left = budget;
  let ended = false;
  for (const slot of ranking(tally, costs, rankedBy === "votes_per_cost")) {
    const cost = costs[slot]!;
    if (options[slot]!.award) left -= cost;
    else if (tally[slot]! < least) reasons.set(slot, { kind: "support", least });
    else if (byCategory) reasons.set(slot, { kind: "category" });
    else if (ended) reasons.set(slot, { kind: "ended" });
    else {
      reasons.set(slot, { kind: "left", left });
      ended = stop;
    }
  }
  return reasons;
}

/** Whether the order of the options decided between two of equal rank. */
export function decidedByOrder({ outcome, options }: Results): boolean {
  const { costs, rankedBy } = outcome;
  const perCost = rankedBy === "votes_per_cost" && costs?.length === options.length;
  return options.some((one, slot) => {
    return options.slice(slot + 1).some((other, behind) => {
      const place = slot + 1 + behind;
      const ofOne = one.votes * (perCost ? costs[place]! : 1n);
      const ofOther = other.votes * (perCost ? costs[slot]! : 1n);
      return ofOne === ofOther && Boolean(one.award) !== Boolean(other.award);
    });
  });
}
