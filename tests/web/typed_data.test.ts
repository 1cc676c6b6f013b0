/** Statements and signatures of the shared vectors. */

import { describe, expect, test } from "vitest";

import { toHex } from "../../web/src/protocol/encoding.ts";
import { Domain, recover, type Value } from "../../web/src/protocol/typed_data.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface TypedDataFile {
  chain_id: number;
  registry: string;
  signer: string;
  separator: string;
  cases: { type: string; values: (string | number)[]; digest: string; signature: string }[];
  refused: { name: string; digest: string; signature: string; expect: Expected }[];
}

describe("typed_data.json", () => {
  const given = vectors<TypedDataFile>("typed_data");
  const domain = new Domain(BigInt(given.chain_id), unhex(given.registry));

  test("a domain has its separator", () => {
    expect(toHex(domain.separator)).toBe(given.separator);
  });

  test.each(given.cases)("$type", ({ type, values, digest, signature }) => {
    const read = values.map((value): Value => {
      if (typeof value === "number") return BigInt(value);
      return value.startsWith("0x") ? unhex(value) : value;
    });
    const computed = domain.digest(type, ...read);
    expect(toHex(computed)).toBe(digest);
    expect(toHex(recover(computed, unhex(signature)))).toBe(given.signer);
  });

  test.each(given.refused)("refused: $name", ({ digest, signature, expect: expected }) => {
    expect(() => recover(unhex(digest), unhex(signature))).toThrow(ERRORS[expected]);
  });
});
