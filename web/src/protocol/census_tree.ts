/**
 * Merkle sum tree over a census: its root fixes every voter, their number and total weight.
 *
 * A node is its hash and the sum of the weights below it. Every node whose range lies at or beyond
 * the last entry is (32 zero bytes, 0).
 *
 * Source: docs/protocol.md §6.2, §10.4. Vectors: tests/vectors/census.json.
 */

import { concat, HASH_BYTES, sameBytes, taggedHash, toInteger, unsigned } from "./encoding.ts";
import { Malformed, Rejected } from "./errors.ts";

export const WEIGHT_BYTES = 16;
export const MAX_WEIGHT = (1n << 128n) - 1n;

/** Hash (32 bytes) and sum of weights, below 2^128. */
export interface CensusNode {
  readonly hash: Uint8Array;
  readonly sum: bigint;
}

/** Root of the tree, and number of voters. */
export interface CensusRoot extends CensusNode {
  readonly count: number;
}

/** Index of an entry in a census, and the siblings on the path from its leaf to the root. */
export interface CensusProof {
  readonly index: number;
  /** `⌈log2 count⌉` nodes, from the leaf's level upward. */
  readonly siblings: readonly CensusNode[];
}

const PADDING: CensusNode = { hash: new Uint8Array(HASH_BYTES), sum: 0n };

/** `censusRoot`, 32 bytes. */
export function censusRootDigest({ hash, sum, count }: CensusRoot): Uint8Array {
  return taggedHash("census-root", hash, unsigned(sum, WEIGHT_BYTES), unsigned(count, 4));
}

/** The tree over encoded entries of 56 bytes, whose order and ranges the caller checks. */
export class CensusTree {
  readonly root: CensusRoot;
  /** Levels from the leaves up, each padded to an even number of nodes except the root. */
  readonly #levels: readonly (readonly CensusNode[])[];

  /** @throws Rejected: the weights add up to 2^128 or more (check C1). */
  constructor(entries: readonly Uint8Array[]) {
    let nodes = entries.map(leafNode);
    if (nodes.reduce((sum, node) => sum + node.sum, 0n) > MAX_WEIGHT) {
      throw new Rejected("C1", "census", "weights add up to 2^128 or more");
    }
    const levels = [nodes];
    while (nodes.length > 1) {
      if (nodes.length % 2) nodes.push(PADDING);
      const children = nodes;
      nodes = Array.from({ length: children.length / 2 }, (_, place) => {
        return parent(children[2 * place]!, children[2 * place + 1]!);
      });
      levels.push(nodes);
    }
    this.#levels = levels;
    this.root = { ...(nodes[0] ?? PADDING), count: entries.length };
  }

  /** The proof of the entry at `index`; RangeError when there is none. */
  prove(index: number): CensusProof {
    if (!(index >= 0 && index < this.root.count)) throw new RangeError(`no entry ${index}`);
    const siblings = this.#levels.slice(0, -1).map((nodes, height) => {
      return nodes[(index >>> height) ^ 1]!;
    });
    return { index, siblings };
  }
}

/**
 * Verify that a census has an entry at an index.
 *
 * @param censusRoot What the poll or round fixed, 32 bytes.
 * @param root Hash, sum and count that the proof claims behind it.
 * @param entry Account, signing key and weight, 56 bytes.
 * @throws Malformed: the number of siblings is not the census's number of levels.
 * @throws Rejected: the proof is wrong (check C1).
 */
export function verifyCensusProof(
  censusRoot: Uint8Array,
  root: CensusRoot,
  entry: Uint8Array,
  { index, siblings }: CensusProof,
): void {
  const demand = (holds: boolean, reason: string) => {
    if (!holds) throw new Rejected("C1", `census[${index}]`, reason);
  };
  const inRange = (sum: bigint) => sum >= 0n && sum <= MAX_WEIGHT;
  demand(inRange(root.sum), "total weight outside 0 … 2^128 − 1");
  demand(sameBytes(censusRootDigest(root), censusRoot), "the proof opens another census root");
  demand(index >= 0 && index < root.count, `the census has ${root.count} entries`);
  const depth = depthOf(root.count);
  if (siblings.length !== depth) {
    throw new Malformed("census proof.siblings", `${siblings.length}, expected ${depth}`);
  }
  demand(entry.subarray(0, 20).some(Boolean), "account is the zero address");
  demand(entry.subarray(20, 40).some(Boolean), "signing key is the zero address");
  let node = leafNode(entry);
  demand(node.sum >= 1n, "weight is 0");
  siblings.forEach((sibling, height) => {
    demand(inRange(sibling.sum), "weight outside 0 … 2^128 − 1");
    demand(inRange(node.sum + sibling.sum), "weights add up to 2^128 or more");
    node = (index >>> height) & 1 ? parent(sibling, node) : parent(node, sibling);
  });
  demand(
    sameBytes(node.hash, root.hash) && node.sum === root.sum,
    "its siblings do not lead to the root",
  );
}

/** `⌈log2 count⌉`, and 0 for none. */
function depthOf(count: number): number {
  return count > 1 ? 32 - Math.clz32(count - 1) : 0;
}

function leafNode(entry: Uint8Array): CensusNode {
  return { hash: taggedHash("census-leaf", entry), sum: toInteger(entry.subarray(-WEIGHT_BYTES)) };
}

/** Inner node; the caller has checked that the sum is below 2^128. */
function parent(left: CensusNode, right: CensusNode): CensusNode {
  const encoded = [left, right].map(({ hash, sum }) => concat([hash, unsigned(sum, WEIGHT_BYTES)]));
  return { hash: taggedHash("census-node", ...encoded), sum: left.sum + right.sum };
}
