/**
 * The only source of randomness for the client's protocol code.
 *
 * Protocol functions take a `Randomness` argument. Programs pass `systemRandomness`; only tests
 * pass another one.
 *
 * Source: docs/protocol.md §8.8.
 */

import { R } from "./curve.ts";
import { SCALAR_BYTES, toInteger } from "./encoding.ts";

/** Source of secrets. */
export interface Randomness {
  /** Fresh uniform bytes. */
  bytes(size: number): Uint8Array;
  /** Uniform in [0, R). */
  scalar(): bigint;
}

/** The system's generator, as Web Crypto gives it. */
export const systemRandomness: Randomness = {
  // eslint-disable-next-line no-restricted-properties -- the only allowed use
  bytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  scalar() {
    for (;;) {
      const drawn = this.bytes(SCALAR_BYTES);
      drawn[0]! &= 0x3f;
      // Draw again when too large: reduction would favour small scalars.
      const value = toInteger(drawn);
      if (value < R) return value;
    }
  },
};
