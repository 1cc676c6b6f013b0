/**
 * BN254 G1 and the commitment generators in plain integers, straight from docs/protocol.md §2: shares
 * no code with the contracts, so that agreement means something.
 */
import { bytesToBigInt, concat, keccak256, numberToHex, stringToHex } from "viem";

export const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

const modulo = (value, modulus) => ((value % modulus) + modulus) % modulus;

export function power(base, exponent, modulus) {
  let result = 1n;
  for (let factor = base % modulus; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * factor) % modulus;
    factor = (factor * factor) % modulus;
  }
  return result;
}

/** By Euclid's algorithm. */
function inverse(value) {
  let [a, b] = [P, modulo(value, P)];
  let [x, y] = [0n, 1n];
  while (b > 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return modulo(x, P);
}

/** A point is `[x, y]`; the identity `[0n, 0n]`. */
export function add([ax, ay], [bx, by]) {
  if (ax === 0n && ay === 0n) return [bx, by];
  if (bx === 0n && by === 0n) return [ax, ay];
  if (ax === bx && (ay + by) % P === 0n) return [0n, 0n];
  const slope = modulo(
    ax === bx ? 3n * ax * ax * inverse(2n * ay) : (by - ay) * inverse(bx - ax),
    P,
  );
  const x = modulo(slope * slope - ax - bx, P);
  return [x, modulo(slope * (ax - x) - ay, P)];
}

export function multiply(point, scalar) {
  let result = [0n, 0n];
  for (let term = point; scalar > 0n; scalar >>= 1n) {
    if (scalar & 1n) result = add(result, term);
    term = add(term, term);
  }
  return result;
}

export const negate = ([x, y]) => [x, modulo(-y, P)];

/** `point(index)` of §2.7. */
export function generator(index) {
  for (let counter = 0; ; counter++) {
    const digest = keccak256(
      concat([
        stringToHex("ostraka/v2/generators"),
        numberToHex(index, { size: 4 }),
        numberToHex(counter, { size: 4 }),
      ]),
      "bytes",
    );
    const x = bytesToBigInt(digest) % P;
    const square = (x * x * x + 3n) % P;
    const y = power(square, (P + 1n) / 4n, P);
    if ((y * y) % P === square) return [x, y % 2n === 0n ? y : P - y];
  }
}

const known = [];

/** `com(values; blinding)` of §2.9. */
export function commit(values, blinding) {
  const point = (index) => (known[index] ??= generator(index));
  return values.reduce(
    (sum, value, slot) => add(sum, multiply(point(slot + 1), value)),
    multiply(point(0), blinding),
  );
}
