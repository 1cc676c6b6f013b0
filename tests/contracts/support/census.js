/** Merkle sum tree over a census, straight from docs/protocol.md §6.2. */
import { hexToBigInt, numberToHex } from "viem";
import { range, tagged } from "./encodings.js";

const u32 = (value) => numberToHex(value, { size: 4 });
const u128 = (value) => numberToHex(value, { size: 16 });
export const PADDING = { hash: numberToHex(0, { size: 32 }), sum: 0n };

/** @param hash of the top node */
export const censusRoot = (hash, totalWeight, voters) =>
  tagged("census-root", hash, u128(totalWeight), u32(voters));

const leaf = ({ account, signingKey, weight }) => ({
  hash: tagged("census-leaf", account, signingKey, u128(weight)),
  sum: weight,
});

export const parent = (left, right) => ({
  hash: tagged("census-node", left.hash, u128(left.sum), right.hash, u128(right.sum)),
  sum: left.sum + right.sum,
});

const byAccount = (a, b) => Number(hexToBigInt(a.account) > hexToBigInt(b.account)) * 2 - 1;

export class Census {
  /**
   * @param entries `{ account, signingKey, weight }`; by default accounts sign, with weight 1
   * @param options for false censuses: entries in their given order, and `spoil`, `(node, height,
   * index) => node`, which replaces nodes while the tree is built
   */
  constructor(entries, { sorted = true, spoil = (node) => node } = {}) {
    this.entries = entries.map(({ account, signingKey = account, weight = 1n }) => ({
      account,
      signingKey,
      weight,
    }));
    if (sorted) this.entries.sort(byAccount);
    this.voters = entries.length;
    const depth = Math.ceil(Math.log2(this.voters));
    const bottom = range(2 ** depth).map((index) =>
      spoil(index < this.voters ? leaf(this.entries[index]) : PADDING, 0, index),
    );
    this.levels = [bottom];
    for (let height = 1; height <= depth; height++) {
      const below = this.levels.at(-1);
      this.levels.push(
        range(below.length / 2).map((index) => {
          const isBeyond = index * 2 ** height >= this.voters;
          const node = isBeyond ? PADDING : parent(below[2 * index], below[2 * index + 1]);
          return spoil(node, height, index);
        }),
      );
    }
    const [top] = this.levels.at(-1);
    this.censusHash = top.hash;
    this.totalWeight = top.sum;
  }

  /** Siblings of a node, from its height upward. */
  siblings(index, height = 0) {
    return this.levels.slice(height, -1).map((level, above) => level[(index >> above) ^ 1]);
  }

  get root() {
    return censusRoot(this.censusHash, this.totalWeight, this.voters);
  }

  /** `Membership` of an account. */
  of(account) {
    const index = this.entries.findIndex(
      (entry) => entry.account.toLowerCase() === account.toLowerCase(),
    );
    const { signingKey, weight } = this.entries[index];
    return {
      signingKey,
      weight,
      index,
      rootHash: this.censusHash,
      totalWeight: this.totalWeight,
      count: this.voters,
      siblings: this.siblings(index),
    };
  }
}

/** Siblings as the vectors and files write them: 48 bytes each. */
export const siblingsOf = (packed) =>
  (packed.slice(2).match(/.{96}/g) ?? []).map((node) => ({
    hash: `0x${node.slice(0, 64)}`,
    sum: BigInt(`0x${node.slice(64)}`),
  }));
