/**
 * The question that a rule implies, for polls whose description states none.
 *
 * Voters can vote although long titles leave no room for the question or an organizer leaves it
 * out.
 *
 * Source: docs/protocol.md §4.4, §5.5. Vectors: tests/vectors/constructors.json.
 */

import { sameBytes } from "../encoding.ts";
import { Rejected } from "../errors.ts";
import type { BallotRule } from "../rule.ts";
import { Points, Quadratic, Score } from "./amounts.ts";
import type { Question } from "./asked.ts";
import { Ranking } from "./ranking.ts";
import { Approval, Knapsack, SingleChoice } from "./selection.ts";

/**
 * The first question that makes the rule, among those that a round can ask.
 *
 * @param options One for each slot.
 * @throws Rejected: none does (check P5).
 */
export function impliedQuestion(
  rule: BallotRule,
  title: string,
  options: readonly string[],
): Question {
  const chosen = new Set(rule.slots.flatMap((terms) => terms.map(({ bit }) => bit)));
  const row = rule.rows[0];
  const terms = row?.terms ?? [];
  // A missing row allows everything, like a row for 0 to all options.
  const bound = row?.constant ?? BigInt(options.length);
  const prices = terms.filter(({ bit }) => chosen.has(bit)).map(({ coefficient }) => coefficient);
  const slack = terms
    .filter(({ bit }) => !chosen.has(bit))
    .reduce((sum, { coefficient }) => sum + coefficient, 0n);
  const least = row ? bound - slack : 0n;
  const credits = rule.quadraticRows[0]?.constant ?? 0n;
  // Each place has a row; if there are several places, each option has one too.
  const places = Math.max(1, rule.rows.length - options.length);
  const scores = rule.slots[0]!.map(({ coefficient }) => coefficient);
  while (scores.length < places) scores.push(0n);
  const makers: readonly (() => Question)[] = [
    () => new SingleChoice(title, options),
    () => new Approval(title, options, Number(least), Number(bound)),
    () => new Knapsack(title, options, prices, bound),
    () => new Score(title, options, rule.slotMaxima[0]!),
    () => new Points(title, options, bound, least),
    () => new Quadratic(title, options, credits),
    () => new Ranking(title, options, scores),
  ];
  const encoded = rule.encode();
  for (const make of makers) {
    try {
      const question = make();
      // The above is a guess from the rule's form; only this comparison confirms it.
      if (sameBytes(question.rule.encode(), encoded)) return question;
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
    }
  }
  const reason = "there are none, and no question implies the rule";
  throw new Rejected("P5", "description.questions", reason);
}
