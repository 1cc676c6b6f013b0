/**
 * Support of options: their part of the ballots, not of all crosses.
 *
 * In a vote by weight, ballots count by the weight of their voters. The chain does not show the weight
 * of the counted ballots; if no question shows it, support is a part of the whole electorate's weight.
 */

import type { Question } from "../protocol/question/asked.ts";
import { CrossTabulation } from "../protocol/question/buckets.ts";
import { OneOption } from "../protocol/question/selection.ts";
import type { Statistics } from "../protocol/statistics.ts";

/** What support is a part of. */
export interface Base {
  /** Weight of the counted ballots, or of all voters. */
  readonly weight: bigint;
  readonly of: "ballots" | "voters";
}

interface Counts {
  readonly voters: number;
  readonly totalWeight: bigint;
  readonly counted: number;
}

/** Whether some ballots weigh more than others. */
export function isWeighted({ voters, totalWeight }: Pick<Counts, "voters" | "totalWeight">) {
  return BigInt(voters) !== totalWeight;
}

/** The weight that support is measured by. */
export function supportBase(counts: Counts, statistics: readonly Statistics[]): Base {
  if (!isWeighted(counts)) return { weight: BigInt(counts.counted), of: "ballots" };
  for (const { question, shares } of statistics) {
    // Every ballot gives its weight to exactly one slot.
    if (question instanceof OneOption || question instanceof CrossTabulation) {
      return { weight: shares.reduce((sum, { count }) => sum + count, 0n), of: "ballots" };
    }
  }
  return { weight: counts.totalWeight, of: "voters" };
}

/** Whether a ballot gives each slot its weight at most once, so that support is a percentage. */
export function countsBallots({ rule }: Question): boolean {
  return rule.slotMaxima.every((most) => most === 1n);
}
