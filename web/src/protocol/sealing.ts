/**
 * Sealed boxes as libsodium's `crypto_box_seal` makes and opens them.
 *
 * An ephemeral X25519 key, the nonce from both public keys by BLAKE2b, XSalsa20-Poly1305 under the
 * key that HSalsa20 makes of the shared secret.
 *
 * Source: docs/protocol.md §7.3; libsodium's documentation of sealed boxes.
 */

import { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";

import { concat, utf8 } from "./encoding.ts";
import { Malformed } from "./errors.ts";
import type { Randomness } from "./randomness.ts";
import { SEAL_BYTES } from "./sharing.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 24;

/** X25519 public key of a secret key of 32 bytes. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return x25519.getPublicKey(secretKey);
}

/**
 * Sealed box to a poll key, 48 bytes longer than its plaintext.
 *
 * @throws RangeError: the key is of low order and would seal to everybody.
 */
export function seal(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  randomness: Randomness,
): Uint8Array {
  const ephemeral = randomness.bytes(KEY_BYTES);
  const sender = publicKeyOf(ephemeral);
  const key = sharedKey(ephemeral, publicKey);
  ephemeral.fill(0);
  if (!key) throw new RangeError("poll key of low order");
  const box = xsalsa20poly1305(key, nonce(sender, publicKey)).encrypt(plaintext);
  key.fill(0);
  return concat([sender, box]);
}

/**
 * Plaintext of a box sealed to a key.
 *
 * @param secretKey 32 bytes.
 * @throws Malformed: it was not sealed to this key, or was changed since.
 */
export function open(secretKey: Uint8Array, box: Uint8Array): Uint8Array {
  const bad = new Malformed("box: does not open with this key");
  if (box.length < SEAL_BYTES) throw bad;
  const sender = box.subarray(0, KEY_BYTES);
  const key = sharedKey(secretKey, sender);
  if (!key) throw bad;
  try {
    const opener = xsalsa20poly1305(key, nonce(sender, publicKeyOf(secretKey)));
    return opener.decrypt(box.subarray(KEY_BYTES));
  } catch {
    throw bad;
  }
}

function nonce(sender: Uint8Array, recipient: Uint8Array): Uint8Array {
  return blake2b(concat([sender, recipient]), { dkLen: NONCE_BYTES });
}

/** `crypto_box_beforenm`; undefined for a public key of low order. */
function sharedKey(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  let shared: Uint8Array;
  try {
    shared = x25519.getSharedSecret(secretKey, publicKey);
  } catch {
    return undefined;
  }
  const key = new Uint32Array(KEY_BYTES / 4);
  const input = words(shared);
  hsalsa(words(utf8("expand 32-byte k")), input, new Uint32Array(4), key);
  shared.fill(0);
  input.fill(0);
  return new Uint8Array(key.buffer);
}

/** A copy as 32-bit words, in memory aligned for them. */
function words(data: Uint8Array): Uint32Array {
  return new Uint32Array(data.slice().buffer);
}
