/**
 * The ballot rule: one language of bits, slots and rows for every kind of ballot.
 *
 * Questions make rules; provers, verifiers and the contract know only the general form.
 *
 * Source: docs/protocol.md §5. Vectors: tests/vectors/rule.json.
 */

import { MAX_GENERATORS } from "./commitment.ts";
import { concat, Reader, signed128, taggedHash, unsigned } from "./encoding.ts";
import { Rejected } from "./errors.ts";

const ROW_BOUND = 1n << 128n;
const TALLY_BOUND = 1n << 200n;

export interface Term {
  readonly bit: number;
  readonly coefficient: bigint;
}

/** Bits strictly increasing. */
export type Terms = readonly Term[];

/** `Σ e_l b_l = constant`. */
export interface Row {
  readonly terms: Terms;
  readonly constant: bigint;
}

/** `Σ_{j ∈ slots} v_j² + Σ e_l b_l = constant`. */
export interface QuadraticRow {
  readonly slots: readonly number[];
  readonly terms: Terms;
  readonly constant: bigint;
}

/** A ballot rule that has passed every validity condition. */
export class BallotRule {
  /** Number of bits `m`. */
  readonly bits: number;
  /** The terms of each slot. */
  readonly slots: readonly Terms[];
  /** Linear equations that every ballot obeys. */
  readonly rows: readonly Row[];
  /** Equations in squares of slots. */
  readonly quadraticRows: readonly QuadraticRow[];
  /** Largest value of each slot. */
  readonly slotMaxima: readonly bigint[];
  /** Whether slot `j` is exactly bit `j`, so that one commitment serves both (§5.6). */
  readonly slotsAreBits: boolean;

  /** @throws Rejected: a condition of §5.3 is broken (check P2). */
  constructor(
    bits: number,
    slots: readonly Terms[],
    rows: readonly Row[] = [],
    quadraticRows: readonly QuadraticRow[] = [],
  ) {
    this.bits = bits;
    this.slots = slots;
    this.rows = rows;
    this.quadraticRows = quadraticRows;
    this.slotMaxima = slots.map((terms) => total(terms.map(({ coefficient }) => coefficient)));
    this.slotsAreBits =
      slots.length === bits &&
      slots.every(
        (terms, number) =>
          terms.length === 1 && terms[0]!.bit === number && terms[0]!.coefficient === 1n,
      );
    this.#check();
  }

  #check(): void {
    if (this.bits < 1) throw invalid("bits", "there is no bit");
    if (!this.slots.length) throw invalid("slots", "there is no slot");
    if (this.width > MAX_GENERATORS) {
      const reason = `${this.width} bits and quadratic rows, at most ${MAX_GENERATORS}`;
      throw invalid("bits", reason);
    }
    const taken = new Set<number>();
    this.slots.forEach((terms, number) => {
      const item = `slots[${number}]`;
      this.#checkTerms(terms, item, true);
      for (const { bit, coefficient } of terms) {
        if (coefficient < 0n) throw invalid(item, `coefficient of bit ${bit} is negative`);
        if (taken.has(bit)) throw invalid(item, `bit ${bit} belongs to two slots`);
        taken.add(bit);
      }
    });
    this.rows.forEach((row, number) => {
      const item = `rows[${number}]`;
      this.#checkTerms(row.terms, item, true);
      checkSigned128(row.constant, item, "constant");
      if (magnitude(row.terms) + absolute(row.constant) >= ROW_BOUND) {
        throw invalid(item, "coefficients and constant reach 2^128");
      }
    });
    this.quadraticRows.forEach((quadratic, number) => {
      const item = `quadratic_rows[${number}]`;
      if (!quadratic.slots.length) throw invalid(item, "it has no slot");
      checkIncreasing(quadratic.slots, this.slots.length, item, "slot");
      this.#checkTerms(quadratic.terms, item, false);
      checkSigned128(quadratic.constant, item, "constant");
      const squares = total(quadratic.slots.map((slot) => this.slotMaxima[slot]! ** 2n));
      if (squares + magnitude(quadratic.terms) + absolute(quadratic.constant) >= ROW_BOUND) {
        throw invalid(item, "squares, coefficients and constant reach 2^128");
      }
    });
  }

  #checkTerms(terms: Terms, item: string, atLeastOne: boolean): void {
    if (atLeastOne && !terms.length) throw invalid(item, "it has no term");
    const bits = terms.map(({ bit }) => bit);
    checkIncreasing(bits, this.bits, item, "bit");
    for (const { bit, coefficient } of terms) {
      if (coefficient === 0n) throw invalid(item, `coefficient of bit ${bit} is zero`);
      checkSigned128(coefficient, item, `coefficient of bit ${bit}`);
    }
  }

  /** Generators that a ballot uses: bits and quadratic rows. */
  get width(): number {
    return this.bits + this.quadraticRows.length;
  }

  /** Largest value of any slot. */
  get maxSlotValue(): bigint {
    return this.slotMaxima.reduce((most, one) => (one > most ? one : most));
  }

  /**
   * Check that a tally of `totalWeight` cannot wrap modulo `r`.
   *
   * @throws Rejected: it could (check P2).
   */
  checkWeight(totalWeight: bigint): void {
    if (totalWeight * this.maxSlotValue >= TALLY_BOUND) {
      throw invalid("slots", "total weight times largest slot value reaches 2^200");
    }
  }

  /** Slot image of a vector over the integers: `v_j = Σ c_l b_l`. */
  slotValues(bits: readonly bigint[]): bigint[] {
    return this.slots.map((terms) => evaluate(terms, bits));
  }

  /** The condition that a vector of integers breaks, in words; undefined when it is a ballot. */
  violated(bits: readonly bigint[]): string | undefined {
    if (bits.length !== this.bits) return `${bits.length} bits, expected ${this.bits}`;
    for (const [number, bit] of bits.entries()) {
      if (bit !== 0n && bit !== 1n) return `bits[${number}] is ${bit}, expected 0 or 1`;
    }
    for (const [number, row] of this.rows.entries()) {
      const sum = evaluate(row.terms, bits);
      if (sum !== row.constant) return `rows[${number}] gives ${sum}, expected ${row.constant}`;
    }
    const values = this.slotValues(bits);
    for (const [number, { slots, terms, constant }] of this.quadraticRows.entries()) {
      const sum = total(slots.map((slot) => values[slot]! ** 2n)) + evaluate(terms, bits);
      if (sum !== constant) return `quadratic_rows[${number}] gives ${sum}, expected ${constant}`;
    }
    return undefined;
  }

  /** Canonical bytes (§5.2). */
  encode(): Uint8Array {
    const counts = [this.bits, this.slots.length, this.rows.length, this.quadraticRows.length];
    const parts = counts.map((count) => unsigned(count, 2));
    for (const terms of this.slots) parts.push(unsigned(terms.length, 2), encodeTerms(terms));
    for (const { terms, constant } of this.rows) {
      parts.push(unsigned(terms.length, 2), signed128(constant), encodeTerms(terms));
    }
    for (const { slots, terms, constant } of this.quadraticRows) {
      parts.push(unsigned(slots.length, 2), unsigned(terms.length, 2), signed128(constant));
      parts.push(...slots.map((slot) => unsigned(slot, 2)), encodeTerms(terms));
    }
    return concat(parts);
  }

  /**
   * Decode canonical bytes.
   *
   * @throws Malformed: bytes are missing or left over.
   * @throws Rejected: a validity condition is broken (check P2).
   */
  static decode(data: Uint8Array): BallotRule {
    const reader = new Reader(data, "rule");
    const bits = reader.small(2, "bits");
    const slotCount = reader.small(2, "slots");
    const rowCount = reader.small(2, "rows");
    const quadraticCount = reader.small(2, "quadratic_rows");
    const slots = repeat(slotCount, (number) => {
      const field = `slots[${number}]`;
      return decodeTerms(reader, reader.small(2, field), field);
    });
    const rows = repeat(rowCount, (number) => {
      const field = `rows[${number}]`;
      const count = reader.small(2, field);
      const constant = reader.signed128(field);
      return { terms: decodeTerms(reader, count, field), constant };
    });
    const quadraticRows = repeat(quadraticCount, (number) => {
      const field = `quadratic_rows[${number}]`;
      const used = reader.small(2, field);
      const count = reader.small(2, field);
      const constant = reader.signed128(field);
      const members = repeat(used, () => reader.small(2, field));
      return { slots: members, terms: decodeTerms(reader, count, field), constant };
    });
    reader.end();
    return new BallotRule(bits, slots, rows, quadraticRows);
  }

  /** Digest of the rule on chain, 32 bytes. */
  get digest(): Uint8Array {
    return taggedHash("rule", this.encode());
  }
}

/** `Σ e_l b_l` over the integers. */
export function evaluate(terms: Terms, bits: readonly bigint[]): bigint {
  let sum = 0n;
  for (const { bit, coefficient } of terms) sum += coefficient * bits[bit]!;
  return sum;
}

/** Coefficients of slack bits whose sums are exactly `0 … span` (§5.4); none for span 0. */
export function slackCoefficients(span: bigint): bigint[] {
  if (span < 0n) throw new RangeError(`span ${span} is negative`);
  if (span === 0n) return [];
  const low = span.toString(2).length - 1;
  const powers = Array.from({ length: low }, (_, power) => 1n << BigInt(power));
  return [...powers, span - ((1n << BigInt(low)) - 1n)];
}

/** Bits whose slack is `value`, one of possibly several representations. */
export function slackBits(span: bigint, value: bigint): bigint[] {
  if (value < 0n || value > span) throw new RangeError(`slack ${value} outside 0 … ${span}`);
  const coefficients = slackCoefficients(span);
  const bits = coefficients.map(() => 0n);
  // The last coefficient is at most one more than the sum of all before it.
  let rest = span;
  for (let number = coefficients.length - 1; number >= 0; number--) {
    rest -= coefficients[number]!;
    if (value > rest) {
      bits[number] = 1n;
      value -= coefficients[number]!;
    }
  }
  return bits;
}

function invalid(item: string, reason: string): Rejected {
  return new Rejected("P2", `rule.${item}`, reason);
}

/** What cannot be encoded has no digest either. */
function checkSigned128(value: bigint, item: string, noun: string): void {
  if (BigInt.asIntN(128, value) !== value) throw invalid(item, `${noun} is not an i128`);
}

function total(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function magnitude(terms: Terms): bigint {
  return total(terms.map(({ coefficient }) => absolute(coefficient)));
}

function repeat<T>(count: number, make: (number: number) => T): T[] {
  return Array.from({ length: count }, (_, number) => make(number));
}

function checkIncreasing(
  indices: readonly number[],
  bound: number,
  item: string,
  noun: string,
): void {
  let previous = -1;
  for (const index of indices) {
    if (index <= previous) {
      throw invalid(item, `${noun} ${index} does not follow ${previous} in strict order`);
    }
    if (index >= bound) throw invalid(item, `${noun} ${index} does not exist`);
    previous = index;
  }
}

function encodeTerms(terms: Terms): Uint8Array {
  return concat(
    terms.flatMap(({ bit, coefficient }) => [unsigned(bit, 2), signed128(coefficient)]),
  );
}

function decodeTerms(reader: Reader, count: number, field: string): Term[] {
  return repeat(count, () => {
    const bit = reader.small(2, field);
    return { bit, coefficient: reader.signed128(field) };
  });
}
