/** Opened ballots of the shared vectors. */

import { describe, expect, test } from "vitest";

import { checkOpening } from "../../web/src/protocol/challenge.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { openedDigest, openingToJson, readOpening } from "../../web/src/protocol/opening.ts";
import { askedQuestions, decodeDescription } from "../../web/src/protocol/parameters.ts";
import { ProofShape } from "../../web/src/protocol/proof.ts";
import { answersOf } from "../../web/src/protocol/question/poll.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { BallotRule } from "../../web/src/protocol/rule.ts";
import { unhex, vectors } from "./support/vectors.ts";

interface OpeningCase {
  name: string;
  poll: {
    chain_id: string;
    registry: string;
    poll: string;
    poll_context: string;
    description: string;
    rule: string;
    threshold: number;
  };
  opening: Record<string, string>;
  digest: string;
}

describe("openings.json", () => {
  const given = vectors<{
    cases: (OpeningCase & { says: { question: string; answer: string[] }[] })[];
    refused: (OpeningCase & { check: string })[];
  }>("openings");

  const check = ({ poll, opening, digest }: OpeningCase) => {
    const rule = BallotRule.decode(unhex(poll.rule));
    const read = readOpening(JSON.stringify(opening));
    const identity = {
      chainId: BigInt(poll.chain_id),
      registry: unhex(poll.registry),
      pollId: BigInt(poll.poll),
    };
    const context = unhex(poll.poll_context);
    const shape = new ProofShape(rule, poll.threshold);
    checkOpening({ identity, context, rule, shape }, unhex(digest), read, systemRandomness);
    const description = decodeDescription(unhex(poll.description));
    return { read, said: answersOf(askedQuestions(description, rule), read.bits) };
  };

  test.each(given.cases)("$name", (one) => {
    const { read, said } = check(one);
    expect(said).toEqual(one.says);
    expect(openingToJson(read)).toEqual(one.opening);
    expect(toHex(openedDigest(read))).toBe(one.digest);
  });

  test.each(given.refused)("refused: $name", (one) => {
    expect(() => check(one)).toThrow(one.name === "a ballot cut short" ? /ballot/ : one.check);
  });

  test.each([
    ["format", "ostraka/opening/v1"],
    ["chain_id", "031337"],
    ["registry", "0x12"],
    ["bits", "0 1"],
    ["bits", ""],
    ["blinding", `0x${"ff".repeat(32)}`],
    ["blinding", "0x01"],
    ["more", ""],
  ])("an invalid opening is malformed: %s %s", (member, value) => {
    const content = { ...given.cases[0]!.opening, [member]: value };
    const named = member === "more" ? "members" : member;
    expect(() => readOpening(JSON.stringify(content))).toThrow(named);
  });
});
