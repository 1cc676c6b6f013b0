/** The steps of a budget agree with the rule that spends it, and name its ties. */

import { describe, expect, test } from "vitest";

import {
  budgetWalk,
  lastSteps,
  spendsBudget,
  type Step,
  tiesOf,
} from "../../web/src/client/budget_walk.ts";
import { GreedyByCategory } from "../../web/src/protocol/outcome/categories.ts";
import { Greedy } from "../../web/src/protocol/outcome/greedy.ts";
import { decodeOutcomeRule } from "../../web/src/protocol/outcome/parts.ts";
import { unhex, vectors } from "./support/vectors.ts";

interface Case {
  name: string;
  rule: string;
  tally: string[];
}

const BUDGETS = vectors<{ cases: Case[] }>("outcome").cases.filter(({ rule }) => {
  return spendsBudget(decodeOutcomeRule(unhex(rule)));
});

describe("the steps of outcome.json's budgets", () => {
  test.each(BUDGETS)("$name", ({ rule: encoded, tally }) => {
    const rule = decodeOutcomeRule(unhex(encoded)) as Greedy | GreedyByCategory;
    const votes = tally.map(BigInt);
    const last = lastSteps(budgetWalk(rule, votes));
    const awarded = votes.map((_, slot) => BigInt(last.get(slot)!.result === "funded"));
    expect(awarded).toEqual(rule.awards(votes));
  });
});

function results(steps: readonly Step[]) {
  return steps.map(({ slot, result, available, left }) => [slot, result, available, left]);
}

describe("a step", () => {
  const manner = { perCost: false, stop: false, minimumSupport: 2n };

  test("names support, remaining budget or the end of funding", () => {
    const skipping = new Greedy([600n, 500n, 300n, 100n], 1000n, manner);
    expect(results(budgetWalk(skipping, [9n, 8n, 7n, 1n]))).toEqual([
      [0, "funded", 1000n, 400n],
      [1, "budget", 400n, 400n],
      [2, "funded", 400n, 100n],
      [3, "support", 100n, 100n],
    ]);
    const stopping = new Greedy(skipping.costs, 1000n, { ...manner, stop: true });
    expect(results(budgetWalk(stopping, [9n, 8n, 7n, 6n])).slice(1)).toEqual([
      [1, "budget", 400n, 400n],
      [2, "ended", 400n, 400n],
      [3, "ended", 400n, 400n],
    ]);
  });

  test("names the rest of its category, then what all categories left over", () => {
    const options = [
      { cost: 60n, category: 0 },
      { cost: 50n, category: 0 },
      { cost: 70n, category: 1 },
    ];
    const rule = new GreedyByCategory(options, [100n, 60n], 160n, { ...manner, leftover: true });
    expect(results(budgetWalk(rule, [9n, 8n, 7n]))).toEqual([
      [0, "funded", 100n, 100n],
      [1, "category", 40n, 100n],
      [2, "category", 60n, 100n],
      [1, "funded", 100n, 50n],
      [2, "budget", 50n, 50n],
    ]);
  });
});

test("a tie names the awarded option of the same rank that is listed before", () => {
  const rank = (votes: bigint, cost = 1n) => [votes, cost] as const;
  expect(tiesOf([rank(9n), rank(9n), rank(1n)], [1n, 0n, 0n])).toEqual([{ first: 0, other: 1 }]);
  expect(tiesOf([rank(9n), rank(8n)], [1n, 0n])).toEqual([]);
  expect(tiesOf([rank(8n, 4n), rank(4n, 2n)], [1n, 0n])).toEqual([{ first: 0, other: 1 }]);
  expect(tiesOf([rank(0n), rank(0n)], [1n, 0n])).toEqual([]);
});
