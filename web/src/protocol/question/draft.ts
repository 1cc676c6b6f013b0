/**
 * A ballot rule under construction.
 *
 * Source: docs/protocol.md §5.4, §5.5.
 */

import { MAX_GENERATORS } from "../commitment.ts";
import { Rejected } from "../errors.ts";
import {
  BallotRule,
  type QuadraticRow,
  type Row,
  slackCoefficients,
  type Term,
  type Terms,
} from "../rule.ts";

/** Bits are numbered in the order of their creation, and so are slots. */
export class Draft {
  #bits = 0;
  readonly #slots: Terms[] = [];
  readonly #rows: Row[] = [];
  readonly #quadraticRows: QuadraticRow[] = [];

  /** New bits with these coefficients; Rejected (check P2) above the limit of a rule. */
  bits(coefficients: readonly bigint[]): Term[] {
    const first = this.#bits;
    this.#bits += coefficients.length;
    // Refused early: a few bytes of JSON must not create a hundred thousand bits.
    if (this.#bits > MAX_GENERATORS) {
      throw invalidQuestion("bits", `${this.#bits}, at most ${MAX_GENERATORS}`);
    }
    return coefficients.map((coefficient, place) => ({ bit: first + place, coefficient }));
  }

  /** A new bit of coefficient 1 for each of `count`. */
  ones(count: number): Term[] {
    return this.bits(new Array<bigint>(count).fill(1n));
  }

  /** New bits whose sums are exactly `0 … largest` (§5.4); none for 0. */
  span(largest: bigint): Term[] {
    return this.bits(slackCoefficients(largest));
  }

  /** Add a slot and return its number. */
  slot(terms: Terms): number {
    return this.#slots.push(terms) - 1;
  }

  /** A new bit for each of `count` options, and each bit a slot. */
  options(count: number): Term[] {
    const options = this.ones(count);
    for (const term of options) this.slot([term]);
    return options;
  }

  /** `Σ terms = constant`; terms in any order. */
  row(terms: Terms, constant: bigint): void {
    const sorted = [...terms].sort((left, right) => left.bit - right.bit);
    this.#rows.push({ terms: sorted, constant });
  }

  /** `Σ v² + Σ terms = constant` over the slots. */
  quadraticRow(slots: readonly number[], terms: Terms, constant: bigint): void {
    this.#quadraticRows.push({ slots, terms, constant });
  }

  /** The rule; Rejected (check P2) when it is too large or could wrap. */
  rule(): BallotRule {
    return new BallotRule(this.#bits, this.#slots, this.#rows, this.#quadraticRows);
  }
}

/** The rule that `draw` constructs. */
export function drawn(draw: (draft: Draft) => void): BallotRule {
  const draft = new Draft();
  draw(draft);
  return draft.rule();
}

/** The error of an invalid question. */
export function invalidQuestion(field: string, reason: string): Rejected {
  return new Rejected("P2", `question.${field}`, reason);
}
