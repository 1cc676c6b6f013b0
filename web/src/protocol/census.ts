/**
 * Census: who may vote, with which key and which weight.
 *
 * Source: docs/protocol.md §6; OpenZeppelin's StandardMerkleTree. Vectors: tests/vectors/census.json.
 */

import {
  ADDRESS_BYTES,
  compareBytes,
  concat,
  keccak256,
  Reader,
  sameBytes,
  toHex,
  unsigned,
  word,
} from "./encoding.ts";
import { Malformed, Rejected } from "./errors.ts";

/** Voters that must share each weight before a poll may be called secret (§6.4). */
export const MINIMUM_CLASS = 5;

const WEIGHT_BYTES = 16;
const ENTRY_BYTES = 2 * ADDRESS_BYTES + WEIGHT_BYTES;

/** One voter: account, address of the signing key, weight in [1, 2^128). */
export interface CensusEntry {
  readonly account: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly weight: bigint;
}

/** Leaf hash, 32 bytes. Hashed twice, so that no inner node is ever a leaf. */
export function censusLeaf({ account, signingKey, weight }: CensusEntry): Uint8Array {
  return keccak256(keccak256(word(account), word(signingKey), word(weight)));
}

/** All voters of one poll, strictly increasing by account. */
export class Census {
  readonly entries: readonly CensusEntry[];
  /** Sum of all weights. */
  readonly totalWeight: bigint;
  readonly #byAccount: ReadonlyMap<string, CensusEntry>;
  #tree: Uint8Array[] | undefined;

  /** @throws Rejected: accounts do not increase strictly, or a weight is out of range (check C1). */
  constructor(entries: readonly CensusEntry[]) {
    let previous: Uint8Array = new Uint8Array();
    entries.forEach(({ account, weight }, number) => {
      const item = `census[${number}]`;
      if (compareBytes(account, previous) <= 0) {
        const reason = "account does not follow the one before in strict order";
        throw new Rejected("C1", item, reason);
      }
      if (weight < 1n || weight >= 1n << 128n) {
        throw new Rejected("C1", item, `weight ${weight} outside 1 … 2^128 − 1`);
      }
      previous = account;
    });
    if (!entries.length) throw new Rejected("C1", "census", "it has no entry");
    this.entries = entries;
    this.totalWeight = entries.reduce((sum, { weight }) => sum + weight, 0n);
    this.#byAccount = new Map(entries.map((entry) => [toHex(entry.account), entry]));
  }

  /** Entry of an account, if it is listed. */
  find(account: Uint8Array): CensusEntry | undefined {
    return this.#byAccount.get(toHex(account));
  }

  /** Merkle root, 32 bytes. */
  get root(): Uint8Array {
    return this.#nodes[0]!;
  }

  /** Hashes that lead from an account's leaf to the root; RangeError when it is not listed. */
  proof(account: Uint8Array): Uint8Array[] {
    const entry = this.find(account);
    if (!entry) throw new RangeError(`${toHex(account)} is not in the census`);
    const leaf = censusLeaf(entry);
    const tree = this.#nodes;
    const path: Uint8Array[] = [];
    let place = tree.findIndex((node, at) => {
      return at >= this.entries.length - 1 && sameBytes(node, leaf);
    });
    while (place) {
      path.push(tree[place % 2 ? place + 1 : place - 1]!);
      place = (place - 1) >> 1;
    }
    return path;
  }

  /** Weight and voters of each weight that too few share for a poll to be secret. */
  identifyingWeights(): { readonly weight: bigint; readonly voters: number }[] {
    const counts = new Map<bigint, number>();
    for (const { weight } of this.entries) counts.set(weight, (counts.get(weight) ?? 0) + 1);
    return [...counts]
      .map(([weight, voters]) => ({ weight, voters }))
      .filter(({ voters }) => voters < MINIMUM_CLASS)
      .sort((one, two) => (one.weight < two.weight ? -1 : 1));
  }

  /** `u32 count` and the entries. */
  encode(): Uint8Array {
    const entries = this.entries.map(({ account, signingKey, weight }) => {
      return concat([account, signingKey, unsigned(weight, WEIGHT_BYTES)]);
    });
    return concat([unsigned(entries.length, 4), ...entries]);
  }

  /**
   * Read a census.
   *
   * @throws Malformed: bytes are missing or left over.
   * @throws Rejected: order or weights are wrong (check C1).
   */
  static decode(data: Uint8Array): Census {
    const reader = new Reader(data, "census");
    const count = reader.small(4, "count");
    if (data.length !== 4 + count * ENTRY_BYTES) {
      throw new Malformed(`census: ${data.length} bytes do not hold ${count} entries`);
    }
    return new Census(
      Array.from({ length: count }, () => ({
        account: reader.take(ADDRESS_BYTES, "account"),
        signingKey: reader.take(ADDRESS_BYTES, "signing_key"),
        weight: reader.unsigned(WEIGHT_BYTES, "weight"),
      })),
    );
  }

  get #nodes(): Uint8Array[] {
    this.#tree ??= merkleTree(this.entries.map(censusLeaf));
    return this.#tree;
  }
}

/** OpenZeppelin's StandardMerkleTree with its default sorted leaves (§6.2), root first. */
export function merkleTree(leaves: readonly Uint8Array[]): Uint8Array[] {
  if (!leaves.length) throw new RangeError("no leaves");
  const size = 2 * leaves.length - 1;
  const tree = new Array<Uint8Array>(size);
  [...leaves].sort(compareBytes).forEach((leaf, number) => {
    tree[size - 1 - number] = leaf;
  });
  for (let number = leaves.length - 2; number >= 0; number--) {
    tree[number] = parent(tree[2 * number + 1]!, tree[2 * number + 2]!);
  }
  return tree;
}

/**
 * An entry is in the census with this root.
 *
 * @param path As `Census.proof` gives it.
 * @throws Rejected: it is not (check C1).
 */
export function verifyCensusProof(
  root: Uint8Array,
  entry: CensusEntry,
  path: readonly Uint8Array[],
): void {
  if (!sameBytes(path.reduce(parent, censusLeaf(entry)), root)) {
    throw new Rejected("C1", toHex(entry.account), "not in the census of this root");
  }
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  return compareBytes(left, right) <= 0 ? keccak256(left, right) : keccak256(right, left);
}
