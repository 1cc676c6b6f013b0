/**
 * Secret keys of voters and members: Ethereum signing keys made in the browser.
 *
 * Source: docs/protocol.md §6.3, §15.
 */

import { secp256k1 } from "@noble/curves/secp256k1.js";

import { concat, toHex } from "./encoding.ts";
import type { Randomness } from "./randomness.ts";
import { addressOf, type Domain, type Value } from "./typed_data.ts";

const SECRET_BYTES = 32;
const SEED_BYTES = 48;

/** A signer for an account: a key of this browser, or a wallet that asks its owner first. */
export interface Signer {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /**
   * Sign an EIP-712 statement.
   *
   * @param type One of `typed_data`'s types.
   * @param values Its members in order.
   * @returns 65 bytes `r ‖ s ‖ v`, low `s`, `v` 27 or 28.
   */
  signStatement(domain: Domain, type: string, ...values: readonly Value[]): Promise<Uint8Array>;
}

/** A secp256k1 key that signs EIP-712 digests; only `secret` reveals its secret. */
export class SigningKey implements Signer {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly #secret: Uint8Array;

  /** A key from 32 secret bytes; RangeError when they are not a valid key. */
  constructor(secret: Uint8Array) {
    if (secret.length !== SECRET_BYTES || !secp256k1.utils.isValidSecretKey(secret)) {
      throw new RangeError("not a secret key");
    }
    this.#secret = secret.slice();
    this.address = addressOf(secp256k1.getPublicKey(secret, false).subarray(1));
  }

  /** A fresh key. */
  static generate(randomness: Randomness): SigningKey {
    return new SigningKey(secp256k1.utils.randomSecretKey(randomness.bytes(SEED_BYTES)));
  }

  /** 65 bytes `r ‖ s ‖ v`, low `s`, `v` 27 or 28; deterministic (RFC 6979). */
  sign(digest: Uint8Array): Uint8Array {
    const signed = secp256k1.sign(digest, this.#secret, { prehash: false, format: "recovered" });
    return concat([signed.subarray(1), Uint8Array.of(27 + signed[0]!)]);
  }

  signStatement(domain: Domain, type: string, ...values: readonly Value[]): Promise<Uint8Array> {
    return Promise.resolve(this.sign(domain.digest(type, ...values)));
  }

  /** The 32 secret bytes, for storing the key encrypted or exporting it. */
  secret(): Uint8Array {
    return this.#secret.slice();
  }

  toString(): string {
    return `SigningKey(${toHex(this.address)})`;
  }
}
