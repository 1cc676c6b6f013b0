/** Rules on opened ballots: awards, steps and refusals of the shared vectors, and many ballots. */

import { describe, expect, test } from "vitest";

import { toHex } from "../../web/src/protocol/encoding.ts";
import type { Fraction } from "../../web/src/protocol/fraction.ts";
import { BallotOutcome } from "../../web/src/protocol/outcome/ballots.ts";
import { awardsOf, decide } from "../../web/src/protocol/outcome/methods/decide.ts";
import { groupsOf } from "../../web/src/protocol/outcome/methods/profile.ts";
import type { Step } from "../../web/src/protocol/outcome/methods/steps.ts";
import { decodeOutcomeRule, outcomeRuleDigest } from "../../web/src/protocol/outcome/parts.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface Case {
  name: string;
  rule: string;
  slots: number;
  digest: string;
  ballots: number[][];
  awards: number[];
  steps: Record<string, unknown>[];
}

interface BallotOutcomesFile {
  cases: Case[];
  refused: { name: string; rule: string; slots: number; expect: Expected }[];
}

const SNAKE: Record<string, string> = {
  paidAll: "paid_all",
  lookedBack: "looked_back",
  transferredExhausted: "transferred_exhausted",
};

/** A step as the vectors have it: exact numbers are strings, and nothing is null. */
function written(step: Step): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(step).map(([name, value]) => [SNAKE[name] ?? name, plain(value)]),
  );
}

function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return value;
  const { numerator, denominator } = value as Fraction;
  return denominator === 1n ? String(numerator) : `${numerator}/${denominator}`;
}

function ruleOf(encoded: string): BallotOutcome {
  const rule = decodeOutcomeRule(unhex(encoded));
  if (!(rule instanceof BallotOutcome)) throw new Error("a rule on a tally");
  return rule;
}

describe("ballot_outcomes.json", () => {
  const given = vectors<BallotOutcomesFile>("ballot_outcomes");

  test.each(given.cases)("$name", (one) => {
    const rule = ruleOf(one.rule);
    expect(toHex(rule.encode())).toBe(one.rule);
    expect(toHex(outcomeRuleDigest(rule.encode()))).toBe(one.digest);
    rule.checkSlots(one.slots);
    const ballots = one.ballots.map((slots) => slots.map(BigInt));
    for (const order of [ballots, [...ballots].reverse()]) {
      const decided = decide(rule, groupsOf(order));
      expect(awardsOf(rule, decided)).toEqual(one.awards.map(BigInt));
      expect(decided.steps.map(written)).toEqual(one.steps);
    }
    expect(rule.order()).toEqual([]);
    expect(() => rule.awards()).toThrow(TypeError);
  });

  test.each(given.refused)("refused: $name", ({ rule, slots, expect: expected }) => {
    expect(() => {
      decodeOutcomeRule(unhex(rule)).checkSlots(slots);
    }).toThrow(ERRORS[expected]);
  });

  test("a ballot with another number of slots is refused", () => {
    const { rule, slots } = given.cases[0]!;
    const ballot = Array.from({ length: slots + 1 }, () => 1n);
    expect(() => decide(ruleOf(rule), [{ slots: ballot, count: 1 }])).toThrow(ERRORS.Rejected);
  });
});
