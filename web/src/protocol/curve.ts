/**
 * BN254 G1 on bigints.
 *
 * Many affine additions share one inversion, so that each costs six multiplications. Sums, tables
 * and the buckets of a multi-scalar multiplication use this. Nothing here is constant-time: an
 * attacker who can time a voter's device precisely may learn something about a vote
 * (docs/threat-model.md).
 *
 * Source: docs/protocol.md §2.1–§2.4. Vectors: tests/vectors/curve.json.
 */

import { Malformed } from "./errors.ts";

/** Prime of the base field. */
export const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** Prime order of the group. */
export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** A curve `y² = x³ + b` over a prime field, 3 modulo 4, with a group of prime order below 2^256. */
export interface CurveGroup {
  readonly prime: bigint;
  readonly b: bigint;
  readonly order: bigint;
}

const BN254: CurveGroup = { prime: P, b: 3n, order: R };

const POINT_BYTES = 64;
const SCALAR_BITS = 256;
/** Signed digits can carry beyond the highest bit. */
const DIGIT_BITS = SCALAR_BITS + 1;

/** Affine point with coordinates in [0, P); the identity is (0, 0), which is on no curve. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** The scalar in [0, R) that is congruent to any integer. */
export function modulo(value: bigint): bigint {
  return positive(value % R, R);
}

export const IDENTITY_POINT: Point = { x: 0n, y: 0n };

/** Whether two points are the same. */
export function samePoint(left: Point, right: Point): boolean {
  return left.x === right.x && left.y === right.y;
}

/**
 * Decode points from canonical bytes.
 *
 * @param data 64 bytes a point.
 * @param identity Whether the identity is allowed.
 * @throws Malformed: names the position of the first invalid point and the reason.
 */
export function decodePoints(data: Uint8Array, identity = false): Point[] {
  if (data.length % POINT_BYTES) {
    throw new Malformed("points", `length ${data.length} is not a multiple of ${POINT_BYTES}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const points: Point[] = [];
  for (let at = 0; at < data.length; at += POINT_BYTES) {
    const bad = (reason: string) => new Malformed(`points[${at / POINT_BYTES}]`, reason);
    const x = readWord(view, at);
    const y = readWord(view, at + 32);
    if (x === 0n && y === 0n) {
      if (!identity) throw bad("identity not allowed");
      points.push(IDENTITY_POINT);
      continue;
    }
    if (x >= P) throw bad("x >= p");
    if (y >= P) throw bad("y >= p");
    if ((y * y - x * x * x - 3n) % P !== 0n) throw bad("off the curve");
    points.push({ x, y });
  }
  return points;
}

/** 64 bytes a point, the identity as zeros. */
export function encodePoints(points: readonly Point[]): Uint8Array {
  const data = new Uint8Array(POINT_BYTES * points.length);
  const view = new DataView(data.buffer);
  points.forEach(({ x, y }, number) => {
    writeWord(view, POINT_BYTES * number, x);
    writeWord(view, POINT_BYTES * number + 32, y);
  });
  return data;
}

/** Unsigned big-endian integer of the 32 bytes at a position. */
export function readWord(view: DataView, at: number): bigint {
  const high = (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
  return (high << 128n) | (view.getBigUint64(at + 16) << 64n) | view.getBigUint64(at + 24);
}

/** Writes an integer in [0, 2^256) as 32 big-endian bytes at a position. */
export function writeWord(view: DataView, at: number, value: bigint): void {
  for (let place = 24; place >= 0; place -= 8) {
    view.setBigUint64(at + place, BigInt.asUintN(64, value));
    value >>= 64n;
  }
}

/** Elementwise sums of two lists of one length. */
export function add(left: readonly Point[], right: readonly Point[]): Point[] {
  sameLength(left, right);
  return sums(left.map((point, number) => [point, right[number]!]));
}

/** The inverse. */
export function negate(point: Point): Point {
  return opposite(point, P);
}

function opposite({ x, y }: Point, prime: bigint): Point {
  return { x, y: y && prime - y };
}

/** Elementwise multiples by scalars in [0, R); scalars of 1 cost nothing. */
export function scale(points: readonly Point[], scalars: readonly bigint[]): Point[] {
  sameLength(points, scalars);
  for (const scalar of scalars) checkScalar(scalar);
  const scaled = [...points];
  const worked = scalars.flatMap((scalar, number) => (scalar === 1n ? [] : [number]));
  const tables = multiples(
    worked.map((number) => points[number]!),
    SMALL_WINDOW,
  );
  const products = affine(
    worked.map((number, place) => {
      return combination([tables[place]!], [digits(scalars[number]!, SMALL_WINDOW)], SMALL_WINDOW);
    }),
  );
  worked.forEach((number, place) => {
    scaled[number] = products[place]!;
  });
  return scaled;
}

/** Sum of all points of a list. */
export function sum(points: readonly Point[]): Point {
  return sums([points])[0]!;
}

/** `Σ scalars[i] · points[i]` for scalars in [0, order); short scalars cost less. */
export function msm(
  points: readonly Point[],
  scalars: readonly bigint[],
  { prime, order }: CurveGroup = BN254,
): Point {
  sameLength(points, scalars);
  for (const scalar of scalars) checkScalar(scalar, order);
  const width = Math.min(12, Math.max(3, Math.floor(Math.log2(points.length + 1)) - 3));
  const windows = scalars.map((scalar) => digits(scalar, width));
  const totals: Jacobian[] = [];
  for (let window = 0; window < windowCount(width); window++) {
    const buckets: Point[][] = Array.from({ length: 1 << (width - 1) }, () => []);
    points.forEach((point, number) => {
      const digit = windows[number]![window]!;
      if (digit > 0) buckets[digit - 1]!.push(point);
      else if (digit < 0) buckets[-digit - 1]!.push(opposite(point, prime));
    });
    totals.push(weighBuckets(sums(buckets, prime), prime));
  }
  let total = NOTHING;
  for (const windowTotal of totals.reverse()) {
    for (let bit = 0; bit < width; bit++) total = double(total, prime);
    total = addJacobian(total, windowTotal, prime);
  }
  return affine([total], prime)[0]!;
}

/** `Σ_j (j + 1) · buckets[j]`, by running sums from the last. */
function weighBuckets(buckets: readonly Point[], prime: bigint): Jacobian {
  let running = NOTHING;
  let total = NOTHING;
  for (let place = buckets.length - 1; place >= 0; place--) {
    running = addAffine(running, buckets[place]!, prime);
    total = addJacobian(total, running, prime);
  }
  return total;
}

const SMALL_WINDOW = 4;
const TABLE_WINDOW = 7;

/** Tables that speed up sums over fixed bases. */
export class FixedBases {
  readonly length: number;
  readonly #tables: readonly (readonly Point[])[];

  /** Some 64 additions a base. */
  constructor(bases: readonly Point[]) {
    this.length = bases.length;
    this.#tables = multiples(bases, TABLE_WINDOW);
  }

  /**
   * `Σ_j row[j] · base[j]` for each row of scalars in [0, R), one point a row.
   *
   * Scalars of zero cost almost nothing; a row may have fewer scalars than there are bases.
   */
  commit(rows: readonly (readonly bigint[])[]): Point[] {
    return affine(
      rows.map((row) => {
        if (row.length > this.length) throw new RangeError("row longer than there are bases");
        for (const scalar of row) checkScalar(scalar);
        const windows = row.map((scalar) => digits(scalar, TABLE_WINDOW));
        return combination(this.#tables, windows, TABLE_WINDOW);
      }),
    );
  }
}

/**
 * Sum of the bases' multiples that signed windows of digits ask for; one doubling a bit for all.
 */
function combination(
  tables: readonly (readonly Point[])[],
  windows: readonly Int16Array[],
  width: number,
): Jacobian {
  let total = NOTHING;
  for (let window = windowCount(width) - 1; window >= 0; window--) {
    if (total.z) for (let bit = 0; bit < width; bit++) total = double(total);
    for (let base = 0; base < windows.length; base++) {
      const digit = windows[base]![window]!;
      if (digit > 0) total = addAffine(total, tables[base]![digit - 1]!);
      else if (digit < 0) total = addAffine(total, negate(tables[base]![-digit - 1]!));
    }
  }
  return total;
}

/** The multiples 1 … 2^(width−1) of each base. */
function multiples(bases: readonly Point[], width: number): Point[][] {
  const tables = bases.map((base) => [base]);
  for (let size = 1; size < 1 << (width - 1); size *= 2) {
    // Double the number of multiples: add the greatest of them to each.
    const pairs = tables.flatMap((table) => table.map((point) => [point, table[size - 1]!]));
    const further = sums(pairs);
    tables.forEach((table, number) => {
      table.push(...further.slice(number * size, (number + 1) * size));
    });
  }
  return tables;
}

function windowCount(width: number): number {
  return Math.ceil(DIGIT_BITS / width);
}

/** Signed digits of a scalar in (−2^(width−1), 2^(width−1)], least significant first. */
function digits(scalar: bigint, width: number): Int16Array {
  const found = new Int16Array(windowCount(width));
  if (scalar === 0n) return found;
  const half = 1 << (width - 1);
  const mask = (1 << width) - 1;
  let carry = 0;
  let buffer = 0;
  let held = 0;
  let next = 0;
  const words = new DataView(new ArrayBuffer(SCALAR_BITS / 8));
  writeWord(words, 0, scalar);
  for (let place = 30; place >= -2; place -= 2) {
    // Sixteen bits at a time; one round more than there are words empties the buffer.
    buffer |= (place >= 0 ? words.getUint16(place) : 0) << held;
    held += 16;
    while (held >= width && next < found.length) {
      let digit = (buffer & mask) + carry;
      carry = digit > half ? 1 : 0;
      if (carry) digit -= mask + 1;
      found[next++] = digit;
      buffer >>>= width;
      held -= width;
    }
  }
  return found;
}

/**
 * The sum of each group of points.
 *
 * Pairs of all groups are added in rounds; all additions of a round share one inversion.
 */
export function sums(groups: readonly (readonly Point[])[], prime = P): Point[] {
  let current = groups.map((group) => group.filter((point) => point.x || point.y));
  while (current.some((group) => group.length > 1)) {
    const divisors: bigint[] = [];
    for (const group of current) {
      for (let at = 0; at + 1 < group.length; at += 2) {
        const [left, right] = [group[at]!, group[at + 1]!];
        if (left.x !== right.x) divisors.push(right.x - left.x);
        else if (left.y === right.y) divisors.push(2n * left.y);
      }
    }
    const inverses = invertAll(divisors, prime);
    let next = 0;
    current = current.map((group) => {
      if (group.length < 2) return group;
      const shorter: Point[] = [];
      for (let at = 0; at + 1 < group.length; at += 2) {
        const [left, right] = [group[at]!, group[at + 1]!];
        let slope: bigint;
        if (left.x !== right.x) slope = ((right.y - left.y) * inverses[next++]!) % prime;
        else if (left.y === right.y) slope = (3n * left.x * left.x * inverses[next++]!) % prime;
        else continue; // a point and its opposite
        const x = positive((slope * slope - left.x - right.x) % prime, prime);
        shorter.push({ x, y: positive((slope * (left.x - x) - left.y) % prime, prime) });
      }
      if (group.length % 2) shorter.push(group[group.length - 1]!);
      return shorter;
    });
  }
  return current.map((group) => group[0] ?? IDENTITY_POINT);
}

/** Inverses modulo a prime of integers that it does not divide: one inversion, three products each. */
export function invertAll(values: readonly bigint[], prime = P): bigint[] {
  const before: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    before.push(product);
    product = (product * value) % prime;
  }
  let inverse = invert(product, prime);
  const inverses = new Array<bigint>(values.length);
  for (let at = values.length - 1; at >= 0; at--) {
    inverses[at] = (inverse * before[at]!) % prime;
    inverse = (inverse * values[at]!) % prime;
  }
  return inverses;
}

/** Inverse in [0, modulus) modulo a prime that does not divide the value, by Euclid. */
export function invert(value: bigint, modulus: bigint): bigint {
  let [high, low] = [modulus, positive(value % modulus, modulus)];
  let [before, factor] = [0n, 1n];
  while (low) {
    const quotient = high / low;
    [high, low] = [low, high - quotient * low];
    [before, factor] = [factor, before - quotient * factor];
  }
  if (high !== 1n) throw new RangeError("no inverse");
  return positive(before, modulus);
}

/** Root of a number in [0, prime), undefined where there is none; the prime is 3 modulo 4. */
export function squareRoot(square: bigint, prime = P): bigint | undefined {
  // Four bits of the exponent at a time.
  const powers = [1n];
  while (powers.length < 16) powers.push((powers.at(-1)! * square) % prime);
  let root = 1n;
  for (const digit of ((prime + 1n) / 4n).toString(16)) {
    for (let bit = 0; bit < 4; bit++) root = (root * root) % prime;
    root = (root * powers[parseInt(digit, 16)]!) % prime;
  }
  return (root * root) % prime === square ? root : undefined;
}

function positive(value: bigint, modulus = P): bigint {
  return value < 0n ? value + modulus : value;
}

/** `x / z²`, `y / z³`; coordinates in (−P, P), the identity has z = 0. */
interface Jacobian {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

const NOTHING: Jacobian = { x: 1n, y: 1n, z: 0n };

function double({ x, y, z }: Jacobian, prime = P): Jacobian {
  if (!z) return NOTHING;
  const yy = (y * y) % prime;
  const across = (4n * x * yy) % prime;
  const slope = 3n * ((x * x) % prime);
  const x3 = (slope * slope - 2n * across) % prime;
  return { x: x3, y: (slope * (across - x3) - 8n * yy * yy) % prime, z: (2n * y * z) % prime };
}

function addAffine(left: Jacobian, right: Point, prime = P): Jacobian {
  if (!right.x && !right.y) return left;
  if (!left.z) return { x: right.x, y: right.y, z: 1n };
  const zz = (left.z * left.z) % prime;
  const h = (right.x * zz - left.x) % prime;
  const r = (right.y * ((zz * left.z) % prime) - left.y) % prime;
  if (!h) return r ? NOTHING : double(left, prime);
  const hh = (h * h) % prime;
  const hhh = (hh * h) % prime;
  const v = (left.x * hh) % prime;
  const x = (r * r - hhh - 2n * v) % prime;
  return { x, y: (r * (v - x) - left.y * hhh) % prime, z: (left.z * h) % prime };
}

function addJacobian(left: Jacobian, right: Jacobian, prime = P): Jacobian {
  if (!left.z) return right;
  if (!right.z) return left;
  const zzLeft = (left.z * left.z) % prime;
  const zzRight = (right.z * right.z) % prime;
  const xLeft = (left.x * zzRight) % prime;
  const yLeft = (left.y * ((zzRight * right.z) % prime)) % prime;
  const h = (right.x * zzLeft - xLeft) % prime;
  const r = (right.y * ((zzLeft * left.z) % prime) - yLeft) % prime;
  if (!h) return r ? NOTHING : double(left, prime);
  const hh = (h * h) % prime;
  const hhh = (hh * h) % prime;
  const v = (xLeft * hh) % prime;
  const x = (r * r - hhh - 2n * v) % prime;
  return {
    x,
    y: (r * (v - x) - yLeft * hhh) % prime,
    z: (((left.z * right.z) % prime) * h) % prime,
  };
}

function affine(points: readonly Jacobian[], prime = P): Point[] {
  const inverses = invertAll(
    points.map(({ z }) => z || 1n),
    prime,
  );
  return points.map(({ x, y, z }, number) => {
    if (!z) return IDENTITY_POINT;
    const inverse = inverses[number]!;
    const square = (inverse * inverse) % prime;
    return {
      x: positive((x * square) % prime, prime),
      y: positive((y * ((square * inverse) % prime)) % prime, prime),
    };
  });
}

function checkScalar(scalar: bigint, order = R): void {
  if (scalar < 0n || scalar >= order) throw new RangeError("scalar outside the group's order");
}

function sameLength(left: readonly unknown[], right: readonly unknown[]): void {
  if (left.length !== right.length) {
    throw new RangeError(`lengths differ: ${left.length} and ${right.length}`);
  }
}
