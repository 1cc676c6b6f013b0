/** Inclusion proofs, and trees of the shared vectors. */

import { describe, expect, test } from "vitest";

import { deriveGenerator } from "../../web/src/protocol/commitment.ts";
import * as curve from "../../web/src/protocol/curve.ts";
import { encodePoints } from "../../web/src/protocol/curve.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { Malformed, Rejected } from "../../web/src/protocol/errors.ts";
import {
  type Leaf,
  rootDigest,
  SumTree,
  verifyInclusion,
} from "../../web/src/protocol/merkle_sum.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { unhex, vectors } from "./support/vectors.ts";

const LEAVES: Leaf[] = Array.from({ length: 11 }, (_, number) => ({
  voter: new Uint8Array(20).fill(number + 1),
  weight: BigInt(number + 1),
  castAtUnixS: unixSeconds(1_800_000_000 + number),
  digest: new Uint8Array(32).fill(100 + number),
}));

const VALUES = LEAVES.map((_, number) => deriveGenerator(number + 1));

describe.each([1, 2, 3, 4, 5, 7, 8, 11])("a tree of %i leaves", (count) => {
  const leaves = LEAVES.slice(0, count);
  const tree = new SumTree(leaves, VALUES.slice(0, count));
  const { root } = tree;

  test("proves each leaf at its index only", () => {
    leaves.forEach((leaf, index) => {
      const path = tree.path(index);
      verifyInclusion(root, index, leaf, VALUES[index]!, path);
      const other = index === 0 ? count : index - 1;
      const refused = [
        () => {
          verifyInclusion(root, other, leaf, VALUES[index]!, path);
        },
        () => {
          verifyInclusion(root, index, { ...leaf, weight: 99n }, VALUES[index]!, path);
        },
        () => {
          verifyInclusion(root, index, leaf, VALUES[index + 1] ?? VALUES[0]!, path);
        },
        () => {
          verifyInclusion({ ...root, count: 2 * count + 1 }, index, leaf, VALUES[index]!, path);
        },
        () => {
          verifyInclusion(root, index, leaf, VALUES[index]!, [...path, root]);
        },
        () => {
          verifyInclusion({ ...root, hash: new Uint8Array(32) }, index, leaf, VALUES[index]!, path);
        },
      ];
      // With one leaf there is no other voter's value.
      for (const refuse of refused.filter((_, place) => count > 1 || place !== 2)) {
        expect(refuse).toThrow(Rejected);
      }
    });
    expect(() => tree.path(count)).toThrow(RangeError);
    expect(() => tree.path(-1)).toThrow(RangeError);
  });
});

test("padding cannot hide votes", () => {
  const tree = new SumTree(LEAVES.slice(0, 3), VALUES.slice(0, 3));
  const hidden = { hash: new Uint8Array(32), sum: encodePoints([VALUES[5]!]) };
  const [, above] = tree.path(2);
  expect(() => {
    verifyInclusion(tree.root, 2, LEAVES[2]!, VALUES[2]!, [hidden, above!]);
  }).toThrow("false padding");
});

test("a path with an invalid point is malformed", () => {
  const tree = new SumTree(LEAVES.slice(0, 2), VALUES.slice(0, 2));
  const bad = { hash: new Uint8Array(32), sum: new Uint8Array(64).fill(1) };
  expect(() => {
    verifyInclusion(tree.root, 0, LEAVES[0]!, VALUES[0]!, [bad]);
  }).toThrow(Malformed);
});

test("leaves out of order are rejected", () => {
  for (const leaves of [
    [LEAVES[1]!, LEAVES[0]!],
    [LEAVES[0]!, LEAVES[0]!],
  ]) {
    expect(() => new SumTree(leaves, VALUES.slice(0, 2))).toThrow(/B2/);
  }
});

interface SumTreeCase {
  leaves: { voter: string; weight: string; cast_at: number; digest: string; value: string }[];
  hash: string;
  sum: string;
  root_digest: string;
}

test.each(vectors<{ cases: SumTreeCase[] }>("merkle_sum").cases)(
  "merkle_sum.json: $leaves.length leaves",
  ({ leaves, hash, sum, root_digest }) => {
    const values = leaves.map(({ value }) => curve.decodePoints(unhex(value))[0]!);
    const read = leaves.map(({ voter, weight, cast_at, digest }) => ({
      voter: unhex(voter),
      weight: BigInt(weight),
      castAtUnixS: unixSeconds(cast_at),
      digest: unhex(digest),
    }));
    const { root } = new SumTree(read, values);
    expect([toHex(root.hash), toHex(root.sum)]).toEqual([hash, sum]);
    expect(toHex(rootDigest(root))).toBe(root_digest);
  },
);
