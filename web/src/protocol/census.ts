/**
 * Census: who may vote, with which key and which weight.
 *
 * Source: docs/protocol.md §6. Vectors: tests/vectors/census.json.
 */

import { type CensusProof, censusRootDigest, CensusTree, MAX_WEIGHT } from "./census_tree.ts";
import { WEIGHT_BYTES } from "./census_tree.ts";
import {
  ADDRESS_BYTES,
  compareBytes,
  concat,
  Reader,
  sameBytes,
  toHex,
  unsigned,
} from "./encoding.ts";
import { Malformed, Rejected } from "./errors.ts";

/** Number of voters that must share each weight in a secret poll (§6.4). */
export const MINIMUM_CLASS = 5;

const ENTRY_BYTES = 2 * ADDRESS_BYTES + WEIGHT_BYTES;

/** One voter: account, address of the signing key, weight in [1, 2^128). */
export interface CensusEntry {
  readonly account: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly weight: bigint;
}

/** 56 bytes: account, signing key, weight as u128. */
export function encodeEntry({ account, signingKey, weight }: CensusEntry): Uint8Array {
  return concat([account, signingKey, unsigned(weight, WEIGHT_BYTES)]);
}

/** Whether two entries have the same account, key and weight. */
export function sameEntry(left: CensusEntry, right: CensusEntry): boolean {
  return sameBytes(encodeEntry(left), encodeEntry(right));
}

/** All voters of one poll, strictly increasing by account. */
export class Census {
  readonly entries: readonly CensusEntry[];
  /** Sum of all weights. */
  readonly totalWeight: bigint;
  readonly #byAccount: ReadonlyMap<string, CensusEntry>;
  #tree: CensusTree | undefined;

  /**
   * @throws Rejected: accounts do not increase strictly, an account or signing key is zero, or
   *   weights are out of range (check C1).
   */
  constructor(entries: readonly CensusEntry[]) {
    let previous: Uint8Array = new Uint8Array();
    entries.forEach(({ account, signingKey, weight }, number) => {
      const fails = (reason: string) => new Rejected("C1", `census[${number}]`, reason);
      if (!account.some(Boolean)) throw fails("account is the zero address");
      if (compareBytes(account, previous) <= 0) {
        throw fails("account does not follow the one before in strict order");
      }
      if (weight < 1n || weight > MAX_WEIGHT) {
        throw fails(`weight ${weight} outside 1 … 2^128 − 1`);
      }
      if (!signingKey.some(Boolean)) throw fails("signing key is the zero address");
      previous = account;
    });
    if (!entries.length) throw new Rejected("C1", "census", "it has no entry");
    this.entries = entries;
    this.totalWeight = entries.reduce((sum, { weight }) => sum + weight, 0n);
    if (this.totalWeight > MAX_WEIGHT) {
      throw new Rejected("C1", "census", "weights add up to 2^128 or more");
    }
    this.#byAccount = new Map(entries.map((entry) => [toHex(entry.account), entry]));
  }

  /** Entry of an account, if it is listed. */
  find(account: Uint8Array): CensusEntry | undefined {
    return this.#byAccount.get(toHex(account));
  }

  /** The tree: its hash, total weight and number of voters make the root. */
  get tree(): CensusTree {
    this.#tree ??= new CensusTree(this.entries.map(encodeEntry));
    return this.#tree;
  }

  /** `censusRoot`, 32 bytes. */
  get root(): Uint8Array {
    return censusRootDigest(this.tree.root);
  }

  /** Proof that an account is in the census; RangeError when it is not listed. */
  proof(account: Uint8Array): CensusProof {
    const index = this.entries.findIndex((entry) => sameBytes(entry.account, account));
    if (index < 0) throw new RangeError(`${toHex(account)} is not in the census`);
    return this.tree.prove(index);
  }

  /** Signing keys, in hex, that sign for several accounts, each with its number of accounts. */
  sharedKeys(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { signingKey } of this.entries) {
      const name = toHex(signingKey);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return new Map([...counts].filter(([, accounts]) => accounts > 1));
  }

  /** Each weight that too few voters share for a secret poll, with their number. */
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
    return concat([unsigned(this.entries.length, 4), ...this.entries.map(encodeEntry)]);
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
      throw new Malformed("census", `${data.length} bytes do not hold ${count} entries`);
    }
    return new Census(
      Array.from({ length: count }, () => ({
        account: reader.take(ADDRESS_BYTES, "account"),
        signingKey: reader.take(ADDRESS_BYTES, "signing_key"),
        weight: reader.unsigned(WEIGHT_BYTES, "weight"),
      })),
    );
  }
}
