/** Sums of very many multiples of points, in parts, so that memory and progress stay even. */

import { modulo, msm, type Point, sum } from "../curve.ts";

/** Multiples that are summed at once: more are not faster. */
const PART = 1 << 14;

/** A sum of multiples of lists of points; multiples of one list are added before. */
export class Terms {
  readonly #scalars = new Map<readonly Point[], bigint[]>();

  /** Add `scalars[i] · points[i]` for any integers. */
  add(points: readonly Point[], scalars: readonly bigint[]): void {
    if (points.length !== scalars.length) throw new RangeError("lengths differ");
    const known = this.#scalars.get(points);
    if (known) scalars.forEach((scalar, at) => (known[at]! += scalar));
    else this.#scalars.set(points, [...scalars]);
  }

  /**
   * Whether the sum is the identity.
   *
   * @param progress Called with the part that is done, up to 1.
   */
  vanishes(progress: (part: number) => void = () => undefined): boolean {
    const points = [...this.#scalars.keys()].flat();
    const scalars = [...this.#scalars.values()].flat();
    const totals: Point[] = [];
    for (let start = 0; start < points.length; start += PART) {
      const end = Math.min(start + PART, points.length);
      totals.push(msm(points.slice(start, end), scalars.slice(start, end).map(modulo)));
      progress(end / points.length);
    }
    const { x, y } = sum(totals);
    return x === 0n && y === 0n;
  }
}
