/**
 * What a voter fills in about a question, finished or not, and what is still wrong with it.
 *
 * Answers are JSON, so that drafts keep them; amounts are text as typed. Options count from 0.
 */

import { ballotBits, voteBits } from "../protocol/choice.ts";
import type { OpenPoll } from "../protocol/published.ts";
import { type Amounts, Points, Quadratic, Score, Split } from "../protocol/question/amounts.ts";
import type { Question } from "../protocol/question/asked.ts";
import { CrossTabulation, Histogram } from "../protocol/question/buckets.ts";
import { type Cap, pricesOf } from "../protocol/question/caps.ts";
import { NumberQuestion } from "../protocol/question/number.ts";
import { Ranking } from "../protocol/question/ranking.ts";
import { Approval, Knapsack, SingleChoice } from "../protocol/question/selection.ts";

/** Options chosen or placed; amounts as typed; a number and its group. */
export interface Answer {
  readonly chosen: readonly number[];
  readonly amounts: readonly string[];
}

/** Why an answer cannot be cast yet: a code, and what belongs to it. */
export type AnswerProblem =
  | { readonly kind: "choose" | "row" | "column" | "group" | "rule" }
  | { readonly kind: "few" | "places"; readonly least: number }
  | { readonly kind: "many"; readonly most: number }
  | { readonly kind: "budget" | "less" | "over"; readonly amount: bigint }
  | { readonly kind: "cap"; readonly cap: Cap }
  | { readonly kind: "whole"; readonly option: number }
  | {
      readonly kind: "range";
      readonly option: number;
      readonly low: bigint;
      readonly high: bigint;
    }
  | { readonly kind: "number"; readonly low: bigint; readonly high: bigint };

export type AmountQuestion = Score | Points | Split | Quadratic;

/** Whether a question asks for an amount of each option. */
export function asksAmounts(question: Question): question is AmountQuestion {
  return (
    question instanceof Score ||
    question instanceof Points ||
    question instanceof Split ||
    question instanceof Quadratic
  );
}

const EMPTY: Answer = { chosen: [], amounts: [] };

/** An answer out of a draft, which may be of anybody's making; an empty one where it fits nothing. */
export function readAnswer(question: Question, draft: unknown): Answer {
  if (typeof draft !== "object" || !draft) return EMPTY;
  const { chosen, amounts } = draft as Record<keyof Answer, unknown>;
  const most = choices(question);
  const fits =
    Array.isArray(chosen) &&
    chosen.every((one) => Number.isInteger(one) && one >= 0 && one < most) &&
    new Set(chosen).size === chosen.length &&
    Array.isArray(amounts) &&
    amounts.length <= most &&
    amounts.every((one) => typeof one === "string" && one.length < 50);
  return fits ? { chosen, amounts } : EMPTY;
}

/** How many things can be chosen, placed or given to. */
function choices(question: Question): number {
  if (question instanceof NumberQuestion) return Math.max(1, question.groups.length);
  if (question instanceof CrossTabulation) return question.rows.length + question.columns.length;
  return question.labels().length;
}

/** What an amount as typed says; undefined when it is no whole number, 0 when nothing is typed. */
export function amountOf(typed: string | undefined): bigint | undefined {
  const digits = typed?.trim() ?? "";
  if (!digits) return 0n;
  return /^-?[0-9]{1,40}$/.test(digits) ? BigInt(digits) : undefined;
}

/** Amounts of all options. */
export function amountsOf(question: Amounts, { amounts }: Answer): (bigint | undefined)[] {
  return question.options.map((_, option) => amountOf(amounts[option]));
}

/** What the amounts come to, as far as they are numbers. */
export function totalOf(question: Amounts, answer: Answer): bigint {
  return question.totalOf(amountsOf(question, answer).map((value) => value ?? 0n)) ?? 0n;
}

/** What the chosen options cost together. */
export function spentOn(costs: readonly bigint[], { chosen }: Answer): bigint {
  return chosen.reduce((sum, option) => sum + costs[option]!, 0n);
}

/** The first thing that is wrong with an answer; undefined when it can be cast. */
export function problemOf(question: Question, answer: Answer): AnswerProblem | undefined {
  const found = firstProblem(question, answer);
  if (found) return found;
  try {
    voteBits(question, voteOf(question, answer));
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return { kind: "rule" };
    throw error;
  }
}

function firstProblem(question: Question, answer: Answer): AnswerProblem | undefined {
  const { chosen, amounts } = answer;
  if (question instanceof SingleChoice || question instanceof Histogram) {
    return chosen.length === 1 ? undefined : { kind: "choose" };
  }
  if (question instanceof Approval || question instanceof Knapsack) {
    if (question instanceof Approval) {
      const { atLeast, atMost } = question;
      if (chosen.length < atLeast) return { kind: "few", least: atLeast };
      if (chosen.length > atMost) return { kind: "many", most: atMost };
    } else {
      const over = spentOn(question.costs, answer) - question.budget;
      if (over > 0n) return { kind: "budget", amount: over };
    }
    const broken = question.caps.find((cap) => takenOf(cap, question.costs, chosen) > cap.bound);
    return broken && { kind: "cap", cap: broken };
  }
  if (asksAmounts(question)) {
    const values = amountsOf(question, answer);
    for (const [option, value] of values.entries()) {
      const high = question.rule.slotMaxima[option]!;
      if (value === undefined) return { kind: "whole", option };
      if (value < 0n || value > high) return { kind: "range", option, low: 0n, high };
    }
    const total = question.totalOf(values as bigint[]);
    if (total === undefined) return undefined;
    if (total < question.least) return { kind: "less", amount: question.least - total };
    if (total > question.most) return { kind: "over", amount: total - question.most };
    return undefined;
  }
  if (question instanceof Ranking) {
    if (chosen.length < question.fewest) return { kind: "places", least: question.fewest };
    const most = question.scores.length;
    return chosen.length > most ? { kind: "many", most } : undefined;
  }
  if (question instanceof CrossTabulation) {
    const rows = question.rows.length;
    if (!chosen.some((one) => one < rows)) return { kind: "row" };
    return chosen.some((one) => one >= rows) ? undefined : { kind: "column" };
  }
  if (question instanceof NumberQuestion) {
    const { low, high } = question.range;
    const value = amounts[0]?.trim() ? amountOf(amounts[0]) : undefined;
    if (value === undefined || value < low || value > high) return { kind: "number", low, high };
    return question.groups.length && chosen.length !== 1 ? { kind: "group" } : undefined;
  }
  throw new TypeError(`${question.kind} is no kind of question`);
}

/** What chosen options take of a cap's bound. */
export function takenOf(
  cap: Cap,
  costs: readonly bigint[] | undefined,
  chosen: readonly number[],
): bigint {
  const prices = pricesOf(cap, costs);
  return cap.options.reduce((sum, option, place) => {
    return chosen.includes(option) ? sum + prices[place]! : sum;
  }, 0n);
}

/** The vote that an answer without a problem says (§5.9). */
function voteOf(question: Question, answer: Answer): unknown {
  const { chosen } = answer;
  if (question instanceof SingleChoice || question instanceof Histogram) return chosen[0];
  if (asksAmounts(question)) return amountsOf(question, answer);
  if (question instanceof CrossTabulation) {
    const rows = question.rows.length;
    return [chosen.find((one) => one < rows), chosen.find((one) => one >= rows)! - rows];
  }
  if (question instanceof NumberQuestion) {
    const value = amountOf(answer.amounts[0]);
    return question.groups.length ? { value, group: chosen[0] } : { value };
  }
  return chosen;
}

/**
 * Bits of a ballot.
 *
 * @param answers One for each question.
 * @throws RangeError: an answer has a problem.
 */
export function bitsOf(
  { questions }: Pick<OpenPoll, "questions">,
  answers: readonly Answer[],
): bigint[] {
  const votes = questions.map((question, place) => voteOf(question, answers[place]!));
  return ballotBits(questions, votes.length === 1 ? votes[0] : votes);
}
