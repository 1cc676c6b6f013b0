/**
 * In how many ways a question can be answered.
 *
 * Apart from the questions, because only voters of polls that open every ballot need it.
 *
 * Source: docs/protocol.md §5.5. Vectors: tests/vectors/questions.json.
 */

import { Points, Split } from "./amounts.ts";
import type { Question } from "./asked.ts";
import { CrossTabulation } from "./buckets.ts";
import { NumberQuestion } from "./number.ts";
import { Pairwise } from "./pairwise.ts";
import { Ranking } from "./ranking.ts";
import { Approval, OneOption } from "./selection.ts";

/** Number of different answers; at most, if caps, costs or credits forbid some of them. */
export function possibleAnswers(question: Question): bigint {
  if (question instanceof OneOption) return BigInt(question.options.length);
  if (question instanceof CrossTabulation) {
    return BigInt(question.rows.length * question.columns.length);
  }
  if (question instanceof NumberQuestion) {
    return BigInt(Math.max(1, question.groups.length)) * (question.span + 1n);
  }
  if (question instanceof Approval) {
    const { options, atLeast, atMost } = question;
    return summed(atLeast, atMost, (chosen) => combinations(BigInt(options.length), chosen));
  }
  if (question instanceof Ranking) {
    const { options, fewest, places } = question;
    return summed(fewest, places, (filled) => permutations(BigInt(options.length), filled));
  }
  if (question instanceof Pairwise) {
    // An option alone at the end is ranked there, listed or not.
    const last = question.options.length - 1;
    const fewest = Math.min(question.fewest, last);
    return summed(fewest, last, (listed) => permutations(BigInt(last + 1), listed));
  }
  if (question instanceof Split) {
    const others = question.options.length - 1;
    return combinations(question.total + BigInt(others), others);
  }
  const each = question.rule.slotMaxima.reduce((product, most) => product * (most + 1n), 1n);
  if (!(question instanceof Points)) return each;
  const { length } = question.options;
  const together = combinations(question.credits + BigInt(length), length);
  return together < each ? together : each;
}

/** Number of orders of `taken` out of `count`: `count (count − 1) …`. */
function permutations(count: bigint, taken: number): bigint {
  let product = 1n;
  for (let place = 0; place < taken; place++) product *= count - BigInt(place);
  return product;
}

/** Number of sets of `taken` out of `count`. */
function combinations(count: bigint, taken: number): bigint {
  return permutations(count, taken) / permutations(BigInt(taken), taken);
}

/** Sum of a number over all whole numbers of a range, ends included. */
function summed(from: number, to: number, number: (at: number) => bigint): bigint {
  let sum = 0n;
  for (let at = from; at <= to; at++) sum += number(at);
  return sum;
}
