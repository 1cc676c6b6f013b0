/** Outcome rules: awards, orders and refusals of the shared vectors. */

import { describe, expect, test } from "vitest";

import { toHex } from "../../web/src/protocol/encoding.ts";
import { Greedy } from "../../web/src/protocol/outcome/greedy.ts";
import { decodeOutcomeRule, outcomeRuleDigest } from "../../web/src/protocol/outcome/parts.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface Case {
  name: string;
  rule: string;
  slots: number;
  digest: string;
  tally: string[];
  order: number[];
  awards: string[];
}

interface OutcomeFile {
  cases: Case[];
  refused: { name: string; rule: string; slots: number; expect: Expected }[];
  refused_orders: { name: string; rule: string; tally: string[]; order: number[] }[];
}

describe("outcome.json", () => {
  const given = vectors<OutcomeFile>("outcome");

  test.each(given.cases)("$name", (one) => {
    const rule = decodeOutcomeRule(unhex(one.rule));
    expect(toHex(rule.encode())).toBe(one.rule);
    expect(toHex(outcomeRuleDigest(rule.encode()))).toBe(one.digest);
    rule.checkSlots(one.slots);
    const tally = one.tally.map(BigInt);
    expect(rule.order(tally)).toEqual(one.order);
    expect(rule.awards(tally)).toEqual(one.awards.map(BigInt));
  });

  test.each(given.refused)("refused: $name", ({ rule, slots, expect: expected }) => {
    expect(() => {
      decodeOutcomeRule(unhex(rule)).checkSlots(slots);
    }).toThrow(ERRORS[expected]);
  });

  test.each(given.refused_orders)("another order: $name", ({ rule, tally, order }) => {
    expect(decodeOutcomeRule(unhex(rule)).order(tally.map(BigInt))).not.toEqual(order);
  });
});

interface GreedyCase {
  costs: string[];
  budget: string;
  order: number;
  misfit: number;
  minimum_support: string;
  rule: string;
}

test.each(vectors<{ greedy: GreedyCase[] }>("constructors").greedy)(
  "constructors.json: greedy with $budget",
  (one) => {
    const rule = new Greedy(one.costs.map(BigInt), BigInt(one.budget), {
      perCost: one.order === 1,
      stop: one.misfit === 1,
      minimumSupport: BigInt(one.minimum_support),
    });
    expect(toHex(rule.encode())).toBe(one.rule);
  },
);
