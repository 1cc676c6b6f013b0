/**
 * Why an option was not funded, found by going through the ranking as the outcome rule does.
 *
 * Source: docs/protocol.md §14.3, §14.6.
 */

import { ranking } from "../protocol/outcome/greedy.ts";
import type { Results } from "./views.ts";

/** What kept an option from being funded. */
export type Reason =
  | { readonly kind: "support"; readonly least: bigint }
  | { readonly kind: "left"; readonly left: bigint }
  | { readonly kind: "category" | "ended" };

/** For each option that a budget did not fund why; nothing of rules that spend no budget. */
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

/** Whether two options of equal rank fared differently: then the one listed first went first. */
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
