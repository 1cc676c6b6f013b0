/**
 * Public keys to which ballots are sealed: which keys are refused, and their words on chain.
 *
 * A key is an X-Wing public key: an ML-KEM-768 encapsulation key, then an X25519 public key.
 * Without the checks a node could announce a key that shares a secret with another node's.
 *
 * Source: docs/protocol.md §4.3, §7.3; FIPS 203 §7.2; draft-connolly-cfrg-xwing-kem. Vectors:
 * tests/vectors/poll_keys.json.
 */

import { x25519 } from "@noble/curves/ed25519.js";

import { taggedHash, toHex, toInteger } from "./encoding.ts";
import { Malformed } from "./errors.ts";

export const ML_KEM_BYTES = 1184;
export const PUBLIC_KEY_BYTES = ML_KEM_BYTES + 32;
/** Bytes that sealing adds to a plaintext: the encapsulated key (1,120) and a tag (16). */
export const SEAL_BYTES = 1136;

const ML_KEM_MODULUS = 3329;
const COEFFICIENTS_BYTES = 1152;
const FIELD = 2n ** 255n - 19n;
/**
 * The scalar 2^254, a multiple of the cofactor: keys that differ by a point of small order give the
 * same value, and keys of small order give zero. Clamping does not change it.
 */
const CLEARING = Uint8Array.from({ length: 32 }, (_, place) => (place === 31 ? 0x40 : 0));

/** The word of a node's poll key on chain, 32 bytes. */
export function nodeKey(publicKey: Uint8Array): Uint8Array {
  return taggedHash("node-key", publicKey);
}

/** `pollKeys`: the digest that the contract stores, from the words of the keys (§4.3), 32 bytes. */
export function nodeKeysHash(nodeKeys: readonly Uint8Array[]): Uint8Array {
  return taggedHash("poll-keys", ...nodeKeys);
}

/**
 * Check a single key.
 *
 * @param item How an error names the key.
 * @returns The X25519 half's value under the clearing scalar, 32 bytes: the same for every key with
 *   the same secret.
 * @throws Malformed: not 1,216 bytes; the ML-KEM half fails FIPS 203's modulus check; the X25519
 *   half is not canonical or of low order.
 */
export function checkPollKey(publicKey: Uint8Array, item = "poll key"): Uint8Array {
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw new Malformed(item, `${publicKey.length} bytes, expected ${PUBLIC_KEY_BYTES}`);
  }
  for (let at = 0; at < COEFFICIENTS_BYTES; at += 3) {
    const pair = publicKey[at]! | (publicKey[at + 1]! << 8) | (publicKey[at + 2]! << 16);
    if ((pair & 0xfff) >= ML_KEM_MODULUS || pair >> 12 >= ML_KEM_MODULUS) {
      throw new Malformed(item, "its ML-KEM half has a coefficient of 3329 or more");
    }
  }
  const half = publicKey.subarray(ML_KEM_BYTES);
  if (toInteger(half.slice().reverse()) >= FIELD) {
    throw new Malformed(item, "its X25519 half is not canonical");
  }
  try {
    return x25519.scalarMult(CLEARING, half);
  } catch {
    throw new Malformed(item, "its X25519 half is of low order");
  }
}

/**
 * Check a poll's keys one by one and against each other.
 *
 * @param publicKeys Node 1 first.
 * @throws Malformed: a key is refused, or two nodes' keys share a half; names the nodes.
 */
export function checkPollKeys(publicKeys: readonly Uint8Array[]): void {
  const byHalf = new Map<string, number>();
  publicKeys.forEach((publicKey, place) => {
    const node = place + 1;
    const cleared = checkPollKey(publicKey, `poll key of node ${node}`);
    for (const [kind, half] of [
      ["ML-KEM", publicKey.subarray(0, ML_KEM_BYTES)],
      ["X25519", cleared],
    ] as const) {
      const name = toHex(half);
      const other = byHalf.get(name);
      if (other !== undefined) {
        throw new Malformed(
          `poll key of node ${node}`,
          `its ${kind} half is that of node ${other}`,
        );
      }
      byHalf.set(name, node);
    }
  });
}
