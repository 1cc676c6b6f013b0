/** What a voter fills in about a poll's questions: out of a draft, judged, and made a ballot of. */

import type { Question } from "../protocol/question/asked.ts";
import type { Entries, EntryProblem } from "../protocol/question/entries.ts";
import { ballotBits } from "../protocol/question/poll.ts";

const EMPTY: Entries = { chosen: [], amounts: [] };
const MAX_TYPED = 50;

/** Entries out of a draft, which may be of anybody's making; empty ones where it fits nothing. */
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

/** The first thing that is wrong with entries; undefined when they can be cast. */
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
