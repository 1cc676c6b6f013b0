/** Answers that a voter enters. */

import { describe, expect, test } from "vitest";

import {
  answerLines,
  bitsOf,
  isEntered,
  isUnfinished,
  problemOf,
  readEntries,
} from "../../web/src/client/answers.ts";
import { utf8 } from "../../web/src/protocol/encoding.ts";
import { parseJson } from "../../web/src/protocol/json.ts";
import { Points } from "../../web/src/protocol/question/amounts.ts";
import type { Entries } from "../../web/src/protocol/question/entries.ts";
import { inUnit } from "../../web/src/protocol/question/number.ts";
import { readQuestions } from "../../web/src/protocol/question/poll.ts";
import { POLL, pollOf } from "./support/votes.ts";

describe("answers", () => {
  const answer = (chosen: number[], ...amounts: string[]): Entries => ({ chosen, amounts });
  const [approval, knapsack, points, split, ranking, cross, number, pairs] = readQuestions(
    parseJson(
      utf8(
        JSON.stringify([
          {
            kind: "approval",
            title: "A",
            options: ["a", "b", "c"],
            at_least: 1,
            at_most: 2,
            caps: [{ options: [0, 1], at_most: 1 }],
          },
          { kind: "knapsack", title: "K", options: ["a", "b"], costs: [3, 4], budget: 5 },
          { kind: "points", title: "P", options: ["a", "b"], credits: 5, at_least: 2 },
          { kind: "split", title: "S", options: ["a", "b"] },
          { kind: "ranking", title: "R", options: ["a", "b", "c"], scores: [2, 1], at_least: 1 },
          { kind: "cross_tabulation", title: "C", rows: ["a", "b"], columns: ["c", "d"] },
          { kind: "number", title: "N", low: -5, high: 5, unit: "°", groups: ["n", "s"] },
          { kind: "pairwise", title: "O", options: ["a", "b", "c"], at_least: 1 },
        ]),
      ),
      "questions",
    ),
  );

  test.each([
    [approval, answer([]), { kind: "few", least: 1 }],
    [approval, answer([0, 1, 2]), { kind: "many", most: 2 }],
    [approval, answer([0, 1]), { kind: "cap", options: ["a", "b"], ofCosts: false, bound: 1n }],
    [approval, answer([0, 2]), undefined],
    [knapsack, answer([0, 1]), { kind: "budget", amount: 2n }],
    [knapsack, answer([]), undefined],
    [points, answer([], "1"), { kind: "less", amount: 1n }],
    [points, answer([], "5", "2"), { kind: "over", amount: 2n }],
    [points, answer([], "1.5"), { kind: "whole", option: "a" }],
    [points, answer([], "4", "-1"), { kind: "range", option: "b" }],
    [points, answer([], " 2 ", ""), undefined],
    [split, answer([], "60", "39"), { kind: "less", amount: 1n }],
    [split, answer([], "60", "40"), undefined],
    [ranking, answer([]), { kind: "places", least: 1 }],
    [ranking, answer([2, 0, 1]), { kind: "many", most: 2 }],
    [ranking, answer([2]), undefined],
    [cross, answer([3]), { kind: "row" }],
    [cross, answer([1]), { kind: "column" }],
    [cross, answer([3, 1]), undefined],
    [number, answer([0]), { kind: "number", low: -5n, high: 5n }],
    [number, answer([0], "6"), { kind: "number" }],
    [number, answer([], "-5"), { kind: "group" }],
    [number, answer([1], "-5"), undefined],
    [pairs, answer([]), { kind: "places", least: 1 }],
    [pairs, answer([2]), undefined],
  ])("case %# names its problem", (question, given, problem) => {
    const found = problemOf(question!, given);
    if (problem) expect(found).toMatchObject(problem);
    else expect(found).toBeUndefined();
  });

  test.each([
    [approval, answer([]), true],
    [approval, answer([0, 1, 2]), false],
    [points, answer([], "1"), true],
    [points, answer([], "5", "2"), false],
    [points, answer([], "1.5"), false],
    [number, answer([0]), true],
    [number, answer([0], "6"), false],
  ])("case %# is unfinished or wrong", (question, given, unfinished) => {
    expect(isUnfinished(problemOf(question!, given)!, given)).toBe(unfinished);
  });

  test("are entered once anything is chosen or typed", () => {
    expect(isEntered(answer([]))).toBe(false);
    expect(isEntered(answer([], "", " "))).toBe(false);
    expect(isEntered(answer([], "", "0"))).toBe(true);
    expect(isEntered(answer([2]))).toBe(true);
  });

  test("are reviewed in the words of the sealed ballot", () => {
    expect(answerLines(ranking!, answer([2, 0]))).toEqual(["1. c", "2. a"]);
    expect(answerLines(pairs!, answer([2]))).toEqual(["1. c"]);
    expect(answerLines(pairs!, answer([2, 0]))).toEqual(["1. c", "2. a", "3. b"]);
    expect(answerLines(number!, answer([1], "-5"))).toEqual(["s: -5 °"]);
    expect(answerLines(knapsack!, answer([]))).toEqual([]);
    expect(answerLines(knapsack!, answer([0, 1]))).toBeUndefined();
  });

  test.each([
    ["100 €", "45 × 100 €"],
    ["min", "45 min"],
    ["", "45"],
  ])("in units of %j cannot be misread", (unit, says) => {
    expect(inUnit(45n, unit)).toBe(says);
  });

  test("of a poll make a ballot that obeys its rule", () => {
    expect(bitsOf(POLL.questions, [answer([1])])).toEqual([0n, 1n]);
    expect(POLL.rule.violated(bitsOf(POLL.questions, [answer([0])]))).toBeFalsy();
  });

  test.each([
    undefined,
    "text",
    { chosen: [9], amounts: [] },
    { chosen: [0, 0], amounts: [] },
    { chosen: [0.5], amounts: [] },
    { chosen: [], amounts: [1] },
    { chosen: [] },
  ])("of an invalid draft are empty: %j", (draft) => {
    expect(readEntries(approval!, draft)).toEqual({ chosen: [], amounts: [] });
  });
});

test("the rule implies the question of a description without one", () => {
  const asked = new Points("Where?", ["Here"], 10n, 3n);
  const silent = { title: "Where?", options: asked.options };
  const poll = pollOf({ description: silent, rule: asked.rule });
  expect(poll.questions).toEqual([asked]);
  const bits = bitsOf(poll.questions, [{ chosen: [], amounts: ["7"] }]);
  expect(poll.rule.violated(bits)).toBeUndefined();
  expect(poll.rule.slotValues(bits)).toEqual([7n]);
});
