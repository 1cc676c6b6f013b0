/**
 * Vector commitments with generators that nobody can have chosen.
 *
 * `com(v; ρ) = Σ v_j G_j + ρ H`: perfectly hiding, binding while discrete logarithms are hard.
 *
 * Source: docs/protocol.md §2.7, §2.9. Vectors: tests/vectors/generators.json.
 */

import { FixedBases, P, type Point, squareRoot } from "./curve.ts";
import { taggedHash, toInteger, unsigned } from "./encoding.ts";

/** Largest `j` of a `G_j`: the bits and quadratic rows that one rule may have (§5.3). */
export const MAX_GENERATORS = 320;

const derived = new Map<number, Point>();

/** Point `index` by try-and-increment: 0 is `H`, `j >= 1` is `G_j`. */
export function deriveGenerator(index: number): Point {
  const known = derived.get(index);
  if (known) return known;
  for (let counter = 0; ; counter++) {
    const digest = taggedHash("generators", unsigned(index, 4), unsigned(counter, 4));
    const x = toInteger(digest) % P;
    const square = (x * x * x + 3n) % P;
    const y = squareRoot(square);
    if (y !== undefined) {
      const point = { x, y: y & 1n ? P - y : y };
      derived.set(index, point);
      return point;
    }
  }
}

/** `H, G_1, …, G_width`: a list of `width + 1` points. */
export function generators(width: number): Point[] {
  if (width < 0 || width > MAX_GENERATORS) {
    throw new RangeError(`width ${width} outside 0 … ${MAX_GENERATORS}`);
  }
  return Array.from({ length: width + 1 }, (_, index) => deriveGenerator(index));
}

/** Values in [0, R), and the blinding that goes with them. */
export type Opening = readonly [values: readonly bigint[], blinding: bigint];

/** Precomputed generators for commitments to up to `width` values. */
export class CommitmentKey {
  readonly width: number;
  readonly generators: readonly Point[];
  readonly #bases: FixedBases;

  constructor(width: number) {
    this.width = width;
    this.generators = generators(width);
    this.#bases = new FixedBases(this.generators);
  }

  /**
   * Commitments to openings, one point each.
   *
   * @param openings At most `width` values each; values that are missing at the end count as zero.
   */
  commit(openings: readonly Opening[]): Point[] {
    return this.#bases.commit(openings.map(([values, blinding]) => [blinding, ...values]));
  }
}
