/**
 * Fiat–Shamir transcript: a byte string that determines every challenge.
 *
 * Prover and verifier absorb the same labelled messages in the same order; any difference changes
 * the challenge.
 *
 * Source: docs/protocol.md §2.8. Vectors: tests/vectors/transcript.json.
 */

import { R } from "./curve.ts";
import { HASH_BYTES, taggedHash, toInteger, unsigned, utf8 } from "./encoding.ts";
import { Malformed } from "./errors.ts";

/** Messages of one proof, bound to one purpose and one poll. */
export class Transcript {
  readonly #messages: Uint8Array[] = [];

  /**
   * Start a transcript.
   *
   * @param purpose Name of the proof, e.g. "ballot".
   * @param pollContext 32 bytes, as fixed on chain when the poll was created.
   * @throws Malformed: `pollContext` has another length.
   */
  constructor(purpose: string, pollContext: Uint8Array) {
    if (pollContext.length !== HASH_BYTES) {
      throw new Malformed("poll_context", `${pollContext.length} bytes, expected ${HASH_BYTES}`);
    }
    this.absorb("purpose", utf8(purpose));
    this.absorb("poll", pollContext);
  }

  /** Bind `message` under `label`. */
  absorb(label: string, message: Uint8Array): void {
    const name = utf8(label);
    // Lengths keep ("ab", "c") and ("a", "bc") apart.
    this.#messages.push(unsigned(name.length, 4), name, unsigned(message.length, 4), message);
  }

  /**
   * The challenge that all absorbed messages determine, in [1, R).
   *
   * @throws Malformed: it is zero, which no honest transcript ever gives.
   */
  challenge(): bigint {
    const value = toInteger(taggedHash("transcript", ...this.#messages)) % R;
    if (value === 0n) throw new Malformed("challenge", "zero");
    return value;
  }
}
