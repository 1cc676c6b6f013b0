/**
 * Sums of many multiples of points, by Pippenger's method: for batches of proofs and of signatures.
 *
 * Points are put into buckets by the signed digits of their scalars. Additions are affine and share
 * inversions, as in `curve`, but on limbs. Works for every curve `y² = x³ + b` of odd prime order over
 * a prime field from 2^250 to 2^256.
 *
 * Source: docs/protocol.md §8.5, §13 (B4).
 */

import { digits, IDENTITY_POINT, type Point, sumOfBits, windowCount } from "./curve.ts";
import { LIMBS, Limbs } from "./limbs.ts";

/** Limbs of a point: two coordinates. */
const POINT = 2 * LIMBS;
const COORDINATE_BYTES = 32;

/** Least number of points for which there is room in one round of additions. */
const LEAST_ROOM = 1024;
/** Additions that a bucket costs, beside those of the points in it. */
const BUCKET_COST = 2.3;
const SHORT_BITS = 128;
const LONG_BITS = 256;

/** How two points are added. */
const DIFFERENT = 0;
const EQUAL = 1;
const OPPOSITE = 2;

/** A curve `y² = x³ + b` over a prime field. */
export interface CurveEquation {
  readonly prime: bigint;
  readonly b: bigint;
}

/** Points of one curve, by number in the order in which they were appended. */
export class PointTable {
  readonly #limbs: Limbs;
  readonly #capacity: number;
  /** Most points in one round of additions. */
  readonly #room: number;
  readonly #constant: number;
  readonly #points: number;
  /** Points of a round, and of the next one. */
  #current: number;
  #next: number;
  readonly #divisors: number;
  /** Products of divisors, then the inverse of each divisor. */
  readonly #inverses: number;
  readonly #left: number;
  readonly #right: number;
  readonly #bucketSums: number;
  readonly #halfSums: number;
  /** Group and place of each point to sum; the complement of a place means the opposite point. */
  readonly #groups: Int32Array;
  readonly #places: Int32Array;
  readonly #kinds: Uint8Array;
  #length = 0;
  #members = 0;

  /** @param capacity Number of points that can be appended. */
  constructor({ prime, b }: CurveEquation, capacity: number) {
    const room = 2 * Math.ceil(Math.max(capacity, LEAST_ROOM) / 2);
    const limbs = new Limbs(prime, 2 * capacity + 7 * room + 3);
    this.#limbs = limbs;
    this.#capacity = capacity;
    this.#room = room;
    this.#points = limbs.reserve(2 * capacity);
    this.#current = limbs.reserve(2 * room);
    this.#next = limbs.reserve(2 * room);
    this.#divisors = limbs.reserve(room / 2);
    this.#inverses = limbs.reserve(room / 2);
    this.#bucketSums = limbs.reserve(room);
    this.#halfSums = limbs.reserve(room);
    this.#constant = limbs.reserve(1);
    this.#left = limbs.reserve(1);
    this.#right = limbs.reserve(1);
    this.#groups = new Int32Array(room);
    this.#places = new Int32Array(room);
    this.#kinds = new Uint8Array(room / 2);
    limbs.encode(this.#constant, b);
  }

  /** Number of points. */
  get length(): number {
    return this.#length;
  }

  /**
   * Append a point.
   *
   * @param encoded Its two coordinates, 64 bytes.
   * @returns False, and nothing is appended, when a coordinate is not below the prime or the point is
   *   not on the curve. The identity is on no curve.
   */
  append(encoded: Uint8Array): boolean {
    const limbs = this.#limbs;
    const x = this.#place();
    const y = x + LIMBS;
    if (!limbs.read(x, encoded, 0) || !limbs.read(y, encoded, COORDINATE_BYTES)) return false;
    this.#cube(x);
    limbs.multiply(this.#left, y, y);
    if (!limbs.same(this.#left, this.#right)) return false;
    this.#length++;
    return true;
  }

  /**
   * Append the point with an abscissa of 32 bytes and an ordinate of the given parity.
   *
   * @returns False, and nothing is appended, when there is none.
   */
  appendAbscissa(abscissa: Uint8Array, odd: boolean): boolean {
    const limbs = this.#limbs;
    const x = this.#place();
    const y = x + LIMBS;
    if (!limbs.read(x, abscissa, 0)) return false;
    this.#cube(x);
    limbs.squareRoot(y, this.#right);
    limbs.multiply(this.#left, y, y);
    if (!limbs.same(this.#left, this.#right)) return false;
    if (limbs.isOdd(y) !== odd) limbs.negate(y, y);
    this.#length++;
    return true;
  }

  /**
   * `Σ scalars[i] · points[numbers[i]]`; short scalars cost less.
   *
   * @param scalars In [0, 2^256); RangeError otherwise.
   */
  combine(numbers: readonly number[], scalars: readonly bigint[]): Point {
    if (numbers.length !== scalars.length) throw new RangeError("not one scalar for each point");
    if (numbers.length > this.#room) throw new RangeError("more points than the table has");
    if (scalars.some((scalar) => scalar < 0n || scalar >> BigInt(LONG_BITS))) {
      throw new RangeError("scalar outside [0, 2^256)");
    }
    const width = widthFor(scalars, this.#room);
    const windows = windowCount(width);
    const places = numbers.map((number) => this.#points + POINT * number);
    const digitsOf = scalars.map((scalar) => digits(scalar, width));
    const bits = new Array<Point>(windows * width).fill(IDENTITY_POINT);
    const together = Math.floor(this.#room / Math.max(numbers.length, 1 << width));
    for (let first = 0; first < windows; first += together) {
      const count = Math.min(together, windows - first);
      this.#sumWindows(places, digitsOf, { first, count, width }, bits);
    }
    return sumOfBits(bits, this.#limbs.prime);
  }

  /** Place for one more point. */
  #place(): number {
    if (this.#length === this.#capacity) throw new RangeError("more points than announced");
    return this.#points + POINT * this.#length;
  }

  /** Right side of the curve's equation. */
  #cube(x: number): void {
    const limbs = this.#limbs;
    limbs.multiply(this.#right, x, x);
    limbs.multiply(this.#right, this.#right, x);
    limbs.add(this.#right, this.#right, this.#constant);
  }

  /**
   * For some windows, find the sum of all points whose digit has a bit set, for each bit of a digit.
   *
   * Buckets are first summed by the lower and by the upper half of their number: so every bucket is
   * added twice instead of once for each bit.
   */
  #sumWindows(
    places: readonly number[],
    digitsOf: readonly Int16Array[],
    { first, count, width }: { first: number; count: number; width: number },
    bits: Point[],
  ): void {
    const buckets = 1 << (width - 1);
    for (let window = 0; window < count; window++) {
      for (let number = 0; number < places.length; number++) {
        const digit = digitsOf[number]![first + window]!;
        if (digit > 0) this.#add(window * buckets + digit - 1, places[number]!);
        else if (digit < 0) this.#add(window * buckets - digit - 1, ~places[number]!);
      }
    }
    const filled = this.#sums(count * buckets, this.#bucketSums);

    const lowBits = width >> 1;
    const mask = (1 << lowBits) - 1;
    const halves = mask + (buckets >> lowBits);
    for (let window = 0; window < count; window++) {
      for (let digit = 1; digit <= buckets; digit++) {
        const bucket = window * buckets + digit - 1;
        if (!filled[bucket]) continue;
        const place = this.#bucketSums + POINT * bucket;
        const [low, high] = [digit & mask, digit >> lowBits];
        if (low) this.#add(window * halves + low - 1, place);
        if (high) this.#add(window * halves + mask + high - 1, place);
      }
    }
    const filledHalves = this.#sums(count * halves, this.#halfSums);

    for (let window = 0; window < count; window++) {
      for (let half = 0; half < halves; half++) {
        const group = window * halves + half;
        if (!filledHalves[group]) continue;
        const digit = half < mask ? half + 1 : (half - mask + 1) << lowBits;
        for (let bit = 0; bit < width; bit++) {
          if ((digit >> bit) & 1) this.#add(window * width + bit, this.#halfSums + POINT * group);
        }
      }
    }
    const filledBits = this.#sums(count * width, this.#bucketSums);

    filledBits.forEach((size, number) => {
      if (size) bits[first * width + number] = this.#decode(this.#bucketSums + POINT * number);
    });
  }

  /** Note a point for the next sums. */
  #add(group: number, place: number): void {
    // A typed array would silently drop what is beyond its end.
    if (this.#members === this.#room) throw new RangeError("more points than there is room for");
    this.#groups[this.#members] = group;
    this.#places[this.#members++] = place;
  }

  /**
   * Sum the noted points of each group, and forget them.
   *
   * Pairs of all groups are added in rounds; all additions of a round share one inversion.
   *
   * @param to Place of the first group's sum.
   * @returns For each group 1, or 0 where its sum is the identity and has no place.
   */
  #sums(groups: number, to: number): Int32Array {
    const limbs = this.#limbs;
    const sizes = this.#gather(groups);
    while (sizes.some((size) => size > 1)) {
      const pairs = this.#divide(sizes);
      this.#invert(pairs);
      this.#join(sizes);
    }
    let place = this.#current;
    sizes.forEach((size, group) => {
      if (!size) return;
      limbs.copy(to + POINT * group, place, 2);
      place += POINT;
    });
    return sizes;
  }

  /** Copy the noted points, sorted by group; returns the number of points of each group. */
  #gather(groups: number): Int32Array {
    const limbs = this.#limbs;
    const sizes = new Int32Array(groups);
    for (let member = 0; member < this.#members; member++) sizes[this.#groups[member]!]!++;
    const next = new Int32Array(groups);
    for (let group = 0, place = this.#current; group < groups; group++) {
      next[group] = place;
      place += POINT * sizes[group]!;
    }
    for (let member = 0; member < this.#members; member++) {
      const group = this.#groups[member]!;
      const place = this.#places[member]!;
      const to = next[group]!;
      next[group] = to + POINT;
      limbs.copy(to, place < 0 ? ~place : place, 2);
      if (place < 0) limbs.negate(to + LIMBS, to + LIMBS);
    }
    this.#members = 0;
    return sizes;
  }

  /** Find the divisor of each pair's slope, and the products of all divisors up to each. */
  #divide(sizes: Int32Array): number {
    const limbs = this.#limbs;
    let pairs = 0;
    let place = this.#current;
    let before = limbs.one;
    for (const size of sizes) {
      for (let at = 0; at + 1 < size; at += 2) {
        const left = place + POINT * at;
        const right = left + POINT;
        const divisor = this.#divisors + LIMBS * pairs;
        const product = this.#inverses + LIMBS * pairs;
        let kind = DIFFERENT;
        limbs.subtract(divisor, right, left);
        limbs.multiply(product, before, divisor);
        if (limbs.isZero(product)) {
          // Both have one abscissa. No ordinate is zero, because no point has order two.
          kind = limbs.same(left + LIMBS, right + LIMBS) ? EQUAL : OPPOSITE;
          if (kind === EQUAL) limbs.add(divisor, left + LIMBS, left + LIMBS);
          else limbs.copy(divisor, limbs.one, 1);
          limbs.multiply(product, before, divisor);
        }
        this.#kinds[pairs++] = kind;
        before = product;
      }
      place += POINT * size;
    }
    return pairs;
  }

  /** Replace the products by the inverse of each divisor. */
  #invert(pairs: number): void {
    const limbs = this.#limbs;
    const [rest, inverses] = [this.#left, this.#inverses];
    limbs.invert(rest, inverses + LIMBS * (pairs - 1));
    for (let pair = pairs - 1; pair > 0; pair--) {
      const inverse = inverses + LIMBS * pair;
      limbs.multiply(inverse, rest, inverse - LIMBS);
      limbs.multiply(rest, rest, this.#divisors + LIMBS * pair);
    }
    limbs.copy(inverses, rest, 1);
  }

  /** Replace each pair by its sum. */
  #join(sizes: Int32Array): void {
    const limbs = this.#limbs;
    let from = this.#current;
    let to = this.#next;
    let pair = 0;
    for (let group = 0; group < sizes.length; group++) {
      const size = sizes[group]!;
      const start = to;
      let at = 0;
      for (; at + 1 < size; at += 2, from += 2 * POINT, pair++) {
        if (this.#kinds[pair] === OPPOSITE) continue;
        this.#joinPair(to, from, pair);
        to += POINT;
      }
      if (at < size) {
        limbs.copy(to, from, 2);
        from += POINT;
        to += POINT;
      }
      sizes[group] = (to - start) / POINT;
    }
    [this.#current, this.#next] = [this.#next, this.#current];
  }

  #joinPair(to: number, left: number, pair: number): void {
    const limbs = this.#limbs;
    const [right, slope, y] = [left + POINT, this.#left, to + LIMBS];
    if (this.#kinds[pair] === EQUAL) {
      limbs.multiply(this.#right, left, left);
      limbs.add(slope, this.#right, this.#right);
      limbs.add(slope, slope, this.#right);
    } else {
      limbs.subtract(slope, right + LIMBS, left + LIMBS);
    }
    limbs.multiply(slope, slope, this.#inverses + LIMBS * pair);
    limbs.multiply(to, slope, slope);
    limbs.subtract(to, to, left);
    limbs.subtract(to, to, right);
    limbs.reduce(to);
    limbs.subtract(y, left, to);
    limbs.multiply(y, y, slope);
    limbs.subtract(y, y, left + LIMBS);
    limbs.reduce(y);
  }

  #decode(place: number): Point {
    return { x: this.#limbs.decode(place), y: this.#limbs.decode(place + LIMBS) };
  }
}

/** Bits of a digit with which a sum takes the fewest additions. */
function widthFor(scalars: readonly bigint[], room: number): number {
  const bits = scalars.reduce((sum, scalar) => {
    return sum + (scalar >> BigInt(SHORT_BITS) ? LONG_BITS : SHORT_BITS);
  }, 0);
  let [best, least] = [2, Infinity];
  for (let width = 2; 1 << width <= room; width++) {
    const additions = bits / width + windowCount(width) * BUCKET_COST * 2 ** (width - 1);
    if (additions < least) [best, least] = [width, additions];
  }
  return best;
}
