/**
 * Signatures beside public keys, verified in one multi-scalar multiplication on secp256k1.
 *
 * With `R` the point of abscissa `r` and of the parity that `v` names, `s R = z G + r Q` has exactly
 * one solution `Q`: the key that recovery gives. Each equation, divided by its `s`, gets a fresh weight
 * of 128 bits. False equations add up to the identity with a chance of 2^-128.
 *
 * Source: docs/protocol.md §13 (B4), §15. Vectors: tests/vectors/signatures.json.
 */

import { invertAll } from "./curve.ts";
import { fromHex, SIGNATURE_BYTES, toInteger } from "./encoding.ts";
import { PointTable } from "./point_table.ts";
import type { Randomness } from "./randomness.ts";
import { SECP256K1_ORDER as N } from "./typed_data.ts";

const SECP256K1 = { prime: 2n ** 256n - 2n ** 32n - 977n, b: 7n };
const GENERATOR = fromHex(
  "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" +
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
  "generator",
);
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

/** An equation `R = z/s G + r/s Q`. */
interface Equation {
  /** Number of `R` in the table; `Q` follows. */
  readonly nonce: number;
  readonly r: bigint;
  readonly z: bigint;
  /** `1 / s`. */
  readonly inverse: bigint;
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
  const table = new PointTable(SECP256K1, 1 + 2 * signed.length);
  table.append(GENERATOR);
  const unread = signed.findIndex((one) => !append(table, one));
  const read = unread < 0 ? signed : signed.slice(0, unread);
  const inverses = invertAll(
    read.map(({ signature }) => toInteger(signature.subarray(32, 64))),
    N,
  );
  const equations = read.map(({ digest, signature }, number): Equation => {
    return {
      nonce: 1 + 2 * number,
      r: toInteger(signature.subarray(0, 32)),
      z: toInteger(digest),
      inverse: inverses[number]!,
    };
  });
  if (hold(table, equations, randomness)) return unread < 0 ? undefined : unread;
  // Everything before `low` holds, something before `high` does not.
  let [low, high] = [0, equations.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (hold(table, equations.slice(low, middle), randomness)) low = middle;
    else high = middle;
  }
  return low;
}

/** Append `R` and `Q`; false when recovery refuses the signature, or `Q` is not a point. */
function append(table: PointTable, { signature, publicKey }: Signed): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  const v = signature[64]!;
  if (v !== EVEN && v !== ODD) return false;
  const abscissa = signature.subarray(0, 32);
  const [r, s] = [toInteger(abscissa), toInteger(signature.subarray(32, 64))];
  // High s is a second encoding of the same statement (EIP-2).
  if (r < 1n || r >= N || s < 1n || s > N / 2n) return false;
  return table.appendAbscissa(abscissa, v === ODD) && table.append(publicKey);
}

/** Whether the weighted sum of some equations is the identity. */
function hold(table: PointTable, equations: readonly Equation[], randomness: Randomness): boolean {
  let onGenerator = 0n;
  const numbers = [0];
  const scalars: bigint[] = [];
  for (const { nonce, r, z, inverse } of equations) {
    const weight = toInteger(randomness.bytes(WEIGHT_BYTES));
    const divided = (weight * inverse) % N;
    onGenerator += divided * z;
    numbers.push(nonce, nonce + 1);
    scalars.push(weight, N - ((divided * r) % N));
  }
  const total = table.combine(numbers, [N - (onGenerator % N), ...scalars]);
  return total.x === 0n && total.y === 0n;
}
