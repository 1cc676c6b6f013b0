/**
 * How a poll counts: which polls may open every ballot without its voter's name.
 *
 * Source: docs/protocol.md §4.1, §19.1. Vectors: tests/vectors/board.json.
 */

import { Rejected } from "./errors.ts";
import { MAX_SHUFFLING_NODES, mayShuffle } from "./shuffle/groups.ts";

/** What a poll's parameters say of its counting. */
interface Counting {
  readonly counting: number;
  readonly openMinimum: number;
  readonly shufflePeriod: number;
  readonly tallyPeriod: number;
  readonly voters: number;
  readonly totalWeight: bigint;
}

/** What decides whether a committee can shuffle. */
interface Sizes {
  readonly members: readonly unknown[];
  readonly threshold: number;
  readonly faults: number;
}

/** How a poll counts: nodes open the sum of all ballots, or each ballot without its voter's name. */
export const SUMMED = 0;
export const SHUFFLED = 1;

/** Lowest allowed `openMinimum`: among fewer ballots, each says too much about its voter. */
export const MINIMUM_OPENED = 5;

/** Whether every ballot is opened, without its voter's name (§19). */
export function isShuffled({ counting }: Pick<Counting, "counting">): boolean {
  return counting === SHUFFLED;
}

const DIFFERENT_WEIGHTS = "a poll that opens every ballot needs voters of equal weight";

/**
 * Check the words of a shuffled poll, which are 0 in a summed one (§4.1).
 *
 * @throws Rejected: a bound is broken; the item names the parameter (check P6).
 */
export function checkShuffle(parameters: Counting): void {
  const { openMinimum, shufflePeriod, voters, totalWeight } = parameters;
  const half = Math.floor(parameters.tallyPeriod / 2);
  const fails = (name: string, reason: string) => {
    return new Rejected("P6", `parameters.${name}`, reason);
  };
  if (!isShuffled(parameters)) {
    for (const [name, value] of [
      ["open_minimum", openMinimum],
      ["shuffle_period", shufflePeriod],
    ] as const) {
      if (value) throw fails(name, `${value}, although ballots are only summed`);
    }
    return;
  }
  if (openMinimum < MINIMUM_OPENED || openMinimum > voters) {
    throw fails("open_minimum", `${openMinimum} outside ${MINIMUM_OPENED} … ${voters} voters`);
  }
  if (shufflePeriod < 1 || shufflePeriod > half) {
    const reason = `${shufflePeriod} s outside 1 … ${half} s, half of the tally period`;
    throw fails("shuffle_period", reason);
  }
  if (totalWeight % BigInt(voters)) {
    const total = `${totalWeight} is no multiple of the ${voters} voters`;
    throw fails("total_weight", `${total}; ${DIFFERENT_WEIGHTS}`);
  }
}

/** Why a committee cannot shuffle ballots (§19.1), in words; undefined when it can. */
export function shuffleObjection({ members, threshold, faults }: Sizes): string | undefined {
  const [n, t, f] = [members.length, threshold, faults];
  const able = "able are (4, 2, 1), (5, 2, 1), (6, 3, 1), (7, 3, 2)";
  const named = `(${n}, ${t}, ${f}) cannot shuffle ballots`;
  if (n > MAX_SHUFFLING_NODES) {
    return `${named}: ${n} nodes, at most ${MAX_SHUFFLING_NODES}; ${able}`;
  }
  if (mayShuffle(n, t, f)) return undefined;
  return (
    `${named}: with ${f} silent, ${n - f} of ${n} nodes are left, but it takes ` +
    `2t − 1 = ${2 * t - 1} to find ${t} without any of ${t - 1} bad ones; ${able}`
  );
}

/**
 * Check that a shuffled poll's committee can shuffle (§19.1).
 *
 * @throws Rejected: it cannot; the reason names committees that can (check P6).
 */
export function checkCommittee(parameters: Counting, committee: Sizes): void {
  const objection = isShuffled(parameters) ? shuffleObjection(committee) : undefined;
  if (objection) throw new Rejected("P6", "parameters.committee", objection);
}

/**
 * Check that a shuffled poll's voters all have the same weight (§19.1).
 *
 * @throws Rejected: two weights differ (check C3).
 */
export function checkWeights(parameters: Counting, weights: readonly bigint[]): void {
  if (!isShuffled(parameters)) return;
  const other = weights.find((weight) => weight !== weights[0]);
  if (other === undefined) return;
  throw new Rejected("C3", `weights ${weights[0]} and ${other}`, DIFFERENT_WEIGHTS);
}
