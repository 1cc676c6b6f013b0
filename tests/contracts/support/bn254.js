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

/** Twice a point of `y² = x³ + 3` in Jacobian coordinates `(x z^-2, y z^-3)`. */
function doubled([x, y, z]) {
  const [a, b] = [(x * x) % P, (y * y) % P];
  const c = (b * b) % P;
  const d = 2n * ((x + b) ** 2n - a - c);
  const e = 3n * a;
  const next = modulo(e * e - 2n * d, P);
  return [next, modulo(e * (d - next) - 8n * c, P), (2n * y * z) % P];
}

/** Sum of a point in Jacobian coordinates, `null` for the identity, and a point. */
function mixed(sum, [x, y]) {
  if (sum === null) return [x, y, 1n];
  const [sx, sy, sz] = sum;
  const square = (sz * sz) % P;
  const h = modulo(x * square - sx, P);
  const r = modulo(y * square * sz - sy, P);
  if (h === 0n) return r === 0n ? doubled(sum) : null;
  const [h2, h3] = [(h * h) % P, (h * h * h) % P];
  const v = sx * h2;
  const next = modulo(r * r - h3 - 2n * v, P);
  return [next, modulo(r * (v - next) - sy * h3, P), (sz * h) % P];
}

export function multiply(point, scalar) {
  const [x, y] = point;
  if (x === 0n && y === 0n) return point;
  let result = null;
  for (const bit of scalar.toString(2)) {
    if (result !== null) result = doubled(result);
    if (bit === "1") result = mixed(result, point);
  }
  if (result === null) return [0n, 0n];
  const factor = inverse(result[2]);
  const square = (factor * factor) % P;
  return [(result[0] * square) % P, (((result[1] * square) % P) * factor) % P];
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
