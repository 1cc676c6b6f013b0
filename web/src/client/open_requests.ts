/**
 * Requests that move money or create something, and must not be executed twice.
 *
 * The idempotency key of a request is stored from before it is sent until it is answered. The same
 * request, made again, uses the same key.
 *
 * Source: draft-ietf-httpapi-idempotency-key-header-07.
 */

import { keccak256, toHex, utf8 } from "../protocol/encoding.ts";
import { systemRandomness } from "../protocol/randomness.ts";
import { type Gateway, Refusal } from "./gateway.ts";
import type { Shape } from "./shape.ts";
import type { Store } from "./votes.ts";

const KEY_BYTES = 16;
/** Refusals after which the gateway has not executed the request and will not do so. */
const NOTHING_DONE: readonly number[] = [404, 409, 422];
/** Statuses of refusals that concern only the key: the request itself may be in progress. */
const OF_THE_KEY: readonly string[] = ["idempotency-key-reused", "request-in-progress"];

/** One organizer's unanswered requests. */
export class OpenRequests {
  readonly #gateway: Gateway;
  readonly #store: Store | undefined;
  /** Used where the browser stores nothing. */
  readonly #open = new Map<string, string>();

  constructor(gateway: Gateway, store?: Store) {
    this.#gateway = gateway;
    this.#store = store;
  }

  /** Send a request and return its answer; throws as `Gateway.post`. */
  async post<T>(path: string, body: unknown, shape: Shape<T>): Promise<T> {
    const asked = keccak256(utf8(JSON.stringify([path, body])));
    const name = `ostraka/request/${toHex(asked)}`;
    const known = this.#store?.getItem(name) ?? this.#open.get(name);
    const key = known ?? toHex(systemRandomness.bytes(KEY_BYTES)).slice(2);
    this.#open.set(name, key);
    try {
      this.#store?.setItem(name, key);
    } catch {
      // Storage is full: keep the key while the page is open.
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
