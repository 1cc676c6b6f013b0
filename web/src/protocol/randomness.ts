/**
 * The one door through which randomness enters the client's protocol code.
 *
 * Protocol functions take a `Randomness` argument; everything that runs for real passes
 * `systemRandomness`, only tests pass another.
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
  // eslint-disable-next-line no-restricted-properties -- the door itself
  bytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  scalar() {
    for (;;) {
      const drawn = this.bytes(SCALAR_BYTES);
      drawn[0]! &= 0x3f;
      // Drawn again when too large: reducing would prefer small scalars.
      const value = toInteger(drawn);
      if (value < R) return value;
    }
  },
};
