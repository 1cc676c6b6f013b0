/** Censuses and their proofs of the shared vectors. */

import { describe, expect, test } from "vitest";

import { Census, encodeEntry } from "../../web/src/protocol/census.ts";
import { verifyCensusProof } from "../../web/src/protocol/census_tree.ts";
import { concat, toHex, unsigned } from "../../web/src/protocol/encoding.ts";
import { AuditError } from "../../web/src/protocol/errors.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface CensusFile {
  cases: {
    census: string;
    hash: string;
    sum: string;
    root: string;
    proofs: { index: number; siblings: string }[];
  }[];
  refused: { name: string; census: string; expect: Expected }[];
}

describe("census.json", () => {
  const given = vectors<CensusFile>("census");

  test.each(given.cases)("root $root", ({ census: encoded, hash, sum, root, proofs }) => {
    const census = Census.decode(unhex(encoded));
    expect(toHex(census.root)).toBe(root);
    expect(toHex(census.encode())).toBe(encoded);
    const opened = census.tree.root;
    expect([toHex(opened.hash), opened.sum]).toEqual([hash, BigInt(sum)]);
    for (const { index, siblings } of proofs) {
      const entry = census.entries[index]!;
      const proof = census.proof(entry.account);
      expect(proof.index).toBe(index);
      const packed = proof.siblings.flatMap((node) => [node.hash, unsigned(node.sum, 16)]);
      expect(toHex(concat(packed))).toBe(siblings);
      verifyCensusProof(unhex(root), opened, encodeEntry(entry), proof);
      const refuses = (...changed: Parameters<typeof verifyCensusProof>) => {
        expect(() => {
          verifyCensusProof(...changed);
        }).toThrow(AuditError);
      };
      const leaf = encodeEntry(entry);
      const richer = encodeEntry({ ...entry, weight: entry.weight + 1n });
      refuses(unhex(root), opened, richer, proof);
      refuses(unhex(root), opened, leaf, { ...proof, index: opened.count });
      refuses(unhex(root), { ...opened, sum: opened.sum + 1n }, leaf, proof);
      refuses(unhex(root), opened, leaf, { ...proof, siblings: [...proof.siblings, opened] });
      if (proof.siblings.length) {
        const [first, ...others] = proof.siblings;
        const heavier = { ...first!, sum: first!.sum + 1n };
        refuses(unhex(root), opened, leaf, { index, siblings: [heavier, ...others] });
        const wrapping = { ...first!, sum: 1n << 128n };
        refuses(unhex(root), opened, leaf, { index, siblings: [wrapping, ...others] });
        refuses(unhex(root), opened, leaf, { ...proof, index: index ^ 1 });
      }
    }
  });

  test.each(given.refused)("refused: $name", ({ census, expect: expected }) => {
    expect(() => Census.decode(unhex(census))).toThrow(ERRORS[expected]);
  });
});
