/** A voter's entries for a poll's questions: from a draft, checked, and turned into a ballot. */

import type { Question } from "../protocol/question/asked.ts";
import type { Entries, EntryProblem } from "../protocol/question/entries.ts";
import { ballotBits } from "../protocol/question/poll.ts";

const EMPTY: Entries = { chosen: [], amounts: [] };
const MAX_TYPED = 50;

/** Entries of a draft from an untrusted source; empty ones where it does not fit. */
export function readEntries(question: Question, draft: unknown): Entries {
  if (typeof draft !== "object" || !draft) return EMPTY;
  const { chosen, amounts } = draft as Record<keyof Entries, unknown>;
  const most = question.choices;
  const fits =
    Array.isArray(chosen) &&
    chosen.every((one) => Number.isInteger(one) && one >= 0 && one < most) &&
    new Set(chosen).size === chosen.length &&
    Array.isArray(amounts) &&
    amounts.length <= most &&
    amounts.every((one) => typeof one === "string" && one.length < MAX_TYPED);
  return fits ? { chosen, amounts } : EMPTY;
}

/** The first problem of entries; undefined when they can be cast. */
export function problemOf(question: Question, entries: Entries): EntryProblem | undefined {
  const found = question.problem(entries);
  if (found) return found;
  try {
    question.voteBits(question.vote(entries));
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return { kind: "rule" };
    throw error;
  }
}

/** Whether anything is filled in. */
export function isEntered({ chosen, amounts }: Entries): boolean {
  return chosen.length > 0 || amounts.some((typed) => typed.trim() !== "");
}

/** Problems that an answer has until the voter has finished it, and which are no mistakes. */
const UNFINISHED: ReadonlySet<EntryProblem["kind"]> = new Set([
  "choose",
  "few",
  "places",
  "less",
  "row",
  "column",
  "group",
]);

/** Whether a problem only means that the voter has not finished the answer. */
export function isUnfinished(problem: EntryProblem, { amounts }: Entries): boolean {
  return UNFINISHED.has(problem.kind) || (problem.kind === "number" && !amounts[0]?.trim());
}

/** An answer in lines of text, as the sealed ballot shows it; undefined when it has a problem. */
export function answerLines(question: Question, entries: Entries): string[] | undefined {
  if (problemOf(question, entries)) return undefined;
  return question.answer(question.voteBits(question.vote(entries)));
}

/**
 * Bits of a ballot.
 *
 * @param entries Those of each question.
 * @throws RangeError: some have a problem.
 */
export function bitsOf(questions: readonly Question[], entries: readonly Entries[]): bigint[] {
  const votes = questions.map((question, place) => question.vote(entries[place]!));
  return ballotBits(questions, votes.length === 1 ? votes[0] : votes);
}
