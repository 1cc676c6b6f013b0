/** Merkle sum tree over a census, straight from docs/protocol.md §6.2. */
import { hexToBigInt, numberToHex } from "viem";
import { tagged } from "./encodings.js";

const u32 = (value) => numberToHex(value, { size: 4 });
const u128 = (value) => numberToHex(value, { size: 16 });
const PADDING = { hash: numberToHex(0, { size: 32 }), sum: 0n };

/** @param hash of the top node */
export const censusRoot = (hash, totalWeight, voters) =>
  tagged("census-root", hash, u128(totalWeight), u32(voters));

const leaf = ({ account, signingKey, weight }) => ({
  hash: tagged("census-leaf", account, signingKey, u128(weight)),
  sum: weight,
});

const parent = (left, right) => ({
  hash: tagged("census-node", left.hash, u128(left.sum), right.hash, u128(right.sum)),
  sum: left.sum + right.sum,
});

export class Census {
  /** @param entries `{ account, signingKey, weight }`; by default accounts sign, with weight 1 */
  constructor(entries) {
    this.entries = entries
      .map(({ account, signingKey = account, weight = 1n }) => ({ account, signingKey, weight }))
      .toSorted((a, b) => Number(hexToBigInt(a.account) > hexToBigInt(b.account)) * 2 - 1);
    this.levels = [this.entries.map(leaf)];
    while (this.levels.at(-1).length > 1) {
      const below = this.levels.at(-1);
      this.levels.push(
        below
          .filter((_, index) => index % 2 === 0)
          .map((left, index) => parent(left, below[2 * index + 1] ?? PADDING)),
      );
    }
    const [top] = this.levels.at(-1);
    this.censusHash = top.hash;
    this.totalWeight = top.sum;
    this.voters = entries.length;
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
    const siblings = this.levels
      .slice(0, -1)
      .map((level, height) => level[(index >> height) ^ 1] ?? PADDING);
    return {
      signingKey,
      weight,
      index,
      rootHash: this.censusHash,
      totalWeight: this.totalWeight,
      count: this.voters,
      siblings,
    };
  }
}

/** Siblings as the vectors and files write them: 48 bytes each. */
export const siblingsOf = (packed) =>
  (packed.slice(2).match(/.{96}/g) ?? []).map((node) => ({
    hash: `0x${node.slice(0, 64)}`,
    sum: BigInt(`0x${node.slice(64)}`),
  }));
