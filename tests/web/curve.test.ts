/** Curve arithmetic, compared with noble's independent implementation and the shared vectors. */

import { bn254 } from "@noble/curves/bn254.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { describe, expect, test } from "vitest";

import { deriveGenerator } from "../../web/src/protocol/commitment.ts";
import * as curve from "../../web/src/protocol/curve.ts";
import {
  add,
  FixedBases,
  IDENTITY_POINT,
  invert,
  msm,
  negate,
  P,
  type Point,
  R,
  samePoint,
  scale,
  squareRoot,
  sum,
} from "../../web/src/protocol/curve.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

const Noble = bn254.G1.Point;

type NoblePoint = InstanceType<typeof Noble>;

const theirs = ({ x, y }: Point) => (x || y ? Noble.fromAffine({ x, y }) : Noble.ZERO);
const ours = (point: NoblePoint): Point => (point.is0() ? IDENTITY_POINT : point.toAffine());
const random = (count: number) => Array.from({ length: count }, () => systemRandomness.scalar());
const points = (count: number) => random(count).map((one) => ours(Noble.BASE.multiply(one || 1n)));
const times = (point: Point, scalar: bigint) => theirs(point).multiplyUnsafe(scalar);

const total = (terms: readonly NoblePoint[]) => {
  return ours(terms.reduce((left, right) => left.add(right), Noble.ZERO));
};

const EDGES = [
  0n,
  1n,
  2n,
  63n,
  64n,
  65n,
  127n,
  128n,
  (1n << 128n) - 1n,
  1n << 253n,
  R - 2n,
  R - 1n,
];

test("multiples are correct, also at the edges of windows", () => {
  const scalars = [...EDGES, ...random(12)];
  const bases = points(scalars.length);
  const expected = bases.map((base, number) => ours(times(base, scalars[number]!)));
  expect(scale(bases, scalars)).toEqual(expected);
});

test.each([1, 2, 9, 33, 130, 400])("a combination of %i points", (count) => {
  const bases = points(count);
  const scalars = random(count).map((one, number) => {
    return number % 3 ? one : EDGES[number % EDGES.length]!;
  });
  const expected = total(bases.map((base, number) => times(base, scalars[number]!)));
  expect(msm(bases, scalars)).toEqual(expected);
});

test("wide and narrow windows give the same result", () => {
  const bases = Array.from({ length: 2200 }, (_, index) => deriveGenerator(index % 100));
  const scalars = random(bases.length).map((one, number) => (number % 2 ? one : one >> 126n));
  const parts: Point[] = [];
  for (let at = 0; at < bases.length; at += 50) {
    parts.push(msm(bases.slice(at, at + 50), scalars.slice(at, at + 50)));
  }
  expect(msm(bases, scalars)).toEqual(sum(parts));
});

test("combinations with equal and opposite points are correct", () => {
  const [base] = points(1);
  const copies = new Array<Point>(40).fill(base!);
  const fives = copies.map(() => 5n);
  expect(msm(copies, fives)).toEqual(ours(times(base!, 200n)));
  const mixed = copies.map((point, number) => (number % 2 ? negate(point) : point));
  expect(msm(mixed, fives)).toEqual(IDENTITY_POINT);
  expect(sum(mixed)).toEqual(IDENTITY_POINT);
  expect(sum(copies)).toEqual(ours(times(base!, 40n)));
  expect(msm([base!, IDENTITY_POINT], [7n, R - 1n])).toEqual(ours(times(base!, 7n)));
});

test("combinations on secp256k1, with scalars up to its order", () => {
  const { Point: Theirs } = secp256k1;
  const order = Theirs.Fn.ORDER;
  const group = { prime: Theirs.Fp.ORDER, b: 7n, order };
  const scalars = [1n, order - 1n, order / 2n, 1n << 255n, (1n << 128n) - 1n, ...random(30)];
  const bases = scalars.map((_, number) => Theirs.BASE.multiply(BigInt(number % 20) + 1n));
  const expected = bases.reduce((left, base, number) => {
    return left.add(base.multiplyUnsafe(scalars[number]!));
  }, Theirs.ZERO);
  const affine = bases.map((base) => base.toAffine());
  expect(msm(affine, scalars, group)).toEqual(expected.toAffine());
  const cancelling = affine.map(({ x, y }) => ({ x, y: group.prime - y }));
  expect(msm([...affine, ...cancelling], [...scalars, ...scalars], group)).toEqual(IDENTITY_POINT);
  expect(() => msm(affine.slice(0, 1), [order], group)).toThrow(RangeError);
});

test("square roots", () => {
  for (const prime of [P, secp256k1.Point.Fp.ORDER]) {
    for (const root of [0n, 1n, prime - 1n, ...random(5)]) {
      const square = (root * root) % prime;
      expect([root, prime - root]).toContain(squareRoot(square, prime));
      if (square) expect(squareRoot(prime - square, prime)).toBeUndefined();
    }
  }
});

test("fixed bases take rows with fewer scalars than bases", () => {
  const bases = points(6);
  const rows = [[], [0n, 0n], EDGES.slice(0, 6), EDGES.slice(6), random(6), [R - 1n]];
  const expected = rows.map((row) => {
    return total(row.map((scalar, number) => times(bases[number]!, scalar)));
  });
  expect(new FixedBases(bases).commit(rows)).toEqual(expected);
  const doubled = [bases[0]!, bases[0]!, negate(bases[0]!)];
  const [none] = new FixedBases(doubled).commit([[3n, 4n, 7n]]);
  expect(samePoint(none!, IDENTITY_POINT)).toBe(true);
});

test("invalid scalars and lengths throw RangeError", () => {
  const [base] = points(1);
  for (const scalar of [-1n, R, R + 1n]) {
    expect(() => scale([base!], [scalar])).toThrow(RangeError);
    expect(() => msm([base!], [scalar])).toThrow(RangeError);
    expect(() => new FixedBases([base!]).commit([[scalar]])).toThrow(RangeError);
  }
  expect(() => msm([base!], [])).toThrow(RangeError);
  expect(() => add([base!], [])).toThrow(RangeError);
  expect(() => new FixedBases([base!]).commit([[1n, 1n]])).toThrow(RangeError);
});

test("inverses multiply to one", () => {
  for (const value of [1n, 2n, P - 1n, -3n, systemRandomness.scalar() || 1n]) {
    const product = (value * invert(value, P)) % P;
    expect(product < 0n ? product + P : product).toBe(1n);
  }
  expect(() => invert(0n, P)).toThrow(RangeError);
});

test("system randomness gives distinct scalars below the order", () => {
  const drawn = random(200);
  expect(drawn.every((one) => one >= 0n && one < R)).toBe(true);
  expect(new Set(drawn).size).toBe(200);
  // About half of uniform scalars exceed half of the order.
  const high = drawn.filter((one) => one > R / 2n).length;
  expect(high).toBeGreaterThan(50);
  expect(high).toBeLessThan(150);
});

interface DecodeCase {
  name: string;
  data: string;
  identity: boolean;
  expect?: Expected;
  reason?: string;
}

interface CurveCase {
  operation: "add" | "negate" | "scale" | "sum" | "msm";
  name: string;
  points: string;
  others?: string;
  scalars?: string[];
  result: string;
}

describe("curve.json", () => {
  const given = vectors<{ decode: DecodeCase[]; operations: CurveCase[] }>("curve");

  test.each(given.decode)("decode: $name", ({ data, identity, expect: expected, reason }) => {
    const decode = () => curve.decodePoints(unhex(data), identity);
    if (expected) {
      expect(decode).toThrow(ERRORS[expected]);
      expect(decode).toThrow(reason);
    } else {
      expect(toHex(curve.encodePoints(decode()))).toBe(data);
    }
  });

  const operations: Record<
    CurveCase["operation"],
    (points: curve.Point[], others: curve.Point[], scalars: bigint[]) => curve.Point[]
  > = {
    add: (points, others) => curve.add(points, others),
    negate: (points) => points.map(curve.negate),
    scale: (points, _, scalars) => curve.scale(points, scalars),
    sum: (points) => [curve.sum(points)],
    msm: (points, _, scalars) => [curve.msm(points, scalars)],
  };

  test.each(given.operations)("$operation: $name", (one) => {
    const points = curve.decodePoints(unhex(one.points), true);
    const others = curve.decodePoints(unhex(one.others ?? "0x"), true);
    const scalars = (one.scalars ?? []).map(BigInt);
    const result = operations[one.operation](points, others, scalars);
    expect(toHex(curve.encodePoints(result))).toBe(one.result);
  });

  test.each(given.operations.filter(({ operation }) => operation === "msm"))(
    "fixed bases: $name",
    (one) => {
      const bases = new curve.FixedBases(curve.decodePoints(unhex(one.points), true));
      const committed = bases.commit([(one.scalars ?? []).map(BigInt)]);
      expect(toHex(curve.encodePoints(committed))).toBe(one.result);
    },
  );
});

test("generators.json", () => {
  const { points } = vectors<{ points: string[] }>("generators");
  expect(points.map((_, index) => toHex(curve.encodePoints([deriveGenerator(index)])))).toEqual(
    points,
  );
});
