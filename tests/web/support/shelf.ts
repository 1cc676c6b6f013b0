/** In-memory replacement of a browser's storage for tests. */

import type { Store } from "../../../web/src/client/votes.ts";

export class Shelf implements Store {
  readonly #kept = new Map<string, string>();
  /** Maximum number of characters of a value. */
  room = Infinity;

  get length(): number {
    return this.#kept.size;
  }
  key(place: number): string | null {
    return [...this.#kept.keys()][place] ?? null;
  }
  getItem(name: string): string | null {
    return this.#kept.get(name) ?? null;
  }
  setItem(name: string, value: string): void {
    if (value.length > this.room) throw new DOMException("full", "QuotaExceededError");
    this.#kept.set(name, value);
  }
  removeItem(name: string): void {
    this.#kept.delete(name);
  }
}
