/**
 * Sequential Phragmén with costs: voters earn money alike, and supporters buy what they can.
 *
 * With costs of 1 it elects a committee of `budget` seats.
 *
 * Source: docs/protocol.md §14.10.5. Vectors: tests/vectors/ballot_outcomes.json.
 */

import { compare, type Fraction, fraction, negated, plus } from "../../fraction.ts";
import type { Phragmen } from "../ballots.ts";
import { ballotCount, type BallotGroup } from "./profile.ts";
import type { Decided, Purchase } from "./steps.ts";

/** Fund options by approvals until the next one costs more than is left. */
export function phragmen(rule: Phragmen, groups: readonly BallotGroup[]): Decided {
  const { costs, budget } = rule;
  const supporters = costs.map((_, option) => {
    return [...groups.keys()].filter((group) => groups[group]!.slots[option]);
  });
  const weights = supporters.map((own) => ballotCount(own.map((group) => groups[group]!)));
  const candidates = new Set(
    [...costs.keys()].filter((option) => weights[option] && costs[option]! <= budget),
  );
  // Times of purchases, for each group which of them was its last one, and for each option the times
  // of the last purchases of all its supporters together.
  const times = [fraction(0n)];
  const last = groups.map(() => 0);
  const spent = costs.map(() => fraction(0n));
  let left = budget;
  const steps: Purchase[] = [];
  while (candidates.size && left) {
    const affordableAt = (option: number): Fraction => {
      const { numerator, denominator } = plus(fraction(costs[option]!), spent[option]!);
      return fraction(numerator, denominator * BigInt(weights[option]!));
    };
    const [option, time] = [...candidates]
      .map((one) => [one, affordableAt(one)] as const)
      .reduce((best, next) => (compare(next[1], best[1]) < 0 ? next : best));
    const cost = costs[option]!;
    const kind = cost > left ? "stopped" : "funded";
    if (kind === "funded") left -= cost;
    steps.push({ kind, option, cost, supporters: weights[option]!, time, left });
    if (kind === "stopped") break;
    candidates.delete(option);
    const moved = new Map<number, bigint[]>();
    for (const group of supporters[option]!) {
      const { slots, count } = groups[group]!;
      const known = moved.get(last[group]!) ?? costs.map(() => 0n);
      slots.forEach((points, slot) => {
        if (points) known[slot]! += BigInt(count);
      });
      moved.set(last[group]!, known);
      last[group] = times.length;
    }
    for (const [purchase, counts] of moved) {
      const passed = plus(time, negated(times[purchase]!));
      counts.forEach((count, slot) => {
        if (count)
          spent[slot] = plus(spent[slot]!, fraction(passed.numerator * count, passed.denominator));
      });
    }
    times.push(time);
  }
  const funded = steps.filter(({ kind }) => kind === "funded");
  return { winners: funded.map(({ option }) => option), steps };
}
