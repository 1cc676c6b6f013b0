/**
 * Masks for a ballot proof: uniform vectors on which every row of a rule vanishes.
 *
 * Source: docs/protocol.md §8.1.
 */

import { invert, modulo, R } from "./curve.ts";
import type { Randomness } from "./randomness.ts";
import { type BallotRule, evaluate, type Terms } from "./rule.ts";

/** Coefficients by bit; missing ones are zero. */
type SparseRow = Map<number, bigint>;

/** Kernel of a rule's linear rows over F_r, from their reduced row echelon form. */
export class Kernel {
  readonly #bits: number;
  /** For each pivot bit, the terms in free bits that give its value. */
  readonly #pivots: ReadonlyMap<number, Terms>;

  /** Eliminate once per rule; rows may be linearly dependent. */
  constructor(rule: BallotRule) {
    const reduced = new Map<number, SparseRow>();
    for (const { terms } of rule.rows) {
      let row: SparseRow = new Map(terms.map(({ bit, coefficient }) => [bit, modulo(coefficient)]));
      for (const [pivot, known] of reduced) subtract(row, known, row.get(pivot) ?? 0n);
      if (!row.size) continue;
      const pivot = Math.min(...row.keys());
      const inverse = invert(row.get(pivot)!, R);
      row = new Map([...row].map(([bit, coefficient]) => [bit, (coefficient * inverse) % R]));
      for (const known of reduced.values()) subtract(known, row, known.get(pivot) ?? 0n);
      reduced.set(pivot, row);
    }
    this.#bits = rule.bits;
    this.#pivots = new Map(
      [...reduced].map(([pivot, row]) => {
        row.delete(pivot);
        const terms = [...row].map(([bit, value]) => ({ bit, coefficient: R - value }));
        return [pivot, terms];
      }),
    );
  }

  /** A uniform vector of the kernel, entries in [0, R). */
  sample(randomness: Randomness): bigint[] {
    const mask = Array.from({ length: this.#bits }, (_, bit) => {
      return this.#pivots.has(bit) ? 0n : randomness.scalar();
    });
    for (const [pivot, terms] of this.#pivots) mask[pivot] = modulo(evaluate(terms, mask));
    return mask;
  }
}

/** `row −= factor · other`, kept sparse. */
function subtract(row: SparseRow, other: SparseRow, factor: bigint): void {
  if (!factor) return;
  for (const [bit, coefficient] of other) {
    const value = modulo((row.get(bit) ?? 0n) - factor * coefficient);
    if (value) row.set(bit, value);
    else row.delete(bit);
  }
}
