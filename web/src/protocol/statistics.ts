/**
 * Exact statistics of a tally beyond its counts: shares, means, variances, quantiles.
 *
 * A number is undefined where nobody answered.
 *
 * Source: docs/protocol.md §5.10. Tests: tests/web/test_statistics.py compares it with Python's.
 */

import { type Fraction, fraction, negated, plus, squared } from "./fraction.ts";
import type { Question } from "./question/asked.ts";
import { Histogram } from "./question/buckets.ts";
import { NumberQuestion } from "./question/number.ts";
import { Pairwise } from "./question/pairwise.ts";

export const QUARTILES: readonly Fraction[] = [
  fraction(1n, 4n),
  fraction(1n, 2n),
  fraction(3n, 4n),
];

/** One slot: its count, and its share of all counts of the question. */
export interface SlotShare {
  readonly label: string;
  readonly count: bigint;
  readonly share: Fraction | undefined;
}

/** The bracket `low <= x < high` of a histogram in which a quantile lies. */
export interface Bracket {
  readonly quantile: Fraction;
  readonly label: string;
  readonly low: bigint;
  readonly high: bigint;
}

/** The numbers of one group. */
export interface Moments {
  /** Its name; "" for the only one, and for all groups together. */
  readonly group: string;
  /** Answers, by weight. */
  readonly count: bigint;
  /** Mean of the numbers themselves, `low` included. */
  readonly mean: Fraction | undefined;
  /** Variance of the whole group (divided by the count), undefined also where not asked for. */
  readonly variance: Fraction | undefined;
}

/** Statistics of one question. */
export interface Statistics {
  readonly question: Question;
  /** Of each slot; none for a number and for pairs. */
  readonly shares: readonly SlotShare[];
  /** Of a histogram with bounds, where somebody answered. */
  readonly quartiles: readonly Bracket[];
  /** Of each group of a number. */
  readonly moments: readonly Moments[];
  /** Of all groups of a number together. */
  readonly overall: Moments | undefined;
}

/**
 * Statistics of each question of a poll.
 *
 * @param tally Votes of each slot of all questions in order; RangeError when their number differs.
 */
export function pollStatistics(
  questions: readonly Question[],
  tally: readonly bigint[],
): Statistics[] {
  const slots = questions.map(({ rule }) => rule.slots.length);
  const together = slots.reduce((sum, count) => sum + count, 0);
  if (together !== tally.length) {
    throw new RangeError(`${tally.length} slots, expected ${together}`);
  }
  let start = 0;
  return questions.map((question, number) => {
    start += slots[number]!;
    return statisticsOf(question, tally.slice(start - slots[number]!, start));
  });
}

/**
 * Of one question.
 *
 * @param tally Votes of its slots.
 */
export function statisticsOf(question: Question, tally: readonly bigint[]): Statistics {
  if (question instanceof NumberQuestion) {
    const width = question.slotsPerGroup;
    const groups = question.groups.length ? question.groups : [""];
    const moments = groups.map((group, place) => {
      return momentsOf(question, group, tally.slice(width * place, width * (place + 1)));
    });
    const sums = Array.from({ length: width }, (_, place) => {
      return total(tally.filter((_, slot) => slot % width === place));
    });
    const overall = momentsOf(question, "", sums);
    return { question, shares: [], quartiles: [], moments, overall };
  }
  if (question instanceof Pairwise) {
    return { question, shares: [], quartiles: [], moments: [], overall: undefined };
  }
  const all = total(tally);
  const shares = question.labels().map((label, slot) => {
    const count = tally[slot]!;
    return { label, count, share: all ? fraction(count, all) : undefined };
  });
  const quartiles =
    question instanceof Histogram
      ? QUARTILES.flatMap((quantile) => bracketOf(question, tally, quantile) ?? [])
      : [];
  return { question, shares, quartiles, moments: [], overall: undefined };
}

/**
 * The first bracket with at least `quantile` of the answers up to its end.
 *
 * Undefined where nobody answered, or the buckets have no bounds.
 *
 * @param quantile In (0, 1]; RangeError for another.
 */
export function bracketOf(
  { options, bounds }: Histogram,
  tally: readonly bigint[],
  quantile: Fraction,
): Bracket | undefined {
  const { numerator, denominator } = quantile;
  if (numerator <= 0n || numerator > denominator) {
    throw new RangeError(`quantile ${numerator}/${denominator} outside (0, 1]`);
  }
  const all = total(tally);
  if (!bounds || !all) return undefined;
  let reached = 0n;
  const bucket = tally.findIndex((count) => {
    reached += count;
    return reached * denominator >= numerator * all;
  });
  return { quantile, label: options[bucket]!, low: bounds[bucket]!, high: bounds[bucket + 1]! };
}

/** Statistics of a group with this count, sum and optional sum of squares. */
function momentsOf(
  { range, squares }: NumberQuestion,
  group: string,
  [count = 0n, sum = 0n, square = 0n]: readonly bigint[],
): Moments {
  if (!count) return { group, count, mean: undefined, variance: undefined };
  // Sums are relative to `low`, which shifts the mean and not the variance.
  const above = fraction(sum, count);
  const mean = plus(fraction(range.low), above);
  const spread = plus(fraction(square, count), negated(squared(above)));
  return { group, count, mean, variance: squares ? spread : undefined };
}

function total(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}
