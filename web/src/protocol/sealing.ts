/**
 * Sealing to nodes' poll keys: HPKE (RFC 9180) in base mode with X-Wing, each box for one purpose.
 *
 * X-Wing, HKDF-SHA256 and ChaCha20-Poly1305 are noble's; the key schedule of a single message in
 * base mode is here. A box names its purpose in `info`, so that an answer to one request cannot
 * open what was sealed for another.
 *
 * Source: docs/protocol.md §7.3; RFC 9180 §5.1, §5.2; draft-connolly-cfrg-xwing-kem. Vectors:
 * tests/vectors/sealing.json; tests/web/test_ballots.py opens with Python's library.
 */

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768_x25519 as xWing } from "@noble/post-quantum/hybrid.js";

import { concat, unsigned, utf8 } from "./encoding.ts";
import { Malformed } from "./errors.ts";
import { SEAL_BYTES } from "./poll_key.ts";
import type { Randomness } from "./randomness.ts";

const ENCAPSULATED_BYTES = 1120;
const ENCAPSULATION_SEED_BYTES = 64;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const NOTHING = new Uint8Array();
/** X-Wing, HKDF-SHA256, ChaCha20-Poly1305. */
const SUITE = concat([utf8("HPKE"), unsigned(0x647a, 2), unsigned(1, 2), unsigned(3, 2)]);
const LABEL = utf8("HPKE-v1");
const BASE_MODE = Uint8Array.of(0);

/** `info` of a voter's share for a node, counted from 1. */
export function ballotInfo(pollContext: Uint8Array, node: number): Uint8Array {
  return concat([utf8("ostraka/v2/seal/ballot\0"), pollContext, unsigned(node, 1)]);
}

/**
 * Seal a plaintext to a poll key for one purpose; the box is 1,136 bytes longer.
 *
 * @param publicKey 1,216 bytes that passed `checkPollKey`.
 */
export function seal(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  info: Uint8Array,
  randomness: Randomness,
): Uint8Array {
  const seed = randomness.bytes(ENCAPSULATION_SEED_BYTES);
  const { cipherText, sharedSecret } = xWing.encapsulate(publicKey, seed);
  seed.fill(0);
  const { key, nonce } = schedule(sharedSecret, info);
  const box = chacha20poly1305(key, nonce).encrypt(plaintext);
  key.fill(0);
  return concat([cipherText, box]);
}

/**
 * Open a box that was sealed to a key.
 *
 * @param secretSeed X-Wing's 32 secret bytes.
 * @throws Malformed: it was sealed to another key or for another purpose, or was changed since.
 */
export function open(secretSeed: Uint8Array, box: Uint8Array, info: Uint8Array): Uint8Array {
  const bad = new Malformed("box", "does not open with this key");
  if (box.length < SEAL_BYTES) throw bad;
  try {
    const encapsulated = box.subarray(0, ENCAPSULATED_BYTES);
    const { key, nonce } = schedule(xWing.decapsulate(encapsulated, secretSeed), info);
    return chacha20poly1305(key, nonce).decrypt(box.subarray(ENCAPSULATED_BYTES));
  } catch {
    throw bad;
  }
}

/** Key and first nonce of base mode (RFC 9180 §5.1); the shared secret is overwritten. */
function schedule(sharedSecret: Uint8Array, info: Uint8Array) {
  const context = concat([
    BASE_MODE,
    labeledExtract(NOTHING, "psk_id_hash", NOTHING),
    labeledExtract(NOTHING, "info_hash", info),
  ]);
  const secret = labeledExtract(sharedSecret, "secret", NOTHING);
  sharedSecret.fill(0);
  const key = labeledExpand(secret, "key", context, KEY_BYTES);
  const nonce = labeledExpand(secret, "base_nonce", context, NONCE_BYTES);
  secret.fill(0);
  return { key, nonce };
}

function labeledExtract(salt: Uint8Array, label: string, input: Uint8Array): Uint8Array {
  return extract(sha256, concat([LABEL, SUITE, utf8(label), input]), salt);
}

function labeledExpand(
  secret: Uint8Array,
  label: string,
  info: Uint8Array,
  size: number,
): Uint8Array {
  const labeled = concat([unsigned(size, 2), LABEL, SUITE, utf8(label), info]);
  return expand(sha256, secret, labeled, size);
}
