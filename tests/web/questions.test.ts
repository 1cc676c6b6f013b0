/** Questions: their rules, the bits of their votes, and refusals of invalid ones. */

import { describe, expect, test } from "vitest";

import { BallotLayout } from "../../web/src/protocol/ballot.ts";
import { ballotBits } from "../../web/src/protocol/question/poll.ts";
import { generators } from "../../web/src/protocol/commitment.ts";
import { toHex, utf8 } from "../../web/src/protocol/encoding.ts";
import { type Json, type JsonObject, parseJson } from "../../web/src/protocol/json.ts";
import { ProofShape } from "../../web/src/protocol/proof.ts";
import { verifyProofs } from "../../web/src/protocol/proof_batch.ts";
import type { Question } from "../../web/src/protocol/question/asked.ts";
import { pollLabels, pollRule, readQuestions } from "../../web/src/protocol/question/poll.ts";
import { disambiguate } from "../../web/src/protocol/question/votes.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { possibleAnswers } from "../../web/src/protocol/question/possible.ts";
import { ERRORS, type Expected, strictVectors, unhex, vectors } from "./support/vectors.ts";

/** The questions of each case of a list, read as the protocol reads JSON. */
function questionsOf(file: string, list: string): Json[] {
  const cases = (strictVectors(file) as JsonObject).get(list) as readonly JsonObject[];
  return cases.map((one) => one.get("questions")!);
}

/** Cases of a list with their questions. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names what is read
function zipped<T>(file: string, list: string): { one: T; name: string; questions: Json }[] {
  const cases = vectors<Record<string, (T & { name: string })[]>>(file)[list]!;
  const questions = questionsOf(file, list);
  return cases.map((one, place) => ({ one, name: one.name, questions: questions[place]! }));
}

function rewritten(questions: readonly Question[]): Json {
  return parseJson(utf8(JSON.stringify(questions.map((question) => question.toJson()))), "JSON");
}

describe("questions.json", () => {
  const cases = zipped<{
    rule: string;
    labels: string[];
    written: unknown[];
    possible_answers: string[];
    slots_tell: boolean[];
  }>("questions", "cases");

  test.each(cases)("$name", ({ one, questions }) => {
    const read = readQuestions(questions);
    expect(toHex(pollRule(read).encode())).toBe(one.rule);
    expect(pollLabels(read)).toEqual(one.labels);
    expect(JSON.parse(JSON.stringify(read.map((question) => question.toJson())))).toEqual(
      one.written,
    );
    expect(pollRule(readQuestions(rewritten(read))).encode()).toEqual(unhex(one.rule));
    expect(read.map((question) => possibleAnswers(question).toString())).toEqual(
      one.possible_answers,
    );
    expect(read.map(({ slotsObjection }) => slotsObjection === undefined)).toEqual(one.slots_tell);
  });

  test.each(zipped<{ expect: Expected }>("questions", "refused"))(
    "refused: $name",
    ({ one, questions }) => {
      expect(() => pollRule(readQuestions(questions))).toThrow(ERRORS[one.expect]);
    },
  );
});

interface VotesCase {
  votes: { vote: unknown; bits: string; slots: string[] }[];
  refused_votes: { name: string; vote: unknown }[];
  refused_bits: { name: string; bits: string }[];
}

describe("votes.json", () => {
  test.each(zipped<VotesCase>("votes", "polls"))("$name", ({ one, questions }) => {
    const read = readQuestions(questions);
    const rule = pollRule(read);
    for (const { vote, bits, slots } of one.votes) {
      const made = ballotBits(read, vote);
      expect(made.join(" ")).toBe(bits);
      expect(rule.violated(made)).toBeUndefined();
      expect(rule.slotValues(made)).toEqual(slots.map(BigInt));
    }
    for (const { name, vote } of one.refused_votes) {
      expect(() => ballotBits(read, vote), name).toThrow(RangeError);
    }
    for (const { name, bits } of one.refused_bits) {
      expect(rule.violated(bits.split(" ").map(BigInt)), name).toBeTypeOf("string");
    }
  });
});

interface BallotCase {
  threshold: number;
  poll_context: string;
  ballot: string;
  digest: string;
  expect: "valid" | Expected;
}

test.each(zipped<BallotCase>("question_ballots", "cases"))(
  "question_ballots.json: $name",
  ({ one, questions }) => {
    const shape = new ProofShape(pollRule(readQuestions(questions)), one.threshold);
    const ballot = new BallotLayout(shape).decode(unhex(one.ballot));
    const verify = () => {
      const points = generators(shape.rule.width);
      verifyProofs(points, shape, unhex(one.poll_context), [ballot.proof], systemRandomness);
    };
    if (one.expect === "valid") {
      verify();
      expect(toHex(ballot.digest)).toBe(one.digest);
    } else {
      expect(verify).toThrow(/B6/);
    }
  },
);

test.each([
  [
    ["Trees", "Park"],
    ["Trees", "Park"],
  ],
  [
    ["Trees", "Park", "Trees"],
    ["#1 Trees", "#2 Park", "#3 Trees"],
  ],
  [
    ["Trees", "Tr\u200bees "],
    ["#1 Trees", "#2 Tr\u200bees "],
  ],
  [
    ["Cafe\u0301", "Caf\u00e9"],
    ["#1 Cafe\u0301", "#2 Caf\u00e9"],
  ],
])("options that look alike are numbered: %j", (labels, shown) => {
  expect(disambiguate(labels)).toEqual(shown);
});
