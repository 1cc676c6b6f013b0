/** Opened ballots of a shuffled poll, and what each of them says in words. */

import type { Question } from "../protocol/question/asked.ts";
import { Amounts } from "../protocol/question/amounts.ts";
import { NumberQuestion } from "../protocol/question/number.ts";
import { Pairwise } from "../protocol/question/pairwise.ts";
import { Ranking } from "../protocol/question/ranking.ts";
import { disambiguate } from "../protocol/question/votes.ts";
import { type Gateway, Refusal } from "./gateway.ts";
import { type OpenedBallots, openedBallots } from "./views.ts";

/** The opened ballots of a poll that has a tally; undefined if only their sum was opened. */
export async function readOpened(
  gateway: Gateway,
  poll: bigint,
  signal: AbortSignal,
): Promise<OpenedBallots | undefined> {
  try {
    return await gateway.get(`/polls/${poll}/opened`, openedBallots, signal);
  } catch (error) {
    if (error instanceof Refusal && error.problem.code === "not-opened") return undefined;
    throw error;
  }
}

/**
 * What a ballot answers to each question, in a line; "" for a blank answer.
 *
 * @param questions Of the poll; one question for all slots if the description has none.
 */
export function ballotTexts(
  questions: readonly Question[],
  options: readonly string[],
  slots: readonly bigint[],
): string[] {
  if (!questions.length) return [listed(options, slots)];
  let start = 0;
  return questions.map((question) => {
    const own = slots.slice(start, (start += question.rule.slots.length));
    if (question instanceof Ranking) return ranked(question.options, own);
    if (question instanceof Pairwise) {
      return ranked(question.options, own.slice(0, question.options.length));
    }
    if (question instanceof Amounts || question instanceof NumberQuestion) {
      return disambiguate(question.labels())
        .flatMap((label, slot) => (own[slot] ? [`${label}: ${own[slot]}`] : []))
        .join(", ");
    }
    return listed(question.labels(), own);
  });
}

/** Options from the highest slot on. */
function ranked(options: readonly string[], slots: readonly bigint[]): string {
  const names = disambiguate(options);
  return [...slots.keys()]
    .filter((slot) => slots[slot])
    .sort((left, right) => (slots[left]! > slots[right]! ? -1 : 1))
    .map((slot) => names[slot]!)
    .join(" › ");
}

function listed(options: readonly string[], slots: readonly bigint[]): string {
  return disambiguate(options)
    .flatMap((name, slot) => {
      const own = slots[slot]!;
      return own ? [own === 1n ? name : `${name}: ${own}`] : [];
    })
    .join(", ");
}
