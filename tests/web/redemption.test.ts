/** Redemptions of the shared vectors. */

import { describe, expect, test } from "vitest";

import { Census } from "../../web/src/protocol/census.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import {
  checkRedemptions,
  decodeRedemptions,
  pollElectorate,
  roundElectorate,
} from "../../web/src/protocol/redemption.ts";
import { Domain } from "../../web/src/protocol/typed_data.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface RedemptionsFile {
  chain_id: number;
  contract: string;
  round: number;
  nonce: string;
  root: string;
  round_electorate: string;
  poll_electorate: string;
  cases: { name: string; census: string; redemptions: string; expect: "valid" | Expected }[];
}

describe("redemptions.json", () => {
  const given = vectors<RedemptionsFile>("redemptions");
  const [chainId, contract, root] = [
    BigInt(given.chain_id),
    unhex(given.contract),
    unhex(given.root),
  ];
  const round = { treasury: contract, roundId: BigInt(given.round) };
  const electorate = roundElectorate(chainId, round, root);

  test("electorates have their digests", () => {
    expect(toHex(electorate)).toBe(given.round_electorate);
    const ofPoll = pollElectorate(chainId, contract, unhex(given.nonce), root);
    expect(toHex(ofPoll)).toBe(given.poll_electorate);
  });

  test.each(given.cases)("$name", ({ census: encoded, redemptions, expect: expected }) => {
    const check = () => {
      const census = Census.decode(unhex(encoded));
      const read = decodeRedemptions(unhex(redemptions), census.entries.length);
      checkRedemptions(read, census, root, electorate, new Domain(chainId, contract));
    };
    if (expected === "valid") check();
    else expect(check).toThrow(ERRORS[expected]);
  });
});
