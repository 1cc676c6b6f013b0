/** Sums of many multiples of points, compared with noble's arithmetic and with our own on bigints. */

import { bn254 } from "@noble/curves/bn254.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { describe, expect, test } from "vitest";

import {
  CURVE,
  decodePoints,
  encodePoints,
  IDENTITY_POINT,
  msm,
  type Point,
  R,
} from "../../web/src/protocol/curve.ts";
import { concat, word } from "../../web/src/protocol/encoding.ts";
import { PointTable } from "../../web/src/protocol/point_table.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { unhex, vectors } from "./support/vectors.ts";

const SECP256K1 = { prime: 2n ** 256n - 2n ** 32n - 977n, b: 7n };
const CURVES = [
  { name: "BN254", equation: CURVE, Noble: bn254.G1.Point },
  { name: "secp256k1", equation: SECP256K1, Noble: secp256k1.Point },
] as const;

const encoded = ({ x, y }: Point) => concat([word(x), word(y)]);
const random = () => systemRandomness.scalar() || 1n;

describe.each(CURVES)("on $name", ({ equation, Noble }) => {
  interface NoblePoint {
    toAffine(): Point;
    is0(): boolean;
  }
  const ours = (point: NoblePoint): Point => (point.is0() ? IDENTITY_POINT : point.toAffine());
  const points = Array.from({ length: 40 }, () => ours(Noble.BASE.multiply(random())));
  const table = new PointTable(equation, 2 * points.length);
  for (const point of points) table.append(encoded(point));
  for (const { x, y } of points) table.append(encoded({ x, y: equation.prime - y }));

  const sumOf = (numbers: readonly number[], scalars: readonly bigint[]): Point => {
    const order = Noble.Fn.ORDER;
    const { x, y } = numbers
      .reduce((sum, number, place) => {
        const { x, y } = points[number % points.length]!;
        const point = Noble.fromAffine({ x, y: number < points.length ? y : equation.prime - y });
        return sum.add(point.multiplyUnsafe(scalars[place]! % order));
      }, Noble.ZERO)
      .toAffine();
    return x || y ? { x, y } : IDENTITY_POINT;
  };

  test("sums of random multiples", () => {
    for (const count of [0, 1, 2, 3, 8, 40]) {
      const numbers = Array.from({ length: count }, (_, number) => number);
      const scalars = numbers.map((number) => (number % 3 ? random() : random() >> 126n));
      expect(table.combine(numbers, scalars)).toEqual(sumOf(numbers, scalars));
    }
  });

  test("scalars at the edges", () => {
    const edges = [0n, 1n, 2n, Noble.Fn.ORDER - 1n, Noble.Fn.ORDER, 2n ** 256n - 1n, 2n ** 255n];
    const further = [1n << 128n, (1n << 128n) - 1n, 0x5555n << 200n, ((1n << 252n) - 1n) / 3n];
    [...edges, ...further].forEach((scalar, number) => {
      expect(table.combine([number], [scalar])).toEqual(sumOf([number], [scalar]));
      const both = [number, number + 1];
      expect(table.combine(both, [scalar, 5n])).toEqual(sumOf(both, [scalar, 5n]));
    });
    for (const scalar of [-1n, 2n ** 256n]) {
      expect(() => table.combine([0], [scalar])).toThrow(RangeError);
    }
    expect(() => table.combine([0], [])).toThrow(RangeError);
  });

  test("equal and opposite points", () => {
    const same = new Array<number>(33).fill(4);
    const fives = same.map(() => 5n);
    expect(table.combine(same, fives)).toEqual(sumOf([4], [165n]));
    const mixed = same.map((number, place) => (place % 2 ? number : number + points.length));
    expect(table.combine(mixed, fives)).toEqual(sumOf([4 + points.length], [5n]));
    expect(table.combine(mixed.slice(1), fives.slice(1))).toEqual(IDENTITY_POINT);
    // In one bucket: a point, its opposite, a second one twice, a third one.
    const numbers = [0, points.length, 1, 1, 2];
    const sevens = numbers.map(() => 7n);
    expect(table.combine(numbers, sevens)).toEqual(sumOf(numbers, sevens));
  });

  test("a thousand points, in windows of many buckets", () => {
    const numbers = Array.from({ length: 1000 }, (_, number) => number % points.length);
    const large = new PointTable(equation, 1000);
    for (const number of numbers) large.append(encoded(points[number]!));
    const scalars = numbers.map((number) => (number % 2 ? random() : random() >> 126n));
    const totals = points.map((_, number) => {
      return scalars.reduce((sum, one, place) => (numbers[place] === number ? sum + one : sum), 0n);
    });
    const reduced = totals.map((one) => one % Noble.Fn.ORDER);
    expect(large.combine([...numbers.keys()], scalars)).toEqual(sumOf([...points.keys()], reduced));
    expect(() => large.append(encoded(points[0]!))).toThrow(RangeError);
  });

  test("what is not a point is not appended", () => {
    const few = new PointTable(equation, 2);
    const { x, y } = points[0]!;
    for (const [first, second] of [
      [x, y + 1n],
      [y, x],
      [x, 0n],
      [0n, 0n],
      [equation.prime, y],
      [x, equation.prime],
      [2n ** 256n - 1n, 2n ** 256n - 1n],
    ] as const) {
      expect(few.append(concat([word(first), word(second)]))).toBe(false);
    }
    expect(few.length).toBe(0);
    expect(few.append(encoded(points[0]!))).toBe(true);
    expect(few.length).toBe(1);
  });

  test("points of an abscissa", () => {
    const all = new PointTable(equation, points.length);
    for (const { x, y } of points) {
      expect(all.appendAbscissa(word(x), y % 2n === 1n)).toBe(true);
      expect(all.combine([all.length - 1], [1n])).toEqual({ x, y });
    }
    const none = new PointTable(equation, 1);
    expect(none.appendAbscissa(word(equation.prime), false)).toBe(false);
    const without = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n].filter((x) => {
      const square = Noble.Fp.add(Noble.Fp.pow(x, 3n), equation.b);
      return Noble.Fp.pow(square, (equation.prime - 1n) / 2n) !== 1n;
    });
    expect(without.length).toBeGreaterThan(2);
    for (const x of without) expect(none.appendAbscissa(word(x), false)).toBe(false);
    expect(none.length).toBe(0);
  });
});

interface Combination {
  operation: string;
  name: string;
  points: string;
  scalars?: string[];
  result: string;
}

test.each(
  vectors<{ operations: Combination[] }>("curve").operations.filter(({ operation }) => {
    return operation === "msm";
  }),
)("curve.json: $name", ({ points, scalars = [], result }) => {
  const given = decodePoints(unhex(points), true);
  const table = new PointTable(CURVE, given.length);
  const numbers: number[] = [];
  const multiples: bigint[] = [];
  given.forEach((point, number) => {
    if (!table.append(encodePoints([point]))) return; // the identity
    numbers.push(table.length - 1);
    multiples.push(BigInt(scalars[number]!));
  });
  const found = table.combine(numbers, multiples);
  expect(found).toEqual(decodePoints(unhex(result), true)[0]);
  expect(found).toEqual(msm(given, scalars.map(BigInt)));
  expect(multiples.every((one) => one < R)).toBe(true);
});
