/** Boards of the shared vectors. */

import { describe, expect, test } from "vitest";

import { splitSections } from "../../web/src/protocol/board.ts";
import { Reader, toHex } from "../../web/src/protocol/encoding.ts";
import {
  Committee,
  decodeIdentity,
  decodeParameters,
  encodeParameters,
} from "../../web/src/protocol/parameters.ts";
import { readShare } from "../../web/src/protocol/sharing.ts";
import { combine } from "../../web/src/protocol/tally_proof.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface BoardFile {
  containers: { name: string; board: string; expect: "valid" | Expected }[];
  board: { poll: string; parameters: string; committee: string; committee_digest: string };
  tally: string[];
  blinding: string;
  aggregate_shares: { node: number; share: string }[];
}

describe("board.json", () => {
  const { containers } = vectors<BoardFile>("board");

  test.each(containers)("$name", ({ board, expect: expected }) => {
    const split = () => splitSections(unhex(board));
    if (expected === "valid") expect(split()).toHaveProperty("leaves");
    else expect(split).toThrow(ERRORS[expected]);
  });
});

test("board.json: sections", () => {
  const given = vectors<BoardFile>("board");
  const parameters = decodeParameters(unhex(given.board.parameters));
  expect(toHex(encodeParameters(parameters))).toBe(given.board.parameters);
  const committee = Committee.decode(unhex(given.board.committee));
  expect(toHex(committee.digest)).toBe(given.board.committee_digest);
  expect(toHex(committee.encode())).toBe(given.board.committee);
  expect(decodeIdentity(unhex(given.board.poll)).pollId).toBe(1n);
  const shares = given.aggregate_shares.map(({ node, share }) => {
    const reader = new Reader(unhex(share), "share");
    return [node, readShare(reader, given.tally.length, "share")] as const;
  });
  const tally = combine(new Map(shares), committee.threshold);
  expect(tally.values).toEqual(given.tally.map(BigInt));
  expect(tally.blinding).toBe(BigInt(given.blinding));
});
