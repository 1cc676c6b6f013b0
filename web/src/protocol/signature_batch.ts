/**
 * Signatures beside public keys, verified in one multi-scalar multiplication on secp256k1.
 *
 * With `R` the point of abscissa `r` and of the parity that `v` names, `s R = z G + r Q` has exactly
 * one solution `Q`: the key that recovery gives. Each equation, divided by its `s`, gets a fresh weight
 * of 128 bits. False equations add up to the identity with a chance of 2^-128.
 *
 * Source: docs/protocol.md §13 (B4), §15. Vectors: tests/vectors/signatures.json.
 */

import { type CurveGroup, invertAll, msm, type Point, squareRoot } from "./curve.ts";
import { SIGNATURE_BYTES, toInteger } from "./encoding.ts";
import type { Randomness } from "./randomness.ts";
import { SECP256K1_ORDER as N } from "./typed_data.ts";

const SECP256K1: CurveGroup = { prime: 2n ** 256n - 2n ** 32n - 977n, b: 7n, order: N };
const GENERATOR: Point = {
  x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
};
const WEIGHT_BYTES = 16;
const [EVEN, ODD] = [27, 28];

/** A signature and the public key that it is said to be of. */
export interface Signed {
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** 65 bytes `r ‖ s ‖ v`, where it is valid. */
  readonly signature: Uint8Array;
  /** Two coordinates, 64 bytes. */
  readonly publicKey: Uint8Array;
}

/** The points and numbers of `s R = z G + r Q`. */
interface Equation {
  readonly nonce: Point;
  readonly key: Point;
  readonly r: bigint;
  readonly s: bigint;
  readonly z: bigint;
}

/**
 * Position of the first signature of which `recoverKey` would not give the public key.
 *
 * @param randomness Source of the weights; must be unpredictable to the makers of the signatures.
 * @returns Undefined when all are good.
 */
export function firstRefused(
  signed: readonly Signed[],
  randomness: Randomness,
): number | undefined {
  const equations: Equation[] = [];
  let unread: number | undefined;
  for (const [number, one] of signed.entries()) {
    const equation = read(one);
    if (!equation) {
      unread = number;
      break;
    }
    equations.push(equation);
  }
  if (hold(equations, randomness)) return unread;
  // Everything before `low` holds, something before `high` does not.
  let [low, high] = [0, equations.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (hold(equations.slice(low, middle), randomness)) low = middle;
    else high = middle;
  }
  return low;
}

/** The equation; undefined when recovery refuses the signature, or the key is not a point. */
function read({ digest, signature, publicKey }: Signed): Equation | undefined {
  if (signature.length !== SIGNATURE_BYTES) return undefined;
  const v = signature[64]!;
  if (v !== EVEN && v !== ODD) return undefined;
  const r = toInteger(signature.subarray(0, 32));
  const s = toInteger(signature.subarray(32, 64));
  // High s is a second encoding of the same statement (EIP-2).
  if (r < 1n || r >= N || s < 1n || s > N / 2n) return undefined;
  const key = { x: toInteger(publicKey.subarray(0, 32)), y: toInteger(publicKey.subarray(32)) };
  const { prime } = SECP256K1;
  if (key.x >= prime || key.y >= prime) return undefined;
  if ((key.y * key.y) % prime !== rightSide(key.x)) return undefined;
  const root = squareRoot(rightSide(r), prime);
  if (root === undefined) return undefined;
  const odd = v === ODD ? 1n : 0n;
  const nonce = { x: r, y: (root & 1n) === odd ? root : prime - root };
  return { nonce, key, r, s, z: toInteger(digest) };
}

/** `x³ + b`. */
function rightSide(x: bigint): bigint {
  return (x * x * x + SECP256K1.b) % SECP256K1.prime;
}

/** Whether the weighted sum of some equations is the identity. */
function hold(equations: readonly Equation[], randomness: Randomness): boolean {
  const inverses = invertAll(
    equations.map(({ s }) => s),
    N,
  );
  let onGenerator = 0n;
  const points: Point[] = [];
  const scalars: bigint[] = [];
  equations.forEach(({ nonce, key, r, z }, number) => {
    const weight = toInteger(randomness.bytes(WEIGHT_BYTES));
    const divided = (weight * inverses[number]!) % N;
    onGenerator += divided * z;
    points.push(nonce, key);
    scalars.push(weight, negated(divided * r));
  });
  const total = msm([GENERATOR, ...points], [negated(onGenerator), ...scalars], SECP256K1);
  return total.x === 0n && total.y === 0n;
}

/** `−value` modulo the order. */
function negated(value: bigint): bigint {
  const rest = value % N;
  return rest && N - rest;
}
