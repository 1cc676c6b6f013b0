/**
 * Weight classes: equal weights within groups, so that a tally does not reveal few voters' votes.
 *
 * Source: docs/protocol.md §6.6. Vectors: tests/vectors/weight_classes.json.
 */

import { MINIMUM_CLASS } from "./census.ts";
import { Malformed, Rejected } from "./errors.ts";
import type { Json } from "./json.ts";

const MAX_CLASSES = 320n;

/** The maximum number of classes, or another way to equalize weights. */
export type ClassRule = bigint | "powers_of_two" | "equal";

/** Voters whose weights are equalized. */
export interface WeightClass {
  /** The weight of each of them. */
  readonly value: bigint;
  readonly voters: bigint;
  /** Lowest and highest of their original weights. */
  readonly lowest: bigint;
  readonly highest: bigint;
}

type Group = Omit<WeightClass, "value"> & { readonly total: bigint };

/** Read a rule from JSON; Malformed when it is invalid. */
export function readClassRule(content: Json, item: string): ClassRule {
  if (typeof content === "bigint" && content >= 1n && content <= MAX_CLASSES) return content;
  if (content === "equal" || content === "powers_of_two") return content;
  throw new Malformed(item, `not 1 … ${MAX_CLASSES}, "powers_of_two" or "equal"`);
}

/**
 * Classes by rising weight: heavier voters never weigh less than lighter ones.
 *
 * @param weights Of each voter, at least 1.
 * @throws Rejected: there are fewer voters than make a class (check C3).
 */
export function weightClasses(weights: readonly bigint[], rule: ClassRule): WeightClass[] {
  if (weights.length < MINIMUM_CLASS) {
    const voters = weights.length === 1 ? "1 voter" : `${weights.length} voters`;
    const reason = `${voters} cannot form a class of at least ${MINIMUM_CLASS}`;
    throw new Rejected("C3", "census", reason);
  }
  const kept = rule === "powers_of_two" ? bits : (weight: bigint) => weight;
  let groups: Group[] = [];
  for (const weight of [...weights].sort((one, two) => (one < two ? -1 : one > two ? 1 : 0))) {
    const voter = { voters: 1n, lowest: weight, highest: weight, total: weight };
    const last = groups.at(-1);
    const joins = last && (rule === "equal" || kept(last.lowest) === kept(weight));
    if (joins) groups[groups.length - 1] = union(last, voter);
    else groups.push(voter);
  }
  groups = filled(groups);
  if (typeof rule === "bigint") groups = joined(groups, rule);
  return groups.map((group) => ({ ...group, value: valueOf(group, rule) }));
}

/** Class weight of a voter with an original weight. */
export function classWeight(classes: readonly WeightClass[], weight: bigint): bigint {
  const found = classes.find(({ highest }) => weight <= highest);
  if (!found) throw new RangeError(`${weight} is in no class`);
  return found.value;
}

function valueOf({ total, voters }: Group, rule: ClassRule): bigint {
  if (rule === "equal") return 1n;
  const mean = total / voters;
  return rule === "powers_of_two" ? 1n << (bits(mean) - 1n) : mean;
}

function bits(value: bigint): bigint {
  return BigInt(value.toString(2).length);
}

function union(low: Group, high: Group): Group {
  return {
    voters: low.voters + high.voters,
    lowest: low.lowest,
    highest: high.highest,
    total: low.total + high.total,
  };
}

/** From the top down, merge a group of too few voters with those below; the rest joins the last. */
function filled(groups: readonly Group[]): Group[] {
  const kept: Group[] = [];
  for (const group of groups.toReversed()) {
    const above = kept.at(-1);
    if (above && above.voters < MINIMUM_CLASS) kept[kept.length - 1] = union(group, above);
    else kept.push(group);
  }
  const [above, lowest] = kept.slice(-2);
  if (above && lowest && lowest.voters < MINIMUM_CLASS) kept.splice(-2, 2, union(lowest, above));
  return kept.reverse();
}

/**
 * Merge neighbours until there are at most `most` groups.
 *
 * Those with the lowest ratio of highest to lowest weight first; among equals the lower ones.
 */
function joined(given: readonly Group[], most: bigint): Group[] {
  const groups = [...given];
  while (groups.length > most) {
    let best = 0;
    for (let low = 1; low + 1 < groups.length; low++) {
      const left = groups[low + 1]!.highest * groups[best]!.lowest;
      const right = groups[best + 1]!.highest * groups[low]!.lowest;
      if (left < right) best = low;
    }
    groups.splice(best, 2, union(groups[best]!, groups[best + 1]!));
  }
  return groups;
}
