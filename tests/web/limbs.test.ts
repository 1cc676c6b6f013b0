/** Arithmetic on limbs, compared with bigints. */

import { describe, expect, test } from "vitest";

import { P } from "../../web/src/protocol/curve.ts";
import { word } from "../../web/src/protocol/encoding.ts";
import { LIMBS, Limbs } from "../../web/src/protocol/limbs.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";

const SECP256K1_PRIME = 2n ** 256n - 2n ** 32n - 977n;
const PRIMES = [
  ["BN254", P],
  ["secp256k1", SECP256K1_PRIME],
] as const;

const modulo = (value: bigint, prime: bigint) => ((value % prime) + prime) % prime;

/** Numbers at the edges of limbs and of the prime, and random ones. */
function numbers(prime: bigint): bigint[] {
  const edges = Array.from({ length: LIMBS }, (_, limb) => 1n << BigInt(24 * limb));
  const near = edges.flatMap((edge) => [
    edge - 1n,
    edge,
    edge / 2n,
    prime - edge,
    prime - edge / 2n,
  ]);
  // All limbs have the greatest magnitude, of either sign.
  const halves = edges.reduce((sum, edge) => sum + (edge << 23n), 0n);
  const random = Array.from({ length: 40 }, () => systemRandomness.scalar());
  return [...near, halves, halves - 1n, prime - 1n, ...random].map((one) => modulo(one, prime));
}

describe.each(PRIMES)("modulo the prime of %s", (_, prime) => {
  const limbs = new Limbs(prime, 6);
  const [left, right, result, more, other, last] = Array.from({ length: 6 }, () => {
    return limbs.reserve(1);
  }) as [number, number, number, number, number, number];
  const values = numbers(prime);

  test("numbers come back from their bytes", () => {
    for (const value of values) {
      expect(limbs.read(left, word(value), 0)).toBe(true);
      expect(limbs.decode(left)).toBe(value);
      limbs.encode(right, value);
      expect(limbs.decode(right)).toBe(value);
      expect(limbs.same(left, right)).toBe(true);
      expect(limbs.isOdd(left)).toBe(value % 2n === 1n);
      limbs.negate(right, left);
      expect(limbs.isOdd(right)).toBe(modulo(-value, prime) % 2n === 1n);
    }
  });

  test("numbers from the prime on are refused", () => {
    for (const value of [prime, prime + 1n, prime + (1n << 30n), 2n ** 256n - 1n]) {
      expect(limbs.read(left, word(value), 0)).toBe(false);
    }
    const padded = new Uint8Array(40);
    padded.set(word(prime - 1n), 5);
    expect(limbs.read(left, padded, 5)).toBe(true);
  });

  test("products, also of sums of up to four numbers", () => {
    values.forEach((first, number) => {
      const second = values[(7 * number + 3) % values.length]!;
      limbs.encode(left, first);
      limbs.encode(right, second);
      limbs.multiply(result, left, right);
      expect(limbs.decode(result)).toBe((first * second) % prime);
      limbs.add(more, left, left);
      limbs.add(more, more, more);
      limbs.subtract(other, right, result);
      limbs.multiply(result, more, other);
      expect(limbs.decode(result)).toBe(modulo(4n * first * (second - first * second), prime));
      limbs.subtract(other, other, right);
      limbs.multiply(result, other, more);
      expect(limbs.decode(result)).toBe(modulo(-4n * first * first * second, prime));
    });
  });

  test("long chains without a product stay exact when they are reduced", () => {
    limbs.encode(left, values[0]!);
    let expected = values[0]!;
    values.forEach((value, number) => {
      limbs.encode(right, value);
      limbs.subtract(left, right, left);
      limbs.subtract(left, left, right);
      limbs.subtract(left, left, right);
      limbs.reduce(left);
      expected = modulo(-expected - value, prime);
      if (number % 9 === 0) expect(limbs.decode(left)).toBe(expected);
    });
    expect(limbs.decode(left)).toBe(expected);
  });

  test("only a product with a multiple of the prime is zero", () => {
    limbs.encode(left, prime - 5n);
    limbs.encode(right, 5n);
    limbs.add(result, left, right);
    limbs.multiply(other, result, left);
    expect(limbs.isZero(other)).toBe(true);
    limbs.negate(right, right);
    expect(limbs.same(left, right)).toBe(true);
    limbs.encode(last, 1n);
    limbs.add(result, result, last);
    limbs.multiply(other, result, left);
    expect(limbs.isZero(other)).toBe(false);
  });

  test("inverses and square roots", () => {
    for (const value of values.slice(-30)) {
      limbs.encode(left, value);
      limbs.invert(right, left);
      limbs.multiply(result, left, right);
      expect(limbs.same(result, limbs.one)).toBe(true);
      limbs.multiply(right, left, left);
      limbs.squareRoot(result, right);
      limbs.negate(more, left);
      expect(limbs.same(result, left) || limbs.same(result, more)).toBe(true);
      // −1 has no root, so neither has the opposite of a square.
      limbs.negate(right, right);
      limbs.squareRoot(result, right);
      limbs.multiply(result, result, result);
      expect(limbs.same(result, right)).toBe(false);
    }
    limbs.encode(left, 0n);
    expect(() => {
      limbs.invert(right, left);
    }).toThrow(RangeError);
  });

  test("more elements than announced are refused", () => {
    expect(() => limbs.reserve(1)).toThrow(RangeError);
  });
});
