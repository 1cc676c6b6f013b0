/** Ballot rules of the shared vectors, and the questions that make them. */

import { describe, expect, test } from "vitest";

import { toHex } from "../../web/src/protocol/encoding.ts";
import { Rejected } from "../../web/src/protocol/errors.ts";
import { impliedQuestion } from "../../web/src/protocol/question/implied.ts";
import { approval, knapsack, singleChoice } from "../../web/src/protocol/question/selection.ts";
import { BallotRule, slackBits, slackCoefficients } from "../../web/src/protocol/rule.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface RuleCase {
  name: string;
  rule: string;
  expect: "valid" | Expected;
  digest: string;
  slots: number;
  max_slot_value: string;
  slots_are_bits: boolean;
}

test.each(vectors<{ cases: RuleCase[] }>("rule").cases)("rule.json: $name", (one) => {
  if (one.expect !== "valid") {
    expect(() => BallotRule.decode(unhex(one.rule))).toThrow(ERRORS[one.expect]);
    return;
  }
  const rule = BallotRule.decode(unhex(one.rule));
  expect(toHex(rule.encode())).toBe(one.rule);
  expect(toHex(rule.digest)).toBe(one.digest);
  expect(rule.slots.length).toBe(one.slots);
  expect(rule.maxSlotValue).toBe(BigInt(one.max_slot_value));
  expect(rule.slotsAreBits).toBe(one.slots_are_bits);
});

interface ConstructorsFile {
  single_choice: { options: number; rule: string }[];
  approval: { options: number; at_least: number; at_most: number; rule: string }[];
  knapsack: { costs: string[]; budget: string; rule: string }[];
  rounds: { ballot: string; rule: string; implied: { options: string[] } }[];
}

describe("constructors.json", () => {
  const given = vectors<ConstructorsFile>("constructors");

  test.each(given.single_choice)("single choice of $options", ({ options, rule }) => {
    expect(toHex(singleChoice(options).encode())).toBe(rule);
  });

  test.each(given.approval)("approval of $at_least to $at_most of $options", (one) => {
    expect(toHex(approval(one.options, one.at_least, one.at_most).encode())).toBe(one.rule);
  });

  test.each(given.knapsack)("knapsack of $budget", ({ costs, budget, rule }) => {
    expect(toHex(knapsack(costs.map(BigInt), BigInt(budget)).encode())).toBe(rule);
  });

  test.each(given.rounds)("the rule of $ballot implies its question", ({ rule, implied }) => {
    const question = impliedQuestion(BallotRule.decode(unhex(rule)), "Round", implied.options);
    expect(JSON.parse(JSON.stringify(question.toJson()))).toEqual(implied);
    expect(toHex(question.rule.encode())).toBe(rule);
  });

  test("a rule of no known question implies none", () => {
    const twice = new BallotRule(2, [[{ bit: 0, coefficient: 2n }], [{ bit: 1, coefficient: 3n }]]);
    expect(() => impliedQuestion(twice, "Round", ["a", "b"])).toThrow(Rejected);
  });
});

test.each(vectors<{ cases: { span: number; coefficients: string[] }[] }>("slack").cases)(
  "slack.json: $span",
  ({ span, coefficients }) => {
    expect(slackCoefficients(BigInt(span))).toEqual(coefficients.map(BigInt));
    for (let value = 0n; value <= BigInt(span); value++) {
      const bits = slackBits(BigInt(span), value);
      const sum = bits.reduce(
        (total, bit, number) => total + bit * BigInt(coefficients[number]!),
        0n,
      );
      expect(sum).toBe(value);
    }
  },
);
