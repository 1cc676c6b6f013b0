/**
 * No outcome rule: the tally itself is the result.
 *
 * Source: docs/protocol.md §14.2. Vectors: tests/vectors/outcome.json.
 */

import type { OutcomeRule } from "./rule.ts";

export class NoOutcome implements OutcomeRule {
  static readonly KIND = 0;

  encode(): Uint8Array {
    return Uint8Array.of(NoOutcome.KIND);
  }

  checkSlots(): void {
    // Fits any number of slots.
  }

  order(): number[] {
    return [];
  }

  awards(): bigint[] {
    return [];
  }
}
