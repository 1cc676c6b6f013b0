/**
 * Proof that a committed ballot obeys its rule: bits are bits, rows and quadratic rows hold.
 *
 * A Σ-protocol made non-interactive: masks `a` in the kernel of the rows, responses `f = x b + a`,
 * and one more pair of commitments in which `f (x − f)` has no `x²` term exactly when `b` is a bit.
 * Perfect honest-verifier zero knowledge, 3-special-sound.
 *
 * Source: docs/protocol.md §8; Bootle et al., ESORICS 2015 (unit vectors). Vectors:
 * tests/vectors/ballot.json.
 */

import type { Point } from "./curve.ts";
import { POINT_BYTES } from "./encoding.ts";
import { Malformed } from "./errors.ts";
import type { BallotRule } from "./rule.ts";
import { Transcript } from "./transcript.ts";

/** Numbers of points and scalars of a poll's proofs, and their order. */
export class ProofShape {
  /** The poll's ballot rule. */
  readonly rule: BallotRule;
  /** Secrecy threshold `t`. */
  readonly threshold: number;
  /** Transcript label and number of points of each commitment, in canonical order. */
  readonly labels: readonly (readonly [label: string, count: number])[];
  /** Number of commitments. */
  readonly points: number;
  /** Number of responses: `f`, `z_V`, `z_U` where there is a `U`, `z_C`. */
  readonly scalars: number;

  constructor(rule: BallotRule, threshold: number) {
    const separate = rule.slotsAreBits ? 0 : 1;
    this.rule = rule;
    this.threshold = threshold;
    this.labels = [
      ["value", 1],
      ["sharing", threshold - 1],
      ["bits", separate],
      ["value-mask", 1],
      ["bits-mask", separate],
      ["cross", 1],
      ["square", 1],
    ];
    this.points = this.labels.reduce((sum, [, count]) => sum + count, 0);
    this.scalars = rule.bits + 2 + separate;
  }
}

/** Commitments and responses of one ballot. */
export interface BallotProof {
  /** 20-byte account to which the proof is bound. */
  readonly voter: Uint8Array;
  /** All commitments in canonical order: `V, A_1 …, [U], A_V, [A_U], C, D`. */
  readonly points: readonly Point[];
  /** The encoded commitments, 64 bytes each. */
  readonly encodedPoints: Uint8Array;
  /** `f`, one a bit, in [0, R). */
  readonly responses: readonly bigint[];
  /** Response for the blinding of `V`. */
  readonly zValue: bigint;
  /** Response for the blinding of `U`; 0 where there is no `U`. */
  readonly zBits: bigint;
  /** Response for the blindings of `C` and `D`. */
  readonly zSquare: bigint;
}

/**
 * The challenge over everything sent before it (§8.2).
 *
 * @throws Malformed: wrong number of commitments, or a challenge of zero.
 */
export function challenge(
  shape: ProofShape,
  pollContext: Uint8Array,
  voter: Uint8Array,
  encodedPoints: Uint8Array,
): bigint {
  if (encodedPoints.length !== shape.points * POINT_BYTES) {
    throw new Malformed(
      "proof",
      `${encodedPoints.length} bytes of points, expected ${shape.points}`,
    );
  }
  const transcript = new Transcript("ballot", pollContext);
  transcript.absorb("voter", voter);
  let at = 0;
  for (const [label, count] of shape.labels) {
    if (!count) continue;
    transcript.absorb(label, encodedPoints.subarray(at, at + count * POINT_BYTES));
    at += count * POINT_BYTES;
  }
  return transcript.challenge();
}
