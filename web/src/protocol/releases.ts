/**
 * The contracts' code in each release, and the values that a deployment fixes in it.
 *
 * `releases.json` is generated from the compiled contracts. Each entry gives the keccak-256 of a
 * contract's runtime code in which all immutables are zero, and the positions of the immutables.
 * The deployer sets their values, so those that follow from the deployment are compared as well.
 *
 * Source: docs/protocol.md §18; scripts/releases.py writes the file and describes its form.
 */

import { fromHex, keccak256, sameBytes, utf8, word, WORD_BYTES } from "./encoding.ts";
import { Domain } from "./typed_data.ts";

/** A contract's runtime code in one release; immutables of 32 bytes each by their offsets. */
interface ContractCode {
  readonly codeHash: string;
  readonly codeLength: number;
  readonly immutables: Readonly<Record<string, readonly number[]>>;
}

/** Contracts of each release by name. */
export type Releases = Readonly<Record<string, Readonly<Record<string, ContractCode>>>>;

/** Values of immutables by name, 32 bytes each. */
export type Immutables = ReadonlyMap<string, Uint8Array>;

/** A release's contract. */
export interface Found {
  readonly release: string;
  readonly immutables: Immutables;
}

/** The release whose contract has a code, undefined when there is none. */
export function findRelease(
  releases: Releases,
  contract: string,
  code: Uint8Array,
): Found | undefined {
  for (const [release, contracts] of Object.entries(releases)) {
    const one = contracts[contract];
    const immutables = one && readImmutables(one, code);
    if (immutables) return { release, immutables };
  }
  return undefined;
}

/** Undefined when the code differs. */
function readImmutables(known: ContractCode, code: Uint8Array): Immutables | undefined {
  if (code.length !== known.codeLength) return undefined;
  const masked = code.slice();
  const values = new Map<string, Uint8Array>();
  for (const [name, starts] of Object.entries(known.immutables)) {
    for (const start of starts) {
      const value = code.subarray(start, start + WORD_BYTES);
      // The compiler writes the same value at every offset.
      if (!sameBytes(values.get(name) ?? value, value)) return undefined;
      values.set(name, value);
      masked.fill(0, start, start + WORD_BYTES);
    }
  }
  return sameBytes(keccak256(masked), fromHex(known.codeHash, "codeHash")) ? values : undefined;
}

/** Name of an immutable with an unexpected value; undefined when all match. */
export function differing({ immutables }: Found, expected: Immutables): string | undefined {
  for (const [name, value] of expected) {
    const found = immutables.get(name);
    if (!found || !sameBytes(found, value)) return name;
  }
  return undefined;
}

/**
 * Address of the contract that another one makes with its `nonce`th CREATE, 20 bytes.
 *
 * @param nonce 1 to 127; a contract's first is 1.
 *
 * Source: Ethereum Yellow Paper §7; EIP-161.
 */
export function createdAddress(creator: Uint8Array, nonce: number): Uint8Array {
  // RLP of a list of 20 bytes and one byte.
  return keccak256(Uint8Array.of(0xd6, 0x94), creator, Uint8Array.of(nonce)).subarray(12);
}

/** Immutables of OpenZeppelin's EIP712 in the code of our contracts. */
export function domainImmutables(chainId: bigint, contract: Uint8Array): Immutables {
  return new Map([
    ["_cachedDomainSeparator", new Domain(chainId, contract).separator],
    ["_cachedChainId", word(chainId)],
    ["_cachedThis", word(contract)],
    ["_hashedName", keccak256(utf8("Ostraka"))],
    ["_hashedVersion", keccak256(utf8("2"))],
    ["_name", shortString("Ostraka")],
    ["_version", shortString("2")],
  ]);
}

/** A text of up to 31 bytes, packed as OpenZeppelin's ShortStrings does. */
function shortString(text: string): Uint8Array {
  const packed = new Uint8Array(WORD_BYTES);
  const content = utf8(text);
  packed.set(content);
  packed[WORD_BYTES - 1] = content.length;
  return packed;
}
