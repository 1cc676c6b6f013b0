/**
 * Merkle sum tree over the counted ballots: its root fixes every ballot and their sum.
 *
 * Source: docs/protocol.md §10.4. Vectors: tests/vectors/merkle_sum.json.
 */

import { add, decodePoints, encodePoints, IDENTITY_POINT, type Point, scale } from "./curve.ts";
import {
  compareBytes,
  HASH_BYTES,
  IDENTITY,
  POINT_BYTES,
  sameBytes,
  taggedHash,
  unsigned,
} from "./encoding.ts";
import { Rejected } from "./errors.ts";
import type { UnixSeconds } from "./units.ts";

const EMPTY_HASH = new Uint8Array(HASH_BYTES);

/** The leaf of one counted ballot. */
export interface Leaf {
  /** 20-byte account. */
  readonly voter: Uint8Array;
  /** The census's weight, in [1, 2^128). */
  readonly weight: bigint;
  /** Cast time of the ballot. */
  readonly castAtUnixS: UnixSeconds;
  /** Digest of the ballot, 32 bytes. */
  readonly digest: Uint8Array;
}

/** Leaf hash over the leaf's fields and `w·V`, 64 bytes. */
export function leafHash(leaf: Leaf, weightedValue: Uint8Array): Uint8Array {
  return taggedHash(
    "leaf",
    leaf.voter,
    unsigned(leaf.weight, 16),
    unsigned(leaf.castAtUnixS, 8),
    leaf.digest,
    weightedValue,
  );
}

/** A node of the tree: hash (32 bytes) and sum (encoded point, 64 bytes). */
export interface SumNode {
  readonly hash: Uint8Array;
  readonly sum: Uint8Array;
}

/** Root of the tree, and number of leaves. */
export interface SumRoot extends SumNode {
  readonly count: number;
}

const EMPTY: SumNode = { hash: EMPTY_HASH, sum: IDENTITY };

/** Digest of a root in `Final` and `AggregateShare` statements. */
export function rootDigest({ hash, sum, count }: SumRoot): Uint8Array {
  return taggedHash("root", hash, sum, unsigned(count, 4));
}

/** The tree over some leaves, level by level. */
export class SumTree {
  readonly root: SumRoot;
  /** Levels from the leaves up, each padded to an even number of nodes except the root. */
  readonly #levels: readonly (readonly SumNode[])[];

  /**
   * @param leaves Strictly increasing by voter.
   * @param values Their commitments `V`, in the same order.
   * @throws Rejected: the leaves are not strictly increasing by voter (check B2).
   */
  constructor(leaves: readonly Leaf[], values: readonly Point[]) {
    for (let number = 1; number < leaves.length; number++) {
      if (compareBytes(leaves[number - 1]!.voter, leaves[number]!.voter) >= 0) {
        throw new Rejected("B2", `leaves[${number}]`, "voter does not follow in strict order");
      }
    }
    const weights = leaves.map(({ weight }) => weight);
    let sums = scale(values, weights);
    let encoded = encodePoints(sums);
    let nodes = leaves.map((leaf, number) => {
      const sum = at(encoded, number);
      return { hash: leafHash(leaf, sum), sum };
    });
    const levels = [nodes];
    while (nodes.length > 1) {
      if (nodes.length % 2) {
        nodes.push(EMPTY);
        sums.push(IDENTITY_POINT);
      }
      const children = nodes;
      const half = (parity: number) => sums.filter((_, number) => number % 2 === parity);
      sums = add(half(0), half(1));
      encoded = encodePoints(sums);
      nodes = sums.map((_, number) => {
        const sum = at(encoded, number);
        return { hash: innerHash(children[2 * number]!, children[2 * number + 1]!), sum };
      });
      levels.push(nodes);
    }
    this.#levels = levels;
    this.root = { ...(nodes[0] ?? EMPTY), count: leaves.length };
  }

  /** The siblings on the path from a leaf to the root. */
  path(index: number): SumNode[] {
    if (!(index >= 0 && index < this.root.count)) throw new RangeError(`no leaf ${index}`);
    return this.#levels.slice(0, -1).map((nodes, height) => nodes[(index >> height) ^ 1]!);
  }
}

/**
 * Verify that a root counts a ballot: leaf and path give its hash and sum.
 *
 * @param value The ballot's commitment `V`.
 * @param path As `SumTree.path` gives it.
 * @throws Malformed: a sum of the path is not a point.
 * @throws Rejected: they do not give them (check T1).
 */
export function verifyInclusion(
  root: SumRoot,
  index: number,
  leaf: Leaf,
  value: Point,
  path: readonly SumNode[],
): void {
  const fails = (reason: string) => new Rejected("T1", `leaf ${index}`, reason);
  if (!(index >= 0 && index < root.count)) throw fails("beyond the root's count");
  if (path.length !== Math.ceil(Math.log2(root.count))) throw fails("path of another depth");
  let [sum] = scale([value], [leaf.weight]);
  let encoded = encodePoints([sum!]);
  let hash = leafHash(leaf, encoded);
  path.forEach((sibling, height) => {
    const place = (index >> height) ^ 1;
    // Nodes beyond the last leaf must not hide votes.
    if (place << height >= root.count && !sameNode(sibling, EMPTY)) throw fails("false padding");
    const own = { hash, sum: encoded };
    hash = place & 1 ? innerHash(own, sibling) : innerHash(sibling, own);
    [sum] = add([sum!], decodePoints(sibling.sum, true));
    encoded = encodePoints([sum!]);
  });
  if (!sameNode({ hash, sum: encoded }, root)) throw fails("does not lead to the root");
}

/** Whether hash and sum are the same. */
export function sameNode(left: SumNode, right: SumNode): boolean {
  return sameBytes(left.hash, right.hash) && sameBytes(left.sum, right.sum);
}

function innerHash(left: SumNode, right: SumNode): Uint8Array {
  return taggedHash("node", left.hash, left.sum, right.hash, right.sum);
}

function at(encoded: Uint8Array, number: number): Uint8Array {
  return encoded.subarray(POINT_BYTES * number, POINT_BYTES * (number + 1));
}
