/**
 * Requests that move money or create something: asked again, they are not done twice.
 *
 * The key that names a request for the gateway is kept before the request is sent, and until an
 * answer came. Whoever asks for the same again goes on with the same request.
 *
 * Source: draft-ietf-httpapi-idempotency-key-header-07.
 */

import { keccak256, toHex, utf8 } from "../protocol/encoding.ts";
import { systemRandomness } from "../protocol/randomness.ts";
import { type Gateway, Refusal } from "./gateway.ts";
import type { Shape } from "./shape.ts";
import type { Store } from "./votes.ts";

const KEY_BYTES = 16;
/** Refusals after which the gateway has done nothing and does nothing more. */
const NOTHING_DONE: readonly number[] = [404, 409, 422];
/** Refusals of these statuses that are about the key alone: the request itself may be under way. */
const OF_THE_KEY: readonly string[] = ["idempotency-key-reused", "request-in-progress"];

/** One organizer's requests without an answer. */
export class OpenRequests {
  readonly #gateway: Gateway;
  readonly #store: Store | undefined;
  /** Where the browser keeps nothing. */
  readonly #open = new Map<string, string>();

  constructor(gateway: Gateway, store?: Store) {
    this.#gateway = gateway;
    this.#store = store;
  }

  /** Answer to a request; throws as `Gateway.post`. */
  async post<T>(path: string, body: unknown, shape: Shape<T>): Promise<T> {
    const asked = keccak256(utf8(JSON.stringify([path, body])));
    const name = `ostraka/request/${toHex(asked)}`;
    const known = this.#store?.getItem(name) ?? this.#open.get(name);
    const key = known ?? toHex(systemRandomness.bytes(KEY_BYTES)).slice(2);
    this.#open.set(name, key);
    try {
      this.#store?.setItem(name, key);
    } catch {
      // No room: kept for as long as the page is open.
    }
    try {
      const answer = await this.#gateway.post(path, body, shape, key);
      this.#close(name);
      return answer;
    } catch (error) {
      if (error instanceof Refusal) {
        const { code, status } = error.problem;
        if (NOTHING_DONE.includes(status) && !OF_THE_KEY.includes(code)) this.#close(name);
      }
      throw error;
    }
  }

  #close(name: string): void {
    this.#open.delete(name);
    this.#store?.removeItem(name);
  }
}
