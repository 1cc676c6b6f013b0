/**
 * The questions of one poll: their JSON form, and one rule out of several.
 *
 * Source: docs/protocol.md §4.4, §5.5, §5.7, §5.8. Vectors: tests/vectors/questions.json.
 */

import { Malformed, Rejected } from "../errors.ts";
import type { Json } from "../json.ts";
import { BallotRule, type Terms } from "../rule.ts";
import { Points, Quadratic, Score, Split } from "./amounts.ts";
import type { Question } from "./asked.ts";
import { CrossTabulation, Histogram } from "./buckets.ts";
import { Fields } from "./fields.ts";
import { NumberQuestion } from "./number.ts";
import { Pairwise } from "./pairwise.ts";
import { Ranking } from "./ranking.ts";
import { Approval, Knapsack, SingleChoice } from "./selection.ts";
import { oneForEach } from "./votes.ts";

interface QuestionClass {
  readonly KIND: string;
  readonly COMPETES: boolean;
  readonly HAS_OPTIONS: boolean;
  read(title: string, fields: Fields): Question;
}

const CLASSES: readonly QuestionClass[] = [
  SingleChoice,
  Approval,
  Knapsack,
  Score,
  Points,
  Split,
  Quadratic,
  Ranking,
  Histogram,
  CrossTabulation,
  NumberQuestion,
  Pairwise,
];

/** Classes by their kind in JSON. */
export const KINDS: ReadonlyMap<string, QuestionClass> = new Map(
  CLASSES.map((one) => [one.KIND, one]),
);

/**
 * Read questions from their JSON form.
 *
 * @throws Malformed: not a list of at least one question, each with its members and no others.
 * @throws Rejected: a question that nobody can ask (check P2).
 */
export function readQuestions(content: Json, item = "questions"): Question[] {
  if (!Array.isArray(content) || !content.length) {
    throw new Malformed(item, "not a list of questions");
  }
  return (content as readonly Json[]).map((one, number) => readOne(one, `${item}[${number}]`));
}

/** The ballot rule of a poll that asks these questions; Rejected when together too large. */
export function pollRule(questions: readonly Question[]): BallotRule {
  return stack(questions.map(({ rule }) => rule));
}

/** Names of the poll's slots, with the question's title in front where there are several. */
export function pollLabels(questions: readonly Question[]): readonly string[] {
  if (questions.length === 1) return questions[0]!.labels();
  return questions.flatMap((question) => {
    return question.labels().map((label) => `${question.title}: ${label}`);
  });
}

/**
 * Bits of a ballot on all questions of a poll.
 *
 * @param vote A vote (§5.9); where there are several questions, a list with one for each.
 * @throws RangeError: no such vote can be cast; the message names the question and the reason.
 */
export function ballotBits(questions: readonly Question[], vote: unknown): bigint[] {
  if (questions.length === 1) return questions[0]!.voteBits(vote);
  const votes = oneForEach(vote, "votes", questions.length, "question");
  return questions.flatMap((question, number) => {
    try {
      return question.voteBits(votes[number]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`${question.title}: ${error.message}`, { cause: error });
    }
  });
}

/** A ballot's answer to one question, in words, with the question's title. */
export interface QuestionAnswer {
  readonly question: string;
  readonly answer: readonly string[];
}

/**
 * A ballot in words, by question, for the voter to compare with their choice (§8.9).
 *
 * @param questions What the poll asks, in order.
 * @param bits A vote that obeys the rule that they make.
 */
export function answersOf(
  questions: readonly Question[],
  bits: readonly bigint[],
): QuestionAnswer[] {
  let at = 0;
  return questions.map((question) => {
    const own = bits.slice(at, at + question.rule.bits);
    at += question.rule.bits;
    return { question: question.title, answer: question.answer(own) };
  });
}

/**
 * Combine rules: a ballot of the result is one ballot of each, in order.
 *
 * @throws Rejected: together they are too large (check P2).
 */
function stack(rules: readonly BallotRule[]): BallotRule {
  let bits = 0;
  let slots = 0;
  const placed = rules.map((rule) => {
    const [firstBit, firstSlot] = [bits, slots];
    bits += rule.bits;
    slots += rule.slots.length;
    const shifted = (terms: Terms) => {
      return terms.map(({ bit, coefficient }) => ({ bit: bit + firstBit, coefficient }));
    };
    return {
      slots: rule.slots.map(shifted),
      rows: rule.rows.map(({ terms, constant }) => ({ terms: shifted(terms), constant })),
      quadraticRows: rule.quadraticRows.map((row) => ({
        slots: row.slots.map((slot) => slot + firstSlot),
        terms: shifted(row.terms),
        constant: row.constant,
      })),
    };
  });
  return new BallotRule(
    bits,
    placed.flatMap((rule) => rule.slots),
    placed.flatMap((rule) => rule.rows),
    placed.flatMap((rule) => rule.quadraticRows),
  );
}

function readOne(content: Json, item: string): Question {
  const fields = new Fields(content, item);
  const kind = fields.text("kind");
  const title = fields.text("title");
  const found = KINDS.get(kind);
  if (!found) throw new Malformed(`${item}.kind`, `${kind.slice(0, 40)} is unknown`);
  let question: Question;
  try {
    question = found.read(title, fields);
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    const name = error.item.slice(error.item.indexOf(".") + 1);
    throw new Rejected(error.check, `${item}.${name}`, error.reason);
  }
  fields.end();
  return question;
}
