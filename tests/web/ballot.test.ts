/** Ballots of the shared vectors. */

import { describe, expect, test } from "vitest";

import { BallotLayout } from "../../web/src/protocol/ballot.ts";
import { generators } from "../../web/src/protocol/commitment.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { ProofShape } from "../../web/src/protocol/proof.ts";
import { verifyProofs } from "../../web/src/protocol/proof_batch.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { BallotRule } from "../../web/src/protocol/rule.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface BallotCase {
  name: string;
  rule: string;
  threshold: number;
  poll_context: string;
  ballot: string;
  digest: string;
  expect: "valid" | Expected;
}

describe("ballot.json", () => {
  const { cases } = vectors<{ cases: BallotCase[] }>("ballot");

  test.each(cases)("$name", (one) => {
    const shape = new ProofShape(BallotRule.decode(unhex(one.rule)), one.threshold);
    const check = () => {
      const ballot = new BallotLayout(shape).decode(unhex(one.ballot));
      const points = generators(shape.rule.width);
      verifyProofs(points, shape, unhex(one.poll_context), [ballot.proof], systemRandomness);
      return ballot;
    };
    if (one.expect === "valid") {
      const ballot = check();
      expect(toHex(ballot.encoded)).toBe(one.ballot);
      expect(toHex(ballot.digest)).toBe(one.digest);
    } else {
      expect(check).toThrow(ERRORS[one.expect]);
    }
  });
});
